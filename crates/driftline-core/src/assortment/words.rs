//! Sentences about lines and returns.

use super::{Assortment, Line, ReturnsChange};
use crate::Minor;
use crate::sentence::Words;

impl Assortment {
    /// What is new, what is gone, what moved the sales, what comes back: a sentence each. `noun` is the period's: `quarter`.
    pub fn sentences(&self, words: &Words, noun: &str) -> Vec<String> {
        let new = told(&self.new, |line| {
            format!(
                "{} ({}, {} of sales, {} customers)",
                line.label,
                words.locale.money(line.now, &words.currency),
                words.locale.percent(line.share_of_sales, 1),
                words.locale.count(line.customers)
            )
        });
        let dropped = told(&self.dropped, |line| {
            let before = words.locale.money(line.before, &words.currency);
            format!("{} ({before} last {noun}, {} of sales)", line.label, words.locale.percent(line.share_of_sales, 1))
        });
        [
            new.map(|lines| format!("New this {noun}: {lines}.")),
            dropped.map(|lines| format!("Not sold any more: {lines}.")),
            self.movers_told(words),
            self.returns.as_ref().map(|returns| returns.sentence(words)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn movers_told(&self, words: &Words) -> Option<String> {
        let verb = if self.sales_change > Minor::ZERO { "rose" } else { "fell" };
        let movers = told(&self.movers, |line| {
            let part = line.share_of_change.unwrap_or(0.0);
            let part = if part < 0.995 { words.locale.percent(part, 0) } else { "all".to_owned() };
            let change = words.locale.signed_money(line.now - line.before, &words.currency);
            format!("{} {change} ({part} of it)", line.label)
        })?;
        let change = words.locale.money(Minor(self.sales_change.0.abs()), &words.currency);
        Some(format!("Sales {verb} by {change}: {movers}."))
    }
}

impl ReturnsChange {
    /// `Returns rose from 3.1 % to 6.0 % of sales: Helmets are 58 % of the rise.`
    pub fn sentence(&self, words: &Words) -> String {
        let (verb, noun) = if self.rate_now > self.rate_before { ("rose", "rise") } else { ("fell", "fall") };
        let items: Vec<String> = self
            .items
            .iter()
            .map(|item| format!("{} {}", item.label, words.locale.percent(item.share_of_change.min(1.0), 0)))
            .collect();
        let of = match items.len() {
            0 => String::new(),
            _ => format!(" Of the {noun}: {}.", items.join(", ")),
        };
        format!(
            "Returns {verb} from {} to {} of sales.{of}",
            words.locale.percent(self.rate_before, 1),
            words.locale.percent(self.rate_now, 1)
        )
    }
}

/// Lines as a list of a sentence; none of none.
fn told(lines: &[Line], write: impl Fn(&Line) -> String) -> Option<String> {
    let written: Vec<String> = lines.iter().map(write).collect();
    match &written[..] {
        [] => None,
        [one] => Some(one.clone()),
        [first @ .., last] => Some(format!("{} and {last}", first.join(", "))),
    }
}
