//! The mail server of a job with its secrets, which come from the environment or from files and are never shown.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use driftline_ledger::{Courier, Outcome};
use driftline_report::mailer::{Mailer, Server};
use driftline_report::message::{Mail, Sender, address_of};
use driftline_report::{Error as ReportError, Refusal, message};

use crate::error::{Error, InPlace, Result};
use crate::setup::job::{Job, Smtp};
use crate::setup::worker::Worker;

/// Hands stored mails to the job's server.
pub(crate) struct ServerCourier {
    mailer: Mailer,
    from: String,
    recipient: Mutex<String>,
    is_closed: AtomicBool,
}

impl ServerCourier {
    pub(crate) fn new(mailer: Mailer, from: String) -> Self {
        Self { mailer, from, recipient: Mutex::default(), is_closed: AtomicBool::new(false) }
    }

    /// Whom the next mail goes to.
    pub(crate) fn now_to(&self, recipient: &str) {
        *self.recipient.lock().unwrap_or_else(PoisonError::into_inner) = recipient.to_owned();
    }

    /// Whether the server takes no mail now: it is silent, or refused the session, the login or the sender.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    pub(crate) fn mailer(&self) -> &Mailer {
        &self.mailer
    }
}

/// A mail server that is not connected yet; every wait for it ends when the process is told to stop.
///
/// # Errors
/// `Error::Job` without `[mail.smtp]` or a secret it names, `Error::Report` for a certificate that does not parse.
pub(crate) fn mailer(job: &Job, environment: &[(String, String)], worker: &Worker) -> Result<Mailer> {
    let smtp = job.mail.smtp.as_ref().ok_or_else(|| Error::Job {
        path: job.path.clone(),
        problem: "there is no [mail.smtp]: mails are files".to_owned(),
    })?;
    let hello_name = address_of(&job.mail.from);
    let hello_name = hello_name.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    Mailer::new(&server(job, smtp, hello_name, environment)?, worker.stop_signal()).in_place("mail server")
}

/// Who sends, with the DKIM key if the job names one.
///
/// # Errors
/// `Error::Job` if the key is not where the job says.
pub(crate) fn sender(job: &Job, environment: &[(String, String)]) -> Result<Sender> {
    let mail = &job.mail;
    let domain =
        address_of(&mail.from).rsplit_once('@').map_or("localhost".to_owned(), |(_, domain)| domain.to_owned());
    let write_to = mail.unsubscribe.as_ref().or(mail.reply_to.as_ref()).unwrap_or(&mail.from);
    Ok(Sender {
        from: mail.from.clone(),
        reply_to: mail.reply_to.clone(),
        write_to: address_of(write_to),
        dkim: dkim(job, &domain, environment)?,
        domain,
    })
}

#[async_trait]
impl Courier for ServerCourier {
    async fn send(&self, _mail: &str, bytes: Bytes) -> Outcome {
        let recipient = self.recipient.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let error = match self.mailer.send(&self.from, &recipient, &bytes).await {
            Ok(words) => return Outcome::Taken(without(&words, &recipient)),
            Err(error) => error,
        };
        // Servers repeat the address that they refuse.
        let words = without(&error.to_string(), &recipient);
        tracing::warn!(recipient = message::mask(&recipient), words, "mail was not taken");
        match &error {
            driftline_report::Error::Server { refusal: Refusal::Later, .. } => Outcome::TryLater(words),
            driftline_report::Error::Server { refusal: Refusal::Unknown, .. } => Outcome::Unknown(words),
            driftline_report::Error::Server { refusal: Refusal::Silence, .. } => {
                self.is_closed.store(true, Ordering::Relaxed);
                Outcome::Unknown(words)
            }
            driftline_report::Error::Server { refusal: Refusal::Everybody, .. } => {
                self.is_closed.store(true, Ordering::Relaxed);
                Outcome::TryLater(words)
            }
            _ => Outcome::Refused(words),
        }
    }
}

