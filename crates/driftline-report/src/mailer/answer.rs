//! What a refusal means: for one mail, for its recipient, or for the whole session.
//!
//! A refusal of the sender or of the session would meet every other mail too, so it is no word about the recipient, whatever its
//! code: those mails wait. Codes are RFC 5321's, RFC 4954's for logins, the enhanced ones RFC 3463's and RFC 7372's.

use crate::error::Refusal;
use crate::message::address_of;

/// Where in the dialogue an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Greeting, EHLO, STARTTLS, login, MAIL: before any recipient was named.
    Session,
    Recipient,
    Data,
    /// After the last dot.
    Content,
}

/// Login failed, needed, too weak, without encryption, or not now; the service closes.
const OF_THE_SESSION: [u16; 6] = [421, 454, 530, 534, 535, 538];
/// A command that the server does not know, or not now.
const OF_THE_COMMAND: [u16; 3] = [500, 502, 503];
/// Subject and detail of enhanced codes about the sender: its address, signatures and policies (RFC 7372), may not send as it.
const OF_THE_SENDER: [&str; 11] =
    ["1.7", "1.8", "7.20", "7.21", "7.22", "7.23", "7.24", "7.25", "7.26", "7.27", "7.60"];
/// Of the system: it accepts no mail now, or no more of it.
const OF_THE_SYSTEM: [&str; 2] = ["3.2", "4.5"];

/// What an answer of the 400s or 500s means. `words` is the server's text, `from` and `to` the addresses of the mail.
pub(super) fn meaning(step: Step, code: u16, words: &str, from: &str, to: &str) -> Refusal {
    let detail = enhanced(words).unwrap_or_default();
    let is_of_command = step != Step::Content && OF_THE_COMMAND.contains(&code);
    let is_of_session = step == Step::Session
        || OF_THE_SESSION.contains(&code)
        || is_of_command
        || OF_THE_SENDER.contains(&detail)
        || OF_THE_SYSTEM.contains(&detail)
        || names_the_sender(words, from, to);
    match code {
        _ if is_of_session => Refusal::Everybody,
        400..=499 => Refusal::Later,
        _ => Refusal::Recipient,
    }
}

/// Many servers wait with their word about the sender until a recipient is named, and give it the address they speak of.
fn names_the_sender(words: &str, from: &str, to: &str) -> bool {
    let (words, from, to) = (words.to_lowercase(), address_of(from), address_of(to));
    from != to && words.contains(&from) && !words.contains(&to)
}

/// `7.1` of `550 5.7.1 Relaying denied`, with or without the code before it.
fn enhanced(words: &str) -> Option<&str> {
    words.split([' ', '-', '\n', '(', ')', ':', ';', ',']).find_map(|word| {
        let (class, detail) = word.split_once('.')?;
        let (subject, rest) = detail.split_once('.')?;
        let is_number =
            |text: &str| !text.is_empty() && text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        (matches!(class, "4" | "5") && is_number(subject) && is_number(rest)).then_some(detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_of_the_recipient_the_sender_or_the_session() {
        use Refusal::{Everybody, Later, Recipient};
        for (step, code, words, expected) in [
            (Step::Session, 554, "5.3.2 no mail here", Everybody),
            (Step::Session, 451, "4.3.0 try again", Everybody),
            (Step::Session, 550, "5.1.8 sender unknown", Everybody),
            (Step::Recipient, 450, "4.2.0 greylisted", Later),
            (Step::Recipient, 452, "4.5.3 too many recipients", Later),
            (Step::Recipient, 550, "5.1.1 <ada@example.org>: no such user", Recipient),
            (Step::Recipient, 550, "5.7.1 relaying denied", Recipient),
            (Step::Recipient, 501, "5.1.3 bad address", Recipient),
            (Step::Recipient, 503, "5.5.1 MAIL first", Everybody),
            (Step::Recipient, 530, "5.7.0 log in first", Everybody),
            (Step::Recipient, 421, "4.3.2 shutting down", Everybody),
            (
                Step::Recipient,
                553,
                "5.7.1 <Reports@Example.com>: Sender address rejected: not owned by user",
                Everybody,
            ),
            (Step::Recipient, 550, "5.7.1 reports@example.com may not write to ada@example.org", Recipient),
            (Step::Recipient, 553, "5.1.8 no such domain", Everybody),
            (Step::Data, 451, "4.3.0 later", Later),
            (Step::Data, 554, "5.5.1 no valid recipients", Recipient),
            (Step::Data, 502, "5.5.1 unknown command", Everybody),
            (Step::Content, 452, "4.3.1 disk full", Later),
            (Step::Content, 552, "5.3.4 too big", Recipient),
            (Step::Content, 500, "line too long", Recipient),
            (Step::Content, 550, "5.7.26 this mail is unauthenticated", Everybody),
            (Step::Content, 550, "5.4.5 daily quota exceeded", Everybody),
            (Step::Content, 554, "host 192.0.2.55 said spam", Recipient),
        ] {
            let found = meaning(step, code, words, "Reports <reports@example.com>", "Ada <ada@example.org>");
            assert_eq!(found, expected, "{step:?} {code} {words}");
        }
    }
}
