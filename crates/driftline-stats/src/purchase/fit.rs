//! Maximum likelihood: from counted histories to a model with its standard errors.
//!
//! The search runs over logarithms. It starts from several points on a sample of the customers, goes on from the best on
//! larger ones, and ends on all of them: most evaluations are cheap, and the last few start next to the maximum. Samples
//! are drawn by rank, not by chance, so the same customers always give the same bits.

use super::coordinates::{Coordinates, slopes};
use super::counted::{Counted, merge, sample};
use super::explore::{AFRESH, by_value, elsewhere, explore};
use super::{History, Kind, PurchaseModel};
use crate::error::Error;
use crate::optimise::{
    Matrix, Peak, cautious_inverse, climb, climb_by_simplex, dot, inverse, multiply, negative_hessian, scaled_identity,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Customers in the samples that the search runs on before it takes all.
const SAMPLES: [usize; 3] = [256, 2048, 32_768];

/// Step of the differences for the Hessian, in the coordinates of the search.
const HESSIAN_STEP: f64 = 1e-3;

/// A fitted purchase model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fit {
    /// The model at the maximum of the likelihood.
    pub model: PurchaseModel,
    /// The log-likelihood of all customers.
    pub log_likelihood: f64,
    /// Whether the gradient norm is at most 1e-5, or 1e-11 per customer for more than a million: the log-likelihood is
    /// then within about as much of the maximum.
    pub converged: bool,
    /// The largest derivative of the log-likelihood, in absolute value, by the logarithms of r, r/α, a+b and a/b, or of
    /// s and s/β. One at the edge of the searched range (shapes from 1e-8 to 1e6 or more) counts if it would go inwards.
    pub gradient_norm: f64,
    /// Standard errors of the parameters, from the Hessian. `None` at a boundary, where there is no normal
    /// approximation.
    pub standard_errors: Option<[f64; 4]>,
    /// Covariance of the *logarithms* of the parameters. At a boundary it is as if the logarithms of r, r/α, a+b and a/b, or of
    /// s and s/β, had been known beforehand with a deviation of 1: rough, but forecasts have ranges by it that hold.
    pub covariance_log: Option<[[f64; 4]; 4]>,
    /// The customers fitted on.
    pub customers: f64,
    /// How many distinct histories they have.
    pub histories: usize,
    /// Which limit the likelihood rises towards, if no parameters inside the range maximise it. The model is then a
    /// point near the limit: its predictions hold, its parameters by themselves mean little.
    pub boundary: Option<String>,
    /// From how many points the search started.
    pub starts: usize,
}

/// The best of several kinds of model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// The fit that was chosen.
    pub fit: Fit,
    /// Why, in a sentence.
    pub reason: String,
    /// All fits, best log-likelihood first.
    pub considered: Vec<Fit>,
}

/// Fits a kind of model by maximum likelihood. Time is in the unit of the histories.
///
/// # Errors
///
/// * [`Error::NoCustomers`] if there are no histories.
/// * [`Error::InvalidHistory`] if one breaks the rules stated at [`History`].
/// * [`Error::NoRepeatPurchases`] if nobody bought twice.
pub fn fit(kind: Kind, histories: &[History]) -> Result<Fit, Error> {
    Search::new(histories)?.fit(kind)
}

/// Fits several kinds and chooses by log-likelihood: all have four parameters, so this orders them as AIC and BIC do.
/// The MBG/NBD is taken if it is within 0.02 of the best, which is level; unlike the BG/NBD it does not call every
/// one-time buyer alive.
///
/// # Errors
///
/// Those of [`fit()`], and [`Error::NoCustomers`] if no kinds are given.
pub fn choose(kinds: &[Kind], histories: &[History]) -> Result<Choice, Error> {
    let search = Search::new(histories)?;
    let mut considered = kinds.iter().map(|&kind| search.fit(kind)).collect::<Result<Vec<Fit>, Error>>()?;
    considered.sort_by(|a, b| b.log_likelihood.total_cmp(&a.log_likelihood));
    let best = considered.first().ok_or(Error::NoCustomers)?;
    let level = considered
        .iter()
        .find(|fit| fit.model.kind == Kind::MbgNbd && fit.log_likelihood >= best.log_likelihood - 0.02);
    let (fit, why) = match level {
        Some(level) if level.model.kind != best.model.kind => {
            (level, "the best log-likelihood, level with another, and is the default")
        }
        _ => (best, "the best log-likelihood"),
    };
    let list: Vec<String> =
        considered.iter().map(|fit| format!("{} {:.2}", fit.model.kind, fit.log_likelihood)).collect();
    let reason = format!("{} has {why} ({})", fit.model.kind, list.join(", "));
    Ok(Choice { fit: fit.clone(), reason, considered })
}

