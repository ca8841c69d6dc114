//! The spend model by plain maximum likelihood: merged rows, several starts, the surest peak.

use crate::chunks;
use crate::error::Error;
use crate::optimise::{
    Bounds, Matrix, Peak, cautious_inverse, climb, climb_by_simplex, dot, inverse, multiply, negative_hessian,
    scaled_identity,
};
use crate::purchase::counted::sample;
use crate::special::{digamma_rising, ln_beta_rest};

use super::model::{LEAST_EXCESS, SpendFit, SpendHistory, SpendModel};

/// Rows that one thread takes at a time; fixed, so that sums have the same bits on any number of threads.
const CHUNK: usize = 16_384;

/// Customers in the sample that the search starts on.
const SAMPLE: usize = 16_384;

/// Fits the Gamma-Gamma model by maximum likelihood. Histories without a repeat purchase or a positive mean spend are
/// left out.
///
/// # Errors
///
/// * [`Error::InvalidHistory`] if a number is not finite, or the number of customers not above 0.
/// * [`Error::NoSpend`] if no history is left.
/// * [`Error::ConstantSpend`] if all that are left have the same mean spend, to within 1e-4 of it.
pub fn fit_spend(histories: &[SpendHistory]) -> Result<SpendFit, Error> {
    let merged = merge(histories)?;
    let total = |of: fn(&SpendHistory) -> f64| merged.iter().map(|h| h.customers * of(h)).sum::<f64>();
    let customers = total(|_| 1.0);
    let observed_mean = total(|h| h.mean_spend) / customers;
    let spends = || merged.iter().map(|history| history.mean_spend);
    let (least, most) = (spends().fold(f64::INFINITY, f64::min), spends().fold(0.0, f64::max));
    if most - least <= 1e-4 * most {
        return Err(Error::ConstantSpend { mean_spend: least });
    }
    // ln p, ln q and the logarithm of the typical spend γp/q, which the data pin down even where p or q run away.
    let bounds = Bounds {
        lower: [1e-4, 1e-4, 1e-9 * observed_mean].map(libm::log),
        upper: [1e7, 1e7, 1e9 * observed_mean].map(libm::log),
    };
    let all = Rows::new(&merged);
    let mut start = None;
    if 3 * SAMPLE < merged.len() {
        let taken = sample(&merged, SAMPLE, |history| history.customers).into_iter();
        let rows =
            Rows::new(&taken.map(|(history, customers)| SpendHistory { customers, ..history }).collect::<Vec<_>>());
        start = best_climb(&rows, &starts(observed_mean), &bounds, 1e-7 * customers);
    }
    let points = start.map_or_else(|| starts(observed_mean), |peak| vec![peak.point]);
    let tolerance = 1e-5 * (customers / 1e6).max(1.0);
    let mut peak = best_climb(&all, &points, &bounds, tolerance).ok_or(Error::NoSpend)?;
    let function = |point: &[f64; 3]| all.objective(point);
    if peak.gradient_norm(&bounds) > tolerance {
        let again = climb_by_simplex(&function, peak.point, &bounds, 300);
        let again = Peak::new(&function, again, scaled_identity(1.0 / customers));
        peak = climb(&function, again, &bounds, tolerance, 200);
    }
    Ok(finish(&all, peak, &bounds, tolerance, observed_mean))
}

/// Fits the model by maximum likelihood times a normal density of ln p, ln q and ln(γp/q), each by itself. One customer is
/// enough, and so are customers who all spend the same: the density speaks where they cannot.
pub(crate) fn fit_spend_around(
    histories: &[SpendHistory],
    mean: &[f64; 3],
    deviation: &[f64; 3],
) -> Result<SpendFit, Error> {
    let merged = merge(histories)?;
    let customers: f64 = merged.iter().map(|history| history.customers).sum();
    let observed_mean = merged.iter().map(|history| history.customers * history.mean_spend).sum::<f64>() / customers;
    let bounds = Bounds { lower: mean.map(|mean| mean - 20.0), upper: mean.map(|mean| mean + 20.0) };
    let rows = Rows::new(&merged);
    let function = |point: &[f64; 3]| {
        let (mut value, mut gradient) = rows.objective(point);
        for n in 0..3 {
            let off = (point[n] - mean[n]) / deviation[n];
            value -= 0.5 * off * off;
            gradient[n] -= off / deviation[n];
        }
        (value, gradient)
    };
    let tolerance = 1e-5;
    let mut points = vec![*mean];
    points.extend(starts(observed_mean));
    let peaks = points.into_iter().map(|point| {
        let start = Peak::new(&function, bounds.clamp(point), scaled_identity(1.0 / customers));
        climb(&function, start, &bounds, tolerance, 200)
    });
    let peak = peaks.max_by(|a, b| a.value.total_cmp(&b.value)).ok_or(Error::NoSpend)?;
    let model = model_at(&peak.point);
    let covariance_log = inverse(&negative_hessian(&function, &peak.point, 1e-3)).map(|of| by_logarithm(&of));
    let natural = [model.p, model.q, model.gamma];
    let errors = |covariance: [[f64; 3]; 3]| core::array::from_fn(|n| natural[n] * libm::sqrt(covariance[n][n]));
    let gradient_norm = peak.gradient_norm(&bounds);
    Ok(SpendFit {
        model,
        log_likelihood: rows.objective(&peak.point).0,
        converged: gradient_norm <= tolerance,
        gradient_norm,
        standard_errors: covariance_log.map(errors),
        covariance_log,
        customers,
        observed_mean,
        boundary: None,
    })
}

