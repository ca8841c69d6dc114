//! What templates see: the report as it is in `report.json`, plus shapes that a template must not compute.
//!
//! Shapes are places, widths, orders and line breaks. A figure that a reader sees is always the report's own.

use std::collections::BTreeSet;

use driftline_core::basics::locale::Words;
use driftline_core::drift::bridge::Bridge;
use driftline_core::drift::change::Change;
use driftline_core::drift::migration::Migration;
use driftline_core::personas::lineage::SegmentEventKind;
use driftline_core::personas::{Ended, Persona, Role};
use driftline_core::report::{Audience, ForYou, HeadlineKind, Kpi, Quality, Report, Section};
use driftline_core::tables::profile::FeatureTilt;
use serde::Serialize;

use crate::brand::Brand;
use crate::chart::{self, BarView};
use crate::facet_view::{BlockView, blocks};
use crate::picture::Shown;

/// Columns of a plain-text mail.
const COLUMNS: usize = 76;

/// Figures of a mail's strip; the page has all of them.
const MAIL_FIGURES: usize = 4;

/// Notes of a mail to anybody but the owner; the page has all of them.
const MAIL_NOTES: usize = 3;

/// What a mail says besides the report: to whom, why, and how to get no more. The page has an empty one.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Letter<'a> {
    pub audience: Audience,
    /// Where the full report lies.
    pub report_location: &'a str,
    pub reason: &'a str,
    /// Address that takes "pause" and "unsubscribe".
    pub write_to: &'a str,
}

/// The context of every template.
#[derive(Clone, Debug, Serialize)]
pub struct View<'a> {
    pub report: &'a Report,
    /// The bridge of the headline first.
    pub bridges: Vec<BridgeView<'a>>,
    /// The personas that lead, best first.
    pub primary: Vec<Card<'a>>,
    pub others: Vec<Card<'a>>,
    /// What happened to personas; nothing of it where they were drawn anew.
    pub new_personas: Vec<&'a Persona>,
    pub fading_personas: Vec<&'a Persona>,
    pub ended_personas: &'a [Ended],
    /// Whether any figure has one of the same period last year: else there is no such column.
    pub has_year_before: bool,
    pub migration: Option<Heat<'a>>,
    pub sources: Vec<Source<'a>>,
    /// What was noticed of the exports.
    pub export_notes: &'a [String],
    pub plain: Plain,
    pub html: Html,
    /// The first figures, for a mail's strip.
    pub mail_kpis: &'a [Kpi],
    /// The first notes, for a mail: the owner has all. What `for_you` says is not said again.
    pub mail_notes: Vec<&'a str>,
    /// Whether the report has notes that this mail does not show.
    pub has_more_notes: bool,
    /// What is odd about the exports: on the page, and in a mail to the owner only.
    pub export_warnings: &'a [String],
    /// What the mail says to its audience besides; `None` for everyone.
    pub for_you: Option<&'a ForYou>,
    /// Sections of the mail in the reader's order.
    pub sections: Vec<Section>,
    pub letter: &'a Letter<'a>,
    pub brand: &'a Brand,
    /// The picture of the headline's bridge; only in mails.
    pub chart: Option<&'a Shown>,
}

#[derive(Clone, Debug, Serialize)]
pub struct BridgeView<'a> {
    pub bridge: &'a Bridge,
    pub bars: Vec<BarView>,
    pub svg: String,
}

/// A persona with what its card draws.
#[derive(Clone, Debug, Serialize)]
pub struct Card<'a> {
    pub persona: &'a Persona,
    /// Its lines of the report's changes.
    pub changes: Vec<&'a Change>,
    /// What it differs in by at least `APART_MIN`, most first.
    pub tilts: Vec<Tilt<'a>>,
    /// Labels of the features in which it is much like everyone; those that do not vary at all are left out.
    pub like_everyone: Vec<&'a str>,
    /// What the facets say, by block.
    pub blocks: Vec<BlockView<'a>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Tilt<'a> {
    pub tilt: &'a FeatureTilt,
    pub is_above: bool,
    pub svg: String,
}

