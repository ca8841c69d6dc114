//! A label names a segment by what its members do, by rule: the one or two features in which it differs most from everyone.

use std::collections::BTreeSet;

use crate::profile::FeatureTilt;

/// A difference below this many standard deviations is not worth a word.
const TILT_MIN: f64 = 0.35;

/// Labels for segments in the given order, all different from each other and from `taken`.
///
/// `Frequent big-basket customers`; a segment without any tilt is `Typical customers`. A clash takes the next feature in, then a
/// number, so the answer depends on the tilts alone.
pub fn labels(segments: &[Vec<FeatureTilt>], taken: &BTreeSet<String>) -> Vec<String> {
    let mut used = taken.clone();
    segments
        .iter()
        .map(|tilts| {
            let mut words: Vec<(f64, &str)> = tilts
                .iter()
                .filter(|tilt| tilt.tilt.abs() >= TILT_MIN)
                .map(|tilt| (tilt.tilt.abs(), if tilt.tilt > 0.0 { tilt.high.as_str() } else { tilt.low.as_str() }))
                .collect();
            words.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
            let words: Vec<&str> = words.into_iter().map(|(_, word)| word).collect();
            let longest = words.len().max(1);
            let candidates = (2.min(longest)..=longest).map(|count| phrase(&words[..count.min(words.len())]));
            let numbered = (2..).map(|number| format!("{} ({number})", phrase(&words[..2.min(words.len())])));
            let label = candidates.chain(numbered).find(|label| !used.contains(label)).unwrap_or_default();
            used.insert(label.clone());
            label
        })
        .collect()
}

fn phrase(words: &[&str]) -> String {
    let text = if words.is_empty() { "typical".to_owned() } else { words.join(" ") };
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{} customers", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tilts(pairs: &[(&str, f64)]) -> Vec<FeatureTilt> {
        pairs
            .iter()
            .map(|(name, tilt)| FeatureTilt {
                column: (*name).to_owned(),
                label: (*name).to_owned(),
                high: format!("high-{name}"),
                low: format!("low-{name}"),
                tilt: *tilt,
            })
            .collect()
    }

    #[test]
    fn labels_are_unique_and_follow_the_largest_tilts() {
        let same = tilts(&[("a", 1.0), ("b", -0.8), ("c", 0.5)]);
        let flat = tilts(&[("a", 0.1)]);
        let found = labels(&[same.clone(), same.clone(), same, flat.clone(), flat], &BTreeSet::new());
        assert_eq!(
            found,
            [
                "High-a low-b customers",
                "High-a low-b high-c customers",
                "High-a low-b (2)".replace(" (2)", " customers (2)").as_str(),
                "Typical customers",
                "Typical customers (2)",
            ]
        );
    }
}
