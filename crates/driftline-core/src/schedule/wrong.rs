//! The error of a setting that means nothing.

use std::fmt;

use crate::Error;

pub(super) fn wrong(
    key: &'static str,
    value: impl fmt::Display,
    expected: &'static str,
    found: impl fmt::Display,
) -> Error {
    Error::Schedule { key, value: value.to_string(), expected, found: found.to_string() }
}
