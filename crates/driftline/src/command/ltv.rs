//! `driftline ltv`: the lifetime-value job on any purchase log.

use driftline_lake::functions::date32;
use driftline_stats::forecast::{HeldOut, forecast, held_out};
use driftline_stats::lifetime::{Horizon, Lifetime, Score, Settings, Week, lifetime, ranges, scores};
use driftline_stats::purchase::Kind;
use driftline_stats::purchase_log::{Cut, PurchaseLog};
use serde_json::{Map, Value, json};

use crate::command::args::{Cli, Ltv, ModelChoice, TimeUnit};
use crate::command::once::{self, Once};
use crate::command::output::{say, say_json};
use crate::command::workbench;
use crate::error::{Error, Result};

/// Level of a customer's range in the scores.
const LEVEL: f64 = 0.95;

/// Columns of the scores besides the customer's id.
pub(super) const SCORES: [&str; 12] = [
    "repeat_purchases",
    "recency",
    "age",
    "p_alive",
    "expected_purchases",
    "expected_spend",
    "value",
    "value_low_95",
    "value_high_95",
    "days_to_next_purchase_10",
    "days_to_next_purchase_median",
    "days_to_next_purchase_90",
];

pub(super) fn execute(cli: &Cli, args: &Ltv) -> Result<()> {
    let read = workbench::open(&args.log)?;
    let mut notes = workbench::notes(&args.log, &read);
    let calibration_end = date32(args.calibration_end);
    if calibration_end < read.days.0 {
        let (first, last) = (workbench::day(read.days.0), workbench::day(read.days.1));
        return Err(Error::Workbench {
            problem: format!(
                "--calibration-end {} is before the first row of the log; it runs from {first} to {last}",
                args.calibration_end
            ),
        });
    }
    let observation_end = args.observation_end.map_or(read.days.1, date32);
    if args.observation_end.is_some_and(|end| end < args.calibration_end) {
        return Err(Error::Workbench { problem: "--observation-end is before --calibration-end".to_owned() });
    }
    notes.extend(workbench::beyond(&read, "--calibration-end", args.calibration_end));
    notes.extend(args.observation_end.and_then(|end| workbench::beyond(&read, "--observation-end", end)));
    let unit_days = match args.unit {
        TimeUnit::Week => 7.0,
        TimeUnit::Day => 1.0,
    };
    let horizon = match (args.periods, args.period_weeks) {
        (Some(periods), Some(weeks)) => {
            Horizon::Discounted { periods, period_days: 7.0 * weeks, discount: args.discount }
        }
        _ => Horizon::Days(365.0),
    };
    let settings = Settings {
        kinds: match args.model {
            ModelChoice::Auto => Kind::ALL.to_vec(),
            ModelChoice::Bgnbd => vec![Kind::BgNbd],
            ModelChoice::Mbgnbd => vec![Kind::MbgNbd],
            ModelChoice::Paretonbd => vec![Kind::ParetoNbd],
        },
        unit_days,
        calibration: Cut::after(calibration_end),
        observed_before: observation_end + 1,
        horizon,
    };
    if let Some(once) = Once::of(&read.log, settings.calibration, settings.observed_before) {
        return once::of_ltv(cli, args, &read, &settings, &once, &notes);
    }
    let place = args.log.file.display().to_string();
    let result = lifetime(&read.log, &settings).map_err(|source| Error::Fit { place, source })?;
    save(args, &read, &settings, &result)?;
    let held_out = value_held_out(&read.log, &settings);
    if cli.json {
        say_json(&document(args, &result, held_out.as_ref(), &notes))?;
    } else {
        print(args, &settings, &result, held_out.as_ref(), &notes);
    }
    Ok(())
}

/// The value forecast of the holdout's length, with what it then was.
fn value_held_out(log: &PurchaseLog, settings: &Settings) -> Option<HeldOut> {
    let days = settings.observed_before - settings.calibration.before;
    if days <= 0 {
        return None;
    }
    let forecast = forecast(log, settings.calibration, days, &settings.kinds, None)?;
    held_out(log, settings.calibration, days, &settings.kinds, &forecast)
}