/// The migration table with a shade for each cell.
#[derive(Clone, Debug, Serialize)]
pub struct Heat<'a> {
    pub to: &'a [String],
    pub rows: Vec<HeatRow<'a>>,
}

#[derive(Clone, Debug, Serialize)]
pub struct HeatRow<'a> {
    pub from: &'a str,
    pub cells: Vec<HeatCell>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeatCell {
    pub customers: Option<u64>,
    /// 0 (nobody, or hidden) to 5 (most of the row's shown customers).
    pub shade: u8,
    /// The same persona in both periods.
    pub is_stay: bool,
}

/// A source of the exports: how many rows were read, and which columns nobody asked for.
#[derive(Clone, Debug, Serialize)]
pub struct Source<'a> {
    pub name: &'a str,
    pub rows: Option<u64>,
    pub ignored: &'a [String],
}

/// The report's sentences broken into lines for `body.txt`; a line after the first of a list item is indented by two.
#[derive(Clone, Debug, Serialize)]
pub struct Plain {
    pub headline: String,
    pub partial: Option<String>,
    pub revision_reason: Option<String>,
    /// What a revision changed: at most three.
    pub revision_sentences: Vec<String>,
    pub change_sentences: Vec<String>,
    /// Why sales moved, where the mail tells of changes.
    pub why_sales_moved: Vec<String>,
    pub unchanged: String,
    /// How the last forecast turned out.
    pub scorecard: Option<String>,
    pub notes: Vec<String>,
    pub export_warnings: Vec<String>,
    pub for_you: Vec<String>,
    pub of_facets: Vec<String>,
    pub recipient_reason: String,
}

/// Sentences as HTML, already escaped: for `| safe`. No line breaks between a minus and its amount or a number and its unit.
#[derive(Clone, Debug, Serialize)]
pub struct Html {
    pub headline: String,
    /// What a revision changed: at most three.
    pub revision_sentences: Vec<String>,
    pub change_sentences: Vec<String>,
    /// Why sales moved, where the mail tells of changes.
    pub why_sales_moved: Vec<String>,
    pub for_you: Vec<String>,
    pub of_facets: Vec<String>,
}

impl<'a> View<'a> {
    pub fn new(report: &'a Report, letter: &'a Letter<'a>, brand: &'a Brand) -> Self {
        let for_you = report.for_you.iter().find(|block| block.audience == letter.audience);
        let words = Words { locale: report.locale, currency: report.currency.clone() };
        let titles = [report.previous_title.as_deref().unwrap_or("before"), report.period_title.as_str()];
        let headline = report.headline_bridge().map(|bridge| bridge.measure);
        let mut ordered: Vec<&Bridge> = report.bridges.iter().collect();
        ordered.sort_by_key(|bridge| (Some(bridge.measure) != headline, bridge.measure));
        let bridges = ordered
            .into_iter()
            .map(|bridge| BridgeView {
                bridge,
                bars: chart::bars(bridge),
                svg: chart::waterfall(bridge, titles, &words),
            })
            .collect();
        let mail_notes = mail_notes(report, for_you, letter.audience);
        let said = for_you.map_or(&[][..], |block| &block.lines);
        let has_more_notes =
            report.notes.iter().any(|note| !mail_notes.contains(&note.as_str()) && !said.contains(note));
        let (primary, others) = report
            .personas
            .personas
            .iter()
            .map(|persona| Card::new(persona, report))
            .partition(|card| card.persona.role == Role::Primary);
        let set = &report.personas;
        let faded = |persona: &&Persona| {
            set.events.iter().any(|event| event.kind == SegmentEventKind::Faded && event.key == persona.key)
        };
        let is_new = |persona: &&Persona| !set.is_redrawn && persona.since == report.period;
        Self {
            report,
            bridges,
            new_personas: set.personas.iter().filter(is_new).collect(),
            fading_personas: set.personas.iter().filter(faded).collect(),
            ended_personas: if set.is_redrawn { &[] } else { &set.ended },
            primary,
            others,
            has_year_before: report.kpis.iter().any(|kpi| kpi.year_before.is_some()),
            migration: report.migration.as_ref().map(heat),
            sources: sources(&report.quality),
            export_notes: &report.quality.export_notes,
            plain: Plain::new(report, for_you, letter, &mail_notes),
            html: Html::new(report, for_you),
            mail_kpis: &report.kpis[..report.kpis.len().min(MAIL_FIGURES)],
            mail_notes,
            has_more_notes,
            export_warnings: export_warnings(report, letter.audience),
            for_you,
            sections: letter.audience.sections(),
            letter,
            brand,
            chart: None,
        }
    }
}

