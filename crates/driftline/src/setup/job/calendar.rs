//! The job's calendar, `[period]`: which periods are its own, and which day it is where its days are counted.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use driftline_core::{Market, Period};
use driftline_ledger::Ledger;

use crate::error::{Error, InPlace, Result};
use crate::setup::job::Job;

impl Job {
    /// The zone in which days are counted.
    pub fn time_zone(&self) -> Tz {
        self.time_zone
    }

    /// The day of an instant where days are counted: by it a period is over.
    pub fn day_of(&self, instant: DateTime<Utc>) -> NaiveDate {
        instant.with_timezone(&self.time_zone()).date_naive()
    }

    /// A period as typed.
    ///
    /// # Errors
    /// `Error::Period` for a text that is no period, or one of another calendar than the job's.
    pub fn period(&self, text: &str) -> Result<Period> {
        text.parse().and_then(|period| self.calendar.check(period)).map_err(|source| Error::Period { source })
    }

    /// The published periods of the job's calendar: one that once counted quarters and now half-years has both in its warehouse.
    ///
    /// # Errors
    /// `Error::Ledger` if the warehouse cannot be listed.
    pub async fn published(&self, ledger: &Ledger, market: &Market) -> Result<Vec<Period>> {
        let published = ledger.periods(&self.name, market).await.in_place(market.as_str())?;
        let periods = published.into_iter().map(|(period, _)| period);
        Ok(periods.filter(|period| period.calendar() == self.calendar).collect())
    }
}
