//! `driftline init`: a commented project to start from, with the shared models and a dialect to fill in.

use std::path::Path;

use crate::command::args;
use crate::command::output::say;
use crate::error::{Error, Result};

/// Every file of the skeleton: what this program was built with, so that it fits it.
macro_rules! files {
    ($($path:literal),* $(,)?) => { [$(($path, include_str!(concat!("../../../../", $path)))),*] };
}

const SHARED: [(&str, &str); 88] = files![
    "sql/README.md",
    "sql/DECISIONS.md",
    "jobs/README.md",
    "jobs/OPERATIONS.md",
    "jobs/WORKBENCH.md",
    "sql/audits/customers_and_unidentified_sum_to_market.sql",
    "sql/audits/flows_account_for_every_customer.sql",
    "sql/audits/products_are_all_that_was_sold.sql",
    "sql/audits/values_are_not_negative.sql",
    "sql/facets/age_days.sql",
    "sql/facets/campaigns_answered.sql",
    "sql/facets/campaigns_received.sql",
    "sql/facets/categories.sql",
    "sql/facets/channels.sql",
    "sql/facets/declared_traits.sql",
    "sql/facets/discount_share.sql",
    "sql/facets/frustrations.sql",
    "sql/facets/goals.sql",
    "sql/facets/lines_per_order.sql",
    "sql/facets/mean_order.sql",
    "sql/facets/motivations.sql",
    "sql/facets/objections.sql",
    "sql/facets/purchases_a_month.sql",
    "sql/facets/recency_days.sql",
    "sql/facets/return_rate.sql",
    "sql/intermediate/int_cancelled_days.sql",
    "sql/intermediate/int_customer_categories.sql",
    "sql/intermediate/int_customer_days.sql",
    "sql/intermediate/int_customer_items.sql",
    "sql/intermediate/int_customers_by_last_models.sql",
    "sql/intermediate/int_customers_described.sql",
    "sql/intermediate/int_customers_placed.sql",
    "sql/intermediate/int_customers_scored.sql",
    "sql/intermediate/int_customers_summarised.sql",
    "sql/intermediate/int_customers_valued.sql",
    "sql/intermediate/int_habit_days.sql",
    "sql/intermediate/int_item_days.sql",
    "sql/intermediate/int_item_shares.sql",
    "sql/intermediate/int_order_lines.sql",
    "sql/intermediate/int_purchase_histories.sql",
    "sql/intermediate/int_purchase_log.sql",
    "sql/intermediate/int_rfm_groups.sql",
    "sql/intermediate/int_segment_acquisition_costs.sql",
    "sql/intermediate/int_segment_categories.sql",
    "sql/intermediate/int_spend_histories.sql",
    "sql/marts/category_margins.sql",
    "sql/marts/customer_flows.sql",
    "sql/marts/customer_shares.sql",
    "sql/marts/customers.sql",
    "sql/marts/item_moves.sql",
    "sql/marts/market_periods.sql",
    "sql/marts/newcomers.sql",
    "sql/marts/persona_changes.sql",
    "sql/marts/persona_facets.sql",
    "sql/marts/product_moves.sql",
    "sql/marts/revision_changes.sql",
    "sql/marts/rfm_groups.sql",
    "sql/marts/scorecard.sql",
    "sql/marts/scorecard_risks.sql",
    "sql/marts/scorecard_year.sql",
    "sql/marts/segment_acquisition_costs.sql",
    "sql/marts/segment_categories.sql",
    "sql/marts/segment_profiles.sql",
    "sql/marts/segment_quotes.sql",
    "sql/staging/canonical/stg_acquisition_costs.sql",
    "sql/staging/canonical/stg_campaign_responses.sql",
    "sql/staging/canonical/stg_cancelled_sales.sql",
    "sql/staging/canonical/stg_category_margins.sql",
    "sql/staging/canonical/stg_customer_attributes.sql",
    "sql/staging/canonical/stg_feedback.sql",
    "sql/staging/canonical/stg_order_lines.sql",
    "reports/drift/card.html",
    "reports/drift/subject.txt",
    "reports/drift/body.txt",
    "reports/drift/body.html",
    "reports/drift/report.html",
    "reports/drift/sample.json",
    "reports/site/compare.html",
    "reports/site/frame.html",
    "reports/site/glossary.html",
    "reports/site/index.html",
    "reports/site/market.html",
    "reports/site/parts.html",
    "reports/site/persona.html",
    "reports/site/report.html",
    "reports/site/tree.html",
    "reports/site/style.css",
    "reports/site/site.js",
];

const OWN: [(&str, &str); 4] = [
    ("jobs/quarterly.toml", include_str!("skeleton/quarterly.toml")),
    ("sql/staging/shop/sources.toml", include_str!("skeleton/sources.toml")),
    ("sql/staging/shop/stg_order_lines.sql", include_str!("skeleton/stg_order_lines.sql")),
    ("README.md", include_str!("skeleton/README.md")),
];

pub(super) fn execute(args: &args::Init) -> Result<()> {
    let folder = &args.folder;
    let is_used = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if is_used {
        let source = std::io::Error::new(std::io::ErrorKind::AlreadyExists, "the folder is not empty");
        return Err(Error::Output { path: folder.clone(), source });
    }
    for (path, text) in SHARED.iter().chain(&OWN) {
        write(&folder.join(path), text)?;
    }
    say(format!("wrote {} files to {}", SHARED.len() + OWN.len(), folder.display()));
    say(format!("next: read {0}/README.md, then driftline check --project {0}", folder.display()));
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(path, text)).map_err(|source| Error::Output { path: path.to_owned(), source })
}
