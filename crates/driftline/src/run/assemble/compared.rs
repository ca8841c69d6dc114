//! What is compared of one period with the one before it: bridges, changes, moves, sales, risks.

use driftline_core::Minor;
use driftline_core::basics::locale::Words;
use driftline_core::drift::accounts::{self, MarketNet, Ranks};
use driftline_core::drift::assortment::{self, Assortment, ItemSales, MarketSales};
use driftline_core::drift::bridge::{Bridge, Cause, Measure};
use driftline_core::drift::change::{Change, Verdict};
use driftline_core::drift::decomposition::{Decomposition, decompose};
use driftline_core::drift::disclosure::attack::Beside;
use driftline_core::drift::disclosure::{is_publishable, pool_bridge};
use driftline_core::drift::drill::drill;
use driftline_core::drift::gate::Compared;
use driftline_core::drift::migration::{self, Migration};
use driftline_core::drift::rfm::{self, RfmGroup};
use driftline_core::drift::risk::{self, RiskChanges};
use driftline_core::drift::sales::{self, SalesChange};
use driftline_core::personas::{Persona, PersonaSet};
use driftline_core::report::{Report, Status};
use driftline_core::tables::profile::{Flow, MarketTotals, Newcomers};

use super::facts::is_new_market;
use super::parts::{Parts, Shown};

/// All comparisons of a report; empty where nothing can be compared.
pub(super) struct Comparison {
    pub(super) bridges: Vec<Bridge>,
    /// Why a bridge could not be built.
    pub(super) notes: Vec<String>,
    /// Absent if it would give a few people away.
    pub(super) newcomers: Option<Newcomers>,
    pub(super) changes: Vec<Change>,
    pub(super) market_change: Option<Change>,
    pub(super) migration: Option<Migration>,
    pub(super) decomposition: Option<Decomposition>,
    pub(super) sales_change: Option<SalesChange>,
    pub(super) sales_change_note: Option<String>,
    pub(super) assortment: Option<Assortment>,
    pub(super) rfm_groups: Vec<RfmGroup>,
    pub(super) risk_changes: Option<RiskChanges>,
}

impl Comparison {
    /// Compares whatever both periods have.
    ///
    /// # Errors
    /// The core's, if a bridge does not close.
    pub(super) fn of(
        parts: &Parts<'_>,
        words: &Words,
        shown: Shown,
    ) -> std::result::Result<Self, driftline_core::Error> {
        let min_cell = parts.job.personas.min_cell;
        let Shown { visible, comparable } = shown;
        let both = parts.tables.flows.as_deref().filter(|_| comparable).zip(parts.previous);
        let (bridges, notes) = match both {
            Some((flows, previous)) => bridges(parts, flows, previous, min_cell)?,
            None => (Vec::new(), Vec::new()),
        };
        let newcomers = shown_newcomers(parts, &bridges, min_cell);
        let (changes, market_change) =
            both.map_or((Vec::new(), None), |(flows, _)| changes(parts, flows, newcomers.as_ref()));
        let (sales_change, sales_change_note) = if comparable { sales_change(parts, min_cell) } else { (None, None) };
        let items = parts.tables.moves.items.as_deref().filter(|_| comparable);
        let valued = both.filter(|_| has_value(parts));
        Ok(Self {
            migration: both.and_then(|(flows, previous)| migration(parts, flows, previous, &bridges)),
            decomposition: valued.and_then(|(flows, previous)| decompose(flows, &previous.personas, min_cell)),
            assortment: items.map(|items| assortment(parts, items, words, sales_change.as_ref())),
            rfm_groups: if visible { rfm_groups(parts, min_cell, comparable) } else { Vec::new() },
            risk_changes: both.and_then(|(flows, previous)| {
                let before = (&previous.personas, previous.models.churn.as_ref());
                risk::compare(flows, before, (&parts.personas, parts.models.churn.as_ref()), min_cell)
            }),
            bridges,
            notes,
            newcomers,
            changes,
            market_change,
            sales_change,
            sales_change_note,
        })
    }
}

