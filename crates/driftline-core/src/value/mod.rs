//! What customers are worth: forecasts, the models behind them, margins and what customers cost to win.

pub mod acquired;
pub mod forecast;
pub mod margin;
pub mod models;