fn document(args: &Ltv, result: &Lifetime, held_out: Option<&HeldOut>, notes: &[String]) -> Value {
    let names = result.fit.model.kind.parameter_names();
    let named = |values: [f64; 4]| -> Map<String, Value> {
        names.iter().zip(values).map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
    };
    json!({
        "calibration_end": args.calibration_end,
        "unit": match args.unit { TimeUnit::Week => "week", TimeUnit::Day => "day" },
        "customers": result.customers,
        "repeat_customers": result.repeat_customers,
        "repeat_purchases": result.repeat_purchases as u64,
        "model": result.fit.model.kind,
        "reason": result.reason,
        "params": named(result.fit.model.parameters),
        "standard_errors": result.fit.standard_errors.map(named),
        "log_likelihood": result.fit.log_likelihood,
        "converged": result.fit.converged,
        "gradient_norm": result.fit.gradient_norm,
        "boundary": result.fit.boundary,
        "considered": result.considered.iter().map(|fit| json!({
            "model": fit.model.kind,
            "log_likelihood": fit.log_likelihood,
            "converged": fit.converged,
        })).collect::<Vec<_>>(),
        "backtest": result.backtest,
        "spend": result.spend.as_ref().map(|spend| json!({
            "p": spend.model.p,
            "q": spend.model.q,
            "gamma": spend.model.gamma,
            "log_likelihood": spend.log_likelihood,
            "customers": spend.customers as u64,
            "converged": spend.converged,
            "standard_errors": spend.standard_errors.map(|[p, q, gamma]| json!({"p": p, "q": q, "gamma": gamma})),
            "boundary": spend.boundary,
        })),
        "spend_reason": result.spend_reason,
        "net_share": result.net_share,
        "holdout": result.holdout,
        "value_holdout": held_out,
        "value_12_months": result.value.map(|(total, low, high)| json!({
            "total": total,
            "low_95": low,
            "high_95": high,
        })),
        "tracking": result.tracking,
        "notes": notes,
    })
}

fn print(args: &Ltv, settings: &Settings, result: &Lifetime, held_out: Option<&HeldOut>, notes: &[String]) {
    let fit = &result.fit;
    say(format!(
        "{} customers until {}, {} of them bought again: {} repeat purchases",
        result.customers, args.calibration_end, result.repeat_customers, result.repeat_purchases
    ));
    say(format!("\nmodel      {}  ({})", fit.model.kind, result.reason));
    let unit = if args.unit == TimeUnit::Week { "weeks" } else { "days" };
    for (n, name) in fit.model.kind.parameter_names().iter().enumerate() {
        let error = fit.standard_errors.map_or_else(String::new, |errors| format!("  ± {:.6}", errors[n]));
        say(format!("  {name:<8} {:>14.6}{error}", fit.model.parameters[n]));
    }
    let state = if fit.converged { "converged" } else { "NOT converged" };
    say(format!(
        "  log-likelihood {:.4}, {state} (gradient norm {:.1e}), times in {unit}",
        fit.log_likelihood, fit.gradient_norm
    ));
    if let Some(boundary) = &fit.boundary {
        say(format!("  at a boundary: {boundary}"));
    }
    match (&result.spend, &result.spend_reason) {
        (Some(spend), _) => say(format!(
            "spend      Gamma-Gamma p {:.5}, q {:.5}, gamma {:.5}, log-likelihood {:.4} ({} customers){}",
            spend.model.p,
            spend.model.q,
            spend.model.gamma,
            spend.log_likelihood,
            spend.customers,
            spend.boundary.as_ref().map_or_else(String::new, |boundary| format!("; {boundary}"))
        )),
        (None, reason) => say(format!("spend      no model: {}", reason.as_deref().unwrap_or("unknown"))),
    }
    if let Some(holdout) = &result.holdout {
        say(format!(
            "holdout    {:.1} weeks: {} purchases, {:.1} expected ({:+.1} %); a customer: mean error {:.4}, RMSE {:.4}{}",
            holdout.weeks,
            holdout.actual,
            holdout.expected,
            100.0 * (holdout.expected / holdout.actual.max(1.0) - 1.0),
            holdout.mae,
            holdout.rmse,
            holdout.correlation.map_or_else(String::new, |value| format!(", correlation {value:.3}"))
        ));
    }
    if let Some(held_out) = held_out {
        say(format!(
            "           in money: {:.2}; forecast by {} (chosen on what came before): {:.2} ({:+.1} %), mean error {:.2}",
            held_out.actual,
            held_out.chosen.method,
            held_out.actual * held_out.chosen.ratio,
            100.0 * (held_out.chosen.ratio - 1.0),
            held_out.chosen.mae
        ));
        for candidate in &held_out.candidates {
            say(format!(
                "             {:<16} {:+7.1} %, mean error {:>9.2}, top tenth holds {:>5.1} % of it",
                candidate.method.to_string(),
                100.0 * (candidate.ratio - 1.0),
                candidate.mae,
                100.0 * candidate.top_decile_share
            ));
        }
    }
    if let Some((total, low, high)) = result.value {
        let what = match settings.horizon {
            Horizon::Days(days) => format!("next {days} days, not discounted"),
            Horizon::Discounted { periods, period_days, discount } => {
                format!(
                    "next {periods} periods of {:.3} weeks, {:.2} % discount each",
                    period_days / 7.0,
                    100.0 * discount
                )
            }
        };
        say(format!("value      {total:.2} ({what}), 95 % range {low:.2} to {high:.2}"));
        if result.fit.boundary.is_some() || result.spend.as_ref().is_some_and(|spend| spend.boundary.is_some()) {
            say(
                "           a model is at a boundary, so the part of the range that is due to its parameters is a rough one",
            );
        }
    }
    plot(&result.tracking, settings);
    for note in notes {
        say(format!("note: {note}"));
    }
    if args.log.scores.is_none() {
        say("\nnext: add --scores scores.parquet for one row a customer, or see `driftline churn --help`");
    }
}

