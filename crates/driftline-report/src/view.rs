//! What templates see: the report as it is in `report.json`, plus shapes that a template must not compute.
//!
//! Shapes are places, widths, orders and line breaks. A figure that a reader sees is always the report's own.

mod card;
mod heat;
mod mail;
mod text;

use std::collections::BTreeSet;

use driftline_core::basics::locale::Words;
use driftline_core::drift::bridge::Bridge;
use driftline_core::personas::lineage::SegmentEventKind;
use driftline_core::personas::{Ended, Persona, Role};
use driftline_core::report::{ForYou, Kpi, Quality, Report, Section};
use serde::Serialize;

pub use self::card::{Card, Tilt};
pub use self::heat::{Heat, HeatCell, HeatRow};
pub use self::mail::Letter;
use self::mail::{export_warnings, mail_notes};
pub(crate) use self::text::unbroken;
pub use self::text::{Html, Plain};
use crate::brand::Brand;
use crate::chart::{self, BarView};
use crate::picture::Shown;

/// Figures of a mail's strip; the page has all of them.
const MAIL_FIGURES: usize = 4;

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

/// A source of the exports: how many rows were read, and which columns nobody asked for.
#[derive(Clone, Debug, Serialize)]
pub struct Source<'a> {
    pub name: &'a str,
    pub rows: Option<u64>,
    pub ignored: &'a [String],
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
            migration: report.migration.as_ref().map(heat::heat),
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
