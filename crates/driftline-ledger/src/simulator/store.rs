//! The simulated store behind object_store's trait: one handle a life of a daemon.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

use super::faults::WriteFault;
use super::world::{Happens, Stored, Who, World, Write, shown_time};

#[derive(Clone, Debug)]
pub(crate) struct SimulatedStore {
    pub(crate) world: Arc<World>,
    pub(crate) who: Who,
}

impl fmt::Display for SimulatedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("simulated store")
    }
}

fn exists(path: &str) -> Error {
    Error::AlreadyExists { path: path.to_owned(), source: "409 or 412".into() }
}

fn missing(path: &str) -> Error {
    Error::NotFound { path: path.to_owned(), source: "404".into() }
}

impl SimulatedStore {
    /// An answer that says nothing about what happened.
    fn no_answer(&self, problem: &'static str) -> Error {
        self.world.state().disturb(self.who);
        Error::Generic { store: "simulated", source: problem.into() }
    }

    async fn wait(&self) {
        let delay = {
            let mut state = self.world.state();
            state.operations += 1;
            let faults = state.faults.clone();
            faults.delay(&mut state.random)
        };
        self.world.sleep(self.who, delay).await;
    }

    /// What every read goes through: delay, crash, 503.
    async fn read_begins(&self) -> Result<()> {
        self.wait().await;
        let (crashes, fails) = {
            let mut state = self.world.state();
            let (crash, error) = (state.faults.crash, state.faults.error / 2);
            (state.random.hits(crash), state.random.hits(error))
        };
        if crashes {
            self.world.crash(self.who).await;
        }
        if fails { Err(self.no_answer("503 slow down")) } else { Ok(()) }
    }

    fn meta(stored: &Stored) -> ObjectMeta {
        ObjectMeta {
            location: stored.location.clone(),
            last_modified: shown_time(stored.landed_at),
            size: stored.bytes.len() as u64,
            e_tag: None,
            version: None,
        }
    }

    async fn write(&self, write: Write) -> Result<()> {
        let path = write.path.clone();
        let fault = {
            let mut state = self.world.state();
            let faults = state.faults.clone();
            match state.script.pop_front() {
                Some(fault) => fault,
                None => faults.write(write.is_create, &mut state.random),
            }
        };
        self.wait().await;
        match fault {
            WriteFault::CrashBefore => self.world.crash(self.who).await,
            WriteFault::LostBeforeLanding => return Err(self.no_answer("connection lost")),
            WriteFault::Unavailable => return Err(self.no_answer("503 slow down")),
            WriteFault::FalseConflict => {
                let is_there = self.world.state().objects.contains_key(&path);
                if !is_there {
                    self.world.state().disturb(self.who);
                }
                return Err(exists(&path));
            }
            WriteFault::CrashLandsLater | WriteFault::LostLandsLater => {
                {
                    let mut state = self.world.state();
                    let at = state.now + state.random.between(100, 30_000);
                    state.schedule(at, Happens::Lands(Box::new(write)));
                }
                if fault == WriteFault::CrashLandsLater {
                    self.world.crash(self.who).await;
                }
                return Err(self.no_answer("timeout"));
            }
            WriteFault::None | WriteFault::CrashAfter | WriteFault::LostAfterLanding => {}
        }
        let has_landed = self.world.state().land(write);
        if fault == WriteFault::CrashAfter {
            self.world.crash(self.who).await;
        }
        self.wait().await;
        if fault == WriteFault::LostAfterLanding {
            return Err(self.no_answer("connection lost"));
        }
        if has_landed { Ok(()) } else { Err(exists(&path)) }
    }

    fn listed(&self, prefix: Option<&Path>) -> Vec<ObjectMeta> {
        let start = prefix.map_or_else(String::new, |prefix| format!("{prefix}/"));
        let state = self.world.state();
        let found = state.objects.range(start.clone()..).take_while(|(path, _)| path.starts_with(&start));
        let shown = found.filter(|(_, stored)| stored.listed_at <= state.now);
        shown.map(|(_, stored)| Self::meta(stored)).collect()
    }
}

#[async_trait]
impl ObjectStore for SimulatedStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let is_create = match options.mode {
            PutMode::Create => true,
            PutMode::Overwrite => false,
            PutMode::Update(_) => {
                return Err(Error::NotImplemented { operation: "update".into(), implementer: self.to_string() });
            }
        };
        let issued = self.world.state().step;
        let write =
            Write { path: location.to_string(), location: location.clone(), bytes: payload.into(), is_create, issued };
        self.write(write).await?;
        Ok(PutResult { e_tag: None, version: None })
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(Error::NotImplemented { operation: "multipart".into(), implementer: self.to_string() })
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.read_begins().await?;
        let state = self.world.state();
        let stored = state.objects.get(location.as_ref()).ok_or_else(|| missing(location.as_ref()))?;
        let meta = Self::meta(stored);
        let bytes = if options.head { bytes::Bytes::new() } else { stored.bytes.clone() };
        let payload = GetResultPayload::Stream(stream::once(futures::future::ready(Ok(bytes))).boxed());
        Ok(GetResult { range: 0..meta.size, payload, meta, attributes: object_store::Attributes::default() })
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        let delete = move |location: Result<Path>| {
            let store = store.clone();
            async move {
                let location = location?;
                store.read_begins().await?;
                store.world.state().objects.remove(location.as_ref());
                Ok(location)
            }
        };
        locations.then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (store, prefix) = (self.clone(), prefix.cloned());
        let page = async move {
            store.read_begins().await?;
            Ok::<_, Error>(stream::iter(store.listed(prefix.as_ref()).into_iter().map(Ok)))
        };
        stream::once(page).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.read_begins().await?;
        let root = Path::default();
        let prefix = prefix.unwrap_or(&root);
        let mut objects = Vec::new();
        let mut folders = std::collections::BTreeSet::new();
        for meta in self.listed(Some(prefix).filter(|prefix| !prefix.as_ref().is_empty())) {
            let parts: Vec<_> = meta.location.prefix_match(prefix).into_iter().flatten().take(2).collect();
            match parts.as_slice() {
                [folder, _] => _ = folders.insert(prefix.clone().join(folder.clone())),
                _ => objects.push(meta),
            }
        }
        Ok(ListResult { common_prefixes: folders.into_iter().collect(), objects })
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(Error::NotImplemented { operation: "copy".into(), implementer: self.to_string() })
    }
}
