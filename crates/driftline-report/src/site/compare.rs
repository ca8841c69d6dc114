//! Two quarters side by side, as `driftline diff` does it: who came, who went, and each figure before and after.
//!
//! Every quarter is taken down once as text. The page of a market compares neighbours for readers without scripts; the script
//! of the site compares any two, from the same texts and by the same rule, so neither computes a figure.
//!
//! What the gate of a report said of a difference stands with it. Only neighbours were judged: between quarters that are further
//! apart the verdict of each step is told.

use serde::Serialize;

use super::snapshot::{ABSENT, Figure, Judged, Snapshot, Subject};

const OTHER_GROUND: &str = "by another method, or of other days: not compared";

/// Two quarters compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Comparison {
    from: String,
    to: String,
    /// Both periods, as in `2025Q2..2025Q3`: the place on the page.
    id: String,
    subjects: Vec<Compared>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Compared {
    /// `kept`, `added` or `removed`.
    fate: &'static str,
    label: String,
    href: Option<String>,
    note: Option<String>,
    changed: Vec<Difference>,
    unchanged: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Difference {
    name: String,
    old: String,
    new: String,
    /// Why the two are not compared, if they are not.
    hint: Option<String>,
    /// What the gate of the later report said; absent where it looks at other figures.
    judged: Option<Judged>,
}

/// Each quarter against the one published before it, newest first.
pub(super) fn neighbours(snapshots: &[Snapshot]) -> Vec<Comparison> {
    let mut pairs: Vec<Comparison> = snapshots.windows(2).map(|pair| compare(&pair[0], &pair[1])).collect();
    pairs.reverse();
    pairs
}

fn compare(old: &Snapshot, new: &Snapshot) -> Comparison {
    let mut subjects: Vec<Compared> = new
        .subjects
        .iter()
        .map(|now| match old.subjects.iter().find(|before| before.key == now.key) {
            Some(before) => kept(before, now, &old.period),
            None => Compared {
                fate: "added",
                label: now.label.clone(),
                href: now.href.clone(),
                note: Some(now.note.clone()),
                changed: Vec::new(),
                unchanged: 0,
            },
        })
        .collect();
    let gone = old.subjects.iter().filter(|before| !new.subjects.iter().any(|now| now.key == before.key));
    subjects.extend(gone.map(|before| {
        let ending = new.ended.iter().find(|(key, _)| *key == before.key).map(|(_, sentence)| sentence.clone());
        Compared {
            fate: "removed",
            label: before.label.clone(),
            href: before.href.clone(),
            note: Some(ending.unwrap_or_else(|| format!("not in the report of {}", new.title))),
            changed: Vec::new(),
            unchanged: 0,
        }
    }));
    Comparison {
        from: old.title.clone(),
        to: new.title.clone(),
        id: format!("{}..{}", old.period, new.period),
        subjects,
    }
}

fn kept(before: &Subject, now: &Subject, period: &str) -> Compared {
    let none = Figure::new("", "", ABSENT.to_owned());
    let mut changed = Vec::new();
    for figure in &now.figures {
        let old = before.figures.iter().find(|other| other.key == figure.key).unwrap_or(&none);
        let is_other = figure.text != ABSENT && old.text != ABSENT && figure.ground != old.ground;
        if figure.text != old.text || is_other {
            changed.push(Difference {
                name: figure.name.clone(),
                old: old.text.clone(),
                new: figure.text.clone(),
                hint: is_other.then(|| OTHER_GROUND.to_owned()),
                judged: figure.judged.clone().filter(|judged| judged.against == period),
            });
        }
    }
    Compared {
        fate: "kept",
        label: now.label.clone(),
        href: now.href.clone(),
        note: None,
        unchanged: now.figures.len() - changed.len(),
        changed,
    }
}

/// All quarters for the script of the page: JSON that cannot end the element it stands in.
///
/// # Errors
/// `serde_json`'s, which text does not raise.
pub(super) fn embedded(snapshots: &[Snapshot]) -> serde_json::Result<String> {
    Ok(serde_json::to_string(snapshots)?.replace('<', "\\u003c").replace('>', "\\u003e"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quarter(period: &str, subjects: &[(&str, &str, &str)], ended: &[(&str, &str)]) -> Snapshot {
        let subject = |(key, risk, ground): &(&str, &str, &str)| Subject {
            key: (*key).to_owned(),
            label: key.to_uppercase(),
            href: None,
            note: "emerged".to_owned(),
            figures: vec![
                Figure::new("n", "Customers", "10".to_owned()),
                Figure {
                    ground: (*ground).to_owned(),
                    judged: Some(Judged {
                        against: "2025Q2".to_owned(),
                        word: "inside the noise",
                        is_change: false,
                        detail: "d".to_owned(),
                    }),
                    ..Figure::new("r", "Risk", (*risk).to_owned())
                },
            ],
        };
        Snapshot {
            period: period.to_owned(),
            title: period.to_owned(),
            subjects: subjects.iter().map(subject).collect(),
            ended: ended.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect(),
        }
    }

    #[test]
    fn who_came_who_went_and_what_differs() {
        let old = quarter("2025Q2", &[("a", "5 %", "x"), ("b", "5 %", "x"), ("c", "1 %", "x")], &[]);
        let new = quarter("2025Q3", &[("a", "6 %", "x"), ("b", "5 %", "y"), ("d", "9 %", "x")], &[("c", "faded")]);
        let found = compare(&old, &new);
        let rows: Vec<(&str, &str, usize, usize, Option<&str>)> = found
            .subjects
            .iter()
            .map(|s| (s.label.as_str(), s.fate, s.changed.len(), s.unchanged, s.note.as_deref()))
            .collect();
        assert_eq!(
            rows,
            [
                ("A", "kept", 1, 1, None),
                ("B", "kept", 1, 1, None),
                ("D", "added", 0, 0, Some("emerged")),
                ("C", "removed", 0, 0, Some("faded"))
            ]
        );
        assert_eq!(found.subjects[0].changed[0].hint, None);
        let hint = found.subjects[1].changed[0].hint.as_deref();
        assert_eq!(hint, Some("by another method, or of other days: not compared"));
        // The gate of the later report looked at the quarter before it, and at no other.
        let words = |from: &str| {
            let before = Snapshot { period: from.to_owned(), ..old.clone() };
            compare(&before, &new).subjects[0].changed[0].judged.as_ref().map(|judged| judged.word)
        };
        assert_eq!([words("2025Q2"), words("2025Q1")], [Some("inside the noise"), None]);
        assert_eq!(neighbours(&[old, new]).len(), 1);
    }
}