/// Who went from which persona to which, if none of it tells of a few people.
fn migration(parts: &Parts<'_>, flows: &[Flow], previous: &Report, bridges: &[Bridge]) -> Option<Migration> {
    if parts.status != Status::Full {
        return None;
    }
    let min_cell = parts.job.personas.min_cell;
    // Moves are by last period's model; its personas are the columns if another has taken its place.
    let same = parts.models.segments.as_ref().zip(previous.models.segments.as_ref());
    let is_kept = same.is_some_and(|(now, before)| now.assigns_as(before));
    let to = if is_kept { &parts.personas } else { &previous.personas };
    let ranks = ranks(&previous.personas);
    let (previous, current) = (&previous.personas, &parts.personas);
    let beside = Beside { flows, ranks: &ranks, bridges, previous, current, min_cell };
    beside.secured(migration::migration(previous, to, flows, min_cell), to)
}

/// Whether both periods have a 12-month value.
pub(super) fn has_value(parts: &Parts<'_>) -> bool {
    parts.models.purchase.is_some() && parts.previous.is_some_and(|previous| previous.models.purchase.is_some())
}

/// What passed the gate and what did not, of personas and of everybody, and the market's value beside it. Nothing is judged in a
/// market that is new; personas that were drawn anew are not those of before.
fn changes(parts: &Parts<'_>, flows: &[Flow], newcomers: Option<&Newcomers>) -> (Vec<Change>, Option<Change>) {
    let compared = Compared {
        flows,
        orders: &parts.tables.moves.paired,
        newcomers,
        rules: &parts.job.materiality,
        history: &parts.history,
    };
    let personas = parts.previous.filter(|_| !parts.personas.is_redrawn);
    let personas = personas.map(|previous| (&previous.personas, &parts.personas));
    let lines = if is_new_market(parts) { Vec::new() } else { compared.lines(personas) };
    // The level of the models is as sure as how far they were off, at least 2 % (DECISIONS.md, ranges of the 12-month value).
    let off = parts.models.value_level.map_or(0.1, |level| (1.0 - level).abs().max(0.02));
    let others = lines.iter().any(|line| line.verdict == Verdict::Changed);
    let market = has_value(parts).then(|| compared.value(1.25 * off, others));
    (lines, market)
}

/// New customers of both periods, where each bridge shows those of this one in a bar of their own and none differs from what was
/// published by a few people only.
fn shown_newcomers(parts: &Parts<'_>, bridges: &[Bridge], min_cell: u64) -> Option<Newcomers> {
    let count = |bridge: &Bridge| bridge.bars.iter().find(|bar| bar.cause == Cause::New).and_then(|bar| bar.customers);
    let new = parts.tables.moves.newcomers?;
    let is_shown = !bridges.is_empty() && bridges.iter().all(|bridge| count(bridge) == Some(new.now));
    let published = parts.previous.and_then(|previous| previous.bridges.first()).and_then(count);
    let late = published.map_or(0, |published| published.abs_diff(new.before));
    let before = if late < min_cell { published.unwrap_or(new.before) } else { new.before };
    let is_safe = is_shown && new.now >= min_cell && before >= min_cell;
    is_safe.then_some(Newcomers { before, ..new })
}

/// RFM groups, by last period's cut points too if the money of both is of twelve whole months: in a window that fills everybody seems to
/// rise.
fn rfm_groups(parts: &Parts<'_>, min_cell: u64, comparable: bool) -> Vec<RfmGroup> {
    let is_full = |last: &&Report| parts.plan.is_covered_from(driftline_core::basics::period::year_before(last.as_of));
    let last = parts.previous.filter(|_| comparable).filter(is_full);
    rfm::groups(&parts.tables.rfm_rows, last.map(|last| last.rfm_groups.as_slice()), min_cell)
}

