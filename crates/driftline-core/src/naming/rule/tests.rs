use super::*;

fn column(name: &str) -> Operand {
    Operand::Column(name.to_owned())
}

fn share(habit: &str, item: &str) -> Operand {
    Operand::Share { habit: habit.to_owned(), item: item.to_owned() }
}

fn condition(operand: Operand, at_least: bool, threshold: f64) -> Condition {
    Condition { operand, at_least, threshold }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Stored {
    rule: Rule,
}

/// A text is read as the conditions, written in its canonical form, and read and stored again without loss.
fn check(text: &str, conditions: &[Condition], canonical: &str) {
    let rule: Rule = text.parse().unwrap_or_else(|error| unreachable!("{error}"));
    assert_eq!(rule.conditions(), conditions, "{text}");
    assert_eq!(rule.to_string(), canonical);
    assert_eq!(canonical.parse(), Ok(rule.clone()));
    assert_eq!(Rule::new(conditions.to_vec()), Ok(rule.clone()));
    let stored = Stored { rule };
    let toml = toml::to_string(&stored).unwrap_or_default();
    assert_eq!(toml::from_str(&toml).ok(), Some(stored), "{toml}");
}

#[test]
fn rules_round_trip() {
    check(
        "purchases_a_month >= 3.4 and mean_order < 25 and share(category, 'coffee') >= 0.3",
        &[
            condition(column("purchases_a_month"), true, 3.4),
            condition(column("mean_order"), false, 25.0),
            condition(share("category", "coffee"), true, 0.3),
        ],
        "purchases_a_month >= 3.4 and mean_order < 25 and share(category, 'coffee') >= 0.3",
    );
    for item in ["", "it's", "''", "'", "a, b", "and", "x') >= 1 and y < 2", "Käse & Bröd 🥐", " padded ", "a\nb", "\\"]
    {
        let conditions = [condition(share("category", item), false, 0.05), condition(column("share"), true, -1.0)];
        let canonical = format!("share(category, '{}') < 0.05 and share >= -1", item.replace('\'', "''"));
        check(&canonical, &conditions, &canonical);
    }
    for (text, canonical) in [
        ("  a>=1and b  <2 ", "a >= 1 and b < 2"),
        ("a >= 1e3", "a >= 1000"),
        ("a<-.5", "a < -0.5"),
        ("share ( channel ,'web' )<+0.10", "share(channel, 'web') < 0.1"),
        ("android >= 1", "android >= 1"),
    ] {
        assert_eq!(text.parse::<Rule>().map(|rule| rule.to_string()), Ok(canonical.to_owned()), "{text}");
    }
}

#[test]
fn an_error_says_where_and_what_was_expected() {
    let nine = ["a >= 1"; 9].join(" and ");
    for (text, at, expected, found) in [
        ("", 1, parse::OPERAND, "the end"),
        ("  ", 3, parse::OPERAND, "the end"),
        ("3 >= a", 1, parse::OPERAND, "`3 >= a`"),
        ("mean_order > 25", 12, "`>=` or `<`", "`> 25`"),
        ("mean_order <= 25", 12, "`>=` or `<`", "`<= 25`"),
        ("mean_order", 11, "`>=` or `<`", "the end"),
        ("mean_order >= £25", 15, "a number", "`£25`"),
        ("a >= nan", 6, "a number", "`nan`"),
        ("a >= 1e999", 6, "a number", "`1e999`"),
        ("a >= 1 or b < 2", 8, "`and` or the end", "`or b < 2`"),
        ("a >= 1, b < 2", 7, "`and` or the end", "`, b < 2`"),
        ("a >= 1 and", 11, parse::OPERAND, "the end"),
        ("a >= 1 and and < 2", 12, parse::OPERAND, "`and < 2`"),
        ("share(category coffee) < 1", 16, "`,`", "`coffee) < 1`"),
        ("share(category, coffee) < 1", 17, "an item in single quotes", "`coffee) < 1`"),
        ("share(category, 'cof", 21, "a closing quote", "the end"),
        ("share('coffee') < 1", 7, "a habit such as `category`", "`'coffee') < 1`"),
        ("share(category, 'é' >= 1", 21, "`)`", "`>= 1`"),
        (&nine, 85, "the end after eight conditions", "`and a >= 1`"),
    ] {
        let error = Error::Rule { text: text.to_owned(), at, expected, found: found.to_owned() };
        assert_eq!(text.parse::<Rule>(), Err(error), "{text}");
    }
    let error = "a > 1".parse::<Rule>().map_err(|error| error.to_string());
    assert_eq!(error, Err("rule `a > 1`, character 3: expected `>=` or `<`, found `> 1`".to_owned()));
    assert!("a >= 1 and b < 2".parse::<Condition>().is_err());
}

#[test]
fn what_could_not_be_read_again_is_no_rule() {
    for conditions in [
        vec![],
        vec![condition(column("a b"), true, 1.0)],
        vec![condition(column("and"), true, 1.0)],
        vec![condition(column("a"), true, f64::NAN)],
        vec![condition(column("a"), true, f64::INFINITY)],
        vec![condition(share("cat egory", "x"), true, 1.0)],
        vec![condition(column("a"), true, 1.0); 9],
    ] {
        assert!(Rule::new(conditions.clone()).is_err(), "{conditions:?}");
    }
}

#[test]
fn found_bounds_are_a_rule() {
    let operands = [column("mean_order"), share("category", "tea")];
    let bounds =
        [Bound { column: 0, at_least: false, threshold: 40.0 }, Bound { column: 1, at_least: true, threshold: 0.25 }];
    let rule = Rule::of_bounds(&bounds, &operands).map(|rule| rule.map(|rule| rule.to_string()));
    assert_eq!(rule, Ok(Some("mean_order < 40 and share(category, 'tea') >= 0.25".to_owned())));
    assert_eq!(Rule::of_bounds(&[], &operands), Ok(None));
}

#[test]
fn all_conditions_must_hold_and_what_is_unknown_does_not() {
    let rule: Rule = "mean_order >= 20 and share(category, 'tea') < 0.5".parse().unwrap_or_else(|_| unreachable!());
    for (mean_order, tea, expected) in [
        (Some(20.0), Some(0.0), true),
        (Some(19.99), Some(0.0), false),
        (Some(30.0), Some(0.5), false),
        (None, Some(0.0), false),
        (Some(30.0), None, false),
        (Some(f64::NAN), Some(0.0), false),
    ] {
        let holds = rule.holds(|operand| if matches!(operand, Operand::Column(_)) { mean_order } else { tea });
        assert_eq!(holds, expected, "{mean_order:?} {tea:?}");
    }
}

#[test]
fn figures_are_shown_only_if_no_count_behind_them_is_small() {
    let rule: Rule = "a >= 1".parse().unwrap_or_else(|_| unreachable!());
    for ((everyone, members, matching, matching_members), expected) in [
        ((1000, 100, 160, 80), Some((160, Some(0.5), Some(0.8)))),
        // Members who do not match, members who match, others who match, others who do not: one of each is too few.
        ((1000, 100, 160, 95), None),
        ((1000, 100, 160, 5), None),
        ((1000, 100, 85, 80), None),
        ((1000, 100, 975, 80), None),
        // Nobody is not few.
        ((1000, 100, 100, 100), Some((100, Some(1.0), Some(1.0)))),
        ((1000, 100, 0, 0), Some((0, None, Some(0.0)))),
        ((1000, 0, 20, 0), Some((20, Some(0.0), None))),
        // Counts that cannot be.
        ((1000, 100, 10, 80), None),
        ((90, 100, 80, 80), None),
    ] {
        let counts = RuleCounts { everyone, members, matching, matching_members };
        let found = measured(rule.clone(), "one or more".to_owned(), counts, 10);
        assert_eq!(found.matches.map(|matches| (matches, found.precision, found.coverage)), expected, "{counts:?}");
        assert!(expected.is_some() || (found.precision, found.coverage) == (None, None));
    }
}

#[test]
fn in_a_schema_a_rule_is_text() {
    for schema in [schemars::schema_for!(Rule), schemars::schema_for!(Condition)] {
        assert_eq!(schema.get("type").and_then(|kind| kind.as_str()), Some("string"));
    }
}