/// Fits a kind of model by maximum likelihood times a normal density of the coordinates, each by itself. The
/// log-likelihood of the result is without the density, its gradient norm and covariance are with it.
pub(crate) fn fit_around(
    kind: Kind,
    histories: &[History],
    mean: &[f64; 4],
    deviation: &[f64; 4],
) -> Result<Fit, Error> {
    let search = Search::new(histories)?;
    let space = search.space(kind);
    let mut points = vec![*mean];
    points.extend(space.starts().into_iter().filter_map(|group| group.first().copied()));
    search.around(&space, &points, mean, deviation)
}

/// A part of the customers of a fit, pulled to it: the model that maximises their likelihood times a normal density of each
/// coordinate around the fitted one's. A part may have nobody who bought twice: the density speaks where they cannot.
///
/// # Errors
/// [`Error::NoCustomers`] or [`Error::InvalidHistory`].
pub(crate) fn fit_part(of: &PurchaseModel, histories: &[History], deviation: f64) -> Result<PurchaseModel, Error> {
    let mean = point_at(of);
    let mut search = Search::of(histories)?;
    // Edges are set by the rate of all: that of the part may be zero.
    search.rate = libm::exp(mean[1]);
    let space = search.space(of.kind);
    Ok(search.around(&space, &[mean], &mean, &[deviation; 4])?.model)
}

/// The point of a model in the coordinates of the search.
fn point_at(model: &PurchaseModel) -> [f64; 4] {
    let [shape, scale, first, second] = model.parameters.map(libm::log);
    let size = match model.kind {
        Kind::BgNbd | Kind::MbgNbd => libm::log(model.parameters[2] + model.parameters[3]),
        Kind::ParetoNbd => first,
    };
    [shape, shape - scale, size, first - second]
}

/// A fit's point in the coordinates of the search, with the variances of its error; `None` at a boundary.
pub(crate) fn point_of(fit: &Fit) -> Option<([f64; 4], [f64; 4])> {
    let covariance = fit.covariance_log.filter(|_| fit.boundary.is_none())?;
    let [r, alpha, first, second] = fit.model.parameters;
    let logarithms = [r, alpha, first, second].map(libm::log);
    // Rows: how each coordinate follows the logarithms of the parameters.
    let (point, rows) = match fit.model.kind {
        Kind::BgNbd | Kind::MbgNbd => {
            let share = first / (first + second);
            (
                [
                    logarithms[0],
                    logarithms[0] - logarithms[1],
                    libm::log(first + second),
                    logarithms[2] - logarithms[3],
                ],
                [[1.0, 0.0, 0.0, 0.0], [1.0, -1.0, 0.0, 0.0], [0.0, 0.0, share, 1.0 - share], [0.0, 0.0, 1.0, -1.0]],
            )
        }
        Kind::ParetoNbd => (
            [logarithms[0], logarithms[0] - logarithms[1], logarithms[2], logarithms[2] - logarithms[3]],
            [[1.0, 0.0, 0.0, 0.0], [1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 1.0, -1.0]],
        ),
    };
    let variances = rows.map(|row| dot(&row, &multiply(&covariance, &row)));
    Some((point, variances))
}

/// The data of a fit, at growing sizes.
struct Search {
    /// Samples first, all customers last.
    levels: Vec<Counted>,
    histories: usize,
    mean_age: f64,
    rate: f64,
    most_shapes: (f64, f64),
}

