//! Mails as their readers get them: how long they are, in which order, and what stands in both parts. And the largest report
//! that is promised to render: twelve personas over eight quarters.
#![expect(clippy::unwrap_used, reason = "tests")]

use driftline_core::personas::Role;
use driftline_core::personas::tree::{Branch, FamilyTree};
use driftline_core::report::{Audience, Section};

use super::*;

/// Most bytes of an HTML mail: some programs cut what is longer.
const HTML_BYTES: usize = 60_000;
/// Most words above the link to the report, every figure and unit of the tables counted as one.
const WORDS: usize = 640;

fn templates() -> Templates {
    Templates::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports/drift")).unwrap()
}

fn samples() -> Vec<Report> {
    templates().samples().unwrap().into_iter().map(|(_, report)| report).collect()
}

fn letter(audience: Audience) -> Letter<'static> {
    Letter {
        audience,
        report_location: "https://reports.example.com/r.html",
        reason: "a test",
        write_to: "a@b.example",
    }
}

/// The changed sample with so many personas, and so many quarters in its tree; every one of them full.
fn large(personas: usize, quarters: usize) -> Report {
    let mut report = samples().into_iter().find(|report| report.headline.kind == HeadlineKind::Changed).unwrap();
    let (few, changes, drift) =
        (report.personas.personas.clone(), report.changes.clone(), report.attribute_drift.clone());
    report.personas.personas.clear();
    report.changes.clear();
    report.attribute_drift.clear();
    for number in 0..personas {
        let mut persona = few[number % few.len()].clone();
        let old = std::mem::replace(&mut persona.key, format!("de-2025q1-{number:02}"));
        persona.label = format!("{} of kind {number}", persona.label);
        persona.segment = number as u32 + 1;
        persona.role = if number < 5 { Role::Primary } else { Role::Secondary };
        for change in changes.iter().filter(|change| change.subject == old) {
            let (subject, label) = (persona.key.clone(), persona.label.clone());
            report.changes.push(driftline_core::drift::change::Change { subject, label, ..change.clone() });
        }
        for group in drift.iter().filter(|group| group.subject == old) {
            let (subject, label) = (persona.key.clone(), persona.label.clone());
            report.attribute_drift.push(driftline_core::report::AttributeDrift { subject, label, ..group.clone() });
        }
        report.personas.personas.push(persona);
    }
    let labels = || report.personas.personas.iter().map(|persona| persona.label.clone());
    let (from, to): (Vec<String>, Vec<String>) = (
        labels().chain(["Not active before".to_owned()]).collect(),
        labels().chain(["Not active now".to_owned()]).collect(),
    );
    report.migration = Some(driftline_core::drift::migration::Migration {
        customers: vec![vec![Some(1_234); to.len()]; from.len()],
        from,
        to,
    });
    let mut periods = vec![report.period];
    while periods.len() < quarters {
        periods.insert(0, periods[0].previous());
    }
    let branch = |persona: &driftline_core::personas::Persona| Branch {
        key: persona.key.clone(),
        label: persona.label.clone(),
        parents: persona.parents.clone(),
        seen: periods
            .iter()
            .map(|_| {
                Some(driftline_core::personas::tree::Seen {
                    share: persona.share,
                    value: persona.value,
                    role: persona.role,
                })
            })
            .collect(),
        events: Vec::new(),
    };
    report.tree =
        FamilyTree { branches: report.personas.personas.iter().map(branch).collect(), periods: periods.clone() };
    report
}

#[test]
fn every_role_gets_a_mail_of_two_minutes() {
    let templates = templates();
    let large = large(12, 8);
    let mut seen = 0;
    // Each persona beyond five has a row of its own, and its name.
    let most = |report: &Report| WORDS + 15 * report.personas.personas.len().saturating_sub(5);
    let samples = samples();
    for (report, most_words) in samples.iter().map(|report| (report, most(report))).chain([(&large, WORDS + 12 * 15)]) {
        for audience in Audience::ALL {
            let mail = templates.mail(report, &letter(audience)).unwrap();
            let place = format!("{audience} of {} {}", report.market, report.period_title);
            assert!(mail.html.len() <= HTML_BYTES, "{place}: {} bytes", mail.html.len());
            let above = mail.text.split("Full report").next().unwrap();
            let words = above.split_whitespace().count();
            assert!(words <= most_words, "{place}: {words} words");
            // The figures of a short mail are one line, which the reader's program breaks.
            let lines = mail.text.lines().filter(|line| !line.contains(" · "));
            let longest = lines.map(|line| line.chars().count()).max().unwrap();
            assert!(longest <= 90, "{place}: a line of {longest} characters");
            seen += 1;
        }
    }
    assert_eq!(seen, 7 * 5);
}

