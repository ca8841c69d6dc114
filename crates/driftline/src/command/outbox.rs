//! `driftline outbox`: every mail of a published period that is not known to be sent, and why.

use driftline_ledger::{MailState, Slot};
use driftline_report::message::{mask, recipient_of};

use crate::command::args::{self, Cli};
use crate::command::output::{say, say_json};
use crate::error::{InPlace, Result};
use crate::setup::environment::Environment;
use crate::setup::project::Project;
use crate::setup::warehouse::ledger;

#[derive(serde::Serialize)]
struct Line {
    job: String,
    market: String,
    period: String,
    revision: u32,
    mail: String,
    /// Masked.
    to: String,
    state: &'static str,
    attempts: usize,
    words: Option<String>,
}

pub(super) async fn execute(
    cli: &Cli,
    args: &args::Outbox,
    project: &Project,
    environment: &Environment,
) -> Result<()> {
    let overrides = &args.job_options.overrides;
    let jobs = project.jobs(args.job.as_deref(), overrides)?;
    let mut lines = Vec::new();
    for job in jobs {
        let Ok(ledger) = ledger(&job, project, environment, false) else { continue };
        // Without a mail server mails are files and nothing waits.
        if job.mail.smtp.is_none() && !args.all {
            continue;
        }
        for entry in ledger.outbox(&job.name).await.in_place(&job.name)? {
            let slot = Slot { job: job.name.clone(), market: entry.market.clone(), period: entry.period };
            let publication = ledger.publication(&slot, entry.revision).await.in_place(&job.name)?;
            let bytes = ledger.read(&publication, &format!("mails/{}.eml", entry.mail)).await.in_place(&job.name)?;
            lines.push(Line {
                to: recipient_of(&bytes).map_or_else(String::new, |to| mask(&to)),
                job: job.name.clone(),
                market: entry.market.to_string(),
                period: entry.period.to_string(),
                revision: entry.revision,
                mail: entry.mail,
                state: match entry.state {
                    MailState::Waiting => "waiting",
                    MailState::Unknown { .. } => "unknown",
                    MailState::Refused { .. } => "refused",
                    MailState::Held => "held",
                    MailState::Sent => "sent",
                },
                attempts: entry.attempts,
                words: entry.words,
            });
        }
    }
    if cli.json {
        say_json(&lines)?;
        return Ok(());
    }
    for line in &lines {
        let words = line.words.as_deref().unwrap_or_default();
        say(format!(
            "{:<18} {:<8} {} rev {}  {} {:<26} {:<8} {} attempts  {}",
            line.job,
            line.market,
            line.period,
            line.revision,
            line.mail,
            line.to,
            line.state,
            line.attempts,
            crate::command::output::one_line(words)
        ));
    }
    say(if lines.is_empty() {
        "no mail of a job with a mail server is open; jobs without one write files (--all lists them)"
    } else {
        "waiting and unknown ones go with the next run; next for held ones: driftline send <market> <period>; for refused ones: … --to <right address>"
    });
    Ok(())
}
