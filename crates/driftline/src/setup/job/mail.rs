//! `[mail]` of a job: from whom, to whom, by which server, and which addresses are refused before anything is computed.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use driftline_core::report::Audience;
use driftline_ledger::OnUnknown;
use driftline_report::mailer::{Encryption, Login};
use driftline_report::message::{address_of, ascii_domain, is_mailbox, mask};
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// Folder below `reports/`.
    #[serde(default = "drift")]
    pub report: String,
    pub from: String,
    pub reply_to: Option<String>,
    /// Address that takes "pause" and "unsubscribe"; default: `reply_to`, else `from`.
    pub unsubscribe: Option<String>,
    pub recipients: Vec<Recipient>,
    /// Domains that mails may go to; empty means any.
    #[serde(default)]
    pub allowed_domains: Vec<String>,
    /// What becomes of a mail that may have been taken or not.
    #[serde(default)]
    pub on_unknown: OnUnknown,
    pub dkim: Option<Dkim>,
    /// Absent: mails are written as files and not sent.
    pub smtp: Option<Smtp>,
}

/// Somebody who gets the mail, and what they read it for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "WrittenRecipient")]
pub struct Recipient {
    pub to: String,
    pub role: Audience,
}

/// `"Name <address>"`, or a table with a role.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected an address, or { to = \"address\", role = \"marketing\" } with a role of marketing, product, sales, service, finance, owner or everyone"
)]
enum WrittenRecipient {
    Address(String),
    WithRole(RecipientTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecipientTable {
    to: String,
    #[serde(default)]
    role: Audience,
}

impl From<WrittenRecipient> for Recipient {
    fn from(written: WrittenRecipient) -> Self {
        match written {
            WrittenRecipient::Address(to) => Self { to, role: Audience::Everyone },
            WrittenRecipient::WithRole(table) => Self { to: table.to, role: table.role },
        }
    }
}

/// A signature by the sender's domain; the public half is in its DNS.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dkim {
    pub selector: String,
    /// Default: the domain of `from`.
    pub domain: Option<String>,
    pub key_env: Option<String>,
    pub key_file: Option<PathBuf>,
}

fn drift() -> String {
    "drift".to_owned()
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub encryption: Encryption,
    /// Names of environment variables; never the secrets themselves.
    pub user_env: Option<String>,
    pub password_env: Option<String>,
    /// File with the password, like a mounted secret.
    pub password_file: Option<PathBuf>,
    #[serde(default)]
    pub login: Login,
    pub ca_file: Option<PathBuf>,
    /// Deadline of each step, with its answer; five times that for a mail.
    #[serde(default = "seconds_30")]
    pub timeout_seconds: u64,
}

/// RFC 5321 allows the slowest step ten minutes; an hour is no deadline any more.
const SECONDS: RangeInclusive<u64> = 1..=3_600;

fn seconds_30() -> u64 {
    30
}

/// Addresses are refused here, before anything is computed for them.
pub(super) fn check_mail(mail: &Mail) -> std::result::Result<(), String> {
    if let Some(smtp) = &mail.smtp
        && !SECONDS.contains(&smtp.timeout_seconds)
    {
        let (least, most) = (SECONDS.start(), SECONDS.end());
        return Err(format!("mail.smtp.timeout_seconds = {}; expected {least} to {most}", smtp.timeout_seconds));
    }
    let mut seen = BTreeSet::new();
    for recipient in &mail.recipients {
        check_address(mail, &recipient.to)?;
        if !seen.insert(address_of(&recipient.to)) {
            return Err(format!("mail.recipients: {} is there twice; a person gets one mail", mask(&recipient.to)));
        }
    }
    let others = [Some(&mail.from), mail.reply_to.as_ref(), mail.unsubscribe.as_ref()];
    match others.into_iter().flatten().find(|address| !is_address(address)) {
        Some(bad) => Err(format!("mail: `{bad}` is no address; expected Insight Team <insight@example.com>")),
        None => Ok(()),
    }
}

/// Whether a mail may go to an address: it is one, and its domain is allowed.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn check_address(mail: &Mail, recipient: &str) -> std::result::Result<(), String> {
    if !is_address(recipient) {
        return Err(format!(
            "mail.recipients: `{}` is no address; expected one like Insight Team <insight@example.com>",
            recipient.escape_debug()
        ));
    }
    let address = address_of(recipient);
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    if mail.allowed_domains.is_empty() || mail.allowed_domains.iter().any(|allowed| ascii_domain(allowed) == domain) {
        return Ok(());
    }
    Err(format!("mail.recipients: {domain} is not one of mail.allowed_domains ({})", mail.allowed_domains.join(", ")))
}

fn is_address(text: &str) -> bool {
    !text.chars().any(char::is_control) && is_mailbox(text)
}
