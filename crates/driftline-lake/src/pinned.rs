//! A store that shows a run nothing but the objects it pinned, each in the version that it pinned.
//!
//! Reads carry the pinned etag as `If-Match`, so an export that is replaced in mid-run ends the run instead of mixing two
//! versions.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::error::DataFusionError;
use futures::stream::{self, BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result,
};

/// Read-only view of `inner` that holds exactly `objects`.
#[derive(Debug)]
pub struct PinnedStore {
    inner: Arc<dyn ObjectStore>,
    objects: BTreeMap<Path, ObjectMeta>,
}

impl PinnedStore {
    pub fn new(inner: Arc<dyn ObjectStore>, objects: impl IntoIterator<Item = ObjectMeta>) -> Self {
        Self { inner, objects: objects.into_iter().map(|meta| (meta.location.clone(), meta)).collect() }
    }

    fn pinned(&self, location: &Path) -> Result<&ObjectMeta> {
        self.objects.get(location).ok_or_else(|| object_store::Error::NotFound {
            path: location.to_string(),
            source: "not in the input manifest of this run".into(),
        })
    }

    fn read_only(&self) -> object_store::Error {
        object_store::Error::NotSupported { source: "the exports of a run are read-only".into() }
    }
}

impl fmt::Display for PinnedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pinned({} objects of {})", self.objects.len(), self.inner)
    }
}

#[async_trait::async_trait]
impl ObjectStore for PinnedStore {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(self.read_only())
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(self.read_only())
    }

    async fn get_opts(&self, location: &Path, mut options: GetOptions) -> Result<GetResult> {
        let pinned = self.pinned(location)?;
        options.if_match = pinned.e_tag.clone();
        let result = self.inner.get_opts(location, options).await?;
        if result.meta.size == pinned.size {
            return Ok(result);
        }
        Err(object_store::Error::Precondition {
            path: location.to_string(),
            source: format!("now {} bytes, pinned {}", result.meta.size, pinned.size).into(),
        })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        if self.pinned(location)?.e_tag.is_none() {
            return self.inner.get_ranges(location, ranges).await;
        }
        let fetches = ranges.iter().map(|range| async move {
            let options = GetOptions { range: Some(range.clone().into()), ..GetOptions::default() };
            self.get_opts(location, options).await?.bytes().await
        });
        futures::future::try_join_all(fetches).await
    }

    fn delete_stream(&self, _: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let error = self.read_only();
        stream::once(async move { Err(error) }).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let found: Vec<_> = self
            .objects
            .values()
            .filter(|meta| prefix.is_none_or(|prefix| meta.location.prefix_matches(prefix)))
            .cloned()
            .map(Ok)
            .collect();
        stream::iter(found).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(object_store::Error::NotSupported { source: "pinned objects are listed flat".into() })
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(self.read_only())
    }
}

/// Finds in an engine error the object whose pinned version was gone, with what was pinned.
pub fn changed_input(error: &DataFusionError) -> Option<(String, String)> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = next {
        if let Some(object_store::Error::Precondition { path, source }) = current.downcast_ref() {
            return Some((path.clone(), source.to_string()));
        }
        next = match current.downcast_ref::<DataFusionError>() {
            Some(DataFusionError::ObjectStore(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::ParquetError(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::External(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::Shared(inner)) => Some(inner.as_ref()),
            Some(DataFusionError::ArrowError(inner, _)) => Some(inner.as_ref()),
            _ => current.source(),
        };
    }
    None
}
