//! The coordinates of a fit: where the search for the maximum runs, starts and ends.

use super::counted::Counted;
use super::{Kind, PurchaseModel};
use crate::optimise::{Bounds, Matrix};

/// ln r, ln(r/α), and ln(a+b) and ln(a/b), or ln s and ln(s/β). In these the flat ridges of the likelihood, one rate or
/// one dropout for all, run along one coordinate, where along ln α or ln b two would have to move as one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coordinates {
    pub(super) kind: Kind,
    /// Mean age of the customers.
    pub(super) mean_age: f64,
    /// Repeat purchases by unit of time since the first.
    pub(super) rate: f64,
    /// Up to which r is searched.
    pub(super) most_rate_shape: f64,
    /// Up to which a + b or s is searched.
    pub(super) most_dropout_shape: f64,
}

impl Coordinates {
    /// The model at a point.
    pub(super) fn model(&self, &[shape, rate, size, ratio]: &[f64; 4]) -> PurchaseModel {
        let (first, second) = match self.kind {
            Kind::BgNbd | Kind::MbgNbd => (size - libm::log1p(libm::exp(-ratio)), size - libm::log1p(libm::exp(ratio))),
            Kind::ParetoNbd => (size, size - ratio),
        };
        PurchaseModel { kind: self.kind, parameters: [shape, shape - rate, first, second].map(libm::exp) }
    }

    /// The log-likelihood at a point, and its gradient by the coordinates.
    pub(super) fn log_likelihood(&self, counted: &Counted, point: &[f64; 4]) -> (f64, [f64; 4]) {
        let model = self.model(point);
        let (value, by_logarithm) = counted.log_likelihood(&model);
        let slopes = slopes(&model);
        let gradient = core::array::from_fn(|n| (0..4).map(|m| by_logarithm[m] * slopes[m][n]).sum());
        if value.is_finite() && by_logarithm.iter().all(|part| part.is_finite()) {
            (value, gradient)
        } else {
            (f64::MIN, [0.0; 4]) // The search steps back from here.
        }
    }

    /// Where the search starts: for each idea of how customers drop out, with rates that vary little and much; from each
    /// inner list only the best is followed. The rate seen is what dropout has left of the rate at first.
    pub(super) fn starts(&self) -> Vec<Vec<[f64; 4]>> {
        // a + b and a/b, or s and s/β by mean age. The last two are dropout at the first chance or never, which has a
        // maximum of its own in small sets.
        let dropout = match self.kind {
            Kind::BgNbd | Kind::MbgNbd => {
                [(2.5, 0.25), (2.0, 1.0), (1.0, 0.05), (22.0, 0.1), (3.0, 30.0), (0.02, 0.1), (0.02, 1.0)]
            }
            Kind::ParetoNbd => {
                [(0.5, 1.0), (1.0, 3.0), (0.05, 0.05), (3.0, 0.3), (3.0, 30.0), (0.002, 1e290), (0.06, 1e4)]
            }
        };
        let with = |(size, ratio): (f64, f64)| {
            [0.3, 1.0, 4.0].map(|r| [r, 1.5 * self.rate, size, ratio * self.unit()].map(libm::log)).to_vec()
        };
        let (usual, rare) = dropout.split_at(5);
        let single = rare.iter().flat_map(|&shape| with(shape)).map(|point| vec![point]);
        usual.iter().map(|&shape| with(shape)).chain(single).collect()
    }

    /// Between which points the search stays. Towards the edges the likelihood is flat.
    ///
    /// Where customers are more alike than chance would have it, the likelihood rises towards shapes of infinity. It then
    /// lacks at most `Σx / 2r` of its limit, and for the dropout `p Σx² / 2(a+b)`, with p at most customers by purchases;
    /// [`most_shapes`](Self::most_shapes) makes either 0.005 at the edge. With s and β → 0 the Pareto/NBD has customers who
    /// drop out at once or never, a limit that is neared as slowly as `1 / ln β`, hence an edge at the end of what a double
    /// can hold.
    pub(super) fn bounds(&self) -> Bounds<4> {
        let most_ratio = if self.kind == Kind::ParetoNbd { 1e300 } else { 1e9 };
        Bounds {
            lower: [1e-8, 1e-9 * self.rate, 1e-8, 1e-10 * self.unit()].map(libm::log),
            upper: [self.most_rate_shape, 1e9 * self.rate, self.most_dropout_shape, most_ratio * self.unit()]
                .map(libm::log),
        }
    }

