//! The site of the committed samples, and of several quarters made from one of them.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use driftline_core::Minor;
use driftline_core::basics::locale::Locale;
use driftline_core::personas::{Ended, Other, Persona};
use driftline_core::report::Report;

use super::*;
use crate::template::Templates;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports").join(name)
}

fn sample(name: &str) -> Report {
    let samples = Templates::read(&folder("drift")).unwrap().samples().unwrap();
    samples.into_iter().find(|(path, _)| path.ends_with(name)).unwrap().1
}

/// The samples, and three more quarters of Germany: one with the same personas, one where a persona merged into the first,
/// one where the market has too little data.
fn quarters() -> Vec<Report> {
    let mut reports: Vec<Report> =
        Templates::read(&folder("drift")).unwrap().samples().unwrap().into_iter().map(|(_, report)| report).collect();
    let mut earlier = sample("sample-changed.json");
    earlier.period = "2025Q2".parse().unwrap();
    earlier.period_title = earlier.period.title();
    earlier.personas.ended.clear();
    let mut merged = sample("sample-changed.json");
    merged.period = "2025Q4".parse().unwrap();
    merged.period_title = merged.period.title();
    let gone = merged.personas.personas.pop().unwrap();
    let first = &mut merged.personas.personas[0];
    first.lineage = format!("merged from {} and {}", first.label, gone.label);
    first.parents.push(gone.key.clone());
    first.customers += gone.customers;
    let sentence = format!("merged into {}", first.label);
    merged.personas.ended = vec![Ended { key: gone.key, label: gone.label, sentence }];
    reports.extend([merged, earlier]);
    reports
}

fn templates() -> SiteTemplates {
    SiteTemplates::read(&folder("site"), &Templates::read(&folder("drift")).unwrap(), Locale::En).unwrap()
}

/// The page that a run would have published of each report.
fn whole(reports: &[Report]) -> WholeReports {
    let templates = Templates::read(&folder("drift")).unwrap();
    let key = |report: &Report| (report.market.clone(), report.period, report.revision);
    reports.iter().map(|report| (key(report), templates.page(report).unwrap())).collect()
}

fn made(reports: &[Report]) -> BTreeMap<String, String> {
    let pages = pages("Personas & co", reports, &whole(reports), &templates()).unwrap();
    let count = pages.len();
    let made: BTreeMap<String, String> =
        pages.into_iter().map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap())).collect();
    assert_eq!(made.len(), count, "two pages have one path");
    made
}

