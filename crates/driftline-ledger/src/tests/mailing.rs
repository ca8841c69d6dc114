//! The outbox: states from notes, attempts, and one delivery for every outcome and policy.

use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;

use super::{calm, lease, slot, written};
use crate::{
    Action, Courier, Delivery, Error, Lease, Ledger, MailPlan, MailState, OnUnknown, Outcome, Publication, deliver,
    next_action, send_anyway,
};

/// Answers with the outcomes it was given, and keeps what it was handed.
struct Script(Mutex<(Vec<Outcome>, Vec<Bytes>)>);

impl Script {
    fn new(outcomes: &[Outcome]) -> Self {
        Self(Mutex::new((outcomes.iter().rev().cloned().collect(), Vec::new())))
    }
}

#[async_trait]
impl Courier for Script {
    async fn send(&self, _mail: &str, bytes: Bytes) -> Outcome {
        let mut script = self.0.lock().unwrap();
        script.1.push(bytes);
        script.0.pop().unwrap()
    }
}

fn taken() -> Outcome {
    Outcome::Taken("250 ok".to_owned())
}

fn unknown() -> Outcome {
    Outcome::Unknown("line broke".to_owned())
}

fn later() -> Outcome {
    Outcome::TryLater("451".to_owned())
}

fn refused() -> Outcome {
    Outcome::Refused("550 no such user".to_owned())
}

async fn published(ledger: &Ledger) -> (Publication, Lease) {
    let lease = lease(ledger, &slot("2011Q3"), "l").await;
    let publication = written(ledger, "2011Q3", 1, "run", &["mails/a.eml", "mails/b.eml", "report.json"]).await;
    ledger.publish_as(&publication, &lease).await.unwrap();
    (publication, lease)
}

#[test]
fn a_state_and_a_policy_give_the_next_action() {
    use Action::{Hold, Nothing, Send};
    let problem = "550".to_owned();
    for (state, resend, hold) in [
        (MailState::Waiting, Send, Send),
        (MailState::Unknown { attempts: 2 }, Send, Hold),
        (MailState::Sent, Nothing, Nothing),
        (MailState::Refused { problem }, Nothing, Nothing),
        (MailState::Held, Nothing, Nothing),
    ] {
        assert_eq!(next_action(&state, OnUnknown::Resend), resend, "{state:?}");
        assert_eq!(next_action(&state, OnUnknown::Hold), hold, "{state:?}");
    }
    assert_eq!(serde_json::to_value(OnUnknown::default()).unwrap(), json!("resend"));
}

#[tokio::test]
async fn notes_give_the_state_those_of_older_warehouses_too() {
    let unknown = |attempts| MailState::Unknown { attempts };
    let refused = |problem: &str| MailState::Refused { problem: problem.to_owned() };
    for (notes, expected) in [
        (&[][..], MailState::Waiting),
        (&["attempt-0001"], unknown(1)),
        (&["attempt-0001", "transient-0001"], MailState::Waiting),
        (&["attempt-0001", "attempt-0002", "transient-0002"], unknown(1)),
        (&["attempt-0001", "attempt-0002"], unknown(2)),
        (&["attempt-0001", "transient-0001", "attempt-0002", "sent"], MailState::Sent),
        (&["attempt-0001", "held"], MailState::Held),
        (&["attempt-0001", "held", "sent"], MailState::Sent),
        (&["attempt"], unknown(1)),
        (&["attempt", "attempt-0001"], unknown(2)),
        (&["attempt", "sent"], MailState::Sent),
        (&["attempt", "failed"], refused("550 no such user")),
    ] {
        let (_, ledger) = calm();
        let (publication, _) = published(&ledger).await;
        for kind in notes {
            let text = r#"{"at": "2026-01-01T00:00:00Z", "note": "550 no such user"}"#;
            ledger.note_mail(&publication, "a", kind, text).await.unwrap();
        }
        assert_eq!(ledger.mail_state(&publication, "a").await.unwrap(), expected, "{notes:?}");
        assert_eq!(ledger.mail_state(&publication, "b").await.unwrap(), MailState::Waiting);
        assert_eq!(ledger.was_sent(&publication, "a").await.unwrap(), expected == MailState::Sent);
        let listed = ledger.outbox("j").await.unwrap();
        let listed: Vec<_> = listed.iter().map(|entry| (entry.mail.as_str(), &entry.state)).collect();
        let mut expected = vec![("a", &expected), ("b", &MailState::Waiting)];
        expected.retain(|(_, state)| **state != MailState::Sent);
        assert_eq!(listed, expected, "{notes:?}");
    }
}

#[tokio::test]
async fn every_outcome_and_policy_leads_to_its_end() {
    use Delivery::{Held, Later, Nothing, Refused, Sent, Unknown};
    let (no, retry, broke) = ("550 no such user".to_owned(), "451".to_owned(), "line broke".to_owned());
    let refused_state = MailState::Refused { problem: no.clone() };
    for (outcomes, on_unknown, expected) in [
        (vec![taken()], OnUnknown::Resend, vec![Sent, Nothing(MailState::Sent)]),
        (vec![refused()], OnUnknown::Resend, vec![Refused(no), Nothing(refused_state)]),
        (vec![later(), taken()], OnUnknown::Hold, vec![Later(retry.clone()), Sent]),
        (vec![unknown(), taken()], OnUnknown::Resend, vec![Unknown(broke.clone()), Sent, Nothing(MailState::Sent)]),
        (vec![unknown()], OnUnknown::Hold, vec![Unknown(broke.clone()), Held, Nothing(MailState::Held)]),
        (vec![unknown(), later(), taken()], OnUnknown::Resend, vec![Unknown(broke), Later(retry), Sent]),
    ] {
        let (_, ledger) = calm();
        let (publication, lease) = published(&ledger).await;
        let script = Script::new(&outcomes);
        let mut steps = Vec::new();
        for _ in &expected {
            steps.push(deliver(&ledger, (&publication, "a"), &lease, on_unknown, &script).await.unwrap());
        }
        assert_eq!(steps, expected);
        let (left, handed) = script.0.into_inner().unwrap();
        assert!(left.is_empty() && handed.iter().all(|bytes| bytes == "mails/a.eml of run"), "{handed:?}");
    }
}

