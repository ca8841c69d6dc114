//! The mails of a publication: rendered once, stored with it, sent from the stored bytes.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use driftline_core::report::{Audience, HeadlineKind, Report};
use driftline_ledger::{Ledger, Publication};
use driftline_report::Templates;
use driftline_report::mailer::Mailer;
use driftline_report::message::{self, Envelope, Identity, Mail, Sender, recipient_of};
use driftline_report::view::Letter;

use crate::error::{InPlace, Result};
use crate::mail::mail_server;
use crate::mail::owner::Owner;
use crate::setup::job::{Job, Recipient};
use crate::setup::job_context::JobContext;
use crate::setup::suppression::Suppressed;
use crate::setup::worker::Worker;

mod sending;

/// All that rendering and sending need of a job.
#[derive(Clone, Copy)]
pub struct MailSender<'a> {
    pub job: &'a Job,
    pub ledger: &'a Ledger,
    pub templates: &'a Templates,
    pub suppressed: &'a Suppressed,
    pub environment: &'a [(String, String)],
    pub now: DateTime<Utc>,
    pub worker: &'a Worker,
}

/// How many mails of a publication went where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    pub taken: usize,
    /// Recipients who want no mail.
    pub suppressed: usize,
    /// Left to a person.
    pub held: usize,
    /// The server could not be reached, or let nobody in: other mails of the job need not try now.
    pub is_unreachable: bool,
    /// Why the first of those that were not taken was not.
    pub problem: Option<String>,
}

/// What all mails of a report have.
pub(crate) struct Letterhead<'a> {
    /// Where its readers find the page.
    pub(crate) location: &'a str,
    pub(crate) sender: &'a Sender,
    pub(crate) date: DateTime<Utc>,
}

impl<'a> MailSender<'a> {
    /// What rendering and sending mails need of a job that is open.
    pub fn of(context: &'a JobContext) -> Self {
        Self {
            job: &context.job,
            ledger: &context.ledger,
            templates: &context.templates,
            suppressed: &context.suppressed,
            environment: &context.environment,
            now: context.now,
            worker: &context.worker,
        }
    }
}

impl MailSender<'_> {
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
        let head = Letterhead { location, sender: &sender, date: self.now };
        let wanted = readers.iter().filter(|recipient| !self.suppressed.holds(&recipient.to, today));
        wanted
            .map(|recipient| {
                let corrects = earlier.and_then(|earlier| mail_of(earlier, &recipient.to));
                self.letter(report, recipient, &head, corrects.as_ref()).in_place(&place)
            })
            .collect()
    }

    /// Who gets a mail: every recipient, or of a data alarm the owner alone, else who answers the mails.
    fn readers(&self, is_alarm: bool) -> Vec<Recipient> {
        let mail = &self.job.mail;
        if !is_alarm {
            return mail.recipients.clone();
        }
        let is_owner = |recipient: &&Recipient| recipient.role == Audience::Owner;
        let owners: Vec<Recipient> = mail.recipients.iter().filter(is_owner).cloned().collect();
        let answering = || mail.reply_to.iter().map(|to| Recipient { to: to.clone(), role: Audience::Owner });
        if owners.is_empty() { answering().collect() } else { owners }
    }

    /// The mail to one recipient.
    pub(crate) fn letter(
        &self,
        report: &Report,
        recipient: &Recipient,
        head: &Letterhead<'_>,
        corrects: Option<&Identity>,
    ) -> driftline_report::Result<Mail> {
        let Letterhead { location, sender, date } = *head;
        let role = match recipient.role {
            Audience::Everyone => String::new(),
            role => format!(" in the role {role}"),
        };
        let reason = format!("You receive this because you are a recipient of the job {}{role}.", self.job.name);
        let letter =
            Letter { audience: recipient.role, report_location: location, reason: &reason, write_to: &sender.write_to };
        let text = self.templates.mail(report, &letter)?;
        let envelope = Envelope { sender, recipient: &recipient.to, date: SystemTime::from(date) };
        message::build(&envelope, report, &text, corrects)
    }

    /// Who sends, with the DKIM key if the job names one.
    ///
    /// # Errors
    /// `Error::Job` if the key is not where the job says.
    pub fn sender(&self) -> Result<Sender> {
        mail_server::sender(self.job, self.environment)
    }

    /// As [`mail_server::mailer`].
    ///
    /// # Errors
    /// As there.
    pub fn mailer(&self) -> Result<Mailer> {
        mail_server::mailer(self.job, self.environment, self.worker)
    }

    /// The mails as they lie in the publication, then those that a person asked for and that are not sent yet.
    ///
    /// # Errors
    /// `Error::Ledger` if one cannot be read or is not what was published.
    pub async fn stored(&self, publication: &Publication) -> Result<Vec<Mail>> {
        let place = format!("{} {}", publication.market, publication.period);
        let open = self.ledger.outbox_of(publication).await.in_place(&place)?;
        let asked = open.into_iter().filter(|entry| entry.is_asked).map(|entry| entry.mail);
        let mut mails = Vec::new();
        for name in publication.mails().map(str::to_owned).chain(asked) {
            let bytes = self.ledger.read(publication, &format!("mails/{name}.eml")).await.in_place(&place)?;
            if let Some(recipient) = recipient_of(&bytes) {
                mails.push(Mail { recipient, name, bytes: bytes.to_vec() });
            }
        }
        Ok(mails)
    }

    /// Who is told of failures.
    pub(crate) fn owner(&self) -> Owner<'_> {
        Owner {
            job: self.job,
            suppressed: self.suppressed,
            environment: self.environment,
            now: self.now,
            worker: self.worker,
        }
    }
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
