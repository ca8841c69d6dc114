//! One thing at a time, in a calm simulated world whose clock the test moves. What happens all at once is the
//! simulator's.

mod answering;
mod leasing;
mod mailing;
mod publishing;
mod racing;
mod running;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::path::Path;

use crate::simulator::{SimulatedStore, Who, World, draft};
use crate::{Acquired, Lease, Ledger, Publication, Slot};

const TIME_TO_LIVE: Duration = Duration::from_secs(60);

fn calm() -> (Arc<World>, Ledger) {
    let world = World::calm();
    let store = SimulatedStore { world: world.clone(), who: Who { daemon: 0, life: 0 } };
    let ledger = Ledger::new(Arc::new(store), Path::from("w"), "simulated".to_owned());
    (world, ledger)
}

fn slot(period: &str) -> Slot {
    Slot { job: "j".to_owned(), market: "de".parse().unwrap(), period: period.parse().unwrap() }
}

/// Takes the lease, which must be free.
async fn lease(ledger: &Ledger, slot: &Slot, nonce: &str) -> Lease {
    match ledger.acquire(slot, "me", nonce, TIME_TO_LIVE).await.unwrap() {
        Acquired::Mine(lease) => lease,
        Acquired::Held { holder, token, .. } => unreachable!("held by {holder} with {token}"),
    }
}

/// The token and who holds it, as the answer says.
fn shown(acquired: &Acquired) -> (&str, u64) {
    match acquired {
        Acquired::Mine(lease) => ("mine", lease.token()),
        Acquired::Held { holder, token, .. } => (holder, *token),
    }
}

/// Writes a run with these objects and drafts its publication.
async fn written(ledger: &Ledger, period: &str, revision: u32, nonce: &str, names: &[&str]) -> Publication {
    let slot = slot(period);
    let mut publication = draft(&slot, revision, &ledger.run_folder(&slot, nonce), nonce);
    for name in names {
        let text = Bytes::from(format!("{name} of {nonce}"));
        publication.objects.push(ledger.put(&publication.run, name, text).await.unwrap());
    }
    publication
}

/// Every object of the warehouse by its path below the root, in order.
fn paths(world: &World) -> Vec<String> {
    world.paths().iter().map(|path| path.trim_start_matches("w/").to_owned()).collect()
}
