//! Reads rules. An error says at which character, what was expected there, and what was found.

use super::{CONDITIONS_MAX, Condition, Operand};
use crate::Error;

pub(super) const OPERAND: &str = "a column or `share(habit, 'item')`";

pub(super) fn rule(text: &str) -> Result<Vec<Condition>, Error> {
    let mut reader = Reader { text, at: 0 };
    let mut conditions = vec![reader.condition()?];
    while !reader.is_at_end() {
        if conditions.len() == CONDITIONS_MAX {
            return Err(reader.error("the end after eight conditions"));
        }
        reader.keyword("and", "`and` or the end")?;
        conditions.push(reader.condition()?);
    }
    Ok(conditions)
}

pub(super) fn condition(text: &str) -> Result<Condition, Error> {
    let mut reader = Reader { text, at: 0 };
    let condition = reader.condition()?;
    if reader.is_at_end() { Ok(condition) } else { Err(reader.error("the end after one condition")) }
}

/// What is left of a text from byte `at`, the start of a token.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_spaces(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn is_at_end(&mut self) -> bool {
        self.skip_spaces();
        self.rest().is_empty()
    }

    fn condition(&mut self) -> Result<Condition, Error> {
        let operand = self.operand()?;
        let at_least = if self.symbol(">=") {
            true
        } else if !self.rest().starts_with("<=") && !self.rest().starts_with("<>") && self.symbol("<") {
            false
        } else {
            return Err(self.error("`>=` or `<`"));
        };
        Ok(Condition { operand, at_least, threshold: self.number()? })
    }

    fn operand(&mut self) -> Result<Operand, Error> {
        let word = self.word(OPERAND)?;
        if word == "and" {
            self.at -= word.len();
            return Err(self.error(OPERAND));
        }
        if word != "share" || !self.symbol("(") {
            return Ok(Operand::Column(word.to_owned()));
        }
        let habit = self.word("a habit such as `category`")?.to_owned();
        self.expect(",", "`,`")?;
        let item = self.quoted()?;
        self.expect(")", "`)`")?;
        Ok(Operand::Share { habit, item })
    }

    /// A word of letters, digits and `_` that does not start with a digit.
    fn word(&mut self, expected: &'static str) -> Result<&'a str, Error> {
        self.skip_spaces();
        let is_inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let rest = self.rest();
        let word = &rest[..rest.find(|c| !is_inside(c)).unwrap_or(rest.len())];
        if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(self.error(expected));
        }
        self.at += word.len();
        Ok(word)
    }

    fn keyword(&mut self, keyword: &str, expected: &'static str) -> Result<(), Error> {
        let word = self.word(expected)?;
        if word == keyword {
            return Ok(());
        }
        self.at -= word.len();
        Err(self.error(expected))
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        self.skip_spaces();
        let is_next = self.rest().starts_with(symbol);
        if is_next {
            self.at += symbol.len();
        }
        is_next
    }

    fn expect(&mut self, symbol: &str, expected: &'static str) -> Result<(), Error> {
        if self.symbol(symbol) { Ok(()) } else { Err(self.error(expected)) }
    }

    fn quoted(&mut self) -> Result<String, Error> {
        self.expect("'", "an item in single quotes")?;
        let mut item = String::new();
        loop {
            let Some(end) = self.rest().find('\'') else {
                self.at = self.text.len();
                return Err(self.error("a closing quote"));
            };
            item.push_str(&self.rest()[..end]);
            self.at += end + 1;
            // A quote that is doubled belongs to the item.
            if !self.rest().starts_with('\'') {
                return Ok(item);
            }
            item.push('\'');
            self.at += 1;
        }
    }

    fn number(&mut self) -> Result<f64, Error> {
        self.skip_spaces();
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c))).unwrap_or(rest.len());
        match rest[..end].parse::<f64>() {
            Ok(number) if number.is_finite() => {
                self.at += end;
                Ok(number)
            }
            _ => Err(self.error("a number")),
        }
    }

    fn error(&self, expected: &'static str) -> Error {
        let found: String = self.rest().chars().take(20).collect();
        Error::Rule {
            text: self.text.to_owned(),
            at: self.text[..self.at].chars().count() + 1,
            expected,
            found: if found.is_empty() { "the end".to_owned() } else { format!("`{found}`") },
        }
    }
}
