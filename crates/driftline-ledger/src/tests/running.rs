//! Runs: their events, the list of them, and the removal of those that led nowhere.

use std::time::Duration;

use super::{calm, lease, paths, slot, written};
use crate::{Error, Event, Ledger};

const DAY: u64 = 86_400;

async fn note(ledger: &Ledger, run: &str, nonce: &str, event: &Event) -> u32 {
    ledger.record(&ledger.run_folder(&slot("2011Q3"), run), nonce, event).await.unwrap()
}

#[tokio::test]
async fn events_are_appended_and_read_in_order() {
    let (world, ledger) = calm();
    let started = Event::Started { holder: "host 1".to_owned(), fencing_token: Some(3) };
    let step = Event::StepDone { step: "fit".to_owned(), rows: Some(7) };
    for (number, event) in [(1, &started), (2, &step), (3, &step)] {
        assert_eq!(note(&ledger, "r", &format!("n{number}"), event).await, number);
    }
    let folder = ledger.run_folder(&slot("2011Q3"), "r");
    let future = r#"{"nonce": "x", "kind": "archived", "to": "tape"}"#;
    ledger.put(&folder, "events/00004-archived.json", future.into()).await.unwrap();
    let events = ledger.events(&folder).await.unwrap();
    let events: Vec<_> = events.into_iter().map(|recorded| (recorded.number, recorded.event)).collect();
    assert_eq!(events, [(1, started), (2, step.clone()), (3, step), (4, Event::Unread)]);
    assert_eq!(paths(&world)[0], "j/de/2011Q3/runs/r/events/00001-started.json");
}

#[tokio::test]
async fn runs_are_listed_with_their_last_event_published_or_not() {
    let (world, ledger) = calm();
    let failed = Event::Failed { problem: "no disk".to_owned() };
    note(&ledger, "z-first", "n1", &Event::Planned { revision: 1 }).await;
    note(&ledger, "z-first", "n2", &failed).await;
    world.pass(10);
    let publication = written(&ledger, "2011Q3", 1, "a-second", &["report.json"]).await;
    ledger.publish(&publication).await.unwrap();
    world.pass(5);
    note(&ledger, "a-second", "n3", &Event::Published { revision: 1 }).await;
    let slot = slot("2011Q3");
    let runs = ledger.runs("j", &slot.market, slot.period).await.unwrap();
    let shown: Vec<_> = runs
        .iter()
        .map(|run| (run.run.as_str(), run.revision, run.last_event.clone().unwrap().event, run.objects))
        .collect();
    let published = Event::Published { revision: 1 };
    assert_eq!(shown, [("z-first", None, failed, 2), ("a-second", Some(1), published, 2)]);
    assert_eq!((runs[1].last_write_at - runs[1].first_write_at).num_seconds(), 5);
}

#[tokio::test]
async fn only_old_unpublished_runs_may_go_and_the_newest_stay() {
    let (world, ledger) = calm();
    let old = written(&ledger, "2011Q3", 1, "published", &["report.json"]).await;
    ledger.publish(&old).await.unwrap();
    for (period, run) in [("2011Q3", "a"), ("2011Q4", "b"), ("2011Q3", "c"), ("2011Q3", "young")] {
        world.pass(if run == "young" { 20 * DAY } else { DAY });
        written(&ledger, period, 9, run, &["report.json", "tables/t.parquet"]).await;
    }
    world.pass(5 * DAY);
    for (keep, days, expected) in [
        (0, 10, &["a", "b", "c"][..]),
        (2, 10, &["a", "b"]),
        (0, 26, &["a"]),
        (0, 1, &["a", "b", "c", "young"]),
        (9, 1, &[]),
    ] {
        let older_than = Duration::from_secs(days * DAY);
        let runs = ledger.unpublished_runs("j", keep, older_than, &format!("n{keep}-{days}")).await.unwrap();
        let names: Vec<_> = runs.iter().map(|run| run.run.as_str()).collect();
        assert_eq!(names, expected, "keep {keep}, older than {days} days");
    }

    let lease = lease(&ledger, &slot("2011Q3"), "prune").await;
    let refused = ledger.remove_run(&lease, "published").await;
    assert!(matches!(refused, Err(Error::RunIsPublished { revision: 1, .. })), "{refused:?}");
    assert_eq!(ledger.remove_run(&lease, "a").await.unwrap(), 2);
    assert!(!paths(&world).iter().any(|path| path.contains("/runs/a/")));
    assert_eq!(ledger.read(&old, "report.json").await.unwrap(), "report.json of published");
    ledger.release(&lease).await.unwrap();
    super::lease(&ledger, &slot("2011Q3"), "next").await;
    assert!(matches!(ledger.remove_run(&lease, "c").await, Err(Error::Fenced { .. })));
}
