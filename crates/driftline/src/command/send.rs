//! `driftline send`: the mails of a published period: what was not sent yet, again, or to someone new.

use chrono::{DateTime, Utc};
use driftline_core::report::{Audience, Report};
use driftline_ledger::{Ledger, Publication, Slot};
use driftline_report::Templates;
use driftline_report::message::{Mail, address_of, mask};

use crate::command::args::{self, Cli};
use crate::command::output::{say, say_json};
use crate::command::which_job::{Asked, job_of_market};
use crate::error::{Error, InPlace, Result};
use crate::mail::outbox::{Letterhead, MailSender, Sent};
use crate::setup::environment::Environment;
use crate::setup::job::{Recipient, check_address};
use crate::setup::project::Project;
use crate::setup::suppression;
use crate::setup::warehouse::public_location;

#[derive(serde::Serialize)]
struct Told {
    market: String,
    period: String,
    revision: u32,
    sent: usize,
    suppressed: usize,
    /// Mails written as files, where the job has no mail server.
    files: Vec<String>,
}

pub(super) async fn execute(cli: &Cli, args: &args::Send, project: &Project, environment: &Environment) -> Result<()> {
    let market = args.market.parse().map_err(|source| Error::Period { source })?;
    let asked = Asked { named: args.job.as_deref(), overrides: &args.job_options.overrides };
    let (job, ledger) = job_of_market(project, environment, asked, &args.market).await?;
    let period = job.period(&args.period)?;
    let place = format!("{market} {period}");
    let slot = Slot { job: job.name.clone(), market, period };
    let published = ledger.latest(&slot).await.in_place(&place)?;
    let publication = published.ok_or_else(|| Error::NotPublished { what: place.clone() })?;
    let templates = Templates::read(&project.reports(&job.mail.report)).in_place("reports")?;
    let suppressed = suppression::read(&project.root)?;
    let post = MailSender {
        job: &job,
        ledger: &ledger,
        templates: &templates,
        suppressed: &suppressed,
        environment: &environment.variables,
        now: environment.now,
        worker: &environment.worker,
    };
    let (mails, is_new) = match &args.to {
        Some(to) => someone(&post, &publication, to, args.role.unwrap_or_default()).await?,
        None => (post.stored(&publication).await?, false),
    };
    let letters = Letters { publication: &publication, mails, is_new };
    let (mut sent, mut files) = (Sent::default(), Vec::new());
    if job.mail.smtp.is_some() {
        sent = by_server(args, &post, &slot, &letters).await?;
    } else {
        files = as_files(args, &ledger, &letters).await?;
    }
    let (market, revision) = (slot.market.to_string(), publication.revision);
    let told =
        Told { market, period: period.to_string(), revision, sent: sent.taken, suppressed: sent.suppressed, files };
    if cli.json {
        say_json(&told)?;
    } else if job.mail.smtp.is_none() {
        say(format!("{place}: the job has no [mail.smtp]; mails are written as files:"));
        told.files.iter().for_each(|file| say(format!("  {file}")));
        say("next: open one in a mail program, or add [mail.smtp] to the job and run driftline doctor");
    } else {
        say(format!("{place} revision {revision}: {} sent, {} suppressed", sent.taken, sent.suppressed));
        if sent.problem.is_none() && sent.taken == 0 && sent.suppressed == 0 {
            say(
                "next: everybody has it; --again sends the same mails once more, --to somebody@… sends it to someone new",
            );
        }
    }
    sent.problem.map_or(Ok(()), |problem| Err(Error::MailsNotSent { place, problem }))
}

/// The mails that were asked for.
struct Letters<'a> {
    publication: &'a Publication,
    mails: Vec<Mail>,
    /// Of somebody who had none.
    is_new: bool,
}

