//! The grades of last period's forecasts, and of those of a year ago.

use driftline_core::basics::locale::Words;
use driftline_core::report::Report;
use driftline_core::report::scorecard::year::{ScoredYear, YearBefore, YearScorecard, grade_year};
use driftline_core::report::scorecard::{self, Grade, PastRanges, Published, RiskTenth, Scorecard, Scored};
use driftline_core::tables::profile::EVERYONE_SEGMENT;

use crate::setup::job::Job;
use crate::setup::plan::RunPlan;

/// Grades what the period before forecast for this one.
pub fn graded(
    job: &Job,
    plan: &RunPlan,
    previous: &Report,
    (scored, tenths): (Vec<Scored>, Vec<RiskTenth>),
    year: Option<YearScorecard>,
) -> Option<Scorecard> {
    let min_cell = job.personas.min_cell;
    let everyone = scored.iter().find(|row| row.segment == EVERYONE_SEGMENT).filter(|row| row.customers >= min_cell)?;
    let next_period = previous.models.forecast.as_ref()?.next_period?;
    let words = Words { locale: job.locale(&plan.market), currency: job.currency.clone() };
    let everyone = scorecard::grade(everyone, &Published { label: "Everyone known then", next_period }, min_cell);
    let of_persona = |row: &Scored| -> Option<Grade> {
        let persona = previous.personas.personas.iter().find(|persona| persona.segment == row.segment)?;
        let published = Published { label: &persona.label, next_period: persona.next_period? };
        (row.customers >= min_cell).then(|| scorecard::grade(row, &published, min_cell))
    };
    let mut personas: Vec<Grade> =
        scored.iter().filter(|row| row.segment != EVERYONE_SEGMENT).filter_map(of_persona).collect();
    hide_a_second(&mut personas);
    let of_title = previous.period_title.clone();
    let shown: Vec<RiskTenth> = tenths.iter().copied().filter(|tenth| is_shown(tenth, min_cell)).collect();
    let due = driftline_core::basics::period::year_after(previous.as_of);
    Some(Scorecard {
        of: previous.period,
        sentence: scorecard::sentence(&words, &of_title, &everyone),
        of_title,
        calibration_error: scorecard::calibration_error(&tenths),
        tenths: shown,
        covered: personas.iter().filter(|grade| grade.is_covered == Some(true)).count() as u64,
        ranges: personas.iter().filter(|grade| grade.is_covered.is_some()).count() as u64,
        personas,
        everyone,
        twelve_months: if let Some(year) = &year {
            format!("that of {} is graded below", year.of_title)
        } else if plan.as_of < due {
            format!("not yet due: the 12 months end on {due}")
        } else {
            "no whole report of a year ago to grade".to_owned()
        },
        year,
        past_ranges: None,
    })
}

/// Counts how all published ranges did, those of `past` reports and of this card, and says so.
pub fn count_past_ranges(card: &mut Scorecard, past: &[Report]) {
    let cards = past.iter().filter_map(|report| report.scorecard.as_ref());
    let counted = PastRanges::of(cards.chain([&*card]));
    card.sentence.push_str(&scorecard::past_sentence(&counted));
    card.past_ranges = Some(counted);
}

/// Grades what the report of a year ago expected of the 12 months since.
pub fn graded_year(job: &Job, year_before: &Report, scored: &[ScoredYear]) -> Option<YearScorecard> {
    let words = Words { locale: job.locale(&year_before.market), currency: job.currency.clone() };
    let published = YearBefore {
        period: year_before.period,
        period_title: &year_before.period_title,
        personas: &year_before.personas,
        range: year_before.models.value_range,
    };
    grade_year(&words, &published, scored, job.personas.min_cell)
}

/// One hidden share could be worked out from everyone's; the smallest other one is hidden with it.
fn hide_a_second(personas: &mut [Grade]) {
    if personas.iter().filter(|grade| grade.risk_happened.is_none()).count() != 1 {
        return;
    }
    let count = |grade: &Grade| grade.risk_happened.map_or(f64::INFINITY, |share| share * grade.customers as f64);
    if let Some(smallest) = personas.iter_mut().min_by(|a, b| count(a).total_cmp(&count(b))) {
        smallest.risk_happened = None;
    }
}

/// A tenth tells of at least `min_cell` customers on either side of its share.
fn is_shown(tenth: &RiskTenth, min_cell: u64) -> bool {
    let silent = (tenth.happened * tenth.customers as f64).round() as u64;
    silent >= min_cell && tenth.customers.saturating_sub(silent) >= min_cell
}