/// Standard deviations below which nothing sets a persona apart: a small effect by Cohen (1988), *Statistical power analysis*, p. 25.
const APART_MIN: f64 = 0.2;

impl<'a> Card<'a> {
    fn new(persona: &'a Persona, report: &'a Report) -> Self {
        let everywhere = report.personas.personas.iter().flat_map(|persona| &persona.tilts);
        let most = everywhere.map(|tilt| tilt.tilt.abs()).fold(0.0, f64::max);
        let mut tilts: Vec<&FeatureTilt> = persona.tilts.iter().filter(|tilt| tilt.tilt != 0.0).collect();
        tilts.sort_by(|a, b| b.tilt.abs().total_cmp(&a.tilt.abs()).then(a.column.cmp(&b.column)));
        let (apart, alike): (Vec<_>, Vec<_>) = tilts.into_iter().partition(|tilt| tilt.tilt.abs() >= APART_MIN);
        Self {
            persona,
            changes: report.changes.iter().filter(|change| change.subject == persona.key).collect(),
            tilts: apart
                .into_iter()
                .map(|tilt| Tilt { tilt, is_above: tilt.tilt > 0.0, svg: chart::tilt(tilt.tilt, most) })
                .collect(),
            like_everyone: alike.into_iter().map(|tilt| tilt.label.as_str()).collect(),
            blocks: blocks(&report.facets, persona),
        }
    }
}

fn export_warnings(report: &Report, audience: Audience) -> &[String] {
    if audience == Audience::Owner { &report.quality.warnings } else { &[] }
}

fn mail_notes<'a>(report: &'a Report, for_you: Option<&ForYou>, audience: Audience) -> Vec<&'a str> {
    let most = if audience == Audience::Owner { usize::MAX } else { MAIL_NOTES };
    let is_said = |note: &String| for_you.is_some_and(|block| block.lines.contains(note));
    report.notes.iter().filter(|note| !is_said(note)).map(String::as_str).take(most).collect()
}

fn heat(migration: &Migration) -> Heat<'_> {
    let row = |(from, customers): (&'_ String, &Vec<Option<u64>>)| {
        let shown: u64 = customers.iter().flatten().sum();
        customers
            .iter()
            .zip(&migration.to)
            .map(|(customers, to)| HeatCell {
                customers: *customers,
                shade: shade(customers.unwrap_or(0), shown),
                is_stay: from == to,
            })
            .collect()
    };
    let rows = migration.from.iter().zip(&migration.customers);
    Heat { to: &migration.to, rows: rows.map(|(from, line)| HeatRow { from, cells: row((from, line)) }).collect() }
}

fn shade(customers: u64, of: u64) -> u8 {
    (0..5u8).filter(|step| customers > 0 && 5 * customers > u64::from(*step) * of).count() as u8
}

fn sources(quality: &Quality) -> Vec<Source<'_>> {
    let names: BTreeSet<&String> = quality.source_rows.keys().chain(quality.ignored_columns.keys()).collect();
    names
        .into_iter()
        .map(|name| Source {
            name,
            rows: quality.source_rows.get(name).copied(),
            ignored: quality.ignored_columns.get(name).map_or(&[], Vec::as_slice),
        })
        .collect()
}

fn revision_sentences(report: &Report) -> &[String] {
    report.revision_changes.as_ref().map_or(&[], |changes| &changes.sentences)
}

