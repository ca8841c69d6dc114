//! Lines that are lost or multiplied between the export and the staged order lines, ids of two spellings, returns that nobody reads.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Decimal128Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::DataType;

use super::{Case, Expected, SOURCES, STAGING, net_of, published, refused, warned};
use crate::odd_money::{DAY, FIRST_DAY, Line, Shop};

fn texts(values: impl Iterator<Item = String>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

/// One more source of the shop, and what the staging reads in the place of the order lines.
fn with_source(
    shop: &mut Shop,
    name: &'static str,
    columns: Vec<(&'static str, ArrayRef)>,
    declared: &str,
    from: &str,
) {
    shop.more.push((name, columns));
    let folder = name.split('/').next().unwrap_or_default();
    let source = format!("\n[{folder}]\npath = \"market={{market}}/{folder}/\"\n\n[{folder}.columns]\n{declared}");
    shop.edit(SOURCES, "net_amount = \"decimal(18,2)\"\n", &format!("net_amount = \"decimal(18,2)\"\n{source}"));
    if !from.is_empty() {
        shop.edit(STAGING, "    order_id,\n    customer_id,", "    lines.order_id,\n    lines.customer_id,");
        shop.edit(STAGING, "from source.order_lines", from);
    }
}

/// Customers by a spelling of their number, joined with a word.
fn with_people(shop: &mut Shop, spelled: fn(usize) -> String, join: &str, people: usize) {
    let from = format!(
        "from source.order_lines as lines\n{join} source.people as people\n    on lines.customer_id = people.customer_id"
    );
    let ids = vec![("customer_id", texts((0..people).map(spelled)))];
    with_source(shop, "people/part-0.parquet", ids, "customer_id = \"utf8\"\n", &from);
}

const ATTRIBUTES: &str = "/*---\nabout = \"People.\"\ngrain = [\"customer_id\", \"attribute\"]\n---*/\nselect\n    customer_id,\n    'kind' as attribute,\n    'person' as value\nfrom source.people\n";

/// Every line again, in one branch of a union or in both.
fn union_of(shop: &mut Shop, first: &str, kind: &str, second: &str) {
    shop.edit(
        STAGING,
        "from source.order_lines",
        &format!(
            "from (select * from source.order_lines {first}\n{kind}\nselect * from source.order_lines {second}) as lines"
        ),
    );
}

pub(super) fn steps() -> Vec<Case> {
    [lost(), multiplied(), heads(), spellings(), returns(), markets(), numbers()].into_iter().flatten().collect()
}

fn lost() -> Vec<Case> {
    vec![
        (
            "an_inner_join_loses_lines",
            |shop| with_people(shop, |number| format!("c{number}"), "inner join", 450),
            Expected {
                exit: 0,
                says: &["stg_order_lines.sql: a join by customer_id finds nothing for", "%) with", "of net_amount"],
                net: Some(net_of(|shop| {
                    let is_there = |line: &Line| number_of(line) < 450;
                    shop.every(1, |line| line.cents *= i64::from(is_there(line)));
                })),
            },
        ),
        (
            "a_semi_join_loses_lines",
            |shop| with_people(shop, |number| format!("c{number}"), "left semi join", 490),
            Expected {
                exit: 0,
                says: &["finds nothing for", "and leaves them out"],
                net: Some(net_of(|shop| {
                    shop.every(1, |line| line.cents *= i64::from(number_of(line) < 490));
                })),
            },
        ),
        (
            "lost_lines_that_the_job_accepts",
            |shop| {
                with_people(shop, |number| format!("c{number}"), "inner join", 450);
                shop.set("exports.accept=[\"dropped_lines\"]");
            },
            Expected {
                exit: 0,
                says: &[],
                net: Some(net_of(|shop| {
                    shop.every(1, |line| line.cents *= i64::from(number_of(line) < 450));
                })),
            },
        ),
        (
            "a_condition_that_is_plain",
            |shop| shop.edit(STAGING, "from source.order_lines", "from source.order_lines\nwhere customer_id <> 'c7'"),
            Expected {
                exit: 0,
                says: &[],
                net: Some(net_of(|shop| shop.every(1, |line| line.cents *= i64::from(number_of(line) != 7)))),
            },
        ),
        (
            "a_condition_is_unknown_of_nulls",
            |shop| {
                shop.every(9, |line| line.quantity = None);
                shop.edit(STAGING, "from source.order_lines", "from source.order_lines\nwhere quantity <> 99");
            },
            Expected {
                exit: 0,
                says: &["a condition on quantity is neither true nor false", "because of nulls"],
                net: Some(net_of(|shop| shop.every(9, |line| line.cents = 0))),
            },
        ),
        (
            "distinct_takes_two_lines_for_one",
            |shop| {
                double_neighbours(shop);
                shop.edit(STAGING, "select\n    order_id,", "select distinct\n    order_id,");
            },
            Expected { exit: 0, says: &["distinct leaves", "two equal lines of one order"], net: Some(net_of(|_| {})) },
        ),
        (
            "a_source_that_is_read_distinct_loses_equal_lines",
            |shop| {
                double_neighbours(shop);
                shop.edit(SOURCES, "time_column =", "distinct = true\ntime_column =");
            },
            Expected {
                exit: 0,
                says: &["ource `order_lines`: distinct leaves", "beside their equal in one object"],
                net: Some(net_of(|_| {})),
            },
        ),
        (
            "a_limit",
            |shop| {
                shop.edit(
                    STAGING,
                    "from source.order_lines",
                    "from (select * from source.order_lines order by ordered_at desc limit 8000) as lines",
                )
            },
            warned(&["a limit leaves"]),
        ),
    ]
}

/// Every tenth line is there twice, beside itself.
fn double_neighbours(shop: &mut Shop) {
    for (_, lines) in &mut shop.objects {
        let doubled = lines.iter().enumerate().flat_map(|(at, line)| vec![line.clone(); 1 + usize::from(at % 10 == 0)]);
        *lines = doubled.collect();
    }
}

fn number_of(line: &Line) -> usize {
    line.customer.as_ref().and_then(|id| id[1..].parse().ok()).unwrap_or_default()
}

fn multiplied() -> Vec<Case> {
    vec![
        (
            "a_cross_join",
            |shop| {
                let names = vec![("name", texts(["web", "shop"].map(str::to_owned).into_iter()))];
                let from = "from source.order_lines as lines\ncross join source.channels as channels";
                with_source(shop, "channels/part-0.parquet", names, "name = \"utf8\"\n", from);
            },
            refused(31, &["stg_order_lines.sql: a join makes", "it looks each up in 2 rows", "multiplied_lines"]),
        ),
        (
            "a_cross_join_with_one_row",
            |shop| {
                let names = vec![("name", texts(["web"].map(str::to_owned).into_iter()))];
                let from = "from source.order_lines as lines\ncross join source.channels as channels";
                with_source(shop, "channels/part-0.parquet", names, "name = \"utf8\"\n", from);
            },
            published(),
        ),
        (
            "a_join_by_a_range",
            |shop| {
                let most = vec![("most", Arc::new(Int64Array::from(vec![5, 10])) as ArrayRef)];
                let from = "from source.order_lines as lines\nleft join source.bands as bands\n    on lines.quantity <= bands.most";
                with_source(shop, "bands/part-0.parquet", most, "most = \"int64\"\n", from);
            },
            refused(31, &["stg_order_lines.sql: a join makes", "it looks each up in 2 rows"]),
        ),
        (
            "a_union_of_a_source_with_itself",
            |shop| union_of(shop, "", "union all", ""),
            refused(
                31,
                &["a union makes two lines of one", "source.order_lines, which it reads twice", "multiplied_lines"],
            ),
        ),
        (
            "a_union_whose_branches_overlap",
            |shop| {
                union_of(
                    shop,
                    "where ordered_at < timestamp '2025-10-15'",
                    "union all",
                    "where ordered_at >= timestamp '2025-10-01'",
                )
            },
            Expected {
                exit: 0,
                says: &["a union makes two lines of one"],
                net: Some(net_of(|shop| {
                    // The first fortnight of October 2025.
                    let is_twice = |line: &Line| (639..653).contains(&(line.at.unwrap_or_default() / DAY - FIRST_DAY));
                    shop.every(1, |line| line.cents *= 1 + i64::from(is_twice(line)));
                })),
            },
        ),
        (
            "a_union_whose_branches_do_not",
            |shop| union_of(shop, "where quantity < 1", "union all", "where quantity >= 1"),
            published(),
        ),
        ("a_union_that_takes_each_line_once", |shop| union_of(shop, "", "union", ""), published()),
    ]
}

/// Orders with their times, and lines with their money: the most usual shape of a shop's export.
fn with_heads(shop: &mut Shop, without: usize) {
    let lines: Vec<Line> = shop.objects.iter().flat_map(|(_, lines)| lines.clone()).collect();
    let twice = |line: &Line| [line.clone(), line.clone()];
    let money = lines.iter().flat_map(twice).map(|line| Some(i128::from(line.cents)));
    let money = Decimal128Array::from_iter(money).with_data_type(DataType::Decimal128(18, 2));
    let ids = lines.iter().flat_map(twice).map(|line| line.order.unwrap_or_default());
    let positions: Vec<ArrayRef> = vec![
        texts(ids),
        Arc::new(money),
        Arc::new(Int64Array::from_iter_values((0..2 * lines.len()).map(|at| at as i64))),
    ];
    let columns = ["order_id", "money", "position"].into_iter().zip(positions).collect();
    shop.objects.iter_mut().for_each(|(_, lines)| {
        let mut at = 0;
        lines.retain(|_| {
            at += 1;
            without == 0 || at % without != 0
        });
    });
    let from = "from source.order_lines as lines\ninner join source.positions as positions\n    on lines.order_id = positions.order_id";
    with_source(
        shop,
        "positions/part-0.parquet",
        columns,
        "order_id = \"utf8\"\nmoney = \"decimal(18,2)\"\nposition = \"int64\"\n",
        from,
    );
    shop.edit(
        STAGING,
        "case when quantity < 0 or net_amount < 0 then -abs(net_amount) else net_amount end",
        "positions.money",
    );
}

fn heads() -> Vec<Case> {
    vec![
        (
            "lines_are_looked_up_in_their_orders",
            |shop| with_heads(shop, 0),
            Expected { exit: 0, says: &[], net: Some(2 * net_of(|_| {})) },
        ),
        (
            "lines_without_an_order_are_lost",
            |shop| with_heads(shop, 50),
            Expected {
                exit: 0,
                says: &["a join by order_id finds nothing for", "of money"],
                net: Some(2 * net_of(|shop| with_heads(shop, 50))),
            },
        ),
    ]
}

fn spellings() -> Vec<Case> {
    fn numbers(shop: &mut Shop) {
        shop.every(1, |line| line.customer = Some((number_of(line) + 1).to_string()));
    }
    fn padded(number: usize) -> String {
        format!("{:06}", number + 1)
    }
    vec![
        (
            "ids_with_zeros_in_one_source_alone",
            |shop| {
                numbers(shop);
                with_people(shop, padded, "", 0);
                shop.edits.retain(|(file, ..)| *file == SOURCES);
                shop.more.clear();
                shop.more.push(("people/part-0.parquet", vec![("customer_id", texts((0..500).map(padded)))]));
                shop.edit("sql/staging/shop/stg_customer_attributes.sql", "", ATTRIBUTES);
            },
            warned(&["stg_customer_attributes.sql", "in another spelling, with or without zeros before the number"]),
        ),
        (
            "ids_with_zeros_in_a_left_join",
            |shop| {
                numbers(shop);
                with_people(shop, padded, "left join", 500);
            },
            warned(&["the join by customer_id finds 0 of", "in another spelling"]),
        ),
        (
            "ids_with_zeros_in_one_month_alone",
            |shop| {
                numbers(shop);
                for line in shop.month("2025-11").iter_mut() {
                    line.customer = line.customer.as_ref().map(|id| format!("00{id}"));
                }
            },
            warned(&["are there with zeros before their number and without"]),
        ),
        ("ids_of_one_spelling", |shop| with_people(shop, |number| format!("c{number}"), "left join", 500), published()),
    ]
}

/// The shop's lines with one more column that the staging does not read.
fn with_column(shop: &mut Shop, column: fn(usize) -> String) {
    let lines = shop.one_object().clone();
    shop.objects.clear();
    let money = Decimal128Array::from_iter(lines.iter().map(|line| Some(i128::from(line.cents))));
    let columns: Vec<(&'static str, ArrayRef)> = vec![
        ("order_id", texts(lines.iter().map(|line| line.order.clone().unwrap_or_default()))),
        ("customer_id", texts(lines.iter().map(|line| line.customer.clone().unwrap_or_default()))),
        ("ordered_at", Arc::new(TimestampMicrosecondArray::from_iter(lines.iter().map(|line| line.at)))),
        ("quantity", Arc::new(Int64Array::from_iter(lines.iter().map(|line| line.quantity)))),
        ("net_amount", Arc::new(money.with_data_type(DataType::Decimal128(18, 2)))),
        ("document_type", texts((0..lines.len()).map(column))),
        ("returned", Arc::new(BooleanArray::from_iter((0..lines.len()).map(|at| Some(column(at) == "yes"))))),
    ];
    shop.more.push(("order_lines/part-0.parquet", columns));
}

fn returns() -> Vec<Case> {
    fn all(expected: &'static [&'static str]) -> Expected {
        Expected { exit: 0, says: expected, net: Some(net_of(|_| {})) }
    }
    vec![
        (
            "a_flag_of_returns_that_nobody_reads",
            |shop| with_column(shop, |at| if at % 20 == 0 { "yes" } else { "no" }.to_owned()),
            all(&["column `returned` is filled in", "what came back may count as sold"]),
        ),
        (
            "a_kind_of_row_that_nobody_reads",
            |shop| with_column(shop, |at| if at % 20 == 0 { "Credit memo" } else { "Invoice" }.to_owned()),
            all(&["column `document_type` is `Credit memo` in"]),
        ),
        ("a_flag_that_is_never_set", |shop| with_column(shop, |_| "Invoice".to_owned()), all(&[])),
        (
            "quantities_below_zero_that_are_staged_as_sales",
            |shop| {
                shop.every(20, |line| line.quantity = Some(-1));
                shop.edit(
                    STAGING,
                    "case when quantity < 0 or net_amount < 0 then 'return' else 'sale' end as kind",
                    "'sale' as kind",
                );
                shop.edit(
                    STAGING,
                    "case when quantity < 0 or net_amount < 0 then -abs(net_amount) else net_amount end",
                    "net_amount",
                );
            },
            all(&["column `quantity` is below zero in", "no line of", "is a return"]),
        ),
    ]
}

/// Every so many lines of the shop in the folder of another market, whose own lines are others.
fn with_neighbour(shop: &mut Shop, step: usize) {
    let all: Vec<Line> = shop.objects.iter().flat_map(|(_, lines)| lines.clone()).collect();
    let own = |(at, line): (usize, &Line)| match at % step {
        0 => line.clone(),
        _ => Line { order: Some(format!("at{at}")), customer: Some(format!("at{}", number_of(line))), ..line.clone() },
    };
    let lines: Vec<Line> = all.iter().enumerate().map(own).collect();
    let money = Decimal128Array::from_iter(lines.iter().map(|line| Some(i128::from(line.cents))));
    let columns: Vec<(&'static str, ArrayRef)> = vec![
        ("order_id", texts(lines.iter().map(|line| line.order.clone().unwrap_or_default()))),
        ("customer_id", texts(lines.iter().map(|line| line.customer.clone().unwrap_or_default()))),
        ("ordered_at", Arc::new(TimestampMicrosecondArray::from_iter(lines.iter().map(|line| line.at)))),
        ("quantity", Arc::new(Int64Array::from_iter(lines.iter().map(|line| line.quantity)))),
        ("net_amount", Arc::new(money.with_data_type(DataType::Decimal128(18, 2)))),
    ];
    shop.more.push(("../market=at/order_lines/part-0.parquet", columns));
}

fn markets() -> Vec<Case> {
    vec![
        (
            "one_market_in_the_folder_of_another",
            |shop| with_neighbour(shop, 1),
            refused(20, &["markets `at` and `de` have", "in common, with the same order", "two_markets"]),
        ),
        (
            "some_lines_are_in_two_markets",
            |shop| with_neighbour(shop, 10),
            warned(&["arkets `at` and `de` have", "each market counts them"]),
        ),
        (
            "two_markets_that_the_job_declares_and_accepts",
            |shop| {
                with_neighbour(shop, 1);
                shop.set("exports.complete_from=2024-01-01");
                shop.set("exports.complete_until=2025-12-31");
                shop.set("exports.accept=[\"two_markets\"]");
            },
            warned(&["arkets `at` and `de` have", "(accepted by the job)"]),
        ),
        ("two_markets_of_their_own", |shop| with_neighbour(shop, 100_000), published()),
    ]
}

/// Numbers that the staging cannot compute with, or in a type that loses what is behind the point.
fn numbers() -> Vec<Case> {
    const MONEY: &str = "cast(case when quantity < 0 or net_amount < 0 then -abs(net_amount) else net_amount end as decimal(18, 4)) as amount";
    fn cents(shop: &mut Shop, written: &str) {
        shop.edit(SOURCES, "quantity = \"int64\"", "quantity = \"int64\"\ncents = \"int64?\"");
        shop.edit(STAGING, MONEY, written);
    }
    vec![
        (
            "cents_divided_as_whole_numbers",
            |shop| cents(shop, "cast(cents / 100 as decimal(18, 4)) as amount"),
            refused(
                13,
                &[
                    "stg_order_lines.sql",
                    "`amount` is made by dividing whole numbers, `cents / 100`",
                    "cast(cents as decimal(18, 4)) / …",
                ],
            ),
        ),
        (
            "cents_divided_in_a_query_below",
            |shop| {
                cents(shop, "cast(euros as decimal(18, 4)) as amount");
                shop.edit(STAGING, "from source.order_lines", "from (select *, case when cents is null then 0 else cents / 100 end as euros from source.order_lines) as lines");
            },
            refused(13, &["dividing whole numbers"]),
        ),
        (
            "whole_numbers_divided_in_a_condition",
            |shop| {
                shop.edit(
                    STAGING,
                    "case when quantity < 0 or net_amount < 0 then -abs",
                    "case when quantity / 2 < 0 or net_amount < 0 then -abs",
                )
            },
            published(),
        ),
        (
            "a_division_by_zero",
            |shop| {
                shop.every(50, |line| line.quantity = Some(0));
                shop.edit(STAGING, MONEY, "cast(net_amount / quantity as decimal(18, 4)) as amount");
            },
            refused(31, &["stg_order_lines.sql", "nullif(…, 0)"]),
        ),
        (
            "money_of_another_type",
            |shop| shop.edit(STAGING, MONEY, "net_amount as amount"),
            refused(
                31,
                &[
                    "declares `amount` as decimal(18,4), the select gives decimal(18,2); write cast(… as decimal(18, 4)) as amount",
                ],
            ),
        ),
        (
            "money_of_text",
            |shop| {
                shop.edit(SOURCES, "quantity = \"int64\"", "quantity = \"int64\"\nnote = \"utf8?\"");
                shop.edit(STAGING, MONEY, "cast(net_amount - (note = 'x') as decimal(18, 4)) as amount");
            },
            refused(13, &["stg_order_lines.sql: model does not plan: its types do not fit; write cast(…"]),
        ),
    ]
}
