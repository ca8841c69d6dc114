//! Who came from whom: the family tree of a market as a drawing and a table, and the relatives of one persona.

use std::collections::BTreeSet;

use driftline_core::personas::Role;
use driftline_core::personas::tree::{FamilyTree, grow};
use serde::Serialize;

use super::shelf::{Shelf, href};
use crate::chart::escape;

const ROW: f64 = 46.0;
const HEAD: f64 = 22.0;
/// Height in pixels of a line of a label, and the most characters of one: a phone of 360 pixels shows it whole.
const LINE: f64 = 15.0;
const LABEL_CHARACTERS: usize = 38;
/// Radius in pixels of the smallest mark and of the largest share there is.
const SMALLEST: f64 = 3.0;
const LARGEST: f64 = 10.0;

#[derive(Debug, Serialize)]
pub(super) struct Tree {
    svg: String,
    /// Titles of the quarters, oldest first.
    periods: Vec<String>,
    rows: Vec<Branch>,
}

#[derive(Debug, Serialize)]
struct Branch {
    label: String,
    key: String,
    href: String,
    /// One a quarter: share and role.
    cells: Vec<Option<(String, Role)>>,
    events: Vec<(String, String)>,
}

/// A persona related to another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Relative {
    label: String,
    /// From the root of the site.
    href: String,
    /// When it became related.
    title: String,
}

/// Everything about the family of one persona.
#[derive(Debug, Serialize)]
pub(super) struct Family {
    parents: Vec<Relative>,
    children: Vec<Relative>,
    events: Vec<(String, String)>,
}

/// A step from one persona to another: from, to, and the place of the quarter in which `to` took its people.
type Link = (String, String, usize);

fn links(shelf: &Shelf<'_>) -> BTreeSet<Link> {
    let of_report = |(place, report): (usize, &&driftline_core::report::Report)| {
        let mut found = Vec::new();
        for persona in &report.personas.personas {
            let others = persona.parents.iter().filter(|parent| **parent != persona.key);
            found.extend(others.map(|parent| (parent.clone(), persona.key.clone(), place)));
        }
        found
    };
    shelf.reports.iter().enumerate().flat_map(of_report).collect()
}

fn grown(shelf: &Shelf<'_>) -> FamilyTree {
    grow(shelf.reports.iter().map(|report| (report.period, &report.personas)))
}

/// The tree of a market; absent if it never had a persona.
pub(super) fn tree(shelf: &Shelf<'_>) -> Option<Tree> {
    let tree = grown(shelf);
    if tree.branches.is_empty() {
        return None;
    }
    let locale = shelf.newest.locale;
    let rows = tree
        .branches
        .iter()
        .map(|branch| Branch {
            label: branch.label.clone(),
            key: branch.key.clone(),
            href: href(shelf.market, &branch.key),
            cells: branch
                .seen
                .iter()
                .map(|seen| seen.as_ref().map(|seen| (locale.percent(seen.share, 1), seen.role)))
                .collect(),
            events: branch.events.iter().map(|event| (event.period.title(), event.sentence.clone())).collect(),
        })
        .collect();
    Some(Tree {
        svg: drawn(&tree, &links(shelf)),
        periods: tree.periods.iter().map(|period| period.title()).collect(),
        rows,
    })
}

/// Who a persona came from and who came from it. A parent may be of another market, whose model assigned it.
pub(super) fn family(shelf: &Shelf<'_>, all: &[Shelf<'_>], key: &str) -> Family {
    let named = |other: &str, place: usize| {
        let found = all.iter().flat_map(|shelf| &shelf.members).find(|member| member.persona.key == other)?;
        Some(Relative {
            label: found.persona.label.clone(),
            href: href(&found.report.market, other),
            title: shelf.reports.get(place)?.period_title.clone(),
        })
    };
    let links = links(shelf);
    let events = grown(shelf)
        .branches
        .into_iter()
        .find(|branch| branch.key == key)
        .map(|branch| branch.events.into_iter().map(|event| (event.period.title(), event.sentence)).collect());
    Family {
        parents: links.iter().filter(|(_, to, _)| to == key).filter_map(|(from, _, at)| named(from, *at)).collect(),
        children: links.iter().filter(|(from, _, _)| from == key).filter_map(|(_, to, at)| named(to, *at)).collect(),
        events: events.unwrap_or_default(),
    }
}

