//! Months and objects that have fewer rows, and money of another unit.

use super::{Case, Expected, published, refused, warned};
use crate::odd_money::{DAY, FIRST_DAY};

pub(super) fn months() -> Vec<Case> {
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
        (
            "no_object_has_rows",
            |shop| shop.one_object().clear(),
            refused(22, &["no sale in its exports, which have 0 rows"]),
        ),
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
                lines.retain(|line| line.at.is_some_and(|at| at < (FIRST_DAY + 685) * DAY));
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
            "a_first_quarter_with_a_month_that_is_closed_every_year",
            |shop| {
                shop.objects.retain(|(name, _)| !["2024-08.parquet", "2025-08.parquet"].contains(&name.as_str()));
                shop.period = "2024Q3";
            },
            published(),
        ),
        (
            "a_first_quarter_with_a_month_of_hardly_any_line_every_year",
            |shop| {
                shop.month("2024-08").truncate(12);
                shop.month("2025-08").truncate(9);
                shop.period = "2024Q3";
            },
            published(),
        ),
        (
            "a_first_quarter_with_a_month_that_is_missing_once",
            |shop| {
                shop.objects.retain(|(name, _)| name != "2024-08.parquet");
                shop.period = "2024Q3";
            },
            refused(33, &["2024-08"]),
        ),
        (
            "a_quarter_of_returns_alone",
            |shop| {
                let months = shop.objects.iter_mut().filter(|(name, _)| name.as_str() >= "2025-10");
                months.flat_map(|(_, lines)| lines).for_each(|line| line.quantity = Some(-1));
            },
            refused(12, &["their last sale is of 2025-09-", "rows that are no sale go on to 2025-12-"]),
        ),
        (
            "a_name_that_accepts_nothing",
            |shop| shop.set("exports.accept=[\"return_sign\"]"),
            refused(10, &["exports.accept names `return_sign`", "return_signs"]),
        ),
    ]
}

/// Runs of the next quarter, compared with what the last one read.
pub(crate) fn next() -> Vec<Case> {
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
