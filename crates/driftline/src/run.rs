//! One run: from a plan to a publication and its mails. This file reads like the flow table of `crates/README.md`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use driftline_core::Period;
use driftline_core::history::History;
use driftline_core::persona::note::{self, Notes};
use driftline_core::persona::{self, PersonaSet};
use driftline_core::report::{AttributeDrift, DriftedColumn, Models, Quality, Report, Status};
use driftline_core::tree::grow;
use driftline_lake::graph::Graph;
use driftline_lake::profile_drift::{COLUMNS, Group, profile_drift};
use driftline_lake::session::Limits;
use driftline_lake::source::{self, Exports, PinnedSource, Sources};
use driftline_lake::{Lake, content, fitted, read};
use driftline_ledger::{Ledger, Publication, Slot};
use driftline_report::Templates;

use crate::assemble::{self, Parts};
use crate::error::{Error, InPlace, Result};
use crate::job::Job;
use crate::outbox;
use crate::outcome::{Outcome, State, already, dry_run, outcome};
use crate::outlook;
use crate::plan::RunPlan;
use crate::progress::Progress;
use crate::recall::{Recalled, give_published, recall, recall_history, recall_own_fits, recall_parent};
use crate::restate;
use crate::scratch::{Scratch, read_file};
use crate::segment::{self, Customers, Segmented};
use crate::value;

/// What every market and period of a command shares.
pub struct Room {
    pub job: Job,
    pub graph: Arc<Graph>,
    pub sources: Sources,
    pub templates: Templates,
    pub exports: Exports,
    pub ledger: Ledger,
    pub limits: Limits,
    pub now: DateTime<Utc>,
    pub pseudonym_key: String,
    pub environment: Vec<(String, String)>,
    pub dry_run: bool,
    /// Folder for the results of a dry run.
    pub dry_folder: PathBuf,
    pub revise: Option<String>,
    /// Notes on personas by key, and the text of their files.
    pub notes: (Notes, String),
}

