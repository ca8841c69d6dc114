//! A mail as bytes: text and HTML of the same numbers, with every header fixed, so that a re-render gives the same bytes.
//! Only a DKIM signature, added last, holds the time of signing.

use std::time::SystemTime;

use driftline_core::basics::plain;
use driftline_core::report::Report;
use lettre::Address;
use lettre::address::AddressError;
use lettre::message::dkim::{
    DkimCanonicalization, DkimCanonicalizationType, DkimConfig, DkimSigningAlgorithm, DkimSigningKey,
};
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::picture::Picture;
use crate::template::MailText;

/// Who sends, as the job says.
#[derive(Clone, Debug)]
pub struct Sender {
    pub from: String,
    pub reply_to: Option<String>,
    /// Address that takes "pause" and "unsubscribe".
    pub write_to: String,
    /// Domain of Message-IDs and List-Ids.
    pub domain: String,
    pub dkim: Option<Dkim>,
}

/// A DKIM key: a PEM (`BEGIN RSA PRIVATE KEY`), or the 32 bytes of an Ed25519 key in base64.
#[derive(Clone)]
pub struct Dkim {
    pub selector: String,
    pub domain: String,
    pub key: String,
}

impl std::fmt::Debug for Dkim {
    /// Without the key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}._domainkey.{}", self.selector, self.domain)
    }
}

/// A mail ready to be stored and sent.
#[derive(Clone, Debug)]
pub struct Mail {
    pub recipient: String,
    /// Name of its files: a hash, so that no address is in an object name.
    pub name: String,
    pub bytes: Vec<u8>,
}

/// What makes a mail this one: the same for every attempt and every re-render.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity(String);

