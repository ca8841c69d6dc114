//! The mails of a publication: rendered once, stored with it, sent from the stored bytes.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use driftline_core::audience::Audience;
use driftline_core::report::{HeadlineKind, Report};
use driftline_ledger::{Action, Delivery, Lease, Ledger, MailPlan, MailState, Publication, next_action};
use driftline_report::mailer::Mailer;
use driftline_report::message::{self, Identity, Mail, Sender, address_of, mask, recipient_of};
use driftline_report::view::Letter;
use driftline_report::{Refusal, Templates};

use crate::error::{Error, InPlace, Result};
use crate::job::{Job, Recipient, check_address};
use crate::mail_server::{self, ServerCourier};
use crate::owner::Owner;
use crate::suppression::Suppressed;
use crate::worker::Worker;

/// All that rendering and sending need of a job.
#[derive(Clone, Copy)]
pub struct Post<'a> {
    pub job: &'a Job,
    pub ledger: &'a Ledger,
    pub templates: &'a Templates,
    pub suppressed: &'a Suppressed,
    pub environment: &'a [(String, String)],
    pub now: DateTime<Utc>,
}

/// How many mails of a publication went where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    pub taken: usize,
    /// Recipients who want no mail.
    pub suppressed: usize,
    /// Left to a person.
    pub held: usize,
    /// Why the first of those that were not taken was not.
    pub problem: Option<String>,
}

