//! The scorecard: what the last report forecast for this period, and what happened.

pub mod year;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::year::YearScorecard;
use crate::basics::locale::Words;
use crate::tables::profile::EVERYONE_SEGMENT;
use crate::value::forecast::NextPeriod;
use crate::{Minor, Period};

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
    /// Customers whose next purchase was expected within the period, and how many of them bought; `None` if that or the rest tells
    /// of fewer than `min_cell`, and for a persona.
    #[serde(default)]
    pub expected_buyers: Option<ExpectedToBuy>,
}

/// Who was expected to buy within the period, by the time to the next purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpectedToBuy {
    pub customers: u64,
    pub bought: u64,
}

/// How many of the 80 % ranges published so far held what came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PastRanges {
    /// Of everyone's, in scorecards up to this one.
    pub market_held: u64,
    pub market: u64,
    /// Of personas'.
    pub personas_held: u64,
    pub personas: u64,
}

impl PastRanges {
    /// Counts the scorecards of reports up to now.
    pub fn of<'a>(scorecards: impl IntoIterator<Item = &'a Scorecard>) -> Self {
        let mut past = Self::default();
        for card in scorecards {
            past.market += u64::from(card.everyone.is_covered.is_some());
            past.market_held += u64::from(card.everyone.is_covered == Some(true));
            past.personas += card.ranges;
            past.personas_held += card.covered;
        }
        past
    }
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
    /// How all published ranges did so far; absent in reports from before it was counted.
    #[serde(default)]
    pub past_ranges: Option<PastRanges>,
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
    /// Customers whose next purchase was expected in the period, and how many of them bought.
    pub expected_to_buy: u64,
    pub expected_who_bought: u64,
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
    let among = |bought: u64| scored.expected_to_buy.saturating_sub(bought);
    let who = scored.expected_who_bought;
    let cells = [who, among(who), bought.saturating_sub(who), scored.did_not_buy.saturating_sub(among(who))];
    let expected = scored.segment == EVERYONE_SEGMENT && cells.iter().all(|cell| *cell >= min_cell);
    let range = published.next_period.low_80.zip(published.next_period.high_80);
    Grade {
        label: published.label.to_owned(),
        customers: scored.customers,
        forecast: NextPeriod { value: scored.forecast, ..published.next_period },
        actual: scored.actual,
        error: scored.forecast.ratio(scored.actual).map(|ratio| ratio - 1.0),
        is_covered: range.map(|(low, high)| (low..=high).contains(&scored.actual)),
        risk_said: scored.risk_said,
        expected_buyers: expected.then_some(ExpectedToBuy { customers: scored.expected_to_buy, bought: who }),
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
            " {} were expected not to buy, {} did not.",
            words.locale.percent(everyone.risk_said, 1),
            words.locale.percent(happened, 1)
        )
    });
    let buyers = everyone.expected_buyers.map_or_else(String::new, |of| {
        format!(" Of {} expected to order, {} did.", words.locale.count(of.customers), words.locale.count(of.bought))
    });
    format!(
        "The {of_title} report expected {} of net revenue{range} from the {} customers known then; they brought {}{off}.{risk}{buyers}",
        money(everyone.forecast.value),
        words.locale.count(everyone.customers),
        money(everyone.actual)
    )
}

/// One sentence on all ranges so far; nothing while there are fewer than two of the market.
pub fn past_sentence(past: &PastRanges) -> String {
    if past.market < 2 {
        return String::new();
    }
    let of_personas = match past.personas {
        0 => String::new(),
        all => format!(", {} of {all} for personas", past.personas_held),
    };
    format!(" 80 % ranges held {} of {} times so far for the market{of_personas}.", past.market_held, past.market)
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
            expected_to_buy: 60,
            expected_who_bought: 49,
        };
        let next_period = NextPeriod { value: Minor(11_000), low_80: Some(Minor(9_000)), high_80: Some(Minor(13_000)) };
        let published = Published { label: "Loyal", next_period };
        let of = grade(&scored, &published, 10);
        assert_eq!((of.is_covered, of.risk_happened), (Some(true), Some(0.25)));
        assert!(of.error.is_some_and(|error| (error - 0.1).abs() < 1e-12));
        // Only of everyone, and only if none of the four groups is a small cell.
        assert_eq!(of.expected_buyers, None);
        let all = Scored { segment: EVERYONE_SEGMENT, ..scored };
        assert_eq!(grade(&all, &published, 10).expected_buyers, Some(ExpectedToBuy { customers: 60, bought: 49 }));
        for small in [Scored { expected_who_bought: 51, ..all }, Scored { expected_to_buy: 65, ..all }] {
            assert_eq!(grade(&small, &published, 10).expected_buyers, None, "{small:?}");
        }
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
