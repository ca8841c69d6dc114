//! Opens the object store behind a URL: a folder, `file://`, `s3://`, `az://`, `gs://` or `http(s)://`.

mod patient;

use std::path::Path as FolderPath;
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use url::Url;

use self::patient::PatientStore;
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
    let parsed = match Url::parse(url) {
        Ok(parsed) if parsed.scheme().len() > 1 => Some(parsed),
        _ => None,
    };
    let folder = match &parsed {
        None => Some(base.join(url)),
        Some(parsed) if parsed.scheme() == "file" => {
            Some(parsed.to_file_path().map_err(|()| wrong("not an absolute path".to_owned()))?)
        }
        Some(_) => None,
    };
    if let Some(folder) = folder {
        if create {
            std::fs::create_dir_all(&folder).map_err(|error| wrong(error.to_string()))?;
        }
        let folder = folder.canonicalize().map_err(|error| wrong(format!("{}: {error}", folder.display())))?;
        let store = LocalFileSystem::new_with_prefix(&folder).map_err(|error| wrong(error.to_string()))?;
        let shown = if parsed.is_some() { url.to_owned() } else { url.trim_end_matches('/').to_owned() };
        return Ok(Location { store: Arc::new(store), root: Path::default(), shown, folder: Some(folder) });
    }
    let Some(parsed) = parsed else { return Err(wrong("empty".to_owned())) };
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

/// A URL without what may be secret in it: no user, no password, no query.
fn shown(url: &Url) -> String {
    let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

fn has_secret(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some() || url.query().is_some()
}

/// A job's URL as a person may see it, whether it opens or not.
pub(crate) fn shown_place(url: &str) -> String {
    match Url::parse(url) {
        Ok(parsed) if has_secret(&parsed) => shown(&parsed),
        _ => url.to_owned(),
    }
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
    open(url, base, false, environment).map_err(|error| match error {
        Error::Url { url, problem } if !url.contains("://") || url.starts_with("file://") => {
            Error::NoExports { url, problem }
        }
        error => error,
    })
}
