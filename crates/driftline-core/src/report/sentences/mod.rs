//! Words for numbers: one place makes the sentences of the mail, the page and `report.json`, so they cannot differ.

mod bridges;
mod changes;
#[cfg(test)]
mod tests;
