//! A bridge in a sentence: what customers moved first, by one definition and one state of the data; then what the bookkeeping did.

use crate::basics::locale::Words;
use crate::drift::bridge::{Bar, Bridge, Cause};

impl Words {
    /// `12-month customer value rose 9.3 % like for like, to £20,365: new customers (+£1,900) outweighed lost customers (−£1,530).
    /// Re-drawing the models lowered it by 15.0 points.`
    ///
    /// A move of less than the part `material` of the total is none to speak of; a bar of less is no reason, nor is a pool of small
    /// groups. Without `reasons` none is named.
    pub fn headline(&self, bridge: &Bridge, noun: &str, material: f64, reasons: bool) -> String {
        let end = self.locale.money(bridge.end, &self.currency);
        let bookkeeping = self.bookkeeping(bridge);
        let Some(relative) = bridge.like_for_like() else {
            return format!("{noun} is {end}.{bookkeeping}");
        };
        let (alike, and) = if bookkeeping.is_empty() { ("", "to") } else { (" like for like", "and is") };
        if !self.is_seen(relative) {
            return format!("{noun} is steady{alike} at {end}.{bookkeeping}");
        }
        if relative.abs() < material {
            let moved = self.locale.signed_percent(relative, 1);
            return format!("{noun} is about steady{alike} ({moved}) at {end}.{bookkeeping}");
        }
        let verb = if relative > 0.0 { "rose" } else { "fell" };
        let moved = format!("{noun} {verb} {}{alike} {and} {end}", self.locale.percent(relative.abs(), 1));
        let why = if reasons { self.reasons(bridge, material, relative > 0.0) } else { String::new() };
        format!("{moved}{why}.{bookkeeping}")
    }

    /// Whether a part of a whole is anything, as it is written.
    fn is_seen(&self, part: f64) -> bool {
        self.locale.percent(part, 1) != self.locale.percent(0.0, 1)
    }

    /// The two largest bars on each side, those that explain the direction first.
    fn reasons(&self, bridge: &Bridge, material: f64, is_up: bool) -> String {
        let least = material * bridge.restated().as_major().abs();
        let told = |bar: &&Bar| {
            !bar.cause.is_bookkeeping() && bar.cause != Cause::SmallGroups && bar.amount.as_major().abs() >= least
        };
        let side = |is_gain: bool| {
            let mut bars: Vec<&Bar> = bridge
                .bars
                .iter()
                .filter(told)
                .filter(|bar| bar.amount.0 != 0 && (bar.amount.0 > 0) == is_gain)
                .collect();
            bars.sort_by_key(|bar| -bar.amount.0.abs());
            bars.truncate(2);
            let parts: Vec<String> = bars
                .iter()
                .map(|bar| format!("{} ({})", noun_of(bar.cause), self.locale.signed_money(bar.amount, &self.currency)))
                .collect();
            (parts.join(" and "), bars.iter().map(|bar| bar.amount.0.abs()).sum::<i64>())
        };
        let ((with, for_it), (against, against_it)) = (side(is_up), side(!is_up));
        match (with.is_empty(), against.is_empty()) {
            // What only slows a move is no reason of it.
            (true, _) => String::new(),
            (false, true) => format!(", from {with}"),
            (false, false) if for_it > against_it => format!(": {with} outweighed {against}"),
            // Then what is too small to be named decided.
            (false, false) => format!(": {with} against {against}, and smaller causes"),
        }
    }

    /// What refitted models and restated data did to a total, each if it can be seen; with a space before it.
    fn bookkeeping(&self, bridge: &Bridge) -> String {
        let part = |cause: Cause| bridge.amount(cause).ratio(bridge.restated()).filter(|part| self.is_seen(*part));
        let points = |part: f64| format!("{} points", self.locale.number(100.0 * part.abs(), 1));
        let verb = |part: f64| if part > 0.0 { "raised" } else { "lowered" };
        let mut said = Vec::new();
        if let Some(part) = part(Cause::DefinitionChanged) {
            said.push(format!("re-drawing the models {} it by {}", verb(part), points(part)));
        }
        if let Some(part) = part(Cause::Restatement) {
            said.push(format!("late or corrected data {} last period's by {}", verb(part), points(part)));
        }
        if said.is_empty() { String::new() } else { format!(" Bookkeeping: {}.", said.join(", ")) }
    }
}

fn noun_of(cause: Cause) -> &'static str {
    match cause {
        Cause::New => "new customers",
        Cause::Returning => "returning customers",
        Cause::MovedUp => "moves to higher-value personas",
        Cause::Within => "change within personas",
        Cause::MovedDown => "moves to lower-value personas",
        Cause::Other => "customers unlike any persona",
        Cause::Lost => "lost customers",
        Cause::Outside => "refunds and sales outside the active base",
        Cause::Unidentified => "sales without a customer id",
        Cause::DefinitionChanged => "refitted models",
        Cause::Restatement => "restated data of last period",
        Cause::SmallGroups => "small groups together",
    }
}
