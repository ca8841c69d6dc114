//! Many at once on a real store: its own create decides, and one of them wins.
//!
//! The store is a fresh folder, or the one at `DRIFTLINE_TEST_WAREHOUSE` (such as `s3://bucket/folder`, with `AWS_…` for the
//! rest), in which the slot must be empty.

use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::path::Path;

use super::{TIME_TO_LIVE, slot, written};
use crate::{Acquired, Error, Ledger};

const AT_ONCE: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_gets_the_token_the_commit_and_the_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = match std::env::var("DRIFTLINE_TEST_WAREHOUSE") {
        Ok(shown) => {
            let options = std::env::vars().map(|(name, value)| (name.to_lowercase(), value));
            let (store, root) = object_store::parse_url_opts(&shown.parse().unwrap(), options).unwrap();
            Ledger::new(Arc::from(store), root, shown)
        }
        Err(_) => {
            let store = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
            Ledger::new(Arc::new(store), Path::from("w"), folder.path().display().to_string())
        }
    };
    ledger.probe("p").await.unwrap();

    let contend = |number: usize| {
        let ledger = ledger.clone();
        tokio::spawn(async move {
            ledger.acquire(&slot("2011Q3"), "one of many", &format!("n{number}"), TIME_TO_LIVE).await.unwrap()
        })
    };
    let answers = futures::future::try_join_all((0..AT_ONCE).map(contend)).await.unwrap();
    let mut leases: Vec<_> = answers
        .into_iter()
        .filter_map(|answer| match answer {
            Acquired::Mine(lease) => Some(lease),
            Acquired::Held { holder, token, .. } => {
                assert_eq!((holder.as_str(), token), ("one of many", 1));
                None
            }
        })
        .collect();
    assert_eq!(leases.len(), 1);
    let lease = leases.remove(0);
    ledger.renew(&lease).await.unwrap();

    let publish = |number: usize| {
        let (ledger, lease) = (ledger.clone(), lease.clone());
        tokio::spawn(async move {
            let publication = written(&ledger, "2011Q3", 1, &format!("run{number}"), &["mails/a.eml"]).await;
            ledger.publish_as(&publication, &lease).await
        })
    };
    let answers = futures::future::try_join_all((0..AT_ONCE).map(publish)).await.unwrap();
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Err(Error::Superseded { .. }))).count(), AT_ONCE - 1);

    let publication = ledger.latest(&slot("2011Q3")).await.unwrap().unwrap();
    let seen = ledger.mail_notes(&publication, "a").await.unwrap();
    let begin = |number: usize| {
        let (ledger, lease, publication, seen) = (ledger.clone(), lease.clone(), publication.clone(), seen.clone());
        tokio::spawn(async move {
            ledger.begin_attempt((&publication, "a"), &seen, &format!("a{number}"), &lease).await.unwrap()
        })
    };
    let answers = futures::future::try_join_all((0..AT_ONCE).map(begin)).await.unwrap();
    assert_eq!(answers.iter().flatten().count(), 1);
    ledger.release(&lease).await.unwrap();
    let next = ledger.acquire(&slot("2011Q3"), "next", "next", TIME_TO_LIVE).await.unwrap();
    assert!(matches!(next, Acquired::Mine(lease) if lease.token() == 2));
}
