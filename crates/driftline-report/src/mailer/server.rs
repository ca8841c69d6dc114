//! The mail server that a job names.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use driftline_core::basics::plain;

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// TLS from the first byte, port 465: what RFC 8314 recommends.
    Implicit,
    /// STARTTLS, refused if the server does not offer it or anything came with its go-ahead in clear; port 587.
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
    /// The deadline of a whole step: looking up the host, connecting with TLS, each command with its answer. Five times that for
    /// a mail and the answer to it.
    pub timeout: Duration,
}

impl Server {
    /// A server's words as they may be kept and shown: one line that steers nothing, and not our own secrets, which some servers
    /// repeat when they refuse a login.
    pub(super) fn heard(&self, words: &str) -> String {
        let mut shown = plain::line(&plain::without_secrets(words));
        let Some((user, password)) = self.credentials.as_ref().filter(|(_, password)| !password.is_empty()) else {
            return shown;
        };
        let as_sent = [
            format!("\0{user}\0{password}"),
            format!("user={user}\x01auth=Bearer {password}\x01\x01"),
            password.clone(),
        ];
        for secret in as_sent {
            shown = shown.replace(&STANDARD.encode(&secret), "…").replace(&plain::line(&secret), "…");
        }
        shown
    }
}
