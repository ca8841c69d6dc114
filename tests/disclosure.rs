//! Nothing about fewer than `min_cell` people is in a report, a page or a mail; no customer's id or pseudonym either.

use std::path::Path;

use driftline_core::facets::{Answer, Facet, Shape};
use driftline_core::personas::Persona;
use driftline_core::report::Report;
use driftline_core::tables::profile::MarketTotals;

use crate::bad_input::copy;
use crate::product::{self, TestResult};

/// Reads everything that one run published for people.
pub(crate) fn check(warehouse: &Path, job: &str, market: &str, period: &str) -> TestResult {
    let run = product::run_folder(warehouse, job, market, period)?;
    let report: Report =
        serde_json::from_value(product::read_json(&run.join("report.json"))?).map_err(|e| e.to_string())?;
    let place = format!("{market} {period}");
    let min = report.method.min_cell;
    let small = |what: &str, count: u64| {
        if count > 0 && count < min { Err(format!("{place}: {what} shows {count} customers")) } else { Ok(()) }
    };
    for bridge in &report.bridges {
        for bar in &bridge.bars {
            small(&bar.label, bar.customers.unwrap_or(0))?;
        }
    }
    let everyone = report.kpis.iter().find(|kpi| kpi.key == "active_customers").and_then(|kpi| kpi.now);
    let everyone = everyone.unwrap_or(0.0) as u64;
    // Money that is not shown cannot be what is left of the total.
    let nets = report.personas.personas.iter().map(|persona| persona.net_revenue);
    let hidden =
        nets.chain(report.personas.other.iter().map(|other| other.net_revenue)).filter(Option::is_none).count();
    let total_hides = report.totals.as_ref().is_some_and(|totals| totals.unidentified_net.is_none());
    if hidden + usize::from(total_hides) == 1 {
        return Err(format!("{place}: the one net revenue that is not shown can be worked out"));
    }
    for persona in &report.personas.personas {
        small(&persona.key, persona.customers)?;
        // A share gives the count away on either side of it.
        let of = |share: f64, whole: u64| (share * whole as f64).round() as u64;
        if let Some(rule) = &persona.rule
            && let (Some(matches), Some(precision), Some(coverage)) = (rule.matches, rule.precision, rule.coverage)
        {
            let both = of(coverage, persona.customers);
            crate::product::equal("a rule's two shares are of one count", of(precision, matches), both)?;
            let rest = (everyone + both) - persona.customers - matches;
            for count in [both, persona.customers - both, matches - both, rest] {
                small(&rule.text, count)?;
            }
        }
        for claim in &persona.claims {
            let Some(members) = claim.members.map(|share| of(share, persona.customers)) else { continue };
            small(&claim.text, members)?;
            small(&claim.text, persona.customers - members)?;
            if let Some(all) = claim.everyone.map(|share| of(share, everyone)) {
                small(&claim.text, all - members)?;
                small(&claim.text, (everyone + members) - persona.customers - all)?;
            }
        }
        if let Some(once) = persona.bought_once {
            small("bought once", once)?;
            small("not bought once", persona.customers - once)?;
        }
    }
    facets(&report, everyone).map_err(|problem| format!("{place}: {problem}"))?;
    bought_once(&report, everyone).map_err(|problem| format!("{place}: {problem}"))?;
    if let Some(costs) = &report.acquisition {
        let everyone = report.kpis.iter().find(|kpi| kpi.key == "active_customers").and_then(|kpi| kpi.now);
        let of_line = |key: &Option<String>| match key {
            Some(key) => report.personas.personas.iter().find(|one| one.key == *key).map(|one| one.customers),
            None => report.personas.other.as_ref().map(|other| other.customers),
        };
        let mut shown: Vec<(u64, u64)> = Vec::new();
        for line in &costs.lines {
            shown.extend(line.acquired.as_ref().zip(of_line(&line.key)).map(|(own, all)| (own.customers, all)));
        }
        if let (Some(market), Some(everyone)) = (&costs.market, everyone) {
            // Who is hidden, all together: the market less what is shown.
            let sum = shown.iter().fold((0, 0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
            shown.push((market.customers - sum.0, everyone as u64 - sum.1));
            shown.push((market.customers, everyone as u64));
        }
        for (known, all) in shown {
            small("customers with a known acquisition cost", known)?;
            small("customers without a known acquisition cost", all - known)?;
        }
        small("new customers with a known acquisition cost", costs.new.as_ref().map_or(0, |new| new.customers))?;
    }
    for group in &report.attribute_drift {
        for column in &group.columns {
            small(&column.label, column.finding.n_ref)?;
            small(&column.label, column.finding.n_cur)?;
        }
    }
    if let Some(migration) = &report.migration {
        for cell in migration.customers.iter().flatten() {
            small("migration", cell.unwrap_or(0))?;
        }
        let lines = migration.customers.len();
        for index in 0..lines {
            let row = migration.customers[index].iter().filter(|cell| cell.is_none()).count();
            let column = migration.customers.iter().filter(|row| row[index.min(row.len() - 1)].is_none()).count();
            if row == 1 || column == 1 {
                return Err(format!("{place}: a single hidden cell of the migration table can be worked out"));
            }
        }
    }
    if let Some(sales) = &report.sales_change {
        let products = product::table(&run.join("tables/product_moves.parquet"))?;
        for line in &sales.moves {
            let of_line = |row: &&std::collections::BTreeMap<String, String>| {
                row["product"] == line.label || row["category"] == line.label
            };
            let row = products.iter().find(of_line).ok_or(format!("{place}: {} was not sold", line.label))?;
            for column in ["customers_before", "customers_now"] {
                small(&line.label, row[column].parse().unwrap_or(1))?;
            }
        }
    }
    if let Some(assortment) = &report.assortment {
        let items = product::table(&run.join("tables/item_moves.parquet"))?;
        let lines = [&assortment.new, &assortment.dropped, &assortment.movers].into_iter().flatten();
        let sold = lines.map(|line| (&line.label, ["customers_before", "customers_now"]));
        let returned = assortment.returns.iter().flat_map(|returns| &returns.items);
        let returned = returned.map(|item| (&item.label, ["returners_before", "returners_now"]));
        for (label, columns) in sold.chain(returned) {
            let row = items.iter().find(|row| row["item"] == *label).ok_or(format!("{place}: no item {label}"))?;
            for column in columns {
                small(label, row[column].parse().unwrap_or(1))?;
            }
        }
    }
    if let Some(totals) = &report.totals {
        small("totals", totals.customers)?;
    }
    // Row-level data never leaves the tables: no pseudonym of a customer is in what people read.
    let keys: Vec<String> = product::table(&run.join("tables/customers.parquet"))?
        .iter()
        .take(500)
        .map(|row| row["customer_key"].clone())
        .collect();
    for name in ["report.json", "report.html"] {
        let text = std::fs::read_to_string(run.join(name)).map_err(|error| error.to_string())?;
        if let Some(key) = keys.iter().find(|key| text.contains(*key)) {
            return Err(format!("{place}: {name} holds the customer key {key}"));
        }
    }
    Ok(())
}

/// What facets tell is of enough customers: by itself, on its other side, and what is left of everyone without what is told.
fn facets(report: &Report, everyone: u64) -> TestResult {
    for facet in &report.facets {
        let min = facet.definition.min_cell(report.method.min_cell);
        let is_of_people = facet.definition.shape == Shape::Has;
        let small = |what: &Answer, count: u64| {
            let is_small = count > 0 && count < min;
            if is_small { Err(format!("{} {:?}: {count} customers", facet.name, what.label())) } else { Ok(()) }
        };
        let check = |answer: &Answer, members: u64| {
            small(answer, answer.of)?;
            let rest = members.checked_sub(answer.of);
            small(answer, rest.ok_or(format!("{}: {} of {members} count", facet.name, answer.of))?)?;
            let customers = answer.customers.unwrap_or(answer.of);
            small(answer, customers)?;
            if is_of_people { small(answer, answer.of - customers) } else { Ok(()) }
        };
        for all in &facet.everyone {
            check(all, everyone)?;
            let told = report.personas.personas.iter().filter_map(|persona| {
                let answer = persona.facets.iter().find(|answer| answer.is_same_question(all))?;
                Some((answer, persona.customers))
            });
            let (mut of, mut customers) = (all.of, all.customers);
            for (answer, _) in told {
                of -= answer.of;
                customers = customers.zip(answer.customers).map(|(rest, own)| rest - own);
            }
            small(all, of)?;
            if let (true, Some(customers)) = (is_of_people, customers) {
                small(all, customers)?;
                small(all, of - customers)?;
            }
        }
        for persona in &report.personas.personas {
            for answer in persona.facets.iter().filter(|answer| answer.facet == facet.name) {
                check(answer, persona.customers)?;
            }
            closed(facet, persona, min)?;
        }
    }
    Ok(())
}

/// Of a question to which everybody gives one answer, what is not told is not of a few.
fn closed(facet: &Facet, persona: &Persona, min: u64) -> TestResult {
    let answers: u64 = facet.everyone.iter().filter_map(|answer| answer.customers).sum();
    let is_closed = facet.definition.group.is_none()
        && facet.definition.shape == Shape::Has
        && facet.everyone.first().is_some_and(|answer| answer.of == answers);
    let own: Vec<&Answer> = persona.facets.iter().filter(|answer| answer.facet == facet.name).collect();
    let Some(of) = own.first().map(|answer| answer.of).filter(|_| is_closed) else { return Ok(()) };
    let rest = of - own.iter().filter_map(|answer| answer.customers).sum::<u64>();
    if rest > 0 && rest < min { Err(format!("{}: {rest} customers can be worked out", facet.name)) } else { Ok(()) }
}

/// Who is hidden, all together, cannot be worked out from everyone's count either.
fn bought_once(report: &Report, everyone: u64) -> TestResult {
    let Some(all) = report.personas.bought_once else { return Ok(()) };
    let groups = report.personas.personas.iter().map(|persona| (persona.bought_once, persona.customers));
    let other = report.personas.other.iter().map(|other| (other.bought_once, other.customers));
    let shown = groups.chain(other).filter_map(|(once, customers)| Some((once?, customers)));
    let (once, customers) = shown.fold((0, 0), |sum, group| (sum.0 + group.0, sum.1 + group.1));
    let min = report.method.min_cell;
    for count in [all - once, (everyone - customers) - (all - once), all, everyone - all] {
        if count > 0 && count < min {
            return Err(format!("{count} customers of those who bought once can be worked out"));
        }
    }
    Ok(())
}

pub(crate) fn complete_journey() -> TestResult {
    let folder = product::folder()?;
    product::publish_complete_journey(folder.path(), "2017Q3..2017Q4", &[])?;
    check(folder.path(), "complete-journey", "us", "2017Q3")?;
    check(folder.path(), "complete-journey", "us", "2017Q4")
}

pub(crate) fn online_retail() -> TestResult {
    let folder = product::folder()?;
    let markets = ["gb", "de", "fr", "hk", "be", "at"];
    product::publish_online_retail(folder.path(), "2011Q2..2011Q3", &markets)?;
    for market in markets {
        check(folder.path(), "online-retail", market, "2011Q2")?;
        check(folder.path(), "online-retail", market, "2011Q3")?;
    }
    // Nobody can be identified in Hong Kong: no figure at all.
    let report = product::report(folder.path(), "online-retail", "hk", "2011Q3")?;
    if !report["totals"].is_null() || report["kpis"].as_array().is_none_or(|kpis| !kpis.is_empty()) {
        return Err("hk shows figures about fewer than ten customers".to_owned());
    }
    Ok(())
}

/// Who of complete_journey declines profiling, and whether what they spent is shown: that of one would be told to the cent, by itself or as
/// the total less the personas.
pub(crate) fn objectors() -> TestResult {
    let (everyone, _) = totals("true")?;
    let cases =
        [("one", "household_id <> '1800'", false), ("one in twenty", "cast(household_id as bigint) % 20 <> 0", true)];
    for (who, profiled, is_shown) in cases {
        let (found, hidden) = totals(profiled)?;
        let what = format!("objectors: {who}");
        product::equal(&what, (found.net, found.gross), (everyone.net, everyone.gross))?;
        product::equal(&what, found.unidentified_net.is_some(), is_shown)?;
        product::equal(&what, hidden, usize::from(!is_shown))?;
    }
    Ok(())
}

/// Totals of complete_journey's third quarter, and how many personas' net revenue is hidden, in a project in which those customers are
/// profiled of whom this is true.
fn totals(profiled: &str) -> Result<(MarketTotals, usize), String> {
    let folder = product::folder()?;
    let project = folder.path().join("project");
    for part in ["sql", "jobs", "reports", "tests/exports/complete_journey"] {
        copy(&product::root().join(part), &project.join(part))?;
    }
    let path = project.join("sql/staging/complete_journey/stg_order_lines.sql");
    let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
    let edited = text.replace("true as is_profiled", &format!("{profiled} as is_profiled"));
    std::fs::write(&path, edited).map_err(|error| error.to_string())?;
    let job = ["run", "jobs/complete-journey.toml", "--period", "2017Q3", "--now", "2018-01-05T06:00:00Z"];
    product::succeed(product::run_in(&project, &job)?)?;
    let report = product::report(&project.join("warehouse"), "complete-journey", "us", "2017Q3")?;
    let report: Report = serde_json::from_value(report).map_err(|error| error.to_string())?;
    let hidden = report.personas.personas.iter().filter(|persona| persona.net_revenue.is_none()).count();
    Ok((report.totals.ok_or("no totals")?, hidden))
}
