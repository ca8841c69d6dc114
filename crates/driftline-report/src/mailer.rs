//! Hands stored bytes to an SMTP server: one recipient a message, TLS unless the server is on this machine.
//!
//! Every wait ends: by the server, by the deadline of its step, or by the signal to stop. A mail is in doubt only between its
//! last dot and the answer to it; whatever ends earlier, it was not taken.

mod answer;
mod patience;
mod server;
mod session;
mod wire;

use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use tokio::sync::Mutex;

use self::patience::Patience;
pub use self::patience::StopSignal;
pub use self::server::{Encryption, Login, Server};
use self::session::{Parcel, Session, Trouble};
use crate::error::{Error, Refusal, Result};
use crate::message::mailbox_of;

/// A server that is connected when it is first needed; mails go one after the other.
pub struct Mailer {
    server: Server,
    tls: Option<TlsParameters>,
    patience: Patience,
    open: Mutex<Option<Session>>,
}

impl Mailer {
    /// Nothing is connected yet. `stop` ends every wait.
    ///
    /// # Errors
    /// `Error::Server` for a host without encryption that is not loopback, or a certificate that does not parse.
    pub fn new(server: &Server, stop: StopSignal) -> Result<Self> {
        let shown = format!("{}:{}", server.host, server.port);
        let wrong = |problem: String| Error::Server { server: shown.clone(), problem, refusal: Refusal::Everybody };
        let loopback = matches!(server.host.as_str(), "localhost" | "127.0.0.1" | "::1");
        if server.encryption == Encryption::None && !loopback {
            return Err(wrong(
                "encryption = \"none\" is allowed to this machine only; use \"implicit\" or \"starttls\"".to_owned(),
            ));
        }
        let mut parameters = TlsParameters::builder(server.host.clone());
        if let Some(pem) = &server.certificate_authority {
            let certificate = Certificate::from_pem(pem).map_err(|error| wrong(format!("ca_file: {error}")))?;
            parameters = parameters.add_root_certificate(certificate);
        }
        let tls = match server.encryption {
            Encryption::None => None,
            Encryption::Implicit | Encryption::Starttls => {
                Some(parameters.build_rustls().map_err(|error| wrong(error.to_string()))?)
            }
        };
        let patience = Patience::new(server.timeout, stop);
        Ok(Self { server: server.clone(), tls, patience, open: Mutex::default() })
    }

    /// Connects, encrypts and logs in, and sends nothing; the connection stays open for mails.
    ///
    /// # Errors
    /// `Error::Server` with what did not work.
    pub async fn test(&self) -> Result<()> {
        let session = self.opened().await?;
        *self.open.lock().await = Some(session);
        Ok(())
    }

    /// Sends stored bytes, unchanged, to one recipient; gives the server's words.
    ///
    /// # Errors
    /// `Error::Message` for an address that does not parse, `Error::Server` with the server's answer and what it means.
    pub async fn send(&self, from: &str, recipient: &str, bytes: &[u8]) -> Result<String> {
        let problem_of = |error: lettre::address::AddressError| format!("the address of the sender: {error}");
        let sender = address(from).map_err(|error| {
            self.failed(Trouble { problem: problem_of(error), refusal: Refusal::Everybody, is_answered: true })
        })?;
        let to = address(recipient).map_err(|error| Error::Message {
            recipient: crate::message::mask(recipient),
            problem: error.to_string(),
        })?;
        let parcel = Parcel { from: sender, to, bytes };
        let mut open = self.open.lock().await;
        let mut session = match open.take() {
            Some(session) => self.used_on(session).await,
            None => self.opened().await,
        }?;
        let handed_over = session.hand_over(&parcel).await;
        if handed_over.as_ref().err().is_none_or(|trouble| trouble.is_answered) {
            *open = Some(session);
        }
        match handed_over {
            Ok(words) => Ok(self.server.heard(&words)),
            Err(trouble) => Err(self.failed(trouble)),
        }
    }

    /// Waits between two tries; whether the signal to stop ended it.
    pub async fn pause(&self, length: Duration) -> bool {
        self.patience.pause(length).await
    }

    /// Says goodbye to the server, if it is connected.
    pub async fn close(&self) {
        if let Some(session) = self.open.lock().await.take() {
            session.close().await;
        }
    }

    /// The connection of the mail before, or a new one if the server ended it.
    async fn used_on(&self, mut session: Session) -> Result<Session> {
        if session.is_ready().await { Ok(session) } else { self.opened().await }
    }

    async fn opened(&self) -> Result<Session> {
        let session = Session::open(&self.server, self.tls.as_ref(), &self.patience).await;
        session.map_err(|trouble| self.failed(trouble))
    }

    fn failed(&self, trouble: Trouble) -> Error {
        let server = format!("{}:{}", self.server.host, self.server.port);
        Error::Server { server, problem: self.server.heard(&trouble.problem), refusal: trouble.refusal }
    }
}

fn address(text: &str) -> std::result::Result<Address, lettre::address::AddressError> {
    mailbox_of(text).map(|mailbox| mailbox.email)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn a_server_that_repeats_a_login_is_not_quoted() {
        let server = Server {
            host: "mail.example.com".to_owned(),
            port: 465,
            encryption: Encryption::Implicit,
            credentials: Some(("ada".to_owned(), "correct horse".to_owned())),
            login: Login::Any,
            certificate_authority: None,
            hello_name: "localhost".to_owned(),
            timeout: Duration::from_secs(1),
        };
        let encoded = STANDARD.encode("\0ada\0correct horse");
        let words =
            format!("535 no `correct horse`, AUTH PLAIN {encoded}\r\n\u{1b}[2J see http://a:b@host/?t=1\u{202e}");
        assert_eq!(server.heard(&words), "535 no `…`, AUTH PLAIN …   [2J see http://host/?…");
    }
}