impl Identity {
    pub fn new(job: &str, market: &str, period: &str, revision: u32, recipient: &str) -> Self {
        let text = format!("{job}\n{market}\n{period}\n{revision}\n{recipient}");
        Self(Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Of a report's mail to somebody.
    pub fn of(report: &Report, recipient: &str) -> Self {
        Self::new(&report.job, report.market.as_str(), &report.period.to_string(), report.revision, recipient)
    }

    /// Name of the mail's files.
    pub fn name(&self) -> String {
        self.0[..16].to_owned()
    }

    /// The Message-ID with its angle brackets.
    pub fn message_id(&self, domain: &str) -> String {
        format!("<{}@{domain}>", &self.0[..40])
    }
}

/// From whom to whom a mail goes, and when.
#[derive(Clone, Copy)]
pub struct Envelope<'a> {
    pub sender: &'a Sender,
    pub recipient: &'a str,
    /// Of a report's mail the publication instant.
    pub date: SystemTime,
}

/// Builds a report's mail for one recipient. `corrects` is the identity of the mail that the same person has of an earlier revision.
///
/// # Errors
/// `Error::Message` if an address does not parse, a header holds a control character, or the DKIM key is none.
pub fn build(envelope: &Envelope<'_>, report: &Report, text: &MailText, corrects: Option<&Identity>) -> Result<Mail> {
    let Envelope { sender, recipient, date } = *envelope;
    let wrong = |problem: String| Error::Message { recipient: mask(recipient), problem };
    if let Some(bad) = text.subject.chars().find(|c| c.is_control()) {
        return Err(wrong(format!("the subject holds the control character {bad:?}")));
    }
    let mailbox = |address: &str| {
        mailbox_of(address).map_err(|error| wrong(format!("`{}` is not an address: {error}", mask(address))))
    };
    let identity = Identity::of(report, recipient);
    let list = format!("{} <{}.{}.{}>", report.title, report.market, report.job, sender.domain);
    let alternative = alternative(text, &identity).map_err(wrong)?;
    let unsubscribe = format!("<mailto:{}?subject=unsubscribe%20{}%20{}>", sender.write_to, report.job, report.market);
    let mut builder = Message::builder()
        .from(mailbox(&sender.from)?)
        .to(mailbox(recipient)?)
        .subject(text.subject.clone())
        .date(date)
        .message_id(Some(identity.message_id(&sender.domain)))
        .raw_header(raw("Auto-Submitted", "auto-generated", &wrong)?)
        .raw_header(raw("List-Id", &list, &wrong)?)
        .raw_header(raw("List-Unsubscribe", &unsubscribe, &wrong)?);
    if let Some(reply_to) = &sender.reply_to {
        builder = builder.reply_to(mailbox(reply_to)?);
    }
    if let Some(corrects) = corrects {
        let id = corrects.message_id(&sender.domain);
        builder = builder.in_reply_to(id.clone()).references(id);
    }
    let mut message = builder.multipart(alternative).map_err(|error| wrong(error.to_string()))?;
    if let Some(dkim) = &sender.dkim {
        message.sign(&signature(dkim).map_err(wrong)?);
    }
    Ok(Mail { recipient: recipient.to_owned(), name: identity.name(), bytes: message.formatted() })
}

/// The text, and the page with its pictures.
fn alternative(text: &MailText, identity: &Identity) -> std::result::Result<MultiPart, String> {
    let part = |content_type: ContentType, body: &str| {
        SinglePart::builder()
            .header(content_type)
            .header(ContentTransferEncoding::QuotedPrintable)
            .body(body.to_owned())
    };
    let alternative = MultiPart::alternative()
        .boundary(format!("driftline-{}", &identity.0[..24]))
        .singlepart(part(ContentType::TEXT_PLAIN, &text.text));
    let html = part(ContentType::TEXT_HTML, &text.html);
    if text.pictures.is_empty() {
        return Ok(alternative.singlepart(html));
    }
    let png = ContentType::parse("image/png").map_err(|error| error.to_string())?;
    let related = MultiPart::related().boundary(format!("driftline-{}", &identity.0[24..48])).singlepart(html);
    let picture = |related: MultiPart, picture: &Picture| {
        let inline = Attachment::new_inline(picture.content_id.clone());
        related.singlepart(inline.body(picture.png.clone(), png.clone()))
    };
    Ok(alternative.multipart(text.pictures.iter().fold(related, picture)))
}

/// A short plain mail to somebody who runs the job. The same `seed` gives the same Message-ID.
///
/// # Errors
/// As [`build`].
pub fn notice(envelope: &Envelope<'_>, subject: &str, text: &str, seed: &str) -> Result<Mail> {
    let Envelope { sender, recipient, date } = *envelope;
    let wrong = |problem: String| Error::Message { recipient: mask(recipient), problem };
    let mailbox = |address: &str| mailbox_of(address).map_err(|error| wrong(error.to_string()));
    let identity = Identity::new("notice", seed, "", 0, recipient);
    let mut message = Message::builder()
        .from(mailbox(&sender.from)?)
        .to(mailbox(recipient)?)
        .subject(plain::line(subject))
        .date(date)
        .message_id(Some(identity.message_id(&sender.domain)))
        .raw_header(raw("Auto-Submitted", "auto-generated", &wrong)?)
        .header(ContentType::TEXT_PLAIN)
        .header(ContentTransferEncoding::QuotedPrintable)
        .body(plain::lines(text))
        .map_err(|error| wrong(error.to_string()))?;
    if let Some(dkim) = &sender.dkim {
        message.sign(&signature(dkim).map_err(wrong)?);
    }
    Ok(Mail { recipient: recipient.to_owned(), name: identity.name(), bytes: message.formatted() })
}

fn signature(dkim: &Dkim) -> std::result::Result<DkimConfig, String> {
    let algorithm = if dkim.key.contains("BEGIN") { DkimSigningAlgorithm::Rsa } else { DkimSigningAlgorithm::Ed25519 };
    let key = DkimSigningKey::new(dkim.key.trim(), algorithm).map_err(|error| {
        format!(
            "mail.dkim: {error}; expected a PEM that begins with BEGIN RSA PRIVATE KEY, or an Ed25519 key in base64"
        )
    })?;
    let headers = ["From", "To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe"];
    let canonicalization =
        DkimCanonicalization { header: DkimCanonicalizationType::Relaxed, body: DkimCanonicalizationType::Relaxed };
    let headers = headers.into_iter().map(HeaderName::new_from_ascii_str).collect();
    Ok(DkimConfig::new(dkim.selector.clone(), dkim.domain.clone(), key, headers, canonicalization))
}

fn raw(name: &'static str, value: &str, wrong: &dyn Fn(String) -> Error) -> Result<HeaderValue> {
    if value.chars().any(char::is_control) {
        return Err(wrong(format!("header {name} would hold a control character")));
    }
    Ok(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()))
}