    /// Up to which r, and a + b or s, are searched, of customers with so many purchases and squares of purchases.
    pub(super) fn most_shapes(customers: f64, purchases: f64, squares: f64) -> (f64, f64) {
        let within = |shape: f64| (100.0 * shape).clamp(1e6, 1e12);
        (within(purchases), within(customers * squares / purchases))
    }

    /// Where to look on from a point at a limit: little dropout, even or uneven, by rates as they are at the point, and by
    /// rates that vary very much. From each inner list only the best is followed.
    pub(super) fn beyond(&self, &[shape, rate, ..]: &[f64; 4]) -> Vec<Vec<[f64; 4]>> {
        let ratios = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.05, 0.3];
        let with = |shape: f64, size: f64| {
            ratios.map(|ratio| [shape, rate, libm::log(size), libm::log(ratio * self.unit())]).to_vec()
        };
        let shapes = [shape, libm::log(0.003), libm::log(0.05)];
        shapes.into_iter().flat_map(|shape| [0.3, 3.0, 1e4].map(|size| with(shape, size))).collect()
    }

    /// A point moved away from the edges, to where every coordinate has a gradient.
    pub(super) fn inside(&self, point: [f64; 4]) -> [f64; 4] {
        let middle = [1.0, self.rate, 1.0, self.unit()].map(libm::log);
        core::array::from_fn(|n| point[n].clamp(middle[n] - 4.0, middle[n] + 4.0))
    }

    /// Whether a point is at an edge, or so far out that a coordinate hardly counts any more.
    pub(super) fn is_on_plateau(&self, point: &[f64; 4], gradient: &[f64; 4]) -> bool {
        let bounds = self.bounds();
        (0..4).any(|n| {
            let to_edge = (point[n] - bounds.lower[n]).min(bounds.upper[n] - point[n]);
            to_edge < 5.0 && gradient[n].abs() < 1e-4
        })
    }

    /// The unit of a/b, which has none, or of s/β.
    fn unit(&self) -> f64 {
        if self.kind == Kind::ParetoNbd { 1.0 / self.mean_age } else { 1.0 }
    }

    /// Names the limits that a model ran to. Where its covariance is regular a parameter has to be far out, else the
    /// one that makes the likelihood flat only large or small.
    pub(super) fn limits(&self, model: &PurchaseModel, covariance: &Matrix<4>) -> Option<String> {
        let [r, _, first, second] = model.parameters;
        let vague = (0..4).any(|n| covariance[n][n] > 100.0);
        let far = if vague { 30.0 } else { 1e5 };
        let mut limits = Vec::new();
        if r > far {
            limits.push("one purchase rate for all: r and alpha -> infinity (Poisson limit)");
        }
        if self.kind == Kind::ParetoNbd {
            let dropped_by_mean_age = -libm::expm1(-first * libm::log1p(self.mean_age / second));
            if dropped_by_mean_age < 1.0 / far {
                limits.push("no dropout: s/beta -> 0 (NBD limit)");
            } else if first > far {
                limits.push("one dropout rate for all: s and beta -> infinity");
            } else if second < self.mean_age / far {
                limits.push("dropout at once or never: beta -> 0");
            }
        } else if first / (first + second) < 1.0 / far {
            limits.push("no dropout: a/(a+b) -> 0 (NBD limit)");
        } else if first + second > far {
            limits.push("one dropout probability for all: a and b -> infinity");
        } else if first + second < 1.0 / far {
            limits.push("dropout at the first chance or never: a and b -> 0");
        } else if second / (first + second) < 1.0 / far {
            limits.push("dropout at the first chance: b/(a+b) -> 0");
        }
        if limits.is_empty() && vague {
            limits.push("the likelihood is flat in one direction: the histories do not tell all parameters apart");
        }
        (!limits.is_empty()).then(|| limits.join("; "))
    }
}

/// The derivatives of the logarithms of the parameters by the coordinates, a row for each parameter.
pub(super) fn slopes(model: &PurchaseModel) -> Matrix<4> {
    let [_, _, first, second] = model.parameters;
    let [of_first, of_second] = match model.kind {
        Kind::BgNbd | Kind::MbgNbd => [second / (first + second), -first / (first + second)],
        Kind::ParetoNbd => [0.0, -1.0],
    };
    [[1.0, 0.0, 0.0, 0.0], [1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, of_first], [0.0, 0.0, 1.0, of_second]]
}
