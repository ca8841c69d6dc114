//! Options of several commands, and how they are read.

use clap::Args;
use driftline_core::basics::locale::Locale;
use driftline_core::report::Audience;

#[derive(Clone, Debug, Args)]
pub struct JobOptions {
    /// Override a key of the job, like --set warehouse.url=/tmp/w; may be given more than once.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub overrides: Vec<String>,
}

pub(super) fn locale(text: &str) -> Result<Locale, String> {
    let found = Locale::ALL.into_iter().find(|locale| locale.code() == text);
    found.ok_or_else(|| format!("expected one of {}", Locale::ALL.map(Locale::code).join(", ")))
}

pub(super) fn role(text: &str) -> Result<Audience, String> {
    let known = Audience::ALL.map(|audience| audience.to_string());
    let found = Audience::ALL.into_iter().find(|audience| audience.to_string() == text);
    found.ok_or_else(|| format!("expected one of {}", known.join(", ")))
}
