//! `driftline drift`: how every column of one file differs from another's.

use driftline_lake::drift::{Comparison, compare_files};
use driftline_stats::drift::{ColumnVerdict, Finding, Kind};
use serde_json::json;

use crate::command::args::{Cli, Drift};
use crate::command::output::{one_line, say, say_json};
use crate::error::{InPlace, Result};
use crate::setup::environment::Environment;

pub(super) fn execute(cli: &Cli, args: &Drift, environment: &Environment) -> Result<()> {
    let found = compare_files(&args.reference, &args.current, &args.columns, environment.threads)
        .in_place("comparing the files")?;
    if cli.json {
        let of = |verdict| count(&found.findings, verdict);
        say_json(&json!({
            "reference": args.reference.display().to_string(),
            "current": args.current.display().to_string(),
            "drifted": of(ColumnVerdict::Drift),
            "null_drifted": of(ColumnVerdict::NullDrift),
            "schema_changed": of(ColumnVerdict::SchemaChange),
            "set_apart": of(ColumnVerdict::SetApart),
            "unreadable": found.unreadable,
            "notes": found.notes,
            "columns": found.findings,
        }))?;
    } else {
        print(args, found);
    }
    Ok(())
}

fn count(findings: &[Finding], verdict: ColumnVerdict) -> usize {
    findings.iter().filter(|finding| finding.verdict == verdict).count()
}

/// Findings with the largest effects first; what could not be compared comes last.
fn print(args: &Drift, found: Comparison) {
    let Comparison { mut findings, unreadable, sides, notes } = found;
    let is_unreadable = |finding: &Finding| unreadable.contains(&finding.column);
    let place = |finding: &Finding| match finding.verdict {
        _ if is_unreadable(finding) => 0,
        ColumnVerdict::SchemaChange => 1,
        ColumnVerdict::Drift => 2,
        ColumnVerdict::NullDrift => 3,
        ColumnVerdict::NoDrift => 4,
        ColumnVerdict::NotComparable => 5,
        ColumnVerdict::SetApart => 6,
    };
    let effect = |finding: &Finding| finding.tvd.unwrap_or_default();
    findings.sort_by(|a, b| place(a).cmp(&place(b)).then(effect(b).total_cmp(&effect(a))));
    let width = findings.iter().map(|finding| finding.column.chars().count()).max().unwrap_or(6).clamp(6, 30);
    for (name, path, (rows, files)) in
        [("reference", &args.reference, sides[0]), ("current  ", &args.current, sides[1])]
    {
        let files = if files > 1 { format!(" in {files} files") } else { String::new() };
        say(format!("{name}  {} ({rows} rows{files})", path.display()));
    }
    say(format!(
        "\n  {:<width$} {:<13} {:>8} {:>8} {:>8} {:>8}  {:>9}  why",
        "column", "verdict", "tvd", "shift", "delta", "psi", "q"
    ));
    for finding in &findings {
        let name: String = one_line(&finding.column).chars().take(width).collect();
        let verdict = if is_unreadable(finding) { "unreadable" } else { verdict(finding.verdict) };
        say(format!(
            "{} {name:<width$} {verdict:<13} {:>8} {:>8} {:>8} {:>8}  {:>9}  {}",
            if place(finding) < 4 { '!' } else { ' ' },
            number(finding.tvd),
            number(finding.shift),
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
    summary(&findings, &unreadable, &notes);
}

fn summary(findings: &[Finding], unreadable: &[String], notes: &[String]) {
    let numeric = findings.iter().filter(|finding| finding.kind == Kind::Numeric).count();
    let parts = [
        (ColumnVerdict::Drift, "drifted"),
        (ColumnVerdict::NullDrift, "in missing values only"),
        (ColumnVerdict::SchemaChange, "new, gone or of another type"),
        (ColumnVerdict::NoDrift, "did not"),
        (ColumnVerdict::NotComparable, "not comparable"),
        (ColumnVerdict::SetApart, "set apart"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .map(|(verdict, what)| (count(findings, *verdict), what))
        .filter(|(count, what)| *count > 0 || **what == "drifted")
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    say(format!("\n{} columns ({numeric} numeric): {}", findings.len(), parts.join(", ")));
    if !unreadable.is_empty() {
        let names: Vec<String> = unreadable.iter().map(|name| one_line(name)).collect();
        say(format!("unreadable: {}; export the files again", names.join(", ")));
    }
    for note in notes {
        say(format!("note: {note}"));
    }
    say(
        "tvd: share of rows in other cells (reference deciles) · shift: in standard deviations, single values left out · delta: Cliff's",
    );
    say("next: add --json for every statistic");
}

fn verdict(verdict: ColumnVerdict) -> &'static str {
    match verdict {
        ColumnVerdict::Drift => "drift",
        ColumnVerdict::NullDrift => "null drift",
        ColumnVerdict::SchemaChange => "schema change",
        ColumnVerdict::NoDrift => "no drift",
        ColumnVerdict::NotComparable => "not compared",
        ColumnVerdict::SetApart => "set apart",
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |value| format!("{value:.4}"))
}
