//! What published reports tell of forecasts: how far those of the market and of personas were off, and how sure larger markets are.

use driftline_core::report::Report;
use driftline_stats::expectation::{RangeModel, Spread, Told};

use crate::run::recall::Recalled;

/// `past` are the market's reports, `larger` those of the markets that it leans on.
pub(crate) fn told(past: &[Report], larger: &[Recalled]) -> Told {
    let mut told = Told::default();
    for card in past.iter().filter_map(|report| report.scorecard.as_ref()) {
        if let Some(ranges) = past.iter().find(|report| report.period == card.of).and_then(ranges) {
            let miss = |grade: &driftline_core::report::scorecard::Grade| {
                let said = grade.forecast;
                ranges.next.miss(said.value.0 as f64, said.high_80?.0 as f64, grade.actual.0.max(0) as f64)
            };
            let of_all = &card.everyone;
            let high = of_all.forecast.high_80.map_or(f64::NAN, |high| high.0 as f64);
            let off = ranges.next.market_miss(of_all.forecast.value.0 as f64, high, of_all.actual.0 as f64);
            told.market_misses.extend(off);
            told.next_misses.extend(card.personas.iter().filter_map(miss));
        }
        let year = card.year.as_ref();
        let then = year.and_then(|year| past.iter().find(|report| report.period == year.of)).and_then(ranges);
        if let (Some(year), Some(ranges)) = (year, then) {
            let miss = |grade: &driftline_core::report::scorecard::year::YearGrade| {
                ranges.year.miss(grade.forecast.0 as f64, grade.range?.high_80.0 as f64, grade.actual.0.max(0) as f64)
            };
            told.year_misses.extend(year.personas.iter().filter_map(miss));
        }
    }
    let others: Vec<&RangeModel> = larger.iter().filter_map(|other| ranges(&other.report)).collect();
    let mean = |of: fn(&RangeModel) -> Spread| Spread::mean(&others.iter().map(|model| of(model)).collect::<Vec<_>>());
    told.neighbours = mean(|model| model.next).zip(mean(|model| model.year));
    told
}

fn ranges(report: &Report) -> Option<&RangeModel> {
    report.models.forecast.as_ref()?.ranges.as_ref()
}
