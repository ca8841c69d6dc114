//! Step 3: what exactly will be computed: one market, one period, one revision, up to one as-of date.

use chrono::{DateTime, NaiveDate, Utc};
use driftline_core::{Market, Period};
use driftline_lake::inspect::Finding;
use driftline_lake::lake::Parameters;
use driftline_lake::source::{Exports, Markets, Sources};

use crate::error::{Error, InPlace, Result};
use crate::setup::covered::Coverage;
use crate::setup::job::Job;

/// One unit of work.
#[derive(Clone, Debug)]
pub struct RunPlan {
    pub market: Market,
    pub period: Period,
    /// First day that does not count; earlier than the period's end if the exports end before it.
    pub as_of: NaiveDate,
    pub partial: Option<String>,
    pub complete_from: Option<NaiveDate>,
    pub complete_until: Option<NaiveDate>,
    /// Day of the market's first sale, if it was looked for.
    pub first_sale: Option<NaiveDate>,
    /// Rows of order lines, if none of them is a sale.
    pub rows_without_sale: Option<u64>,
    /// Day of the market's last line of any kind, if it was looked for.
    pub last_line: Option<NaiveDate>,
    /// What was noticed of the exports, one sentence each.
    pub notes: Vec<String>,
    /// What is odd about this market's exports beside those of other markets.
    pub findings: Vec<Finding>,
}

/// The periods that were asked for, oldest first; by default the last one of the job's calendar that is over.
///
/// # Errors
/// `Error::Period` for a text that is no period or range, or one of another calendar than the job's, `Error::PeriodNotOver` if one of them is not over
/// at `now` where the job counts its days.
pub fn periods(job: &Job, text: Option<&str>, now: DateTime<Utc>) -> Result<Vec<Period>> {
    let today = job.day_of(now);
    let periods = match text {
        Some(text) => {
            let range = Period::parse_range(text).map_err(|source| Error::Period { source })?;
            for period in &range {
                job.calendar.check(*period).map_err(|source| Error::Period { source })?;
            }
            range
        }
        None => vec![Period::last_over(job.calendar, today)],
    };
    match periods.iter().find(|period| period.as_of() > today) {
        Some(period) => Err(Error::PeriodNotOver {
            period: period.to_string(),
            last_day: period.last_day().to_string(),
            now: today.to_string(),
        }),
        None => Ok(periods),
    }
}

/// The market codes of a command. Asked for before anything is read: a code becomes part of paths.
///
/// # Errors
/// `Error::Period` for a text that is no plain code.
pub fn codes(asked: &[String]) -> Result<Vec<Market>> {
    asked.iter().map(|code| code.parse().map_err(|source| Error::Period { source })).collect()
}

/// The markets that were asked for, the parent market first, and what was left out of the exports, one sentence each.
///
/// # Errors
/// `Error::UnknownMarket` for a market that the exports (or the job's list) do not have, `Error::NoMarkets` if there is none.
pub async fn markets(
    job: &Job,
    asked: &[Market],
    exports: &Exports,
    sources: &Sources,
) -> Result<(Vec<Market>, Vec<String>)> {
    let found = driftline_lake::source::markets(exports, sources).await.in_place("markets of the exports")?;
    let left_out: Vec<String> = found.odd.iter().map(|folder| odd_folder(folder)).collect();
    let mut chosen = if !asked.is_empty() {
        asked.to_vec()
    } else if job.markets.is_empty() {
        found.codes.clone()
    } else {
        job.markets.clone()
    };
    if let Some(unknown) = chosen.iter().find(|market| !found.codes.contains(market)) {
        let codes: Vec<String> = found.codes.iter().map(Market::to_string).collect();
        let known = if codes.is_empty() { "none".to_owned() } else { codes.join(", ") };
        return Err(Error::UnknownMarket {
            market: unknown.to_string(),
            job: job.name.clone(),
            known: [known].into_iter().chain(left_out).collect::<Vec<_>>().join("; "),
        });
    }
    if chosen.is_empty() {
        return Err(Error::NoMarkets { url: exports.shown.clone(), problem: no_market(&found, sources, &left_out) });
    }
    if let Some(parent) = &job.small_markets.parent {
        chosen.sort_by_key(|market| (market != parent, market.clone()));
    }
    Ok((chosen, left_out))
}

fn odd_folder(folder: &str) -> String {
    let lower = folder.to_lowercase();
    let code = lower.split_once('=').map_or(lower.as_str(), |(_, code)| code);
    let advice = match code.parse::<Market>() {
        Ok(_) => format!("call it `{lower}`"),
        Err(_) => "call it by a code, like market=at, and give the code a name in market_names of the job".to_owned(),
    };
    format!(
        "folder `{folder}` is left out, for a market's code has only a-z, 0-9, - and _, at most 32 of them: {advice}"
    )
}

