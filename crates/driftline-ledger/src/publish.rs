//! The commit point: one conditional create makes a run's objects the published result.
//!
//! Before it the objects are counted and the lease is checked, both to say no early. Between the last look at the
//! lease and the create a newer token can appear, and no store without transactions can prevent it. It is harmless:
//! the revision is created once, the objects it names are complete, and whoever holds the newer token gets
//! [`Error::Superseded`] for the same revision.

use std::collections::BTreeMap;

use crate::create::Created;
use crate::error::{Error, Result};
use crate::guard::Guard;
use crate::lease::Lease;
use crate::ledger::{Ledger, published_path};
use crate::publication::Publication;

impl Ledger {
    /// Publishes: one conditional create of the next revision. What was written before becomes visible as a whole.
    ///
    /// # Errors
    /// `Error::Superseded` if another run published this revision first, `Error::Incomplete` if one of its objects is
    /// not in the store, `Error::Store` / `Error::Contended` if the create failed. After the last two it may have been
    /// published all the same; look before trying again.
    pub async fn publish(&self, publication: &Publication) -> Result<()> {
        self.check_complete(publication).await?;
        self.commit(publication).await
    }

    /// Publishes under a lease, whose token goes into the record, and not if a newer token exists right before the
    /// commit.
    ///
    /// # Errors
    /// `Error::Fenced` if a newer token exists, `Error::LeaseOfAnotherSlot`, and those of [`Ledger::publish`].
    pub async fn publish_as(&self, publication: &Publication, lease: &Lease) -> Result<()> {
        Self::check_slot(lease, &publication.slot())?;
        self.check_complete(publication).await?;
        let publication = Publication { fencing_token: Some(lease.token()), ..publication.clone() };
        if !self.is_without(Guard::Fencing) {
            self.check_current(lease).await?;
        }
        self.commit(&publication).await
    }

    async fn commit(&self, publication: &Publication) -> Result<()> {
        let slot = publication.slot();
        let location = published_path(&slot, self, publication.revision);
        let text = self.json(&location, publication)?;
        match self.create_signed(&location, &text, &publication.nonce).await? {
            Created::Mine => Ok(()),
            Created::Theirs(_) => Err(Error::Superseded {
                job: slot.job,
                market: slot.market.to_string(),
                period: slot.period.to_string(),
                revision: publication.revision,
            }),
        }
    }

    /// Every object of the publication is in the store with its size. The list is a hint; what it lacks is looked for
    /// by name.
    async fn check_complete(&self, publication: &Publication) -> Result<()> {
        if publication.objects.is_empty() || self.is_without(Guard::ObjectsFirst) {
            return Ok(());
        }
        let listed = self.listed(&self.below_root(&publication.run)).await?;
        let sizes: BTreeMap<_, _> = listed.into_iter().map(|meta| (meta.location, meta.size)).collect();
        for object in &publication.objects {
            let location = self.below_root(&format!("{}/{}", publication.run, object.name));
            let found = match sizes.get(&location) {
                Some(size) => Some(*size),
                None => self.head_if_any(&location).await?.map(|meta| meta.size),
            };
            let problem = match found {
                Some(size) if size == object.bytes => continue,
                Some(size) => format!("it has {size} bytes instead of {}", object.bytes),
                None => "it was not written".to_owned(),
            };
            return Err(Error::Incomplete { location: location.to_string(), problem });
        }
        Ok(())
    }
}