/// Values of an attribute.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    page.split(&format!(" {attribute}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// Where a link of a page leads, from the root.
fn target(from: &str, link: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            ".." => {
                parts.pop().unwrap();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn every_link_leads_to_a_page_and_a_place_that_is_there() {
    let made = made(&quarters());
    let mut links = 0;
    for (path, page) in made.iter().filter(|(path, _)| path.ends_with(".html")) {
        for link in values(page, "href").into_iter().chain(values(page, "src")) {
            let (file, place) = link.split_once('#').unwrap_or((link, ""));
            let found = if file.is_empty() { path.clone() } else { target(path, file) };
            let there = made.get(&found);
            assert!(there.is_some(), "{path}: {link}");
            let has_place = place.is_empty() || values(there.unwrap(), "id").contains(&place);
            assert!(has_place, "{path}: {link} has no such place");
            links += 1;
        }
        let mut ids = values(page, "id");
        ids.sort_unstable();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{path}: an id twice: {ids:?}");
        assert_eq!(page.matches("<h1").count(), 1, "{path}");
    }
    assert!(links > 400, "{links}");
}

#[test]
fn nothing_is_loaded_from_elsewhere_and_the_same_reports_give_the_same_bytes() {
    let reports = quarters();
    let first = made(&reports);
    let reversed: Vec<Report> = reports.iter().rev().cloned().collect();
    assert!(first == made(&reversed), "the order of the reports shows");
    for (path, page) in &first {
        for scheme in ["http://", "https://", "url(", "@import", "fetch(", "innerHTML"] {
            assert!(!page.contains(scheme), "{path} holds {scheme}");
        }
    }
}

#[test]
fn every_persona_has_its_page_whether_it_is_still_there_or_not() {
    let reports = quarters();
    let made = made(&reports);
    let mut personas = 0;
    for report in &reports {
        assert!(made.contains_key(&format!("{}/reports/{}.html", report.market, report.period)));
        for persona in &report.personas.personas {
            let page = &made[&format!("{}/personas/{}.html", report.market, persona.key)];
            assert!(page.contains(&crate::chart::escape(&persona.label)), "{}", persona.key);
            assert!(made["index.html"].contains(&format!("{}/personas/{}.html", report.market, persona.key)));
            personas += 1;
        }
    }
    assert!(personas > 10);
    let personas = sample("sample-changed.json").personas.personas;
    let place = |persona: Option<&Persona>| format!("de/personas/{}.html", persona.unwrap().key);
    let (heir, gone) = (place(personas.first()), place(personas.last()));
    assert!(made[&gone].contains("<strong>Ended:</strong> Q4 2025: merged into"));
    assert!(made[&heir].contains(&format!("../../{gone}")), "the heir does not name whom it took in");
}

#[test]
fn the_whole_report_is_there_as_published_or_its_place_is_named() {
    let reports = quarters();
    let (made, whole) = (made(&reports), whole(&reports));
    for report in &reports {
        let path = format!("{}/reports/{}", report.market, report.period);
        let page = &whole[&(report.market.clone(), report.period, report.revision)];
        assert_eq!(&made[&format!("{path}-whole.html")], page);
        assert!(made[&format!("{path}.html")].contains(&format!("href=\"../../{path}-whole.html\"")));
    }
    let report = sample("sample-changed.json");
    let loads = "<img src=\"https://example.com/seen.png\">".to_owned();
    let whole = [((report.market.clone(), report.period, report.revision), loads)].into();
    let pages: BTreeMap<String, Vec<u8>> = pages("t", &[report], &whole, &templates()).unwrap().into_iter().collect();
    assert!(!pages.contains_key("de/reports/2025Q3-whole.html"));
    let short = String::from_utf8(pages["de/reports/2025Q3.html"].clone()).unwrap();
    assert!(short.contains("<code>report.html</code>") && !short.contains("-whole.html"));
}

#[test]
fn the_gate_says_of_neighbours_what_is_sure() {
    let report = sample("sample-changed.json");
    let mut earlier = report.clone();
    earlier.period = report.previous_period.unwrap();
    for persona in &mut earlier.personas.personas {
        persona.share += 0.05;
        persona.value = persona.value.map(|value| driftline_core::Minor(value.0 + 1_000_000));
        persona.value_per_customer = persona.value_per_customer.map(|value| driftline_core::Minor(value.0 + 1_000));
    }
    let page = &made(&[earlier, report.clone()])["de/compare.html"];
    let words = ["changed", "inside the noise", "not large or sure enough to count", "too few customers to say"];
    let found: Vec<&str> = words
        .into_iter()
        .filter(|word| page.contains(&format!("<strong>{word}</strong>: customers who moved")))
        .collect();
    assert!(found.contains(&"changed") && found.len() > 1, "{found:?}");
    let share =
        report.changes.iter().find(|line| line.metric == driftline_core::drift::change::Metric::CustomerShare).unwrap();
    assert!(page.contains(&report.locale.points(share.low_95)));
}

#[test]
fn neighbours_are_compared_without_a_script() {
    let page = &made(&quarters())["de/compare.html"];
    for wanted in ["id=\"2025Q2..2025Q3\"", "id=\"2025Q3..2025Q4\"", "− gone: ", "merged into"] {
        assert!(page.contains(wanted), "no {wanted}");
    }
    assert!(!page.contains("id=\"2025Q2..2025Q4\""));
}

#[test]
fn the_tree_draws_each_life_and_who_became_whom() {
    let page = &made(&quarters())["de/tree.html"];
    let (lives, moves) = (page.matches("class=\"life\"").count(), page.matches("class=\"moved\"").count());
    // Seven personas over the first two quarters, six over the next; one joined another.
    assert_eq!((lives, moves), (13, 1));
}

#[test]
fn text_of_the_data_is_data() {
    let mut report = sample("sample-changed.json");
    let evil = "</script><script>alert(1)</script><!--\" onclick=\"x";
    report.personas.personas[0].label = evil.to_owned();
    report.personas.personas[0].lineage = evil.to_owned();
    report.personas.personas[0].facets[0].item = Some(evil.to_owned());
    report.facets[0].definition.title = evil.to_owned();
    report.market_name = evil.to_owned();
    report.headline.sentence = evil.to_owned();
    report.quality.sources_not_available.push(evil.to_owned());
    let mut earlier = report.clone();
    earlier.period = "2025Q2".parse().unwrap();
    for (path, page) in made(&[report, earlier]) {
        assert!(!page.contains("<script>alert"), "{path}");
        // In the embedded JSON a quote of a text has a backslash before it.
        assert!(!page.replace("\\\"", "").contains("\" onclick"), "{path}");
        assert!(!page.contains("<!--"), "{path}");
    }
}

#[test]
fn a_market_with_too_little_data_has_pages_without_figures() {
    let made = made(&[sample("sample-small.json")]);
    let page = &made["lu/index.html"];
    assert!(page.contains("Not enough data") && page.contains("Fewer than 10 customers"));
    assert!(!page.contains("class=\"figures\"") && !page.contains("<dd>"));
    assert!(made["lu/tree.html"].contains("there is no tree"));
    assert!(made["lu/compare.html"].contains("nothing to compare"));
}

#[test]
fn small_groups_are_hidden_by_the_reports_own_limit() {
    let mut report = sample("sample-changed.json");
    report.method.min_cell = 25;
    let rule = report.personas.personas[0].rule.as_mut().unwrap();
    (rule.matches, rule.precision, rule.coverage) = (None, None, None);
    let place = format!("de/personas/{}.html", report.personas.personas[0].key);
    let page = &made(&[report])[&place];
    assert!(page.contains("fewer than 25 do on one side"));
}

#[test]
fn who_is_in_no_persona_has_a_row_and_no_page() {
    let mut report = sample("sample-changed.json");
    report.personas.other = None;
    assert!(made(&[report.clone()]).values().all(|page| !page.contains("In no persona")));
    report.personas.other = Some(Other {
        label: "Other: unlike <any>".to_owned(),
        customers: 1234,
        bought_once: None,
        share: 0.011,
        value: Some(Minor(5_000_000)),
        value_range: None,
        value_share: Some(0.125),
        value_per_customer: None,
        net_revenue: Some(Minor(700_000)),
        churn_risk: None,
        next_period: None,
    });
    let made = made(&[report]);
    for path in ["index.html", "de/index.html", "de/reports/2025Q3.html"] {
        for words in ["Other: unlike &lt;any&gt;", "1,234", "1.1 %", "€50,000", "12.5 % of all", "€7,000"] {
            assert!(made[path].contains(words), "{path}: {words}");
        }
    }
    assert!(made.keys().all(|path| !path.contains("other")));
}

#[test]
fn what_cannot_be_a_page_is_refused() {
    let (templates, none) = (templates(), WholeReports::new());
    let none = pages("t", &[], &none, &templates).unwrap_err().to_string();
    assert_eq!(none, "site: there is no report to make pages of");
    let mut report = sample("sample-changed.json");
    report.personas.personas[0].key = "../../index".to_owned();
    let error = pages("t", &[report], &WholeReports::new(), &templates).unwrap_err().to_string();
    assert!(error.contains("cannot be the name of a page"), "{error}");
}

#[test]
fn the_newest_revision_counts() {
    let old = sample("sample-changed.json");
    let mut new = old.clone();
    new.revision = 2;
    new.revision_reason = Some("late export".to_owned());
    for reports in [[old.clone(), new.clone()], [new, old]] {
        let made = made(&reports);
        assert!(made["de/reports/2025Q3.html"].contains("late export"));
    }
}