fn no_market(found: &Markets, sources: &Sources, left_out: &[String]) -> String {
    if !left_out.is_empty() {
        return left_out.join("; ");
    }
    let paths = sources.by_name.values().map(|source| source.path.as_str()).find(|path| path.contains("{market}"));
    let looked_for = format!("looked for {}", paths.unwrap_or_default());
    let others: Vec<&str> = found.others.iter().map(String::as_str).take(10).collect();
    let there =
        if others.is_empty() { "no folder is there".to_owned() } else { format!("found {}", others.join(", ")) };
    format!("{looked_for}, {there}; put the exports there, or mend exports.url of the job or the paths in sources.toml")
}

/// "1 row", "2 rows".
pub(crate) fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A day, or from which to which.
pub(crate) fn spanned(first: NaiveDate, last: NaiveDate) -> String {
    if first == last { format!("on {first}") } else { format!("from {first} to {last}") }
}

impl RunPlan {
    pub fn new(market: Market, period: Period, coverage: &Coverage) -> Self {
        let silent = |is_declared: bool| if is_declared { 0 } else { coverage.silent_days };
        let (at_start, at_end) = (silent(coverage.is_from_declared), silent(coverage.is_until_declared));
        let starts_late = coverage.from.filter(|from| (*from - period.start()).num_days() > at_start);
        let ends_early = coverage.until.filter(|until| (period.last_day() - *until).num_days() > at_end);
        let partial = match (starts_late, ends_early) {
            (None, None) => None,
            (Some(from), None) => Some(format!("the exports start on {from}, inside the period")),
            (None, Some(until)) => Some(format!("the exports end on {until}, before the period does")),
            (Some(from), Some(until)) => Some(format!("the exports hold only {from} to {until} of the period")),
        };
        let as_of = match ends_early.and_then(|until| until.succ_opt()) {
            Some(day) => day.min(period.as_of()),
            None => period.as_of(),
        };
        let sales = coverage.markets.get(&market);
        let rows_without_sale = sales.filter(|sales| sales.first.is_none()).map(|sales| sales.rows);
        let findings = coverage.shared.iter().filter(|(markets, _)| markets.contains(&market));
        let findings = findings.map(|(_, finding)| finding.clone()).collect();
        let last_line = sales.and_then(|sales| sales.last_line);
        Self {
            market,
            period,
            as_of,
            partial,
            complete_from: coverage.from,
            complete_until: coverage.until,
            first_sale: sales.and_then(|sales| sales.first),
            rows_without_sale,
            last_line,
            notes: coverage.notes.clone(),
            findings,
        }
    }

    /// Refuses a market without sales, and a period that begins after the exports end: there is nothing to say about them.
    ///
    /// # Errors
    /// `Error::NoSales`, `Error::PeriodNotExported`.
    pub fn check_exported(&self) -> Result<()> {
        if let Some(rows) = self.rows_without_sale {
            return Err(Error::NoSales { market: self.market.to_string(), rows });
        }
        match self.complete_until.filter(|until| *until < self.period.start()) {
            None => Ok(()),
            Some(until) => Err(Error::PeriodNotExported {
                period: self.period.to_string(),
                market: self.market.to_string(),
                until: match self.last_line.filter(|last| *last >= self.period.start()) {
                    Some(last) => format!(
                        "their last sale is of {until}; rows that are no sale go on to {last}: mend what sql/staging calls a sale, if they are some"
                    ),
                    None => until.to_string(),
                },
            }),
        }
    }

    /// Days of the churn horizon: the job's, or the length of the next period.
    pub fn horizon_days(&self, job: &Job) -> u32 {
        job.horizon_days.unwrap_or_else(|| u32::try_from(self.period.next().days()).unwrap_or(91))
    }

    /// First day of the 12 calendar months before as-of.
    pub fn year_start(&self) -> NaiveDate {
        driftline_core::basics::period::year_before(self.as_of)
    }

    /// Whether a window that starts on a day is wholly inside the exports.
    pub fn is_covered_from(&self, day: NaiveDate) -> bool {
        self.complete_from.is_none_or(|from| from <= day)
    }

