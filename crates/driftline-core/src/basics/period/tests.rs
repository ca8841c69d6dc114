//! Tables of periods of every calendar.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

fn calendar(kind: Kind, starts: u32) -> Calendar {
    Calendar::new(kind, starts).unwrap()
}

#[test]
fn a_period_knows_its_days() {
    let cases = [
        ("2011Q3", "2011-07-01", "2011-10-01", "2011Q2", "2011Q4", "Q3 2011"),
        ("2011Q4", "2011-10-01", "2012-01-01", "2011Q3", "2012Q1", "Q4 2011"),
        ("2011H1", "2011-01-01", "2011-07-01", "2010H2", "2011H2", "H1 2011"),
        ("2011H2", "2011-07-01", "2012-01-01", "2011H1", "2012H1", "H2 2011"),
        ("FY2011-04Q1", "2011-04-01", "2011-07-01", "FY2010-04Q4", "FY2011-04Q2", "Q1 FY2011/12"),
        ("FY2011-04Q4", "2012-01-01", "2012-04-01", "FY2011-04Q3", "FY2012-04Q1", "Q4 FY2011/12"),
        ("FY2011-02Q4", "2011-11-01", "2012-02-01", "FY2011-02Q3", "FY2012-02Q1", "Q4 FY2011/12"),
        ("FY1999-12Q1", "1999-12-01", "2000-03-01", "FY1998-12Q4", "FY1999-12Q2", "Q1 FY1999/00"),
        ("FY2011-07H1", "2011-07-01", "2012-01-01", "FY2010-07H2", "FY2011-07H2", "H1 FY2011/12"),
        ("FY2011-10H2", "2012-04-01", "2012-10-01", "FY2011-10H1", "FY2012-10H1", "H2 FY2011/12"),
    ];
    for (text, start, as_of, previous, next, title) in cases {
        let period: Period = text.parse().unwrap();
        assert_eq!(period.to_string(), text);
        assert_eq!(period.start().to_string(), start, "{text}");
        assert_eq!(period.as_of().to_string(), as_of, "{text}");
        assert_eq!(period.previous().to_string(), previous, "{text}");
        assert_eq!(period.next().to_string(), next, "{text}");
        assert_eq!(period.title(), title, "{text}");
        assert_eq!(
            (period.year_before().number(), period.year_before().calendar()),
            (period.number(), period.calendar())
        );
        assert_eq!(year_before(period.start()), period.year_before().start(), "{text}");
    }
}

#[test]
fn every_day_is_in_one_period_of_each_calendar() {
    let first = NaiveDate::from_ymd_opt(1999, 11, 1).unwrap();
    for calendar in
        [Kind::Quarter, Kind::HalfYear].into_iter().flat_map(|kind| (1..=12).map(move |m| calendar(kind, m)))
    {
        let mut seen: Vec<Period> = Vec::new();
        for day in first.iter_days().take(3 * 366) {
            let period = Period::containing(calendar, day);
            assert!(period.start() <= day && day < period.as_of(), "{period} {day}");
            assert!(Period::last_over(calendar, day).as_of() == period.start(), "{period} {day}");
            assert_eq!(period.to_string().parse(), Ok(period));
            assert_eq!(period.calendar(), calendar);
            if seen.last() != Some(&period) {
                assert!(seen.last().is_none_or(|last| last.next() == period && *last < period));
                seen.push(period);
            }
        }
        // A year starts with its first period, and names sort as their days do.
        assert!(seen.iter().all(|p| (p.number() == 1) == (p.start().month() == calendar.starts())), "{seen:?}");
        let names: Vec<String> = seen.iter().map(ToString::to_string).collect();
        assert!(names.is_sorted(), "{names:?}");
    }
}

#[test]
fn a_day_has_a_period_of_each_kind() {
    let cases = [
        ("2011-01-01", "2011Q1", "2010Q4", "2011H1", "2010H2", "FY2010-04Q4", "FY2010-04Q3"),
        ("2011-06-30", "2011Q2", "2011Q1", "2011H1", "2010H2", "FY2011-04Q1", "FY2010-04Q4"),
        ("2011-07-01", "2011Q3", "2011Q2", "2011H2", "2011H1", "FY2011-04Q2", "FY2011-04Q1"),
        ("2012-12-31", "2012Q4", "2012Q3", "2012H2", "2012H1", "FY2012-04Q3", "FY2012-04Q2"),
    ];
    for (day, quarter, quarter_over, half, half_over, fiscal, fiscal_over) in cases {
        let day = day.parse().unwrap();
        for (calendar, containing, over) in [
            (calendar(Kind::Quarter, 1), quarter, quarter_over),
            (calendar(Kind::HalfYear, 1), half, half_over),
            (calendar(Kind::Quarter, 4), fiscal, fiscal_over),
        ] {
            assert_eq!(Period::containing(calendar, day).to_string(), containing);
            assert_eq!(Period::last_over(calendar, day).to_string(), over);
        }
    }
}

