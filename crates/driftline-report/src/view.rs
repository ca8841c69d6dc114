//! What templates see: the report as it is in `report.json`, plus shapes that a template must not compute.

use driftline_core::bridge::Bridge;
use driftline_core::report::Report;
use serde::Serialize;

use crate::chart::{self, BarView};

/// The context of every template.
#[derive(Clone, Debug, Serialize)]
pub struct View<'a> {
    pub report: &'a Report,
    /// The bridge of the headline first.
    pub bridges: Vec<BridgeView<'a>>,
    pub primary: Vec<&'a driftline_core::persona::Persona>,
    pub others: Vec<&'a driftline_core::persona::Persona>,
    /// Where the full report lies; shown in the mail.
    pub report_location: &'a str,
    pub recipient_reason: &'a str,
}

#[derive(Clone, Debug, Serialize)]
pub struct BridgeView<'a> {
    pub bridge: &'a Bridge,
    pub bars: Vec<BarView>,
    pub svg: String,
}

impl<'a> View<'a> {
    pub fn new(report: &'a Report, report_location: &'a str, recipient_reason: &'a str) -> Self {
        use driftline_core::persona::Role;
        let headline = report.headline_bridge().map(|bridge| bridge.measure);
        let mut ordered: Vec<&Bridge> = report.bridges.iter().collect();
        ordered.sort_by_key(|bridge| (Some(bridge.measure) != headline, bridge.measure));
        let bridges = ordered
            .into_iter()
            .map(|bridge| BridgeView {
                bridge,
                bars: chart::bars(bridge),
                svg: chart::waterfall(bridge, report.locale, &report.currency),
            })
            .collect();
        let (primary, others) = report.personas.personas.iter().partition(|persona| persona.role == Role::Primary);
        Self { report, bridges, primary, others, report_location, recipient_reason }
    }
}
