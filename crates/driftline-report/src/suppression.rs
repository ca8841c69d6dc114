//! Who wants no mail: a text with one address a line, for ever or until a day.
//!
//! ```text
//! # written to us on 2026-01-12
//! ada@example.com
//! grace@example.com until 2026-12-31
//! ```

use chrono::NaiveDate;

use crate::message::address_of;

/// Addresses in small letters, each with the first day on which it gets mails again, if there is one.
#[derive(Clone, Debug, Default)]
pub struct Suppressed(Vec<(String, Option<NaiveDate>)>);

impl Suppressed {
    /// # Errors
    /// A sentence that names the line that is neither an address nor a comment.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let mut found = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let wrong = || {
                format!(
                    "line {}: `{line}`; expected an address, or an address, `until` and a day like 2026-12-31",
                    index + 1
                )
            };
            let (address, until) = match line.split_once(" until ") {
                Some((address, day)) => (address, Some(day.trim().parse::<NaiveDate>().map_err(|_| wrong())?)),
                None => (line, None),
            };
            let address = address_of(address);
            if address.split_whitespace().count() != 1 || !address.contains('@') {
                return Err(wrong());
            }
            found.push((address, until));
        }
        Ok(Self(found))
    }

    /// Whether a recipient gets no mail on a day.
    pub fn holds(&self, recipient: &str, today: NaiveDate) -> bool {
        let address = address_of(recipient);
        self.0.iter().any(|(other, until)| *other == address && until.is_none_or(|until| today < until))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_address_is_held_for_ever_or_until_a_day() {
        let list =
            Suppressed::parse("# asked\nAda <ada@example.com> # by mail\n\ngrace@example.com until 2026-07-01\n")
                .unwrap();
        let cases = [
            ("ADA@example.com", "2026-06-30", true),
            ("Grace <grace@example.com>", "2026-06-30", true),
            ("grace@example.com", "2026-07-01", false),
            ("bob@example.com", "2026-06-30", false),
        ];
        for (recipient, day, expected) in cases {
            assert_eq!(list.holds(recipient, day.parse().unwrap()), expected, "{recipient} on {day}");
        }
    }

    #[test]
    fn a_line_that_is_no_address_is_named() {
        for (text, line) in
            [("ada@example.com\nnobody\n", "line 2"), ("a@b.c until soon", "line 1"), ("a@b.c d@e.f", "line 1")]
        {
            assert!(Suppressed::parse(text).unwrap_err().starts_with(line), "{text}");
        }
    }
}
