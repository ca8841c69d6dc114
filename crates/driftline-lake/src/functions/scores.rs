//! The scores of the fitted models, row by row. Null in, null out; what is not a number is null too.

use std::cell::RefCell;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use datafusion::arrow::datatypes::Float64Type;
use datafusion::common::{Result, exec_err};
use driftline_stats::purchase::{Kind, PurchaseModel, Scorer};
use driftline_stats::spend::SpendModel;

use super::function::Function;

/// Periods that a discounted sum goes over at most.
const PERIODS_MOST: f64 = 1200.0;

/// Expected spend a purchase day.
pub(super) fn of_spend(columns: &[ArrayRef]) -> Float64Array {
    let numbers = floats(columns);
    (0..columns[0].len())
        .map(|row| {
            let [p, q, gamma] = row_of(&numbers[..3], row)?;
            let own_above = row_of(&numbers[3..4], row).map(|[bound]| bound);
            let [x, mean] = row_of(&numbers[4..], row)?;
            finite(SpendModel { p, q, gamma, own_above }.expected_spend(x, mean))
        })
        .collect()
}

/// What is asked of a purchase model.
pub(super) fn of_purchases(function: Function, columns: &[ArrayRef]) -> Result<Float64Array> {
    let models = columns[0].as_string::<i32>();
    let numbers = floats(&columns[1..]);
    let mut scores = Vec::with_capacity(models.len());
    // Mostly one model scores everyone.
    let mut last: Option<((&str, [f64; 4]), PurchaseModel)> = None;
    for row in 0..models.len() {
        if models.is_null(row) || numbers.iter().any(|column| column.is_null(row)) {
            scores.push(None);
            continue;
        }
        let number = |index: usize| numbers[index].value(row);
        let of = (models.value(row), [0, 1, 2, 3].map(number));
        let model = match last {
            Some((before, model)) if before == of => model,
            _ => model_of(of)?,
        };
        last = Some((of, model));
        let (x, recency, age) = (number(4), number(5), number(6));
        let score = match function {
            Function::ProbabilityAlive => model.p_alive(x, recency, age),
            Function::ProbabilityNoPurchase => model.p_no_purchase(x, recency, age, number(7)),
            Function::DiscountedPurchases => {
                let periods = number(7).round().clamp(0.0, PERIODS_MOST) as u32;
                Scorer::discounted(model, periods, number(8), number(9)).expected_purchases(x, recency, age)
            }
            Function::TimeToPurchase => {
                model.time_to_next_purchase_quantile(x, recency, age, number(7)).unwrap_or(f64::INFINITY)
            }
            _ => expected_purchases(model, number(7), [x, recency, age]),
        };
        scores.push(finite(score));
    }
    Ok(scores.into_iter().collect())
}

fn model_of((name, parameters): (&str, [f64; 4])) -> Result<PurchaseModel> {
    let Ok(kind) = name.parse::<Kind>() else {
        return exec_err!("`{name}` is not a purchase model; expected bgnbd, mbgnbd or paretonbd");
    };
    match PurchaseModel::new(kind, parameters) {
        Ok(model) => Ok(model),
        Err(_) => exec_err!("the parameters of {kind} are {parameters:?}; expected positive numbers"),
    }
}

/// What a thread has computed for the last model and horizon that it was asked for; the answers are those of the model.
fn expected_purchases(model: PurchaseModel, horizon: f64, [x, recency, age]: [f64; 3]) -> f64 {
    /// Answers kept at most: customers of a log of days share far fewer.
    const KEPT: usize = 1 << 18;
    thread_local! {
        static LAST: RefCell<Option<(PurchaseModel, f64, Scorer)>> = const { RefCell::new(None) };
    }
    LAST.with_borrow_mut(|last| match last {
        Some((of, within, scorer)) if *of == model && *within == horizon && scorer.kept() < KEPT => {
            scorer.expected_purchases(x, recency, age)
        }
        _ => {
            let (_, _, scorer) = last.insert((model, horizon, Scorer::new(model, horizon)));
            scorer.expected_purchases(x, recency, age)
        }
    })
}

fn floats(columns: &[ArrayRef]) -> Vec<&Float64Array> {
    columns.iter().map(|column| column.as_primitive::<Float64Type>()).collect()
}

