//! What segments are described by, and who went where.

use std::collections::BTreeMap;

use driftline_core::tables::feedback::Quote;
use driftline_core::tables::profile::{Flow, FlowKind, Newcomers, PairedOrders, RiskSum, SegmentProfile};

use driftline_stats::paired::{Counts, Levels};

use super::each_row;
use crate::error::Result;
use crate::lake::Lake;

/// All segment profiles, segment 0 (everyone active) first; empty if nobody is active.
///
/// # Errors
/// `Error::Shape` if a mart lacks a column that the report needs.
pub async fn segment_profiles(lake: &Lake) -> Result<Vec<SegmentProfile>> {
    let mut profiles: BTreeMap<u32, SegmentProfile> = BTreeMap::new();
    each_row(lake, "segment_profiles", "segment", |cells, row| {
        let segment = cells.integer("segment", row)? as u32;
        profiles.insert(
            segment,
            SegmentProfile {
                segment,
                customers: cells.count("customers", row)?,
                bought_once: cells.count("bought_once", row)?,
                value: cells.minor("value_12_months", row)?,
                net_period: cells.minor("net_period", row)?.unwrap_or_default(),
                net_period_squares: cells.float("net_period_squares", row)?.unwrap_or_default(),
                churn_risk: cells.float("churn_risk", row)?,
                next_period: cells.minor("next_period_value", row)?,
                return_rate: cells.float("return_rate", row)?,
                quotes: Vec::new(),
            },
        );
        Ok(())
    })
    .await?;
    each_row(lake, "segment_quotes", "segment, place", |cells, row| {
        if let Some(profile) = profiles.get_mut(&(cells.integer("segment", row)? as u32)) {
            profile.quotes.push(Quote {
                source: cells.text("source", row)?.unwrap_or_default(),
                given_on: cells.text("given_on", row)?.and_then(|day| day.parse().ok()).unwrap_or_default(),
                text: cells.text("text", row)?.unwrap_or_default(),
            });
        }
        Ok(())
    })
    .await?;
    Ok(profiles.into_values().collect())
}

/// The flows from last period's customers to this one's.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn flows(lake: &Lake) -> Result<Vec<Flow>> {
    let mut flows = Vec::new();
    let order = "flow, from_segment, to_segment, published_segment, now_segment";
    each_row(lake, "customer_flows", order, |cells, row| {
        let kind = match cells.text("flow", row)?.as_deref() {
            Some("new") => FlowKind::New,
            Some("returning") => FlowKind::Returning,
            Some("lost") => FlowKind::Lost,
            Some("stayed") => FlowKind::Stayed,
            _ => FlowKind::Outside,
        };
        flows.push(Flow {
            kind,
            from_segment: cells.integer("from_segment", row)? as u32,
            to_segment: cells.integer("to_segment", row)? as u32,
            published_segment: cells.integer("published_segment", row)? as u32,
            now_segment: cells.integer("now_segment", row)? as u32,
            customers: cells.count("customers", row)?,
            customers_restated: cells.count("customers_restated", row)?,
            customers_redefined: cells.count("customers_redefined", row)?,
            value_published: cells.minor("value_published", row)?.unwrap_or_default(),
            value_now: cells.minor("value_now", row)?.unwrap_or_default(),
            net_published_e4: cells.ten_thousandths("net_published", row)?,
            trailing_published_e4: cells.ten_thousandths("trailing_published", row)?,
            value_from: cells.minor("value_from", row)?.unwrap_or_default(),
            value_to: cells.minor("value_to", row)?.unwrap_or_default(),
            net_from_e4: cells.ten_thousandths("net_from", row)?,
            net_to_e4: cells.ten_thousandths("net_to", row)?,
            trailing_from_e4: cells.ten_thousandths("trailing_from", row)?,
            trailing_to_e4: cells.ten_thousandths("trailing_to", row)?,
            risks: {
                let sum = |state: &str| -> Result<RiskSum> {
                    let customers = cells.count(&format!("at_risk_{state}"), row)?;
                    let sum_e6 = cells.decimal(&format!("risk_{state}"), row)?.map_or(0, |(value, _)| value);
                    Ok(RiskSum { customers, sum_e6 })
                };
                [sum("published")?, sum("from")?, sum("to")?, sum("now")?]
            },
            value_from_squares: cells.float("value_from_squares", row)?.unwrap_or(0.0),
            value_to_squares: cells.float("value_to_squares", row)?.unwrap_or(0.0),
            value_change_squares: cells.float("value_change_squares", row)?.unwrap_or(0.0),
        });
        Ok(())
    })
    .await?;
    Ok(flows)
}

/// What the same people ordered last period and this one, by segment of both; segment 0 is everyone.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn paired_orders(lake: &Lake) -> Result<Vec<PairedOrders>> {
    let mut rows = Vec::new();
    each_row(lake, "persona_changes", "segment", |cells, row| {
        rows.push(PairedOrders {
            segment: cells.integer("segment", row)? as u32,
            orders: Counts {
                people: cells.count("customers", row)?,
                before: cells.count("orders_before", row)?,
                now: cells.count("orders_now", row)?,
                before_squares: cells.count("orders_before_squares", row)?,
                now_squares: cells.count("orders_now_squares", row)?,
                products: cells.count("orders_products", row)?,
            },
            valued: cells.count("valued", row)?,
            level_before: cells.float("level_before", row)?.unwrap_or(0.0),
            level_now: cells.float("level_now", row)?.unwrap_or(0.0),
            level_change_squares: cells.float("level_change_squares", row)?.unwrap_or(0.0),
        });
        Ok(())
    })
    .await?;
    Ok(rows)
}

/// Who came for the first time, and again, last period and this one.
///
/// # Errors
/// `Error::Shape` as above.
pub async fn newcomers(lake: &Lake) -> Result<Newcomers> {
    let mut found = Newcomers::default();
    each_row(lake, "newcomers", "customers_now", |cells, row| {
        let levels = |period: &str| -> Result<Levels> {
            Ok(Levels {
                people: cells.count(&format!("valued_{period}"), row)?,
                sum: cells.float(&format!("level_{period}"), row)?.unwrap_or(0.0),
                squares: cells.float(&format!("level_{period}_squares"), row)?.unwrap_or(0.0),
            })
        };
        found = Newcomers {
            before: cells.count("customers_before", row)?,
            now: cells.count("customers_now", row)?,
            spend_before: cells.minor("spend_before", row)?.unwrap_or_default(),
            spend_now: cells.minor("spend_now", row)?.unwrap_or_default(),
            levels_before: levels("before")?,
            levels_now: levels("now")?,
            came_back_before: cells.count("came_back_before", row)?,
            came_back_now: cells.count("came_back_now", row)?,
        };
        Ok(())
    })
    .await?;
    Ok(found)
}
