//! How numbers and changes are written.

#![expect(clippy::unwrap_used, reason = "tests")]

use crate::basics::locale::{Locale, Words};
use crate::drift::bridge::{Bar, Bridge, Cause, Measure};
use crate::drift::change::{Causes, Change, Metric, Usual};
use crate::{Currency, Minor};
use chrono::NaiveDate;

#[test]
fn numbers_are_written_as_readers_write_them() {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let gbp: Currency = "GBP".parse().unwrap();
    let cases = [
        (Locale::En.number(-1_234_567.891, 2), "−1,234,567.89"),
        (Locale::De.number(1_234.5, 1), "1.234,5"),
        (Locale::En.number(-0.001, 1), "0.0"),
        (Locale::En.money(Minor(123_456_789), &gbp), "£1,234,568"),
        (Locale::En.money(Minor(-1_230), &gbp), "−£12.30"),
        (Locale::En.signed_money(Minor(50), &gbp), "+£0.50"),
        (Locale::En.points(-0.0123), "−1.2 pts"),
        (Locale::En.points(0.0003), "0.0 pts"),
        (Locale::En.points(0.012), "+1.2 pts"),
        (Locale::Fr.percent(0.1234, 1), "12,3 %"),
        (Locale::En.day(day("2018-01-01")), "1 January 2018"),
        (Locale::De.day(day("2018-03-31")), "31. März 2018"),
        (Locale::Fr.day(day("2018-08-01")), "1er août 2018"),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
}

#[test]
fn that_there_is_no_history_is_said_once() {
    let change = |usual: Usual| Change {
        subject: "k".to_owned(),
        label: "Loyal".to_owned(),
        metric: Metric::CustomerShare,
        from: 0.2,
        to: 0.25,
        change: 0.05,
        causes: Causes { customers_moved: 0.05, ..Causes::default() },
        low_95: 0.04,
        high_95: 0.06,
        q: 0.0,
        verdict: crate::drift::change::Verdict::Changed,
        usual,
        money: Minor(1),
    };
    let words = Words { locale: Locale::En, currency: "GBP".parse().unwrap() };
    let none = Usual::NoHistory { past: 2 };
    let far = Usual::Outside { past: 9, low: -0.01, high: 0.01 };
    let cases: [(&[Usual], usize, &str); 5] = [
        (&[none], 1, "No history of such changes yet."),
        (&[none, none, none], 1, "No history of changes like these yet."),
        (&[none, far], 1, "No history yet of those changes that are not called normal or unusual."),
        (&[far, far], 0, "Unusual: 9 past changes range from −1.0 pts to +1.0 pts."),
        (&[], 0, ""),
    ];
    for (usual, times, end) in cases {
        let changes: Vec<Change> = usual.iter().map(|usual| change(*usual)).collect();
        let sentences = words.changes(&changes.iter().collect::<Vec<_>>());
        assert_eq!(sentences.len(), usual.len());
        assert_eq!(sentences.join(" ").matches("No history").count(), times, "{sentences:?}");
        assert!(sentences.last().is_none_or(|last| last.ends_with(end)), "{sentences:?}");
    }
}

fn bridge(start: i64, bars: &[(Cause, i64)]) -> Bridge {
    let bars: Vec<Bar> = bars
        .iter()
        .map(|(cause, amount)| Bar { cause: *cause, label: String::new(), customers: Some(50), amount: Minor(*amount) })
        .collect();
    let change: Minor = bars.iter().map(|bar| bar.amount).sum();
    let (start, end) = (Minor(start), Minor(start) + change);
    Bridge { measure: Measure::NetRevenue, label: String::new(), start, end, change, bars, drill: Vec::new() }
}

/// What customers did comes first; bookkeeping, small causes, pools and what rounds to nothing never lead.
#[test]
fn a_headline_is_like_for_like() {
    let words = Words { locale: Locale::En, currency: "GBP".parse().unwrap() };
    let cases: [(&[(Cause, i64)], &str); 7] = [
        (
            &[(Cause::New, 150_000), (Cause::Lost, -30_000), (Cause::Within, -5_000), (Cause::SmallGroups, 5_000)],
            "Value rose 12.0 % to £11,200: new customers (+£1,500) outweighed lost customers (−£300).",
        ),
        (
            &[(Cause::New, 100_000), (Cause::DefinitionChanged, -150_000)],
            "Value rose 10.0 % like for like and is £9,500, from new customers (+£1,000). Bookkeeping: re-drawing the models lowered it by 15.0 points.",
        ),
        (
            &[(Cause::Within, -100_000), (Cause::Restatement, 1_000_000)],
            "Value fell 5.0 % like for like and is £19,000, from change within personas (−£1,000). Bookkeeping: late or corrected data raised last period's by 50.0 points.",
        ),
        (
            &[(Cause::New, 40_000), (Cause::Within, -50_000), (Cause::Returning, 19_000), (Cause::MovedUp, 15_000)],
            "Value rose 2.4 % to £10,240: new customers (+£400) against change within personas (−£500), and smaller causes.",
        ),
        (&[(Cause::Within, 300), (Cause::SmallGroups, -90)], "Value is steady at £10,002."),
        (&[(Cause::Within, -9_000)], "Value is about steady (−0.9 %) at £9,910."),
        (&[(Cause::SmallGroups, 90_000), (Cause::Lost, -5_000)], "Value rose 8.5 % to £10,850."),
    ];
    for (bars, expected) in cases {
        assert_eq!(words.headline(&bridge(1_000_000, bars), "Value", 0.02, true), expected);
    }
}

/// The verb stands with the numbers that it is about, and what was published comes after them.
#[test]
fn a_verb_agrees_with_its_numbers() {
    let words = Words { locale: Locale::En, currency: "GBP".parse().unwrap() };
    let line = |metric, from: f64, to: f64, causes: Causes, range: (f64, f64)| Change {
        subject: "k".to_owned(),
        label: "Loyal".to_owned(),
        metric,
        from,
        to,
        change: to - from,
        causes,
        low_95: range.0,
        high_95: range.1,
        q: 0.0,
        verdict: crate::drift::change::Verdict::Changed,
        usual: Usual::Season { last_year: causes.customers_moved },
        money: Minor(1),
    };
    let moved = |customers_moved| Causes { customers_moved, ..Causes::default() };
    let redrawn = Causes { customers_moved: 0.036, definition_changed: -0.036, restatement: 0.0 };
    let cases = [
        (
            line(Metric::CustomerShare, 0.18, 0.18, redrawn, (0.03, 0.042)),
            "Loyal grew from 18.0 % to 21.6 % of active customers (+3.6 pts, 95 % range +3.0 pts to +4.2 pts). That is like for like; published were 18.0 % and 18.0 %. Normal for this season: +3.6 pts a year ago.",
            "Loyal grew by 3.6 points of active customers",
        ),
        (
            line(Metric::OrderValue, 2_000.0, 2_500.0, moved(500.0), (400.0, 600.0)),
            "Loyal spent more an order: typically £25.00, £20.00 last period (+25.0 %, 95 % range +20.0 % to +30.0 %; the same people). Normal for this season: +25.0 % a year ago.",
            "Loyal spent 25.0 % more an order",
        ),
        (
            line(Metric::OrdersPerMember, 4.0, 3.0, moved(-1.0), (-1.2, -0.8)),
            "Loyal ordered less often: 3.00 orders each, 4.00 last period (−25.0 %, 95 % range −30.0 % to −20.0 %; the same people). Normal for this season: −25.0 % a year ago.",
            "Loyal ordered 25.0 % less often",
        ),
    ];
    for (change, sentence, lead) in cases {
        assert_eq!(words.changes(&[&change]), [sentence]);
        assert_eq!(words.lead(&change), lead);
    }
}
