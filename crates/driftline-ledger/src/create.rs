//! The primitives under everything else: create once and tell whose it is, read by name, list, and the store's clock.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::guard::Guard;
use crate::ledger::Ledger;
use crate::record::Signed;

/// How often a create is tried that the store answers with "exists" while nothing is there (an S3 409 under load).
const CREATE_ROUNDS: usize = 5;

/// What became of a create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Created {
    /// The object carries our nonce: just now, or by an earlier try whose answer was lost.
    Mine,
    /// Another was first; this is what they wrote.
    Theirs(Bytes),
}

impl Ledger {
    pub(crate) async fn create(&self, location: &Path, bytes: Bytes) -> std::result::Result<(), object_store::Error> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        self.store.put_opts(location, PutPayload::from_bytes(bytes), options).await.map(|_| ())
    }

    /// Creates an object whose JSON has a field `nonce`, and finds out whose object is there afterwards.
    ///
    /// After an error the store is asked once what it holds: a lost answer of a create that landed is no failure. If
    /// nothing is there the error is returned, and the create may still land later; nothing in the protocol relies on
    /// it not landing.
    pub(crate) async fn create_signed(&self, location: &Path, bytes: &Bytes, nonce: &str) -> Result<Created> {
        for _ in 0..CREATE_ROUNDS {
            let Err(failure) = self.create(location, bytes.clone()).await else { return Ok(Created::Mine) };
            let exists = is_conflict(&failure);
            if exists && self.is_without(Guard::Nonce) {
                return Ok(Created::Mine);
            }
            match self.get_if_any(location).await {
                Ok(Some(found)) if is_signed(&found, nonce) => return Ok(Created::Mine),
                Ok(Some(found)) => return Ok(Created::Theirs(found)),
                Ok(None) if exists => {}
                Err(error) if exists => return Err(error),
                Ok(None) | Err(_) => return Err(self.failed("write", location, failure)),
            }
        }
        Err(Error::Contended { warehouse: self.shown.clone(), location: location.to_string() })
    }

    pub(crate) async fn get(&self, location: &Path) -> Result<Bytes> {
        let read = async { self.store.get(location).await?.bytes().await };
        read.await.map_err(|error| self.failed("read", location, error))
    }

    pub(crate) async fn get_if_any(&self, location: &Path) -> Result<Option<Bytes>> {
        let read = async { self.store.get(location).await?.bytes().await };
        match read.await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("read", location, error)),
        }
    }

    /// Looks for an object by its name: unlike a list this is never out of date.
    pub(crate) async fn head_if_any(&self, location: &Path) -> Result<Option<ObjectMeta>> {
        match self.store.head(location).await {
            Ok(meta) => Ok(Some(meta)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("read", location, error)),
        }
    }

    /// Everything below a folder. A list may lag behind; what it shows is true, what it does not show proves nothing.
    pub(crate) async fn listed(&self, folder: &Path) -> Result<Vec<ObjectMeta>> {
        self.store.list(Some(folder)).try_collect().await.map_err(|error| self.failed("list", folder, error))
    }

    /// The time at the store: the last-modified of an object that is created for this, and deleted again.
    ///
    /// `nonce` names the object; with one that was used before the answer may be too early, never too late.
    pub(crate) async fn store_time(&self, nonce: &str) -> Result<DateTime<Utc>> {
        if self.is_without(Guard::StoreClock)
            && let Some(now) = self.local_time()
        {
            return Ok(now);
        }
        let location = self.root.clone().join("probe").join(format!("clock-{nonce}.json"));
        let text = self.json(&location, &Signed { nonce: nonce.to_owned() })?;
        self.create_signed(&location, &text, nonce).await?;
        let meta = self.store.head(&location).await.map_err(|error| self.failed("read", &location, error))?;
        if let Err(error) = self.store.delete(&location).await {
            tracing::debug!(%location, %error, "the clock's object stays behind");
        }
        Ok(meta.last_modified)
    }

    pub(crate) fn json<T: Serialize>(&self, location: &Path, value: &T) -> Result<Bytes> {
        match serde_json::to_vec_pretty(value) {
            Ok(text) => Ok(text.into()),
            Err(source) => Err(Error::Unreadable { location: location.to_string(), source }),
        }
    }
}

pub(crate) fn is_conflict(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. })
}

fn is_signed(found: &[u8], nonce: &str) -> bool {
    serde_json::from_slice::<Signed>(found).is_ok_and(|signed| signed.nonce == nonce)
}

/// The number at the start of a file name such as `000001.json` or `00001-started.json`.
pub(crate) fn leading_number<T: std::str::FromStr>(name: &str) -> Option<T> {
    let digits = name.find(|c: char| !c.is_ascii_digit()).unwrap_or(name.len());
    name.get(..digits)?.parse().ok()
}
