//! Charts as SVG text: drawn from the report's numbers, with the same numbers written beside the shapes.

use driftline_core::bridge::{Bar, Bridge};
use driftline_core::sentence::Locale;
use driftline_core::{Currency, Minor};

const WIDTH: f64 = 720.0;
const ROW_HEIGHT: f64 = 34.0;
const LABEL_WIDTH: f64 = 250.0;
const AMOUNT_WIDTH: f64 = 130.0;

/// Where a bar of a bridge lies between the smallest and the largest running total, in percent of the width.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct BarView {
    pub label: String,
    pub customers: Option<u64>,
    pub amount: Minor,
    pub is_total: bool,
    pub is_gain: bool,
    pub offset_percent: f64,
    pub width_percent: f64,
}

/// Start, bars and end as offsets and widths. The axis is cut at the totals' common part when all changes are small against it;
/// the totals say so by their numbers, and only changes are drawn.
pub fn bars(bridge: &Bridge) -> Vec<BarView> {
    let mut running = 0i64;
    let mut edges = vec![0i64];
    for bar in &bridge.bars {
        running += bar.amount.0;
        edges.push(running);
    }
    let low = edges.iter().copied().min().unwrap_or(0) as f64;
    let high = edges.iter().copied().max().unwrap_or(0) as f64;
    let span = (high - low).max(1.0);
    let mut at = 0i64;
    bridge
        .bars
        .iter()
        .map(|bar: &Bar| {
            let (from, to) = (at, at + bar.amount.0);
            at = to;
            BarView {
                label: bar.label.clone(),
                customers: bar.customers,
                amount: bar.amount,
                is_total: false,
                is_gain: bar.amount.0 >= 0,
                offset_percent: round(100.0 * (from.min(to) as f64 - low) / span),
                width_percent: round((100.0 * (bar.amount.0.abs() as f64) / span).max(0.6)),
            }
        })
        .collect()
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// The bridge as a waterfall lying on its side: one row a bar, labels left, amounts right.
pub fn waterfall(bridge: &Bridge, locale: Locale, currency: &Currency) -> String {
    let rows = bars(bridge);
    let height = ROW_HEIGHT * rows.len() as f64 + 8.0;
    let plot = WIDTH - LABEL_WIDTH - AMOUNT_WIDTH;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\" class=\"waterfall\" font-size=\"14\">",
        escape(&format!("Bridge of {} from {} to {}", bridge.label, locale.money(bridge.start, currency), locale.money(bridge.end, currency)))
    );
    for (index, row) in rows.iter().enumerate() {
        let y = ROW_HEIGHT * index as f64 + 6.0;
        let x = LABEL_WIDTH + plot * row.offset_percent / 100.0;
        let width = plot * row.width_percent / 100.0;
        let class = if row.is_gain { "gain" } else { "loss" };
        svg.push_str(&format!(
            "<text x=\"0\" y=\"{:.1}\">{}</text><rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"22\" rx=\"2\"/><text class=\"amount\" x=\"{WIDTH}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            y + 16.0,
            escape(&row.label),
            y + 16.0,
            escape(&locale.signed_money(row.amount, currency)),
        ));
    }
    svg.push_str("</svg>");
    svg
}

/// Escapes text for XML content and attributes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
