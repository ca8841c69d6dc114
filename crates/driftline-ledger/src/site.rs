//! The job's site beside its publications: pages made from them, which can be made again at any time.
//!
//! ```text
//! <root>/<job>/_site/index.html …
//! ```
//! These objects alone are written over, and removed when they are stale. No market's code begins with `_`, so the folder is never taken for a market.

use bytes::Bytes;
use object_store::path::Path;
use object_store::{Attribute, Attributes, ObjectStoreExt, PutOptions, PutPayload};

use crate::error::Result;
use crate::ledger::Ledger;

const FOLDER: &str = "_site";

impl Ledger {
    /// Where a person finds a page of a job's site.
    pub fn site_location(&self, job: &str, page: &str) -> String {
        self.location(&format!("{job}/{FOLDER}"), page)
    }

    /// Writes a page of a job's site over what was there, with its content type where the store keeps one, so that a browser
    /// shows the page instead of saving it.
    ///
    /// # Errors
    /// `Error::Store` if it cannot be written.
    pub async fn put_page(&self, job: &str, page: &str, bytes: Bytes) -> Result<()> {
        let location = self.page(job, page);
        let payload = PutPayload::from_bytes(bytes);
        let attributes = Attributes::from_iter([(Attribute::ContentType, content_type(page))]);
        let options = PutOptions { attributes, ..PutOptions::default() };
        let written = match self.store.put_opts(&location, payload.clone(), options).await {
            // A folder keeps no content types.
            Err(object_store::Error::NotImplemented { .. }) => self.store.put(&location, payload).await,
            written => written,
        };
        written.map(|_| ()).map_err(|error| self.failed("write", &location, error))
    }

    /// A file of a job's site; `None` if there is none.
    ///
    /// # Errors
    /// `Error::Store` if it cannot be read.
    pub async fn read_page(&self, job: &str, page: &str) -> Result<Option<Bytes>> {
        self.get_if_any(&self.page(job, page)).await
    }

    /// Removes a file of a job's site.
    ///
    /// # Errors
    /// `Error::Store` if it cannot be removed.
    pub async fn remove_page(&self, job: &str, page: &str) -> Result<()> {
        let location = self.page(job, page);
        self.store.delete(&location).await.map_err(|error| self.failed("delete", &location, error))
    }

    fn page(&self, job: &str, page: &str) -> Path {
        self.below_root(&format!("{job}/{FOLDER}/{page}"))
    }
}

fn content_type(page: &str) -> &'static str {
    match page.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use object_store::memory::InMemory;

    use super::*;

    #[tokio::test]
    async fn a_page_is_written_over_with_its_type_and_is_no_market() {
        let store = Arc::new(InMemory::new());
        let ledger = Ledger::new(store.clone(), Path::from("w"), "memory:///w/".to_owned());
        for text in ["old", "new"] {
            ledger.put_page("j", "de/index.html", Bytes::from_static(text.as_bytes())).await.unwrap();
        }
        let found = store.get(&Path::from("w/j/_site/de/index.html")).await.unwrap();
        let content_type = found.attributes.get(&Attribute::ContentType).unwrap().to_string();
        assert_eq!(content_type, "text/html; charset=utf-8");
        assert_eq!(found.bytes().await.unwrap(), "new");
        assert_eq!(ledger.site_location("j", "index.html"), "memory:///w/j/_site/index.html");
        assert!(ledger.markets("j").await.unwrap().is_empty());
        assert_eq!(ledger.read_page("j", "de/index.html").await.unwrap().unwrap(), "new");
        ledger.remove_page("j", "de/index.html").await.unwrap();
        assert_eq!(ledger.read_page("j", "de/index.html").await.unwrap(), None);
    }

    #[test]
    fn every_kind_of_page_has_its_type() {
        let found = ["a/b.html", "style.css", "site.js", "x"].map(content_type);
        let expected = ["text/html", "text/css", "text/javascript", "application/octet-stream"];
        assert!(found.iter().zip(expected).all(|(found, start)| found.starts_with(start)), "{found:?}");
    }
}
