//! What a revision says of figures old and new: causes, people, and nothing about a handful.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::people::personas;
use super::*;
use crate::Minor;
use crate::basics::locale::Locale;
use crate::drift::gate::tests::persona;
use crate::personas::Persona;
use crate::report::{PartChange, SourceChange, Unit};

const MIN_CELL: u64 = 10;

fn kpi(key: &str, unit: Unit, now: f64) -> Kpi {
    Kpi {
        key: key.to_owned(),
        label: key.replace('_', " "),
        unit,
        now: Some(now),
        previous: None,
        year_before: None,
        change: None,
        relative_change: None,
        like_for_like: None,
        note: None,
    }
}

fn moved(rows: &[(u32, u32, u64, u64)]) -> Vec<Moved> {
    let row = |&(old_segment, new_segment, customers, changed_customers)| Moved {
        old_segment,
        new_segment,
        customers,
        changed_customers,
    };
    rows.iter().map(row).collect()
}

fn part(part: Part, before: Option<&str>) -> PartChange {
    PartChange { part, label: part.label().to_owned(), before: before.map(str::to_owned), now: "now".to_owned() }
}

#[test]
fn a_figure_is_shown_if_enough_customers_changed() {
    let old = [kpi("active_customers", Unit::Count, 900.0), kpi("net_revenue", Unit::Money, 5_000.0)];
    // Customers whose data changed, active customers now; how many figures are shown and withheld.
    let cases = [
        ("nobody's data: guests or definitions", 0, 900.0, 1, 0),
        ("a handful", 9, 905.0, 0, 2),
        ("as many as a cell may have", 10, 920.0, 2, 0),
        ("many, but the count differs by a handful", 40, 903.0, 1, 1),
        ("many, and a count that is what it was", 40, 900.0, 1, 0),
    ];
    for (name, changed, active, shown, withheld) in cases {
        let new = [kpi("active_customers", Unit::Count, active), kpi("net_revenue", Unit::Money, 5_100.0)];
        let evidence = RevisionEvidence { moved: moved(&[(1, 1, 900, changed)]), ..RevisionEvidence::default() };
        let (found, hidden) = figures(&old, &new, &evidence, MIN_CELL);
        assert_eq!((found.len(), hidden), (shown, withheld), "{name}: {found:?}");
    }
}

#[test]
fn a_cause_is_what_changed_and_can_move_the_figure() {
    let (exports, base) = (part(Part::Exports, Some("a")), part(Part::ComparedWith, Some("a")));
    let words = part(Part::Templates, Some("a"));
    let cases = [
        (vec![exports.clone(), words.clone()], "the exports", "the exports"),
        (vec![base.clone()], "not known: nothing that is recorded changed", "what it is compared with"),
        (vec![exports.clone(), base], "the exports", "the exports, what it is compared with; not told apart"),
        (vec![words], "not known: nothing that is recorded changed", "not known: nothing that is recorded changed"),
        (
            vec![part(Part::Job, None)],
            "the job's settings (not recorded then)",
            "the job's settings (not recorded then)",
        ),
    ];
    for (parts, of_total, of_forecast) in cases {
        let old = [kpi("orders", Unit::Count, 1.0), kpi("value_12_months", Unit::Money, 1.0)];
        let new = [kpi("orders", Unit::Count, 2.0), kpi("value_12_months", Unit::Money, 2.0)];
        let evidence = RevisionEvidence { parts, ..RevisionEvidence::default() };
        let (found, _) = figures(&old, &new, &evidence, MIN_CELL);
        let causes: Vec<&str> = found.iter().map(|figure| figure.cause.as_str()).collect();
        assert_eq!(causes, [of_total, of_forecast]);
    }
}

