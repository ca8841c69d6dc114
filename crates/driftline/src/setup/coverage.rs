//! How far the exports reach: as far as the sales in them, over all markets, as the job declares or as the rows say.
//!
//! Footers are not asked: some have no statistics, a single row far away makes them say anything, and refunds or visits may go
//! on where sales end.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use driftline_core::exports::reach::Reach;
use driftline_core::{Market, Period};
use driftline_lake::inspect::Finding;
use driftline_lake::inspect::markets::{self, Sample};
use driftline_lake::session::Limits;
use driftline_lake::source::{self, PinnedSource};
use driftline_lake::{Lake, read};

use crate::error::{InPlace, Result};
pub use crate::setup::covered::{Coverage, Sales};
use crate::setup::job_context::JobContext;
use crate::setup::plan::{self, RunPlan};
use crate::setup::scratch::Scratch;

/// Rows by day.
type ByDay = BTreeMap<NaiveDate, u64>;

impl Coverage {
    /// As the job declares; what it does not declare is looked up in all markets of the job, not in those that were chosen
    /// alone: the last order of one says nothing about where the exports end. `left_out` is what is noted besides.
    ///
    /// # Errors
    /// `Error::Lake` if the exports cannot be read.
    pub async fn look(context: &JobContext, chosen: &[Market], left_out: Vec<String>) -> Result<Self> {
        left_out.iter().for_each(|note| tracing::warn!("{note}"));
        let declared = &context.job.exports;
        let is_declared = declared.complete_from.is_some() && declared.complete_until.is_some();
        let (mut sales, mut of_sources) = (ByDay::new(), BTreeMap::<String, ByDay>::new());
        let (mut markets, mut pinned) = (BTreeMap::new(), BTreeMap::new());
        let all = source::markets(&context.exports, &context.sources).await.in_place("markets of the exports")?;
        let listed = &context.job.markets;
        let is_ours = |market: &Market| listed.is_empty() || listed.contains(market) || chosen.contains(market);
        let all: Vec<Market> = all.codes.into_iter().filter(is_ours).collect();
        let is_one = all.len() == 1;
        if is_declared && is_one {
            return Ok(Self { notes: left_out, ..Self::of(declared, None) });
        }
        let mut samples = BTreeMap::new();
        for market in all {
            let days = match days_of(context, &market, !is_one).await {
                Ok(days) => days,
                // Its own run will say what is wrong with it; the others go on.
                Err(error) if !is_one && is_of_files(&error) => continue,
                Err(error) => return Err(error).in_place(market.as_str()),
            };
            let first = days.sales.keys().next().copied();
            markets.insert(market.clone(), Sales { first, last_line: days.last_line, rows: days.rows });
            samples.extend(days.sample.map(|sample| (market.clone(), sample)));
            add(&mut sales, &days.sales);
            for (name, days) in &days.sources {
                add(of_sources.entry(name.clone()).or_default(), days);
            }
            pinned.insert(market, days.pinned);
        }
        let shared = shared(&samples, &pinned);
        if is_declared {
            return Ok(Self { notes: left_out, shared, ..Self::of(declared, None) });
        }
        let today = context.job.day_of(context.now);
        let reach = Reach::of(&sales, today);
        let coverage = Self::of(declared, earliest(context, reach.clone(), &of_sources, today).as_ref());
        let mut notes = left_out;
        if let Some(reach) = reach.filter(|reach| !reach.far.is_empty()) {
            let far = far_notes(context, &reach, &pinned).await.in_place("reach of the exports")?;
            far.iter().for_each(|note| tracing::warn!("{note}"));
            notes.extend(far);
        }
        Ok(Self { markets, notes, shared, ..coverage })
    }
}

fn is_of_files(error: &driftline_lake::Error) -> bool {
    use driftline_lake::Error::{EmptySource, SourceContract, SourceUnreadable};
    matches!(error, EmptySource { .. } | SourceContract { .. } | SourceUnreadable { .. })
}

/// What one market's exports say.
struct MarketDays {
    sales: ByDay,
    /// Rows by day of each source, where order lines are made of several.
    sources: BTreeMap<String, ByDay>,
    rows: u64,
    last_line: Option<NaiveDate>,
    /// Of a market among others.
    sample: Option<Sample>,
    pinned: Vec<PinnedSource>,
}

/// What every pair of markets has in common.
fn shared(
    samples: &BTreeMap<Market, Sample>,
    pinned: &BTreeMap<Market, Vec<PinnedSource>>,
) -> Vec<([Market; 2], Finding)> {
    let mut found = Vec::new();
    for (market, sample) in samples {
        for (other, theirs) in samples.range(..market.clone()) {
            let [one, two] = [other, market].map(|market| pinned.get(market).map_or(&[][..], Vec::as_slice));
            let finding = markets::shared((other.as_str(), theirs, one), (market.as_str(), sample, two));
            found.extend(finding.map(|finding| ([other.clone(), market.clone()], finding)));
        }
    }
    found
}

