//! The customers of a report who are in no persona, as text: a row beside the personas, without a page of its own.

use driftline_core::report::Report;
use serde::Serialize;

/// Each figure as its own report writes it; `None` where the report has none.
#[derive(Debug, Serialize)]
pub(super) struct Unlike {
    label: String,
    customers: String,
    /// Of active customers.
    share: String,
    value: Option<String>,
    /// Of the 12-month value of everyone active.
    value_share: Option<String>,
    value_per_customer: Option<String>,
    net_revenue: Option<String>,
    period_title: String,
}

impl Unlike {
    /// `None` if the report has too few of them, or none.
    pub(super) fn of(report: &Report) -> Option<Self> {
        let other = report.personas.other.as_ref()?;
        let money = |amount| report.locale.money(amount, &report.currency);
        Some(Self {
            label: other.label.clone(),
            customers: report.locale.number(other.customers as f64, 0),
            share: report.locale.percent(other.share, 1),
            value: other.value.map(money),
            value_share: other.value_share.map(|share| report.locale.percent(share, 1)),
            value_per_customer: other.value_per_customer.map(money),
            net_revenue: other.net_revenue.map(money),
            period_title: report.period_title.clone(),
        })
    }
}
