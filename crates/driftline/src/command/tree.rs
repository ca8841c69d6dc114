//! `driftline tree`: the personas of a market over all its published quarters.

use driftline_core::personas::Role;
use driftline_core::personas::tree::{FamilyTree, grow};
use driftline_core::report::Report;
use driftline_ledger::Slot;

use crate::command::args::{self, Cli};
use crate::command::output::{one_line, say, say_json};
use crate::command::show::published_report;
use crate::command::which_job::{Asked, job_of_market};
use crate::error::{Error, Result};
use crate::setup::environment::Environment;
use crate::setup::project::Project;

pub(super) async fn execute(cli: &Cli, args: &args::Tree, project: &Project, environment: &Environment) -> Result<()> {
    let market: driftline_core::Market = args.market.parse().map_err(|source| Error::Period { source })?;
    let asked = Asked { named: args.job.as_deref(), overrides: &args.job_options.overrides };
    let (job, ledger) = job_of_market(project, environment, asked, &args.market).await?;
    let mut reports: Vec<Report> = Vec::new();
    for period in job.published(&ledger, &market).await? {
        let slot = Slot { job: job.name.clone(), market: market.clone(), period };
        reports.push(published_report(&ledger, &slot).await?);
    }
    let tree = grow(reports.iter().map(|report| (report.period, &report.personas)));
    if cli.json {
        say_json(&tree)?;
        return Ok(());
    }
    match reports.last() {
        Some(last) if !tree.branches.is_empty() => print(&tree, last),
        _ => say(format!("{market}: no personas in any of its {} published periods", tree.periods.len())),
    }
    Ok(())
}

fn print(tree: &FamilyTree, last: &Report) {
    let width = tree.branches.iter().map(|branch| branch.label.chars().count()).max().unwrap_or(8).min(40);
    let periods: Vec<String> = tree.periods.iter().map(|period| format!("{:>8}", period.to_string())).collect();
    say(format!("{}: share of active customers; ● primary, ○ secondary, ▽ negative\n", last.market_name));
    say(format!("  {:<width$} {}", "", periods.join(" ")));
    for branch in &tree.branches {
        let cells: Vec<String> = branch
            .seen
            .iter()
            .map(|seen| match seen {
                None => format!("{:>8}", "·"),
                Some(seen) => {
                    let mark = match seen.role {
                        Role::Primary => '●',
                        Role::Secondary => '○',
                        Role::Negative => '▽',
                    };
                    format!("{mark}{:>7}", last.locale.percent(seen.share, 1))
                }
            })
            .collect();
        let label: String = one_line(&branch.label).chars().take(width).collect();
        say(format!("  {label:<width$} {}", cells.join(" ")));
    }
    say("");
    for branch in &tree.branches {
        say(format!("  {} ({})", one_line(&branch.label), branch.key));
        for event in &branch.events {
            say(format!("    {}  {}", event.period, one_line(&event.sentence)));
        }
    }
    if let [.., from, to] = tree.periods.as_slice() {
        say(format!("\nnext: driftline diff {} {from} {to}", last.market));
    }
}
