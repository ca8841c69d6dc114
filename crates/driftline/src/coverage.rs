//! How far the exports reach: as far as the sales in them, over all markets, as the job declares or as the rows say.
//!
//! Footers are not asked: some have no statistics, a single row far away makes them say anything, and refunds or visits may go
//! on where sales end.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use driftline_core::reach::Reach;
use driftline_core::{Market, Period};
use driftline_lake::inspect::Finding;
use driftline_lake::inspect::markets::{self, Sample};
use driftline_lake::session::Limits;
use driftline_lake::source::{self, PinnedSource};
use driftline_lake::{Lake, read};

use crate::error::{InPlace, Result};
use crate::job;
use crate::plan::{self, RunPlan};
use crate::room::Room;
use crate::scratch::Scratch;

/// How many days of silence at an end of an export whose reach is not known count as complete.
const SILENT_DAYS: i64 = 5;

/// Rows by day.
type ByDay = BTreeMap<NaiveDate, u64>;

/// Where the exports begin and end, each declared or taken over all markets.
#[derive(Clone, Debug)]
pub struct Coverage {
    pub from: Option<NaiveDate>,
    pub until: Option<NaiveDate>,
    pub is_from_declared: bool,
    pub is_until_declared: bool,
    /// Days of silence after `until` that say nothing yet.
    pub silent_days: i64,
    /// What each market has, if it was looked for.
    pub markets: BTreeMap<Market, Sales>,
    /// What a reader of the figures should know, one sentence each.
    pub notes: Vec<String>,
    /// Lines that two markets have in common.
    pub shared: Vec<([Market; 2], Finding)>,
}

/// The sales of one market.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sales {
    pub first: Option<NaiveDate>,
    /// Day of the last line of any kind.
    pub last_line: Option<NaiveDate>,
    /// Rows of the sources that order lines are made of.
    pub rows: u64,
}

impl Default for Coverage {
    fn default() -> Self {
        Self {
            from: None,
            until: None,
            is_from_declared: false,
            is_until_declared: false,
            silent_days: SILENT_DAYS,
            markets: BTreeMap::new(),
            notes: Vec::new(),
            shared: Vec::new(),
        }
    }
}

impl Coverage {
    /// What the job declares; an end of which it says nothing is where the exports were found to end.
    pub fn of(declared: &job::Exports, found: Option<&Reach>) -> Self {
        Self {
            from: declared.complete_from.or(found.map(|reach| reach.first)),
            until: declared.complete_until.or(found.map(|reach| reach.last)),
            is_from_declared: declared.complete_from.is_some(),
            is_until_declared: declared.complete_until.is_some(),
            silent_days: found.map_or(SILENT_DAYS, |reach| reach.silent_days),
            ..Self::default()
        }
    }

    /// As the job declares; what it does not declare is looked up in all markets of the job, not in those that were chosen
    /// alone: the last order of one says nothing about where the exports end. `left_out` is what is noted besides.
    ///
    /// # Errors
    /// `Error::Lake` if the exports cannot be read.
    pub async fn look(room: &Room, chosen: &[Market], left_out: Vec<String>) -> Result<Self> {
        left_out.iter().for_each(|note| tracing::warn!("{note}"));
        let declared = &room.job.file.exports;
        let is_declared = declared.complete_from.is_some() && declared.complete_until.is_some();
        let (mut sales, mut of_sources) = (ByDay::new(), BTreeMap::<String, ByDay>::new());
        let (mut markets, mut pinned) = (BTreeMap::new(), BTreeMap::new());
        let all = source::markets(&room.exports, &room.sources).await.in_place("markets of the exports")?;
        let listed = &room.job.file.markets;
        let is_ours = |market: &Market| listed.is_empty() || listed.contains(market) || chosen.contains(market);
        let all: Vec<Market> = all.codes.into_iter().filter(is_ours).collect();
        let is_one = all.len() == 1;
        if is_declared && is_one {
            return Ok(Self { notes: left_out, ..Self::of(declared, None) });
        }
        let mut samples = BTreeMap::new();
        for market in all {
            let days = match days_of(room, &market, !is_one).await {
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
        let today = room.job.day_of(room.now);
        let reach = Reach::of(&sales, today);
        let coverage = Self::of(declared, earliest(room, reach.clone(), &of_sources, today).as_ref());
        let mut notes = left_out;
        if let Some(reach) = reach.filter(|reach| !reach.far.is_empty()) {
            let far = far_notes(room, &reach, &pinned).await.in_place("reach of the exports")?;
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

async fn days_of(room: &Room, market: &Market, is_among_others: bool) -> driftline_lake::Result<MarketDays> {
    let money = room.graph.sources_of("stg_order_lines");
    let mut pinned = source::pin(&room.exports, &room.sources, market.as_str()).await?;
    let is_money = |source: &PinnedSource| money.contains(&source.name);
    let rows = pinned.iter().filter(|source| is_money(source)).map(PinnedSource::rows).sum();
    let (lake, _scratch) = open(room, market, &pinned)?;
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
        for source in pinned.iter().filter(|source| room.sources.by_name[&source.name].time_column.is_some()) {
            let declared = &room.sources.by_name[&source.name];
            sources.insert(
                source.name.clone(),
                read::source_days(&lake, &source.name, declared, room.exports.time_zone).await?,
            );
        }
    }
    Ok(MarketDays { sales, sources, rows, last_line, sample, pinned })
}

/// A lake over a market's exports for looking at their days, and the folder that it lives in.
fn open(room: &Room, market: &Market, pinned: &[PinnedSource]) -> driftline_lake::Result<(Lake, Scratch)> {
    let today = room.job.day_of(room.now);
    let scratch = Scratch::new(&room.limits.scratch).map_err(|error| driftline_lake::Error::Scratch {
        path: room.limits.scratch.clone(),
        source: std::io::Error::other(error),
    })?;
    let limits = Limits { scratch: scratch.path.clone(), ..room.limits.clone() };
    let plan = RunPlan::new(market.clone(), Period::last_over(room.job.file.period, today), &Coverage::default());
    let as_of = today.checked_add_days(Days::new(1)).unwrap_or(today);
    let parameters = RunPlan { as_of, ..plan }.parameters(&room.job, room.pseudonym_key.secret());
    Lake::open(&limits, room.graph.clone(), parameters, room.exports.store.clone(), pinned).map(|lake| (lake, scratch))
}

fn add(sum: &mut ByDay, more: &ByDay) {
    more.iter().for_each(|(day, rows)| *sum.entry(*day).or_default() += rows);
}

/// The reach that ends first, each with the silence that is usual in it. Sources that stand in for each other are one.
fn earliest(room: &Room, sales: Option<Reach>, sources: &BTreeMap<String, ByDay>, today: NaiveDate) -> Option<Reach> {
    let alternatives: BTreeSet<&String> = room.sources.require_any.iter().collect();
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
    room: &Room,
    reach: &Reach,
    pinned: &BTreeMap<Market, Vec<PinnedSource>>,
) -> driftline_lake::Result<Vec<String>> {
    let days: Vec<NaiveDate> = reach.far.keys().copied().collect();
    let mut notes = Vec::new();
    for (market, sources) in pinned {
        let (lake, _scratch) = open(room, market, sources)?;
        for source in sources {
            let declared = &room.sources.by_name[&source.name];
            for found in read::rows_on(&lake, source, declared, room.exports.time_zone, &days).await? {
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
