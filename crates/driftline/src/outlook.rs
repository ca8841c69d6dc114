//! Step 8 for what comes next: churn risks and next-period values by the methods that the market's own past chose, and the
//! grades of last period's.

use driftline_core::Minor;
use driftline_core::report::{ChurnModel, ForecastModel, Models, Report};
use driftline_core::scorecard::{self, Grade, NextPeriod, Published, RiskTenth, Scorecard, Scored};
use driftline_core::sentence::Words;
use driftline_lake::functions::date32;
use driftline_lake::{Lake, fitted, read};
use driftline_stats::purchase::Kind;
use driftline_stats::purchase_log::Cut;
use driftline_stats::{churn, forecast};

use crate::job::Job;
use crate::plan::RunPlan;

/// Judges candidates on the market's past, scores everyone and gives the scores to SQL; nothing without a purchase model.
pub async fn give(
    lake: &Lake,
    job: &Job,
    plan: &RunPlan,
    previous: Option<&Report>,
    models: &mut Models,
) -> driftline_lake::Result<()> {
    let Some(purchase) = &models.purchase else {
        return fitted::give_outlooks(lake, &[], Vec::new(), Vec::new());
    };
    let kinds: [Kind; 1] = [purchase.model.kind];
    let horizon = i32::try_from(plan.horizon_days(job)).unwrap_or(91);
    let (keys, log) = read::purchase_log(lake).await?;
    let kept = previous.and_then(|report| report.models.churn.as_ref()).map(|churn| churn.chosen);
    let as_of = Cut::as_of(date32(plan.as_of));
    let assessment = churn::assess(&log, as_of, horizon, &kinds, kept);
    let forecast = forecast::forecast(&log, as_of, horizon, &kinds);
    let none = || vec![None; keys.len()];
    let risks = assessment.as_ref().map_or_else(none, |assessment| assessment.risks.clone());
    // Each customer's forecast is a published figure, rounded here once; sums are sums of rounded ones.
    let values = forecast.as_ref().map_or_else(none, |forecast| forecast.values.clone());
    fitted::give_outlooks(lake, &keys, risks, values)?;
    models.churn = assessment.map(|assessment| ChurnModel {
        event: format!("no purchase in the next {horizon} days"),
        chosen: assessment.chosen,
        reason: assessment.reason,
        backtest: assessment.backtest,
    });
    models.forecast = forecast.map(|forecast| ForecastModel {
        is_level_uncertain: forecast.is_level_uncertain(),
        method: forecast.method,
        calibrated: forecast.calibrated,
        factor: forecast.factor,
        reason: forecast.reason,
        judged: forecast.judged,
        spread: forecast.spread,
        next_period: None,
    });
    Ok(())
}

/// The range of the market's forecast or of a part of it, from how far the last one was off.
pub fn ranged(value: Minor, is_part: bool, model: &ForecastModel) -> NextPeriod {
    let range = model.spread.map(|spread| spread.range_80(value.0 as f64, is_part));
    let rounded = |amount: f64| Minor(amount.round() as i64);
    NextPeriod { value, low_80: range.map(|(low, _)| rounded(low)), high_80: range.map(|(_, high)| rounded(high)) }
}

/// Grades what the period before forecast for this one.
pub fn graded(
    job: &Job,
    plan: &RunPlan,
    previous: &Report,
    scored: &[Scored],
    tenths: Vec<RiskTenth>,
) -> Option<Scorecard> {
    let min_cell = job.file.personas.min_cell;
    let everyone = scored.iter().find(|row| row.segment == 0).filter(|row| row.customers >= min_cell)?;
    let next_period = previous.models.forecast.as_ref()?.next_period?;
    let words = Words { locale: job.file.locale, currency: job.file.currency.clone() };
    let everyone = scorecard::grade(everyone, &Published { label: "Everyone known then", next_period }, min_cell);
    let of_persona = |row: &Scored| -> Option<Grade> {
        let persona = previous.personas.personas.iter().find(|persona| persona.segment == row.segment)?;
        let published = Published { label: &persona.label, next_period: persona.next_period? };
        (row.customers >= min_cell).then(|| scorecard::grade(row, &published, min_cell))
    };
    let personas: Vec<Grade> = scored.iter().filter(|row| row.segment > 0).filter_map(of_persona).collect();
    let of_title = previous.period_title.clone();
    let shown: Vec<RiskTenth> = tenths.iter().copied().filter(|tenth| is_shown(tenth, min_cell)).collect();
    let due = driftline_core::period::year_after(previous.as_of);
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
        twelve_months: if plan.as_of < due {
            format!("not yet due: the 12 months end on {due}")
        } else {
            "due, but only forecasts for the next period are graded so far".to_owned()
        },
    })
}

/// A tenth tells of at least `min_cell` customers on either side of its share.
fn is_shown(tenth: &RiskTenth, min_cell: u64) -> bool {
    let silent = (tenth.happened * tenth.customers as f64).round() as u64;
    silent >= min_cell && tenth.customers.saturating_sub(silent) >= min_cell
}
