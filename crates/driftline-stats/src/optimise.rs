//! Maximises a smooth function of a few variables inside a box: BFGS on an exact gradient, Nelder-Mead where that
//! stalls, and a Hessian by differencing the gradient. Nothing here draws random numbers or reads a clock, so the same
//! function gives the same bits.
//!
//! BFGS and the Wolfe conditions: Nocedal & Wright, *Numerical Optimization*, 2nd edition, algorithm 6.1 and equation
//! 3.6. The acceptance of steps whose gain is below rounding: Hager & Zhang 2005, "A New Conjugate Gradient Method with
//! Guaranteed Descent and an Efficient Line Search", equation 4.1.

mod matrix;

pub(crate) use self::matrix::{Matrix, Vector, cautious_inverse, dot, inverse, lower_root, multiply, scaled_identity};

/// The box to search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds<const N: usize> {
    pub(crate) lower: Vector<N>,
    pub(crate) upper: Vector<N>,
}

/// A point with the function's value and gradient, and what was learned about the curvature on the way to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peak<const N: usize> {
    pub(crate) point: Vector<N>,
    pub(crate) value: f64,
    pub(crate) gradient: Vector<N>,
    /// BFGS's estimate of the inverse of the negative Hessian.
    pub(crate) inverse: Matrix<N>,
}

impl<const N: usize> Bounds<N> {
    pub(crate) fn clamp(&self, point: Vector<N>) -> Vector<N> {
        core::array::from_fn(|n| point[n].clamp(self.lower[n], self.upper[n]))
    }

    /// The gradient without the components that push out of the box.
    fn inward(&self, point: &Vector<N>, gradient: &Vector<N>) -> Vector<N> {
        core::array::from_fn(|n| {
            let out =
                (point[n] <= self.lower[n] && gradient[n] < 0.0) || (point[n] >= self.upper[n] && gradient[n] > 0.0);
            if out { 0.0 } else { gradient[n] }
        })
    }
}

impl<const N: usize> Peak<N> {
    pub(crate) fn new(
        function: &impl Fn(&Vector<N>) -> (f64, Vector<N>),
        point: Vector<N>,
        inverse: Matrix<N>,
    ) -> Self {
        let (value, gradient) = function(&point);
        Self { point, value, gradient, inverse }
    }

    /// The largest component of the gradient that does not push out of the box.
    pub(crate) fn gradient_norm(&self, bounds: &Bounds<N>) -> f64 {
        bounds.inward(&self.point, &self.gradient).iter().fold(0.0, |norm, part| norm.max(part.abs()))
    }
}

/// Climbs from `start` until the gradient norm is at most `tolerance`, no step gains any more, or `iterations` are used.
pub(crate) fn climb<const N: usize>(
    function: &impl Fn(&Vector<N>) -> (f64, Vector<N>),
    start: Peak<N>,
    bounds: &Bounds<N>,
    tolerance: f64,
    iterations: usize,
) -> Peak<N> {
    let first = start.inverse;
    let mut here = start;
    let mut fresh = true;
    for _ in 0..iterations {
        if here.gradient_norm(bounds) <= tolerance {
            break;
        }
        let gradient = bounds.inward(&here.point, &here.gradient);
        let held = core::array::from_fn(|n| gradient[n] == 0.0);
        let mut direction = multiply(&without(&here.inverse, &held), &gradient);
        // A logarithm of a parameter moves by at most 2 a step: far from the maximum the curvature is not to be trusted.
        let longest = direction.iter().fold(0.0_f64, |most, part| most.max(part.abs()));
        if longest > 2.0 {
            direction = direction.map(|part| part * 2.0 / longest);
        }
        match line_search(function, &here, &direction, bounds) {
            Some(next) => {
                here = Peak { inverse: updated(&here, &next), ..next };
                fresh = false;
            }
            None if fresh => break,
            None => {
                here.inverse = first;
                fresh = true;
            }
        }
    }
    here
}