/// Computes, compares, publishes and mails one market and period.
///
/// # Errors
/// Any of the program's errors; nothing is published then.
pub async fn one(room: &Room, plan: &RunPlan, progress: &mut Progress) -> Result<Outcome> {
    let place = format!("{} {}", plan.market, plan.period);
    let slot = Slot { job: room.job.name.clone(), market: plan.market.clone(), period: plan.period };
    progress.begin(plan.market.as_str(), &plan.period.to_string());

    progress.says("looking at what is published");
    let revisions = room.ledger.revisions(&slot).await.in_place(&place)?;
    if let (Some(revision), None) = (revisions.last(), &room.revise) {
        let publication = room.ledger.publication(&slot, *revision).await.in_place(&place)?;
        return already(room, &publication).await;
    }
    let revision = revisions.last().map_or(1, |last| last + 1);
    let previous = recall(room, room.ledger.previous(&slot).await.in_place(&place)?).await?;
    let year_slot = Slot { period: plan.period.year_before(), ..slot.clone() };
    let year_before = recall(room, room.ledger.latest(&year_slot).await.in_place(&place)?).await?;
    let parent = recall_parent(room, plan).await?;
    progress.done("recall", None);

    progress.says("pinning the exports");
    let pinned = source::pin(&room.exports, &room.sources, plan.market.as_str()).await.in_place(&place)?;
    check_not_too_late(&pinned, plan).in_place(&place)?;
    let source_rows: u64 = pinned.iter().flat_map(|source| &source.objects).map(|object| object.rows).sum();
    progress.done("pin", Some(source_rows));

    progress.says("computing histories and profiles");
    let scratch = Scratch::new(&room.limits.scratch)?;
    let limits = Limits { scratch: scratch.path.clone(), ..room.limits.clone() };
    let parameters = plan.parameters(&room.job, &room.pseudonym_key);
    let mut lake =
        Lake::open(&limits, room.graph.clone(), parameters, room.exports.store.clone(), &pinned).in_place(&place)?;
    let computed = [
        "int_customers_described",
        "int_purchase_histories",
        "int_purchase_log",
        "int_spend_histories",
        "market_periods",
    ];
    lake.build(&computed).await.in_place(&place)?;
    let base = read::base(&lake).await.in_place(&place)?;
    progress.done("compute", Some(base.customers));

    progress.says("fitting models");
    let is_small = value::tier(&base, &room.job.file.value) == value::Tier::Provisional;
    let pool = if is_small { recall_own_fits(room, plan).await? } else { Vec::new() };
    let mut models = fit_value(room, &lake, &base, &pool).await.in_place(&place)?;
    let segmented =
        fit_segments(room, plan, &lake, &base, previous.as_ref(), parent.as_ref()).await.in_place(&place)?;
    let (status, segmented) = segmented;
    models.segments = segmented.as_ref().map(|segmented| segmented.model.clone());
    let last_report = previous.as_ref().map(|recalled| &recalled.report);
    let (reasons, value_ranges) =
        outlook::give(&lake, &room.job, plan, last_report, segmented.as_ref(), &mut models).await.in_place(&place)?;
    progress.done("fit", None);

    progress.says("scoring customers");
    let marts = [
        "customers",
        "segment_profiles",
        "segment_categories",
        "segment_attributes",
        "segment_contacts",
        "segment_topics",
        "segment_quotes",
    ];
    lake.build(&marts).await.in_place(&place)?;
    if let Some(previous) = &previous {
        restate::give_last_models(room, &lake, Some(&previous.report), segmented.as_ref()).await.in_place(&place)?;
        restate::give(room, plan, &lake, previous, &pinned, &scratch).await?;
        give_published(room, &lake, "customers", &previous.publication, &scratch).await?;
        lake.build(&["customer_flows", "scorecard", "scorecard_risks"]).await.in_place(&place)?;
    }
    let year_before = year_before.filter(|recalled| plan.period.year_before() == recalled.report.period);
    let year_is_over = year_before.as_ref().is_some_and(|recalled| is_year_graded(plan, &recalled.report));
    if let (Some(year_before), true) = (&year_before, year_is_over) {
        give_published(room, &lake, "customers_year_before", &year_before.publication, &scratch).await?;
        lake.build(&["scorecard_year"]).await.in_place(&place)?;
    }
    progress.done("score", Some(base.customers));

    progress.says("auditing");
    let audits = lake.audit().await.in_place(&place)?;
    progress.done("audit", None);

    progress.says("describing personas");
    let quarters = read::market_periods(&lake).await.in_place(&place)?;
    let totals_of = |period: Period| quarters.get(&period.to_string()).cloned().unwrap_or_default();
    let totals = totals_of(plan.period);
    let totals_restated = previous.as_ref().map_or_else(Default::default, |last| totals_of(last.report.period));
    let profiles = read::segment_profiles(&lake).await.in_place(&place)?;
    let flows = match &previous {
        Some(_) => Some(read::flows(&lake).await.in_place(&place)?),
        None => None,
    };
    let scorecard = match &previous {
        Some(previous) if is_graded(plan, &previous.report) => {
            let (scored, tenths) = read::scorecard(&lake).await.in_place(&place)?;
            let year = match (&year_before, year_is_over) {
                (Some(year_before), true) => {
                    let scored = read::scorecard_year(&lake).await.in_place(&place)?;
                    outlook::graded_year(&room.job, &year_before.report, &scored)
                }
                _ => None,
            };
            outlook::graded(&room.job, plan, &previous.report, &scored, tenths, year)
        }
        _ => None,
    };
    let mut personas = describe(
        room,
        plan,
        revision,
        &profiles,
        flows.as_deref(),
        previous.as_ref(),
        parent.as_ref(),
        status,
        segmented.as_ref(),
    );
    for persona in &mut personas.personas {
        let value = persona.value.unwrap_or_default();
        persona.value_range = value_ranges.get(&persona.segment).map(|range| range.of(value));
    }
    let everyones = profiles.iter().find(|profile| profile.segment == 0).and_then(|profile| profile.value);
    models.value_range = everyones.zip(value_ranges.get(&0)).map(|(value, range)| range.of(value));
    if let Some(model) = &mut models.forecast {
        for persona in &mut personas.personas {
            persona.risk_reasons = reasons.get(&persona.segment).cloned().unwrap_or_default();
            persona.next_period = persona.next_period.map(|next| outlook::ranged(next.value, true, model));
        }
        let all = read::next_period_of_everyone(&lake).await.in_place(&place)?;
        model.next_period = Some(outlook::ranged(all, false, model));
    }
    progress.done("describe", Some(personas.personas.len() as u64));

    let past_reports = if previous.is_some() { recall_history(room, &slot).await? } else { Vec::new() };
    let tree = grow(
        past_reports.iter().rev().map(|report| (report.period, &report.personas)).chain([(plan.period, &personas)]),
    );
    note::attach(&mut personas, &tree, &room.notes.0, plan.as_of);
    let year = year_before.as_ref().filter(|_| year_is_over).map(|recalled| &recalled.report);
    let last = previous.as_ref().map(|recalled| &recalled.report);
    let attribute_drift = attribute_drift(&lake, last, year, &personas).await.in_place(&place)?;

    progress.says("comparing");
    let content_id = content_id(room, plan, &lake, previous.as_ref()).await.in_place(&place)?;
    let past_id = read::past_id(&lake, plan.as_of).await.in_place(&place)?;
    let quality = Quality { past_id: Some(past_id), ..quality(room, plan, &pinned, &totals, audits) };
    let report = assemble::report(Parts {
        job: &room.job,
        plan,
        revision,
        reason: room.revise.clone(),
        content_id,
        status,
        base,
        totals,
        profiles,
        flows,
        previous: previous.as_ref().map(|recalled| &recalled.report),
        year_before: year_before.as_ref().map(|recalled| &recalled.report),
        totals_restated,
        attribute_drift,
        history: History::new(plan.period, &past_reports),
        tree,
        personas,
        models,
        scorecard,
        quality,
    })?;
    progress.done("compare", None);

    progress.says("writing report and mails");
    let run = run_name(room, &report);
    let folder = room.ledger.run_folder(&slot, &run);
    let report_location = room.ledger.location(&folder, "report.html");
    let page = room.templates.page(&report).in_place(&place)?;
    let mails = outbox::render(&room.job, &room.templates, &report, &report_location, room.now).in_place(&place)?;
    let mut objects: Vec<(String, Bytes)> = vec![
        ("report.json".to_owned(), serde_json::to_vec_pretty(&report)?.into()),
        ("report.html".to_owned(), page.into_bytes().into()),
    ];
    objects.extend(mails.iter().map(|mail| (format!("mails/{}.eml", mail.name), Bytes::from(mail.bytes.clone()))));
    progress.done("write", None);

    if room.dry_run {
        return dry_run(room, &report, &lake, objects);
    }
    progress.says("publishing");
    let mut records = Vec::new();
    for table in lake.published() {
        let bytes = read_file(&table.path)?;
        records
            .push(room.ledger.put(&folder, &format!("tables/{}.parquet", table.name), bytes).await.in_place(&place)?);
    }
    for (name, bytes) in objects {
        records.push(room.ledger.put(&folder, &name, bytes).await.in_place(&place)?);
    }
    let publication = Publication {
        schema: driftline_ledger::publication::SCHEMA.to_owned(),
        job: room.job.name.clone(),
        market: plan.market.clone(),
        period: plan.period,
        revision,
        reason: room.revise.clone(),
        run: folder.clone(),
        content_id: report.content_id.clone(),
        program_version: report.program_version.clone(),
        published_at: room.now.to_rfc3339(),
        previous_period: previous.as_ref().map(|recalled| recalled.publication.period),
        previous_revision: previous.as_ref().map(|recalled| recalled.publication.revision),
        objects: records,
        inputs: inputs(&pinned)?,
        nonce: run.clone(),
    };
    room.ledger.publish(&publication).await.in_place(&place)?;
    progress.done("publish", None);

    progress.says("sending");
    let sent = outbox::send(room, &publication, &mails).await?;
    progress.done("send", Some(sent as u64));
    Ok(outcome(room, &report, &publication, State::Published, sent))
}

