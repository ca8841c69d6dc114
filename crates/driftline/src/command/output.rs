//! What commands print: text of others as one line, documents for machines, hints that can be typed as they are shown.

use std::path::Path;
use std::sync::OnceLock;

use driftline_core::basics::plain;

use crate::error::Result;

/// Text from the exports as one line: a newline or an escape sequence in a name is data, not layout.
pub(super) fn one_line(text: &str) -> String {
    plain::line(text)
}

/// Prints a document for machines, on a terminal too.
pub(super) fn say_json(document: &impl serde::Serialize) -> Result<()> {
    print(&plain::json(&serde_json::to_string_pretty(document)?));
    Ok(())
}

/// Prints a line on standard output; a closed pipe is no error.
pub(super) fn say(text: impl AsRef<str>) {
    let text = text.as_ref();
    print(&plain::lines(&NOT_HERE.get().map_or_else(|| text.to_owned(), |project| hinted(text, project))));
}

fn print(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Says that what is printed is of another folder's project; once, for a process has one command.
pub(super) fn is_for(project: &Path) {
    let _ = NOT_HERE.set(project.display().to_string());
}

/// The project's folder, if it is not the one that commands are typed in.
static NOT_HERE: OnceLock<String> = OnceLock::new();

/// The commands that are named as the next ones, for another folder's project: to be typed as they are shown.
fn hinted(text: &str, project: &str) -> String {
    let is_hint = text.trim_start().starts_with("next: ") && !text.contains("--project");
    if is_hint { text.replace("driftline ", &format!("driftline --project {project} ")) } else { text.to_owned() }
}
