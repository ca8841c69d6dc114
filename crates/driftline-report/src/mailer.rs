//! Hands stored bytes to an SMTP server: one recipient a message, TLS unless the server is on this machine.

use std::time::Duration;

use lettre::address::Envelope;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use crate::error::{Error, Result};

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

/// A mail server with its secrets already read from the environment.
#[derive(Clone)]
pub struct Server {
    pub host: String,
    pub port: u16,
    pub encryption: Encryption,
    pub credentials: Option<(String, String)>,
    pub use_xoauth2: bool,
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
        let wrong = |problem: String| Error::Server { server: shown.clone(), problem, is_permanent: true };
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
            if server.use_xoauth2 {
                builder = builder.authentication(vec![Mechanism::Xoauth2]);
            }
        }
        Ok(Self { transport: builder.build(), shown })
    }

    /// Sends stored bytes, unchanged, to one recipient.
    ///
    /// # Errors
    /// `Error::Message` for an address that does not parse, `Error::Server` with the server's answer; `is_permanent` for a 5xx.
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
            Err(error) => Err(Error::Server {
                server: self.shown.clone(),
                problem: error.to_string(),
                is_permanent: error.is_permanent() || error.is_client(),
            }),
        }
    }
}
