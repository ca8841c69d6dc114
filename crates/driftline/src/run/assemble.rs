//! Step 13: puts the compared figures into one report, with the words that everybody will read.

mod alarm;
mod compared;
mod facts;
mod figures;
mod headline;
mod market;
mod parts;
mod words;

use std::collections::BTreeMap;

use driftline_core::basics::locale::Words;
use driftline_core::drift::bridge::Measure;
use driftline_core::drift::change::{Change, Verdict};
use driftline_core::personas::tree::FamilyTree;
use driftline_core::personas::year_ago;
use driftline_core::report::{Headline, HeadlineKind, Method, Models, Quality, Report, SCHEMA, audience};

use self::compared::{Comparison, has_value};
use self::facts::Facts;
use self::figures::kpis;
use self::headline::headline;
pub(crate) use self::parts::Parts;
use self::parts::Shown;
use self::words::{data_notes, told, unchanged};
use crate::error::{InPlace, Result};

/// Builds the report.
///
/// # Errors
/// `Error::Bridge` if a bridge does not close: a bug, and nothing is published.
pub(crate) fn report(mut parts: Parts<'_>) -> Result<Report> {
    let place = format!("{} {}", parts.plan.market, parts.plan.period);
    let words = Words { locale: parts.job.locale(&parts.plan.market), currency: parts.job.currency.clone() };
    let shown = Shown::of(&parts);
    if let Some(then) = parts.year_before.filter(|then| shown.comparable && then.partial.is_none()) {
        year_ago::attach(&mut parts.personas, then.period, &then.personas);
    }
    let compared = Comparison::of(&parts, &words, shown).in_place(&place)?;
    let said = said(&parts, &words, &compared, shown);
    let mut report = put_together(parts, shown, compared, said);
    report.for_you = audience::for_everybody(&report);
    Ok(report)
}

/// What the report says in sentences.
struct Said {
    headline: Headline,
    change_sentences: Vec<String>,
    unchanged: String,
    notes: Vec<String>,
}

fn said(parts: &Parts<'_>, words: &Words, compared: &Comparison, shown: Shown) -> Said {
    let Shown { visible, comparable } = shown;
    let passed: Vec<&Change> = compared.changes.iter().filter(|line| line.verdict == Verdict::Changed).collect();
    let told = told(&passed);
    let facts = Facts {
        words,
        bridges: &compared.bridges,
        measure: headline_measure(parts),
        market: compared.market_change.as_ref(),
        told: &told,
        newcomers: compared.newcomers,
        assortment: compared.assortment.as_ref(),
        visible,
        comparable,
    };
    let headline = headline(parts, &facts);
    let mut change_sentences = Vec::new();
    if headline.kind == HeadlineKind::Changed {
        change_sentences = words.changes(&told);
        change_sentences.extend(compared.assortment.iter().flat_map(|assortment| assortment.news.iter().cloned()));
    }
    // Where the data are not trusted, nothing is said to be as it was either.
    let is_trusted = comparable && headline.kind != HeadlineKind::DataAlarm;
    let unchanged = unchanged(&compared.changes, &parts.personas.events, is_trusted);
    let notes = compared.notes.iter().cloned().chain(data_notes(parts, visible)).collect();
    Said { headline, change_sentences, unchanged, notes }
}

fn headline_measure(parts: &Parts<'_>) -> Measure {
    if has_value(parts) { parts.job.headline_measure } else { Measure::NetRevenue }
}

fn method(parts: &Parts<'_>) -> Method {
    let horizon_days = parts.plan.horizon_days(parts.job);
    Method {
        active_days: parts.job.active_days,
        horizon_days,
        min_cell: parts.job.personas.min_cell,
        others_least: parts.job.others_least(),
        headline_measure: headline_measure(parts),
        churn_event: format!("no purchase in the next {horizon_days} days"),
        value_definition:
            "expected net amount of the next 365 days, undiscounted, returns taken off; rounded per customer".to_owned(),
    }
}

fn put_together(parts: Parts<'_>, shown: Shown, compared: Comparison, said: Said) -> Report {
    let Shown { visible, comparable } = shown;
    let (job, plan, previous) = (parts.job, parts.plan, parts.previous);
    Report {
        schema: SCHEMA.to_owned(),
        method: method(&parts),
        kpis: if visible {
            kpis(&parts, comparable, &compared.bridges, compared.risk_changes.as_ref())
        } else {
            Vec::new()
        },
        content_id: parts.content_id,
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        job: job.name.clone(),
        title: job.title.clone(),
        market: plan.market.clone(),
        market_name: job.market_name(&plan.market),
        currency: job.currency.clone(),
        locale: job.locale(&plan.market),
        period: plan.period,
        period_title: plan.period.title(),
        period_noun: plan.period.noun(),
        as_of: plan.as_of,
        previous_period: previous.map(|previous| previous.period),
        previous_title: previous.map(|previous| previous.period.title()),
        revision: parts.revision,
        revision_reason: parts.reason,
        revision_changes: None,
        status: parts.status,
        partial: plan.partial.clone(),
        headline: said.headline,
        totals: visible.then_some(parts.tables.totals.shown(job.personas.min_cell)),
        bridges: compared.bridges,
        personas: parts.personas,
        migration: compared.migration,
        decomposition: compared.decomposition,
        sales_change: compared.sales_change,
        sales_change_note: compared.sales_change_note,
        assortment: compared.assortment,
        rfm_groups: compared.rfm_groups,
        facets: if visible { parts.facets } else { Vec::new() },
        attribute_drift: if comparable { parts.attribute_drift } else { Vec::new() },
        tree: if visible { parts.tree } else { FamilyTree::default() },
        acquisition: visible.then_some(parts.acquisition),
        scorecard: parts.tables.scorecard.filter(|_| visible),
        risk_changes: compared.risk_changes,
        market_change: compared.market_change,
        changes: compared.changes,
        change_sentences: said.change_sentences,
        unchanged: said.unchanged,
        notes: said.notes,
        models: if visible { parts.models } else { without_figures(parts.models) },
        quality: if visible { parts.quality } else { without_rows(parts.quality) },
        for_you: Vec::new(),
    }
}

/// Models of a market of which nothing may be said.
fn without_figures(models: Models) -> Models {
    Models { value_tier: models.value_tier, value_note: models.value_note, ..Models::default() }
}

fn without_rows(quality: Quality) -> Quality {
    Quality {
        source_rows: BTreeMap::new(),
        unidentified_gross_share: None,
        past_id: None,
        fingerprints: BTreeMap::new(),
        ..quality
    }
}
