//! The scorecard: what the last report forecast for this period, and what happened.

pub mod year;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::year::YearScorecard;
use crate::sentence::Words;
use crate::{Minor, Period};

/// Forecast of a persona, or of everyone, for the period after the reported one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NextPeriod {
    /// Net amount.
    pub value: Minor,
    /// Ends of the 80 % range; `None` if no earlier forecast could be judged.
    pub low_80: Option<Minor>,
    pub high_80: Option<Minor>,
}

/// One line of the scorecard: customers as they were grouped when the forecast was published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Grade {
    pub label: String,
    pub customers: u64,
    pub forecast: NextPeriod,
    pub actual: Minor,
    /// Forecast over actual, less 1; `None` if nothing came.
    pub error: Option<f64>,
    /// Whether the 80 % range held it.
    pub is_covered: Option<bool>,
    /// Mean risk of no purchase as published, and the share that did not buy; `None` below `min_cell` either way.
    pub risk_said: f64,
    pub risk_happened: Option<f64>,
}

/// A tenth of risk: said and happened.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RiskTenth {
    pub customers: u64,
    pub said: f64,
    pub happened: f64,
}

/// How last period's forecasts turned out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scorecard {
    /// The period whose report made the forecasts.
    pub of: Period,
    pub of_title: String,
    pub everyone: Grade,
    pub personas: Vec<Grade>,
    /// Mean distance of risks from what happened over the tenths of risk, weighted by customers.
    pub calibration_error: Option<f64>,
    pub tenths: Vec<RiskTenth>,
    /// Of the persona ranges, how many held what happened, and how many there are.
    pub covered: u64,
    pub ranges: u64,
    pub sentence: String,
    /// When the 12-month forecast can be graded, or that it was.
    pub twelve_months: String,
    /// The 12-month forecast of a year ago, once its 12 months are over.
    #[serde(default)]
    pub year: Option<YearScorecard>,
}

/// A row of the `scorecard` table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    pub segment: u32,
    pub customers: u64,
    pub forecast: Minor,
    pub actual: Minor,
    pub risk_said: f64,
    pub did_not_buy: u64,
}

/// What a grade needs beside the row: the label and the range as published.
pub struct Published<'a> {
    pub label: &'a str,
    pub next_period: NextPeriod,
}

/// Grades one row.
pub fn grade(scored: &Scored, published: &Published<'_>, min_cell: u64) -> Grade {
    // A share may not tell of fewer than `min_cell` customers, on either side of it.
    let bought = scored.customers.saturating_sub(scored.did_not_buy);
    let shown = scored.did_not_buy >= min_cell && bought >= min_cell;
    let range = published.next_period.low_80.zip(published.next_period.high_80);
    Grade {
        label: published.label.to_owned(),
        customers: scored.customers,
        forecast: NextPeriod { value: scored.forecast, ..published.next_period },
        actual: scored.actual,
        error: scored.forecast.ratio(scored.actual).map(|ratio| ratio - 1.0),
        is_covered: range.map(|(low, high)| (low..=high).contains(&scored.actual)),
        risk_said: scored.risk_said,
        risk_happened: shown.then(|| scored.did_not_buy as f64 / scored.customers.max(1) as f64),
    }
}

/// Mean distance between said and happened over tenths, weighted by customers.
pub fn calibration_error(tenths: &[RiskTenth]) -> Option<f64> {
    let customers: f64 = tenths.iter().map(|tenth| tenth.customers as f64).sum();
    let missed = |tenth: &RiskTenth| tenth.customers as f64 * (tenth.said - tenth.happened).abs();
    (customers > 0.0).then(|| tenths.iter().map(missed).sum::<f64>() / customers)
}

/// One sentence for the mail.
pub fn sentence(words: &Words, of_title: &str, everyone: &Grade) -> String {
    let money = |amount| words.locale.money(amount, &words.currency);
    let range = match (everyone.forecast.low_80, everyone.forecast.high_80) {
        (Some(low), Some(high)) => format!(" (80 % range {} to {})", money(low), money(high)),
        _ => String::new(),
    };
    let off = everyone.error.map_or_else(String::new, |error| {
        let inside = match everyone.is_covered {
            Some(true) => ", inside its range",
            Some(false) => ", outside its range",
            None => "",
        };
        let side = if error < 0.0 { "low" } else { "high" };
        format!(" (the forecast was {} too {side}{inside})", words.locale.percent(error.abs(), 1))
    });
    let risk = everyone.risk_happened.map_or_else(String::new, |happened| {
        format!(
            " {} of them were expected not to buy, {} did not.",
            words.locale.percent(everyone.risk_said, 1),
            words.locale.percent(happened, 1)
        )
    });
    format!(
        "The {of_title} report expected {} of net revenue{range} from the customers known then; they brought {}{off}.{risk}",
        money(everyone.forecast.value),
        money(everyone.actual)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grade_hides_small_counts_and_knows_its_range() {
        let scored = Scored {
            segment: 1,
            customers: 100,
            forecast: Minor(11_000),
            actual: Minor(10_000),
            risk_said: 0.3,
            did_not_buy: 25,
        };
        let next_period = NextPeriod { value: Minor(11_000), low_80: Some(Minor(9_000)), high_80: Some(Minor(13_000)) };
        let published = Published { label: "Loyal", next_period };
        let of = grade(&scored, &published, 10);
        assert_eq!((of.is_covered, of.risk_happened), (Some(true), Some(0.25)));
        assert!(of.error.is_some_and(|error| (error - 0.1).abs() < 1e-12));
        let few = grade(&Scored { did_not_buy: 3, ..scored }, &published, 10);
        assert_eq!(few.risk_happened, None);
        let all_but_few = grade(&Scored { did_not_buy: 97, ..scored }, &published, 10);
        assert_eq!(all_but_few.risk_happened, None);
        let tenths = [
            RiskTenth { customers: 30, said: 0.1, happened: 0.2 },
            RiskTenth { customers: 10, said: 0.5, happened: 0.5 },
        ];
        assert!(calibration_error(&tenths).is_some_and(|error| (error - 0.075).abs() < 1e-12));
    }
}
