//! Step 8 for what comes next: churn risks and next-period values by the methods that the market's own past chose, and the
//! grades of last period's.

use std::collections::BTreeMap;
use std::sync::Arc;

use driftline_core::Minor;
use driftline_core::persona::RiskReason;
use driftline_core::report::{ChurnModel, ForecastModel, Models, Report};
use driftline_core::scorecard::year::{ScoredYear, YearScorecard, grade_year};
use driftline_core::scorecard::{self, Grade, NextPeriod, Published, RiskTenth, Scorecard, Scored};
use driftline_core::sentence::Words;
use driftline_lake::functions::date32;
use driftline_lake::{Lake, fitted, read};
use driftline_stats::purchase::Kind;
use driftline_stats::purchase_log::{Cut, PurchaseLog};
use driftline_stats::value::ValueModel;
use driftline_stats::{churn, forecast};

use crate::fit::beside;
use crate::job::Job;
use crate::plan::RunPlan;
use crate::segment::Segmented;
use crate::value;

/// What moves the risk of each segment.
pub type Reasons = BTreeMap<u32, Vec<RiskReason>>;

/// What the market's past says of the methods, and what these say of everyone.
pub struct Outlook {
    keys: Vec<i64>,
    log: PurchaseLog,
    horizon_days: i32,
    assessment: Option<churn::Assessment>,
    forecast: Option<forecast::Forecast>,
}

/// Judges candidates on the market's past and scores everyone; nothing without a purchase model.
pub async fn assess(
    lake: &Lake,
    job: &Job,
    plan: &RunPlan,
    previous: Option<&Report>,
    models: &Models,
) -> driftline_lake::Result<Option<Outlook>> {
    let Some(purchase) = models.purchase.as_ref().map(|fit| fit.model) else { return Ok(None) };
    let horizon_days = i32::try_from(plan.horizon_days(job)).unwrap_or(91);
    let (keys, log) = read::purchase_log(lake).await?;
    let kept = previous.and_then(|report| report.models.churn.as_ref()).map(|churn| churn.chosen);
    let as_of = Cut::as_of(date32(plan.as_of));
    let known = models.spend.as_ref().zip(models.returns()).map(|(spend, returns)| ValueModel {
        purchase,
        spend: spend.model,
        returns,
    });
    let outlook = beside(move || {
        let kinds: [Kind; 1] = [purchase.kind];
        let (assessment, forecast) = std::thread::scope(|scope| {
            let forecast = scope.spawn(|| forecast::forecast(&log, as_of, horizon_days, &kinds, known.as_ref()));
            let assessment = churn::assess(&log, as_of, horizon_days, &kinds, Some(&purchase), kept);
            (assessment, forecast.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause)))
        });
        Outlook { keys, log, horizon_days, assessment, forecast }
    });
    Ok(Some(outlook.await))
}

/// What segments are explained by, once everyone has a score.
pub struct Evidence {
    keys: Vec<i64>,
    log: PurchaseLog,
    as_of: Cut,
    /// As in `churn::Assessment`.
    by_family: Vec<[f32; churn::FAMILIES.len()]>,
    /// How far groups of customers were off beside the market's level.
    groups_off: Option<f64>,
}

