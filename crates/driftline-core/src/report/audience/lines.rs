//! The lines of each audience. A figure about fewer than `min_cell` people is left out, whoever reads.

use driftline_stats::drift::ColumnVerdict;

use super::figures::{money, primaries, signed, value_bar};
use crate::Minor;
use crate::basics::locale::Words;
use crate::drift::bridge::{Cause, Measure};
use crate::personas::Persona;
use crate::report::facet_lines::written;
use crate::report::{DriftedColumn, Report};

/// Columns that grow with the calendar or are money: no habit of a person.
const NO_HABITS: [&str; 4] = ["age_days", "recency_days", "net_12_months", "net_period"];

/// Who moved and came, as counts to plan a campaign by, and the keys that campaign tools select on.
pub(super) fn marketing(report: &Report, words: &Words) -> Vec<String> {
    let count = |customers: u64| words.locale.count(customers);
    let mut lines = Vec::new();
    let moved = |cause: Cause, to: &str| {
        value_bar(report, cause).map(|(bar, customers)| {
            format!("{} customers moved to a {to} persona ({})", count(customers), signed(words, bar.amount))
        })
    };
    let moves: Vec<String> =
        [moved(Cause::MovedUp, "higher-value"), moved(Cause::MovedDown, "lower-value")].into_iter().flatten().collect();
    if !moves.is_empty() {
        lines.push(format!("{}.", moves.join(", ")));
    }
    let came = |cause: Cause, kind: &str| {
        value_bar(report, cause)
            .map(|(bar, customers)| format!("{} {kind} customers ({})", count(customers), signed(words, bar.amount)))
    };
    let arrivals: Vec<String> =
        [came(Cause::New, "new"), came(Cause::Returning, "returning")].into_iter().flatten().collect();
    if !arrivals.is_empty() {
        lines.push(format!("{} of 12-month value.", arrivals.join(" and ")));
    }
    let keys: Vec<String> =
        primaries(report).take(2).map(|persona| format!("{} = {}", persona.label, persona.key)).collect();
    if !keys.is_empty() {
        lines.push(format!("Campaigns select on the persona's key, on its card: {}.", keys.join("; ")));
    }
    lines
}

/// What is sold and sent back by name, and what people inside the personas do differently.
pub(super) fn product(report: &Report, words: &Words) -> Vec<String> {
    let mut lines: Vec<String> =
        report.assortment.iter().flat_map(|assortment| assortment.news.iter().cloned()).collect();
    lines.extend(report.assortment.iter().flat_map(|assortment| assortment.why.iter().cloned()));
    let moved = |column: &DriftedColumn| column.finding.w1_over_sd.or(column.finding.tvd).unwrap_or(0.0);
    let mut drifted: Vec<(&str, &DriftedColumn)> = report
        .attribute_drift
        .iter()
        .filter(|group| Some(group.against) == report.previous_period)
        .flat_map(|group| group.columns.iter().map(move |column| (group.label.as_str(), column)))
        .filter(|(_, column)| column.finding.verdict == ColumnVerdict::Drift)
        .filter(|(_, column)| !NO_HABITS.contains(&column.finding.column.as_str()))
        .collect();
    drifted.sort_by(|a, b| moved(b.1).total_cmp(&moved(a.1)).then(a.0.cmp(b.0)).then(a.1.label.cmp(&b.1.label)));
    let habits: Vec<String> = drifted
        .iter()
        .filter_map(|(group, column)| {
            let (before, now) = (column.finding.mean_ref?, column.finding.mean_cur?);
            let written = |mean: f64| mean_of(report, words, &column.finding.column, mean);
            let (before, now) = (written(before), written(now));
            (before != now).then(|| format!("{group}: {} is {now} on average, {before} last period.", column.label))
        })
        .take(2)
        .collect();
    let has_none = habits.is_empty();
    lines.extend(habits);
    let mut compared =
        report.attribute_drift.iter().filter(|group| Some(group.against) == report.previous_period).peekable();
    let is_quiet = compared.peek().is_some()
        && compared.all(|group| group.columns.iter().all(|column| column.finding.verdict == ColumnVerdict::NoDrift));
    if has_none && is_quiet {
        lines.push("No habit changed by enough to matter, wherever there were enough customers to compare.".to_owned());
    }
    lines
}

/// A mean in the unit that the facet of the column is shown in.
fn mean_of(report: &Report, words: &Words, column: &str, mean: f64) -> String {
    let facet = report.facets.iter().find(|facet| facet.name == column);
    let Some(facet) = facet else { return words.locale.number(mean, 2) };
    match facet.definition.unit.as_deref() {
        Some("money" | "share") => written(&facet.definition, mean, 0, words),
        // The column's name says what it is a number of.
        _ => words.locale.number(mean, usize::from(facet.definition.decimals.unwrap_or(1))),
    }
}

/// Where the value sits, who came and who went.
pub(super) fn sales(report: &Report, words: &Words) -> Vec<String> {
    let mut lines = Vec::new();
    let worth = |persona: &&Persona| persona.value.unwrap_or_default();
    let mut by_value: Vec<&Persona> = primaries(report).filter(|persona| persona.value.is_some()).collect();
    by_value.sort_by(|a, b| worth(b).cmp(&worth(a)).then(a.key.cmp(&b.key)));
    for persona in by_value.iter().take(2) {
        if let (Some(share), Some(each)) = (persona.value_share, persona.value_per_customer) {
            lines.push(format!(
                "{}: {} of the 12-month value from {} of customers, {} each.",
                persona.label,
                words.locale.percent(share, 1),
                words.locale.percent(persona.share, 1),
                money(words, each)
            ));
        }
    }
    if let Some((bar, customers)) = value_bar(report, Cause::New) {
        lines.push(format!(
            "{} new customers stand for {} of 12-month value.",
            words.locale.count(customers),
            money(words, bar.amount)
        ));
    }
    if let Some((bar, customers)) = value_bar(report, Cause::Lost) {
        lines.push(format!(
            "{} customers of last period are no longer active; they stood for {}.",
            words.locale.count(customers),
            money(words, Minor(bar.amount.0.abs()))
        ));
    }
    lines
}