/// A fit's ln p, ln q and ln(γp/q), with the variances of their errors; `None` at a boundary.
pub(crate) fn point_of_spend(fit: &SpendFit) -> Option<([f64; 3], [f64; 3])> {
    let covariance = fit.covariance_log.filter(|_| fit.standard_errors.is_some())?;
    let [p, q, gamma] = [fit.model.p, fit.model.q, fit.model.gamma].map(libm::log);
    let rows = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, -1.0, 1.0]];
    Some(([p, q, gamma + p - q], rows.map(|row| dot(&row, &multiply(&covariance, &row)))))
}

fn finish(rows: &Rows, peak: Peak<3>, bounds: &Bounds<3>, tolerance: f64, observed_mean: f64) -> SpendFit {
    let model = model_at(&peak.point);
    let natural = [model.p, model.q, model.gamma];
    let by_logarithms = |point: &[f64; 3]| rows.by_logarithms(&point.map(libm::exp));
    let hessian = negative_hessian(&by_logarithms, &natural.map(libm::log), 1e-3);
    let covariance = inverse(&hessian);
    let far = if covariance.is_none_or(|covariance| (0..3).any(|n| covariance[n][n] > 100.0)) { 30.0 } else { 1e5 };
    let mut limits = Vec::new();
    if model.p > far {
        limits.push("a customer's purchases are all alike: p -> infinity");
    }
    if model.q > far {
        limits.push("customers spend alike: q -> infinity");
    }
    let regular = covariance.filter(|_| limits.is_empty());
    if limits.is_empty() && regular.is_none() {
        limits.push("the likelihood is flat in one direction: the histories do not tell all parameters apart");
    }
    if model.q <= 1.0 + LEAST_EXCESS {
        limits.push("q is close to 1 or below: spend has a heavy tail, and expectations are held down");
    }
    let gradient_norm = peak.gradient_norm(bounds);
    SpendFit {
        model,
        log_likelihood: peak.value,
        converged: gradient_norm <= tolerance,
        gradient_norm,
        standard_errors: regular.map(|covariance| core::array::from_fn(|n| natural[n] * libm::sqrt(covariance[n][n]))),
        covariance_log: regular.or_else(|| cautious(rows, &peak.point)),
        customers: rows.customers,
        observed_mean,
        boundary: (!limits.is_empty()).then(|| limits.join("; ")),
    }
}

/// A covariance of ln p, ln q and ln γ at a boundary. What the data pin down even there is the typical spend γp/q.
fn cautious(rows: &Rows, point: &[f64; 3]) -> Option<Matrix<3>> {
    cautious_inverse(&negative_hessian(&|point| rows.objective(point), point, 1e-3)).map(|of| by_logarithm(&of))
}

/// The covariance of ln p, ln q and ln γ from that of ln p, ln q and ln(γp/q).
fn by_logarithm(covariance: &Matrix<3>) -> Matrix<3> {
    let rows = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [-1.0, 1.0, 1.0]];
    core::array::from_fn(|n| core::array::from_fn(|m| dot(&rows[n], &multiply(covariance, &rows[m]))))
}

fn merge(histories: &[SpendHistory]) -> Result<Vec<SpendHistory>, Error> {
    let invalid = |h: &&SpendHistory| {
        !(h.repeat_purchases.is_finite() && h.mean_spend.is_finite() && h.customers.is_finite() && h.customers > 0.0)
    };
    if let Some(history) = histories.iter().find(invalid) {
        let reason = "a number is not finite, or the number of customers is not above 0";
        return Err(Error::InvalidHistory { history: format!("{history:?}"), reason });
    }
    let used = |h: &SpendHistory| h.repeat_purchases > 0.0 && h.mean_spend > 0.0;
    let mut merged: Vec<SpendHistory> = histories.iter().copied().filter(used).collect();
    merged.sort_unstable_by(|a, b| {
        a.repeat_purchases
            .total_cmp(&b.repeat_purchases)
            .then(a.mean_spend.total_cmp(&b.mean_spend))
            .then(a.customers.total_cmp(&b.customers))
    });
    merged.dedup_by(|next, kept| {
        let equal = next.repeat_purchases == kept.repeat_purchases && next.mean_spend == kept.mean_spend;
        if equal {
            kept.customers += next.customers;
        }
        equal
    });
    if merged.is_empty() { Err(Error::NoSpend) } else { Ok(merged) }
}

