//! What segments cost to win, what they bought by category, and what of it is margin.

use std::collections::BTreeMap;

use driftline_core::personas::acquisition::{AcquisitionRow, Known};
use driftline_core::value::margin::CategorySales;

use super::each_row;
use crate::error::Result;
use crate::lake::Lake;

/// Costs of every segment with a known one, segment 0 (everyone active) first; empty if none is known.
///
/// # Errors
/// `Error::Shape` if the mart lacks a column of `sql/marts/segment_acquisition_costs.sql`.
pub async fn acquisition_costs(lake: &Lake) -> Result<Vec<AcquisitionRow>> {
    let mut rows = Vec::new();
    each_row(lake, "segment_acquisition_costs", "segment", |cells, row| {
        let known = |customers: &str, cost: &str, value: &str| -> Result<Known> {
            Ok(Known {
                customers: cells.count(customers, row)?,
                cost: cells.minor(cost, row)?.unwrap_or_default(),
                value: cells.minor(value, row)?,
            })
        };
        rows.push(AcquisitionRow {
            segment: cells.integer("segment", row)? as u32,
            known: known("customers_known", "acquisition_cost", "value_12_months")?,
            new_customers: cells.count("new_customers", row)?,
            new_known: known("new_customers_known", "new_acquisition_cost", "new_value_12_months")?,
        });
        Ok(())
    })
    .await?;
    Ok(rows)
}

/// What each segment bought, what has no category included; segment 0 is everyone active.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn category_sales(lake: &Lake) -> Result<BTreeMap<u32, Vec<CategorySales>>> {
    let mut sales: BTreeMap<u32, Vec<CategorySales>> = BTreeMap::new();
    each_row(lake, "segment_categories", "segment, category", |cells, row| {
        sales.entry(cells.integer("segment", row)? as u32).or_default().push(CategorySales {
            category: cells.text("category", row)?,
            customers: cells.count("customers", row)?,
            sold: cells.minor("sold_amount", row)?.unwrap_or_default(),
        });
        Ok(())
    })
    .await?;
    Ok(sales)
}

/// Margin shares by category as the export says them, that of everything else under `None`; empty if it does not.
///
/// # Errors
/// `Error::Shape` if the mart lacks a column of `sql/marts/category_margins.sql`.
pub async fn category_margins(lake: &Lake) -> Result<Vec<(Option<String>, f64)>> {
    let mut margins = Vec::new();
    each_row(lake, "category_margins", "category", |cells, row| {
        margins.push((cells.text("category", row)?, cells.float("margin_share", row)?.unwrap_or_default()));
        Ok(())
    })
    .await?;
    Ok(margins)
}
