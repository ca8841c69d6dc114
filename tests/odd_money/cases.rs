//! The cases: what is done to the export, and what must come out.

mod grain;
mod months;
mod rows;
mod steps;
mod values;

use super::{Expected, Shop};

type Case = (&'static str, fn(&mut Shop), Expected);

const STAGING: &str = "sql/staging/shop/stg_order_lines.sql";
const SOURCES: &str = "sql/staging/shop/sources.toml";

fn published() -> Expected {
    Expected { exit: 0, says: &[], net: None }
}

fn warned(says: &'static [&'static str]) -> Expected {
    Expected { exit: 0, says, net: None }
}

fn refused(exit: i32, says: &'static [&'static str]) -> Expected {
    Expected { exit, says, net: None }
}

/// Net revenue of the quarter, of a shop that is changed otherwise.
fn net_of(damage: impl Fn(&mut Shop)) -> i64 {
    let mut shop = Shop::regular();
    damage(&mut shop);
    shop.net()
}

/// Runs of one quarter.
pub(super) fn once() -> Vec<Case> {
    [rows::signs(), rows::repeats(), values::values(), grain::grain(), steps::steps(), months::months()]
        .into_iter()
        .flatten()
        .collect()
}

pub(super) use months::next;
