//! What changed since last period and why: bridges that close, changes that pass the gate, and what may be shown of them.

pub mod accounts;
pub mod assortment;
pub mod bridge;
pub mod change;
pub mod decomposition;
pub mod disclosure;
pub mod drill;
pub mod gate;
pub mod history;
pub mod materiality;
pub mod migration;
pub mod rfm;
pub mod risk;
pub mod sales;
