//! A persona's sign: an abstract pattern drawn from the hash of its key, the same on every page and in every quarter.
//!
//! It turns by quarters and is never mirrored, so that it does not look like a face; a persona is a group and has none.

use sha2::{Digest, Sha256};

/// Shapes inside a cell of 16 by 16; the last is an empty cell.
const SHAPES: [&str; 8] = [
    "M0 0H16V16H0Z",
    "M0 0H16L0 16Z",
    "M0 0H16A16 16 0 0 1 0 16Z",
    "M0 0A16 16 0 0 1 16 16A16 16 0 0 1 0 0Z",
    "M8 1L15 8L8 15L1 8Z",
    "M0 0H16V7H0Z",
    "M8 2A6 6 0 0 1 8 14A6 6 0 0 1 8 2Z",
    "",
];
const CELLS: [(u8, u8); 4] = [(0, 0), (16, 0), (0, 16), (16, 16)];
/// Colours of the style sheet: `hue-0` to `hue-5`.
const HUES: u8 = 6;

/// The glyph of a key as SVG; colours come from the style sheet's classes.
pub(super) fn glyph(key: &str) -> String {
    let hash = Sha256::digest(key.as_bytes());
    let mut quarter = String::new();
    for (place, (x, y)) in CELLS.iter().enumerate() {
        let is_last = place + 1 == CELLS.len();
        let mut shape = usize::from(hash[place] % 8);
        // Something is always drawn.
        if is_last && quarter.is_empty() && SHAPES[shape].is_empty() {
            shape = 3;
        }
        if SHAPES[shape].is_empty() {
            continue;
        }
        let turn = 90 * u16::from(hash[4 + place] % 4);
        let tone = if hash[8 + place].is_multiple_of(3) { "pale" } else { "full" };
        quarter.push_str(&format!(
            "<path class=\"{tone}\" transform=\"translate({x} {y}) rotate({turn} 8 8)\" d=\"{}\"/>",
            SHAPES[shape]
        ));
    }
    let turns: String =
        [0, 90, 180, 270].iter().map(|turn| format!("<g transform=\"rotate({turn} 32 32)\">{quarter}</g>")).collect();
    format!(
        "<svg class=\"glyph hue-{}\" viewBox=\"0 0 64 64\" width=\"64\" height=\"64\" aria-hidden=\"true\">{turns}</svg>",
        hash[16] % HUES
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_key_has_one_glyph_and_keys_are_told_apart() {
        let keys: Vec<String> =
            (1..=20).flat_map(|quarter| ('a'..='e').map(move |letter| format!("de-q{quarter}-{letter}"))).collect();
        let drawn: BTreeSet<String> = keys.iter().map(|key| glyph(key)).collect();
        assert_eq!(drawn.len(), keys.len());
        assert_eq!(glyph("de-2025q1-a"), glyph("de-2025q1-a"));
        assert!(drawn.iter().all(|svg| svg.matches("<path").count() >= 4));
    }
}