async fn fit_value(room: &Room, lake: &Lake, base: &read::Base, pool: &[Recalled]) -> driftline_lake::Result<Models> {
    let histories = read::purchase_histories(lake).await?;
    let spends = read::spend_histories(lake).await?;
    let net_share = read::net_share(lake).await?;
    let models = value::fit(base, &histories, &spends, net_share, &room.job.file.value, pool);
    let fitted = match (&models.purchase, &models.spend) {
        (Some(purchase), Some(spend)) => Some((&purchase.model, &spend.model, net_share)),
        _ => None,
    };
    fitted::give_models(lake, fitted)?;
    Ok(models)
}

/// Own segments, a parent's, or none: by the number of active customers.
async fn fit_segments(
    room: &Room,
    plan: &RunPlan,
    lake: &Lake,
    base: &read::Base,
    previous: Option<&Recalled>,
    parent: Option<&Recalled>,
) -> driftline_lake::Result<(Status, Option<Segmented>)> {
    let small = &room.job.file.small_markets;
    let columns = read::feature_columns(lake, &room.job.file.segments.features);
    let (keys, raw) = read::features(lake, &columns).await?;
    let customers = Customers { keys: &keys, raw: &raw, columns: &columns };
    let settings = &room.job.file.segments;
    let parent_model = parent.and_then(|parent| parent.report.models.segments.as_ref());
    let names: Vec<&String> = columns.iter().map(|(name, _)| name).collect();
    let usable_parent = parent_model.filter(|model| model.columns.iter().collect::<Vec<_>>() == names);
    let (status, segmented) = if base.active >= small.own_from {
        let kept = previous
            .filter(|recalled| recalled.report.status == Status::Full)
            .and_then(|recalled| recalled.report.models.segments.as_ref());
        let fitted = segment::fit(&customers, kept, plan.period, room.job.file.personas.members_min, settings);
        (Status::Full, Some(fitted))
    } else if let (true, Some(model)) = (base.active >= small.provisional_from, usable_parent) {
        (Status::Provisional, Some(segment::adopt(&customers, model, settings)))
    } else {
        (Status::NotEnoughData, None)
    };
    match &segmented {
        Some(segmented) => fitted::give_segments(lake, &keys, &segmented.assigned)?,
        None => fitted::give_segments(lake, &[], &[])?,
    }
    Ok((status, segmented))
}

