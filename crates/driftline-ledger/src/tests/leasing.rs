//! Leases: who gets a token, when, and that only the store's clock counts.

use super::{TIME_TO_LIVE, calm, lease, paths, shown, slot};
use crate::{Acquired, Error, Holder, Process};

#[tokio::test]
async fn a_lease_is_taken_over_only_when_it_is_silent_for_its_time_to_live() {
    // Seconds after the last sign of life, whether the holder has just renewed before, and whether the next one gets
    // it.
    for (renew_after, wait, is_free) in
        [(None, 59, false), (None, 60, false), (None, 61, true), (Some(50), 60, false), (Some(50), 61, true)]
    {
        let (world, ledger) = calm();
        let first = lease(&ledger, &slot("2011Q3"), "a").await;
        if let Some(seconds) = renew_after {
            world.pass(seconds);
            ledger.renew(&first).await.unwrap();
        }
        world.pass(wait);
        let next = ledger.acquire(&slot("2011Q3"), "next", "b", TIME_TO_LIVE).await.unwrap();
        let expected = if is_free { ("mine", 2) } else { ("me", 1) };
        assert_eq!(shown(&next), expected, "renewed after {renew_after:?}, waited {wait}");
        assert_eq!(ledger.is_current(&first).await.unwrap(), !is_free);
        let renewed = ledger.renew(&first).await;
        assert_eq!(matches!(renewed, Err(Error::Fenced { token: 1, newer: 2, .. })), is_free, "{renewed:?}");
    }
}

#[tokio::test]
async fn it_is_the_holders_time_to_live_that_counts() {
    let (world, ledger) = calm();
    lease(&ledger, &slot("2011Q3"), "a").await;
    world.pass(30);
    let hasty = std::time::Duration::from_millis(1);
    let next = ledger.acquire(&slot("2011Q3"), "next", "b", hasty).await.unwrap();
    assert_eq!(shown(&next), ("me", 1));
}

#[tokio::test]
async fn a_released_lease_is_free_at_once_and_slots_do_not_share() {
    let (_, ledger) = calm();
    let first = lease(&ledger, &slot("2011Q3"), "a").await;
    lease(&ledger, &slot("2011Q4"), "a").await;
    ledger.renew(&first).await.unwrap();
    ledger.renew(&first).await.unwrap();
    ledger.release(&first).await.unwrap();
    ledger.release(&first).await.unwrap();
    assert_eq!(lease(&ledger, &slot("2011Q3"), "b").await.token(), 2);
    assert!(!ledger.is_current(&first).await.unwrap());
}

#[tokio::test]
async fn only_the_named_objects_are_left() {
    let (world, ledger) = calm();
    let first = lease(&ledger, &slot("2011Q3"), "a").await;
    ledger.renew(&first).await.unwrap();
    ledger.renew(&first).await.unwrap();
    world.pass(100);
    lease(&ledger, &slot("2011Q3"), "b").await;
    ledger.release(&first).await.unwrap();
    let expected =
        ["heartbeat-0001.json", "heartbeat-0002.json", "json", "released.json"].map(|kind| format!("000001.{kind}"));
    let expected = expected.into_iter().chain(["000002.json".to_owned()]);
    assert_eq!(paths(&world), expected.map(|name| format!("j/de/2011Q3/lease/{name}")).collect::<Vec<_>>());
}

/// Process 7 is gone by the word of the machine that they share; of others it says nothing.
#[tokio::test]
async fn a_holder_whose_process_is_gone_is_not_waited_for() {
    let holder = |name: &str, number: u32| Holder {
        name: name.to_owned(),
        process: Some(Process { machine: "m".to_owned(), namespace: "n".to_owned(), user: 1, number, started: 1 }),
        is_gone: |process| process.number == 7,
    };
    for (number, is_free) in [(7, true), (8, false)] {
        let (_, ledger) = calm();
        let first = ledger.acquire(&slot("2011Q3"), holder("me", number), "a", TIME_TO_LIVE).await.unwrap();
        let Acquired::Mine(first) = first else { unreachable!("a free slot") };
        ledger.renew(&first).await.unwrap();
        let next = ledger.acquire(&slot("2011Q3"), holder("next", 9), "b", TIME_TO_LIVE).await.unwrap();
        assert_eq!(shown(&next), if is_free { ("mine", 2) } else { ("me", 1) }, "process {number}");
        // A holder that was taken for gone and is not finds out before it commits.
        assert_eq!(ledger.is_current(&first).await.unwrap(), !is_free);
    }
}

#[tokio::test]
async fn who_meets_a_lease_is_told_when_it_ends() {
    let (world, ledger) = calm();
    let first = lease(&ledger, &slot("2011Q3"), "a").await;
    let ends_at = async || match ledger.acquire(&slot("2011Q3"), "next", "b", TIME_TO_LIVE).await.unwrap() {
        Acquired::Held { ends_at, .. } => ends_at.unwrap(),
        Acquired::Mine(_) => unreachable!("the first one lives"),
    };
    let before = ends_at().await;
    world.pass(30);
    assert_eq!(ends_at().await, before, "the same sign of life");
    ledger.renew(&first).await.unwrap();
    assert_eq!(ends_at().await - before, chrono::TimeDelta::seconds(30));
}
