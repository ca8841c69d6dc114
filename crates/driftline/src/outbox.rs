//! The mails of a publication: rendered once, stored with it, sent from the stored bytes.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use driftline_core::report::Report;
use driftline_ledger::Publication;
use driftline_report::Templates;
use driftline_report::mailer::{Mailer, Server};
use driftline_report::message::{self, Mail, Sender, mask};

use crate::error::{Error, InPlace, Result};
use crate::job::{Job, Smtp};
use crate::run::Room;

/// Renders the mail of every recipient of the job.
pub fn render(
    job: &Job,
    templates: &Templates,
    report: &Report,
    location: &str,
    now: DateTime<Utc>,
) -> driftline_report::Result<Vec<Mail>> {
    let sender = sender(job);
    let reason = format!("You receive this because you are a recipient of the job {} in its job file.", job.name);
    let text = templates.mail(report, location, &reason)?;
    job.file
        .mail
        .recipients
        .iter()
        .map(|recipient| message::build(report, &text, &sender, recipient, SystemTime::from(now)))
        .collect()
}

fn sender(job: &Job) -> Sender {
    let from = job.file.mail.from.clone();
    let domain = from.rsplit_once('@').map_or("localhost", |(_, domain)| domain.trim_end_matches('>')).to_owned();
    Sender { from, reply_to: job.file.mail.reply_to.clone(), domain }
}

/// Sends what was just published; does nothing without `[mail.smtp]`.
///
/// # Errors
/// `Error::Report` for the first mail that was not taken, after the others were tried.
pub async fn send(room: &Room, publication: &Publication, mails: &[Mail]) -> Result<usize> {
    let Some(smtp) = &room.job.file.mail.smtp else { return Ok(0) };
    let place = format!(
        "{} {}: published, but not all mails were sent; run the same command again",
        publication.market, publication.period
    );
    let mailer = Mailer::new(&server(room, smtp)?).in_place(&place)?;
    let from = sender(&room.job).from;
    let mut sent = 0;
    let mut first_failure = None;
    for mail in mails {
        if room.ledger.was_sent(publication, &mail.name).await.in_place(&place)? {
            continue;
        }
        room.ledger
            .note_mail(publication, &mail.name, "attempt", &note(room, "handed to the server"))
            .await
            .in_place(&place)?;
        match deliver(&mailer, &from, mail).await {
            Ok(()) => {
                room.ledger
                    .note_mail(publication, &mail.name, "sent", &note(room, "taken by the server"))
                    .await
                    .in_place(&place)?;
                sent += 1;
            }
            Err(error) => {
                tracing::warn!(recipient = mask(&mail.recipient), %error, "mail was not taken");
                first_failure.get_or_insert(error);
            }
        }
    }
    match first_failure {
        Some(source) => Err(Error::Report { place, source }),
        None => Ok(sent),
    }
}

/// Tries three times, waiting longer each time, unless the server says that trying again is useless.
async fn deliver(mailer: &Mailer, from: &str, mail: &Mail) -> driftline_report::Result<()> {
    let mut wait = Duration::from_millis(500);
    for _ in 0..2 {
        match mailer.send(from, &mail.recipient, &mail.bytes).await {
            Err(driftline_report::Error::Server { is_permanent: false, .. }) => tokio::time::sleep(wait).await,
            done => return done,
        }
        wait *= 4;
    }
    mailer.send(from, &mail.recipient, &mail.bytes).await
}

/// Sends stored mails that have no receipt yet: the bytes are those of the publication.
///
/// # Errors
/// As [`send`].
pub async fn send_stored(room: &Room, publication: &Publication) -> Result<usize> {
    if room.job.file.mail.smtp.is_none() {
        return Ok(0);
    }
    let place = format!("{} {}", publication.market, publication.period);
    let mut mails = Vec::new();
    for object in publication.objects.iter().filter(|object| object.name.ends_with(".eml")) {
        let bytes = room.ledger.read(publication, &object.name).await.in_place(&place)?;
        let name = object.name.trim_start_matches("mails/").trim_end_matches(".eml").to_owned();
        if let Some(recipient) = recipient_of(&bytes) {
            mails.push(Mail { recipient, name, bytes: bytes.to_vec() });
        }
    }
    send(room, publication, &mails).await
}

fn recipient_of(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    text.lines().take_while(|line| !line.is_empty()).find_map(|line| line.strip_prefix("To: ")).map(str::to_owned)
}

fn note(room: &Room, text: &str) -> String {
    format!("{{\"at\": \"{}\", \"note\": \"{text}\"}}\n", room.now.to_rfc3339())
}

fn server(room: &Room, smtp: &Smtp) -> Result<Server> {
    let wrong = |problem: String| Error::Job { path: room.job.path.clone(), problem };
    let secret = |name: &Option<String>| match name {
        None => Ok(None),
        Some(name) => room
            .environment
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| Some(value.clone()))
            .ok_or_else(|| wrong(format!("mail.smtp names the environment variable {name}, which is not set"))),
    };
    let credentials = match (secret(&smtp.user_env)?, secret(&smtp.password_env)?) {
        (Some(user), Some(password)) => Some((user, password)),
        (None, None) => None,
        _ => return Err(wrong("mail.smtp: user_env and password_env go together".to_owned())),
    };
    let certificate_authority = match &smtp.ca_file {
        None => None,
        Some(path) => Some(std::fs::read(path).map_err(|source| Error::ProjectFile { path: path.clone(), source })?),
    };
    Ok(Server {
        host: smtp.host.clone(),
        port: smtp.port,
        encryption: smtp.encryption,
        credentials,
        use_xoauth2: smtp.xoauth2,
        certificate_authority,
        hello_name: sender(&room.job).domain,
        timeout: Duration::from_secs(smtp.timeout_seconds),
    })
}
