//! One run: from a plan to a publication and its mails. This file reads like the flow table of `crates/README.md`.

use std::sync::Arc;

use bytes::Bytes;
use driftline_core::Period;
use driftline_core::history::History;
use driftline_core::persona::note;
use driftline_core::profile::OTHER_SEGMENT;
use driftline_core::report::{Quality, Report};
use driftline_core::tree::grow;
use driftline_lake::resume::Resume;
use driftline_lake::session::Limits;
use driftline_lake::source::{self, PinnedSource};
use driftline_lake::{Lake, read};
use driftline_ledger::{Event, MailPlan, Publication, Slot};
use tokio::sync::oneshot;

use crate::acquisition;
use crate::assemble::{self, Parts};
use crate::checks;
use crate::describe::{attribute_drift, describe};
use crate::error::{InPlace, Result};
use crate::fit::{fit_segments, fit_value};
use crate::outbox::Sent;
use crate::outcome::{Outcome, State, dry_run, outcome};
use crate::outlook;
use crate::plan::RunPlan;
use crate::progress::Progress;
use crate::recall::{
    fetch_customers, give_customers, give_published, recall, recall_history, recall_own_fits, recall_parent,
};
use crate::record::{content_id, file_notes, fingerprints, inputs, past_id, quality, run_name};
use crate::restate;
use crate::revised;
use crate::room::Room;
use crate::scratch::{Leftover, Scratch, read_file};
use crate::value;
use crate::work::Journal;
use crate::worker::Held;

