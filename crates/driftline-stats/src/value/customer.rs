//! A customer as a value is asked of.

/// A customer's past, and how many customers share it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Customer {
    /// `x`.
    pub repeat_purchases: f64,
    /// `t_x`.
    pub recency: f64,
    /// `T`.
    pub age: f64,
    /// m̄: mean spend of the repeat purchases; 0 without any.
    pub mean_spend: f64,
    /// Their own net amount over spend, 0 to 1; `None` if nothing was spent.
    pub own_net_share: Option<f64>,
    /// How many customers have this past.
    pub customers: f64,
}
