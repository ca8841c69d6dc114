//! How numbers and changes are written.

#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

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
        verdict: crate::change::Verdict::Changed,
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
