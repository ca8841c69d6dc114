//! Values that cannot be used, and currencies.

use super::{Case, Expected, SOURCES, STAGING, net_of, published, refused};
use crate::odd_money::Line;

pub(super) fn values() -> Vec<Case> {
    vec![
        (
            "not_a_number",
            |shop| shop.float = Some(Box::new(|row, money| if row == 17 { f64::NAN } else { money })),
            refused(20, &["order_lines", "2024-01.parquet", "`net_amount` is NaN in 1 row", "row 18"]),
        ),
        (
            "infinity",
            |shop| shop.float = Some(Box::new(|row, money| if row > 5_000 { f64::INFINITY } else { money })),
            refused(20, &["`net_amount` is inf", "first in row"]),
        ),
        (
            "an_amount_of_twenty_digits",
            |shop| shop.float = Some(Box::new(|row, money| if row == 17 { 1e19 } else { money })),
            refused(31, &["stg_order_lines.sql", "cannot be used"]),
        ),
        (
            "sums_of_fifteen_digits",
            |shop| shop.every(1, |line| line.cents *= 10_000_000_000),
            refused(31, &["stg_order_lines.sql", "add up to", "14 digits", "the largest is"]),
        ),
        ("sums_of_thirteen_digits", |shop| shop.every(1, |line| line.cents *= 10_000_000), published()),
        (
            "a_quantity_of_nineteen_digits",
            |shop| shop.every(500, |line| line.quantity = Some(i64::MAX)),
            refused(31, &["stg_order_lines.sql", "a quantity of 9,223,372", "like order o"]),
        ),
        (
            "the_least_quantity_there_is",
            |shop| shop.every(500, |line| line.quantity = Some(i64::MIN)),
            refused(31, &["stg_order_lines.sql"]),
        ),
        (
            "a_line_of_the_year_one",
            |shop| shop.month("2024-01")[0].at = Some(-62_135_596_800_000_000),
            Expected { exit: 0, says: &[], net: None },
        ),
        (
            "text_that_is_no_number",
            |shop| {
                shop.edit(
                    STAGING,
                    "    product,\n",
                    "    case when order_id = 'o9' then cast('12,50' as varchar) else null end as product,\n",
                );
                shop.edit(
                    STAGING,
                    "cast(1 as bigint) as line_count",
                    "cast(case when order_id = 'o9' then '1,0' else '1' end as bigint) as line_count",
                );
            },
            refused(31, &["stg_order_lines.sql", "1,0"]),
        ),
        (
            "no_dates",
            |shop| shop.every(100, |line| line.at = None),
            refused(31, &["stg_order_lines.sql: order_date is null in", "like order o"]),
        ),
        (
            "no_order_ids",
            |shop| shop.every(100, |line| line.order = None),
            refused(31, &["stg_order_lines.sql: order_id is null in"]),
        ),
        (
            "blank_order_ids",
            |shop| shop.every(100, |line| line.order = Some(String::new())),
            refused(31, &["stg_order_lines.sql: order_id is null in"]),
        ),
        (
            "a_kind_that_there_is_not",
            |shop| {
                shop.edit(
                    STAGING,
                    "else 'sale' end as kind",
                    "when order_id = 'o5' then 'gift' else 'sale' end as kind",
                )
            },
            refused(31, &["stg_order_lines.sql", "`kind` has another value in 1 of", "few customers have it"]),
        ),
        (
            "two_currencies_that_nobody_reads",
            |shop| {
                shop.has_currency = true;
                shop.every(5, |line| line.currency = "USD");
            },
            refused(20, &["column `currency` has EUR in", "USD in", "currencies"]),
        ),
        (
            "one_currency_that_is_not_the_jobs",
            |shop| {
                shop.has_currency = true;
                shop.every(1, |line| line.currency = "CHF");
            },
            refused(20, &["CHF in", "the job's currency is EUR"]),
        ),
        ("the_jobs_currency_in_a_column", |shop| shop.has_currency = true, published()),
        (
            "two_currencies_of_which_one_is_taken",
            |shop| {
                shop.has_currency = true;
                let is_foreign = |line: &mut Line| line.currency = "USD";
                shop.every(5, is_foreign);
                shop.edit(SOURCES, "quantity =", "currency = \"utf8\"\nquantity =");
                shop.edit(STAGING, "from source.order_lines", "from source.order_lines\nwhere currency = 'EUR'");
            },
            Expected { exit: 0, says: &[], net: Some(net_of(|shop| shop.every(5, |line| line.cents = 0))) },
        ),
    ]
}
