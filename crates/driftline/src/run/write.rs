//! Step 14: the report as page, numbers and mails.

use bytes::Bytes;
use driftline_core::report::Report;

use crate::error::{InPlace, Result};
use crate::mail::outbox::MailSender;
use crate::run::record::run_name;
use crate::run::task::Task;

/// What is written of a report, and where it will lie.
pub(crate) struct Written {
    /// The run's name, which no other run has, and its folder in the warehouse.
    pub(crate) run: String,
    pub(crate) folder: String,
    /// By name: `report.json`, `report.html`, the mails.
    pub(crate) objects: Vec<(String, Bytes)>,
    pub(crate) mails: usize,
}

/// Renders page and mails.
///
/// # Errors
/// `Error::Report` for a template that does not render, `Error::Job` for a secret that is not there.
pub(crate) fn write(task: &Task<'_>, report: &Report) -> Result<Written> {
    let context = task.context;
    let run = run_name(context, report);
    let folder = context.ledger.run_folder(&task.slot(), &run);
    let page = context.templates.page(report).in_place(&task.place())?;
    let link = context.public_location(&folder, "report.html");
    let mails = MailSender::of(context).render(report, &link, task.replaces)?;
    let mut objects: Vec<(String, Bytes)> = vec![
        ("report.json".to_owned(), serde_json::to_vec_pretty(report)?.into()),
        ("report.html".to_owned(), page.into_bytes().into()),
    ];
    objects.extend(mails.iter().map(|mail| (format!("mails/{}.eml", mail.name), Bytes::from(mail.bytes.clone()))));
    Ok(Written { run, folder, objects, mails: mails.len() })
}
