//! What was sold of each product and category, last period and this one.

use driftline_core::drift::assortment::{BothPeriods, ItemSales, Level};
use driftline_core::drift::sales::ProductSales;

use super::{Cells, each_row};
use crate::error::Result;
use crate::lake::Lake;

/// Rows of `product_moves`; empty if the exports do not count units.
///
/// # Errors
/// `Error::Shape` if the mart lacks a column of `sql/marts/product_moves.sql`.
pub async fn product_moves(lake: &Lake) -> Result<Vec<ProductSales>> {
    let mut products = Vec::new();
    each_row(lake, "product_moves", "product, category", |cells, row| {
        let money = |name: &str| cells.minor(name, row).map(Option::unwrap_or_default);
        products.push(ProductSales {
            product: cells.text("product", row)?,
            category: cells.text("category", row)?,
            customers: [cells.count("customers_before", row)?, cells.count("customers_now", row)?],
            units: [cells.count("units_before", row)?, cells.count("units_now", row)?],
            amount: [money("amount_before")?, money("amount_now")?],
            largest: [money("largest_before")?, money("largest_now")?],
        });
        Ok(())
    })
    .await?;
    Ok(products)
}

/// Rows of `item_moves`.
///
/// # Errors
/// `Error::Shape` if the mart lacks a column of `sql/marts/item_moves.sql`.
pub async fn item_moves(lake: &Lake) -> Result<Vec<ItemSales>> {
    let mut items = Vec::new();
    each_row(lake, "item_moves", "level, item", |cells, row| {
        items.push(ItemSales {
            level: if cells.text("level", row)?.as_deref() == Some("product") {
                Level::Product
            } else {
                Level::Category
            },
            item: cells.text("item", row)?.unwrap_or_default(),
            first_sold_on: cells.day("first_sold_on", row)?,
            sold: side(cells, row, ["customers", "sold", "largest"])?,
            returned: side(cells, row, ["returners", "returned", "largest_returned"])?,
        });
        Ok(())
    })
    .await?;
    Ok(items)
}

/// The columns of both periods of customers, amount, and largest amount of one customer.
fn side(cells: &Cells<'_>, row: usize, [customers, amount, largest]: [&str; 3]) -> Result<BothPeriods> {
    let mut side = BothPeriods::default();
    for (period, suffix) in ["before", "now"].into_iter().enumerate() {
        let money = |of: &str| cells.minor(&format!("{of}_{suffix}"), row).map(Option::unwrap_or_default);
        side.customers[period] = cells.count(&format!("{customers}_{suffix}"), row)?;
        side.amount[period] = money(amount)?;
        side.largest[period] = money(largest)?;
    }
    Ok(side)
}