impl Search {
    fn new(histories: &[History]) -> Result<Self, Error> {
        let search = Self::of(histories)?;
        let customers = search.levels.last().map_or(0.0, |all| all.customers);
        if search.rate > 0.0 { Ok(search) } else { Err(Error::NoRepeatPurchases { customers }) }
    }

    fn of(histories: &[History]) -> Result<Self, Error> {
        let merged = merge(histories)?;
        let total = |of: fn(&History) -> f64| merged.iter().map(|history| history.customers * of(history)).sum::<f64>();
        let (customers, repeats, time) = (total(|_| 1.0), total(|h| h.repeat_purchases), total(|h| h.age));
        let mut levels: Vec<Counted> = SAMPLES
            .into_iter()
            .filter(|points| 3 * points < merged.len())
            .map(|points| {
                let taken = sample(&merged, points, |history| history.customers).into_iter();
                Counted::new(&taken.map(|(history, customers)| History { customers, ..history }).collect::<Vec<_>>())
            })
            .collect();
        levels.push(Counted::new(&merged));
        let squares = total(|history| history.repeat_purchases * history.repeat_purchases);
        let most_shapes = Coordinates::most_shapes(customers, repeats.max(1.0), squares);
        let rate = if repeats > 0.0 { repeats / time } else { 0.0 };
        Ok(Self { levels, histories: merged.len(), mean_age: time / customers, rate, most_shapes })
    }

    /// The maximum of likelihood times a normal density, climbed to from each of `points`.
    fn around(
        &self,
        space: &Coordinates,
        points: &[[f64; 4]],
        mean: &[f64; 4],
        deviation: &[f64; 4],
    ) -> Result<Fit, Error> {
        let all = self.levels.last().ok_or(Error::NoCustomers)?;
        let bounds = space.bounds();
        let function = |point: &[f64; 4]| {
            let (mut value, mut gradient) = space.log_likelihood(all, point);
            for n in 0..4 {
                let off = (point[n] - mean[n]) / deviation[n];
                value -= 0.5 * off * off;
                gradient[n] -= off / deviation[n];
            }
            (value, gradient)
        };
        let plain = scaled_identity(4.0 / all.customers);
        let climbed = points.iter().map(|point| {
            climb(&function, Peak::new(&function, bounds.clamp(*point), plain), &bounds, tolerance(all.customers), 200)
        });
        let mut peak = climbed.max_by(by_value).ok_or(Error::NoCustomers)?;
        peak.inverse =
            inverse(&negative_hessian(&function, &peak.point, HESSIAN_STEP)).unwrap_or([[f64::INFINITY; 4]; 4]);
        let log_likelihood = space.log_likelihood(all, &peak.point).0;
        Ok(Fit { log_likelihood, ..self.result(space, &peak, points.len()) })
    }

    fn space(&self, kind: Kind) -> Coordinates {
        let (most_rate_shape, most_dropout_shape) = self.most_shapes;
        Coordinates { kind, mean_age: self.mean_age, rate: self.rate, most_rate_shape, most_dropout_shape }
    }