/// A text with an address masked, however it is written.
fn without(text: &str, recipient: &str) -> String {
    let address = message::address_of(recipient);
    let (mut rest, mut masked) = (text, String::new());
    while let Some(place) = rest.to_ascii_lowercase().find(&address).filter(|_| !address.is_empty()) {
        masked.push_str(&rest[..place]);
        masked.push_str(&message::mask(recipient));
        rest = &rest[place + address.len()..];
    }
    masked + rest
}

/// # Errors
/// `Error::Job` naming the environment variable that is not set, `Error::ProjectFile` for a file that cannot be read.
pub(crate) fn server(job: &Job, smtp: &Smtp, hello_name: &str, environment: &[(String, String)]) -> Result<Server> {
    let wrong = |problem: &str| Error::Job { path: job.path.clone(), problem: problem.to_owned() };
    let user = secret(job, "mail.smtp.user_env", smtp.user_env.as_deref(), None, environment)?;
    let password = secret(
        job,
        "mail.smtp.password_env",
        smtp.password_env.as_deref(),
        smtp.password_file.as_deref(),
        environment,
    )?;
    let credentials = match (user, password) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        _ => return Err(wrong("mail.smtp: a user goes with a password (user_env with password_env or password_file)")),
    };
    let certificate_authority = smtp.ca_file.as_deref().map(read).transpose()?;
    Ok(Server {
        host: smtp.host.clone(),
        port: smtp.port,
        encryption: smtp.encryption,
        credentials,
        login: smtp.login,
        certificate_authority,
        hello_name: hello_name.to_owned(),
        timeout: Duration::from_secs(smtp.timeout_seconds),
    })
}

/// The key that signs mails, if the job has one.
pub(crate) fn dkim(job: &Job, sender_domain: &str, environment: &[(String, String)]) -> Result<Option<message::Dkim>> {
    let Some(dkim) = &job.mail.dkim else { return Ok(None) };
    let key = secret(job, "mail.dkim.key_env", dkim.key_env.as_deref(), dkim.key_file.as_deref(), environment)?;
    let Some(key) = key else {
        let problem = "mail.dkim needs key_env or key_file".to_owned();
        return Err(Error::Job { path: job.path.clone(), problem });
    };
    let domain = dkim.domain.clone().unwrap_or_else(|| sender_domain.to_owned());
    Ok(Some(message::Dkim { selector: dkim.selector.clone(), domain, key }))
}

/// From the environment variable that the job names, or from a file; `None` if it names neither.
fn secret(
    job: &Job,
    key: &str,
    name: Option<&str>,
    file: Option<&Path>,
    environment: &[(String, String)],
) -> Result<Option<String>> {
    if let Some(path) = file {
        let bytes = read(path)?;
        return Ok(Some(String::from_utf8_lossy(&bytes).trim_end().to_owned()));
    }
    let Some(name) = name else { return Ok(None) };
    let found = environment.iter().find(|(variable, _)| variable == name).map(|(_, value)| value.clone());
    let missing = || Error::Job {
        path: job.path.clone(),
        problem: format!("{key} names the environment variable {name}, which is not set"),
    };
    found.map(Some).ok_or_else(missing)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| Error::ProjectFile { path: PathBuf::from(path), source })
}

/// Tries three times, waiting longer each time, unless the server says that trying again is useless.
pub(crate) async fn deliver(mailer: &Mailer, from: &str, mail: &Mail) -> driftline_report::Result<()> {
    let mut wait = Duration::from_millis(500);
    for _ in 0..2 {
        match mailer.send(from, &mail.recipient, &mail.bytes).await {
            Err(error @ ReportError::Server { refusal: Refusal::Later, .. }) => {
                if mailer.pause(wait).await {
                    return Err(error);
                }
            }
            done => return done.map(|_| ()),
        }
        wait *= 4;
    }
    mailer.send(from, &mail.recipient, &mail.bytes).await.map(|_| ())
}