    /// The values that models may use as `$name`; `sql/README.md` lists them.
    pub fn parameters(&self, job: &Job, pseudonym_key: &str) -> Parameters {
        use driftline_lake::scalar::{date, integer, text};
        let calendar = self.period.calendar();
        let active_start = self.as_of - chrono::Days::new(u64::from(job.active_days));
        [
            ("market", text(self.market.as_str())),
            ("period_start", date(self.period.start())),
            ("as_of", date(self.as_of)),
            ("active_start", date(active_start)),
            ("year_start", date(self.year_start())),
            ("period_months", integer(i64::from(calendar.kind().months()))),
            ("fiscal_year_starts", integer(i64::from(calendar.starts()))),
            ("horizon_days", integer(i64::from(self.horizon_days(job)))),
            ("time_zone", text(job.time_zone().name())),
            ("pseudonym_key", text(pseudonym_key)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::path::Path;

    use driftline_core::exports::reach::Reach;

    use super::*;
    use crate::setup::job;

    fn job(overrides: &[&str]) -> Job {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../jobs/bench.toml");
        Job::read(&path, &overrides.iter().map(|setting| (*setting).to_owned()).collect::<Vec<_>>()).unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn reach(first: &str, last: &str) -> Reach {
        Reach { first: day(first), last: day(last), silent_days: 5, far: Default::default() }
    }

    /// Declared days are taken by the day, found ones with five days of silence; each end by itself.
    #[test]
    fn each_end_of_the_exports_is_declared_or_found() {
        let found = reach("2025-07-04", "2025-12-28");
        for (from, until, expected) in [
            (None, None, (None, "2026-01-01")),
            (Some("2025-07-01"), None, (None, "2026-01-01")),
            (Some("2025-10-03"), None, (Some("start on 2025-10-03"), "2026-01-01")),
            (None, Some("2025-12-31"), (None, "2026-01-01")),
            (None, Some("2025-12-28"), (Some("end on 2025-12-28"), "2025-12-29")),
            (Some("2025-10-02"), Some("2025-12-30"), (Some("only 2025-10-02 to 2025-12-30"), "2025-12-31")),
        ] {
            let declared =
                job::Exports { complete_from: from.map(day), complete_until: until.map(day), ..job(&[]).exports };
            let coverage = Coverage::of(&declared, Some(&found));
            let plan = RunPlan::new("gb".parse().unwrap(), "2025Q4".parse().unwrap(), &coverage);
            let partial = plan.partial.unwrap_or_default();
            let case = format!("{from:?} {until:?}: {partial}");
            match expected.0 {
                Some(part) => assert!(partial.contains(part), "{case}"),
                None => assert_eq!(partial, "", "{case}"),
            }
            assert_eq!(plan.as_of, day(expected.1), "{case}");
            assert_eq!(plan.complete_from, from.map(day).or(Some(found.first)), "{case}");
            assert_eq!(plan.complete_until, until.map(day).or(Some(found.last)), "{case}");
        }
    }

    /// Nor is a guard gone because the other end is declared.
    #[test]
    fn an_end_that_was_found_still_ends_the_exports() {
        let declared =
            job::Exports { complete_from: Some(day("2024-01-01")), complete_until: None, ..job(&[]).exports };
        let coverage = Coverage::of(&declared, Some(&reach("2024-01-01", "2025-08-31")));
        let plan = |period: &str| RunPlan::new("gb".parse().unwrap(), period.parse().unwrap(), &coverage);
        assert!(plan("2025Q4").check_exported().is_err());
        assert_eq!(plan("2025Q3").as_of, day("2025-09-01"));
    }

    /// A quarter of a shop in New York is not over at midnight in London.
    #[test]
    fn a_period_is_over_where_the_job_counts_its_days() {
        let there = job(&["exports.time_zone=America/New_York"]);
        let asked = |job: &Job, text: Option<&str>, now: &str| periods(job, text, now.parse().unwrap());
        let refused = asked(&there, Some("2017Q4"), "2018-01-01T00:30:00Z").unwrap_err().to_string();
        assert!(refused.contains("now is 2017-12-31"), "{refused}");
        let quarter = |text: &str| vec![text.parse::<Period>().unwrap()];
        assert_eq!(asked(&there, None, "2018-01-01T00:30:00Z").unwrap(), quarter("2017Q3"));
        assert_eq!(asked(&there, Some("2017Q4"), "2018-01-01T05:30:00Z").unwrap(), quarter("2017Q4"));
        assert_eq!(asked(&there, None, "2018-01-01T05:30:00Z").unwrap(), quarter("2017Q4"));
        assert_eq!(asked(&job(&[]), Some("2017Q4"), "2018-01-01T00:30:00Z").unwrap(), quarter("2017Q4"));
    }
}
