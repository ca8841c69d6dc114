//! What is odd about the exports of a run: what ends it, what an owner accepted, and what the report warns of.

mod found;
mod months;
mod objects;
mod tried;

use driftline_core::exports::fall;
use driftline_lake::inspect::Finding;
use driftline_lake::source::PinnedSource;
use driftline_lake::{Lake, content};
use driftline_ledger::Publication;

use self::found::{Found, capitalised, sentence, with_remedy};
pub(crate) use self::tried::told_without_run;
use crate::error::{Error, InPlace, Result};
use crate::setup::job_context::JobContext;
use crate::setup::plan::RunPlan;

/// What was found in exports and rows, in the order in which it was.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    found: Found,
    findings: Vec<Finding>,
}

impl Checks {
    /// Takes what was found in the rows.
    pub(crate) fn add(&mut self, findings: Vec<Finding>) {
        self.findings.extend(findings);
    }

    /// Ends the run if something is wrong that nobody accepted: rows first, then what fell.
    ///
    /// # Errors
    /// `Error::Lake` with what is wrong, `Error::ExportsFell` with what fell.
    pub(crate) fn end(&mut self, context: &JobContext, place: &str, pinned: &[PinnedSource]) -> Result<()> {
        for finding in std::mem::take(&mut self.findings) {
            let is_accepted = context.job.exports.accept.iter().any(|name| name == finding.name);
            match (finding.is_error, is_accepted) {
                (true, false) => return Err(finding.into_error()).in_place(place),
                (true, true) => {
                    self.found.warnings.push(format!("{} (accepted by the job).", capitalised(&finding.text)))
                }
                (false, false) => self.found.warnings.push(with_remedy(&finding)),
                (false, true) => {}
            }
        }
        let alarms = std::mem::take(&mut self.found.alarms);
        match &context.accept {
            Some(reason) => {
                let accepted = alarms.iter().map(|alarm| format!("{}. Accepted by hand: {reason}", capitalised(alarm)));
                self.found.warnings.extend(accepted);
                Ok(())
            }
            None if alarms.is_empty() => Ok(()),
            None => {
                Err(Error::ExportsFell { place: place.to_owned(), problem: alarms.join("; "), state: state_of(pinned) })
            }
        }
    }

    /// The sentences that the page and the owner's mail warn with.
    pub(crate) fn into_warnings(self) -> Vec<String> {
        self.found.warnings
    }
}

/// Looks at the staged lines of a run before anything is computed from them.
///
/// # Errors
/// What is wrong with the exports, by the company's own files; what ends a run, if nobody accepted it.
pub(crate) async fn lines(
    context: &JobContext,
    plan: &RunPlan,
    lake: &Lake,
    pinned: &[PinnedSource],
    last: Option<&Publication>,
) -> Result<Checks> {
    let place = format!("{} {}", plan.market, plan.period);
    let mut checks = Checks::default();
    checks.found.warnings.extend(context.pseudonym_key.warning(&context.job).map(|warning| sentence(&warning)));
    checks.findings.extend(plan.findings.iter().cloned());
    checks.found.compare(context, pinned, last);
    if let Err(error) = lake.build(&["int_order_lines"]).await {
        return Err(lake.diagnose(error, pinned).await).in_place(&place);
    }
    let inspected = lake.inspect_lines().await.in_place(&place)?;
    checks.add(inspected.findings);
    checks.found.empty_objects(context, plan, pinned);
    let last = inspected.months.iter().map(|month| month.number).max().unwrap_or_default();
    let all = fall::filled(&inspected.all_months, inspected.all_months.last().map_or(last, |month| month.number));
    checks.found.months((context, plan), pinned, &inspected.months, &all);
    Ok(checks)
}

/// A name of the state of the exports, in letters alone: told once as long as it is the same, whatever numbers a message has.
fn state_of(pinned: &[PinnedSource]) -> String {
    let objects = pinned.iter().flat_map(|source| &source.objects);
    let texts: Vec<String> =
        objects.map(|object| format!("{} {} {:?}", object.object, object.size, object.e_tag)).collect();
    let hash = content::sha256(texts.join("\n").as_bytes());
    hash.bytes().take(12).map(|digit| char::from(b'a' + char::from(digit).to_digit(16).unwrap_or(0) as u8)).collect()
}
