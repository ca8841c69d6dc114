//! Steps 15 and 16: puts tables, report and mails into the warehouse, commits, and sends.

use driftline_core::report::Report;
use driftline_ledger::{Event, MailPlan, Publication};

use crate::error::{InPlace, Result};
use crate::mail::outbox::{MailSender, Sent};
use crate::run::compute::Computed;
use crate::run::pin::inputs;
use crate::run::recall::Baselines;
use crate::run::task::{Task, Under};
use crate::run::write::Written;
use crate::setup::scratch::read_file;

/// What is published and stays, with how many mails.
pub(crate) struct Published {
    pub(crate) publication: Publication,
    mails: usize,
}

/// Writes all objects, then the record of them: that one conditional create publishes.
///
/// # Errors
/// `Error::Ledger` if the warehouse does not take it, or another run has published meanwhile.
pub(crate) async fn publish(
    (task, under): (&Task<'_>, Under<'_>),
    baselines: &Baselines,
    computed: &Computed,
    report: &Report,
    written: Written,
) -> Result<Published> {
    let (ledger, place, folder) = (&task.context.ledger, task.place(), written.folder.clone());
    under.journal.note(Event::StepDone { step: "compute".to_owned(), rows: Some(computed.pinned.rows) }).await;
    let mut records = Vec::new();
    for table in computed.lake.published() {
        let (name, bytes) = (format!("tables/{}.parquet", table.name), read_file(&table.path)?);
        records.push(ledger.put(&folder, &name, bytes).await.in_place(&place)?);
    }
    for (name, bytes) in written.objects {
        records.push(ledger.put(&folder, &name, bytes).await.in_place(&place)?);
    }
    let previous = baselines.previous.as_ref().map(|recalled| &recalled.publication);
    let publication = Publication {
        schema: driftline_ledger::publication::SCHEMA.to_owned(),
        job: task.context.job.name.clone(),
        market: task.plan.market.clone(),
        period: task.plan.period,
        revision: task.revision(),
        reason: task.context.revise.clone(),
        accepted: task.context.accept.clone(),
        run: folder,
        content_id: report.content_id.clone(),
        program_version: report.program_version.clone(),
        published_at: task.context.now.to_rfc3339(),
        previous_period: previous.map(|publication| publication.period),
        previous_revision: previous.map(|publication| publication.revision),
        objects: records,
        inputs: inputs(&computed.pinned.sources)?,
        nonce: written.run,
        fencing_token: None,
        mails: mail_plan(task),
    };
    under.journal.commits();
    ledger.publish_as(&publication, &under.held.lease).await.in_place(&place)?;
    under.journal.note(Event::Published { revision: publication.revision }).await;
    Ok(Published { publication, mails: written.mails })
}

fn mail_plan(task: &Task<'_>) -> MailPlan {
    match (&task.context.job.mail.smtp, task.mails_now) {
        (None, _) => MailPlan::File,
        (Some(_), true) => MailPlan::Send,
        (Some(_), false) => MailPlan::Hold,
    }
}

/// Sends the mails of what was just published, if they are to be sent now.
pub(crate) async fn send((task, under): (&Task<'_>, Under<'_>), published: &Published) -> Sent {
    let Published { publication, mails } = published;
    let sent = match publication.mails {
        MailPlan::Send => MailSender::of(task.context).send_or_say(publication, &under.held.lease).await,
        MailPlan::Hold => Sent { held: *mails, ..Sent::default() },
        MailPlan::File => Sent::default(),
    };
    let (taken, unsent) = (sent.taken as u64, mails.saturating_sub(sent.taken) as u64);
    under.journal.note(Event::Mailed { sent: taken, unsent }).await;
    sent
}