/// Hands the mails to the job's server, under the lease of their slot.
async fn by_server(args: &args::Send, post: &MailSender<'_>, slot: &Slot, letters: &Letters<'_>) -> Result<Sent> {
    let Letters { publication, mails, is_new } = letters;
    let (ledger, place) = (post.ledger, format!("{} {}", slot.market, slot.period));
    let open = ledger.outbox_of(publication).await.in_place(&place)?;
    let is_open = |mail: &&Mail| args.to.is_some() || open.iter().any(|entry| entry.mail == mail.name);
    let (unsent, done): (Vec<&Mail>, Vec<&Mail>) = mails.iter().partition(is_open);
    let names: Vec<&str> = unsent.iter().map(|mail| mail.name.as_str()).collect();
    let held = post.worker.hold(ledger, slot, post.job.limits.lease).await?;
    let result = async {
        // First it is stored and listed: whatever the server says, it is not forgotten.
        for mail in mails.iter().filter(|_| *is_new) {
            let bytes = mail.bytes.clone().into();
            ledger.add_mail(publication, &mail.name, bytes, &held.lease).await.in_place(&place)?;
        }
        post.send_anyway(publication, &names, &held.lease).await
    };
    let result = result.await;
    held.release().await;
    let mut sent = result?;
    if args.again {
        let done: Vec<Mail> = done.into_iter().cloned().collect();
        let again = post.once_more(&done).await?;
        sent.taken += again.taken;
        sent.problem = sent.problem.or(again.problem);
    }
    Ok(sent)
}

/// Writes the mails as files, where there is no server; their paths.
async fn as_files(args: &args::Send, ledger: &Ledger, letters: &Letters<'_>) -> Result<Vec<String>> {
    let Letters { publication, mails, is_new } = letters;
    let Publication { market, period, .. } = publication;
    let mut files = Vec::new();
    for mail in mails {
        if *is_new {
            // Kept beside the others, so that what was sent can be read later.
            let (name, bytes) = (format!("mails/{}.eml", mail.name), mail.bytes.clone().into());
            ledger.put(&publication.run, &name, bytes).await.in_place(&format!("{market} {period}"))?;
        }
        let path = args.out.join(format!("{market}-{period}-{}.eml", mail.name));
        let made = std::fs::create_dir_all(&args.out).and_then(|()| std::fs::write(&path, &mail.bytes));
        made.map_err(|source| Error::Output { path: path.clone(), source })?;
        files.push(path.display().to_string());
    }
    Ok(files)
}

/// The stored mail of an address, or a new one in the words of the published report, dated as the others are; whether it is new.
async fn someone(
    post: &MailSender<'_>,
    publication: &Publication,
    to: &str,
    role: Audience,
) -> Result<(Vec<Mail>, bool)> {
    let place = format!("{} {}", publication.market, publication.period);
    let wrong = |problem: String| Error::Job { path: post.job.path.clone(), problem };
    check_address(&post.job.mail, to).map_err(wrong)?;
    for warning in post.job.mail.look_alikes(Some(to)) {
        tracing::warn!(job = post.job.name, "{warning}");
    }
    if post.suppressed.holds(to, post.now.date_naive()) {
        return Err(wrong(format!("{} wants no mail: see jobs/suppressed.txt", mask(to))));
    }
    if let Some(stored) =
        post.stored(publication).await?.into_iter().find(|mail| address_of(&mail.recipient) == address_of(to))
    {
        return Ok((vec![stored], false));
    }
    let bytes = post.ledger.read(publication, "report.json").await.in_place(&place)?;
    let report: Report = serde_json::from_slice(&bytes)?;
    let date =
        DateTime::parse_from_rfc3339(&publication.published_at).map_or(post.now, |date| date.with_timezone(&Utc));
    let location = public_location(post.job, post.ledger, &publication.run, "report.html");
    let recipient = Recipient { to: to.to_owned(), role };
    let sender = post.sender()?;
    let head = Letterhead { location: &location, sender: &sender, date };
    let mail = post.letter(&report, &recipient, &head, None).in_place(&place)?;
    Ok((vec![mail], true))
}
