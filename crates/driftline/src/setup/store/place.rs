//! What the text of a job's `url` names: a folder of this machine or a place behind a scheme. What is neither is a mistake, and
//! never a folder of that name.

use std::path::PathBuf;

use url::Url;

/// Where exports or a warehouse lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// As written: relative folders are below the project.
    Folder(PathBuf),
    /// An absolute `file://` URL's folder.
    FileUrl(PathBuf),
    Remote(Url),
}

/// Schemes of object stores and servers.
const REMOTE: [&str; 11] = ["s3", "s3a", "az", "azure", "adl", "abfs", "abfss", "gs", "http", "https", "file"];

/// Reads the text of a URL.
///
/// # Errors
/// What is wrong with it, without the text.
pub(super) fn parse(text: &str) -> Result<Place, String> {
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.trim() != text || text.chars().any(char::is_control) {
        return Err("it begins or ends with a blank, or holds a control character".to_owned());
    }
    let first = text.split('/').next().unwrap_or_default();
    let scheme = first.split(':').next().unwrap_or_default();
    if first.contains(':') {
        return remote(text, scheme);
    }
    let looks_remote = REMOTE.contains(&scheme.to_ascii_lowercase().as_str()) && text.contains("//");
    if looks_remote || text.contains("://") {
        return Err(format!("the colon after the scheme is not where it belongs; did you mean `{scheme}://…`?"));
    }
    if text.contains('\\') {
        return Err("folders are written with /, not with \\".to_owned());
    }
    if first.starts_with('~') || first.starts_with('$') || text.contains("${") {
        return Err("neither ~ nor variables are filled in here; write the whole path".to_owned());
    }
    Ok(Place::Folder(PathBuf::from(text)))
}

/// A text with a colon in its first part: a scheme, a drive or a mistake.
fn remote(text: &str, scheme: &str) -> Result<Place, String> {
    let is_drive = scheme.len() == 1 && scheme.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_drive {
        let problem = "a drive letter is no scheme; a folder is written like /data/exports or exports/2024";
        return Err(problem.to_owned());
    }
    let known = scheme.to_ascii_lowercase();
    if !REMOTE.contains(&known.as_str()) {
        let near = REMOTE.iter().find(|name| is_near(&known, name));
        let hint = near.map_or_else(String::new, |name| format!(", did you mean `{name}://`?"));
        let folder = "a folder with a colon in its name is written ./like:this";
        return Err(format!("`{scheme}` is no scheme that is known here{hint} ({folder})"));
    }
    let rest = &text[scheme.len()..];
    if !rest.starts_with("://") {
        return Err(format!("`{scheme}:` must be followed by two slashes, like `{known}://…`"));
    }
    let url = Url::parse(text).map_err(|error| format!("it cannot be parsed: {error}"))?;
    if known == "file" {
        let folder = url.to_file_path().map_err(|()| "not an absolute path: expected file:///folder".to_owned())?;
        return Ok(Place::FileUrl(folder));
    }
    match url.host_str() {
        None | Some("") => Err("it names no bucket, container or host after the two slashes".to_owned()),
        Some(_) => Ok(Place::Remote(url)),
    }
}

/// One letter more, less or other, or two turned round.
fn is_near(one: &str, other: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let start = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(x, y)| x == y).count();
    let (left_a, left_b) = (a.len() - start - end, b.len() - start - end);
    let is_turned = left_a == 2 && left_b == 2 && a[start] == b[start + 1] && a[start + 1] == b[start];
    other.len() > 1 && (left_a.max(left_b) <= 1 || is_turned)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_is_no_url_is_never_a_folder() {
        for (text, expected) in [
            ("C:\\exports", "drive letter"),
            ("c:/exports", "drive letter"),
            ("\\\\server\\share", "with /"),
            ("exports\\2024", "with /"),
            ("s3:/bucket/x", "two slashes"),
            ("s3:bucket", "two slashes"),
            ("s3//bucket", "the colon"),
            ("S3//bucket", "the colon"),
            ("http//host/x", "the colon"),
            ("s3 ://bucket", "no scheme"),
            ("htp://host/x", "`https://`|`http://`"),
            ("s33://bucket", "`s3://`"),
            ("htpps://host", "`https://`"),
            ("gss://bucket", "`gs://`"),
            ("ftp://host/x", "no scheme"),
            ("memory:///x", "no scheme"),
            ("data:2024/x", "no scheme"),
            ("://bucket/x", "no scheme"),
            ("s3:///x", "no bucket"),
            ("az://", "no bucket"),
            ("http://[bad/x", "cannot be parsed"),
            ("http://host:99999/x", "cannot be parsed"),
            ("http://me:pa/ss@host/x", "cannot be parsed"),
            ("file:exports", "two slashes"),
            ("file://exports/x", "absolute"),
            (" s3://bucket", "blank"),
            ("s3://bucket\n", "blank"),
            ("", "empty"),
            ("~/exports", "filled in"),
            ("$HOME/exports", "filled in"),
            ("/data/${DAY}", "filled in"),
        ] {
            let problem = parse(text).unwrap_err();
            assert!(expected.split('|').any(|part| problem.contains(part)), "{text}: {problem}");
        }
    }

    #[test]
    fn folders_and_urls_are_what_they_were() {
        for text in
            ["exports", "../shop/exports", "/data/2024", "./data:2024", "/data/12:30", "a b/ü", ".", "market=de/"]
        {
            assert_eq!(parse(text), Ok(Place::Folder(PathBuf::from(text))), "{text}");
        }
        assert_eq!(parse("file:///data/x%20y"), Ok(Place::FileUrl(PathBuf::from("/data/x y"))));
        for text in
            ["s3://bucket", "S3://bucket/x", "az://c/x", "gs://b", "http://127.0.0.1:80/x", "https://u:p@h/x?a=b"]
        {
            assert!(matches!(parse(text), Ok(Place::Remote(_))), "{text}");
        }
    }
}
