//! Rust source as tokens, without what only tests have.

/// Words, `::` and single signs; comments, texts and characters are left out.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let taken = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = literal(rest) {
            length
        } else if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let is_comment = rest.starts_with("//") || rest.starts_with("/*");
        let is_told = is_word(first) && !first.is_ascii_digit() || first.is_ascii_punctuation();
        if is_told && !is_comment && literal(rest).is_none() {
            found.push(rest[..taken].to_owned());
        }
        rest = &rest[taken..];
    }
    found
}

/// Bytes of the text or character that starts here, if one does.
fn literal(rest: &str) -> Option<usize> {
    let body = rest.trim_start_matches(['b', 'r', '#']);
    let prefix = rest.len() - body.len();
    let hashes = rest[..prefix].matches('#').count();
    if prefix <= 2 + hashes && body.starts_with('"') {
        if rest[..prefix].contains('r') {
            let end = format!("\"{}", "#".repeat(hashes));
            return body[1..].find(&end).map(|at| prefix + 1 + at + end.len());
        }
        let mut escaped = false;
        for (at, c) in body.char_indices().skip(1) {
            match c {
                '"' if !escaped => return Some(prefix + at + 1),
                _ => escaped = c == '\\' && !escaped,
            }
        }
    }
    let inner = rest.strip_prefix('\'')?;
    let end = if inner.starts_with('\\') { inner[2..].find('\'')? + 2 } else { inner.chars().next()?.len_utf8() };
    inner[end..].starts_with('\'').then_some(end + 2)
}

/// The tokens without items that only tests have.
pub(super) fn without_tests(tokens: Vec<String>) -> Vec<String> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let here: Vec<&str> = tokens[at..].iter().take(7).map(String::as_str).collect();
        let is_test = here.starts_with(&["#", "[", "cfg", "(", "test"])
            || here.starts_with(&["#", "[", "cfg", "(", "all", "(", "test"]);
        if is_test {
            at = after_item(&tokens, at);
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// Behind the item that starts here with its attributes.
fn after_item(tokens: &[String], mut at: usize) -> usize {
    let mut depth = 0usize;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            ")" | "]" => depth = depth.saturating_sub(1),
            ";" if depth == 0 => break,
            _ => {}
        }
    }
    at
}
