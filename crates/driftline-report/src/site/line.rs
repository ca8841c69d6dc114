//! A figure over the quarters as a small line, from zero, with a gap where there was none.

use crate::chart::escape;

const HEIGHT: f64 = 72.0;
/// Pixels that stay free above and below, so that marks at the edge are whole.
const MARGIN: f64 = 7.0;

/// A point of the line: what is said when it is pointed at, and where it is; `None` is a gap.
pub(super) struct Point {
    pub(super) title: String,
    pub(super) at: Option<f64>,
}

/// Draws the points, evenly spaced; empty if nothing or only zero is there to draw.
pub(super) fn line(points: &[Point]) -> String {
    let known = || points.iter().filter_map(|point| point.at);
    let (low, high) = (known().fold(0.0, f64::min), known().fold(0.0, f64::max));
    let span = high - low;
    if !(span.is_finite() && span > 0.0) {
        return String::new();
    }
    let across = |place: usize| match points.len() {
        0 | 1 => 50.0,
        count => 3.0 + 94.0 * place as f64 / (count - 1) as f64,
    };
    let down = |value: f64| MARGIN + (HEIGHT - 2.0 * MARGIN) * (high - value) / span;
    let mut svg = format!(
        "<svg class=\"history\" width=\"100%\" height=\"{HEIGHT:.0}\" aria-hidden=\"true\"><line class=\"rail\" x1=\"0\" x2=\"100%\" y1=\"{0:.1}\" y2=\"{0:.1}\"/>",
        down(0.0)
    );
    for (place, pair) in points.windows(2).enumerate() {
        if let (Some(from), Some(to)) = (pair[0].at, pair[1].at) {
            svg.push_str(&format!(
                "<line class=\"path\" x1=\"{:.1}%\" y1=\"{:.1}\" x2=\"{:.1}%\" y2=\"{:.1}\"/>",
                across(place),
                down(from),
                across(place + 1),
                down(to)
            ));
        }
    }
    let last = points.iter().rposition(|point| point.at.is_some());
    for (place, point) in points.iter().enumerate() {
        if let Some(at) = point.at {
            let is_last = Some(place) == last;
            svg.push_str(&format!(
                "<circle class=\"{}\" cx=\"{:.1}%\" cy=\"{:.1}\" r=\"{}\"><title>{}</title></circle>",
                if is_last { "now" } else { "then" },
                across(place),
                down(at),
                if is_last { 5 } else { 3 },
                escape(&point.title)
            ));
        }
    }
    svg + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[Option<f64>]) -> Vec<Point> {
        values.iter().map(|at| Point { title: "<Q1>".to_owned(), at: *at }).collect()
    }

    #[test]
    fn a_gap_is_not_bridged_and_titles_are_escaped() {
        let svg = line(&points(&[Some(1.0), Some(2.0), None, Some(-1.0)]));
        assert_eq!((svg.matches("class=\"path\"").count(), svg.matches("<circle").count()), (1, 3));
        assert!(svg.contains("&lt;Q1&gt;") && !svg.contains("<Q1>"));
        assert_eq!(svg.matches("class=\"now\"").count(), 1);
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        for values in [&[][..], &[None, None], &[Some(0.0)], &[Some(f64::NAN)]] {
            assert_eq!(line(&points(values)), "", "{values:?}");
        }
    }
}