impl Post<'_> {
    /// Renders the mail of every recipient of the job who wants one. `earlier` is the revision that this one corrects.
    ///
    /// # Errors
    /// `Error::Report` for a template that does not render or an address that does not parse, `Error::Job` for a secret that is
    /// not there.
    pub fn render(&self, report: &Report, location: &str, earlier: Option<&Publication>) -> Result<Vec<Mail>> {
        let place = format!("{} {}", report.market, report.period);
        let sender = self.sender()?;
        let today = self.now.date_naive();
        let readers = self.readers(report.headline.kind == HeadlineKind::DataAlarm);
        let wanted = readers.iter().filter(|recipient| !self.suppressed.holds(&recipient.to, today));
        wanted
            .map(|recipient| {
                let corrects = earlier.and_then(|earlier| mail_of(earlier, &recipient.to));
                self.letter(report, location, recipient, &sender, self.now, corrects.as_ref()).in_place(&place)
            })
            .collect()
    }

    /// Who gets a mail: every recipient, or of a data alarm the owner alone, else who answers the mails.
    fn readers(&self, is_alarm: bool) -> Vec<Recipient> {
        let mail = &self.job.file.mail;
        if !is_alarm {
            return mail.recipients.clone();
        }
        let is_owner = |recipient: &&Recipient| recipient.role == Audience::Owner;
        let owners: Vec<Recipient> = mail.recipients.iter().filter(is_owner).cloned().collect();
        let answering = || mail.reply_to.iter().map(|to| Recipient { to: to.clone(), role: Audience::Owner });
        if owners.is_empty() { answering().collect() } else { owners }
    }

    /// The mail to one recipient, dated `date`.
    pub(crate) fn letter(
        &self,
        report: &Report,
        location: &str,
        recipient: &Recipient,
        sender: &Sender,
        date: DateTime<Utc>,
        corrects: Option<&Identity>,
    ) -> driftline_report::Result<Mail> {
        let role = match recipient.role {
            Audience::Everyone => String::new(),
            role => format!(" in the role {role}"),
        };
        let reason = format!("You receive this because you are a recipient of the job {}{role}.", self.job.name);
        let letter =
            Letter { audience: recipient.role, report_location: location, reason: &reason, write_to: &sender.write_to };
        let text = self.templates.mail(report, &letter)?;
        message::build(report, &text, sender, &recipient.to, SystemTime::from(date), corrects)
    }

    /// Who sends, with the DKIM key if the job names one.
    ///
    /// # Errors
    /// `Error::Job` if the key is not where the job says.
    pub fn sender(&self) -> Result<Sender> {
        mail_server::sender(self.job, self.environment)
    }

    /// Takes every mail of a publication one step further, under the lease of its slot; does nothing without `[mail.smtp]`. What
    /// was taken is never sent again; a refusal of one recipient is told to the owner and does not stop the others; a refused
    /// login stops all.
    ///
    /// # Errors
    /// `Error::Ledger` / `Error::Job`; that a mail was not taken is in [`Sent`].
    pub async fn send(&self, publication: &Publication, lease: &Lease) -> Result<Sent> {
        let names: Vec<&str> = publication.mails().collect();
        self.hand_over(publication, &names, lease, false).await
    }

    /// As [`Post::send`], for a period that was just published: whatever goes wrong with its mails, it stays published, and they
    /// wait.
    pub async fn send_or_say(&self, publication: &Publication, lease: &Lease) -> Sent {
        let sent = self.send(publication, lease).await;
        sent.unwrap_or_else(|error| Sent { problem: Some(crate::command::chain(&error)), ..Sent::default() })
    }

    /// Sends mails because a person says so, whatever became of them, but for those that are known to be sent.
    ///
    /// # Errors
    /// As [`Post::send`].
    pub async fn send_anyway(&self, publication: &Publication, names: &[&str], lease: &Lease) -> Result<Sent> {
        self.hand_over(publication, names, lease, true).await
    }

    async fn hand_over(
        &self,
        publication: &Publication,
        names: &[&str],
        lease: &Lease,
        by_person: bool,
    ) -> Result<Sent> {
        let mut done = Sent::default();
        if self.job.file.mail.smtp.is_none() || names.is_empty() {
            return Ok(done);
        }
        let slot = format!("{} {}", publication.market, publication.period);
        let courier = ServerCourier::new(self.mailer()?, self.job.file.mail.from.clone());
        // Before anything is handed over: a server that is down or refuses us leaves every mail waiting, none unknown.
        if let Err(error) = courier.mailer().test().await {
            done.problem = Some(error.to_string());
            return Ok(done);
        }
        let mut refused = Vec::new();
        for name in names {
            let bytes = self.ledger.read(publication, &format!("mails/{name}.eml")).await.in_place(&slot)?;
            let Some(recipient) = recipient_of(&bytes) else { continue };
            if !self.may_get(&recipient, by_person) {
                // Not for ever in the queue: a person may still send it.
                if !by_person {
                    self.ledger.hold(publication, name, lease).await.in_place(&slot)?;
                }
                done.suppressed += 1;
                continue;
            }
            courier.now_to(&recipient);
            let delivery = self.step(publication, name, lease, &courier, by_person).await.in_place(&slot)?;
            if let Delivery::Refused(words) | Delivery::Later(words) | Delivery::Unknown(words) = &delivery {
                done.problem.get_or_insert_with(|| words.clone());
            }
            match delivery {
                Delivery::Sent => done.taken += 1,
                Delivery::Refused(words) => refused.push(format!("{}: {words}", mask(&recipient))),
                Delivery::Held => done.held += 1,
                Delivery::Nothing(MailState::Held) => done.held += 1,
                Delivery::Later(_) | Delivery::Unknown(_) | Delivery::Nothing(_) | Delivery::Elsewhere => {}
            }
            if courier.is_closed() {
                break;
            }
        }
        if !refused.is_empty() {
            self.tell_owner(courier.mailer(), publication, &refused).await;
        }
        Ok(done)
    }

    /// Whether somebody may be sent a stored mail now: they do not want none, their domain is allowed, and, unless a person asks,
    /// they are still a recipient of the job.
    fn may_get(&self, recipient: &str, by_person: bool) -> bool {
        let address = address_of(recipient);
        let mail = &self.job.file.mail;
        let entered = || mail.recipients.iter().map(|other| &other.to).chain(&mail.reply_to);
        let is_recipient = || entered().any(|other| address_of(other) == address);
        !self.suppressed.holds(recipient, self.now.date_naive())
            && check_address(&self.job.file.mail, recipient).is_ok()
            && (by_person || is_recipient())
    }

    /// Tries a mail three times while the server says "later", waiting longer each time.
    async fn step(
        &self,
        publication: &Publication,
        name: &str,
        lease: &Lease,
        courier: &ServerCourier,
        by_person: bool,
    ) -> driftline_ledger::Result<Delivery> {
        let mut wait = Duration::from_millis(500);
        for is_last in [false, false, true] {
            let delivery = if by_person {
                driftline_ledger::send_anyway(self.ledger, publication, name, lease, courier).await?
            } else {
                driftline_ledger::deliver(self.ledger, publication, name, lease, self.job.file.mail.on_unknown, courier)
                    .await?
            };
            if is_last || courier.is_closed() || !matches!(delivery, Delivery::Later(_)) {
                return Ok(delivery);
            }
            tokio::time::sleep(wait).await;
            wait *= 4;
        }
        Ok(Delivery::Elsewhere)
    }

    /// The same bytes and Message-ID again, whatever the outbox says; it gets no note.
    ///
    /// # Errors
    /// `Error::Report` for the first mail that is not taken.
    pub async fn once_more(&self, publication: &Publication, mails: &[Mail]) -> Result<Sent> {
        let place = format!("{} {}", publication.market, publication.period);
        let mailer = self.mailer()?;
        let mut done = Sent::default();
        for mail in mails {
            if !self.may_get(&mail.recipient, true) {
                done.suppressed += 1;
                continue;
            }
            deliver(&mailer, &self.job.file.mail.from, mail).await.in_place(&place)?;
            done.taken += 1;
        }
        Ok(done)
    }

    /// Sends mails that wait or whose fate is unknown, if there are any; takes the slot's lease for it. If another process works
    /// on the slot, it sends them.
    ///
    /// # Errors
    /// As [`Post::send`].
    pub async fn send_waiting(&self, publication: &Publication, worker: &Worker) -> Result<Sent> {
        let place = format!("{} {}", publication.market, publication.period);
        if self.job.file.mail.smtp.is_none() || publication.mails != MailPlan::Send {
            return Ok(Sent::default());
        }
        let open = self.ledger.outbox_of(publication).await.in_place(&place)?;
        let policy = self.job.file.mail.on_unknown;
        if open.iter().all(|entry| next_action(&entry.state, policy) == Action::Nothing) {
            let held = open.iter().filter(|entry| entry.state == MailState::Held).count();
            return Ok(Sent { held, ..Sent::default() });
        }
        let held = match worker.hold(self.ledger, &publication.slot(), self.job.lease()).await {
            Err(Error::Busy { .. }) => return Ok(Sent::default()),
            held => held?,
        };
        let sent = self.send(publication, &held.lease).await;
        held.release().await;
        sent
    }

    /// As [`mail_server::mailer`].
    ///
    /// # Errors
    /// As there.
    pub fn mailer(&self) -> Result<Mailer> {
        mail_server::mailer(self.job, self.environment)
    }

    /// The mails as they lie in the publication.
    ///
    /// # Errors
    /// `Error::Ledger` if one cannot be read or is not what was published.
    pub async fn stored(&self, publication: &Publication) -> Result<Vec<Mail>> {
        let place = format!("{} {}", publication.market, publication.period);
        let mut mails = Vec::new();
        for object in publication.objects.iter().filter(|object| object.name.ends_with(".eml")) {
            let bytes = self.ledger.read(publication, &object.name).await.in_place(&place)?;
            let name = object.name.trim_start_matches("mails/").trim_end_matches(".eml").to_owned();
            if let Some(recipient) = recipient_of(&bytes) {
                mails.push(Mail { recipient, name, bytes: bytes.to_vec() });
            }
        }
        Ok(mails)
    }

    /// Who is told of failures.
    pub(crate) fn owner(&self) -> Owner<'_> {
        Owner { job: self.job, suppressed: self.suppressed, environment: self.environment, now: self.now }
    }

    /// A refusal that the owner cannot be told of is still in the log and in the outbox.
    async fn tell_owner(&self, mailer: &Mailer, publication: &Publication, refused: &[String]) {
        let (market, period) = (&publication.market, publication.period);
        let subject = format!("{}: {} mail(s) of {market} {period} refused", self.job.file.title, refused.len());
        let text = format!(
            "The report of {market} {period} is published. These mails were refused by the mail server and are not tried again:\n\n{}\n\nCorrect the addresses in {}, and send the report to the right ones with:\n\n    driftline send {market} {period} --to <address> --role <role>\n",
            refused.iter().map(|problem| format!("- {problem}")).collect::<Vec<_>>().join("\n"),
            self.job.path.file_name().unwrap_or_default().to_string_lossy(),
        );
        let seed = format!("{}/refused", publication.run);
        self.owner().tell_by(mailer, &subject, &text, &seed).await;
    }
}

/// Tries three times, waiting longer each time, unless the server says that trying again is useless.
pub(crate) async fn deliver(mailer: &Mailer, from: &str, mail: &Mail) -> driftline_report::Result<()> {
    let mut wait = Duration::from_millis(500);
    for _ in 0..2 {
        match mailer.send(from, &mail.recipient, &mail.bytes).await {
            Err(driftline_report::Error::Server { refusal: Refusal::Later, .. }) => tokio::time::sleep(wait).await,
            done => return done,
        }
        wait *= 4;
    }
    mailer.send(from, &mail.recipient, &mail.bytes).await
}

/// The identity of somebody's mail in a publication, if there is one.
fn mail_of(publication: &Publication, recipient: &str) -> Option<Identity> {
    let identity = Identity::new(
        &publication.job,
        publication.market.as_str(),
        &publication.period.to_string(),
        publication.revision,
        recipient,
    );
    publication.object(&format!("mails/{}.eml", identity.name())).map(|_| identity)
}