/// Finds a step that meets the weak Wolfe conditions, by bisection and doubling; `None` if there is none to be found.
fn line_search<const N: usize>(
    function: &impl Fn(&Vector<N>) -> (f64, Vector<N>),
    here: &Peak<N>,
    direction: &Vector<N>,
    bounds: &Bounds<N>,
) -> Option<Peak<N>> {
    let slope = dot(&here.gradient, direction);
    if slope.is_nan() || slope <= 0.0 {
        return None;
    }
    let noise = 1e-13 * here.value.abs();
    let (mut low, mut high, mut step) = (0.0, f64::INFINITY, 1.0);
    for _ in 0..40 {
        let point = bounds.clamp(core::array::from_fn(|n| here.point[n] + step * direction[n]));
        let (value, gradient) = function(&point);
        let new_slope = dot(&gradient, direction);
        let gain = value - here.value;
        let level = gain >= -noise && new_slope.abs() <= 0.9 * slope;
        if !(gain >= 1e-4 * step * slope || level) {
            high = step;
            step = 0.5 * (low + high);
        } else if new_slope > 0.9 * slope && high.is_infinite() && step < 8.0 {
            low = step;
            step *= 2.0;
        } else if new_slope > 0.9 * slope && high.is_finite() && high - low > 1e-3 * high {
            low = step;
            step = 0.5 * (low + high);
        } else {
            return Some(Peak { point, value, gradient, inverse: here.inverse });
        }
    }
    None
}

/// The BFGS update of the inverse of the negative Hessian (Nocedal & Wright, equation 6.17).
fn updated<const N: usize>(from: &Peak<N>, to: &Peak<N>) -> Matrix<N> {
    let step: Vector<N> = core::array::from_fn(|n| to.point[n] - from.point[n]);
    let change: Vector<N> = core::array::from_fn(|n| from.gradient[n] - to.gradient[n]);
    let curvature = dot(&step, &change);
    if curvature <= 1e-12 * libm::sqrt(dot(&step, &step) * dot(&change, &change)) {
        return from.inverse;
    }
    let scaled = multiply(&from.inverse, &change);
    let factor = (1.0 + dot(&change, &scaled) / curvature) / curvature;
    core::array::from_fn(|row| {
        core::array::from_fn(|column| {
            from.inverse[row][column] + factor * step[row] * step[column]
                - (scaled[row] * step[column] + step[row] * scaled[column]) / curvature
        })
    })
}

/// The inverse for the variables that are left when those `held` at an edge of the box no longer move.
fn without<const N: usize>(inverse: &Matrix<N>, held: &[bool; N]) -> Matrix<N> {
    let mut left = *inverse;
    for k in (0..N).filter(|&k| held[k]) {
        let from = left;
        left = core::array::from_fn(|row| {
            core::array::from_fn(|column| {
                if row == k || column == k {
                    0.0
                } else {
                    from[row][column] - from[row][k] * from[k][column] / from[k][k]
                }
            })
        });
    }
    left
}

/// Climbs without a gradient (Nelder & Mead 1965, with the coefficients 1, 2, ½, ½), where BFGS finds no step.
pub(crate) fn climb_by_simplex<const N: usize>(
    function: &impl Fn(&Vector<N>) -> (f64, Vector<N>),
    start: Vector<N>,
    bounds: &Bounds<N>,
    rounds: usize,
) -> Vector<N> {
    let at = |point: Vector<N>| {
        let point = bounds.clamp(point);
        (function(&point).0, point)
    };
    let mut corners: Vec<(f64, Vector<N>)> = vec![at(start)];
    for n in 0..N {
        let mut corner = start;
        corner[n] += 0.25;
        corners.push(at(corner));
    }
    for _ in 0..rounds {
        corners.sort_by(|a, b| b.0.total_cmp(&a.0));
        let worst = corners[N];
        if corners[0].0 - worst.0 <= 1e-12 * worst.0.abs() {
            break;
        }
        let centre: Vector<N> =
            core::array::from_fn(|n| corners[..N].iter().map(|corner| corner.1[n]).sum::<f64>() / N as f64);
        let along = |factor: f64| at(core::array::from_fn(|n| centre[n] + factor * (centre[n] - worst.1[n])));
        let reflected = along(1.0);
        if reflected.0 > corners[0].0 {
            let expanded = along(2.0);
            corners[N] = if expanded.0 > reflected.0 { expanded } else { reflected };
        } else if reflected.0 > corners[N - 1].0 {
            corners[N] = reflected;
        } else {
            let contracted = along(if reflected.0 > worst.0 { 0.5 } else { -0.5 });
            if contracted.0 > worst.0.max(reflected.0) {
                corners[N] = contracted;
            } else {
                let best = corners[0].1;
                for corner in &mut corners[1..] {
                    *corner = at(core::array::from_fn(|n| 0.5 * (best[n] + corner.1[n])));
                }
            }
        }
    }
    corners.sort_by(|a, b| b.0.total_cmp(&a.0));
    corners[0].1
}