/// A label in lines that a phone shows whole, broken between words; a longer word stays whole. At least one line.
fn lines(label: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in label.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LABEL_CHARACTERS => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The mark of a persona in one period.
fn mark(role: Role, x: f64, y: f64, radius: f64) -> String {
    match role {
        Role::Primary => format!("<circle class=\"primary\" cx=\"{x:.1}%\" cy=\"{y:.0}\" r=\"{radius:.1}\"/>"),
        Role::Secondary => format!("<circle class=\"secondary\" cx=\"{x:.1}%\" cy=\"{y:.0}\" r=\"{radius:.1}\"/>"),
        Role::Negative => format!(
            "<svg x=\"{x:.1}%\" y=\"{y:.0}\" overflow=\"visible\"><rect class=\"negative\" x=\"{0:.1}\" y=\"{0:.1}\" width=\"{1:.1}\" height=\"{1:.1}\"/></svg>",
            -radius,
            2.0 * radius
        ),
    }
}

fn drawn(tree: &FamilyTree, links: &BTreeSet<Link>) -> String {
    let count = tree.periods.len();
    let across = |place: usize| match count {
        0 | 1 => 50.0,
        _ => 5.0 + 90.0 * place as f64 / (count - 1) as f64,
    };
    let labels: Vec<Vec<String>> = tree.branches.iter().map(|branch| lines(&branch.label)).collect();
    let more = |upto: usize| labels[..upto].iter().map(|lines| LINE * (lines.len() - 1) as f64).sum::<f64>();
    let down = |row: usize| HEAD + ROW * row as f64 + more(row + 1) + 32.0;
    let row_of = |key: &str| tree.branches.iter().position(|branch| branch.key == key);
    let shares = tree.branches.iter().flat_map(|branch| branch.seen.iter().flatten());
    let most = shares.map(|seen| seen.share).fold(f64::MIN_POSITIVE, f64::max);
    let mut svg = format!(
        "<svg class=\"tree\" width=\"100%\" height=\"{:.0}\" style=\"min-width:{}px\" aria-hidden=\"true\">",
        HEAD + ROW * tree.branches.len() as f64 + more(labels.len()) + 8.0,
        56 * count
    );
    for (place, period) in tree.periods.iter().enumerate() {
        // The outer ones would stand half outside of the drawing.
        let (at, anchor) = match place {
            _ if count == 1 => (across(place), "middle"),
            0 => (0.0, "start"),
            _ if place + 1 == count => (100.0, "end"),
            _ => (across(place), "middle"),
        };
        svg.push_str(&format!("<text class=\"when\" x=\"{at:.1}%\" y=\"14\" text-anchor=\"{anchor}\">{period}</text>"));
    }
    let step = |svg: &mut String, class: &str, from: (usize, usize), to: (usize, usize)| {
        svg.push_str(&format!(
            "<line class=\"{class}\" x1=\"{:.1}%\" y1=\"{:.0}\" x2=\"{:.1}%\" y2=\"{:.0}\"/>",
            across(from.0),
            down(from.1),
            across(to.0),
            down(to.1)
        ));
    };
    for (from, to, place) in links {
        if let (Some(from), Some(to), Some(before)) = (row_of(from), row_of(to), place.checked_sub(1)) {
            step(&mut svg, "moved", (before, from), (*place, to));
        }
    }
    for (row, branch) in tree.branches.iter().enumerate() {
        for place in 1..count {
            if branch.seen[place - 1].is_some() && branch.seen[place].is_some() {
                step(&mut svg, "life", (place - 1, row), (place, row));
            }
        }
    }
    for (row, branch) in tree.branches.iter().enumerate() {
        for (place, seen) in branch.seen.iter().enumerate() {
            let Some(seen) = seen else { continue };
            let (x, y) = (across(place), down(row));
            let radius = SMALLEST + (LARGEST - SMALLEST) * (seen.share / most).max(0.0).sqrt();
            svg.push_str(&mark(seen.role, x, y, radius));
        }
        // Labels last: they lie over the steps of their neighbours.
        for (number, line) in labels[row].iter().rev().enumerate() {
            let up = 16.0 + LINE * number as f64;
            svg.push_str(&format!("<text class=\"who\" x=\"0\" y=\"{:.0}\">{}</text>", down(row) - up, escape(line)));
        }
    }
    svg + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_labels_are_broken_between_words() {
        let cases: [(&str, &[&str]); 4] = [
            ("Frequent customers", &["Frequent customers"]),
            (
                "Discount-led occasional big-basket customers of the north",
                &["Discount-led occasional big-basket", "customers of the north"],
            ),
            ("", &[""]),
            ("Donaudampfschifffahrtsgesellschaftskapitaene", &["Donaudampfschifffahrtsgesellschaftskapitaene"]),
        ];
        for (label, expected) in cases {
            assert_eq!(lines(label), expected);
        }
    }
}