/// Computes, compares, publishes and mails one market and period. `corrected` is the revision that this one stands beside;
/// `under` the lease and journal of a run that publishes, none for a dry run; `limits` what of the machine it may use.
///
/// # Errors
/// Any of the program's errors; nothing is published then.
pub async fn one(
    room: &Room,
    plan: &RunPlan,
    corrected: Option<&Publication>,
    under: Option<(&Held, &Journal<'_>)>,
    mails_now: bool,
    limits: &Limits,
    progress: &mut Progress,
) -> Result<Outcome> {
    let place = format!("{} {}", plan.market, plan.period);
    if let Some(warning) = room.pseudonym_key.warning(&room.job) {
        tracing::warn!("{warning}");
    }
    let slot = Slot { job: room.job.name.clone(), market: plan.market.clone(), period: plan.period };
    let revision = corrected.map_or(1, |last| last.revision + 1);
    let previous = recall(room, room.ledger.previous(&slot).await.in_place(&place)?).await?;
    let year_slot = Slot { period: plan.period.year_before(), ..slot.clone() };
    let year_before = recall(room, room.ledger.latest(&year_slot).await.in_place(&place)?).await?;
    let parent = recall_parent(room, plan).await?;
    let replaced = recall(room, corrected.cloned()).await?;
    progress.done("recall", None);

    progress.says("pinning the exports");
    let pinned = source::pin(&room.exports, &room.sources, plan.market.as_str()).await.in_place(&place)?;
    check_not_too_late(&pinned, plan).in_place(&place)?;
    let source_rows: u64 = pinned.iter().flat_map(|source| &source.objects).map(|object| object.rows).sum();
    for note in file_notes(&pinned) {
        tracing::warn!("{place}: {note}");
    }
    progress.done("pin", Some(source_rows));

    progress.says("computing histories and profiles");
    let scratch = Scratch::new(&limits.scratch)?;
    let leftovers = scratch.leftovers();
    let folders = leftovers.iter().filter_map(Leftover::trusted).collect();
    let resume = Resume { program: limits.resume.program.clone(), folders };
    let limits = Limits { scratch: scratch.path.clone(), resume, ..limits.clone() };
    let parameters = plan.parameters(&room.job, room.pseudonym_key.secret());
    let lake = Lake::open(&limits, room.graph.clone(), parameters, room.exports.store.clone(), &pinned);
    let lake = Arc::new(lake.in_place(&place)?);
    // What replaced a revision is compared with it, else with the period before.
    let last_read = replaced.as_ref().or(previous.as_ref()).map(|recalled| &recalled.publication);
    let mut checks = checks::lines(room, plan, &lake, &pinned, last_read).await?;
    let days = ["int_purchase_histories", "int_spend_histories", "int_purchase_log", "int_cancelled_days"];
    let (built, inspected) =
        tokio::join!(lake.build(&days), lake.inspect(&room.sources, &pinned, room.job.file.currency.as_str()));
    match inspected {
        Ok(findings) => checks.add(findings),
        Err(error) => return Err(lake.diagnose(error, &pinned).await).in_place(&place),
    }
    checks.end(room, &place, &pinned)?;
    if let Err(error) = built {
        return Err(lake.diagnose(error, &pinned).await).in_place(&place);
    }
    checks.add(lake.inspect_largest_customer().await.in_place(&place)?);
    checks.end(room, &place, &pinned)?;
    let warnings = checks.into_warnings();
    let base = read::base(&lake).await.in_place(&place)?;
    progress.done("compute", Some(base.customers));

    progress.says("fitting models");
    // Beside the fits: what segments wait for, and then what only the marts need.
    let (ends, has_ended) = oneshot::channel::<()>();
    let described = lake.aside(async move |lake| {
        let _ends = ends;
        lake.build_beside(&["int_customers_described", "int_habit_days", "int_customer_items"]).await
    });
    let as_of = plan.as_of;
    let later = lake.aside(async move |lake| {
        let _ = has_ended.await;
        lake.build_beside(&["market_periods", "int_customer_categories"]).await?;
        read::past_id(&lake, as_of).await
    });
    let is_small = value::tier(&base, &room.job.file.value) == value::Tier::Provisional;
    let pool = if is_small { recall_own_fits(room, plan).await? } else { Vec::new() };
    let previous_customers = match &previous {
        Some(previous) => Some(fetch_customers(room, "customers", &previous.publication, &scratch).await?),
        None => None,
    };
    let (mut models, prior) = fit_value(room, &lake, &base, &pool).await.in_place(&place)?;
    let past_reports = if previous.is_some() { recall_history(room, &slot).await? } else { Vec::new() };
    let told = outlook::told(&past_reports, &pool);
    let last_report = previous.as_ref().map(|recalled| &recalled.report);
    let segments = async {
        described.finished().await.in_place(&place)?;
        let published = match &previous_customers {
            Some(path) => read::published_customers(&lake, path).await.in_place(&place)?,
            None => Vec::new(),
        };
        let last = previous.as_ref().map(|recalled| (recalled, published.as_slice()));
        fit_segments(room, plan, &lake, &base, last, parent.as_ref()).await.in_place(&place).map(|fit| (fit, published))
    };
    let outlook =
        async { outlook::assess(&lake, &room.job, plan, last_report, &models, prior, told).await.in_place(&place) };
    let (((status, segmented), published), outlook) = tokio::try_join!(segments, outlook)?;
    let segmented = segmented.map(Arc::new);
    models.segments = segmented.as_ref().map(|segmented| segmented.model.clone());
    let evidence = outlook::give(&lake, &room.job, outlook, &mut models).in_place(&place)?;
    let days = later.finished().await.in_place(&place)?;
    let taken_over = lake.taken_over().join(", ");
    if let (Some((_, journal)), false) = (under, taken_over.is_empty()) {
        journal
            .note(Event::StepDone { step: format!("taking over {taken_over} from a run that ended early"), rows: None })
            .await;
    }
    progress.done("fit", None);

    progress.says("scoring customers");
    let marts = [
        "customers",
        "customer_shares",
        "segment_profiles",
        "category_margins",
        "segment_acquisition_costs",
        "segment_categories",
        "segment_attributes",
        "segment_contacts",
        "segment_topics",
        "segment_quotes",
    ];
    let explained = outlook::explain(evidence, segmented.clone());
    let (built, (reasons, ranges)) = tokio::join!(lake.build(&marts), explained);
    built.in_place(&place)?;
    if let (Some(previous), Some(path)) = (&previous, &previous_customers) {
        restate::give_last_models(plan, &lake, Some(&previous.report), segmented.as_deref()).await.in_place(&place)?;
        restate::give(room, plan, &lake, (previous, &published), &pinned, (&scratch, &limits)).await?;
        give_customers(&lake, "customers", &previous.publication, path).await?;
        lake.build(&["customer_flows", "scorecard", "scorecard_risks"]).await.in_place(&place)?;
    } else {
        lake.give("previous", "customers", lake.schema_of("customers").await.in_place(&place)?, Vec::new())
            .in_place(&place)?;
    }
    leftovers.into_iter().for_each(|leftover| leftover.clear(!taken_over.is_empty()));
    lake.build(&["rfm_groups"]).await.in_place(&place)?;
    // Products, and what the same people order, are compared with the period just before this one, from today's data.
    let is_next = previous.as_ref().is_some_and(|recalled| recalled.report.period.next() == plan.period);
    if is_next {
        lake.build(&["product_moves", "item_moves", "persona_changes", "newcomers"]).await.in_place(&place)?;
    }
    let year_before = year_before.filter(|recalled| plan.period.year_before() == recalled.report.period);
    let year_is_over = year_before.as_ref().is_some_and(|recalled| is_year_graded(plan, &recalled.report));
    if let (Some(year_before), true) = (&year_before, year_is_over) {
        give_published(room, &lake, "customers_year_before", &year_before.publication, &scratch).await?;
        lake.build(&["scorecard_year"]).await.in_place(&place)?;
    }
    if let Some(replaced) = &replaced {
        give_published(room, &lake, "revision", &replaced.publication, &scratch).await?;
        lake.build(&["revision_changes"]).await.in_place(&place)?;
    }
    progress.done("score", Some(base.customers));

    progress.says("auditing");
    let audits = lake.audit().await.in_place(&place)?;
    progress.done("audit", None);

    progress.says("reading tables");
    let periods = read::market_periods(&lake).await.in_place(&place)?;
    let totals_of = |period: Period| periods.get(&period.to_string()).cloned().unwrap_or_default();
    let totals = totals_of(plan.period);
    let totals_restated = previous.as_ref().map_or_else(Default::default, |last| totals_of(last.report.period));
    let profiles = read::segment_profiles(&lake).await.in_place(&place)?;
    let flows = match &previous {
        Some(_) => Some(read::flows(&lake).await.in_place(&place)?),
        None => None,
    };
    let products = if is_next { Some(read::product_moves(&lake).await.in_place(&place)?) } else { None };
    let items = if is_next { Some(read::item_moves(&lake).await.in_place(&place)?) } else { None };
    let paired = if is_next { read::paired_orders(&lake).await.in_place(&place)? } else { Vec::new() };
    let newcomers = if is_next { Some(read::newcomers(&lake).await.in_place(&place)?) } else { None };
    let mut scorecard = match &previous {
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
    let moved = match &replaced {
        Some(_) => read::revision_changes(&lake).await.in_place(&place)?,
        None => Vec::new(),
    };
    let economics = acquisition::read(&lake, &room.job).await.in_place(&place)?;
    progress.done("read", Some(profiles.len() as u64));

    progress.says("describing personas");
    let mut personas = describe(
        room,
        plan,
        revision,
        &profiles,
        flows.as_deref(),
        previous.as_ref(),
        replaced.as_ref().map(|replaced| (replaced, moved.as_slice())),
        parent.as_ref(),
        status,
        segmented.as_deref(),
        &economics,
        totals.few_objectors(room.job.file.personas.min_cell).is_some(),
    );
    let everyones = profiles.iter().find(|profile| profile.segment == 0).and_then(|profile| profile.value);
    models.value_range = everyones.and_then(|value| ranges.year(0, value));
    for persona in &mut personas.personas {
        persona.risk_reasons = reasons.get(&persona.segment).cloned().unwrap_or_default();
        persona.value_range = ranges.year(persona.segment, persona.value.unwrap_or_default());
        persona.next_period = persona.next_period.and_then(|next| ranges.next(persona.segment, next.value));
    }
    if let Some(other) = &mut personas.other {
        other.value_range = ranges.year(OTHER_SEGMENT, other.value.unwrap_or_default());
        other.next_period = other.next_period.and_then(|next| ranges.next(OTHER_SEGMENT, next.value));
    }
    if let Some(model) = &mut models.forecast {
        let all = read::next_period_of_everyone(&lake).await.in_place(&place)?;
        model.next_period = ranges.next_of_everyone(all);
    }
    let acquisition = acquisition::give(&economics, &room.job, plan, &profiles, &models, &mut personas);
    progress.done("describe", Some(personas.personas.len() as u64));

    if let Some(card) = &mut scorecard {
        outlook::count_past_ranges(card, &past_reports);
    }
    let tree = grow(
        past_reports.iter().rev().map(|report| (report.period, &report.personas)).chain([(plan.period, &personas)]),
    );
    note::attach(&mut personas, &tree, &room.notes.0, plan.as_of);
    let year = year_before.as_ref().filter(|_| year_is_over).map(|recalled| &recalled.report);
    let last = previous.as_ref().map(|recalled| &recalled.report);
    let attribute_drift = attribute_drift(&lake, plan, last, year, &personas).await.in_place(&place)?;

    progress.says("comparing");
    let content_id = content_id(room, plan, &lake, previous.as_ref(), replaced.as_ref(), &warnings);
    let fingerprints = fingerprints(room, plan, &days, previous.as_ref());
    let quality = Quality {
        warnings,
        past_id: Some(past_id(room, &days)),
        fingerprints,
        ..quality(room, plan, &pinned, &totals, audits)
    };
    let mut report = assemble::report(Parts {
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
        rfm_rows: read::rfm_groups(&lake).await.in_place(&place)?,
        previous: previous.as_ref().map(|recalled| &recalled.report),
        year_before: year_before.as_ref().map(|recalled| &recalled.report),
        totals_restated,
        orders_year_before: Some(totals_of(plan.period.year_before()).orders).filter(|orders| *orders > 0),
        paired,
        newcomers,
        products,
        items,
        attribute_drift,
        history: History::new(plan.period, &past_reports),
        tree,
        personas,
        acquisition,
        models,
        scorecard,
        quality,
    })?;
    if let Some(replaced) = &replaced {
        revised::check_not_of_few(&room.job, &place, replaced, &moved)?;
        report.revision_changes = Some(revised::changes(replaced, &report, moved, &inputs(&pinned)?)?);
    }
    progress.done("compare", None);

    progress.says("writing report and mails");
    let run = run_name(room, &report);
    let folder = room.ledger.run_folder(&slot, &run);
    let report_location = room.public_location(&folder, "report.html");
    let page = room.templates.page(&report).in_place(&place)?;
    let mails = room.post().render(&report, &report_location, corrected)?;
    let mut objects: Vec<(String, Bytes)> = vec![
        ("report.json".to_owned(), serde_json::to_vec_pretty(&report)?.into()),
        ("report.html".to_owned(), page.into_bytes().into()),
    ];
    objects.extend(mails.iter().map(|mail| (format!("mails/{}.eml", mail.name), Bytes::from(mail.bytes.clone()))));
    progress.done("write", None);

    let Some((held, journal)) = under else { return dry_run(room, &report, &lake, objects) };
    journal.note(Event::StepDone { step: "compute".to_owned(), rows: Some(source_rows) }).await;
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
        accepted: room.accept.clone(),
        run: folder.clone(),
        content_id: report.content_id.clone(),
        program_version: report.program_version.clone(),
        published_at: room.now.to_rfc3339(),
        previous_period: previous.as_ref().map(|recalled| recalled.publication.period),
        previous_revision: previous.as_ref().map(|recalled| recalled.publication.revision),
        objects: records,
        inputs: inputs(&pinned)?,
        nonce: run.clone(),
        fencing_token: None,
        mails: match (&room.job.file.mail.smtp, mails_now) {
            (None, _) => MailPlan::File,
            (Some(_), true) => MailPlan::Send,
            (Some(_), false) => MailPlan::Hold,
        },
    };
    journal.commits();
    room.ledger.publish_as(&publication, &held.lease).await.in_place(&place)?;
    journal.note(Event::Published { revision }).await;
    progress.done("publish", None);

    progress.says("sending");
    let sent = match publication.mails {
        MailPlan::Send => room.post().send_or_say(&publication, &held.lease).await,
        MailPlan::Hold => Sent { held: mails.len(), ..Sent::default() },
        MailPlan::File => Sent::default(),
    };
    journal
        .note(Event::Mailed { sent: sent.taken as u64, unsent: mails.len().saturating_sub(sent.taken) as u64 })
        .await;
    progress.done("send", Some(sent.taken as u64));
    Ok(outcome(room, &report, &publication, State::Published, sent))
}

/// Forecasts were for the whole period that follows, so only whole neighbours are graded.
fn is_graded(plan: &RunPlan, previous: &Report) -> bool {
    previous.period.next() == plan.period
        && plan.partial.is_none()
        && previous.partial.is_none()
        && i64::from(previous.method.horizon_days) == plan.period.days()
}

/// A 12-month forecast is graded when its 12 months are over, to the day, and both periods are whole.
fn is_year_graded(plan: &RunPlan, year_before: &Report) -> bool {
    plan.partial.is_none()
        && year_before.partial.is_none()
        && driftline_core::period::year_after(year_before.as_of) == plan.as_of
}

pub(crate) fn check_not_too_late(pinned: &[PinnedSource], plan: &RunPlan) -> driftline_lake::Result<()> {
    let by_footers = || pinned.iter().filter_map(|source| source.days).map(|days| days.0).min();
    match plan.first_sale.or_else(by_footers) {
        Some(first) if first >= plan.as_of => Err(driftline_lake::Error::SourceTooLate {
            market: plan.market.to_string(),
            first: first.to_string(),
            as_of: plan.as_of.to_string(),
        }),
        _ => Ok(()),
    }
}