/// Forecasts were for the whole period that follows, so only whole neighbours are graded.
fn is_graded(plan: &RunPlan, previous: &Report) -> bool {
    previous.period.next() == plan.period
        && plan.partial.is_none()
        && previous.partial.is_none()
        && i64::from(previous.method.horizon_days) == plan.period.days()
}

/// Columns of everyone and of each persona against last period, and of everyone against a year ago.
async fn attribute_drift(
    lake: &Lake,
    previous: Option<&Report>,
    year_before: Option<&Report>,
    personas: &PersonaSet,
) -> driftline_lake::Result<Vec<AttributeDrift>> {
    let everyone = Group { subject: "market".to_owned(), then: 0, now: 0 };
    let mut found = Vec::new();
    for (earlier, table) in [(previous, "previous.restated"), (year_before, "previous.customers_year_before")] {
        let Some(earlier) = earlier else { continue };
        let mut groups = vec![everyone.clone()];
        if table == "previous.restated" {
            let before = |key: &str| earlier.personas.personas.iter().find(|persona| persona.key == key);
            let group = |now: &persona::Persona| {
                let then = before(&now.key)?.segment;
                Some(Group { subject: now.key.clone(), then, now: now.segment })
            };
            groups.extend(personas.personas.iter().filter_map(group));
        }
        for (subject, findings) in profile_drift(lake, table, &groups).await? {
            let named = personas.personas.iter().find(|persona| persona.key == subject);
            let label = |column: &str| {
                COLUMNS.iter().find(|(name, _)| *name == column).map_or(column, |(_, label)| label).to_owned()
            };
            let columns = findings.into_iter().map(|finding| DriftedColumn { label: label(&finding.column), finding });
            found.push(AttributeDrift {
                label: named.map_or_else(|| "Everyone active".to_owned(), |persona| persona.label.clone()),
                subject,
                against: earlier.period,
                columns: columns.collect(),
            });
        }
    }
    Ok(found)
}

/// A 12-month forecast is graded when its 12 months are over, to the day, and both periods are whole.
fn is_year_graded(plan: &RunPlan, year_before: &Report) -> bool {
    plan.partial.is_none()
        && year_before.partial.is_none()
        && driftline_core::period::year_after(year_before.as_of) == plan.as_of
}