#[tokio::test]
async fn a_person_may_send_what_was_held_or_refused_but_not_what_was_sent() {
    for (outcomes, on_unknown, before) in [
        (vec![unknown(), later(), taken()], OnUnknown::Hold, MailState::Held),
        (
            vec![refused(), later(), taken()],
            OnUnknown::Resend,
            MailState::Refused { problem: "550 no such user".to_owned() },
        ),
    ] {
        let (_, ledger) = calm();
        let (publication, lease) = published(&ledger).await;
        let script = Script::new(&outcomes);
        for _ in 0..2 {
            deliver(&ledger, (&publication, "a"), &lease, on_unknown, &script).await.unwrap();
        }
        assert_eq!(ledger.mail_state(&publication, "a").await.unwrap(), before);
        for (delivery, after) in [
            (Delivery::Later("451".to_owned()), before.clone()),
            (Delivery::Sent, MailState::Sent),
            (Delivery::Nothing(MailState::Sent), MailState::Sent),
        ] {
            assert_eq!(send_anyway(&ledger, (&publication, "a"), &lease, &script).await.unwrap(), delivery);
            assert_eq!(ledger.mail_state(&publication, "a").await.unwrap(), after);
        }
    }
}

#[tokio::test]
async fn the_outbox_says_what_the_server_said() {
    let (_, ledger) = calm();
    let (publication, lease) = published(&ledger).await;
    let script = Script::new(&[later(), refused()]);
    let mut shown = Vec::new();
    for _ in 0..2 {
        deliver(&ledger, (&publication, "a"), &lease, OnUnknown::Resend, &script).await.unwrap();
        let entry = ledger.outbox_of(&publication).await.unwrap().swap_remove(0);
        shown.push((entry.attempts, entry.words.unwrap(), entry.state));
    }
    let problem = "550 no such user".to_owned();
    let refused = (2, problem.clone(), MailState::Refused { problem });
    assert_eq!(shown, [(1, "451".to_owned(), MailState::Waiting), refused]);
}

#[tokio::test]
async fn no_one_begins_an_attempt_twice_or_without_the_lease() {
    let (_, ledger) = calm();
    let (publication, first) = published(&ledger).await;
    let seen = ledger.mail_notes(&publication, "a").await.unwrap();
    let attempt = ledger.begin_attempt((&publication, "a"), &seen, "n1", &first).await.unwrap().unwrap();
    assert_eq!(attempt.number, 1);
    // Another decided on the same notes; then the first comes again, as if its answer had been lost.
    assert_eq!(ledger.begin_attempt((&publication, "a"), &seen, "n2", &first).await.unwrap(), None);
    assert_eq!(ledger.begin_attempt((&publication, "a"), &seen, "n1", &first).await.unwrap(), Some(attempt));

    ledger.release(&first).await.unwrap();
    let second = lease(&ledger, &slot("2011Q3"), "m").await;
    let seen = ledger.mail_notes(&publication, "a").await.unwrap();
    let fenced = ledger.begin_attempt((&publication, "a"), &seen, "n3", &first).await;
    assert!(matches!(fenced, Err(Error::Fenced { .. })), "{fenced:?}");
    let fenced = ledger.hold(&publication, "a", &first).await;
    assert!(matches!(fenced, Err(Error::Fenced { .. })), "{fenced:?}");
    assert_eq!(ledger.begin_attempt((&publication, "a"), &seen, "n4", &second).await.unwrap().unwrap().number, 2);
}

#[tokio::test]
async fn a_mail_that_a_person_asked_for_is_listed_until_it_is_sent() {
    for (plan, outcomes, expected) in [
        (MailPlan::Send, vec![], Some(MailState::Waiting)),
        (MailPlan::Hold, vec![], Some(MailState::Waiting)),
        (MailPlan::File, vec![later()], Some(MailState::Waiting)),
        (MailPlan::Send, vec![later(), later()], Some(MailState::Waiting)),
        (MailPlan::Hold, vec![unknown()], Some(MailState::Unknown { attempts: 1 })),
        (MailPlan::Send, vec![refused()], Some(MailState::Refused { problem: "550 no such user".to_owned() })),
        (MailPlan::Send, vec![later(), taken()], None),
    ] {
        let (_, ledger) = calm();
        let (publication, lease) = published(&ledger).await;
        let publication = Publication { mails: plan, ..publication };
        ledger.add_mail(&publication, "new", Bytes::from_static(b"for someone new"), &lease).await.unwrap();
        let script = Script::new(&outcomes);
        for _ in &outcomes {
            deliver(&ledger, (&publication, "new"), &lease, OnUnknown::Resend, &script).await.unwrap();
        }
        let open = ledger.outbox_of(&publication).await.unwrap();
        let asked: Vec<_> = open.into_iter().filter(|entry| entry.is_asked).map(|entry| entry.state).collect();
        assert_eq!(asked, Vec::from_iter(expected), "{plan:?} {outcomes:?}");
        let handed = script.0.into_inner().unwrap().1;
        assert!(handed.iter().all(|bytes| bytes == "for someone new"), "{handed:?}");
    }
}
