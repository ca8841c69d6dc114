//! A folder on this machine as exports: every file in it, whatever it is called.
//!
//! The library's own store keeps names that end in `#` and digits for unfinished uploads: it neither lists nor opens them, so
//! an export with such names would lose them in silence. Here they are files like others.

use std::fmt;
use std::fs::{File, Metadata};
use std::ops::Range;
use std::path::PathBuf;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// A folder that is read.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) root: PathBuf,
    pub(super) inner: LocalFileSystem,
}

impl fmt::Display for Folder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(out)
    }
}

/// Whether the library's store hides a file of this name.
fn is_hidden(name: &str) -> bool {
    let digits = name.split_once('#').map_or("", |(_, digits)| digits);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

impl Folder {
    /// The hidden files below a prefix.
    fn hidden(&self, prefix: Option<&Path>) -> Result<Vec<ObjectMeta>> {
        let mut found = Vec::new();
        let start = prefix.cloned().unwrap_or_default();
        let mut folders = vec![(self.root.join(start.as_ref()), start)];
        while let Some((folder, path)) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                let Ok(name) = entry.file_name().into_string() else { continue };
                let path = Path::parse(format!("{path}/{name}").trim_start_matches('/'))?;
                let Ok(metadata) = std::fs::metadata(entry.path()) else { continue };
                if metadata.is_dir() {
                    folders.push((entry.path(), path));
                } else if is_hidden(&name) {
                    found.push(meta(path, &metadata)?);
                }
            }
        }
        Ok(found)
    }

    fn open(&self, location: &Path, options: &GetOptions) -> Result<GetResult> {
        let path = self.root.join(location.as_ref());
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::NotFound { path: location.to_string(), source: error.into() },
            _ => Error::Generic { store: "folder", source: error.into() },
        };
        let file = File::open(&path).map_err(failed)?;
        let meta = meta(location.clone(), &file.metadata().map_err(failed)?)?;
        options.check_preconditions(&meta)?;
        let range = match &options.range {
            Some(GetRange::Bounded(range)) => range.start..range.end.min(meta.size),
            Some(GetRange::Offset(start)) => *start..meta.size,
            Some(GetRange::Suffix(length)) => meta.size.saturating_sub(*length)..meta.size,
            None => 0..meta.size,
        };
        Ok(GetResult { payload: GetResultPayload::File(file, path), meta, range, attributes: Default::default() })
    }
}

fn meta(location: Path, metadata: &Metadata) -> Result<ObjectMeta> {
    let modified = metadata.modified().map_err(|error| Error::Generic { store: "folder", source: error.into() })?;
    let since = modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let e_tag = Some(format!("{:x}-{:x}", since.as_micros(), metadata.len()));
    Ok(ObjectMeta { location, last_modified: modified.into(), size: metadata.len(), e_tag, version: None })
}

#[async_trait::async_trait]
impl ObjectStore for Folder {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        match location.filename().is_some_and(is_hidden) {
            true => self.open(location, &options),
            false => self.inner.get_opts(location, options).await,
        }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        if !location.filename().is_some_and(is_hidden) {
            return self.inner.get_ranges(location, ranges).await;
        }
        let mut found = Vec::new();
        for range in ranges {
            let options = GetOptions { range: Some(range.clone().into()), ..GetOptions::default() };
            found.push(self.open(location, &options)?.bytes().await?);
        }
        Ok(found)
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let hidden = match self.hidden(prefix) {
            Ok(hidden) => hidden.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        };
        self.inner.list(prefix).chain(stream::iter(hidden)).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