impl Plain {
    fn new(report: &Report, for_you: Option<&ForYou>, letter: &Letter<'_>, notes: &[&str]) -> Self {
        let items = |texts: &[String]| texts.iter().map(|text| broken(text, COLUMNS - 2, "  ")).collect();
        Self {
            headline: broken(&report.headline.sentence, COLUMNS, ""),
            partial: report.partial.as_ref().map(|text| broken(text, COLUMNS, "")),
            revision_reason: report.revision_reason.as_ref().map(|text| broken(text, COLUMNS, "")),
            revision_sentences: items(revision_sentences(report)),
            change_sentences: items(&report.change_sentences),
            why_sales_moved: items(why_sales_moved(report)),
            unchanged: broken(&report.unchanged, COLUMNS, ""),
            scorecard: report.scorecard.as_ref().map(|scorecard| broken(&scorecard.sentence, COLUMNS, "")),
            notes: notes.iter().map(|note| broken(note, COLUMNS - 2, "  ")).collect(),
            export_warnings: items(export_warnings(report, letter.audience)),
            for_you: items(for_you.map_or(&[], |block| &block.lines)),
            of_facets: items(for_you.map_or(&[], |block| &block.of_facets)),
            recipient_reason: broken(letter.reason, COLUMNS, ""),
        }
    }
}

impl Html {
    fn new(report: &Report, for_you: Option<&ForYou>) -> Self {
        let unbroken_all = |lines: &[String]| lines.iter().map(|line| unbroken(line)).collect();
        Self {
            headline: unbroken(&report.headline.sentence),
            revision_sentences: unbroken_all(revision_sentences(report)),
            change_sentences: unbroken_all(&report.change_sentences),
            why_sales_moved: unbroken_all(why_sales_moved(report)),
            for_you: unbroken_all(for_you.map_or(&[], |block| &block.lines)),
            of_facets: unbroken_all(for_you.map_or(&[], |block| &block.of_facets)),
        }
    }
}

fn why_sales_moved(report: &Report) -> &[String] {
    let is_told = matches!(report.headline.kind, HeadlineKind::Changed | HeadlineKind::LargeNotSure);
    report.assortment.as_ref().filter(|_| is_told).map_or(&[], |assortment| &assortment.why)
}

pub(crate) fn unbroken(text: &str) -> String {
    let whole = |word: &String| {
        let escaped = chart::escape(word);
        if word.contains([' ', '−', '+']) {
            format!("<span style=\"white-space:nowrap\">{escaped}</span>")
        } else {
            escaped
        }
    };
    words(text).iter().map(whole).collect::<Vec<_>>().join(" ")
}

/// The words of a text; a unit stays with its number as one word, so that no line begins with `%` or `pts`.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    // Not at every white space: some locales group digits with a narrow one.
    for word in text.split([' ', '\n']).filter(|word| !word.is_empty()) {
        match words.last_mut() {
            Some(last) if word.starts_with('%') || word.starts_with("pts") => *last = format!("{last} {word}"),
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// Breaks a text into lines between words.
fn broken(text: &str, columns: usize, indent: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in words(text) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                *line = format!("{line} {word}")
            }
            _ => lines.push(word),
        }
    }
    lines.join(&format!("\n{indent}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_never_before_a_unit() {
        let cases = [
            ("value fell 1.1 % to $4", 13, "", "value fell\n1.1 % to $4"),
            ("one  two\nthree", 8, "  ", "one two\n  three"),
            ("+12\u{202f}345 here", 7, "", "+12\u{202f}345\nhere"),
            ("", 8, "", ""),
        ];
        for (text, columns, indent, expected) in cases {
            assert_eq!(broken(text, columns, indent), expected);
        }
    }

    #[test]
    fn figures_stay_whole_and_text_is_escaped() {
        let whole = |text: &str| format!("<span style=\"white-space:nowrap\">{text}</span>");
        let expected = format!("a&lt;b fell {} {}", whole("1.1 %:"), whole("(−$5)."));
        assert_eq!(unbroken("a<b fell 1.1 %: (−$5)."), expected);
    }

    #[test]
    fn a_shade_is_the_part_of_the_row_that_is_shown() {
        assert_eq!([0, 1, 20, 21, 99, 100].map(|customers| shade(customers, 100)), [0, 1, 1, 2, 5, 5]);
        assert_eq!(shade(0, 0), 0);
    }
}
