//! Hands stored bytes to an SMTP server: one recipient a message, TLS unless the server is on this machine.

use std::time::Duration;

use lettre::address::Envelope;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use crate::error::{Error, Refusal, Result};

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// TLS from the first byte, port 465.
    Implicit,
    /// STARTTLS, refused if the server does not offer it, port 587.
    Starttls,
    /// No encryption; only to loopback addresses.
    None,
}

/// How the user and password are handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Login {
    /// PLAIN where the server offers it, else LOGIN.
    #[default]
    Any,
    Plain,
    Login,
    /// The password is an OAuth 2 access token.
    Xoauth2,
}

/// A mail server with its secrets already read from the environment.
#[derive(Clone)]
pub struct Server {
    pub host: String,
    pub port: u16,
    pub encryption: Encryption,
    pub credentials: Option<(String, String)>,
    pub login: Login,
    /// PEM of an own certificate authority.
    pub certificate_authority: Option<Vec<u8>>,
    pub hello_name: String,
    pub timeout: Duration,
}

pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    shown: String,
}

impl Mailer {
    /// Prepares a pooled connection; nothing is sent yet.
    ///
    /// # Errors
    /// `Error::Server` for a host without encryption that is not loopback, or a certificate that does not parse.
    pub fn new(server: &Server) -> Result<Self> {
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
            Encryption::None => Tls::None,
            Encryption::Implicit => Tls::Wrapper(parameters.build_rustls().map_err(|error| wrong(error.to_string()))?),
            Encryption::Starttls => Tls::Required(parameters.build_rustls().map_err(|error| wrong(error.to_string()))?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .tls(tls)
            .timeout(Some(server.timeout))
            .hello_name(ClientId::Domain(server.hello_name.clone()));
        if let Some((user, password)) = &server.credentials {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
            let mechanism = match server.login {
                Login::Any => None,
                Login::Plain => Some(Mechanism::Plain),
                Login::Login => Some(Mechanism::Login),
                Login::Xoauth2 => Some(Mechanism::Xoauth2),
            };
            if let Some(mechanism) = mechanism {
                builder = builder.authentication(vec![mechanism]);
            }
        }
        Ok(Self { transport: builder.build(), shown })
    }

    /// Connects, encrypts and logs in, and sends nothing.
    ///
    /// # Errors
    /// `Error::Server` with what did not work.
    pub async fn test(&self) -> Result<()> {
        let failed = |problem: String, refusal| Error::Server { server: self.shown.clone(), problem, refusal };
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(failed("the server does not answer NOOP".to_owned(), Refusal::Later)),
            // Nothing was handed over yet, so a broken connection leaves nothing unknown.
            Err(error) => match refusal(&error) {
                Refusal::Unknown => Err(failed(error.to_string(), Refusal::Later)),
                other => Err(failed(error.to_string(), other)),
            },
        }
    }

    /// Sends stored bytes, unchanged, to one recipient.
    ///
    /// # Errors
    /// `Error::Message` for an address that does not parse, `Error::Server` with the server's answer and what it means.
    pub async fn send(&self, from: &str, recipient: &str, bytes: &[u8]) -> Result<()> {
        let address = |text: &str| -> Result<Address> {
            text.parse::<Mailbox>()
                .map(|mailbox| mailbox.email)
                .map_err(|error| Error::Message { recipient: crate::message::mask(text), problem: error.to_string() })
        };
        let envelope = Envelope::new(Some(address(from)?), vec![address(recipient)?]).map_err(|error| {
            Error::Message { recipient: crate::message::mask(recipient), problem: error.to_string() }
        })?;
        match self.transport.send_raw(&envelope, bytes).await {
            Ok(_) => Ok(()),
            Err(error) => {
                Err(Error::Server { server: self.shown.clone(), problem: error.to_string(), refusal: refusal(&error) })
            }
        }
    }
}

fn refusal(error: &lettre::transport::smtp::Error) -> Refusal {
    let code = error.status().map(u16::from);
    match code {
        // RFC 4954: login failed, needed, too weak, or not without encryption.
        Some(530 | 534 | 535 | 538) => Refusal::Everybody,
        Some(400..=499) => Refusal::Later,
        Some(_) => Refusal::Recipient,
        None if error.is_client() || error.is_tls() => Refusal::Everybody,
        None => Refusal::Unknown,
    }
}
