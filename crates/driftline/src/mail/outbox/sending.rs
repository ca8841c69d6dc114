//! Sending what is stored: who may get it, in which order, what ends a batch, and who is told.

use std::time::Duration;

use driftline_ledger::{Action, Delivery, Lease, MailPlan, MailState, OutboxEntry, Publication, next_action};
use driftline_report::mailer::Mailer;
use driftline_report::message::{Mail, address_of, mask, recipient_of};
use driftline_report::{Error as ReportError, Refusal};

use super::{MailSender, Sent};
use crate::error::{Error, InPlace, Result, chain};
use crate::mail::mail_server::{ServerCourier, deliver};
use crate::setup::job::check_address;

/// A stored mail that is not known to be sent.
#[derive(Clone, Copy)]
struct Open<'a> {
    mail: &'a str,
    /// A person asked for it, now or with `send --to`.
    is_asked: bool,
}

impl MailSender<'_> {
    /// Takes every mail of a publication one step further, under the lease of its slot; does nothing without `[mail.smtp]`. What
    /// was taken is never sent again; a refusal of one recipient is told to the owner and does not stop the others; a refused
    /// sender, login or session stops all, and the others wait.
    ///
    /// # Errors
    /// `Error::Ledger` / `Error::Job`; that a mail was not taken is in [`Sent`].
    pub async fn send(&self, publication: &Publication, lease: &Lease) -> Result<Sent> {
        if self.job.mail.smtp.is_none() {
            return Ok(Sent::default());
        }
        let place = format!("{} {}", publication.market, publication.period);
        let mut open = self.ledger.outbox_of(publication).await.in_place(&place)?;
        open.retain(|entry| publication.mails == MailPlan::Send || entry.is_asked);
        // A mail that the server goes silent over must not be in front of the others every time.
        open.sort_by_key(|entry| entry.attempts);
        let letters: Vec<Open> =
            open.iter().map(|entry| Open { mail: &entry.mail, is_asked: entry.is_asked }).collect();
        self.hand_over(publication, &letters, lease, false).await
    }

    /// As [`MailSender::send`], for a period that was just published: whatever goes wrong with its mails, it stays published, and they
    /// wait.
    pub async fn send_or_say(&self, publication: &Publication, lease: &Lease) -> Sent {
        let sent = self.send(publication, lease).await;
        sent.unwrap_or_else(|error| Sent { problem: Some(chain(&error)), ..Sent::default() })
    }

    /// Sends mails because a person says so, whatever became of them, but for those that are known to be sent.
    ///
    /// # Errors
    /// As [`MailSender::send`].
    pub async fn send_anyway(&self, publication: &Publication, names: &[&str], lease: &Lease) -> Result<Sent> {
        let letters: Vec<Open> = names.iter().map(|mail| Open { mail, is_asked: true }).collect();
        self.hand_over(publication, &letters, lease, true).await
    }

    async fn hand_over(
        &self,
        publication: &Publication,
        letters: &[Open<'_>],
        lease: &Lease,
        by_person: bool,
    ) -> Result<Sent> {
        let mut done = Sent::default();
        if self.job.mail.smtp.is_none() || letters.is_empty() {
            return Ok(done);
        }
        let slot = format!("{} {}", publication.market, publication.period);
        let courier = ServerCourier::new(self.mailer()?, self.job.mail.from.clone());
        // Before anything is handed over: a server that is down or refuses us leaves every mail waiting, none unknown.
        if let Err(error) = courier.mailer().test().await {
            done.problem = Some(error.to_string());
            done.is_unreachable = true;
            return Ok(done);
        }
        let mut refused = Vec::new();
        for Open { mail: name, is_asked } in letters {
            self.worker.pulse.beats();
            let bytes = self.ledger.read(publication, &format!("mails/{name}.eml")).await.in_place(&slot)?;
            let Some(recipient) = recipient_of(&bytes) else { continue };
            if !self.may_get(&recipient, *is_asked) {
                // Not for ever in the queue: a person may still send it.
                if !by_person {
                    self.ledger.hold(publication, name, lease).await.in_place(&slot)?;
                }
                done.suppressed += 1;
                continue;
            }
            courier.now_to(&recipient);
            let delivery = self.step((publication, name), lease, &courier, by_person).await.in_place(&slot)?;
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
        courier.mailer().close().await;
        Ok(done)
    }

    /// Whether somebody may be sent a stored mail now: they do not want none, their domain is allowed, and, unless a person asked,
    /// they are still a recipient of the job.
    fn may_get(&self, recipient: &str, is_asked: bool) -> bool {
        let address = address_of(recipient);
        let mail = &self.job.mail;
        // A data alarm goes to who answers the mails, if nobody owns the refresh.
        let entered = || mail.recipients.iter().map(|other| &other.to).chain(&mail.reply_to);
        let is_recipient = || entered().any(|other| address_of(other) == address);
        !self.suppressed.holds(recipient, self.now.date_naive())
            && check_address(&self.job.mail, recipient).is_ok()
            && (is_asked || is_recipient())
    }

    /// Tries a mail three times while the server says "later", waiting longer each time.
    async fn step(
        &self,
        (publication, name): (&Publication, &str),
        lease: &Lease,
        courier: &ServerCourier,
        by_person: bool,
    ) -> driftline_ledger::Result<Delivery> {
        let mut wait = Duration::from_millis(500);
        for is_last in [false, false, true] {
            let delivery = if by_person {
                driftline_ledger::send_anyway(self.ledger, (publication, name), lease, courier).await?
            } else {
                driftline_ledger::deliver(self.ledger, (publication, name), lease, self.job.mail.on_unknown, courier)
                    .await?
            };
            if is_last || courier.is_closed() || !matches!(delivery, Delivery::Later(_)) {
                return Ok(delivery);
            }
            if courier.mailer().pause(wait).await {
                return Ok(delivery);
            }
            wait *= 4;
        }
        Ok(Delivery::Elsewhere)
    }

    /// The same bytes and Message-ID again, whatever the outbox says; it gets no note. A refusal of one recipient does not stop
    /// the others.
    ///
    /// # Errors
    /// `Error::Job` for a secret that is not there; that a mail was not taken is in [`Sent`].
    pub async fn once_more(&self, mails: &[Mail]) -> Result<Sent> {
        let mailer = self.mailer()?;
        let mut done = Sent::default();
        for mail in mails {
            if !self.may_get(&mail.recipient, true) {
                done.suppressed += 1;
                continue;
            }
            let Err(error) = deliver(&mailer, &self.job.mail.from, mail).await else {
                done.taken += 1;
                continue;
            };
            done.problem.get_or_insert_with(|| format!("{}: {error}", mask(&mail.recipient)));
            if matches!(error, ReportError::Server { refusal: Refusal::Everybody | Refusal::Silence, .. }) {
                break;
            }
        }
        mailer.close().await;
        Ok(done)
    }

    /// Sends mails that wait or whose fate is unknown, if there are any; takes the slot's lease for it. If another process works
    /// on the slot, it sends them.
    ///
    /// # Errors
    /// As [`MailSender::send`].
    pub async fn send_waiting(&self, publication: &Publication) -> Result<Sent> {
        let place = format!("{} {}", publication.market, publication.period);
        if self.job.mail.smtp.is_none() {
            return Ok(Sent::default());
        }
        let open = self.ledger.outbox_of(publication).await.in_place(&place)?;
        let policy = self.job.mail.on_unknown;
        if open.iter().all(|entry| next_action(&entry.state, policy) == Action::Nothing) {
            let is_held = |entry: &&OutboxEntry| entry.state == MailState::Held && publication.mails == MailPlan::Send;
            let held = open.iter().filter(is_held).count();
            return Ok(Sent { held, ..Sent::default() });
        }
        let held = match self.worker.hold(self.ledger, &publication.slot(), self.job.limits.lease).await {
            Err(Error::Busy { .. }) => return Ok(Sent::default()),
            held => held?,
        };
        let sent = self.send(publication, &held.lease).await;
        held.release().await;
        sent
    }

    /// A refusal that the owner cannot be told of is still in the log and in the outbox.
    async fn tell_owner(&self, mailer: &Mailer, publication: &Publication, refused: &[String]) {
        let (market, period) = (&publication.market, publication.period);
        let subject = format!("{}: {} mail(s) of {market} {period} refused", self.job.title, refused.len());
        let text = format!(
            "The report of {market} {period} is published. These mails were refused by the mail server and are not tried again:\n\n{}\n\nCorrect the addresses in {}, and send the report to the right ones with:\n\n    driftline send {market} {period} --to <address> --role <role>\n",
            refused.iter().map(|problem| format!("- {problem}")).collect::<Vec<_>>().join("\n"),
            self.job.path.file_name().unwrap_or_default().to_string_lossy(),
        );
        let seed = format!("{}/refused", publication.run);
        self.owner().tell_by(mailer, &subject, &text, &seed).await;
    }
}
