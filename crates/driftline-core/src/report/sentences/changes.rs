//! A change in a sentence. The verb and the numbers that it stands with are of the same people, by one definition and one state of
//! the data; what is published where that differs comes after it.

use crate::Minor;
use crate::basics::locale::Words;
use crate::drift::change::{Change, Metric, Usual};

impl Words {
    /// A sentence for each change. That there is no history yet is said once, behind the last of them.
    pub fn changes(&self, changes: &[&Change]) -> Vec<String> {
        let mut sentences: Vec<String> = changes.iter().map(|change| self.change(change)).collect();
        let without = changes.iter().filter(|change| matches!(change.usual, Usual::NoHistory { .. })).count();
        let words = match (without, changes.len()) {
            (0, _) => "",
            (1, 1) => " No history of such changes yet.",
            (without, all) if without == all => " No history of changes like these yet.",
            _ => " No history yet of those changes that are not called normal or unusual.",
        };
        if let Some(last) = sentences.last_mut() {
            last.push_str(words);
        }
        sentences
    }

    /// The fixed form of a change: who, verb, from → to, difference with its range, and what is normal.
    fn change(&self, change: &Change) -> String {
        let range =
            format!("95 % range {} to {}", self.moved(change, change.low_95), self.moved(change, change.high_95));
        let (before, now) = (self.amount(change, change.restated()), self.amount(change, self.like_for_like(change)));
        let by = self.moved(change, change.causes.customers_moved);
        let told = match change.metric {
            Metric::CustomerShare => {
                let verb = if change.causes.customers_moved > 0.0 { "grew" } else { "shrank" };
                format!(
                    "{} {verb} from {before} to {now} of active customers ({by}, {range}).{}",
                    change.label,
                    self.published(change)
                )
            }
            Metric::OrderValue => format!(
                "{} spent {} an order: typically {now}, {before} last period ({by}, {range}; the same people).",
                change.label,
                more_or_less(change)
            ),
            Metric::OrdersPerMember => format!(
                "{} ordered {} often: {now} orders each, {before} last period ({by}, {range}; the same people).",
                change.label,
                more_or_less(change)
            ),
            Metric::NewCustomers => format!(
                "{now} new customers came, {} than last period's {before} ({by}, {range}).",
                if change.change > 0.0 { "more" } else { "fewer" }
            ),
            Metric::NewCustomerSpend => format!(
                "New customers spent {} than those of last period: typically {now}, {before} then ({by}, {range}).",
                more_or_less(change)
            ),
            Metric::Value | Metric::ValuePerCustomer => {
                let of = if change.metric == Metric::Value { "of" } else { "a customer of" };
                let verb = if change.causes.customers_moved > 0.0 { "grew" } else { "shrank" };
                format!("The 12-month value {of} {} {verb} from {before} to {now} ({by}, {range}).", change.label)
            }
        };
        format!("{told}{}", self.usual(change))
    }

    /// What a change is in the subject of a mail: `Loyal spend 24.9 % more an order`.
    pub fn short(&self, change: &Change) -> String {
        let by = self.moved(change, change.causes.customers_moved);
        let part = by.trim_start_matches(['+', '−']);
        let more = if change.causes.customers_moved > 0.0 { "more" } else { "less" };
        match change.metric {
            Metric::CustomerShare => format!("{} {by} of customers", change.label),
            Metric::OrderValue => format!("{} spend {part} {more} an order", change.label),
            Metric::OrdersPerMember => format!("{} order {part} {more} often", change.label),
            Metric::NewCustomers => format!("new customers {by}"),
            Metric::NewCustomerSpend => format!("new customers spend {part} {more}"),
            Metric::Value => format!("value {by}"),
            Metric::ValuePerCustomer => format!("value a customer of {} {by}", change.label),
        }
    }

    /// A change in plain words, as a headline begins: `Loyal spent 24.9 % more an order`.
    pub fn lead(&self, change: &Change) -> String {
        let part = if change.restated() == 0.0 { 0.0 } else { change.causes.customers_moved / change.restated() };
        let by = self.locale.percent(part.abs(), 1);
        let is_up = change.causes.customers_moved > 0.0;
        let (more, grew) = if is_up { ("more", "grew") } else { ("less", "shrank") };
        match change.metric {
            Metric::CustomerShare => {
                let points = self.locale.number(100.0 * change.causes.customers_moved.abs(), 1);
                format!("{} {grew} by {points} points of active customers", change.label)
            }
            Metric::OrderValue => format!("{} spent {by} {more} an order", change.label),
            Metric::OrdersPerMember => format!("{} ordered {by} {more} often", change.label),
            Metric::NewCustomers => format!("{by} {} new customers came", if is_up { "more" } else { "fewer" }),
            Metric::NewCustomerSpend => format!("New customers spent {by} {more} than those of last period"),
            Metric::Value => format!("The 12-month value {grew} by {by}"),
            Metric::ValuePerCustomer => format!("The 12-month value a customer of {} {grew} by {by}", change.label),
        }
    }

    /// This period by last period's models.
    fn like_for_like(&self, change: &Change) -> f64 {
        change.restated() + change.causes.customers_moved
    }

    /// What was published, where re-drawn groups or restated data make it look otherwise.
    fn published(&self, change: &Change) -> String {
        /// What differs by less is no other number to a reader.
        const SEEN_FROM: f64 = 0.002;
        let shown = |share: f64| self.locale.percent(share, 1);
        let is_near = |one: f64, other: f64| (one - other).abs() < SEEN_FROM;
        let is_same = is_near(change.to, self.like_for_like(change)) && is_near(change.from, change.restated())
            || shown(change.to) == shown(self.like_for_like(change)) && shown(change.from) == shown(change.restated());
        if is_same {
            return String::new();
        }
        format!(" That is like for like; published were {} and {}.", shown(change.from), shown(change.to))
    }

    fn amount(&self, change: &Change, amount: f64) -> String {
        match change.metric {
            Metric::CustomerShare => self.locale.percent(amount, 1),
            Metric::OrdersPerMember => self.locale.number(amount, 2),
            Metric::NewCustomers => self.locale.number(amount, 0),
            Metric::OrderValue | Metric::NewCustomerSpend | Metric::Value | Metric::ValuePerCustomer => {
                self.locale.money(Minor(amount.round() as i64), &self.currency)
            }
        }
    }

    /// A difference: points of a share, money for value, else a part of the figure before.
    pub fn moved(&self, change: &Change, difference: f64) -> String {
        match change.metric {
            Metric::CustomerShare => self.locale.points(difference),
            Metric::Value | Metric::ValuePerCustomer => {
                self.locale.signed_money(Minor(difference.round() as i64), &self.currency)
            }
            _ if change.restated() == 0.0 => self.locale.signed_percent(0.0, 1),
            _ => self.locale.signed_percent(difference / change.restated(), 1),
        }
    }

    /// What past changes were, with a space before it; nothing where there is no history.
    fn usual(&self, change: &Change) -> String {
        let written = |amount: f64| self.moved(change, amount);
        match change.usual {
            Usual::NoHistory { .. } => String::new(),
            Usual::Season { last_year } => {
                format!(" Normal for this season: {} a year ago.", written(last_year))
            }
            Usual::Inside { past, low, high } => {
                format!(
                    " Normal for this market: {past} past changes range from {} to {}.",
                    written(low),
                    written(high)
                )
            }
            Usual::Outside { past, low, high } => {
                format!(" Unusual: {past} past changes range from {} to {}.", written(low), written(high))
            }
        }
    }
}

fn more_or_less(change: &Change) -> &'static str {
    if change.change > 0.0 { "more" } else { "less" }
}