/// `a…@example.com`: enough to recognise, too little to leak.
pub fn mask(address: &str) -> String {
    let bare = address_of(address);
    match bare.rsplit_once('@') {
        Some((local, domain)) => format!("{}…@{domain}", local.chars().next().unwrap_or('?')),
        None => "…".to_owned(),
    }
}

/// Whether a text is an address, or a name with one, that a mail can be written to.
pub fn is_mailbox(text: &str) -> bool {
    text.parse::<Mailbox>().is_ok()
}

/// The address of `Name <address>`, in small letters, its domain in ASCII: `bücher.example` and `xn--bcher-kva.example` are one.
pub fn address_of(recipient: &str) -> String {
    let bare = recipient.rsplit_once('<').map_or(recipient, |(_, rest)| rest.trim_end_matches('>'));
    let bare = bare.trim().trim_end_matches('>').to_lowercase();
    match bare.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", ascii_domain(domain)),
        None => bare,
    }
}

/// A domain as every mail server takes it (IDNA, RFC 5891); one that is none stays as it is.
pub fn ascii_domain(domain: &str) -> String {
    let small = domain.to_lowercase();
    if small.is_ascii() { small } else { idna::domain_to_ascii(&small).unwrap_or(small) }
}

/// Only what is left of the @ needs a server that takes addresses beyond ASCII.
pub(crate) fn mailbox_of(text: &str) -> std::result::Result<Mailbox, AddressError> {
    let mailbox = text.parse::<Mailbox>()?;
    if mailbox.email.domain().is_ascii() {
        return Ok(mailbox);
    }
    let (local, domain) = (mailbox.email.user(), ascii_domain(mailbox.email.domain()));
    Ok(Mailbox::new(mailbox.name.clone(), Address::new(local, &domain)?))
}

/// The address that a stored mail goes to. Headers are folded over lines, and names may be encoded: only the address counts.
pub fn recipient_of(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut header: Option<String> = None;
    for line in text.lines().take_while(|line| !line.is_empty()) {
        match &mut header {
            Some(header) if line.starts_with([' ', '\t']) => header.push_str(line),
            Some(_) => break,
            None => header = line.strip_prefix("To: ").map(str::to_owned),
        }
    }
    let header = header?;
    let address = header.rsplit_once('<').map_or(header.as_str(), |(_, rest)| rest.trim_end().trim_end_matches('>'));
    Some(address.trim().to_owned())
}

#[cfg(test)]
mod dkim_tests;
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_masked_and_compared_without_their_names() {
        let cases = [
            ("Insight Team <Insight@Example.com>", "insight@example.com", "i…@example.com"),
            ("a@b.de", "a@b.de", "a…@b.de"),
            ("nobody", "nobody", "…"),
            ("Käthe <Info@Bücher.example>", "info@xn--bcher-kva.example", "i…@xn--bcher-kva.example"),
            ("käthe@xn--bcher-kva.example", "käthe@xn--bcher-kva.example", "k…@xn--bcher-kva.example"),
        ];
        for (recipient, address, masked) in cases {
            assert_eq!(address_of(recipient), address);
            assert_eq!(mask(recipient), masked);
        }
    }

    #[test]
    fn the_address_is_found_in_folded_and_encoded_headers() {
        let cases = [
            ("To: a@example.com\r\n\r\nTo: b@example.com", Some("a@example.com")),
            ("From: x\r\nTo: Ada <ada@example.com>\r\n\r\n", Some("ada@example.com")),
            (
                "To: =?utf-8?b?S3VuZGVu?=\r\n =?utf-8?b?YW5hbHlzZQ==?= <k@example.com>\r\nDate: y\r\n\r\n",
                Some("k@example.com"),
            ),
            ("Subject: none\r\n\r\n", None),
        ];
        for (mail, expected) in cases {
            assert_eq!(recipient_of(mail.as_bytes()).as_deref(), expected);
        }
    }
}
