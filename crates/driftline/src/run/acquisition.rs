//! Steps 11 to 13: reads what customers cost to win and what segments bought, for costs and margins of personas and market.

use std::collections::BTreeMap;

use driftline_core::basics::locale::Words;
use driftline_core::personas::PersonaSet;
use driftline_core::personas::acquisition::{self, AcquisitionCosts, AcquisitionRow, Given};
use driftline_core::report::Models;
use driftline_core::tables::profile::SegmentProfile;
use driftline_core::value::margin::{CategorySales, Margins};
use driftline_core::value::models::ValueTier;
use driftline_lake::{Lake, read};

use crate::run::task::Task;
use crate::setup::job::Job;

/// What is known of costs and margins before personas are described.
pub(crate) struct Economics {
    pub(crate) rows: Vec<AcquisitionRow>,
    /// Share of net revenue that is margin, by segment; empty if neither job nor export says one.
    pub(crate) margins: BTreeMap<u32, f64>,
    /// Why there is none.
    pub(crate) no_margin: Option<&'static str>,
}

pub(crate) async fn read(lake: &Lake, job: &Job) -> driftline_lake::Result<Economics> {
    let rows = read::acquisition_costs(lake).await?;
    // What the analyst writes into the job stands in the place of what the export says.
    let known = match job.value.margins() {
        Some(margins) => Ok(margins),
        None => Margins::of_export(read::category_margins(lake).await?),
    };
    let mut economics = Economics { rows, margins: BTreeMap::new(), no_margin: known.as_ref().err().copied() };
    if let Ok(margins) = known {
        let sales = read::category_sales(lake).await?;
        let share = |sold: &Vec<CategorySales>| margins.of(sold, job.personas.min_cell);
        economics.margins = sales.iter().map(|(segment, sold)| (*segment, share(sold))).collect();
    }
    Ok(economics)
}

/// The part of the report, and of the cards.
pub(crate) fn attach(
    task: &Task<'_>,
    economics: &Economics,
    profiles: &[SegmentProfile],
    models: &Models,
    personas: &mut PersonaSet,
) -> AcquisitionCosts {
    let job = &task.context.job;
    let words = Words { locale: job.locale(&task.plan.market), currency: job.currency.clone() };
    let given = Given {
        rows: &economics.rows,
        margins: &economics.margins,
        no_margin: economics.no_margin,
        profiles,
        min_cell: job.personas.min_cell,
        is_level_sure: models.value_tier == ValueTier::Own && !models.is_value_level_uncertain,
    };
    let costs = acquisition::of_market(&given, personas, &words);
    acquisition::attach(&costs, &economics.margins, personas);
    costs
}