#[expect(clippy::too_many_arguments, reason = "one step of the flow table, called once")]
fn describe(
    room: &Room,
    plan: &RunPlan,
    revision: u32,
    profiles: &[driftline_core::profile::SegmentProfile],
    flows: Option<&[driftline_core::profile::Flow]>,
    previous: Option<&Recalled>,
    parent: Option<&Recalled>,
    status: Status,
    segmented: Option<&Segmented>,
) -> PersonaSet {
    let empty_tilts = BTreeMap::new();
    let empty_stability = BTreeMap::new();
    let empty_typical = BTreeMap::new();
    let adopted: Option<BTreeMap<u32, (String, String)>> = match (status, parent) {
        (Status::Provisional, Some(parent)) => Some(
            parent.report.personas.personas.iter().map(|p| (p.segment, (p.key.clone(), p.label.clone()))).collect(),
        ),
        _ => None,
    };
    let has = |table: &str| !room.graph.absent.contains(table);
    // Without segments there is nothing to describe: only everyone's profile is left.
    let shown: Vec<_> = match segmented {
        Some(_) => profiles.to_vec(),
        None => profiles.iter().filter(|profile| profile.segment == 0).cloned().collect(),
    };
    persona::describe(
        &shown,
        &persona::Context {
            market: plan.market.as_str(),
            period: plan.period,
            revision,
            previous: previous.filter(|_| status == Status::Full).map(|recalled| &recalled.report.personas),
            flows: flows.unwrap_or(&[]),
            tilts: segmented.map_or(&empty_tilts, |segmented| &segmented.tilts),
            stability: segmented.map_or(&empty_stability, |segmented| &segmented.stability),
            typical: segmented.map_or(&empty_typical, |segmented| &segmented.typical),
            thresholds: &room.job.file.lineage,
            priority: &room.job.file.priority,
            floor: room.job.file.personas,
            provisional: status == Status::Provisional,
            adopted: adopted.as_ref(),
            has_attributes: has("stg_customer_attributes"),
            has_contacts: has("stg_contacts"),
            has_feedback: has("stg_feedback"),
        },
    )
}

fn check_not_too_late(pinned: &[PinnedSource], plan: &RunPlan) -> driftline_lake::Result<()> {
    let first = pinned.iter().filter_map(|source| source.days).map(|days| days.0).min();
    match first {
        Some(first) if first >= plan.as_of => Err(driftline_lake::Error::SourceTooLate {
            market: plan.market.to_string(),
            first: first.to_string(),
            as_of: plan.as_of.to_string(),
        }),
        _ => Ok(()),
    }
}

/// Hash of everything that the figures and words follow from; run ids, object names and times are not in it.
async fn content_id(
    room: &Room,
    plan: &RunPlan,
    lake: &Lake,
    previous: Option<&Recalled>,
) -> driftline_lake::Result<String> {
    let published = lake.published();
    let tables: Vec<&str> = published.iter().map(|table| table.name.as_str()).collect();
    let mut parts = lake.content(&tables).await?;
    parts.push(room.job.definition.clone());
    parts.extend(room.graph.models.values().map(|model| model.sql.clone()));
    parts.push(room.templates.text());
    parts.push(room.notes.1.clone());
    parts.push(env!("CARGO_PKG_VERSION").to_owned());
    parts.push(format!("{} {} {}", plan.market, plan.period, plan.as_of));
    parts.extend(previous.map(|recalled| recalled.report.content_id.clone()));
    Ok(content::sha256(parts.join("\n").as_bytes())[..32].to_owned())
}

fn quality(
    room: &Room,
    plan: &RunPlan,
    pinned: &[PinnedSource],
    totals: &driftline_core::profile::MarketTotals,
    audits: usize,
) -> Quality {
    let rows = |source: &PinnedSource| source.objects.iter().map(|object| object.rows).sum::<u64>();
    let plain = |name: &str| name.trim_start_matches("stg_").replace('_', " ");
    let mut absent: Vec<String> =
        room.graph.absent.iter().filter(|name| *name != "stg_cancelled_sales").map(|name| plain(name)).collect();
    absent.extend(pinned.iter().filter(|source| source.metas.is_empty()).map(|source| source.name.replace('_', " ")));
    Quality {
        source_rows: pinned.iter().map(|source| (source.name.clone(), rows(source))).collect(),
        sources_not_available: absent,
        ignored_columns: pinned
            .iter()
            .filter(|source| !source.ignored_columns.is_empty())
            .map(|source| (source.name.clone(), source.ignored_columns.clone()))
            .collect(),
        unidentified_gross_share: totals.unidentified_gross.ratio(totals.gross),
        audits_passed: audits as u64,
        past_id: None,
        complete_from: plan.complete_from,
        complete_until: plan.complete_until,
    }
}

fn inputs(pinned: &[PinnedSource]) -> Result<Vec<serde_json::Value>> {
    let objects = pinned.iter().flat_map(|source| &source.objects);
    objects.map(|object| serde_json::to_value(object).map_err(Error::from)).collect()
}

/// A folder that no other run uses; it is in no table, report or mail body but the link to the report.
fn run_name(room: &Room, report: &Report) -> String {
    format!("r{:06}-{}-{}", report.revision, &report.content_id[..12], room.now.timestamp_millis())
}
