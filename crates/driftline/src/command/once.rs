//! `ltv` and `churn` on a log in which nobody bought on a second day: a plain answer instead of a model.

use driftline_lake::functions::date32;
use driftline_stats::lifetime::Settings;
use driftline_stats::purchase_log::{Cut, Past, PurchaseLog};
use serde_json::json;

use crate::command::args::{Churn, Cli, Ltv};
use crate::command::output::{say, say_json};
use crate::command::workbench::{self, Opened, churn_event};
use crate::error::Result;

/// A log in which nobody bought on a second day before a cut: what there is to say without a model.
pub(super) struct Once {
    customers: usize,
    /// How long half of them are known at least, in days.
    days_seen: f64,
    /// Share of customers that comes back in such a time, at most, with 95 % certainty: nobody of n did (Clopper & Pearson
    /// 1934, one-sided).
    back_at_most: f64,
    /// Net amount of a customer so far; `None` if amounts are missing.
    net_a_customer: Option<f64>,
    /// Customers who came back after the cut, of the days up to the last one that counts.
    back_since: usize,
}

impl Once {
    /// Looks at who bought before the cut; `None` if nobody did, or somebody did so on two days.
    pub(super) fn of(log: &PurchaseLog, cut: Cut, until: i32) -> Option<Self> {
        let past: Vec<(usize, Past)> =
            (0..log.customers()).filter_map(|customer| Some((customer, log.past(customer, cut)?))).collect();
        if past.is_empty() || past.iter().any(|(_, past)| past.repeat_purchases > 0.0) {
            return None;
        }
        let mut ages: Vec<f64> = past.iter().map(|(_, past)| past.age_days).collect();
        ages.sort_by(f64::total_cmp);
        let count = past.len() as f64;
        let net_of = |customer: &usize| log.seen(*customer, cut).iter().map(|day| day.net).sum::<f64>();
        let days = until - cut.before;
        let is_back = |customer: &usize| days > 0 && log.coming(*customer, cut, days).iter().any(|day| day.is_purchase);
        Some(Self {
            customers: past.len(),
            days_seen: ages[ages.len() / 2],
            back_at_most: 1.0 - 0.05f64.powf(1.0 / count),
            net_a_customer: log
                .has_amounts
                .then(|| past.iter().map(|(customer, _)| net_of(customer)).sum::<f64>() / count),
            back_since: past.iter().filter(|(customer, _)| is_back(customer)).count(),
        })
    }

    /// The answer in one sentence.
    fn answer(&self) -> String {
        format!(
            "nobody bought on a second day, so there is no rhythm to forecast: of {} customers, half of them known for {:.0} days or more, fewer than {:.2} % come back in such a time (95 % sure)",
            self.customers,
            self.days_seen,
            100.0 * self.back_at_most
        )
    }
}

/// The answer of `ltv`: there is no model, and nothing is wrong with the log. Prints or writes it as `ltv` does.
pub(super) fn of_ltv(
    cli: &Cli,
    args: &Ltv,
    Opened { read, notes }: &Opened,
    settings: &Settings,
    once: &Once,
) -> Result<()> {
    let known = |customer: &usize| read.log.past(*customer, settings.calibration).is_some();
    let customers: Vec<usize> = (0..read.log.customers()).filter(known).collect();
    let age = |customer: &usize| Some(read.log.past(*customer, settings.calibration)?.age_days / settings.unit_days);
    let columns = workbench::LTV_SCORES.map(|name| {
        let values = match name {
            "repeat_purchases" | "recency" => vec![Some(0.0); customers.len()],
            "age" => customers.iter().map(age).collect(),
            _ => vec![None; customers.len()],
        };
        (name, values)
    });
    workbench::save(&args.log, read, &customers, columns.to_vec())?;
    let days = (settings.observed_before - settings.calibration.before).max(0);
    if cli.json {
        say_json(&json!({
            "calibration_end": args.calibration_end,
            "customers": once.customers,
            "repeat_customers": 0,
            "repeat_purchases": 0,
            "model": null,
            "reason": once.answer(),
            "share_back_high_95": once.back_at_most,
            "median_days_seen": once.days_seen,
            "net_a_customer": once.net_a_customer,
            "holdout": (days > 0).then(|| json!({"days": days, "customers_back": once.back_since})),
            "value_12_months": null,
            "notes": notes,
        }))?;
        return Ok(());
    }
    say(format!("{} customers until {}, none of them bought again", once.customers, args.calibration_end));
    say(format!("\nanswer     {}", once.answer()));
    if let Some(net) = once.net_a_customer {
        say(format!(
            "value      a customer is worth the first purchase day: {net:.2} on average; what comes after it cannot be told"
        ));
    }
    if days > 0 {
        say(format!("holdout    {} of them bought in the {days} days after that", once.back_since));
    }
    for note in notes {
        say(format!("note: {note}"));
    }
    say(
        "\nnext: a later --calibration-end if customers come back after it, or a log of all orders if this holds first ones only",
    );
    Ok(())
}

/// The answer of `churn`: everybody is gone as far as the log knows.
pub(super) fn of_churn(cli: &Cli, args: &Churn, Opened { read, notes }: &Opened, once: &Once) -> Result<()> {
    let cut = Cut::after(date32(args.as_of));
    let before = cut.earlier(args.horizon_days);
    let known = |cut: Cut| (0..read.log.customers()).filter(move |customer| read.log.past(*customer, cut).is_some());
    let customers: Vec<usize> = known(cut).collect();
    let no_risk = vec![None; customers.len()];
    workbench::save(&args.log, read, &customers, vec![("churn_risk", no_risk)])?;
    // Whoever was known before the last horizon did not buy in it.
    let judged = known(before).count();
    let low = (judged > 0).then(|| 0.05f64.powf(1.0 / judged as f64));
    if cli.json {
        say_json(&json!({
            "event": churn_event(args),
            "as_of": args.as_of,
            "horizon_days": args.horizon_days,
            "judged_customers": judged,
            "churn_rate": (judged > 0).then_some(1.0),
            "churn_rate_low_95": low,
            "chosen": null,
            "reason": once.answer(),
            "scored_customers": 0,
            "mean_risk": null,
            "notes": notes,
        }))?;
        return Ok(());
    }
    say(format!("event      {}", churn_event(args)));
    say(format!("answer     {}", once.answer()));
    say(match low {
        Some(low) => format!(
            "risk       none of {judged} customers bought in the {} days up to {}: the risk is above {:.1} % (95 % sure), and nothing tells one customer's from another's",
            args.horizon_days,
            args.as_of,
            100.0 * low
        ),
        None => format!("risk       nobody is known for {} days: nothing can be said yet", args.horizon_days),
    });
    for note in notes {
        say(format!("note: {note}"));
    }
    Ok(())
}