#[test]
fn ranges_run_oldest_first() {
    let cases = [
        ("2010Q4..2011Q2", vec!["2010Q4", "2011Q1", "2011Q2"]),
        ("2010H2..2011H2", vec!["2010H2", "2011H1", "2011H2"]),
        ("FY2010-02Q4..FY2011-02Q1", vec!["FY2010-02Q4", "FY2011-02Q1"]),
        ("FY2010-02Q4", vec!["FY2010-02Q4"]),
    ];
    for (text, expected) in cases {
        let range = Period::parse_range(text).unwrap();
        assert_eq!(range.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    }
    for bad in ["2011Q2..2010Q4", "1900Q1..2900Q1", "2011Q1..2011H2", "2011Q1..FY2011-04Q1", "FY2011-02Q1..FY2011-04Q4"]
    {
        assert_eq!(Period::parse_range(bad), Err(Error::PeriodRange(bad.to_owned())));
    }
    let bad = [
        "2011Q5",
        "2011q1",
        "11Q1",
        "2011Q1x",
        "2011H3",
        "2011H0",
        "2011-1",
        "０１１Q1",
        "FY2011Q1",
        "FY2011-01Q1",
        "FY2011-13Q1",
        "FY2011-4Q1",
        "FY2011-00H1",
        "FY11-04Q1",
        "2011-04Q1",
        "FY-04Q1",
        "",
        "Q1",
        "1899Q4",
        "3000H1",
    ];
    for bad in bad {
        assert_eq!(Period::parse_range(bad), Err(Error::Period(bad.to_owned())));
    }
}

#[test]
fn a_period_of_another_calendar_is_refused_with_the_own_name() {
    let cases = [
        (Kind::HalfYear, 1, "2025Q3", "half-years of the calendar year", "2025H2"),
        (Kind::Quarter, 1, "2025H1", "quarters of the calendar year", "2025Q2"),
        (Kind::Quarter, 2, "2025Q2", "quarters of a fiscal year that starts in February", "FY2025-02Q2"),
        (Kind::Quarter, 4, "FY2025-02Q4", "quarters of a fiscal year that starts in April", "FY2025-04Q4"),
        (Kind::HalfYear, 12, "FY2024-12Q1", "half-years of a fiscal year that starts in December", "FY2024-12H1"),
    ];
    for (kind, starts, period, words, instead) in cases {
        let calendar = calendar(kind, starts);
        let expected =
            Error::OtherCalendar { period: period.to_owned(), calendar: words.to_owned(), instead: instead.to_owned() };
        assert_eq!(calendar.check(period.parse().unwrap()), Err(expected));
        assert_eq!(calendar.check(instead.parse().unwrap()).unwrap().to_string(), instead);
    }
}

#[test]
fn a_job_says_its_calendar() {
    let cases = [
        ("", Ok(calendar(Kind::Quarter, 1))),
        ("every = 'quarter'", Ok(calendar(Kind::Quarter, 1))),
        ("every = 'half-year'", Ok(calendar(Kind::HalfYear, 1))),
        ("fiscal_year_starts = '04'", Ok(calendar(Kind::Quarter, 4))),
        ("every = 'half-year'\nfiscal_year_starts = 10", Ok(calendar(Kind::HalfYear, 10))),
        ("every = 'month'", Err("expected `quarter` or `half-year`")),
        ("fiscal_year_starts = '4'", Err("expected a month from \"01\" to \"12\"")),
        ("fiscal_year_starts = '13'", Err("expected a month from \"01\" to \"12\"")),
        ("fiscal_year_starts = 0", Err("expected a month from \"01\" to \"12\"")),
        ("fiscal_year_start = '04'", Err("unknown field `fiscal_year_start`")),
    ];
    for (text, expected) in cases {
        let found = toml::from_str::<Calendar>(text).map_err(|error| error.to_string());
        match expected {
            Ok(expected) => assert_eq!(found, Ok(expected), "{text}"),
            Err(words) => assert!(found.as_ref().is_err_and(|error| error.contains(words)), "{text}: {found:?}"),
        }
    }
}
