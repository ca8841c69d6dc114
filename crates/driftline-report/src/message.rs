//! A mail as bytes: text and HTML of the same numbers, with every header fixed, so that a re-render gives the same bytes.

use std::time::SystemTime;

use driftline_core::report::Report;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::template::MailText;

/// Who sends, as the job says.
#[derive(Clone, Debug)]
pub struct Sender {
    pub from: String,
    pub reply_to: Option<String>,
    /// Domain of Message-IDs and List-Ids.
    pub domain: String,
}

/// A mail ready to be stored and sent.
#[derive(Clone, Debug)]
pub struct Mail {
    pub recipient: String,
    /// Name of its files: a hash, so that no address is in an object name.
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Builds the mail for one recipient. `date` is the publication instant.
///
/// # Errors
/// `Error::Message` if an address does not parse or a header holds a control character.
pub fn build(report: &Report, text: &MailText, sender: &Sender, recipient: &str, date: SystemTime) -> Result<Mail> {
    let wrong = |problem: String| Error::Message { recipient: mask(recipient), problem };
    if let Some(bad) = text.subject.chars().find(|c| c.is_control()) {
        return Err(wrong(format!("the subject holds the control character {bad:?}")));
    }
    let mailbox = |address: &str| {
        address.parse::<Mailbox>().map_err(|error| wrong(format!("`{}` is not an address: {error}", mask(address))))
    };
    let identity = format!("{}\n{}\n{}\n{}\n{}", report.job, report.market, report.period, report.revision, recipient);
    let hash: String = Sha256::digest(identity.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{} <{}.{}.{}>", report.title, report.market, report.job, sender.domain);
    let part = |content_type: ContentType, body: &str| {
        SinglePart::builder()
            .header(content_type)
            .header(ContentTransferEncoding::QuotedPrintable)
            .body(body.to_owned())
    };
    let alternative = MultiPart::alternative()
        .boundary(format!("driftline-{}", &hash[..24]))
        .singlepart(part(ContentType::TEXT_PLAIN, &text.text))
        .singlepart(part(ContentType::TEXT_HTML, &text.html));
    let mut builder = Message::builder()
        .from(mailbox(&sender.from)?)
        .to(mailbox(recipient)?)
        .subject(text.subject.clone())
        .date(date)
        .message_id(Some(format!("<{}@{}>", &hash[..40], sender.domain)))
        .raw_header(raw("Auto-Submitted", "auto-generated", &wrong)?)
        .raw_header(raw("List-Id", &list, &wrong)?);
    if let Some(reply_to) = &sender.reply_to {
        builder = builder.reply_to(mailbox(reply_to)?).raw_header(raw(
            "List-Unsubscribe",
            &format!("<mailto:{reply_to}?subject=unsubscribe%20{}%20{}>", report.job, report.market),
            &wrong,
        )?);
    }
    let message = builder.multipart(alternative).map_err(|error| wrong(error.to_string()))?;
    Ok(Mail { recipient: recipient.to_owned(), name: hash[..16].to_owned(), bytes: message.formatted() })
}

fn raw(name: &'static str, value: &str, wrong: &dyn Fn(String) -> Error) -> Result<HeaderValue> {
    if value.chars().any(char::is_control) {
        return Err(wrong(format!("header {name} would hold a control character")));
    }
    Ok(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()))
}

/// `a…@example.com`: enough to recognise, too little to leak.
pub fn mask(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => {
            format!("{}…@{}", local.chars().next().unwrap_or('?'), domain.trim_end_matches('>'))
        }
        None => "…".to_owned(),
    }
}