/// Repeat purchases a week as two rows of bars a block of weeks: `#` happened, `-` expected.
fn plot(weeks: &[Week], settings: &Settings) {
    const ROWS: usize = 26;
    const WIDTH: f64 = 48.0;
    let block = weeks.len().div_ceil(ROWS).max(1);
    let blocks: Vec<(i32, f64, f64)> = weeks
        .chunks(block)
        .map(|chunk| {
            let count = chunk.len() as f64;
            let mean = |of: fn(&Week) -> f64| chunk.iter().map(of).sum::<f64>() / count;
            (chunk[0].week, mean(|week| week.actual), mean(|week| week.expected))
        })
        .collect();
    let most = blocks.iter().fold(0.0f64, |most, (_, actual, expected)| most.max(*actual).max(*expected));
    if most <= 0.0 {
        return;
    }
    let about = if block == 1 { "a week".to_owned() } else { format!("a week, means of {block} weeks") };
    say(format!("\nrepeat purchases {about}: # happened, | expected"));
    let calibration_weeks = weeks.len() as i32 - (settings.observed_before - settings.calibration.before).max(0) / 7;
    let mut told = false;
    for (week, actual, expected) in blocks {
        if !told && week > calibration_weeks {
            say("        ---- holdout ----");
            told = true;
        }
        let place = |value: f64| (value / most * WIDTH).round() as usize;
        let (bar, mark) = (place(actual), place(expected));
        let line: String = (0..=bar.max(mark))
            .map(|at| {
                if at == mark {
                    '|'
                } else if at < bar {
                    '#'
                } else {
                    ' '
                }
            })
            .collect();
        say(format!("{week:>6}  {line:<50} {actual:>9.1} {expected:>9.1}"));
    }
}

fn save(
    args: &Ltv,
    read: &driftline_lake::purchase_log::ReadLog,
    settings: &Settings,
    result: &Lifetime,
) -> Result<()> {
    if args.log.scores.is_none() {
        return Ok(());
    }
    let unit = settings.unit_days;
    let scores = scores(&read.log, settings, result);
    let ranges = ranges(settings, result, &scores, LEVEL);
    let purchase = result.fit.model;
    let of = |value: &dyn Fn(&Score) -> Option<f64>| scores.iter().map(value).collect::<Vec<Option<f64>>>();
    let quantile = |probability: f64| {
        of(&|score| {
            let h = score.past.history(unit);
            purchase
                .time_to_next_purchase_quantile(h.repeat_purchases, h.recency, h.age, probability)
                .map(|time| time * unit)
        })
    };
    let customers: Vec<usize> = scores.iter().map(|score| score.customer).collect();
    workbench::save(
        &args.log,
        read,
        &customers,
        SCORES
            .into_iter()
            .zip([
                of(&|score| Some(score.past.repeat_purchases)),
                of(&|score| Some(score.past.recency_days / unit)),
                of(&|score| Some(score.past.age_days / unit)),
                of(&|score| Some(score.p_alive)),
                of(&|score| Some(score.expected_purchases)),
                of(&|score| score.expected_spend),
                of(&|score| score.value),
                ranges.iter().map(|range| range.map(|(low, _)| low)).collect(),
                ranges.iter().map(|range| range.map(|(_, high)| high)).collect(),
                quantile(0.1),
                quantile(0.5),
                quantile(0.9),
            ])
            .collect(),
    )
}
