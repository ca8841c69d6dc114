//! Charts as SVG text: drawn from the report's numbers, with the same numbers written beside the shapes.
//!
//! They have no `viewBox`: places across are in percent and sizes of text in pixels, so a chart is as readable on a phone as on
//! paper. Colours come from the page's classes.

use driftline_core::Minor;
use driftline_core::basics::locale::Words;
use driftline_core::drift::bridge::{Bar, Bridge};

const ROW: f64 = 44.0;
const TEXT_DOWN: f64 = 15.0;
const BAR_DOWN: f64 = 22.0;
const BAR: f64 = 12.0;
/// Percent of the width that stays free on both sides, so that marks at the edge are whole.
const EDGE: f64 = 1.0;

/// Where a bar of a bridge lies between the smallest and the largest running total, in percent of the width: a mail draws it as
/// three cells.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct BarView {
    pub label: String,
    pub customers: Option<u64>,
    pub amount: Minor,
    pub is_gain: bool,
    pub offset_percent: f64,
    pub width_percent: f64,
    pub rest_percent: f64,
}

/// The bars of a bridge as offsets and widths. Only changes are drawn: against the totals most of them would not be seen.
pub fn bars(bridge: &Bridge) -> Vec<BarView> {
    let mut at = 0;
    let reach = Reach::of(bridge);
    bridge
        .bars
        .iter()
        .map(|bar: &Bar| {
            let (from, to) = (at, at + bar.amount.0);
            at = to;
            let width = tenth((reach.percent(from) - reach.percent(to)).abs().max(0.6));
            let offset = tenth(reach.percent(from.min(to)).min(100.0 - width));
            BarView {
                label: bar.label.clone(),
                customers: bar.customers,
                amount: bar.amount,
                is_gain: bar.amount.0 >= 0,
                offset_percent: offset,
                width_percent: width,
                rest_percent: tenth((100.0 - offset - width).max(0.0)),
            }
        })
        .collect()
}

/// The smallest and the largest running total of a bridge, counted from its start.
struct Reach {
    low: i64,
    high: i64,
}

impl Reach {
    fn of(bridge: &Bridge) -> Self {
        let totals = bridge.bars.iter().scan(0, |total, bar| {
            *total += bar.amount.0;
            Some(*total)
        });
        totals.fold(Self { low: 0, high: 0 }, |reach, total| Self {
            low: reach.low.min(total),
            high: reach.high.max(total),
        })
    }

    fn percent(&self, total: i64) -> f64 {
        100.0 * (total - self.low) as f64 / ((self.high - self.low) as f64).max(1.0)
    }
}

fn tenth(value: f64) -> f64 {
    (10.0 * value).round() / 10.0
}

/// The bridge as a waterfall lying on its side: label and amount over each bar, start and end as marks with their totals.
pub fn waterfall(bridge: &Bridge, titles: [&str; 2], words: &Words) -> String {
    let reach = Reach::of(bridge);
    let across = |percent: f64| format!("{:.1}%", EDGE + percent * (100.0 - 2.0 * EDGE) / 100.0);
    let long = |percent: f64| format!("{:.1}%", percent * (100.0 - 2.0 * EDGE) / 100.0);
    let money = |amount| words.locale.money(amount, &words.currency);
    let rows = bars(bridge);
    let summary = format!("Bridge of {} from {} to {}", bridge.label, money(bridge.start), money(bridge.end));
    let mut svg = format!(
        "<svg class=\"waterfall\" width=\"100%\" height=\"{:.0}\" role=\"img\" aria-label=\"{}\">",
        ROW * (rows.len() + 2) as f64,
        escape(&summary)
    );
    let mut captions = String::new();
    let mut at = 0;
    for place in 0..rows.len() + 2 {
        let top = ROW * place as f64;
        let row = place.checked_sub(1).and_then(|index| rows.get(index));
        let (name, amount, class) = match row {
            Some(row) => (row.label.as_str(), words.locale.signed_money(row.amount, &words.currency), "amount"),
            None if place == 0 => (titles[0], money(bridge.start), "total"),
            None => (titles[1], money(bridge.end), "total"),
        };
        let bar_top = top + BAR_DOWN;
        match row {
            Some(row) => svg.push_str(&format!(
                "<rect class=\"{}\" x=\"{}\" y=\"{bar_top:.0}\" width=\"{}\" height=\"{BAR:.0}\" rx=\"2\"/>",
                if row.is_gain { "gain" } else { "loss" },
                across(row.offset_percent),
                long(row.width_percent),
            )),
            None => {
                let x = across(reach.percent(at));
                let bottom = bar_top + BAR;
                svg.push_str(&format!(
                    "<line class=\"mark\" x1=\"{x}\" x2=\"{x}\" y1=\"{bar_top:.0}\" y2=\"{bottom:.0}\"/>"
                ));
            }
        }
        at += row.map_or(0, |row| row.amount.0);
        if place <= rows.len() {
            let (x, from, to) = (across(reach.percent(at)), bar_top + BAR, bar_top + ROW);
            svg.push_str(&format!("<line class=\"step\" x1=\"{x}\" x2=\"{x}\" y1=\"{from:.0}\" y2=\"{to:.0}\"/>"));
        }
        let y = top + TEXT_DOWN;
        captions.push_str(&format!(
            "<text class=\"{class}\" x=\"0\" y=\"{y:.0}\">{}</text><text class=\"{class}\" x=\"100%\" y=\"{y:.0}\" text-anchor=\"end\">{}</text>",
            escape(name),
            escape(&amount),
        ));
    }
    // Captions last: they lie over the steps.
    svg + &captions + "</svg>"
}