    fn fit(&self, kind: Kind) -> Result<Fit, Error> {
        let space = self.space(kind);
        let (bounds, starts) = (space.bounds(), space.starts());
        let (all, samples) = self.levels.split_last().ok_or(Error::NoCustomers)?;
        let mut found: Vec<Peak<4>> = Vec::new();
        let mut curvature: Option<Matrix<4>> = None;
        for level in samples {
            let function = |point: &[f64; 4]| space.log_likelihood(level, point);
            found = explore(&space, level, &starts, &found, curvature);
            curvature = found.first().and_then(|peak| inverse(&negative_hessian(&function, &peak.point, HESSIAN_STEP)));
        }
        found.truncate(1);
        let peak = *explore(&space, all, &starts, &found, curvature).first().ok_or(Error::NoCustomers)?;
        let function = |point: &[f64; 4]| space.log_likelihood(all, point);
        let tolerance = tolerance(all.customers);
        let mut peak = climb(&function, peak, &bounds, tolerance, 200);
        let is_at_a_limit = || {
            let covariance = inverse(&negative_hessian(&function, &peak.point, HESSIAN_STEP));
            space.limits(&space.model(&peak.point), &covariance.unwrap_or([[f64::INFINITY; 4]; 4])).is_some()
        };
        if is_at_a_limit()
            && let Some(other) = self.elsewhere(&space, &peak)
        {
            let other = climb(&function, Peak::new(&function, other.point, other.inverse), &bounds, tolerance, 200);
            peak = if other.value > peak.value { other } else { peak };
        }
        if peak.gradient_norm(&bounds) > tolerance {
            let point = climb_by_simplex(&function, peak.point, &bounds, 300);
            let again = Peak::new(&function, point, scaled_identity(4.0 / all.customers));
            let again = climb(&function, again, &bounds, tolerance, 200);
            if again.value > peak.value || again.gradient_norm(&bounds) <= tolerance {
                peak = again;
            }
        }
        if let Some(curvature) = inverse(&negative_hessian(&function, &peak.point, HESSIAN_STEP)) {
            // One step of Newton's method: BFGS stops at the tolerance, this goes on to rounding.
            let step = multiply(&curvature, &peak.gradient);
            let point = bounds.clamp(core::array::from_fn(|n| peak.point[n] + step[n].clamp(-0.1, 0.1)));
            let next = Peak::new(&function, point, curvature);
            if next.gradient_norm(&bounds) < peak.gradient_norm(&bounds) && next.value >= peak.value - 1e-9 {
                peak = next;
            }
            peak.inverse = curvature;
        } else {
            peak.inverse = [[f64::INFINITY; 4]; 4];
        }
        Ok(self.result(&space, &peak, starts.iter().map(Vec::len).sum()))
    }

    /// Looks for a higher peak than one at a limit: among all customers, or in their largest sample that is searched fast.
    fn elsewhere(&self, space: &Coordinates, peak: &Peak<4>) -> Option<Peak<4>> {
        let level = self.levels.iter().rev().find(|level| level.histories() <= AFRESH)?;
        let function = |point: &[f64; 4]| space.log_likelihood(level, point);
        elsewhere(space, level, Peak::new(&function, peak.point, peak.inverse))
    }

    fn result(&self, space: &Coordinates, peak: &Peak<4>, starts: usize) -> Fit {
        let all = &self.levels[self.levels.len() - 1];
        let model = space.model(&peak.point);
        let boundary = space.limits(&model, &peak.inverse);
        let slopes = slopes(&model);
        let covariance = if boundary.is_none() {
            Some(peak.inverse)
        } else {
            let function = |point: &[f64; 4]| space.log_likelihood(all, point);
            cautious_inverse(&negative_hessian(&function, &peak.point, HESSIAN_STEP))
        };
        // Covariances follow the slopes of ln r, ln α, … by the coordinates of the search.
        let by_logarithm = |covariance: Matrix<4>| -> Matrix<4> {
            core::array::from_fn(|n| core::array::from_fn(|m| dot(&slopes[n], &multiply(&covariance, &slopes[m]))))
        };
        let covariance_log = covariance.map(by_logarithm);
        let errors =
            |covariance: Matrix<4>| core::array::from_fn(|n| model.parameters[n] * libm::sqrt(covariance[n][n]));
        let gradient_norm = peak.gradient_norm(&space.bounds());
        Fit {
            model,
            log_likelihood: peak.value,
            converged: gradient_norm <= tolerance(all.customers),
            gradient_norm,
            standard_errors: covariance_log.filter(|_| boundary.is_none()).map(errors),
            covariance_log,
            customers: all.customers,
            histories: self.histories,
            boundary,
            starts,
        }
    }
}

/// The largest gradient norm that counts as a maximum. A derivative's rounding error grows with the customers summed.
fn tolerance(customers: f64) -> f64 {
    1e-5 * (customers / 1e6).max(1.0)
}
