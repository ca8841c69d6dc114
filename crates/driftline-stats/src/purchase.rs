//! Purchase models: how often a customer will buy again, and whether at all, from three numbers of their past.
//!
//! A [`History`] is what the models need of a customer: `x` repeat purchases, the last of them at age `t_x`, seen until
//! age `T`. A [`PurchaseModel`] is one of three kinds with its parameters; [`fit()`] finds them by maximum likelihood.
//! Ages, horizons and the parameters α and β share one time unit, the caller's; the literature's is the week.
//!
//! # The models
//!
//! In all three a customer who has not dropped out buys at a rate λ of their own, by a Poisson process; λ varies between
//! customers as Gamma(r, α) (mean `r/α` per unit of time). They differ in how customers drop out, unseen:
//!
//! * **BG/NBD** (Fader, Hardie & Lee 2005, "Counting Your Customers the Easy Way", *Marketing Science* 24(2), 275-284):
//!   after each repeat purchase with probability p, which varies as Beta(a, b). A customer with one purchase has had no
//!   chance to drop out, so P(alive) is 1 for all of them.
//! * **MBG/NBD** (Batislam, Denizel & Filiztekin 2007, "Empirical validation and comparison of models for customer base
//!   analysis", *International Journal of Research in Marketing* 24(3), 201-209): after the first purchase too. The
//!   default among the three when log-likelihoods are level.
//! * **Pareto/NBD** (Schmittlein, Morrison & Colombo 1987, "Counting Your Customers: Who Are They and What Will They Do
//!   Next?", *Management Science* 33(1), 1-24): at any time, at a rate that varies as Gamma(s, β).
//!
//! # The likelihood, in one shape
//!
//! For each kind `ln L(x, t_x, T) = C(x) + ln(exp W(x, T) + exp U(x, t_x))`. W belongs to those who were active up to
//! `T`, U to those who had dropped out; no history enters but through the pairs (x, T) and (x, t_x), of which a log of
//! days has few. With `A = ln Γ(r+x) − ln Γ(r) − x ln α`, `R = r + x` and `ℓ(t) = ln(1 + t/α)`, where dividing by `α`
//! first keeps all digits when `r` and `α` are both large:
//!
//! | kind | C(x) | W(x, T) | U(x, t_x) |
//! | --- | --- | --- | --- |
//! | BG/NBD | A + ln B(a, b+x) − ln B(a, b) | −R ℓ(T) | ln a − ln(b+x−1) − R ℓ(t_x), none at x = 0 |
//! | MBG/NBD | A + ln B(a, b+x+1) − ln B(a, b) | −R ℓ(T) | ln a − ln(b+x) − R ℓ(t_x) |
//! | Pareto/NBD | A | E(T) + ln(1 − ρ(T)) | E(t_x) + ln ρ(t_x) |
//!
//! The first two are equation 6 of the BG/NBD paper, factored, and its counterpart. In the third, which is equation 18
//! of Fader & Hardie's note 009 at brucehardie.com, `E(t) = −R ℓ(t) − s ln(1 + t/β)`, and ρ is the hypergeometric
//! function of `purchase/hypergeometric.rs`.
//! The binomial coefficients and the dates of purchases within `(0, t_x)` cancel from everything and are left out, as in
//! the papers, so log-likelihoods compare with published ones.
//!
//! # What is asked of a model
//!
//! * P(alive) = share of the customer's likelihood that is due to not having dropped out by `T`.
//! * P(no purchase in h) = `L(x, t_x, T+h) / L(x, t_x, T)`, for each kind, in `[0, 1]` and falling with h. This, not
//!   1 − P(alive), is the churn risk.
//! * Expected purchases in h = P(alive) · expectation of one who is alive, who has rates Gamma(r+x, α+T).
//!
//! All of it is finite for every history and every positive finite parameter; the removable singularities of the
//! published formulas (a = 1, s = 1, a + b < 1) do not occur in the forms used here.

