//! The spend model: what a customer's purchases are worth on average, from the few that were seen.
//!
//! Gamma-Gamma (Fader & Hardie 2013, "The Gamma-Gamma Model of Monetary Value", note 025 at brucehardie.com; Colombo &
//! Jiang 1999): a customer's purchases vary as Gamma(p, ν), and ν varies between customers as Gamma(q, γ). The mean `m`
//! of `x` purchases has the log-likelihood
//!
//! ```text
//! px ln(1 + e/(px)) + q ln(1 − e/q) − β(px, q) − ln m,    e = (q xm − px γ)/(xm + γ)
//! ```
//!
//! with `β(a, b) = ln B(a, b) − a ln(a/(a+b)) − b ln(b/(a+b))`. This is equation 1a of the note with its powers paired
//! off: `e` is by how much the customer spends more than expected, and no large terms cancel when p or q is large. Spend
//! does not depend on how often a customer buys. `m` is the mean of the repeat purchases, as in the literature; in
//! [`crate::expectation`] it is that of all purchase days, of which x is then the number, for a first purchase tells too.
//!
//! # Limits
//!
//! * p → ∞ (a customer's purchases are all alike) and q → ∞ (customers are alike) have finite likelihoods; the search
//!   ends at 1e7 and the fit names the limit.
//! * Everybody spends the same: the likelihood has no bound, and the fit is refused.
//! * q ≤ 1: the distribution of spend has no mean. Expectations then divide by [`LEAST_EXCESS`] instead, which makes
//!   them finite and cautious, and the fit says so.

mod fit;
mod model;
mod winsorised;

pub use fit::fit_spend;
pub(crate) use fit::{fit_spend_around, point_of_spend};
pub use model::{LEAST_EXCESS, SpendFit, SpendHistory, SpendModel};
pub use winsorised::fit_spend_winsorised;
pub(crate) use winsorised::winsorised;
