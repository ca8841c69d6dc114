//! A store whose lists are asked for again when an answer breaks off: `object_store` repeats requests that fail, and reads that
//! break off, but not a list whose body does.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::client::HttpError;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result,
};

/// Pauses before a list is asked for again.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1600), Duration::from_millis(6400)];

/// The store, as it is but for its lists.
#[derive(Clone, Debug)]
pub(crate) struct PatientStore(pub(crate) Arc<dyn ObjectStore>);

/// Whether the body of an answer broke off. Requests that fail are repeated by the library already, and are not again here: their
/// error lies one deeper, in its account of the tries.
fn broke_off(error: &Error) -> bool {
    use std::error::Error as _;
    let of_store = if matches!(error, Error::Generic { .. }) { error.source() } else { None };
    of_store.and_then(|of_store| of_store.source()).is_some_and(|cause| cause.is::<HttpError>())
}

/// Asks until there is a whole answer, or the pauses are used up.
async fn asked<T, F: Future<Output = Result<T>>>(what: &str, ask: impl Fn() -> F) -> Result<T> {
    for pause in PAUSES {
        match ask().await {
            Err(error) if broke_off(&error) => tracing::info!(%error, what, "listed again"),
            answered => return answered,
        }
        tokio::time::sleep(pause).await;
    }
    ask().await
}

impl fmt::Display for PatientStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[async_trait]
impl ObjectStore for PatientStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.0.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.0.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.0.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.0.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.0.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (store, prefix) = (self.0.clone(), prefix.cloned());
        let listed = async move {
            let what = prefix.as_ref().map(ToString::to_string).unwrap_or_default();
            asked(&what, || store.list(prefix.as_ref()).try_collect::<Vec<_>>()).await
        };
        stream::once(listed).map_ok(|metas| stream::iter(metas.into_iter().map(Ok))).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let what = prefix.map(ToString::to_string).unwrap_or_default();
        asked(&what, || self.0.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.0.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.0.rename_opts(from, to, options).await
    }
}
