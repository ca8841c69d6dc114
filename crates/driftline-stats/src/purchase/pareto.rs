//! Pareto/NBD: a customer buys at a rate λ ~ Gamma(r, α) and drops out at a rate μ ~ Gamma(s, β), at any time.

use super::hypergeometric::{Rates, never_again};
use super::model::Past;
use super::term::{Process, Term};
use crate::special::{digamma_rising, ln_rising, one_minus_exp_over};

impl Rates {
    /// `E(t)`: the logarithm of the chance of neither buying nor dropping out up to age `t`, as a density over the `x`
    /// purchases made, without what depends on `x` alone.
    fn active(&self, x: f64, t: f64) -> Term {
        let &Self { r, alpha, s, beta } = self;
        let (rate, grown, aged) = (r + x, libm::log1p(t / alpha), libm::log1p(t / beta));
        let gradient = [-r * grown, rate * t / (alpha + t), -s * aged, s * t / (beta + t)];
        Term { value: -rate * grown - s * aged, gradient }
    }

    /// The gradient of ρ by the logarithms of the parameters, times `factor`, added to that of `E`.
    fn with_never_again(&self, active: Term, logarithm: f64, gradient: [f64; 4], factor: f64) -> Term {
        let natural = [self.r, self.alpha, self.s, self.beta];
        let gradient = core::array::from_fn(|n| active.gradient[n] + factor * natural[n] * gradient[n]);
        Term { value: active.value + logarithm, gradient }
    }
}

impl Process for Rates {
    fn common(&self, x: f64) -> Term {
        let value = ln_rising(self.r, x) - x * libm::log(self.alpha);
        Term { value, gradient: [self.r * digamma_rising(self.r, x), -x, 0.0, 0.0] }
    }

    /// Active up to `T`, and buying again some day.
    fn at_age(&self, x: f64, age: f64) -> Term {
        let never = never_again(*self, x, age);
        // Below this the difference holds no digits; a customer this sure to be gone adds nothing to a fit.
        let again = (1.0 - never.value).max(1e-15);
        self.with_never_again(self.active(x, age), libm::log(again), never.gradient, -1.0 / again)
    }

    /// Active up to `t_x`, and never buying again: dropped out before `T` or to drop out later.
    fn at_recency(&self, x: f64, t_x: f64) -> Term {
        let never = never_again(*self, x, t_x);
        let value = never.value.max(f64::MIN_POSITIVE);
        self.with_never_again(self.active(x, t_x), libm::log(value), never.gradient, 1.0 / value)
    }

    /// `e^E(T) / L`: the share of the likelihood that is due to being active at `T`.
    fn p_alive(&self, x: f64, t_x: f64, age: f64) -> f64 {
        let (now, last) = (never_again(*self, x, age).value, never_again(*self, x, t_x).value);
        self.p_alive_of(Past { x, t_x, age }, now, last)
    }

    /// `(r+x)(β+T)/((α+T)(s−1)) [1 − ((β+T)/(β+T+h))^(s−1)]` (Fader & Hardie's note, equation 41 without P(alive)), with
    /// the singularity at s = 1 divided out.
    fn expected_if_alive(&self, x: f64, age: f64, horizon: f64) -> f64 {
        let aged = libm::log1p(horizon / (self.beta + age));
        let rate = (self.r + x) / (self.alpha + age);
        rate * (self.beta + age) * aged * one_minus_exp_over((self.s - 1.0) * aged)
    }

    fn p_purchase_if_alive(&self, x: f64, age: f64, horizon: f64) -> f64 {
        let later = age + horizon;
        let staying = self.active(x, later).value - self.active(x, age).value;
        let (again_now, again_later) =
            (1.0 - never_again(*self, x, age).value, 1.0 - never_again(*self, x, later).value);
        (again_now - libm::exp(staying) * again_later).clamp(0.0, 1.0)
    }

    /// Newton's method over `u = ln(1 + h/(α+T))`. The probability rises with u at the falling rate `R exp(E(T+h) −
    /// E(T))`, so every step ends short of the solution, and no bracket is needed.
    fn time_of_purchase(&self, x: f64, age: f64, probability: f64) -> Option<f64> {
        if probability >= 1.0 - never_again(*self, x, age).value {
            return None;
        }
        let (mut u, mut horizon) = (0.0, 0.0);
        for _ in 0..200 {
            let short = probability - self.p_purchase_if_alive(x, age, horizon);
            let slope = (self.r + x) * libm::exp(self.active(x, age + horizon).value - self.active(x, age).value);
            let step = short / slope;
            if step.is_nan() || step <= 1e-15 * u {
                break;
            }
            u += step;
            horizon = (self.alpha + age) * libm::expm1(u);
            if horizon > 1e12 {
                return None;
            }
        }
        Some(horizon)
    }
}

impl Rates {
    /// P(alive) where ρ(T) and ρ(t_x) are known already.
    pub(super) fn p_alive_of(&self, past: Past, now: f64, last: f64) -> f64 {
        let Past { x, t_x, age } = past;
        // The age gone by since the last purchase, so that no digits are lost between two large logarithms.
        let gone = age - t_x;
        let odds =
            (self.r + x) * libm::log1p(gone / (self.alpha + t_x)) + self.s * libm::log1p(gone / (self.beta + t_x));
        (1.0 / ((1.0 - now) + last * libm::exp(odds))).min(1.0)
    }
}