#[test]
fn the_bridge_of_the_headline_is_told_row_by_row_and_others_in_a_line() {
    let report = samples().into_iter().find(|report| report.bridges.len() == 3).unwrap();
    let money = |amount: Minor| report.locale.money(amount, &report.currency);
    let mail = templates().mail(&report, &letter(Audience::Finance)).unwrap();
    assert_eq!(mail.html.matches("What happened</th>").count(), 1);
    assert_eq!(mail.text.matches("New customers  ").count(), 1);
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let headline = report.headline_bridge().unwrap().measure;
    for bridge in report.bridges.iter().filter(|bridge| bridge.measure != headline) {
        let change = report.locale.signed_money(bridge.change, &report.currency);
        let line = format!("{}: {} to {} ({change})", bridge.label, money(bridge.start), money(bridge.end));
        assert!(flat(&mail.text).contains(&line.to_lowercase()), "{line}");
        for wanted in [money(bridge.start), money(bridge.end), change] {
            assert!(mail.html.contains(&wanted), "{wanted}");
        }
    }
    // The link leads to the rows of that bridge, which the page has.
    let page = templates().page(&report).unwrap();
    for link in mail.html.split("r.html#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(page.contains(&format!("id=\"{link}\"")), "{link}");
    }
    assert_eq!(mail.html.matches("r.html#bridge-").count(), 2);
}

#[test]
fn sections_stand_in_the_order_of_the_role() {
    let report = samples().into_iter().find(|report| report.headline.kind == HeadlineKind::Changed).unwrap();
    for audience in Audience::ALL {
        let mail = templates().mail(&report, &letter(audience)).unwrap();
        let title =
            report.for_you.iter().find(|block| block.audience == audience).map(|block| block.title.to_uppercase());
        let places = |section: &Section| match section {
            Section::Changes => ("WHAT CHANGED".to_owned(), "id=\"changed\""),
            Section::ForYou => (title.clone().unwrap(), "id=\"for-you\""),
            Section::Bridges => ("WHERE IT CAME FROM".to_owned(), "id=\"bridge\""),
            Section::Personas => ("PERSONAS\n".to_owned(), "id=\"personas\""),
        };
        let found: Vec<(usize, usize)> = audience
            .sections()
            .iter()
            .map(|section| {
                let (text, html) = places(section);
                (mail.text.find(&text).unwrap(), mail.html.find(html).unwrap())
            })
            .collect();
        assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1), "{audience}: {found:?}");
    }
}

#[test]
fn notes_are_said_once_and_only_the_owner_has_all() {
    let mut report = samples().into_iter().find(|report| !report.changes.is_empty()).unwrap();
    report.notes.extend((1..=3).map(|number| format!("Note {number} that only makes many of few.")));
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for audience in Audience::ALL {
        let mail = templates().mail(&report, &letter(audience)).unwrap();
        let (text, html) = (flat(&mail.text), mail.html);
        let told = report.notes.iter().filter(|note| text.contains(&flat(note))).count();
        for note in &report.notes {
            assert!(text.matches(&flat(note)).count() <= 1, "{audience} is told twice: {note}");
        }
        let own: usize = report
            .for_you
            .iter()
            .filter(|block| block.audience == audience)
            .map(|block| block.lines.iter().filter(|line| report.notes.contains(line)).count())
            .sum();
        let expected = if audience == Audience::Owner { report.notes.len() } else { 3 + own };
        assert_eq!(told, expected, "{audience}");
        let is_cut = told < report.notes.len();
        assert_eq!(text.contains("More in the full report."), is_cut, "{audience}");
        assert_eq!(html.contains("More in the full report."), is_cut, "{audience}");
    }
}

#[test]
fn the_page_of_twelve_personas_over_eight_quarters_stays_small() {
    let report = large(12, 8);
    let page = templates().page(&report).unwrap();
    assert_eq!(page.matches("<article class=\"card").count(), 12);
    assert_eq!(page.matches("class=\"heat\"").count(), 1);
    let tree = page.split("id=\"tree-title\"").nth(1).unwrap();
    assert!(report.tree.periods.iter().all(|period| tree.contains(&period.to_string())));
    // The page may have 1.5 MB.
    assert!(page.len() <= 1_500_000, "{} bytes", page.len());
}
