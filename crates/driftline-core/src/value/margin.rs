//! Contribution margin: what share of net revenue stays after the costs of what was sold, as the job or the export says it.
//!
//! Either says one share for everything and others for categories; a group's share is then their mean, weighted by what the
//! group bought.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Minor;

/// What the reader is told where neither the job nor the export says a margin.
pub const NOT_AVAILABLE: &str = "margin: not available: set value.margin_share";

/// What the reader is told where the export says margins of some categories and nobody that of the others.
pub const NOT_OF_EVERYTHING: &str =
    "margin: not available: stg_category_margins has no row for everything else (category null)";

/// Shares of net revenue that are contribution margin, -1 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Margins {
    /// Of everything that has no share of its own.
    pub share: f64,
    pub by_category: BTreeMap<String, f64>,
}

/// What a segment bought of a category; `None` is what has no category.
#[derive(Clone, Debug, PartialEq)]
pub struct CategorySales {
    pub category: Option<String>,
    /// Active customers who bought it.
    pub customers: u64,
    pub sold: Minor,
}

/// The margin of a group's 12-month value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Margin {
    /// Of net revenue, -1 to 1.
    pub share: f64,
    /// 12-month value times the share; `None` if no model could be fitted.
    pub value: Option<Minor>,
}

impl Margins {
    /// What the export says by category, its share of everything else under `None`.
    ///
    /// # Errors
    /// Why there are no margins, in words for the reader.
    pub fn of_export(shares: Vec<(Option<String>, f64)>) -> Result<Self, &'static str> {
        if shares.is_empty() {
            return Err(NOT_AVAILABLE);
        }
        let (mut share, mut by_category) = (None, BTreeMap::new());
        for (category, its) in shares {
            match category {
                Some(category) => drop(by_category.insert(category, its)),
                None => share = Some(its),
            }
        }
        Ok(Self { share: share.ok_or(NOT_OF_EVERYTHING)?, by_category })
    }

    /// The share of a group: the mean of its categories' shares, weighted by amounts sold. A category of fewer than `min_cell` buyers
    /// counts with the share of everything, so that what a handful bought cannot be worked out from the mean.
    pub fn of(&self, sales: &[CategorySales], min_cell: u64) -> f64 {
        let share = |sales: &CategorySales| {
            let own = sales.category.as_ref().and_then(|category| self.by_category.get(category));
            own.filter(|_| sales.customers >= min_cell).copied().unwrap_or(self.share)
        };
        let total: Minor = sales.iter().map(|sales| sales.sold).sum();
        if total <= Minor::ZERO {
            return self.share;
        }
        sales.iter().map(|sales| sales.sold.0 as f64 * share(sales)).sum::<f64>() / total.0 as f64
    }
}

/// An amount times a share, rounded half away from zero to a minor unit.
pub fn part_of(amount: Minor, share: f64) -> Minor {
    Minor((amount.0 as f64 * share).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sales(category: Option<&str>, customers: u64, sold: i64) -> CategorySales {
        CategorySales { category: category.map(str::to_owned), customers, sold: Minor(sold) }
    }

    #[test]
    fn an_export_says_margins_of_everything_or_of_nothing() {
        let row = |category: Option<&str>, share: f64| (category.map(str::to_owned), share);
        let by_category = BTreeMap::from([("food".to_owned(), 0.1)]);
        let cases = [
            (vec![], Err(NOT_AVAILABLE)),
            (vec![row(Some("food"), 0.1)], Err(NOT_OF_EVERYTHING)),
            (vec![row(None, 0.3)], Ok(Margins { share: 0.3, by_category: BTreeMap::new() })),
            (vec![row(Some("food"), 0.1), row(None, 0.3)], Ok(Margins { share: 0.3, by_category })),
        ];
        for (rows, expected) in cases {
            assert_eq!(Margins::of_export(rows), expected);
        }
    }

    #[test]
    fn shares_are_weighted_by_what_was_bought() {
        let by_category = BTreeMap::from([("food".to_owned(), 0.1), ("gifts".to_owned(), -0.2)]);
        let margins = Margins { share: 0.4, by_category };
        let cases: [(&[CategorySales], f64); 6] = [
            (&[], 0.4),
            (&[sales(Some("food"), 50, 100)], 0.1),
            (&[sales(Some("food"), 50, 300), sales(None, 50, 100)], (300.0 * 0.1 + 100.0 * 0.4) / 400.0),
            (&[sales(Some("food"), 50, 300), sales(Some("gifts"), 10, 100)], (300.0 * 0.1 - 100.0 * 0.2) / 400.0),
            // Nine buyers are too few: as if nothing were said of gifts.
            (&[sales(Some("food"), 50, 300), sales(Some("gifts"), 9, 100)], (300.0 * 0.1 + 100.0 * 0.4) / 400.0),
            (&[sales(Some("food"), 50, 0)], 0.4),
        ];
        for (sold, expected) in cases {
            assert_eq!(margins.of(sold, 10), expected, "{sold:?}");
        }
    }

    #[test]
    fn parts_are_rounded_half_away_from_zero() {
        assert_eq!([(5, 0.5), (-5, 0.5), (1000, 0.35)].map(|(all, share)| part_of(Minor(all), share).0), [3, -3, 350]);
    }
}
