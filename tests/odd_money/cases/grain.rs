//! Joins, grain and customers.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};

use super::{Case, SOURCES, STAGING, published, refused, warned};
use crate::odd_money::Shop;

/// Customers of the shop and what they are called, once or twice.
fn customers(times: usize) -> Vec<(&'static str, ArrayRef)> {
    let ids: Vec<String> =
        (0..500).flat_map(|number| vec![format!("c{number}"); if number == 7 { times } else { 1 }]).collect();
    let regions: Vec<&str> = ids.iter().map(|_| "north").collect();
    vec![("customer_id", Arc::new(StringArray::from(ids))), ("region", Arc::new(StringArray::from(regions)))]
}

const CUSTOMERS: &str = "\n[customers]\npath = \"market={market}/customers/\"\n\n[customers.columns]\ncustomer_id = \"utf8\"\nregion = \"utf8\"\n";

fn with_customers(shop: &mut Shop, times: usize, join: &str) {
    shop.more.push(("customers/part-0.parquet", customers(times)));
    shop.edit(SOURCES, "net_amount = \"decimal(18,2)\"\n", &format!("net_amount = \"decimal(18,2)\"\n{CUSTOMERS}"));
    if !join.is_empty() {
        shop.edit(STAGING, "    order_id,\n    customer_id,", "    order_id,\n    lines.customer_id,");
        let from = format!(
            "from source.order_lines as lines\n{join} source.customers as customers\n    on lines.customer_id = customers.customer_id"
        );
        shop.edit(STAGING, "from source.order_lines", &from);
    }
}

const ATTRIBUTES: &str = "/*---\nabout = \"Regions.\"\ngrain = [\"customer_id\", \"attribute\"]\n---*/\nselect\n    customer_id,\n    'region' as attribute,\n    region as value\nfrom source.customers\n";

pub(super) fn grain() -> Vec<Case> {
    vec![
        (
            "a_left_join_multiplies_lines",
            |shop| with_customers(shop, 2, "left join"),
            refused(31, &["stg_order_lines.sql", "a join makes", "customer_id", "like c7", "multiplied_lines"]),
        ),
        (
            "an_inner_join_multiplies_lines",
            |shop| with_customers(shop, 3, "inner join"),
            refused(31, &["stg_order_lines.sql", "a join makes", "like c7"]),
        ),
        ("a_join_that_does_not", |shop| with_customers(shop, 1, "left join"), published()),
        ("a_semi_join_does_not", |shop| with_customers(shop, 2, "left semi join"), published()),
        (
            "two_rows_of_one_attribute",
            |shop| {
                with_customers(shop, 2, "");
                shop.edit("sql/staging/shop/stg_customer_attributes.sql", "", ATTRIBUTES);
            },
            refused(
                31,
                &["stg_customer_attributes.sql", "1 row of 501", "customer_id, attribute", "customer_id c7", "grain"],
            ),
        ),
        (
            "attributes_of_everybody_once",
            |shop| {
                with_customers(shop, 1, "");
                shop.edit("sql/staging/shop/stg_customer_attributes.sql", "", ATTRIBUTES);
            },
            published(),
        ),
        (
            "a_cost_below_zero",
            |shop| {
                with_customers(shop, 1, "");
                let costs = "/*---\nabout = \"Costs.\"\ngrain = [\"customer_id\"]\n---*/\nselect\n    customer_id,\n    cast(null as date) as acquired_on,\n    cast(-1 as decimal(18, 4)) as cost\nfrom source.customers\n";
                shop.edit("sql/staging/shop/stg_acquisition_costs.sql", "", costs);
            },
            refused(31, &["stg_acquisition_costs.sql", "`cost` is outside 0"]),
        ),
        (
            "one_customer_stands_for_guests",
            |shop| shop.every(5, |line| line.customer = Some("guest".to_owned())),
            warned(&["one of 5", "its id is `guest`"]),
        ),
        (
            "a_good_customer_is_no_guest",
            |shop| shop.every(100, |line| line.customer = Some("c3".to_owned())),
            published(),
        ),
    ]
}
