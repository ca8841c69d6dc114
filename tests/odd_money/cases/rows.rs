//! Signs of money, and rows that are there twice.

use super::{Case, Expected, SOURCES, STAGING, net_of, published, refused, warned};
use crate::odd_money::Shop;

pub(super) fn signs() -> Vec<Case> {
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

pub(super) fn repeats() -> Vec<Case> {
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
