//! The strip of figures at the head of a report, against last period and the same period last year.

use driftline_core::drift::bridge::{Bridge, Cause, Measure};
use driftline_core::drift::change::MARKET;
use driftline_core::drift::risk::RiskChanges;
use driftline_core::report::{Kpi, Models, Report, Unit};
use driftline_core::tables::profile::EVERYONE_SEGMENT;

use super::parts::Parts;

pub(super) fn kpis(parts: &Parts<'_>, comparable: bool, bridges: &[Bridge], risks: Option<&RiskChanges>) -> Vec<Kpi> {
    let everyone = parts.tables.profiles.iter().find(|profile| profile.segment == EVERYONE_SEGMENT);
    let value = everyone.and_then(|profile| profile.value);
    let risk = everyone.and_then(|profile| profile.churn_risk);
    let per_customer = value.map(|value| value.mean_over(parts.base.active));
    let forecast_note = parts.models.purchase.is_none().then(|| parts.models.value_note.clone());
    let mut kpis = vec![
        kpi("active_customers", "Active customers", Unit::Count, Some(parts.base.active as f64), None),
        kpi("net_revenue", "Net revenue of the period", Unit::Money, Some(parts.tables.totals.net.0 as f64), None),
        kpi(
            "value_12_months",
            "12-month value (forecast)",
            Unit::Money,
            value.map(|value| value.0 as f64),
            forecast_note.clone(),
        ),
        kpi(
            "churn_risk",
            &format!("Risk of no purchase in {} days", parts.plan.horizon_days(parts.job)),
            Unit::Share,
            risk,
            forecast_note.clone(),
        ),
        kpi(
            "value_per_customer",
            "12-month value a customer",
            Unit::Money,
            per_customer.map(|value| value.0 as f64),
            forecast_note,
        ),
        kpi("orders", "Orders", Unit::Count, Some(parts.tables.totals.orders as f64), None),
    ];
    for kpi in &mut kpis {
        let find = |report: Option<&Report>| {
            report.and_then(|report| report.kpis.iter().find(|other| other.key == kpi.key)).and_then(|other| other.now)
        };
        kpi.previous = find(parts.previous.filter(|_| comparable));
        kpi.year_before = find(parts.year_before.filter(|report| comparable && report.partial.is_none()));
        if kpi.key == "churn_risk" && is_risk_redefined(parts) {
            (kpi.previous, kpi.year_before) = (None, None);
            kpi.note = Some("method changed".to_owned());
        }
        if let (Some(now), Some(before)) = (kpi.now, kpi.previous) {
            kpi.change = Some(now - before);
            kpi.relative_change = (kpi.unit != Unit::Share && before != 0.0).then(|| (now - before) / before.abs());
            let plain = kpi.relative_change.or(kpi.change);
            kpi.like_for_like = like_for_like(&kpi.key, parts, bridges, risks).filter(|moved| {
                let shown = |part: f64| parts.job.locale(&parts.plan.market).percent(part, 1);
                plain.is_some_and(|plain| shown(plain) != shown(*moved))
            });
        } else if parts.previous.is_some() && kpi.note.is_none() {
            kpi.note = Some("not compared".to_owned());
        }
    }
    kpis
}

/// What customers moved of a figure, where its bridge or its causes say so. Orders that came late are told where their customers
/// are enough for a bar of their own.
fn like_for_like(key: &str, parts: &Parts<'_>, bridges: &[Bridge], risks: Option<&RiskChanges>) -> Option<f64> {
    let find = |measure| bridges.iter().find(|bridge: &&Bridge| bridge.measure == measure);
    match key {
        "net_revenue" => find(Measure::NetRevenue)?.like_for_like(),
        "value_12_months" => find(Measure::Value12Months)?.like_for_like(),
        "churn_risk" => {
            let line = risks?.lines.iter().find(|line| line.subject == MARKET)?;
            Some(line.causes.customers_moved)
        }
        "orders" => {
            let bars = &find(Measure::NetRevenue)?.bars;
            let is_told = bars.iter().any(|bar| bar.cause == Cause::Restatement && bar.customers.is_some());
            let before = parts.tables.totals_restated.orders as f64;
            (is_told && before > 0.0).then(|| (parts.tables.totals.orders as f64 - before) / before)
        }
        _ => None,
    }
}

/// A risk by another method is another figure: the difference would be the method's, not the customers'.
fn is_risk_redefined(parts: &Parts<'_>) -> bool {
    let method = |models: &Models| models.churn.as_ref().map(|churn| churn.chosen);
    parts.previous.is_some_and(|previous| method(&previous.models) != method(&parts.models))
}

fn kpi(key: &str, label: &str, unit: Unit, now: Option<f64>, note: Option<String>) -> Kpi {
    Kpi {
        key: key.to_owned(),
        label: label.to_owned(),
        unit,
        now,
        previous: None,
        year_before: None,
        change: None,
        relative_change: None,
        like_for_like: None,
        note,
    }
}
