//! Damaged Parquet is exit 21 with the file's name, or read as it was; a panic of its reader is never the program's.

use std::path::Path;

use crate::export_shop::{columns, expected, folder_of, lines, project, put, run};
use crate::product::{self, TestResult, equal, holds};

/// A plain generator with a seed: the same damages every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most.max(1)
    }
}

const KINDS: usize = 8;

/// One damage. A single flipped bit inside a page is not among them: without a checksum, which this writer and most others do
/// not write, a value that it turns into another one of the same column cannot be told from that.
fn damaged(bytes: &[u8], kind: usize, chance: &mut Chance) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let size = bytes.len();
    let length = bytes[size - 8..size - 4].iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    let footer = size - 8 - length;
    match kind {
        0 => bytes.truncate(chance.below(size)),
        1 => bytes.extend(vec![0; 1 + chance.below(5_000)]),
        2 => (0..4).for_each(|_| bytes[footer + chance.below(length + 8)] = chance.below(256) as u8),
        3 => bytes[footer + chance.below(length)] ^= 1 << chance.below(8),
        4 => bytes[chance.below(40)] = chance.below(256) as u8,
        5 => {
            let start = chance.below(size - 600);
            bytes[start..start + 600].fill(0);
        }
        6 => {
            let (from, to) = (chance.below(footer / 2), footer / 2 + chance.below(footer / 2 - 300));
            let moved = bytes[from..from + 300].to_vec();
            bytes[to..to + 300].copy_from_slice(&moved);
        }
        _ => bytes[size - 8..size - 4].copy_from_slice(&(chance.below(1 << 31) as u32).to_le_bytes()),
    }
    bytes
}

pub(crate) fn damages() -> TestResult {
    let count = std::env::var("DRIFTLINE_DAMAGES").ok().and_then(|count| count.parse().ok()).unwrap_or(3 * KINDS);
    let folder = product::folder()?;
    put(folder.path(), "all.parquet", columns(&lines()))?;
    let path = folder_of(folder.path()).join("all.parquet");
    let whole = std::fs::read(&path).map_err(|error| error.to_string())?;
    let right = Some(expected(&lines()));
    let mut chance = Chance(7);
    let mut refused = 0;
    for number in 0..count {
        let about = format!("damage {number}");
        std::fs::write(&path, damaged(&whole, number % KINDS, &mut chance)).map_err(|error| error.to_string())?;
        let ended = run(project()?, folder.path(), &[])?;
        if ended.code == Some(0) {
            equal(&about, ended.figures(), right)?;
        } else {
            equal(&format!("{about}: {}", ended.said), ended.code, Some(21))?;
            holds(&about, &ended.said, "market=de/order_lines/all.parquet: not a readable Parquet file")?;
            refused += 1;
        }
        equal(&format!("{about}: {}", ended.said), ended.said.contains("panicked"), false)?;
        by_hand(&about, &path)?;
    }
    // A file that nothing refuses would be no test.
    equal("half of them are refused at least", 2 * refused > count, true)
}

/// The workbench's reader on the same file.
fn by_hand(about: &str, path: &Path) -> TestResult {
    let shown = path.to_string_lossy();
    let output = product::run_in(&product::root(), &["ltv", &shown, "--calibration-end", "2025-06-30"])?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => Ok(()),
        // What is read may be odd, and is then told by row or by its fit.
        Some(20 | 32) => holds(about, &said, "all.parquet"),
        code => {
            equal(&format!("{about}, ltv: {said}"), code, Some(21)).and_then(|()| holds(about, &said, "all.parquet"))
        }
    }
}