/// Two marks on one line from zero: a full one for the persona, an open one for everyone. Empty if both are zero.
pub fn dumbbell(own: f64, base: f64) -> String {
    let low = own.min(base).min(0.0);
    let span = own.max(base).max(0.0) - low;
    if !(span.is_finite() && span > 0.0) {
        return String::new();
    }
    let [own, base] = [own, base].map(|value| format!("{:.1}%", 4.0 + 92.0 * (value - low) / span));
    format!(
        "<svg class=\"dumbbell\" width=\"100%\" height=\"16\" aria-hidden=\"true\"><line class=\"rail\" x1=\"0\" x2=\"100%\" y1=\"8\" y2=\"8\"/><line class=\"span\" x1=\"{own}\" x2=\"{base}\" y1=\"8\" y2=\"8\"/><circle class=\"everyone\" cx=\"{base}\" cy=\"8\" r=\"5\"/><circle class=\"own\" cx=\"{own}\" cy=\"8\" r=\"5\"/></svg>"
    )
}

/// A bar to the right of the middle for what is above everyone, to the left for what is below; `most` reaches the edge.
pub fn tilt(value: f64, most: f64) -> String {
    let reach = if most > 0.0 { (50.0 * value / most).clamp(-50.0, 50.0) } else { 0.0 };
    format!(
        "<svg class=\"tilt\" width=\"100%\" height=\"16\" aria-hidden=\"true\"><rect x=\"{:.1}%\" y=\"3\" width=\"{:.1}%\" height=\"10\" rx=\"2\"/><line class=\"middle\" x1=\"50%\" x2=\"50%\" y1=\"0\" y2=\"16\"/></svg>",
        50.0 + reach.min(0.0),
        reach.abs(),
    )
}

/// Escapes text for XML content and attributes.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use driftline_core::basics::locale::Locale;
    use driftline_core::drift::bridge::{Cause, Measure};

    use super::*;

    fn bridge(amounts: &[i64]) -> Bridge {
        let bars: Vec<Bar> = amounts
            .iter()
            .map(|amount| Bar {
                cause: Cause::New,
                label: "<b>New".to_owned(),
                customers: Some(10),
                amount: Minor(*amount),
            })
            .collect();
        let change: Minor = bars.iter().map(|bar| bar.amount).sum();
        Bridge {
            measure: Measure::NetRevenue,
            label: "net".to_owned(),
            start: Minor(500),
            end: Minor(500) + change,
            change,
            bars,
            drill: Vec::new(),
        }
    }

    #[test]
    fn bars_lie_between_the_smallest_and_the_largest_running_total() {
        let places: Vec<(f64, f64, f64)> = bars(&bridge(&[300, -400, 0, -100]))
            .iter()
            .map(|bar| (bar.offset_percent, bar.width_percent, bar.rest_percent))
            .collect();
        assert_eq!(places, [(40.0, 60.0, 0.0), (20.0, 80.0, 0.0), (20.0, 0.6, 79.4), (0.0, 20.0, 80.0)]);
        assert!(bars(&bridge(&[0, 0])).iter().all(|bar| bar.offset_percent + bar.width_percent <= 100.0));
        assert!(bars(&bridge(&[-7, 7, 1])).iter().all(|bar| bar.offset_percent + bar.width_percent <= 100.0));
    }

    #[test]
    fn a_waterfall_escapes_labels_and_has_a_row_for_each_bar_and_both_totals() {
        let words = Words { locale: Locale::En, currency: "GBP".parse().unwrap() };
        let svg = waterfall(&bridge(&[300, -400]), ["Q1", "Q2"], &words);
        assert!(svg.contains("&lt;b&gt;New") && !svg.contains("<b>"));
        assert_eq!(
            (svg.matches("<rect").count(), svg.matches("class=\"mark\"").count(), svg.matches("<text").count()),
            (2, 2, 8)
        );
    }

    #[test]
    fn nothing_is_drawn_of_zeros() {
        assert_eq!(dumbbell(0.0, 0.0), "");
        assert!(!tilt(1.0, 0.0).contains("NaN"));
    }
}
