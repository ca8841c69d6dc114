//! Step 8 for what comes next: churn risks and next-period values by the methods that the market's own past chose, and the
//! grades of last period's.

mod grades;
mod ranges;
mod told;

pub use grades::{count_past_ranges, graded, graded_year};
pub use ranges::Ranges;
pub(crate) use told::told;

use std::collections::BTreeMap;
use std::sync::Arc;

use driftline_core::personas::RiskReason;
use driftline_core::report::{Models, Report};
use driftline_core::value::models::{ChurnModel, ForecastModel};
use driftline_lake::fitted::{self, Outlooks};
use driftline_lake::functions::date32;
use driftline_lake::{Lake, read};
use driftline_stats::expectation::{self, Expectation, History, Market, Present, RangeModel, Score, Told};
use driftline_stats::pool::Pool;
use driftline_stats::purchase::bands::Bands;
use driftline_stats::purchase_log::{Cut, PurchaseLog};
use driftline_stats::value::{Customer, ValueModel};
use driftline_stats::{churn, forecast, lifetime};

use crate::run::beside::beside;
use crate::run::segment::Segmented;
use crate::run::task::Task;
use crate::setup::job::Job;

/// What moves the risk of each segment.
pub type Reasons = BTreeMap<u32, Vec<RiskReason>>;

/// What the market's past says of the methods, and what these say of everyone.
pub struct Outlook {
    keys: Vec<i64>,
    horizon_days: i32,
    assessment: Option<churn::Assessment>,
    expected: Option<Expected>,
}

/// The forecasts: of everyone, with their makers and how these did before.
struct Expected {
    models: Expectation,
    present: Present,
    scores: Vec<Option<Score>>,
}

/// What is known besides the purchases of the market.
pub struct Known<'a> {
    pub previous: Option<&'a Report>,
    /// What a small market's models are pulled to.
    pub pool: Option<Pool>,
    /// What published reports say of forecasts.
    pub told: Told,
}

/// Judges the methods on the market's past and scores everyone; nothing without a purchase model.
///
/// # Errors
/// `Error::Lake` if the purchases cannot be read.
pub async fn assess(
    task: &Task<'_>,
    lake: &Lake,
    models: &Models,
    known: Known<'_>,
) -> driftline_lake::Result<Option<Outlook>> {
    let (plan, Known { previous, pool, told }) = (task.plan, known);
    let Some(purchase) = models.purchase.as_ref().map(|fit| fit.model) else { return Ok(None) };
    let horizon_days = i32::try_from(plan.horizon_days(&task.context.job)).unwrap_or(91);
    let (keys, log) = read::purchase_log(lake).await?;
    let kept = previous.and_then(|report| report.models.churn.as_ref()).map(|churn| churn.chosen);
    let as_of = Cut::as_of(date32(plan.as_of));
    let spend = models.spend.as_ref().map(|fit| fit.model).zip(models.returns());
    let outlook = beside(move || {
        let market = Market { kind: purchase.kind, pool: pool.as_ref(), horizon_days };
        let past = History::new(&log, as_of, &market);
        let pasts = log.pasts(as_of, usize::MAX);
        let bands = Bands::fit(&purchase, &pasts);
        let (assessment, expected) = std::thread::scope(|scope| {
            let expected = scope.spawn(|| {
                let (spend, returns) = spend?;
                let present = past.present(&told);
                let models = Expectation::new(bands.clone(), spend, returns, horizon_days).at_level(&present);
                let scores = models.scores(&log, as_of);
                Some(Expected { models, present, scores })
            });
            let (kinds, shifts) = ([purchase.kind], past.shifts());
            let considered = churn::Considered { kinds: &kinds, bands: Some(&bands), shifts: &shifts, kept };
            let assessment = churn::assess(&log, as_of, horizon_days, &considered);
            (assessment, expected.join().unwrap_or_else(|cause| std::panic::resume_unwind(cause)))
        });
        Outlook { keys, horizon_days, assessment, expected }
    });
    Ok(Some(outlook.await))
}

/// What segments are explained by, once everyone has a score.
pub struct Evidence {
    keys: Vec<i64>,
    /// As in `churn::Assessment`.
    by_family: Vec<[f32; churn::FAMILIES.len()]>,
    scores: Vec<Option<Score>>,
    ranges: Option<RangeModel>,
}