/// The negative Hessian: central differences of the gradient, made symmetric. `step` is in the function's variables.
pub(crate) fn negative_hessian<const N: usize>(
    function: &impl Fn(&Vector<N>) -> (f64, Vector<N>),
    point: &Vector<N>,
    step: f64,
) -> Matrix<N> {
    let rows: Matrix<N> = core::array::from_fn(|n| {
        let shifted = |by: f64| {
            let mut moved = *point;
            moved[n] += by;
            function(&moved).1
        };
        let (below, above) = (shifted(-step), shifted(step));
        core::array::from_fn(|m| (below[m] - above[m]) / (2.0 * step))
    });
    core::array::from_fn(|n| core::array::from_fn(|m| 0.5 * (rows[n][m] + rows[m][n])))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    const BOX: Bounds<2> = Bounds { lower: [-5.0; 2], upper: [5.0; 2] };

    /// Rosenbrock's valley, upside down; its maximum is 0 at (1, 1).
    fn valley([x, y]: &Vector<2>) -> (f64, Vector<2>) {
        let bend = y - x * x;
        let value = -(1.0 - x) * (1.0 - x) - 100.0 * bend * bend;
        (value, [2.0 * (1.0 - x) + 400.0 * x * bend, -200.0 * bend])
    }

    #[test]
    fn climbs_a_curved_valley() {
        let start = Peak::new(&valley, [-1.2, 1.0], scaled_identity(0.01));
        let peak = climb(&valley, start, &BOX, 1e-9, 200);
        assert!(peak.gradient_norm(&BOX) <= 1e-9, "{peak:?}");
        assert!((peak.point[0] - 1.0).abs() < 1e-8 && (peak.point[1] - 1.0).abs() < 1e-8, "{peak:?}");
    }

    #[test]
    fn simplex_climbs_too() {
        let [x, y] = climb_by_simplex(&valley, [-1.2, 1.0], &BOX, 400);
        assert!((x - 1.0).abs() < 1e-3 && (y - 1.0).abs() < 1e-3, "{x} {y}");
    }

    #[test]
    fn stops_at_the_edge_of_the_box() {
        let plane = |p: &Vector<2>| (p[0] - (p[1] - 1.0) * (p[1] - 1.0), [1.0, -2.0 * (p[1] - 1.0)]);
        let peak = climb(&plane, Peak::new(&plane, [0.0, 0.0], scaled_identity(1.0)), &BOX, 1e-9, 100);
        assert!(peak.point[0] == 5.0 && (peak.point[1] - 1.0).abs() < 1e-9, "{peak:?}");
        assert!(peak.gradient_norm(&BOX) <= 1e-9);
    }

    #[test]
    fn inverts_only_what_is_positive_definite() {
        let hessian = negative_hessian(&valley, &[1.0, 1.0], 1e-4);
        assert!((hessian[0][0] - 802.0).abs() < 1e-3 && (hessian[0][1] + 400.0).abs() < 1e-3, "{hessian:?}");
        let found = inverse(&hessian).unwrap();
        let product = multiply(&hessian, &[found[0][0], found[1][0]]);
        assert!((product[0] - 1.0).abs() < 1e-9 && product[1].abs() < 1e-9);
        assert!(inverse(&[[1.0, 2.0], [2.0, 1.0]]).is_none());
        assert!(inverse(&[[0.0, 0.0], [0.0, 0.0]]).is_none());
    }
}