/// Gives the scores to SQL, and what was judged to the models; with what segments are explained by.
pub fn give(
    lake: &Lake,
    job: &Job,
    plan: &RunPlan,
    outlook: Option<Outlook>,
    models: &mut Models,
) -> driftline_lake::Result<Option<Evidence>> {
    let Some(Outlook { keys, log, horizon_days, assessment, forecast }) = outlook else {
        fitted::give_outlooks(lake, &[], Vec::new(), Vec::new())?;
        return Ok(None);
    };
    let none = || vec![None; keys.len()];
    let risks = assessment.as_ref().map_or_else(none, |assessment| assessment.risks.clone());
    // The model `int_customers_valued` rounds each customer's forecast once; sums are sums of rounded ones.
    let values = forecast.as_ref().map_or_else(none, |forecast| forecast.values.clone());
    fitted::give_outlooks(lake, &keys, risks, values)?;
    models.value_level = forecast.as_ref().and_then(value::level);
    let (least, most) = forecast::CERTAIN;
    models.is_value_level_uncertain = models.value_level.is_some_and(|level| !(least..=most).contains(&level));
    let groups_off = forecast.as_ref().and_then(|forecast| forecast.spread).map(|spread| spread.groups);
    let mut by_family = Vec::new();
    models.churn = assessment.map(|assessment| {
        by_family = assessment.by_family;
        ChurnModel {
            event: format!("no purchase in the next {horizon_days} days"),
            chosen: assessment.chosen,
            reason: assessment.reason,
            backtest: assessment.backtest.map(|backtest| without_small_bins(backtest, job.file.personas.min_cell)),
            fitted: Some(assessment.fitted),
        }
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
    Ok(Some(Evidence { keys, log, as_of: Cut::as_of(date32(plan.as_of)), by_family, groups_off }))
}

/// The reasons and ranges of each segment, computed on a thread of its own.
pub async fn explain(
    evidence: Option<Evidence>,
    segmented: Option<Arc<Segmented>>,
    models: Models,
) -> (Reasons, value::Ranges) {
    let (Some(of), Some(segmented)) = (evidence, segmented) else { return Default::default() };
    beside(move || {
        let reasons = reasons(&of.keys, &of.by_family, &segmented);
        (reasons, value::ranges(&of.log, &of.keys, of.as_of, &models, of.groups_off, &segmented))
    })
    .await
}

/// Keys and risks of the customers of a lake at a day, by what a report carries of its risks; nobody's if it carries nothing.
pub(crate) async fn risks_by(
    lake: &Lake,
    model: Option<&ChurnModel>,
    as_of: chrono::NaiveDate,
) -> driftline_lake::Result<(Vec<i64>, Vec<Option<f64>>)> {
    let Some(fitted) = model.and_then(|model| model.fitted.as_ref()) else { return Ok((Vec::new(), Vec::new())) };
    let (keys, log) = read::purchase_log(lake).await?;
    let risks = fitted.risks(&log, Cut::as_of(date32(as_of)));
    Ok((keys, risks))
}

/// A bin of a reliability table counts those who bought and those who did not: neither may be a small cell.
fn without_small_bins(mut backtest: churn::Backtest, min_cell: u64) -> churn::Backtest {
    let least = min_cell as f64;
    for candidate in &mut backtest.candidates {
        candidate
            .quality
            .reliability
            .retain(|bin| bin.customers * bin.happened >= least && bin.customers * (1.0 - bin.happened) >= least);
    }
    backtest
}

/// Mean effect of each family of features on the members' risks, less that on everyone active.
fn reasons(keys: &[i64], by_family: &[[f32; churn::FAMILIES.len()]], segmented: &Segmented) -> Reasons {
    const SHOWN_FROM: f64 = 0.1;
    const FAMILIES: usize = churn::FAMILIES.len();
    if by_family.is_empty() {
        return Reasons::new();
    }
    let mut sums: BTreeMap<u32, ([f64; FAMILIES], f64)> = BTreeMap::new();
    for (key, segment) in segmented.keys.iter().zip(&segmented.assigned) {
        // Both are in the order of the keys.
        let Ok(place) = keys.binary_search(key) else { continue };
        for of in [0, u32::try_from(*segment).unwrap_or(0)] {
            let (sum, count) = sums.entry(of).or_insert(([0.0; FAMILIES], 0.0));
            sum.iter_mut().zip(by_family[place]).for_each(|(sum, effect)| *sum += f64::from(effect));
            *count += 1.0;
        }
    }
    let Some((all, everyone)) = sums.remove(&0) else { return Reasons::new() };
    let of_segment = |(sum, count): ([f64; FAMILIES], f64)| {
        let mut found: Vec<RiskReason> = (0..FAMILIES)
            .map(|n| RiskReason { family: churn::FAMILIES[n].to_owned(), effect: sum[n] / count - all[n] / everyone })
            .filter(|reason| reason.effect.abs() >= SHOWN_FROM)
            .collect();
        found.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
        found.truncate(3);
        found
    };
    sums.into_iter().map(|(segment, sums)| (segment, of_segment(sums))).collect()
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
    year: Option<YearScorecard>,
) -> Option<Scorecard> {
    let min_cell = job.file.personas.min_cell;
    let everyone = scored.iter().find(|row| row.segment == 0).filter(|row| row.customers >= min_cell)?;
    let next_period = previous.models.forecast.as_ref()?.next_period?;
    let words = Words { locale: job.locale(&plan.market), currency: job.file.currency.clone() };
    let everyone = scorecard::grade(everyone, &Published { label: "Everyone known then", next_period }, min_cell);
    let of_persona = |row: &Scored| -> Option<Grade> {
        let persona = previous.personas.personas.iter().find(|persona| persona.segment == row.segment)?;
        let published = Published { label: &persona.label, next_period: persona.next_period? };
        (row.customers >= min_cell).then(|| scorecard::grade(row, &published, min_cell))
    };
    let mut personas: Vec<Grade> = scored.iter().filter(|row| row.segment > 0).filter_map(of_persona).collect();
    hide_a_second(&mut personas);
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
        twelve_months: if let Some(year) = &year {
            format!("that of {} is graded below", year.of_title)
        } else if plan.as_of < due {
            format!("not yet due: the 12 months end on {due}")
        } else {
            "no whole report of a year ago to grade".to_owned()
        },
        year,
    })
}

/// Grades what the report of a year ago expected of the 12 months since.
pub fn graded_year(job: &Job, year_before: &Report, scored: &[ScoredYear]) -> Option<YearScorecard> {
    let words = Words { locale: job.locale(&year_before.market), currency: job.file.currency.clone() };
    let (of, title) = (year_before.period, &year_before.period_title);
    let range = year_before.models.value_range;
    grade_year(&words, of, title, &year_before.personas, range, scored, job.file.personas.min_cell)
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
