//! Publishing: one of two wins, nothing half-written is published, and a lease that is over publishes nothing.

use bytes::Bytes;

use super::{calm, lease, slot, written};
use crate::{Error, ObjectRecord, Publication};

#[tokio::test]
async fn one_of_two_runs_publishes_and_its_own_repeat_is_no_conflict() {
    let (_, ledger) = calm();
    ledger.probe("n").await.unwrap();
    let mine = written(&ledger, "2011Q3", 1, "mine", &[]).await;
    ledger.publish(&mine).await.unwrap();
    ledger.publish(&mine).await.unwrap();
    let other = ledger.publish(&written(&ledger, "2011Q3", 1, "other", &[]).await).await;
    assert!(matches!(other, Err(Error::Superseded { revision: 1, .. })), "{other:?}");
}

#[tokio::test]
async fn previous_is_the_previous_published_period_in_its_latest_revision() {
    let (_, ledger) = calm();
    for (period, revision) in [("2011Q1", 1), ("2011Q1", 2), ("2011Q4", 1)] {
        ledger.publish(&written(&ledger, period, revision, "n", &[]).await).await.unwrap();
    }
    let previous = ledger.previous(&slot("2011Q3")).await.unwrap().unwrap();
    assert_eq!((previous.period.to_string().as_str(), previous.revision), ("2011Q1", 2));
    assert!(ledger.latest(&slot("2011Q3")).await.unwrap().is_none());
    assert!(ledger.previous(&slot("2010Q1")).await.unwrap().is_none());
}

#[tokio::test]
async fn previous_is_of_the_same_calendar() {
    let (_, ledger) = calm();
    for period in ["2010H1", "2010H2", "2011Q1", "FY2010-02Q4"] {
        ledger.publish(&written(&ledger, period, 1, "n", &[]).await).await.unwrap();
    }
    let cases = [
        ("2011H1", Some("2010H2")),
        ("2011Q2", Some("2011Q1")),
        ("2011Q1", None),
        ("FY2011-02Q1", Some("FY2010-02Q4")),
        ("FY2011-04Q1", None),
    ];
    for (period, expected) in cases {
        let previous = ledger.previous(&slot(period)).await.unwrap().map(|previous| previous.period.to_string());
        assert_eq!(previous.as_deref(), expected, "before {period}");
    }
}

#[tokio::test]
async fn a_damaged_object_is_noticed() {
    let (_, ledger) = calm();
    let mut publication = written(&ledger, "2011Q3", 1, "n", &["report.json"]).await;
    publication.objects[0].sha256 = "0".repeat(64);
    assert!(matches!(ledger.read(&publication, "report.json").await, Err(Error::Damaged { .. })));
}

#[tokio::test]
async fn what_is_missing_or_short_is_not_published() {
    let (_, ledger) = calm();
    let whole = written(&ledger, "2011Q3", 1, "n", &["report.json", "tables/a.parquet"]).await;
    for (name, bytes, says) in [("tables/b.parquet", 1, "not written"), ("report.json", 3, "instead of 3")] {
        let record = ObjectRecord { name: name.to_owned(), bytes, sha256: String::new() };
        let wrong = Publication { objects: vec![whole.objects[1].clone(), record], ..whole.clone() };
        let refused = ledger.publish(&wrong).await;
        assert!(
            matches!(&refused, Err(Error::Incomplete { location, problem }) if location.ends_with(name) && problem.contains(says)),
            "{refused:?}"
        );
    }
    assert!(ledger.revisions(&slot("2011Q3")).await.unwrap().is_empty());
    ledger.publish(&whole).await.unwrap();
}

#[tokio::test]
async fn a_lease_that_is_over_publishes_nothing() {
    let (_, ledger) = calm();
    let first = lease(&ledger, &slot("2011Q3"), "a").await;
    let publication = written(&ledger, "2011Q3", 1, "run", &["report.json"]).await;
    ledger.release(&first).await.unwrap();
    let second = lease(&ledger, &slot("2011Q3"), "b").await;
    let fenced = ledger.publish_as(&publication, &first).await;
    assert!(matches!(fenced, Err(Error::Fenced { token: 1, newer: 2, .. })), "{fenced:?}");
    ledger.publish_as(&publication, &second).await.unwrap();
    assert_eq!(ledger.publication(&slot("2011Q3"), 1).await.unwrap().fencing_token, Some(2));

    let elsewhere = ledger.publish_as(&written(&ledger, "2011Q4", 1, "run", &[]).await, &second).await;
    assert!(matches!(elsewhere, Err(Error::LeaseOfAnotherSlot { .. })), "{elsewhere:?}");
}

#[tokio::test]
async fn a_record_of_an_older_version_has_no_token() {
    let (_, ledger) = calm();
    let publication = written(&ledger, "2011Q3", 1, "n", &["mails/a.eml", "report.json"]).await;
    let mut value = serde_json::to_value(&publication).unwrap();
    assert!(value.as_object_mut().unwrap().remove("fencing_token").is_some());
    let text = Bytes::from(serde_json::to_vec(&value).unwrap());
    let old: Publication = serde_json::from_slice(&text).unwrap();
    assert_eq!(old, publication);
    assert_eq!(old.mails().collect::<Vec<_>>(), ["a"]);
}