pub mod bands;
mod beta_geometric;
mod coordinates;
mod count;
pub(crate) mod counted;
mod explore;
mod fit;
mod hypergeometric;
mod kind;
mod model;
mod pareto;
mod scorer;
mod term;

#[cfg(test)]
mod tests;

pub use fit::{Choice, Fit, choose, fit};
pub(crate) use fit::{fit_around, fit_part, point_of};
pub use kind::Kind;
use model::{AnyProcess, Past, time, whole};
pub use model::{History, PurchaseModel};
pub use scorer::Scorer;

use crate::error::Error;
use beta_geometric::BetaGeometric;
use hypergeometric::Rates;
use term::Process;

impl PurchaseModel {
    /// Makes a model of parameters from outside.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] if one of them is not a positive finite number.
    pub fn new(kind: Kind, parameters: [f64; 4]) -> Result<Self, Error> {
        for (name, value) in kind.parameter_names().into_iter().zip(parameters) {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::InvalidParameter { name, value });
            }
        }
        Ok(Self { kind, parameters })
    }

    /// Returns `ln L(x, t_x, T)` of one customer, as a density over purchase times.
    pub fn log_likelihood(&self, x: f64, t_x: f64, age: f64) -> f64 {
        let past = Past::new(x, t_x, age);
        match self.process() {
            AnyProcess::BetaGeometric(process) => term::log_likelihood(&process, past.x, past.t_x, past.age),
            AnyProcess::Pareto(process) => term::log_likelihood(&process, past.x, past.t_x, past.age),
        }
    }

    /// Returns the probability that the customer has not dropped out by age `T`.
    pub fn p_alive(&self, x: f64, t_x: f64, age: f64) -> f64 {
        let past = Past::new(x, t_x, age);
        match self.process() {
            AnyProcess::BetaGeometric(process) => process.p_alive(past.x, past.t_x, past.age),
            AnyProcess::Pareto(process) => process.p_alive(past.x, past.t_x, past.age),
        }
    }

    /// Returns the purchases to expect in `(T, T + horizon]`.
    pub fn expected_purchases(&self, x: f64, t_x: f64, age: f64, horizon: f64) -> f64 {
        self.p_alive(x, t_x, age) * self.expected_purchases_if_alive(x, age, horizon)
    }

    /// Returns the purchases to expect in `(T, T + horizon]` of a customer known to be alive at `T`. It does not depend
    /// on the recency, so many customers share it; [`Scorer`] keeps what it has computed.
    pub fn expected_purchases_if_alive(&self, x: f64, age: f64, horizon: f64) -> f64 {
        let (x, age, horizon) = (whole(x), time(age), time(horizon));
        match self.process() {
            AnyProcess::BetaGeometric(process) => process.expected_if_alive(x, age, horizon),
            AnyProcess::Pareto(process) => process.expected_if_alive(x, age, horizon),
        }
    }

    /// Returns the purchases to expect of a customer just acquired, the first purchase not counted.
    pub fn expected_purchases_new(&self, horizon: f64) -> f64 {
        self.expected_purchases(0.0, 0.0, 0.0, horizon)
    }

    /// Returns the churn risk: the probability of no purchase in `(T, T + horizon]`.
    pub fn p_no_purchase(&self, x: f64, t_x: f64, age: f64, horizon: f64) -> f64 {
        let past = Past::new(x, t_x, age);
        let horizon = time(horizon);
        let p_purchase_if_alive = match self.process() {
            AnyProcess::BetaGeometric(process) => process.p_purchase_if_alive(past.x, past.age, horizon),
            AnyProcess::Pareto(process) => process.p_purchase_if_alive(past.x, past.age, horizon),
        };
        (1.0 - self.p_alive(x, t_x, age) * p_purchase_if_alive).clamp(0.0, 1.0)
    }

    /// Returns the time after `T` by which the next purchase has happened with the given probability: the median at ½,
    /// the ends of an 80 % range at .1 and .9.
    ///
    /// `None` if the probability is not reached within 1e9 units of time, mostly because the customer is less likely
    /// than that to buy again at all.
    pub fn time_to_next_purchase_quantile(&self, x: f64, t_x: f64, age: f64, probability: f64) -> Option<f64> {
        let past = Past::new(x, t_x, age);
        let if_alive = probability.max(0.0) / self.p_alive(x, t_x, age);
        let time = match self.process() {
            AnyProcess::BetaGeometric(process) => process.time_of_purchase(past.x, past.age, if_alive),
            AnyProcess::Pareto(process) => process.time_of_purchase(past.x, past.age, if_alive),
        };
        time.filter(|&time| time <= 1e9)
    }

    /// Returns P(0), P(1), … P(`most`) of the number of purchases in `(T, T + horizon]`. They add up to less than 1 by
    /// what is left for larger numbers.
    pub fn purchase_probabilities(&self, (x, t_x, age): (f64, f64, f64), horizon: f64, most: usize) -> Vec<f64> {
        let past = Past::new(x, t_x, age);
        let p_alive = self.p_alive(x, t_x, age);
        let mut probabilities = match self.process() {
            AnyProcess::BetaGeometric(process) => {
                count::beta_geometric(&process, past.x, past.age, time(horizon), most)
            }
            AnyProcess::Pareto(process) => count::pareto(&process, past.x, past.age, time(horizon), most),
        };
        for probability in &mut probabilities {
            *probability *= p_alive;
        }
        if let Some(none) = probabilities.first_mut() {
            *none = self.p_no_purchase(x, t_x, age, horizon);
        }
        probabilities
    }

    /// Returns the mean of the number of purchases in `(T, T + horizon]` and the mean of its square.
    ///
    /// For the Pareto/NBD, given that the customer is alive, the rate λ ~ Gamma(r+x, α+T) and the time τ up to dropout or
    /// horizon are independent, so `E[N²] = E[λ]E[τ] + E[λ²]E[τ²]` with `E[τ²] = ∫ 2t (1 + t/(β+T))⁻ˢ dt`.
    pub fn purchase_moments(&self, x: f64, t_x: f64, age: f64, horizon: f64) -> (f64, f64) {
        let mean = self.expected_purchases(x, t_x, age, horizon);
        if let AnyProcess::Pareto(rates) = self.process() {
            let past = Past::new(x, t_x, age);
            let (shape, rate, life) = (rates.r + past.x, rates.alpha + past.age, rates.beta + past.age);
            let [square_time] = crate::special::integrate(
                0.0,
                time(horizon),
                |t| (0.5 * (life + t) / (1.0 + rates.s)).max(1e-3 * time(horizon)),
                |_| false,
                |t| [2.0 * t * libm::exp(-rates.s * libm::log1p(t / life))],
            );
            let p_alive = self.p_alive(x, t_x, age);
            return (mean, mean + p_alive * shape * (shape + 1.0) / (rate * rate) * square_time);
        }
        let mut most = 16 + libm::ceil(2.0 * mean).clamp(0.0, 4000.0) as usize;
        loop {
            let probabilities = self.purchase_probabilities((x, t_x, age), horizon, most);
            if most >= 8192 || 1.0 - probabilities.iter().sum::<f64>() < 1e-7 {
                let square = probabilities.iter().enumerate().map(|(n, p)| (n * n) as f64 * p).sum();
                return (mean, square);
            }
            most *= 2;
        }
    }

    fn process(&self) -> AnyProcess {
        let [first, scale, second, last] = self.parameters;
        match self.kind {
            Kind::BgNbd | Kind::MbgNbd => AnyProcess::BetaGeometric(BetaGeometric {
                r: first,
                alpha: scale,
                a: second,
                b: last,
                flips_at_first: f64::from(u8::from(self.kind == Kind::MbgNbd)),
            }),
            Kind::ParetoNbd => AnyProcess::Pareto(Rates { r: first, alpha: scale, s: second, beta: last }),
        }
    }
}
