//! `driftline ltv`: the lifetime-value job on any purchase log.

mod page;

use driftline_lake::functions::date32;
use driftline_stats::forecast::{HeldOut, forecast, held_out};
use driftline_stats::lifetime::{Horizon, Lifetime, Score, Settings, lifetime, ranges, scores};
use driftline_stats::purchase::Kind;
use driftline_stats::purchase_log::{Cut, PurchaseLog};
use serde_json::{Map, Value, json};

use self::page::Page;
use crate::command::args::{Cli, Ltv, ModelChoice, TimeUnit};
use crate::command::once::{self, Once};
use crate::command::output::say_json;
use crate::command::workbench::{self, Opened};
use crate::error::{Error, Result};

/// Level of a customer's range in the scores.
const LEVEL: f64 = 0.95;

pub(super) fn execute(cli: &Cli, args: &Ltv) -> Result<()> {
    let mut log = workbench::open(&args.log)?;
    check_days(args, &log)?;
    log.note_beyond("--calibration-end", args.calibration_end);
    if let Some(end) = args.observation_end {
        log.note_beyond("--observation-end", end);
    }
    let settings = settings(args, &log);
    if let Some(once) = Once::of(&log.read.log, settings.calibration, settings.observed_before) {
        return once::of_ltv(cli, args, &log, &settings, &once);
    }
    let place = args.log.file.display().to_string();
    let result = lifetime(&log.read.log, &settings).map_err(|source| Error::Fit { place, source })?;
    save(args, &log.read, &settings, &result)?;
    let held_out = value_held_out(&log.read.log, &settings);
    let held_out = held_out.as_ref();
    if cli.json {
        say_json(&document(args, &result, held_out, &log.notes))?;
    } else {
        Page { args, settings: &settings, result: &result, held_out, notes: &log.notes }.print();
    }
    Ok(())
}

/// Refuses days that are not in the log, or not in order.
fn check_days(args: &Ltv, log: &Opened) -> Result<()> {
    if date32(args.calibration_end) < log.read.days.0 {
        let (first, last) = (workbench::day(log.read.days.0), workbench::day(log.read.days.1));
        return Err(Error::Workbench {
            problem: format!(
                "--calibration-end {} is before the first row of the log; it runs from {first} to {last}",
                args.calibration_end
            ),
        });
    }
    if args.observation_end.is_some_and(|end| end < args.calibration_end) {
        return Err(Error::Workbench { problem: "--observation-end is before --calibration-end".to_owned() });
    }
    Ok(())
}

fn settings(args: &Ltv, log: &Opened) -> Settings {
    let observation_end = args.observation_end.map_or(log.read.days.1, date32);
    Settings {
        kinds: match args.model {
            ModelChoice::Auto => Kind::ALL.to_vec(),
            ModelChoice::Bgnbd => vec![Kind::BgNbd],
            ModelChoice::Mbgnbd => vec![Kind::MbgNbd],
            ModelChoice::Paretonbd => vec![Kind::ParetoNbd],
        },
        unit_days: match args.unit {
            TimeUnit::Week => 7.0,
            TimeUnit::Day => 1.0,
        },
        calibration: Cut::after(date32(args.calibration_end)),
        observed_before: observation_end + 1,
        horizon: match (args.periods, args.period_weeks) {
            (Some(periods), Some(weeks)) => {
                Horizon::Discounted { periods, period_days: 7.0 * weeks, discount: args.discount }
            }
            _ => Horizon::Days(365.0),
        },
    }
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
        workbench::LTV_SCORES
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
