//! What a business calls a change: the settings of the gate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a business calls a change: settings of the job, with their units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Materiality {
    /// Of a persona's share of customers: at least this many points (0.01 is one point) …
    pub share_points: f64,
    /// … and at least this part of itself.
    pub share_relative: f64,
    /// Of orders a member and spend an order: at least this part of itself.
    pub effect_relative: f64,
    /// Of the market's value and its spend an order, and of a cause that a headline names: at least this part of the total.
    pub value_of_total: f64,
    /// Of new customers: at least this part of last period's.
    pub newcomers_relative: f64,
    /// Net revenue or value that moves by this part of itself, like for like, is told though no cause of it is sure.
    pub large_relative: f64,
    /// Members on both sides below which a share is too small to say.
    pub members_min: u64,
    /// People with orders in both periods below which what they order is too small to say.
    pub pairs_min: u64,
    /// False-discovery rate over all persona × metric lines of a report.
    pub false_discovery_rate: f64,
}

impl Default for Materiality {
    fn default() -> Self {
        Self {
            share_points: 0.01,
            share_relative: 0.05,
            effect_relative: 0.05,
            value_of_total: 0.02,
            newcomers_relative: 0.1,
            large_relative: 0.15,
            members_min: 100,
            pairs_min: 30,
            false_discovery_rate: 0.05,
        }
    }
}
