//! One connection to a mail server, step by step: every step has its deadline, and what ended it says what it means.

use std::fmt::Display;
use std::net::SocketAddr;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::{Response, Severity};
use tokio::net::TcpStream;

use super::answer::{Step, meaning};
use super::patience::{CutOff, Patience};
use super::wire::LineByLine;
use super::{Encryption, Login, Server};
use crate::error::Refusal;

/// The longest wait for a goodbye, which changes nothing.
const GOODBYE: Duration = Duration::from_secs(2);

/// Why a step did not do what it was for.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) problem: String,
    pub(super) refusal: Refusal,
    /// Whether the server answered, so that the connection may be used on.
    pub(super) is_answered: bool,
}

pub(super) struct Session {
    connection: AsyncSmtpConnection,
    patience: Patience,
}

/// A mail on its way.
pub(super) struct Parcel<'a> {
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) bytes: &'a [u8],
}

impl Session {
    /// Looks the host up, connects, encrypts and logs in.
    pub(super) async fn open(
        server: &Server,
        tls: Option<&TlsParameters>,
        patience: &Patience,
    ) -> Result<Self, Trouble> {
        let hello = ClientId::Domain(server.hello_name.clone());
        let addresses = addresses(server, patience).await?;
        let mut connection = match (server.encryption, tls) {
            (Encryption::Implicit, Some(tls)) => {
                let share = share_of(patience.step(), addresses.len());
                let opening =
                    AsyncSmtpConnection::connect_tokio1(&addresses[..], Some(share), &hello, Some(tls.clone()), None);
                before_mail("connecting", patience.step_of(opening).await)?
            }
            _ => {
                let stream = before_mail("connecting", patience.step_of(reach(&addresses, patience.step())).await)?;
                let greeting = AsyncSmtpConnection::connect_with_transport(Box::new(LineByLine::new(stream)), &hello);
                before_mail("greeting and EHLO", patience.step_of(greeting).await)?
            }
        };
        if let (Encryption::Starttls, Some(tls)) = (server.encryption, tls) {
            let upgrade = connection.starttls(tls.clone(), &hello);
            before_mail("STARTTLS", patience.step_of(upgrade).await)?;
        }
        if let Some((user, password)) = &server.credentials {
            let credentials = Credentials::new(user.clone(), password.clone());
            let mechanisms = mechanisms(server.login);
            before_mail("AUTH", patience.step_of(connection.auth(&mechanisms, &credentials)).await)?;
        }
        Ok(Self { connection, patience: patience.clone() })
    }

    /// Forgets the mail before; whether the server is still there.
    pub(super) async fn is_ready(&mut self) -> bool {
        matches!(self.patience.step_of(self.connection.command(Rset)).await, Ok(Ok(_)))
    }

    /// Says goodbye; a server that does not answer is left alone.
    pub(super) async fn close(mut self) {
        let limit = self.patience.step().min(GOODBYE);
        let _ = tokio::time::timeout(limit, self.connection.command(Quit)).await;
    }

    /// Hands one mail over; gives the server's words when it took it.
    pub(super) async fn hand_over(&mut self, parcel: &Parcel<'_>) -> Result<String, Trouble> {
        let parameters = self.parameters(parcel)?;
        let mail = self.connection.command(Mail::new(Some(parcel.from.clone()), parameters));
        checked("MAIL", Step::Session, Severity::PositiveCompletion, parcel, self.patience.step_of(mail).await)?;
        let recipient = self.connection.command(Rcpt::new(parcel.to.clone(), Vec::new()));
        checked("RCPT", Step::Recipient, Severity::PositiveCompletion, parcel, self.patience.step_of(recipient).await)?;
        let data = self.connection.command(Data);
        checked("DATA", Step::Data, Severity::PositiveIntermediate, parcel, self.patience.step_of(data).await)?;
        let content = self.connection.message(parcel.bytes);
        let answer = self.patience.mail_of(content).await;
        let taken = checked("the mail", Step::Content, Severity::PositiveCompletion, parcel, answer)?;
        let words: Vec<&str> = taken.message().collect();
        Ok(format!("{} {}", taken.code(), words.join(" ")).trim().to_owned())
    }