#[test]
fn personas_are_compared_by_their_people_and_small_differences_are_withheld() {
    let of = |segment, customers| persona(segment, customers, 0.5, Minor(100 * customers as i64));
    // The segments change their numbers: 1 is now 2. Who is in it, what is shown of which, who came or went, what is withheld.
    let cases = [
        (
            "many moved and changed",
            &[(1, 2, 300, 40), (2, 1, 500, 30), (0, 2, 20, 20), (0, 1, 30, 30)][..],
            true,
            true,
            0,
        ),
        (
            "one by a handful: the other with it",
            &[(1, 2, 300, 40), (2, 1, 500, 30), (0, 2, 4, 4), (0, 1, 30, 30)],
            false,
            false,
            0,
        ),
        (
            "a handful's data of one: the other with it",
            &[(1, 2, 300, 3), (2, 1, 500, 30), (0, 1, 30, 30)],
            false,
            false,
            0,
        ),
        (
            "a handful who are in no persona: the persona that changed least with them",
            &[(1, 2, 300, 40), (2, 1, 500, 30), (0, 2, 20, 20), (0, 1, 30, 30), (0, 0, 50, 4)],
            false,
            true,
            0,
        ),
        (
            "half of the people went elsewhere",
            &[(1, 2, 100, 0), (1, 3, 200, 0), (2, 1, 500, 20), (0, 2, 150, 15)],
            false,
            false,
            2,
        ),
    ];
    for (name, rows, first, second, unmatched) in cases {
        let rows = moved(rows);
        let size = |is_in: &dyn Fn(&Moved) -> bool| rows.iter().filter(|row| is_in(row)).map(|row| row.customers).sum();
        let old: Vec<Persona> = [1, 2].map(|segment| of(segment, size(&|row| row.old_segment == segment))).to_vec();
        let mut new: Vec<Persona> = [1, 2].map(|segment| of(segment, size(&|row| row.new_segment == segment))).to_vec();
        new.iter_mut().for_each(|persona| persona.net_revenue = persona.net_revenue.map(|net| Minor(net.0 + 77)));
        let evidence = RevisionEvidence { moved: rows, ..RevisionEvidence::default() };
        let (found, others, withheld) = personas(&old, &new, &evidence, MIN_CELL);
        let shows = |persona: &Persona| found.iter().any(|figure| figure.key == persona.key);
        assert_eq!(others.len(), unmatched, "{name}: {others:?}");
        if unmatched == 0 {
            assert_eq!((shows(&new[1]), shows(&new[0])), (first, second), "{name}: {found:?}");
            assert_eq!(withheld == 0, first && second, "{name}");
            let before = found.iter().find(|figure| figure.key == new[1].key && figure.label == "customers");
            assert!(before.is_none_or(|figure| figure.before == Some(old[0].customers as f64)), "{name}: {before:?}");
        }
    }
}

#[test]
fn three_lines_say_it() {
    let words = Words { locale: Locale::En, currency: "EUR".parse().unwrap() };
    let figure = |key: &str, subject: &str| FigureChange {
        key: key.to_owned(),
        subject: subject.to_owned(),
        label: "Net revenue".to_owned(),
        unit: Unit::Money,
        before: Some(1_000_000.0),
        now: Some(1_250_000.0),
        cause: String::new(),
    };
    let mut changes = RevisionChanges {
        from_revision: 1,
        reason: None,
        sources: vec![SourceChange {
            source: "order_lines".to_owned(),
            appeared: 1,
            rows_before: 1_000,
            rows_now: 2_204,
            ..SourceChange::default()
        }],
        parts: vec![part(Part::Exports, Some("a")), part(Part::Models, Some("a"))],
        figures: vec![figure("net_revenue", "")],
        personas: vec![figure("a", "A"), figure("a", "A"), figure("b", "B")],
        unmatched: Vec::new(),
        withheld: 0,
        sentences: Vec::new(),
    };
    let expected = [
        "Changed since revision 1: order lines +1,204 rows, the SQL models.",
        "Net revenue €10,000 → €12,500.",
        "Personas with other figures: 2 of 4.",
    ];
    assert_eq!(sentences::sentences(&changes, &words, MIN_CELL, 4), expected);
    changes.withheld = 3;
    changes.figures.clear();
    changes.personas.clear();
    changes.sources.clear();
    changes.parts.clear();
    let expected =
        ["Since revision 1 nothing that is recorded changed.", "What fewer than 10 customers changed is not shown."];
    assert_eq!(sentences::sentences(&changes, &words, MIN_CELL, 4), expected);
}
