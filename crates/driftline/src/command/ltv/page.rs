//! What `driftline ltv` prints for people.

use driftline_stats::forecast::HeldOut;
use driftline_stats::lifetime::{Holdout, Horizon, Lifetime, Settings, Week};

use crate::command::args::{Ltv, TimeUnit};
use crate::command::output::say;

/// All that is printed.
pub(super) struct Page<'a> {
    pub(super) args: &'a Ltv,
    pub(super) settings: &'a Settings,
    pub(super) result: &'a Lifetime,
    pub(super) held_out: Option<&'a HeldOut>,
    pub(super) notes: &'a [String],
}

impl Page<'_> {
    pub(super) fn print(&self) {
        self.model();
        self.spend();
        self.result.holdout.iter().for_each(holdout);
        self.held_out.into_iter().for_each(held_out);
        self.value();
        plot(&self.result.tracking, self.settings);
        for note in self.notes {
            say(format!("note: {note}"));
        }
        if self.args.log.scores.is_none() {
            say("\nnext: add --scores scores.parquet for one row a customer, or see `driftline churn --help`");
        }
    }

    fn model(&self) {
        let Self { args, result, .. } = self;
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
    }

    fn spend(&self) {
        let result = self.result;
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
    }

    fn value(&self) {
        let Self { settings, result, .. } = self;
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
    }
}

/// Purchases after the calibration, expected and made.
fn holdout(holdout: &Holdout) {
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

/// The same in money.
fn held_out(held_out: &HeldOut) {
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
