//! Answers that get lost or lie, one at a time: whose object is it then?

use super::{TIME_TO_LIVE, calm, lease, shown, slot, written};
use crate::Error;
use crate::simulator::WriteFault::{self, FalseConflict, LostAfterLanding, LostBeforeLanding, None, Unavailable};

/// "Exists" at every one of the five tries.
const STUBBORN: [WriteFault; 5] = [FalseConflict; 5];

/// What a create with a nonce came to.
fn kind<T>(result: &Result<T, Error>) -> &'static str {
    match result {
        Ok(_) => "done",
        Err(Error::Store { .. }) => "no answer",
        Err(Error::Contended { .. }) => "contended",
        Err(Error::Superseded { .. }) => "superseded",
        Err(_) => "other",
    }
}

/// Faults of the next creates, and what comes of one on a free name.
const ON_A_FREE_NAME: [(&[WriteFault], &str); 6] = [
    (&[None], "done"),
    (&[LostAfterLanding], "done"),
    (&[LostBeforeLanding], "no answer"),
    (&[Unavailable], "no answer"),
    (&[FalseConflict, FalseConflict, LostAfterLanding], "done"),
    (&STUBBORN, "contended"),
];

#[tokio::test]
async fn a_publication_whose_answer_is_lost_or_wrong() {
    for (faults, expected) in ON_A_FREE_NAME {
        let (world, ledger) = calm();
        let mine = written(&ledger, "2011Q3", 1, "mine", &["report.json"]).await;
        world.expect_faults(faults);
        assert_eq!(kind(&ledger.publish(&mine).await), expected, "{faults:?}");
        let is_there = !ledger.revisions(&slot("2011Q3")).await.unwrap().is_empty();
        assert_eq!(is_there, expected == "done", "{faults:?}");
        // The same call again always ends well, and another's never does from then on.
        ledger.publish(&mine).await.unwrap();
        for faults in [&[None][..], &[LostAfterLanding], &[Unavailable], &[FalseConflict]] {
            world.expect_faults(faults);
            let other = ledger.publish(&written(&ledger, "2011Q3", 1, "other", &[]).await).await;
            assert_eq!(kind(&other), "superseded", "{faults:?}");
        }
    }
}

/// The probe of a good store is not mistaken for a bad one because the answer to its own create was lost.
#[tokio::test]
async fn a_probe_whose_answer_is_lost_or_wrong() {
    for (faults, expected) in ON_A_FREE_NAME {
        let (world, ledger) = calm();
        world.expect_faults(faults);
        assert_eq!(kind(&ledger.probe("n").await), expected, "{faults:?}");
    }
}

#[tokio::test]
async fn a_token_whose_answer_is_lost_or_wrong() {
    for (faults, expected) in ON_A_FREE_NAME {
        let (world, ledger) = calm();
        world.expect_faults(faults);
        let acquired = ledger.acquire(&slot("2011Q3"), "me", "a", TIME_TO_LIVE).await;
        assert_eq!(kind(&acquired), expected, "{faults:?}");
        let next = ledger.acquire(&slot("2011Q3"), "next", "b", TIME_TO_LIVE).await.unwrap();
        assert_eq!(shown(&next), if expected == "done" { ("me", 1) } else { ("mine", 1) }, "{faults:?}");
    }
}

#[tokio::test]
async fn an_attempt_whose_answer_is_lost_is_not_made_and_not_forgotten() {
    for (faults, expected) in ON_A_FREE_NAME {
        let (world, ledger) = calm();
        let lease = lease(&ledger, &slot("2011Q3"), "l").await;
        let publication = written(&ledger, "2011Q3", 1, "run", &["mails/a.eml"]).await;
        ledger.publish_as(&publication, &lease).await.unwrap();
        let seen = ledger.mail_notes(&publication, "a").await.unwrap();
        world.expect_faults(faults);
        let begun = ledger.begin_attempt((&publication, "a"), &seen, "n", &lease).await;
        assert_eq!(kind(&begun), expected, "{faults:?}");
        let other = ledger.begin_attempt((&publication, "a"), &seen, "m", &lease).await.unwrap();
        assert_eq!(other.is_none(), expected == "done", "{faults:?}");
    }
}
