//! `driftline drift`: how every column of one file differs from another's.

use driftline_lake::drift::compare_files;
use driftline_stats::drift::{Finding, Kind, Verdict};
use serde_json::json;

use crate::args::{Cli, Drift};
use crate::command::{World, one_line, say};
use crate::error::{InPlace, Result};

pub(super) fn execute(cli: &Cli, args: &Drift, world: &World) -> Result<()> {
    let findings =
        compare_files(&args.reference, &args.current, &args.columns, world.threads).in_place("comparing the files")?;
    if cli.json {
        let drifted = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
        say(serde_json::to_string_pretty(&json!({
            "reference": args.reference.display().to_string(),
            "current": args.current.display().to_string(),
            "drifted": drifted(Verdict::Drift),
            "null_drifted": drifted(Verdict::NullDrift),
            "columns": findings,
        }))?);
    } else {
        print(args, findings);
    }
    Ok(())
}

/// Findings with the largest effects first; what could not be compared comes last.
fn print(args: &Drift, mut findings: Vec<Finding>) {
    let place = |finding: &Finding| match finding.verdict {
        Verdict::Drift => 0,
        Verdict::NullDrift => 1,
        Verdict::NoDrift => 2,
        Verdict::NotComparable => 3,
    };
    let effect = |finding: &Finding| finding.tvd.unwrap_or_default();
    findings.sort_by(|a, b| place(a).cmp(&place(b)).then(effect(b).total_cmp(&effect(a))));
    let width = findings.iter().map(|finding| finding.column.chars().count()).max().unwrap_or(6).clamp(6, 30);
    say(format!("reference  {}\ncurrent    {}\n", args.reference.display(), args.current.display()));
    say(format!(
        "  {:<width$} {:<12} {:>8} {:>8} {:>8} {:>8}  {:>9}  why",
        "column", "verdict", "tvd", "W1/sd", "delta", "psi", "q"
    ));
    for finding in &findings {
        let name: String = one_line(&finding.column).chars().take(width).collect();
        say(format!(
            "{} {name:<width$} {:<12} {:>8} {:>8} {:>8} {:>8}  {:>9}  {}",
            if place(finding) < 2 { '!' } else { ' ' },
            verdict(finding.verdict),
            number(finding.tvd),
            number(finding.w1_over_sd),
            number(finding.cliffs_delta),
            number(finding.psi),
            finding.q.map_or("-".to_owned(), |q| if q < 1e-4 { "< .0001".to_owned() } else { format!("{q:.4}") }),
            one_line(&finding.reason)
        ));
        for (names, what) in [(&finding.new_categories, "new"), (&finding.lost_categories, "lost")] {
            if !names.is_empty() {
                let shown: Vec<String> = names.iter().take(8).map(|name| one_line(name)).collect();
                let more = names.len().saturating_sub(8);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                say(format!("  {:<width$} {what}: {}{more}", "", shown.join(", ")));
            }
        }
    }
    let of = |kind: Verdict| findings.iter().filter(|finding| finding.verdict == kind).count();
    let numeric = findings.iter().filter(|finding| finding.kind == Kind::Numeric).count();
    say(format!(
        "\n{} columns ({numeric} numeric): {} drifted, {} in missing values only, {} did not, {} not comparable",
        findings.len(),
        of(Verdict::Drift),
        of(Verdict::NullDrift),
        of(Verdict::NoDrift),
        of(Verdict::NotComparable)
    ));
    say("tvd: share of rows in other cells (reference deciles) · W1/sd: shift in standard deviations · delta: Cliff's");
    say("next: add --json for every statistic");
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Drift => "drift",
        Verdict::NullDrift => "null drift",
        Verdict::NoDrift => "no drift",
        Verdict::NotComparable => "not compared",
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.4}"))
}
