//! A company's own names.

use super::*;

#[derive(serde::Deserialize)]
struct NameFile {
    persona: Vec<OwnName>,
}

#[test]
fn own_names_are_for_a_key_or_for_a_rule() {
    let read = |text: &str| {
        let file: NameFile = toml::from_str(text).map_err(|error| error.to_string())?;
        own::check(&file.persona).map_err(|error| error.to_string())?;
        Ok::<_, String>(file.persona)
    };
    let (head, key, rule) = ("[[persona]]\nname = 'Regulars'\n", "key = 'us-2017q2-a'\n", "rule = 'mean_order < 25'\n");
    let found = read(&format!("{head}{key}{head}{rule}market = 'us'\n"));
    let found: Vec<(Named, bool)> =
        found.unwrap_or_default().into_iter().map(|name| (name.of, name.market.is_some())).collect();
    let parsed = "mean_order < 25".parse().unwrap_or_else(|_| unreachable!());
    assert_eq!(found, [(Named::Key("us-2017q2-a".to_owned()), false), (Named::Rule(parsed), true)]);
    for (text, problem) in [
        (format!("{head}{key}{rule}"), "name \"Regulars\": expected `key` or `rule`, found both"),
        (head.to_owned(), "name \"Regulars\": expected `key` or `rule`, found neither"),
        (format!("[[persona]]\nname = ' '\n{key}"), "expected a name, found nothing"),
        (format!("[[persona]]\nname = \"a\\nb\"\n{key}"), "expected one line of at most 80 characters"),
        (format!("{head}key = ''"), "expected the key of a persona like us-2017q2-a, found nothing"),
        (format!("{head}rule = 'mean_order > 25'"), "character 12: expected `>=` or `<`, found `> 25`"),
        (format!("{head}{key}{head}{rule}"), "name \"Regulars\": is there twice for all markets"),
        (format!("{head}{key}market = 'us'\n{head}{key}market = 'us'"), "is there twice for market us"),
        (format!("{head}{key}nickname = 'R'"), "unknown field `nickname`"),
        (format!("{head}{key}market = 'U S'"), "market `U S` is not a plain code"),
    ] {
        let error = read(&text).err().unwrap_or_default();
        assert!(error.contains(problem), "{text}\n{error}");
    }
}

fn own(name: &str, rule: &str) -> OwnName {
    let of = Named::Rule(rule.parse().unwrap_or_else(|error| unreachable!("{error}")));
    OwnName { name: name.to_owned(), of, market: None }
}

#[test]
fn items_of_names_and_of_own_rules_are_known() {
    let name =
        last_name("Tea and web", &["share(category, 'tea') >= 0.5", "share(channel, 'web') >= 0.5", "mean_order < 5"]);
    let key = OwnName { name: "Gold".to_owned(), of: Named::Key("us-2017q2-a".to_owned()), market: None };
    let rule = own("Hot", "share(category, 'tea') >= 0.2 and share(category, 'coffee') >= 0.1 and mean_order < 9");
    let found = items_of(name.claims.iter(), &[key, rule]);
    let expected = [("category", &["coffee", "tea"][..]), ("channel", &["web"])];
    let expected =
        expected.map(|(habit, items)| (habit.to_owned(), items.iter().map(|item| (*item).to_owned()).collect()));
    assert_eq!(found, BTreeMap::from(expected));
    assert_eq!(items_of([].iter(), &[]), BTreeMap::new());
}

#[test]
fn own_rules_on_what_is_not_known_are_told() {
    for (rule, expected) in [
        ("mean_order < 25 and purchase_days < 2 and share(channel, 'web') >= 0.5", &[][..]),
        (
            "age_days < 30 and age_days >= 2 and share(brand, 'x') >= 0.5",
            &[
                "the rule of the name \"Regulars\" is true of nobody: `age_days` is not a habit; a rule may speak of \
                 `mean_order`, `return_rate`, `purchase_days` and shares",
                "the rule of the name \"Regulars\" is true of nobody: there are no shares of `brand`; a rule may speak of shares \
                 of `category` and `channel`",
            ],
        ),
    ] {
        assert_eq!(own::unknown_operands(&[own("Regulars", rule)], &["mean_order", "return_rate"]), expected, "{rule}");
    }
}
