//! What a simulated company is made of: settings, markets, customers and what they do.

use chrono::{Days, NaiveDate};
use driftline_core::{Error, Market, Period};

use crate::habits::{self, Kind, PLANTED};

/// What to simulate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    pub seed: u64,
    /// Customers of all markets together, but for those of the market that opens late.
    pub customers: u64,
    pub first: Period,
    pub quarters: u32,
}

/// One market of the company.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedMarket {
    pub code: Market,
    pub currency: &'static str,
    pub customers: u64,
    /// Quarter, from 0, in which its first customer comes.
    pub opens: u32,
}

/// Customers of the market that opens late: too few for models of its own.
const NEW_MARKET_CUSTOMERS: u64 = 180;

/// A customer with all they did.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    pub id: String,
    pub kind: Kind,
    /// Of a kind that splits, those whose habits change; drawn for everybody, without meaning for the other kinds.
    pub is_second_half: bool,
    pub email: String,
    pub joined_on: NaiveDate,
    pub birth_year: Option<i32>,
    pub gender: Option<&'static str>,
    pub region: &'static str,
    pub acquisition_channel: &'static str,
    pub profiling_consent: bool,
    pub marketing_consent: bool,
    pub loyalty_tier: Option<&'static str>,
    pub lines: Vec<Line>,
    pub tickets: Vec<Ticket>,
    pub visits: Vec<Visit>,
    pub mails: Vec<Mail>,
    pub survey: Option<Survey>,
}

impl Person {
    /// Whom they act like in a quarter, from 0: their kind, but for the second half of a kind from its split on, and for kinds that
    /// merged from then on. None before they have joined: who joins on the last day of a quarter is in its groups.
    pub fn group(&self, settings: &Settings, quarter: u32) -> Option<&'static str> {
        let is_there = self.joined_on < settings.quarter(quarter + 1).start();
        is_there.then(|| habits::group(self.kind, quarter, self.is_second_half))
    }
}

/// A line of an order, or of what was sent back.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub order: String,
    pub day: NaiveDate,
    /// Seconds of the day in UTC.
    pub seconds: u32,
    pub category: &'static str,
    /// The product's number in its category; see [`habits::rung`].
    pub product: u32,
    pub quantity: i64,
    /// Of one piece, in cents.
    pub price: i64,
    /// Taken off the line, in cents.
    pub discount: i64,
    pub is_return: bool,
    /// Reaches the exports only after its quarter was reported.
    pub is_late: bool,
}

impl Line {
    /// What the line brings, in cents; negative if sent back.
    pub fn net(&self) -> i64 {
        let amount = self.quantity * self.price - self.discount;
        if self.is_return { -amount } else { amount }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Ticket {
    pub day: NaiveDate,
    pub topic: &'static str,
    pub text: String,
    pub satisfaction: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Visit {
    pub day: NaiveDate,
    pub event: &'static str,
    pub content: u32,
    pub device: &'static str,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Mail {
    pub campaign: u32,
    pub sent_on: NaiveDate,
    pub opened: bool,
    pub clicked_on: Option<NaiveDate>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    pub day: NaiveDate,
    pub recommends: i64,
    pub text: String,
    pub may_be_quoted: bool,
    /// Ticked in lists: what they come for, and what keeps them from buying more.
    pub goal: &'static str,
    pub objection: &'static str,
}

/// The company's markets.
///
/// # Errors
/// [`Error::Market`] if a code is not plain, which would be a bug.
pub fn markets(settings: &Settings) -> Result<Vec<SimulatedMarket>, Error> {
    let of = |code: &str, currency, customers, opens| -> Result<SimulatedMarket, Error> {
        Ok(SimulatedMarket { code: code.parse()?, currency, customers, opens })
    };
    let (de, fr) = (settings.customers / 2, settings.customers * 3 / 10);
    Ok(vec![
        of("de", "EUR", de, 0)?,
        of("fr", "EUR", fr, 0)?,
        of("gb", "GBP", settings.customers - de - fr, 0)?,
        of("at", "EUR", NEW_MARKET_CUSTOMERS, PLANTED.new_market)?,
    ])
}

impl Settings {
    /// First day that is simulated.
    pub fn start(&self) -> NaiveDate {
        self.first.start()
    }

    /// First day that is not.
    pub fn end(&self) -> NaiveDate {
        self.quarter(self.quarters).start()
    }

    /// The n-th quarter, from 0.
    pub fn quarter(&self, number: u32) -> Period {
        (0..number).fold(self.first, |period, _| period.next())
    }

    pub(crate) fn day(&self, number: i64) -> NaiveDate {
        self.start() + Days::new(number.max(0) as u64)
    }

    pub(crate) fn days(&self) -> i64 {
        (self.end() - self.start()).num_days()
    }

    /// First day of each quarter, counted from the first.
    pub(crate) fn quarter_starts(&self) -> Vec<i64> {
        (0..self.quarters).map(|number| (self.quarter(number).start() - self.start()).num_days()).collect()
    }
}

/// The quarter of a day, from 0.
pub(crate) fn quarter_of(starts: &[i64], day: i64) -> u32 {
    starts.partition_point(|start| *start <= day).saturating_sub(1) as u32
}

/// Pieces in the content library, and campaigns a quarter.
pub const CONTENT: u32 = 24;
pub const CAMPAIGNS_A_QUARTER: u32 = 2;
