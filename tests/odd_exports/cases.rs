//! The cases: what is done to the export, and what must come out.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};

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

/// Runs of one quarter.
pub(super) fn once() -> Vec<Case> {
    [signs(), repeats(), values(), grain(), months()].into_iter().flatten().collect()
}

fn signs() -> Vec<Case> {
    fn sent_back(shop: &mut Shop, cents: i64) {
        for (number, line) in shop.month("2025-11").iter_mut().enumerate().filter(|(number, _)| number % 10 == 0) {
            (line.quantity, line.cents) = (Some(-1), cents + cents.signum() * number as i64);
        }
    }
    vec![
        ("a_quiet_export", |_| {}, published()),
        ("returns_with_negative_quantity_and_money", |shop| sent_back(shop, -500), published()),
        (
            "returns_with_positive_money_are_taken_off_by_the_starter",
            |shop| sent_back(shop, 500),
            Expected { exit: 0, says: &[], net: Some(net_of(|shop| sent_back(shop, -500))) },
        ),
        (
            "returns_with_positive_money_of_another_staging",
            |shop| {
                sent_back(shop, 5_000);
                shop.edit(STAGING, "then -abs(net_amount) else net_amount end", "then net_amount else net_amount end");
            },
            refused(31, &["stg_order_lines.sql", "of kind return", "positive money", "like order o", "return_signs"]),
        ),
        (
            "a_voucher_is_a_sale_below_zero",
            |shop| {
                shop.edit(
                    STAGING,
                    "case when quantity < 0 or net_amount < 0 then 'return' else 'sale' end as kind",
                    "'sale' as kind",
                );
                shop.month("2025-11")[7].cents = -300;
            },
            warned(&["fewer than 10 rows of kind sale have negative money"]),
        ),
        (
            "a_tenth_of_sales_is_below_zero",
            |shop| {
                shop.edit(
                    STAGING,
                    "case when quantity < 0 or net_amount < 0 then 'return' else 'sale' end as kind",
                    "'sale' as kind",
                );
                shop.every(10, |line| line.cents = -line.cents);
            },
            refused(31, &["of kind sale have negative money", "sale_signs"]),
        ),
        ("no_quantity_is_no_return", |shop| shop.every(3, |line| line.quantity = None), published()),
    ]
}

fn net_of(damage: impl Fn(&mut Shop)) -> i64 {
    let mut shop = Shop::regular();
    damage(&mut shop);
    shop.net()
}

fn repeats() -> Vec<Case> {
    vec![
        (
            "an_object_is_there_twice",
            |shop| {
                let copy = shop.month("2025-11").clone();
                shop.objects.push(("2025-11 (copy).parquet".to_owned(), copy));
            },
            refused(20, &["2025-11.parquet", "2025-11 (copy).parquet", "net_amount", "repeated_between"]),
        ),
        (
            "a_copy_of_an_old_object",
            |shop| {
                let copy = shop.month("2024-03").clone();
                shop.objects.insert(0, ("2024-03-final.parquet".to_owned(), copy));
            },
            refused(20, &["2024-03", "repeated_between"]),
        ),
        (
            "one_row_is_in_two_objects",
            |shop| {
                let line = shop.month("2025-11")[0].clone();
                shop.month("2025-10").push(line);
            },
            warned(&["fewer than 10 of", "are in 2025-1"]),
        ),
        (
            "copies_are_read_once_by_distinct",
            |shop| {
                let copy = shop.month("2025-11").clone();
                shop.objects.push(("2025-11 (copy).parquet".to_owned(), copy));
                shop.edit(SOURCES, "time_column =", "distinct = true\ntime_column =");
            },
            Expected { exit: 0, says: &[], net: Some(net_of(|_| {})) },
        ),
        (
            "rows_are_appended_again",
            |shop| {
                let lines = shop.one_object();
                let again = lines[500..700].to_vec();
                lines.extend(again);
            },
            refused(20, &["200 of", "all.parquet are there twice", "repeated_within"]),
        ),
        (
            "every_row_is_there_twice",
            |shop| {
                let lines = shop.one_object();
                *lines = lines.iter().flat_map(|line| [line.clone(), line.clone()]).collect();
            },
            refused(20, &["are there twice", "repeated_within"]),
        ),
        (
            "an_accepted_copy_is_warned_of",
            |shop| {
                let lines = shop.one_object();
                *lines = lines.iter().flat_map(|line| [line.clone(), line.clone()]).collect();
                shop.set("exports.accept=[\"repeated_within\"]");
            },
            warned(&["are there twice", "(accepted by the job)"]),
        ),
        (
            "orders_with_equal_lines_are_usual",
            |shop| {
                for (_, lines) in &mut shop.objects {
                    *lines = lines
                        .iter()
                        .enumerate()
                        .flat_map(|(number, line)| vec![line.clone(); 1 + number % 2])
                        .collect();
                }
            },
            published(),
        ),
    ]
}