fn starts(mean: f64) -> Vec<[f64; 3]> {
    let shapes = [(1.0, 2.0), (6.0, 4.0), (50.0, 3.0), (2.0, 30.0), (0.5, 10.0)];
    shapes.into_iter().map(|(p, q)| [p, q, mean * (q - 1.0) / q].map(libm::log)).collect()
}

fn best_climb(rows: &Rows, points: &[[f64; 3]], bounds: &Bounds<3>, tolerance: f64) -> Option<Peak<3>> {
    let function = |point: &[f64; 3]| rows.objective(point);
    let peaks = points.iter().map(|&point| {
        let start = Peak::new(&function, bounds.clamp(point), scaled_identity(1.0 / rows.customers));
        climb(&function, start, bounds, tolerance, 200)
    });
    peaks.max_by(|a, b| a.value.total_cmp(&b.value))
}

fn model_at(point: &[f64; 3]) -> SpendModel {
    let [p, q, typical] = point.map(libm::exp);
    SpendModel { p, q, gamma: typical * q / p, own_above: None }
}

/// Histories laid out for the likelihood.
struct Rows {
    /// x and the customers with it: all that the beta function depends on.
    purchases: Vec<(f64, f64)>,
    /// x, the total spend xm, and customers.
    rows: Vec<(f64, f64, f64)>,
    /// Σ ln m.
    log_spend: f64,
    customers: f64,
}

impl Rows {
    fn new(sorted: &[SpendHistory]) -> Self {
        let groups = sorted.chunk_by(|a, b| a.repeat_purchases == b.repeat_purchases);
        let purchases: Vec<(f64, f64)> =
            groups.map(|group| (group[0].repeat_purchases, group.iter().map(|h| h.customers).sum())).collect();
        Self {
            customers: purchases.iter().map(|&(_, customers)| customers).sum(),
            purchases,
            rows: sorted.iter().map(|h| (h.repeat_purchases, h.repeat_purchases * h.mean_spend, h.customers)).collect(),
            log_spend: sorted.iter().map(|h| h.customers * libm::log(h.mean_spend)).sum(),
        }
    }

    /// The log-likelihood and its gradient by ln p, ln q and ln γ.
    fn by_logarithms(&self, &[p, q, gamma]: &[f64; 3]) -> (f64, [f64; 3]) {
        let (mut value, mut by_p, mut by_q, mut by_gamma) = (-self.log_spend, 0.0, 0.0, 0.0);
        for &(x, customers) in &self.purchases {
            let own = p * x;
            value -= customers * ln_beta_rest(own, q);
            by_p += customers * own * (digamma_rising(own, q) - libm::log1p(q / own));
            by_q += customers * q * (digamma_rising(q, own) - libm::log1p(own / q));
        }
        let parts = chunks::map(self.rows.len(), CHUNK, |range| {
            let (mut of_own, mut of_others, mut slope) = (0.0, 0.0, 0.0);
            for &(x, total, customers) in &self.rows[range] {
                let own = p * x;
                let excess = (q * total - own * gamma) / (total + gamma);
                of_own += customers * own * libm::log1p(excess / own);
                of_others += customers * q * libm::log1p(-excess / q);
                slope += customers * excess;
            }
            (of_own, of_others, slope)
        });
        for (of_own, of_others, slope) in parts {
            value += of_own + of_others;
            by_p += of_own;
            by_q += of_others;
            by_gamma += slope;
        }
        (value, [by_p, by_q, by_gamma])
    }

    /// The same at ln p, ln q and ln(γp/q), which is what the search runs over.
    fn objective(&self, point: &[f64; 3]) -> (f64, [f64; 3]) {
        let SpendModel { p, q, gamma, .. } = model_at(point);
        let (value, [by_p, by_q, by_gamma]) = self.by_logarithms(&[p, q, gamma]);
        let gradient = [by_p - by_gamma, by_q + by_gamma, by_gamma];
        let finite = value.is_finite() && gradient.iter().all(|part| part.is_finite());
        if finite { (value, gradient) } else { (f64::MIN, [0.0; 3]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_match_differences() {
        let history = |n: u32| SpendHistory {
            repeat_purchases: f64::from(n % 7 + 1),
            mean_spend: 3.0 + f64::from(n * n % 101),
            customers: f64::from(n % 3 + 1),
        };
        let rows = Rows::new(&(0..60).map(history).collect::<Vec<_>>());
        for point in [[6.0, 4.0, 15.0], [0.01, 0.5, 900.0], [1e5, 3.0, 1e-3], [2.0, 1e5, 1e6]].map(|p| p.map(libm::log))
        {
            let (_, gradient) = rows.by_logarithms(&point.map(libm::exp));
            for n in 0..3 {
                let at = |by: f64| {
                    let mut moved = point;
                    moved[n] += by;
                    rows.by_logarithms(&moved.map(libm::exp)).0
                };
                let slope = (8.0 * (at(1e-3) - at(-1e-3)) - at(2e-3) + at(-2e-3)) / 12e-3;
                let scale = 1.0 + gradient[n].abs();
                assert!((slope - gradient[n]).abs() < 1e-6 * scale, "{point:?} {n}: {slope} {}", gradient[n]);
            }
        }
    }
}