    /// What MAIL must say of the mail. An address beyond ASCII needs a server that knows them (RFC 6531).
    fn parameters(&self, parcel: &Parcel<'_>) -> Result<Vec<MailParameter>, Trouble> {
        let knows = |extension| self.connection.server_info().supports_feature(extension);
        let needs = |extension: &str, whose: &str, refusal| Trouble {
            problem: format!("{whose} beyond ASCII, and the server does not offer {extension}"),
            refusal,
            is_answered: true,
        };
        let is_ascii = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
        let mut parameters = Vec::new();
        if !is_ascii(&parcel.from) || !is_ascii(&parcel.to) {
            if !knows(Extension::SmtpUtfEight) {
                return Err(match is_ascii(&parcel.from) {
                    true => needs("SMTPUTF8", "the recipient's address is", Refusal::Recipient),
                    false => needs("SMTPUTF8", "the sender's address is", Refusal::Everybody),
                });
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !parcel.bytes.is_ascii() {
            if !knows(Extension::EightBitMime) {
                // With recipients in ASCII it is the job's own headers, which every mail has.
                let refusal = if is_ascii(&parcel.to) { Refusal::Everybody } else { Refusal::Recipient };
                return Err(needs("8BITMIME", "the mail holds bytes", refusal));
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        Ok(parameters)
    }
}

fn mechanisms(login: Login) -> Vec<Mechanism> {
    match login {
        Login::Any => DEFAULT_MECHANISMS.to_vec(),
        Login::Plain => vec![Mechanism::Plain],
        Login::Login => vec![Mechanism::Login],
        Login::Xoauth2 => vec![Mechanism::Xoauth2],
    }
}

async fn addresses(server: &Server, patience: &Patience) -> Result<Vec<SocketAddr>, Trouble> {
    let looked_up = tokio::net::lookup_host((server.host.as_str(), server.port));
    let found: Vec<SocketAddr> = before_mail("the name of the host", patience.step_of(looked_up).await)?.collect();
    if found.is_empty() {
        let problem = "the name of the host has no address".to_owned();
        return Err(Trouble { problem, refusal: Refusal::Everybody, is_answered: false });
    }
    Ok(found)
}

/// One address that does not answer must not use up the time of the others.
fn share_of(limit: Duration, addresses: usize) -> Duration {
    limit / u32::try_from(addresses.max(1)).unwrap_or(u32::MAX)
}

async fn reach(addresses: &[SocketAddr], limit: Duration) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::from(std::io::ErrorKind::TimedOut);
    for address in addresses {
        match tokio::time::timeout(share_of(limit, addresses.len()), TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // The last dot goes in a packet of its own and must not wait for an answer to the one before.
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(_) => {}
        }
    }
    Err(last)
}

/// A step before there is a mail: whatever goes wrong, no mail can be handed over now.
fn before_mail<T, E: Display>(what: &str, ended: Result<Result<T, E>, CutOff>) -> Result<T, Trouble> {
    let problem = match ended {
        Ok(Ok(done)) => return Ok(done),
        Ok(Err(error)) => format!("{what}: {error}"),
        Err(cut_off) => said(what, cut_off),
    };
    Err(Trouble { problem, refusal: Refusal::Everybody, is_answered: false })
}

/// A step of a mail, with the answer that it must have.
fn checked(
    what: &str,
    step: Step,
    expected: Severity,
    parcel: &Parcel<'_>,
    ended: Result<Result<Response, SmtpError>, CutOff>,
) -> Result<Response, Trouble> {
    // After the last dot nobody but the server knows whether it took the mail; before, it did not.
    let is_content = step == Step::Content;
    let of_a_break = if is_content { Refusal::Unknown } else { Refusal::Everybody };
    let of_a_silence = if is_content { Refusal::Silence } else { Refusal::Everybody };
    let broken = |problem: String| Trouble { problem, refusal: of_a_break, is_answered: false };
    let error = match ended {
        Ok(Ok(answer)) if answer.code().severity == expected => return Ok(answer),
        Ok(Ok(answer)) => return Err(broken(format!("{what}: the server answered {}", answer.code()))),
        Ok(Err(error)) => error,
        Err(cut_off) => return Err(Trouble { refusal: of_a_silence, ..broken(said(what, cut_off)) }),
    };
    let problem = format!("{what}: {error}");
    match error.status().map(u16::from) {
        Some(code) => {
            let refusal = meaning(step, code, &problem, parcel.from.as_ref(), parcel.to.as_ref());
            Err(Trouble { problem, refusal, is_answered: code != 421 })
        }
        None => Err(broken(problem)),
    }
}

fn said(what: &str, cut_off: CutOff) -> String {
    match cut_off {
        CutOff::Silent(limit) => format!("{what}: no answer within {} s", limit.as_secs_f64()),
        CutOff::Stopped => format!("{what}: stopped by a signal"),
    }
}
