//! Opens the object store behind a URL: a folder, `file://`, `s3://`, `az://`, `gs://` or `http(s)://`.

mod folder;
mod patient;
mod place;

use std::path::Path as FolderPath;
use std::sync::Arc;

use driftline_core::basics::plain;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use url::Url;

use self::folder::Folder;
use self::patient::PatientStore;
use self::place::Place;
use crate::error::{Error, Result};

/// A store and the place in it that the URL names.
#[derive(Clone, Debug)]
pub struct Location {
    pub store: Arc<dyn ObjectStore>,
    pub root: Path,
    pub shown: String,
    /// The folder on this machine, if it is one.
    pub folder: Option<std::path::PathBuf>,
}

/// Opens a URL; relative folders are below `base`. Credentials and options come from `environment` (`AWS_…`, `AZURE_…`, `GOOGLE_…`).
///
/// # Errors
/// `Error::Url` for a scheme or an option that the store does not take, or a folder that cannot be made.
pub fn open(url: &str, base: &FolderPath, create: bool, environment: &[(String, String)]) -> Result<Location> {
    let wrong = |problem: String| Error::Url { url: shown_place(url), problem };
    let parsed = match place::parse(url).map_err(&wrong)? {
        Place::Folder(folder) => return open_folder(&base.join(folder), url, create),
        Place::FileUrl(folder) => return open_folder(&folder, url, create),
        Place::Remote(parsed) => parsed,
    };
    let options = environment.iter().filter_map(|(name, value)| {
        let lower = name.to_lowercase();
        let known =
            ["aws_", "azure_", "google_"].iter().any(|prefix| lower.starts_with(prefix)) || lower == "allow_http";
        known.then(|| (lower, value.clone()))
    });
    let shown = shown(&parsed);
    // The library's words repeat the URL.
    let said =
        |error: object_store::Error| wrong(error.to_string().replace(parsed.as_str(), &shown).replace(url, &shown));
    let (store, root) = object_store::parse_url_opts(&parsed, options).map_err(said)?;
    Ok(Location { store: Arc::new(PatientStore(Arc::from(store))), root, shown, folder: None })
}

/// Opens a folder of this machine, made if it is to be.
fn open_folder(folder: &FolderPath, url: &str, create: bool) -> Result<Location> {
    let wrong = |problem: String| Error::Url { url: shown_place(url), problem };
    if create {
        std::fs::create_dir_all(folder).map_err(|error| wrong(error.to_string()))?;
    }
    let folder = folder.canonicalize().map_err(|error| wrong(format!("{}: {error}", folder.display())))?;
    let store = LocalFileSystem::new_with_prefix(&folder).map_err(|error| wrong(error.to_string()))?;
    let shown = if url.contains("://") { url.to_owned() } else { url.trim_end_matches('/').to_owned() };
    Ok(Location { store: Arc::new(store), root: Path::default(), shown, folder: Some(folder) })
}

/// Whether a job's URL names a place at all; nothing is opened.
///
/// # Errors
/// `Error::Url`.
pub(crate) fn check(url: &str) -> Result<()> {
    place::parse(url).map(|_| ()).map_err(|problem| Error::Url { url: shown_place(url), problem })
}

/// A URL without what may be secret in it: no user, no password, no query.
fn shown(url: &Url) -> String {
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

/// A job's URL as a person may see it, whether it opens or not.
pub(crate) fn shown_place(url: &str) -> String {
    plain::line(&plain::address(url))
}

/// The object names that a job's index file lists, one a line; `None` without an index.
///
/// # Errors
/// `Error::Lake` if it cannot be read.
pub async fn index(location: &Location, name: Option<&str>) -> Result<Option<Vec<String>>> {
    let Some(name) = name else { return Ok(None) };
    let path: Path = location.root.parts().chain(Path::from(name).parts()).collect();
    let read = async { location.store.get(&path).await?.bytes().await };
    let bytes = read.await.map_err(|source| Error::Lake {
        place: format!("index of the exports, {name}"),
        source: driftline_lake::Error::Store { location: location.shown.clone(), source },
    })?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Some(text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()))
}

/// Opens the place of a job's exports.
///
/// # Errors
/// `Error::NoExports` if a folder is not there, else those of [`open`].
pub fn open_exports(url: &str, base: &FolderPath, environment: &[(String, String)]) -> Result<Location> {
    let is_folder = matches!(place::parse(url), Ok(Place::Folder(_) | Place::FileUrl(_)));
    let opened = open(url, base, false, environment).and_then(|location| {
        let Some(root) = location.folder.clone() else { return Ok(location) };
        let wrong = |error: object_store::Error| Error::Url { url: shown_place(url), problem: error.to_string() };
        let inner = LocalFileSystem::new_with_prefix(&root).map_err(wrong)?;
        Ok(Location { store: Arc::new(Folder { root, inner }), ..location })
    });
    opened.map_err(|error| match error {
        Error::Url { url, problem } if is_folder => Error::NoExports { url, problem },
        error => error,
    })
}
