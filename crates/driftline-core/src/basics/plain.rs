//! Text from exports, servers and libraries as a person may see it: nothing that steers a terminal or turns the order of letters,
//! and nothing secret of an address. Used where text leaves the program: on the terminal, in logs, mails, pages and the ledger's
//! records of failures. Data stay as they are.

/// One line: what would end it or steer a terminal is a blank, what would turn its letters is gone.
pub fn line(text: &str) -> String {
    text.chars().filter(|c| !is_mark(*c)).map(|c| if c.is_control() || is_separator(c) { ' ' } else { c }).collect()
}

/// Several lines, with tabs: the same but for the ends of lines.
pub fn lines(text: &str) -> String {
    let kept = |c: &char| matches!(c, '\n' | '\t') || !(c.is_control() || is_mark(*c));
    text.chars().filter(kept).map(|c| if is_separator(c) { ' ' } else { c }).collect()
}

/// What a library, a server or a file says went wrong: [`lines`], and addresses without user, password and query.
pub fn message(text: &str) -> String {
    without_secrets(&lines(text))
}

/// [`message`] whose further lines stand in: a line's end in a name is no line of its own.
pub fn indented(text: &str) -> String {
    message(text.trim_end()).replace('\n', "\n    ")
}

/// A text of JSON that any terminal may show: the same document, with what steers or turns written as escapes.
pub fn json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let is_layout = matches!(c, '\n' | '\t');
        match c {
            _ if is_layout || !(c.is_control() || is_mark(c) || is_separator(c)) => shown.push(c),
            _ => shown.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    shown
}

/// Marks that order letters from right to left, and those that hide text beside them: none has a width of its own.
fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{206F}'
            | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
    )
}

/// Unicode's own ends of lines and paragraphs.
fn is_separator(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// A text with the addresses in it as [`address`] shows them, with or without their scheme: libraries log `user:password@host`.
pub fn without_secrets(text: &str) -> String {
    let is_end = |c: char| c.is_whitespace() || "\"'`<>".contains(c);
    text.split_inclusive(is_end)
        .map(|piece| {
            let end = piece.strip_suffix(is_end).map_or(piece.len(), str::len);
            let (word, end) = piece.split_at(end);
            format!("{}{end}", bare_word(word))
        })
        .collect()
}

fn bare_word(word: &str) -> String {
    if let Some(place) = word.find("://") {
        let (scheme, address) = word.split_at(place + 3);
        let address = bare(address);
        return format!("{scheme}{}", if address.contains("://") { bare_word(&address) } else { address });
    }
    match word.rsplit_once('@') {
        Some((before, host)) if before.contains(':') => format!("…@{host}"),
        _ => word.to_owned(),
    }
}

/// A whole address, however broken: without what stands before an `@`, and without its query.
pub fn address(text: &str) -> String {
    if let Some(place) = text.find("://") {
        let (scheme, rest) = text.split_at(place + 3);
        return format!("{scheme}{}", bare(rest));
    }
    // `s3:/user:password@host`, `user:password@host`: not an address, and secret all the same.
    match (text.split_once(':'), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) if !scheme.contains('/') => format!("{scheme}:…@{}", without_query(host)),
        _ => without_query(text),
    }
}

/// What follows the scheme. A password may hold a slash that nobody encoded: then what stands before it is no host with a port.
fn bare(address: &str) -> String {
    let host_end = address.find(['/', '?', '#']).unwrap_or(address.len());
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let is_host =
        address[..host_end].rsplit_once(':').is_none_or(|(host, port)| is_port(port) || host.starts_with('['));
    let until = if is_host { host_end } else { address.len() };
    let from = address[..until].rfind('@').map_or(0, |place| place + 1);
    without_query(&address[from..])
}

fn without_query(address: &str) -> String {
    match address.find('?') {
        None => address.to_owned(),
        Some(place) => {
            let query = &address[place + 1..];
            // A backslash begins an escape of the text around, like that of a quote in JSON.
            let end = query.find(['\\', '#']).unwrap_or(query.len());
            format!("{}?…{}", &address[..place], &query[end..])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal_or_turns_letters() {
        let hostile = "a\u{1b}[2Jb\rc\u{9b}31md\u{7}e\u{202e}fdp\u{2066}g\u{200f}h\u{2028}i\u{feff}j\nk\tl";
        assert_eq!(line(hostile), "a [2Jb c 31md efdpgh ij k l");
        assert_eq!(lines(hostile), "a[2Jbc31mdefdpgh ij\nk\tl");
        assert_eq!(indented("no `a\nok: b`\n"), "no `a\n    ok: b`");
        // Letters of every script, marks of emoji and accents stay.
        for text in ["Größe", "عربي", "עברית", "👩\u{200d}🌾", "ni\u{303}o", "a\u{200c}b", "日本"] {
            assert_eq!((line(text), lines(text), json(text)), (text.to_owned(), text.to_owned(), text.to_owned()));
        }
    }

    #[test]
    fn json_stays_the_same_document() {
        assert_eq!(json("{\n\t\"a\": \"x\u{202e}y\u{9b}z\u{7f}\"\n}"), "{\n\t\"a\": \"x\\u202ey\\u009bz\\u007f\"\n}");
    }

    #[test]
    fn addresses_in_texts_have_no_user_and_no_query() {
        for (text, expected) in [
            ("GET http://me:hunter2@host/x failed", "GET http://host/x failed"),
            ("`https://host:8080/a@b.parquet`", "`https://host:8080/a@b.parquet`"),
            ("s3://bucket/a@b/c?versionId=3&sig=abc, then", "s3://bucket/a@b/c?… then"),
            ("(http://me:hun/ter2@host/x)", "(http://host/x)"),
            ("http://me:p@ss@host:80/x and ftp://u@h", "http://host:80/x and ftp://h"),
            ("http://[::1]:80/x", "http://[::1]:80/x"),
            ("{\"error\":\"url \\\"http://h/x?sig=a\\\" failed\"}", "{\"error\":\"url \\\"http://h/x?…\\\" failed\"}"),
            ("write to ada@example.com: no", "write to ada@example.com: no"),
            ("pool (\"http\", me:hunter2@host:80)", "pool (\"http\", …@host:80)"),
            ("http://host/http://me:hunter2@x/", "http://host/http://x/"),
            ("none", "none"),
        ] {
            assert_eq!(without_secrets(text), expected, "{text}");
        }
    }

    #[test]
    fn broken_addresses_have_no_user_either() {
        for (text, expected) in [
            ("htp://me:hunter2@host/x", "htp://host/x"),
            ("s3:/me:hunter2@bucket/x?sig=1", "s3:…@bucket/x?…"),
            ("http://me:hunter2@[bad/x", "http://[bad/x"),
            ("me:hunter2@host", "me:…@host"),
            ("exports/a@b", "exports/a@b"),
            ("C:\\exports", "C:\\exports"),
        ] {
            assert_eq!(address(text), expected, "{text}");
        }
    }
}
