//! Claims, rules and thresholds in words.

use super::*;

/// The name that rules' conditions would make, in the order of the columns.
fn label_of(rule: &str, says_how_often: bool) -> String {
    let rule: Rule = rule.parse().unwrap_or_else(|error| unreachable!("{error}"));
    let columns: Vec<HabitColumn> = rule.conditions().iter().map(|found| column(found.operand.clone())).collect();
    let conditions = columns.iter().zip(rule.conditions());
    let parts: Vec<words::ClaimPart<'_>> = conditions
        .map(|(column, condition)| words::ClaimPart { column, condition: condition.clone(), says_how_often })
        .collect();
    label(&parts, &words("USD"))
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn claims_make_names_that_can_be_the_subject_of_a_sentence() {
    for (rule, says_how_often, expected) in [
        ("purchases_a_month >= 4.3482", true, "Weekly buyers"),
        ("purchases_a_month >= 3.8047", true, "Weekly buyers"),
        ("purchases_a_month >= 3.0438", true, "Buyers at least every 10 days"),
        ("purchases_a_month >= 1.4494", true, "Buyers at least every 21 days"),
        ("purchases_a_month >= 0.6764", true, "Buyers at least every 45 days"),
        ("purchases_a_month >= 0.5", true, "Buyers at least every 2 months"),
        ("purchases_a_month >= 0.25", true, "Buyers at least every 4 months"),
        ("purchases_a_month >= 2.1741", true, "Fortnightly buyers"),
        ("purchases_a_month >= 1", true, "Monthly buyers"),
        ("purchases_a_month >= 0.3333", true, "Quarterly buyers"),
        ("purchases_a_month >= 1", false, "Buyers at least once a month"),
        ("purchases_a_month >= 10.1458", true, "Buyers at least every 3 days"),
        ("purchases_a_month >= 0.1667", true, "Buyers at least every 6 months"),
        ("purchases_a_month < 0.5", true, "Buyers less often than every 2 months"),
        ("purchases_a_month >= 4.3482 and share(category, 'bakery') >= 0.5", true, "Weekly buyers, mostly bakery"),
        ("mean_order < 40 and lines_per_order >= 6", true, "Buyers of 6+ lines an order, spending under $40"),
        ("purchases_a_month >= 1 and discount_share >= 0.2", true, "Monthly buyers with 20 %+ off"),
        ("purchases_a_month >= 4.3482 and lines_per_order >= 6", true, "Weekly buyers of 6+ lines an order"),
        (
            "purchases_a_month < 0.5 and lines_per_order < 6",
            true,
            "Buyers less often than every 2 months, fewer than 6 lines an order",
        ),
        ("mean_order < 40 and share(category, 'tea') >= 0.5", true, "Mostly tea buyers spending under $40 an order"),
        (
            "mean_order >= 2500 and share(category, 'tea') >= 0.2",
            true,
            "Buyers spending $2,500+ an order and 20 %+ on tea",
        ),
        ("share(category, 'tea') >= 0.5 and share(channel, 'web') >= 0.7", true, "Mostly tea buyers, mostly web"),
        (
            "mean_order < 7.5 and return_rate >= 0.1 and discount_share < 0.05",
            true,
            "Buyers spending under $7.50 an order, returning 10 %+ by value, with under 5 % off",
        ),
        ("share(category, 'DRUG GM') >= 0.5", true, "Mostly DRUG GM buyers"),
        ("share(category, 'N-BOOKS') < 0.3", true, "Buyers spending under 30 % on N-BOOKS"),
        ("share(category, 'DVD') >= 0.5", true, "Mostly DVD buyers"),
        ("share(category, 'a\nBcc: b') >= 0.5", true, "Mostly a Bcc: b buyers"),
        (
            "share(category, 'Something that is sold under a very long name') >= 0.5",
            true,
            "Mostly Something that is sold under a very lon… buyers",
        ),
        ("purchase_days < 2", true, "Buyers who bought once so far"),
        ("purchases_a_month >= 1 and purchase_days >= 2", true, "Monthly buyers who bought more than once"),
        ("mean_order < 40 and purchase_days < 2", true, "Buyers who bought once so far, spending under $40 an order"),
        (
            "lines_per_order < 6 and purchase_days < 2",
            true,
            "Buyers of fewer than 6 lines an order, who bought once so far",
        ),
        (
            "purchases_a_month >= 0.6764 and purchases_a_month < 1.4494",
            true,
            "Buyers at least every 45 days but less often than every 21 days",
        ),
        (
            "purchases_a_month >= 1 and purchases_a_month < 2.1741 and share(category, 'tea') >= 0.5",
            true,
            "Buyers at least once a month but less often than every 14 days, mostly tea",
        ),
        (
            "mean_order >= 20 and mean_order < 75 and lines_per_order >= 6",
            true,
            "Buyers of 6+ lines an order, spending $20+ and under $75",
        ),
        (
            "share(category, 'tea') >= 0.5 and share(category, 'tea') < 0.8",
            true,
            "Buyers spending 50 %+ and under 80 % on tea",
        ),
        ("share(category, '{}') >= 0.3", true, "Buyers spending 30 %+ on {}"),
    ] {
        assert_eq!(label_of(rule, says_how_often), expected, "{rule}");
    }
}

#[test]
fn names_that_differ_by_a_number_are_one() {
    for (one, other, is_same) in [
        ("Buyers spending under $40 an order", "Buyers spending under $7.50 an order", true),
        ("Buyers at least every 3 days", "Buyers at least once a month", true),
        ("Mixed buyers", "mixed  buyers 2", true),
        ("Weekly buyers", "Monthly buyers", false),
        ("Weekly buyers, mostly tea", "Weekly buyers", false),
        ("Buyers spending under €1.234 an order", "Buyers spending under €1\u{202f}234 an order", true),
    ] {
        assert_eq!(key(one) == key(other), is_same, "{one} | {other}");
    }
}

#[test]
fn rules_are_told_in_plain_words() {
    let mut columns = columns(&["coffee"], &["online"]);
    columns.push(column(Operand::Column(PURCHASE_DAYS.to_owned())));
    for (rule, locale, expected) in [
        (
            "purchases_a_month >= 3.3819 and mean_order < 25",
            Locale::En,
            "buys at least every 9 days and spends under $25 an order",
        ),
        (
            "mean_order >= 1234.5 and mean_order < 2000",
            Locale::De,
            "spends $1.234,50 or more an order and under $2.000 an order",
        ),
        ("share(category, 'coffee') >= 0.3", Locale::En, "spends 30 % or more on coffee"),
        ("share(channel, 'online') < 0.125", Locale::En, "spends under 12.5 % via online"),
        (
            "lines_per_order >= 2.5 and discount_share < 0.05",
            Locale::En,
            "buys 2.5 or more lines an order and gets under 5 % off",
        ),
        ("purchase_days < 2", Locale::En, "bought once so far"),
        ("purchase_days >= 2 and mean_order < 25", Locale::En, "bought more than once and spends under $25 an order"),
        ("purchase_days >= 5 and purchase_days < 12", Locale::En, "bought on 5 or more days and on fewer than 12 days"),
        ("purchases_a_month >= 30.4375", Locale::En, "buys at least once a day"),
        ("purchases_a_month < 0.0833", Locale::En, "buys less often than every 12 months"),
        ("purchases_a_month >= 0.98", Locale::En, "buys at least every 31 days"),
        // What has no words stays as it is written.
        ("purchases_a_month >= 0 and age_days < 30", Locale::En, "buys purchases_a_month >= 0 and age_days < 30"),
    ] {
        let words = Words { locale, ..words("USD") };
        let rule: Rule = rule.parse().unwrap_or_else(|error| unreachable!("{error}"));
        assert_eq!(describe_rule(&rule, &columns, &words), expected);
    }
}

#[test]
fn thresholds_are_easy_to_picture() {
    for (unit, low, high, expected) in [
        (HabitUnit::Share, 0.0, 0.2, &[0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.15, 0.2][..]),
        (HabitUnit::Money, 7.5, 40.0, &[8.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0]),
        (HabitUnit::Money, 0.1, 0.25, &[0.15, 0.2, 0.25]),
        (HabitUnit::Number, 1.0, 10.0, &[1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]),
        (HabitUnit::RateAMonth, 0.3, 1.5, &[0.3333, 0.5, 0.6764, 1.0, 1.4494]),
        (HabitUnit::Once, 1.0, 40.0, &[2.0]),
        (HabitUnit::Once, 2.0, 40.0, &[]),
        (HabitUnit::Once, 1.0, 1.0, &[]),
        (HabitUnit::Number, f64::INFINITY, f64::NEG_INFINITY, &[]),
    ] {
        assert_eq!(unit.grid(low, high), expected, "{unit:?} {low} to {high}");
    }
    for (unit, value, expected) in [
        (HabitUnit::Money, 34.27, 34.0),
        (HabitUnit::Money, 4321.0, 4300.0),
        (HabitUnit::Number, 3.17, 3.2),
        (HabitUnit::Number, 0.237, 0.24),
        (HabitUnit::Share, 0.128, 0.13),
        (HabitUnit::Share, -0.1, 0.0),
        (HabitUnit::RateAMonth, 3.4, 3.3819),
        (HabitUnit::RateAMonth, 1.03, 1.0),
        (HabitUnit::RateAMonth, 0.34, 0.3333),
        (HabitUnit::Once, 1.0, 2.0),
        (HabitUnit::Once, 17.0, 2.0),
        (HabitUnit::RateAMonth, f64::NAN, 0.0),
    ] {
        assert_eq!(unit.round(value), expected, "{unit:?} {value}");
    }
}
