//! `driftline simulate`: the exports of a fictional company, with what was planted in them.

use std::io::IsTerminal;

use driftline_core::basics::period::Calendar;
use driftline_simulation::{Settings, exports};
use serde_json::json;

use crate::command::args::{Cli, Simulate};
use crate::command::output::{say, say_json};
use crate::error::{Error, InPlace, Result};

pub(super) fn execute(cli: &Cli, args: &Simulate) -> Result<()> {
    let first = args
        .from
        .parse()
        .and_then(|first| Calendar::default().check(first))
        .map_err(|source| Error::Period { source })?;
    let settings = Settings { seed: args.seed, customers: args.customers, first, quarters: args.quarters };
    let shows = std::io::stderr().is_terminal();
    let written = exports::write(&args.folder, &settings, &mut |done| {
        if shows {
            eprint!("\r{done} customers");
        }
    });
    if shows {
        eprint!("\r");
    }
    let written = written.in_place("simulating a company")?;
    if cli.json {
        say_json(&json!({
            "folder": args.folder, "markets": written.markets, "customers": written.customers, "rows": written.rows,
        }))?;
        return Ok(());
    }
    let folder = args.folder.display();
    say(format!(
        "{} customers of {} markets ({})",
        written.customers,
        written.markets.len(),
        written.markets.join(", ")
    ));
    for (table, rows) in &written.rows {
        say(format!("  {rows:>10}  {table}"));
    }
    say(format!("\n  exports  {folder}/exports"));
    say(format!(
        "  late     {folder}/late: orders that reach the exports late; copy them over when their quarter is reported"
    ));
    say(format!(
        "  truth    {folder}/truth.json: what was planted, and when; {folder}/truth: on whom, and whom they act like quarter by quarter"
    ));
    let last = settings.quarter(args.quarters - 1);
    say(format!(
        "next: driftline run jobs/simulated.toml --period {}..{last} --set exports.url={folder}/exports",
        settings.quarter(2)
    ));
    Ok(())
}
