//! Sentences about lines and returns.

use super::{Assortment, Line, MORE_THAN_ALL, ReturnsChange};
use crate::Minor;
use crate::basics::locale::Words;
use crate::drift::sales::{Grain, SalesChange};

impl Assortment {
    /// With its sentences. `noun` is the period's, `quarter`; `sales` says what of their move was volume and price.
    #[must_use]
    pub fn told(self, words: &Words, noun: &str, sales: Option<&SalesChange>) -> Self {
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
        let news = [
            new.map(|lines| format!("New this {noun}: {lines}.")),
            dropped.map(|lines| format!("Not sold any more: {lines}.")),
            self.returns.as_ref().map(|returns| returns.sentence(words)),
        ];
        let renamed = self.is_renamed.then(|| {
            format!("Nearly all that is sold has another name than last {noun}, so nothing is told as new or dropped.")
        });
        let why = [renamed, self.movers_told(words), sales.and_then(|sales| sales.sentence(words))];
        Self { news: news.into_iter().flatten().collect(), why: why.into_iter().flatten().collect(), ..self }
    }

    /// The first line of the news in the subject of a mail.
    pub fn short(&self, words: &Words) -> Option<String> {
        let first = |lines: &[Line]| lines.first().map(|line| line.label.clone());
        let rate = |returns: &ReturnsChange| format!("returns {} of sales", words.locale.percent(returns.rate_now, 1));
        let new = first(&self.new).map(|label| format!("new: {label}"));
        let dropped = first(&self.dropped).map(|label| format!("{label} not sold any more"));
        new.or(dropped).or_else(|| self.returns.as_ref().map(rate))
    }

    fn movers_told(&self, words: &Words) -> Option<String> {
        let verb = if self.sales_change > Minor::ZERO { "rose" } else { "fell" };
        let signed = |line: &Line| words.locale.signed_money(line.now - line.before, &words.currency);
        let all: f64 = self.movers.iter().filter_map(|line| line.share_of_change).sum();
        let movers = told(&self.movers, |line| {
            let part = line.share_of_change.unwrap_or(0.0);
            let part = if part < 0.995 { words.locale.percent(part, 0) } else { "all".to_owned() };
            let part = if all > MORE_THAN_ALL { String::new() } else { format!(" ({part} of it)") };
            format!("{} {}{part}", line.label, signed(line))
        })?;
        let against = told(&self.against, |line| format!("{} {}", line.label, signed(line)));
        let against = against.map_or_else(String::new, |lines| format!(", against {lines}"));
        let change = words.locale.money(Minor(self.sales_change.0.abs()), &words.currency);
        Some(format!("Sales before returns {verb} by {change}: {movers}{against}."))
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

/// Sales that moved by less than this part of themselves are not explained, nor prices that moved by less.
const EXPLAINED_FROM: f64 = 0.02;
const PRICES_FROM: f64 = 0.01;

impl SalesChange {
    /// Price against volume, where products are known, both moved sales, and sales moved enough.
    fn sentence(&self, words: &Words) -> Option<String> {
        let has_moved = self.change.ratio(self.before).is_some_and(|part| part.abs() >= EXPLAINED_FROM);
        let prices = self.price_change.filter(|part| part.abs() >= PRICES_FROM)?;
        let signed = |amount: Minor| words.locale.signed_money(amount, &words.currency);
        (has_moved && self.grain == Grain::Product).then(|| {
            format!(
                "Prices of the same products moved by {} ({}); more or fewer units brought {}, other products {}.",
                words.locale.signed_percent(prices, 1),
                signed(self.price),
                signed(self.volume),
                signed(self.change - self.price - self.volume)
            )
        })
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