fn values() -> Vec<Case> {
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
            refused(31, &["stg_order_lines.sql: order_id is blank in"]),
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
            refused(31, &["stg_order_lines.sql", "`kind` has `gift`"]),
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
                let is_foreign = |line: &mut super::Line| line.currency = "USD";
                shop.every(5, is_foreign);
                shop.edit(SOURCES, "quantity =", "currency = \"utf8\"\nquantity =");
                shop.edit(STAGING, "from source.order_lines", "from source.order_lines\nwhere currency = 'EUR'");
            },
            Expected { exit: 0, says: &[], net: Some(net_of(|shop| shop.every(5, |line| line.cents = 0))) },
        ),
    ]
}

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

fn grain() -> Vec<Case> {
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

fn months() -> Vec<Case> {
    vec![
        (
            "the_last_month_has_lost_its_rows",
            |shop| shop.month("2025-12").truncate(60),
            refused(33, &["2025-12 has 60 order lines", "are usual", "--accept"]),
        ),
        (
            "a_fall_that_somebody_accepts",
            |shop| {
                shop.month("2025-12").truncate(60);
                shop.arguments.extend(["--accept".to_owned(), "the till was closed".to_owned()]);
            },
            warned(&["2025-12 has 60 order lines", "Accepted by hand: the till was closed"]),
        ),
        (
            "a_fall_that_the_job_allows",
            |shop| {
                shop.month("2025-12").truncate(60);
                shop.set("limits.rows_fall=0.95");
            },
            published(),
        ),
        (
            "the_last_month_has_no_rows",
            |shop| shop.month("2025-12").clear(),
            refused(33, &["2025-12.parquet has no rows"]),
        ),
        ("no_object_has_rows", |shop| shop.one_object().clear(), refused(33, &["source `order_lines` has no rows"])),
        (
            "a_month_of_the_quarter_is_missing",
            |shop| shop.objects.retain(|(name, _)| name != "2025-11.parquet"),
            refused(33, &["2025-11 has 0 order lines"]),
        ),
        (
            "a_quarter_in_the_middle_is_missing",
            |shop| shop.objects.retain(|(name, _)| !["2025-04", "2025-05", "2025-06"].contains(&&name[..7])),
            refused(33, &["no order line is dated 2025-04 to 2025-06", "empty_months"]),
        ),
        (
            "a_missing_quarter_that_the_job_accepts",
            |shop| {
                shop.objects.retain(|(name, _)| !["2025-04", "2025-05", "2025-06"].contains(&&name[..7]));
                shop.set("exports.accept=[\"empty_months\"]");
            },
            warned(&["No order line is dated 2025-04 to 2025-06"]),
        ),
        (
            "an_old_month_is_missing",
            |shop| shop.objects.retain(|(name, _)| name != "2024-05.parquet"),
            warned(&["No order line is dated 2024-05"]),
        ),
        (
            "an_export_that_ends_in_november",
            |shop| {
                let lines = shop.one_object();
                lines.retain(|line| line.at.is_some_and(|at| at < (super::FIRST_DAY + 685) * super::DAY));
            },
            Expected { exit: 0, says: &[], net: None },
        ),
        (
            "money_in_cents_from_december_on",
            |shop| shop.month("2025-12").iter_mut().for_each(|line| line.cents *= 100),
            warned(&["A line of 2025-12 is of", "another unit"]),
        ),
        (
            "money_in_thousands_from_november_on",
            |shop| shop.month("2025-11").iter_mut().for_each(|line| line.cents /= 1_000),
            refused(33, &["2025-11 has", "of money sold"]),
        ),
        (
            "the_signs_of_a_month_are_turned",
            |shop| shop.month("2025-11").iter_mut().for_each(|line| line.cents = -line.cents),
            refused(33, &["2025-11 has 0.00 of money sold"]),
        ),
        (
            "the_signs_of_a_quarter_of_a_month_are_turned",
            |shop| shop.month("2025-11").iter_mut().step_by(4).for_each(|line| line.cents = -line.cents),
            warned(&["was sent back", "is the sign of sales right?"]),
        ),
        (
            "a_name_that_accepts_nothing",
            |shop| shop.set("exports.accept=[\"return_sign\"]"),
            refused(10, &["exports.accept names `return_sign`", "return_signs"]),
        ),
    ]
}

/// Runs of the next quarter, compared with what the last one read.
pub(super) fn next() -> Vec<Case> {
    vec![
        ("nothing_changed", |_| {}, published()),
        (
            "an_object_is_smaller",
            |shop| shop.month("2024-08").truncate(50),
            refused(33, &["when Q3 2025 was published", "2024-08.parquet has 50 rows"]),
        ),
        (
            "an_object_is_gone",
            |shop| shop.objects.retain(|(name, _)| name != "2024-01.parquet"),
            refused(33, &["2024-01.parquet is not there any more"]),
        ),
        (
            "two_objects_became_one",
            |shop| {
                let november = std::mem::take(shop.month("2024-11"));
                shop.objects.retain(|(_, lines)| !lines.is_empty());
                shop.month("2024-12").splice(0..0, november);
            },
            published(),
        ),
        (
            "some_old_orders_are_gone",
            |shop| {
                shop.month("2024-08").truncate(250);
            },
            warned(&["Rows that are gone change the past"]),
        ),
    ]
}