async fn days_of(context: &JobContext, market: &Market, is_among_others: bool) -> driftline_lake::Result<MarketDays> {
    let money = context.graph.sources_of("stg_order_lines");
    let mut pinned = source::pin(&context.exports, &context.sources, market.as_str()).await?;
    let is_money = |source: &PinnedSource| money.contains(&source.name);
    let rows = pinned.iter().filter(|source| is_money(source)).map(PinnedSource::rows).sum();
    let (lake, _scratch) = open(context, market, &pinned)?;
    let staged = async {
        lake.build(&["stg_order_lines"]).await?;
        let (sales, last_line) = read::sale_days(&lake).await?;
        let sample = if is_among_others { Some(lake.sample_lines(rows).await?) } else { None };
        Ok((sales, last_line, sample))
    };
    let (sales, last_line, sample) = match staged.await {
        Ok(staged) => staged,
        Err(error) => return Err(lake.diagnose(error, &pinned).await),
    };
    let mut sources = BTreeMap::new();
    pinned.retain(|source| is_money(source) && source.rows() > 0);
    if pinned.len() > 1 {
        for source in pinned.iter().filter(|source| context.sources.by_name[&source.name].time_column.is_some()) {
            let declared = &context.sources.by_name[&source.name];
            sources.insert(
                source.name.clone(),
                read::source_days(&lake, &source.name, declared, context.exports.time_zone).await?,
            );
        }
    }
    Ok(MarketDays { sales, sources, rows, last_line, sample, pinned })
}

/// A lake over a market's exports for looking at their days, and the folder that it lives in.
fn open(context: &JobContext, market: &Market, pinned: &[PinnedSource]) -> driftline_lake::Result<(Lake, Scratch)> {
    let today = context.job.day_of(context.now);
    let scratch = Scratch::new(&context.limits.scratch).map_err(|error| driftline_lake::Error::Scratch {
        path: context.limits.scratch.clone(),
        source: std::io::Error::other(error),
    })?;
    let limits = Limits { scratch: scratch.path.clone(), ..context.limits.clone() };
    let plan = RunPlan::new(market.clone(), Period::last_over(context.job.calendar, today), &Coverage::default());
    let as_of = today.checked_add_days(Days::new(1)).unwrap_or(today);
    let parameters = RunPlan { as_of, ..plan }.parameters(&context.job, context.pseudonym_key.secret());
    Lake::open(&limits, context.graph.clone(), parameters, context.exports.store.clone(), pinned)
        .map(|lake| (lake, scratch))
}

fn add(sum: &mut ByDay, more: &ByDay) {
    more.iter().for_each(|(day, rows)| *sum.entry(*day).or_default() += rows);
}

/// The reach that ends first, each with the silence that is usual in it. Sources that stand in for each other are one.
fn earliest(
    context: &JobContext,
    sales: Option<Reach>,
    sources: &BTreeMap<String, ByDay>,
    today: NaiveDate,
) -> Option<Reach> {
    let alternatives: BTreeSet<&String> = context.sources.require_any.iter().collect();
    let mut together = ByDay::new();
    let mut reaches: Vec<Reach> = Vec::new();
    for (name, days) in sources {
        match alternatives.contains(name) {
            true => add(&mut together, days),
            false => reaches.extend(Reach::of(days, today)),
        }
    }
    reaches.extend(Reach::of(&together, today));
    let sales = sales?;
    let ends_first = reaches.into_iter().chain([sales.clone()]).min_by_key(Reach::silent_until)?;
    Some(Reach { first: sales.first, ..ends_first })
}

/// Which files have rows on the far days.
async fn far_notes(
    context: &JobContext,
    reach: &Reach,
    pinned: &BTreeMap<Market, Vec<PinnedSource>>,
) -> driftline_lake::Result<Vec<String>> {
    let days: Vec<NaiveDate> = reach.far.keys().copied().collect();
    let mut notes = Vec::new();
    for (market, sources) in pinned {
        let (lake, _scratch) = open(context, market, sources)?;
        for source in sources {
            let declared = &context.sources.by_name[&source.name];
            for found in read::rows_on(&lake, source, declared, context.exports.time_zone, &days).await? {
                let (rows, days) = (plan::counted(found.rows, "row"), plan::spanned(found.first, found.last));
                notes.push(format!(
                    "{rows} of {} {days}, far from all others: how far the exports reach was taken without",
                    found.object,
                ));
            }
        }
    }
    if notes.is_empty() {
        let rows = plan::counted(reach.far.values().sum(), "sale");
        let days = plan::spanned(days[0], days[days.len() - 1]);
        notes.push(format!("{rows} {days}, far from all others: how far the exports reach was taken without"));
    }
    Ok(notes)
}