/// Where most customers are at risk, and what moves it.
pub(super) fn service(report: &Report, words: &Words) -> Vec<String> {
    let min_cell = report.method.min_cell as f64;
    let expected = |persona: &Persona| persona.churn_risk.map(|risk| risk * persona.customers as f64);
    let mut at_risk: Vec<(&Persona, f64, f64)> = report
        .personas
        .personas
        .iter()
        .filter_map(|persona| Some((persona, expected(persona)?, persona.churn_risk?)))
        .filter(|(persona, silent, _)| *silent >= min_cell && persona.customers as f64 - silent >= min_cell)
        .collect();
    at_risk.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.key.cmp(&b.0.key)));
    at_risk
        .iter()
        .take(2)
        .map(|(persona, silent, risk)| {
            let reasons: Vec<&str> = persona
                .risk_reasons
                .iter()
                .filter(|reason| reason.effect > 0.0)
                .take(2)
                .map(|reason| reason.family.as_str())
                .collect();
            let why = if reasons.is_empty() { String::new() } else { format!("; raised by {}", reasons.join(" and ")) };
            format!(
                "{}: about {} of {} will make {} (risk {}{why}).",
                persona.label,
                words.locale.count(two_digits(*silent).min(persona.customers - report.method.min_cell)),
                words.locale.count(persona.customers),
                report.method.churn_event,
                words.locale.percent(*risk, 1)
            )
        })
        .collect()
}

/// The realised money, reconciled; what is not attributed; how good the forecast was.
pub(super) fn finance(report: &Report, words: &Words) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(bridge) = report.bridges.iter().find(|bridge| bridge.measure == Measure::NetRevenue) {
        lines.push(format!(
            "Net revenue of the period went from {} to {} ({}); every customer is in one row and the remainder is zero.",
            money(words, bridge.start),
            money(words, bridge.end),
            signed(words, bridge.change)
        ));
        let restated = bridge.bars.iter().find(|bar| bar.cause == Cause::Restatement && bar.amount != Minor::ZERO);
        if let Some(bar) = restated {
            lines.push(format!(
                "Last period is restated by {} from today's data (late or corrected orders).",
                signed(words, bar.amount)
            ));
        }
    }
    let returns = report.assortment.as_ref().and_then(|assortment| assortment.returns.as_ref());
    lines.extend(returns.map(|returns| returns.sentence(words)));
    lines.extend(report.acquisition.as_ref().and_then(|costs| costs.sentence(words)));
    if let Some(scorecard) = &report.scorecard {
        lines.push(scorecard.sentence.clone());
    }
    if let Some(next) = report.models.forecast.as_ref().and_then(|forecast| forecast.next_period.as_ref()) {
        let range = match (next.low_80, next.high_80) {
            (Some(low), Some(high)) => format!(" (80 % range {} to {})", money(words, low), money(words, high)),
            _ => String::new(),
        };
        lines.push(format!("Expected next period from customers known today: {}{range}.", money(words, next.value)));
    }
    if let Some(share) = report.quality.unidentified_gross_share.filter(|share| *share >= 0.0005) {
        lines
            .push(format!("{} of gross sales have no customer and are in no persona.", words.locale.percent(share, 1)));
    }
    lines
}

/// The state of the machine: data, models, what waits for a person.
pub(super) fn owner(report: &Report, words: &Words) -> Vec<String> {
    let quality = &report.quality;
    let rows: u64 = quality.source_rows.values().sum();
    let mut lines = Vec::new();
    if rows > 0 {
        let absent = if quality.sources_not_available.is_empty() {
            String::new()
        } else {
            format!("; not available: {}", quality.sources_not_available.join(", "))
        };
        lines.push(format!(
            "{} rows of {} sources read, {} audits passed{absent}.",
            words.locale.count(rows),
            quality.source_rows.len(),
            quality.audits_passed
        ));
    }
    lines.extend(quality.export_notes.iter().map(|note| format!("Exports: {note}.")));
    let to_review: usize = report
        .personas
        .personas
        .iter()
        .flat_map(|persona| &persona.notes)
        .filter(|note| !note.review.is_empty())
        .count();
    if to_review > 0 {
        lines.push(format!("Notes on personas that wait for review: {to_review}."));
    }
    if !report.models.value_note.is_empty() {
        lines.push(format!("Value models: {}", sentence(&report.models.value_note)));
    }
    if let Some(segments) = &report.models.segments {
        lines.push(format!("Segments: {}", sentence(&segments.reason)));
    }
    lines
}

fn sentence(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

/// A forecast count is not known to the customer: 187.3 as 190.
fn two_digits(value: f64) -> u64 {
    let mut unit = 1.0;
    while value >= 100.0 * unit {
        unit *= 10.0;
    }
    ((value / unit).round() * unit) as u64
}

#[cfg(test)]
mod tests {
    use super::two_digits;

    #[test]
    fn forecast_counts_have_two_digits() {
        assert_eq!([12.3, 99.6, 187.3, 4_251.0].map(two_digits), [12, 100, 190, 4_300]);
    }
}
