//! A risk's method with what was fitted for it, frozen: the risks that it gives at its own cut, or of later customers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::levelled::{at_level, half_way, levelled};
use super::method::{BLENDED, Method};
use super::{FAMILIES, FEATURES, Logistic, features};
use crate::chunks;
use crate::purchase::PurchaseModel;
use crate::purchase::bands::Bands;
use crate::purchase_log::{Cut, Past, PurchaseLog};

/// What gives the risks of a period; carried with its report, so that the next one can tell who moved from what was refitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FittedRisk {
    pub method: Method,
    /// The event is no purchase in so many days after a cut.
    pub horizon_days: i32,
    /// The purchase models by band of the first purchase; absent in reports from before there were bands.
    #[serde(default)]
    pub bands: Option<Bands>,
    /// Everybody's purchase model in such reports.
    #[serde(default)]
    pub purchase: Option<PurchaseModel>,
    /// What the purchase model's logits are shifted by to the level that is expected.
    #[serde(default)]
    pub shift: f64,
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

    fn bands(&self) -> Option<Bands> {
        self.bands.clone().or_else(|| self.purchase.map(Bands::one))
    }

    /// Days to the next purchase of each of `now`, by their risks.
    pub(super) fn days_to_purchase(&self, now: &[(usize, Past)], risks: &[f64]) -> Vec<Option<f64>> {
        let Some(bands) = self.bands() else { return vec![None; now.len()] };
        let days = f64::from(self.horizon_days);
        let places: Vec<usize> = (0..now.len()).collect();
        chunks::each(&places, |&place| bands.days_to_purchase(&now[place].1, days, risks[place]))
    }

    /// The shift that goes half of the way to the regression's mean risk of `now`; none without one.
    pub(super) fn half_way(&self, log: &PurchaseLog, now: &[(usize, Past)], cut: Cut) -> f64 {
        if self.regression.is_none() {
            return 0.0;
        }
        let of_model = Self { method: Method::PurchaseModel, regression: None, ..self.clone() }.score(log, now, cut).0;
        let of_regression = Self { method: Method::Logistic, ..self.clone() }.score(log, now, cut).0;
        half_way(&of_regression, &of_model)
    }

    /// Risks in the order of `now`, and what each family of features adds to their logits; no effects without a regression.
    pub(super) fn score(
        &self,
        log: &PurchaseLog,
        now: &[(usize, Past)],
        cut: Cut,
    ) -> (Vec<f64>, Vec<[f32; FAMILIES.len()]>) {
        let Some(bands) = self.bands() else { return (vec![1.0; now.len()], Vec::new()) };
        let days = f64::from(self.horizon_days);
        let model_risks = chunks::each(now, |(_, past)| bands.p_no_purchase(past, days));
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
        let level = at_level(&model_risks, self.shift);
        let risks = match self.method {
            Method::LogisticLevelled => levelled(&risks, &model_risks, 1.0, level),
            Method::Blend | Method::LevelledBlend => levelled(&risks, &model_risks, BLENDED, level),
            _ => risks,
        };
        (whole(risks), effects)
    }
}
