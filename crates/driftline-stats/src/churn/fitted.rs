//! A risk's method with what was fitted for it, frozen: the risks that it gives at its own cut, or of later customers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BLENDED, FAMILIES, FEATURES, Logistic, Method, features, levelled, model_risk};
use crate::chunks;
use crate::purchase::PurchaseModel;
use crate::purchase_log::{Cut, Past, PurchaseLog};

/// What gives the risks of a period; carried with its report, so that the next one can tell who moved from what was refitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FittedRisk {
    pub method: Method,
    /// The event is no purchase in so many days after a cut.
    pub horizon_days: i32,
    pub purchase: PurchaseModel,
    /// Over the features of [`FEATURES`]; `None` where the method has none.
    pub regression: Option<Logistic>,
}

impl FittedRisk {
    /// The risk of each customer of the log at a cut; `None` before the first purchase.
    pub fn risks(&self, log: &PurchaseLog, cut: Cut) -> Vec<Option<f64>> {
        let now = log.pasts(cut, usize::MAX);
        let mut risks = vec![None; log.customers()];
        for ((customer, _), risk) in now.iter().zip(self.score(log, &now, cut).0) {
            risks[*customer] = Some(risk);
        }
        risks
    }

    /// Risks in the order of `now`, and what each family of features adds to their logits; no effects without a regression.
    pub(super) fn score(
        &self,
        log: &PurchaseLog,
        now: &[(usize, Past)],
        cut: Cut,
    ) -> (Vec<f64>, Vec<[f32; FAMILIES.len()]>) {
        let model_risks = chunks::each(now, |(_, past)| model_risk(&self.purchase, past, self.horizon_days));
        let whole = |risks: Vec<f64>| risks.into_iter().map(|risk| risk.clamp(0.0, 1.0)).collect();
        let Some(regression) = &self.regression else { return (whole(model_risks), Vec::new()) };
        let places: Vec<usize> = (0..now.len()).collect();
        let explained = chunks::each(&places, |&place| {
            let (customer, past) = &now[place];
            let row = features(log.seen(*customer, cut), past, cut, model_risks[place]);
            let mut effects = [0.0f32; FAMILIES.len()];
            let risk = regression.explained(&row, |feature, effect| {
                effects[FEATURES[feature].family] += effect as f32;
            });
            (risk, effects)
        });
        let (risks, effects): (Vec<f64>, Vec<_>) = explained.into_iter().unzip();
        let risks = match self.method {
            Method::LogisticLevelled => levelled(&risks, &model_risks, 1.0),
            Method::Blend => levelled(&risks, &model_risks, BLENDED),
            _ => risks,
        };
        (whole(risks), effects)
    }
}