fn row_of<const N: usize>(columns: &[&Float64Array], row: usize) -> Option<[f64; N]> {
    let mut values = [0.0; N];
    for (value, column) in values.iter_mut().zip(columns) {
        if column.is_null(row) {
            return None;
        }
        *value = column.value(row);
    }
    Some(values)
}

/// A score that is not a number is missing, not a number.
fn finite(score: f64) -> Option<f64> {
    score.is_finite().then_some(score)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use datafusion::arrow::array::AsArray;
    use datafusion::arrow::datatypes::Float64Type;
    use datafusion::prelude::SessionContext;

    /// CDNOW's BG/NBD and Gamma-Gamma as in `fit`'s reference values.
    const MODEL: &str = "'bgnbd', 0.242595e0, 4.413602e0, 0.792922e0, 2.425906e0";

    async fn value(call: &str) -> Result<Option<f64>, String> {
        let context = SessionContext::new();
        crate::functions::register(&context, "");
        let frame = context.sql(&format!("select {call} as value")).await.map_err(|error| error.to_string())?;
        let batches = frame.collect().await.map_err(|error| error.to_string())?;
        let column = batches[0].column(0).as_primitive::<Float64Type>();
        Ok(column.iter().next().unwrap())
    }

    /// Single customers of the reference file, and what follows from the definitions.
    #[tokio::test]
    async fn functions_give_the_models_scores() {
        let alive = value(&format!("p_alive({MODEL}, 2e0, 30.43e0, 38.86e0)")).await.unwrap().unwrap();
        assert!((alive - 0.726_609).abs() < 1e-5, "{alive}");
        let busy = value(&format!("expected_purchases({MODEL}, 26e0, 30.86e0, 31e0, 52e0)")).await.unwrap().unwrap();
        assert!((busy - 25.759_042).abs() < 1e-3, "{busy}");
        let none = value(&format!("p_no_purchase({MODEL}, 2e0, 30.43e0, 38.86e0, 39e0)")).await.unwrap().unwrap();
        let rate: f64 = (4.413_602 + 38.86) / (4.413_602 + 38.86 + 39.0);
        assert!((none - (1.0 - alive * (1.0 - rate.powf(2.242_595)))).abs() < 1e-9, "{none}");
        // By the time it has happened with probability p, it has not with 1 − p.
        let median = value(&format!("time_to_purchase({MODEL}, 2e0, 30.43e0, 38.86e0, 0.5e0)")).await.unwrap().unwrap();
        let left = value(&format!("p_no_purchase({MODEL}, 2e0, 30.43e0, 38.86e0, {median:e})")).await.unwrap().unwrap();
        assert!((left - 0.5).abs() < 1e-6, "{median} {left}");
        let never = value(&format!("time_to_purchase({MODEL}, 2e0, 30.43e0, 38.86e0, 0.9e0)")).await.unwrap();
        assert_eq!(never, None, "alive with {alive} only");
        let plain =
            value(&format!("expected_purchases({MODEL}, 2e0, 30.43e0, 38.86e0, 52.14e0)")).await.unwrap().unwrap();
        let discounted = |discount: &'static str| async move {
            let call = format!("discounted_purchases({MODEL}, 2e0, 30.43e0, 38.86e0, 12e0, 4.345e0, {discount})");
            value(&call).await.unwrap().unwrap()
        };
        assert!((discounted("0e0").await - plain).abs() < 1e-9, "{plain}");
        let worth = discounted("0.01e0").await / plain;
        assert!((0.88..0.99).contains(&worth), "{worth}");
        let spend =
            value("expected_spend(6.24957e0, 3.74422e0, 15.44352e0, null, 2e0, 22.345e0)").await.unwrap().unwrap();
        assert!((spend - 24.653_919).abs() < 1e-3, "{spend}");
    }

    #[tokio::test]
    async fn null_stays_null_and_nonsense_is_refused() {
        assert_eq!(value(&format!("p_alive({MODEL}, null, 30.43e0, 38.86e0)")).await.unwrap(), None);
        let unknown = value("p_alive('other', 1e0, 1e0, 1e0, 1e0, 2e0, 30e0, 38e0)").await.unwrap_err();
        assert!(unknown.contains("is not a purchase model"), "{unknown}");
        let negative = value("p_alive('bgnbd', -1e0, 1e0, 1e0, 1e0, 2e0, 30e0, 38e0)").await.unwrap_err();
        assert!(negative.contains("expected positive numbers"), "{negative}");
    }
}