/// Volume, price and assortment of what was sold; or why they cannot be told apart.
fn sales_change(parts: &Parts<'_>, min_cell: u64) -> (Option<SalesChange>, Option<String>) {
    let Some(products) = &parts.tables.moves.products else {
        return (None, Some(format!("the {} before this one was not published", parts.plan.period.noun())));
    };
    match sales::compare(products, parts.tables.totals_restated.gross, parts.tables.totals.gross, min_cell) {
        Some(change) => (Some(change), None),
        None => {
            let note =
                "the exports do not count units: the columns quantity and product of stg_order_lines would give it";
            (None, Some(note.to_owned()))
        }
    }
}

/// What is new, gone, and sent back, by name.
fn assortment(parts: &Parts<'_>, items: &[ItemSales], words: &Words, sales: Option<&SalesChange>) -> Assortment {
    let both = |of: fn(&MarketTotals) -> Minor| [of(&parts.tables.totals_restated), of(&parts.tables.totals)];
    let market = MarketSales { sold: both(|totals| totals.gross), returned: both(|totals| Minor(-totals.returned.0)) };
    let (start, noun) = (parts.plan.period.start(), parts.plan.period.noun());
    assortment::compare(items, market, start, parts.job.personas.min_cell).told(words, &noun, sales)
}

/// The bridges that can be built from whole periods and full windows, small groups pooled; and notes on those that cannot.
fn bridges(
    parts: &Parts<'_>,
    flows: &[Flow],
    previous: &Report,
    min_cell: u64,
) -> std::result::Result<(Vec<Bridge>, Vec<String>), driftline_core::Error> {
    let ranks = ranks(&previous.personas);
    let mut open = Vec::new();
    let mut notes = Vec::new();
    if has_value(parts) {
        open.push(accounts::of_value(flows, &ranks)?);
    } else {
        notes.push("12-month value is not compared: one of the two periods has no fitted model.".to_owned());
    }
    if let Some(before) = &previous.totals {
        let net = |totals: &MarketTotals| MarketNet {
            net: totals.net,
            unidentified_net: totals.unidentified_net.unwrap_or_default(),
            few_objectors: totals.few_objectors(min_cell),
        };
        open.push(accounts::of_net(
            flows,
            &ranks,
            net(before),
            net(&parts.tables.totals_restated),
            net(&parts.tables.totals),
        )?);
    }
    let previous_year_start = driftline_core::basics::period::year_before(previous.as_of);
    if parts.plan.is_covered_from(previous_year_start) {
        open.push(accounts::of_trailing(flows, &ranks)?);
    } else {
        notes.push(
            "Net revenue of the last 12 months is not compared, neither of everyone nor as a habit: the exports do not reach back over both periods' windows (window not full)."
                .to_owned(),
        );
    }
    let pooled = open
        .into_iter()
        .map(|bridge| pool_bridge(&bridge, min_cell))
        .filter(|bridge| is_publishable(bridge, min_cell))
        .map(|bridge| match bridge.measure {
            Measure::Value12Months => {
                let drill = drill(&bridge, flows, &ranks, &previous.personas, min_cell);
                Bridge { drill, ..bridge }
            }
            _ => bridge,
        });
    Ok((pooled.collect(), notes))
}

/// Last period's personas by value a customer, best first.
fn ranks(previous: &PersonaSet) -> Ranks {
    let worth = |persona: &Persona| {
        let net = || persona.net_revenue.unwrap_or_default().mean_over(persona.customers);
        persona.value_per_customer.unwrap_or_else(net).0
    };
    let mut order: Vec<&Persona> = previous.personas.iter().collect();
    order.sort_by(|a, b| worth(b).cmp(&worth(a)).then(a.key.cmp(&b.key)));
    Ranks(order.into_iter().enumerate().map(|(rank, persona)| (persona.segment, rank)).collect())
}
