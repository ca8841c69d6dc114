#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::super::Evidence;
use super::*;
use crate::drift::gate::tests::persona;
use crate::facets::Answer;
use crate::personas::note::Expectation;
use crate::personas::tree::grow;
use crate::tables::feedback::Topic;
use crate::{Minor, Period};

fn written(topic: Topic, review_by: &str, holds_while: Option<Expectation>) -> WrittenNote {
    WrittenNote {
        topic,
        text: "wants to be done by Friday".to_owned(),
        author: "research".to_owned(),
        written_on: "2016-01-04".parse().unwrap(),
        evidence: "12 interviews".to_owned(),
        review_by: review_by.parse().unwrap(),
        holds_while,
    }
}

fn set(personas: Vec<Persona>) -> PersonaSet {
    PersonaSet { personas, ..PersonaSet::of_nobody() }
}

#[test]
fn notes_follow_the_lineage_and_say_when_to_look_again() {
    let (before, now): (Period, Period) = ("2016Q1".parse().unwrap(), "2016Q2".parse().unwrap());
    let old = set(vec![persona(1, 100, 1.0, Minor(0))]);
    let mut child = persona(2, 60, 0.6, Minor(0));
    child.parents = vec!["p1".to_owned()];
    child.facets = vec![Answer {
        facet: "mean_order".to_owned(),
        group: None,
        item: None,
        of: 60,
        customers: None,
        figure: 20.0,
        low_95: 18.0,
        high_95: 22.0,
        standard_error: 1.0,
        others: Some(30.0),
        stands_out: false,
        last: None,
        year_ago: None,
    }];
    child.evidence = vec![Evidence {
        field: "Frustrations".to_owned(),
        state: "no evidence yet".to_owned(),
        source_needed: String::new(),
    }];
    let mut current = set(vec![persona(1, 40, 0.4, Minor(0)), child]);
    let tree = grow([(before, &old), (now, &current)]);
    let rests_on = Expectation { column: "mean_order".to_owned(), at_least: Some(25.0), at_most: None };
    let notes = Notes::from([
        ("p1".to_owned(), vec![written(Topic::Goals, "2018-01-01", None)]),
        ("p2".to_owned(), vec![written(Topic::Frustrations, "2016-03-01", Some(rests_on))]),
        ("gone".to_owned(), vec![written(Topic::Goals, "2018-01-01", None)]),
    ]);
    attach(&mut current, &tree, &notes, now.as_of());
    let (parent, child) = (&current.personas[0], &current.personas[1]);
    assert_eq!(parent.notes.iter().map(|note| note.review.len()).collect::<Vec<_>>(), [0]);
    let reviews: Vec<&[String]> = child.notes.iter().map(|note| note.review.as_slice()).collect();
    assert_eq!(reviews[0], ["inherited from P1: does it still hold?"]);
    assert_eq!(
        reviews[1],
        ["due for review since 2016-03-01", "the data contradict it: `mean_order` is 20.00 on average now"]
    );
    assert!(child.evidence.is_empty(), "a note fills the gap");
}
