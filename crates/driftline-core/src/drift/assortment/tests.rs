#![expect(clippy::unwrap_used, reason = "tests")]

use chrono::NaiveDate;

use super::*;
use crate::basics::locale::{Locale, Words};

const MIN_CELL: u64 = 10;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// An item of 100 customers a period in which it is sold, and of as many as come back.
fn item(name: &str, since: &str, sold: [i64; 2], returned: [i64; 2]) -> ItemSales {
    let side = |amount: [i64; 2]| BothPeriods {
        customers: amount.map(|amount| if amount > 0 { 100 } else { 0 }),
        amount: amount.map(|amount| Minor(100 * amount)),
        largest: amount.map(|amount| Minor(10 * amount)),
    };
    ItemSales {
        level: Level::Category,
        item: name.to_owned(),
        first_sold_on: Some(day(since)),
        sold: side(sold),
        returned: side(returned),
    }
}

fn found(items: &[ItemSales]) -> Assortment {
    let sum =
        |of: fn(&ItemSales) -> &BothPeriods, period: usize| items.iter().map(|item| of(item).amount[period]).sum();
    let market = MarketSales {
        sold: [sum(|item| &item.sold, 0), sum(|item| &item.sold, 1)],
        returned: [sum(|item| &item.returned, 0), sum(|item| &item.returned, 1)],
    };
    compare(items, market, day("2025-10-01"), MIN_CELL)
}

fn said(items: &[ItemSales]) -> Vec<String> {
    let words = Words { locale: Locale::En, currency: "EUR".parse().unwrap() };
    let told = found(items).told(&words, "quarter", None);
    [told.news, told.why].concat()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn what_changed_is_told_by_its_name() {
    let old = "2020-01-01";
    let cases: [(&str, Vec<ItemSales>, &[&str]); 10] = [
        ("nothing moved", vec![item("bread", old, [500, 505], [0, 0]), item("fish", old, [500, 500], [0, 0])], &[]),
        (
            "a new line",
            vec![item("bread", old, [500, 500], [0, 0]), item("helmets", "2025-11-02", [0, 500], [0, 0])],
            &["New this quarter: helmets (€500, 50.0 % of sales, 100 customers)."],
        ),
        (
            "a line that came back after a season",
            vec![item("bread", old, [1000, 1000], [0, 0]), item("toys", "2024-11-02", [0, 18], [0, 0])],
            &[],
        ),
        (
            "a dropped line",
            vec![
                item("bread", old, [500, 500], [0, 0]),
                item("fish", old, [400, 400], [0, 0]),
                item("tubes", old, [100, 0], [0, 0]),
            ],
            &["Not sold any more: tubes (€100 last quarter, 10.0 % of sales)."],
        ),
        (
            "a line that moved the sales",
            vec![item("bread", old, [500, 800], [0, 0]), item("fish", old, [500, 520], [0, 0])],
            &["Sales before returns rose by €320: bread +€300 (94 % of it)."],
        ),
        (
            "lines that gave way to a new one",
            vec![
                item("bread", old, [600, 400], [0, 0]),
                item("fish", old, [300, 180], [0, 0]),
                item("rice", old, [200, 205], [0, 0]),
                item("tea", "2025-11-02", [0, 250], [0, 0]),
            ],
            &[
                "New this quarter: tea (€250, 24.2 % of sales, 100 customers).",
                "Sales before returns fell by €65.00: bread −€200 and fish −€120, against tea +€250.",
            ],
        ),
        (
            "everything rose alike",
            vec![item("bread", old, [500, 600], [0, 0]), item("fish", old, [300, 360], [0, 0])],
            &[],
        ),
        (
            "everything was renamed",
            vec![
                item("bread", old, [500, 0], [0, 0]),
                item("fish", old, [500, 0], [0, 0]),
                item("BREAD", "2025-10-01", [0, 500], [0, 0]),
                item("FISH", "2025-10-01", [0, 500], [0, 0]),
            ],
            &["Nearly all that is sold has another name than last quarter, so nothing is told as new or dropped."],
        ),
        (
            "returns doubled",
            vec![item("bread", old, [500, 500], [10, 10]), item("boots", old, [500, 500], [20, 60])],
            &["Returns rose from 3.0 % to 7.0 % of sales. Of the rise: boots 100 %."],
        ),
        (
            "returns as ever",
            vec![item("bread", old, [500, 500], [10, 11]), item("boots", old, [500, 500], [20, 21])],
            &[],
        ),
    ];
    for (what, items, expected) in cases {
        assert_eq!(said(&items), expected, "{what}");
    }
}

#[test]
fn a_handful_of_customers_is_not_named_and_not_left_over() {
    let old = "2020-01-01";
    let of = |customers: u64, mut item: ItemSales| {
        item.sold.customers = item.sold.customers.map(|all| all.min(customers));
        item
    };
    let few = of(MIN_CELL - 1, item("caviar", "2025-11-02", [0, 500], [0, 0]));
    assert_eq!(said(&[item("bread", old, [500, 500], [0, 0]), few.clone()]), [""; 0], "too few buyers");
    // Bread would be told, and what is left of the sales is caviar's.
    assert_eq!(said(&[item("bread", old, [500, 900], [0, 0]), few.clone()]), [""; 0], "left over");
    let few_more = ItemSales { first_sold_on: Some(day(old)), ..few };
    let both = [item("bread", old, [200, 600], [0, 0]), item("fish", old, [800, 800], [0, 0]), few_more];
    assert_eq!(said(&both), ["Sales before returns rose by €900: bread +€400 (44 % of it)."], "in company");
    let tubes = item("tubes", old, [100, 0], [0, 0]);
    let three = [item("bread", old, [500, 900], [0, 0]), tubes, of(3, item("caviar", old, [10, 10], [0, 0]))];
    let one = ["Not sold any more: tubes (€100 last quarter, 16.4 % of sales)."];
    assert_eq!(said(&three), one, "each in company, together not");
    let mut rich = item("yachts", "2025-11-02", [0, 500], [0, 0]);
    rich.sold.largest[1] = Minor(44_000);
    assert_eq!(said(&[item("bread", old, [500, 500], [0, 0]), rich]), [""; 0], "mostly one customer's");
}

#[test]
fn items_that_look_alike_where_they_are_cut_are_two() {
    let old = "2020-01-01";
    let long = |end: &str| format!("a name that is longer than what stands in one line of a mail, {end}");
    let mut few = item(&long("of a handful"), old, [10, 10], [0, 0]);
    few.sold.customers = [3, 3];
    let new = item(&long("new"), "2025-11-02", [0, 100], [0, 0]);
    let all = [item("bread", old, [500, 900], [0, 0]), item("fish", old, [400, 200], [0, 0]), new, few];
    // With fish named too, the handful would be all that is left.
    assert_eq!(found(&all).against, [], "{:?}", said(&all));
    assert_eq!(found(&all[..3]).against.len(), 1, "without the handful there is nothing to hide");
}

#[test]
fn few_returns_that_double_are_chance() {
    let old = "2020-01-01";
    let of = |returners: [u64; 2], mut item: ItemSales| {
        item.returned.customers = returners;
        item
    };
    let boots = |returners| of(returners, item("boots", old, [500, 500], [20, 40]));
    let bread = item("bread", old, [500, 500], [0, 0]);
    assert!(found(&[bread.clone(), boots([5, 10])]).returns.is_none());
    assert!(found(&[bread.clone(), boots([200, 400])]).returns.is_some());
    assert!(found(&[bread, boots([MIN_CELL - 1, 400])]).returns.is_none(), "last period's are a handful's");
}