/// Gives the scores to SQL, and what was judged to the models; with what segments are explained by.
pub fn register(
    lake: &Lake,
    job: &Job,
    outlook: Option<Outlook>,
    models: &mut Models,
) -> driftline_lake::Result<Option<Evidence>> {
    let Some(Outlook { keys, horizon_days, assessment, expected }) = outlook else {
        fitted::register_outlooks(lake, &Outlooks::default())?;
        return Ok(None);
    };
    // The model `int_customers_valued` rounds each customer's forecasts once; sums are sums of rounded ones.
    let scores = expected.as_ref().map_or(&[][..], |expected| &expected.scores);
    let (churn_risk, days_to_purchase) = assessment
        .as_ref()
        .map(|assessment| (assessment.risks.clone(), assessment.days_to_purchase.clone()))
        .unwrap_or_default();
    fitted::register_outlooks(lake, &Outlooks { churn_risk, days_to_purchase, ..outlooks(keys.clone(), scores) })?;
    let mut by_family = Vec::new();
    models.churn = assessment.map(|assessment| {
        by_family = assessment.by_family;
        ChurnModel {
            event: format!("no purchase in the next {horizon_days} days"),
            chosen: assessment.chosen,
            reason: assessment.reason,
            backtest: assessment.backtest.map(|backtest| without_small_bins(backtest, job.personas.min_cell)),
            fitted: Some(assessment.fitted),
        }
    });
    let Some(Expected { models: expectation, present, scores }) = expected else {
        return Ok(Some(Evidence { keys, by_family, scores: Vec::new(), ranges: None }));
    };
    let (least, most) = forecast::CERTAIN;
    let judged = present.judged.as_ref().and_then(|judged| judged.candidates.first());
    models.value_level = judged.map(|levelled| levelled.ratio);
    models.is_value_level_uncertain = models.value_level.is_some_and(|level| !(least..=most).contains(&level));
    models.forecast = Some(ForecastModel {
        is_level_uncertain: models.value_level.is_none_or(|level| !(least..=most).contains(&level)),
        method: forecast::Method::LevelledModel,
        calibrated: true,
        factor: expectation.factors[0],
        reason: match present.origins {
            0 => "it gives all horizons from one set of models; nothing earlier could be judged".to_owned(),
            origins => format!(
                "it gives all horizons from one set of models, at the level that {} of the market's past {}",
                if origins == 1 { "one period".to_owned() } else { format!("{origins} periods") },
                if origins == 1 { "says" } else { "say" },
            ),
        },
        judged: present.judged,
        spread: None,
        ranges: Some(present.ranges),
        next_period: None,
    });
    models.expectation = Some(expectation);
    Ok(Some(Evidence { keys, by_family, scores, ranges: Some(present.ranges) }))
}

/// The reasons and ranges of each segment, computed on a thread of its own.
pub async fn explain(evidence: Option<Evidence>, segmented: Option<Arc<Segmented>>) -> (Reasons, Ranges) {
    let Some(of) = evidence else { return Default::default() };
    beside(move || {
        let segmented = segmented.as_deref();
        let reasons = segmented.map_or_else(Reasons::new, |segmented| reasons(&of.keys, &of.by_family, segmented));
        let ranges =
            of.ranges.map_or_else(Ranges::default, |model| Ranges::new(&model, &of.keys, &of.scores, segmented));
        (reasons, ranges)
    })
    .await
}

/// What the models that a report carries say of the customers of a lake at a day; nothing of what it does not carry.
pub(crate) async fn outlooks_by(
    lake: &Lake,
    models: Option<&Models>,
    as_of: chrono::NaiveDate,
) -> driftline_lake::Result<Outlooks> {
    let Some(models) = models else { return Ok(Outlooks::default()) };
    let (keys, log) = read::purchase_log(lake).await?;
    let as_of = Cut::as_of(date32(as_of));
    let risk = models.churn.as_ref().and_then(|churn| churn.fitted.as_ref());
    let churn_risk = risk.map_or_else(Vec::new, |fitted| fitted.risks(&log, as_of));
    Ok(match &models.expectation {
        Some(expectation) => Outlooks { churn_risk, ..outlooks(keys, &expectation.scores(&log, as_of)) },
        None => {
            Outlooks { keys, churn_risk, value_12_months: plain_values(models, &log, as_of), ..Outlooks::default() }
        }
    })
}

/// 12-month values by the models of a report from before there were bands.
fn plain_values(models: &Models, log: &PurchaseLog, as_of: Cut) -> Vec<Option<f64>> {
    let (Some(purchase), Some(spend), Some(returns)) = (&models.purchase, &models.spend, models.returns()) else {
        return Vec::new();
    };
    let model = ValueModel { purchase: purchase.model, spend: spend.model, returns };
    let pasts = log.pasts(as_of, usize::MAX);
    let customers: Vec<Customer> = pasts.iter().map(|(_, past)| lifetime::customer(past, 7.0)).collect();
    let mut values = vec![None; log.customers()];
    for ((customer, _), value) in pasts.iter().zip(model.expected_of_each(&customers, expectation::YEAR_DAYS / 7.0)) {
        values[*customer] = Some(value);
    }
    values
}

fn outlooks(keys: Vec<i64>, scores: &[Option<Score>]) -> Outlooks {
    let column = |of: fn(&Score) -> f64| scores.iter().map(|score| score.as_ref().map(of)).collect();
    Outlooks {
        keys,
        p_alive: column(|score| score.p_alive),
        expected_purchases: column(|score| score.expected_purchases),
        expected_spend: column(|score| score.expected_spend),
        value_12_months: column(|score| score.year),
        next_period_value: column(|score| score.next),
        ..Outlooks::default()
    }
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
