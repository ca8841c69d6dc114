//! What was sold of each product, last period and this one.

use driftline_core::sales::ProductSales;

use super::each_row;
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
