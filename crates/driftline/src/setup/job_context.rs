//! Everything that the markets and periods of a job share: its models, templates, exports and warehouse, opened once.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use driftline_core::naming::own::OwnName;
use driftline_core::personas::note::Notes;
use driftline_lake::graph::Graph;
use driftline_lake::resume::Resume;
use driftline_lake::session::Limits;
use driftline_lake::source::{Exports, Sources};
use driftline_ledger::Ledger;
use driftline_report::Templates;

use crate::error::{Error, InPlace, Result};
use crate::setup::environment::Environment;
use crate::setup::job::Job;
use crate::setup::job::limits::check_size;
use crate::setup::names;
use crate::setup::notes;
use crate::setup::project::Project;
use crate::setup::pseudonym_key::PseudonymKey;
use crate::setup::store;
use crate::setup::suppression::{self, Suppressed};
use crate::setup::warehouse::{self, ledger};
use crate::setup::worker::Worker;

/// What every market and period of a command shares.
pub struct JobContext {
    /// Folder of the project.
    pub project: PathBuf,
    pub job: Job,
    pub graph: Arc<Graph>,
    pub sources: Sources,
    pub templates: Templates,
    pub exports: Exports,
    pub ledger: Ledger,
    pub limits: Limits,
    pub now: DateTime<Utc>,
    pub clock: fn() -> DateTime<Utc>,
    pub pseudonym_key: PseudonymKey,
    pub environment: Vec<(String, String)>,
    pub dry_run: bool,
    /// Folder for the results of a dry run.
    pub dry_folder: PathBuf,
    pub revise: Option<String>,
    /// Why a run goes on though its exports have fewer rows than usual or last time.
    pub accept: Option<String>,
    /// Notes on personas by key, and the text of their files.
    pub notes: (Notes, String),
    /// The company's own names of personas, and the text of their file.
    pub names: (Vec<OwnName>, String),
    pub suppressed: Suppressed,
    pub worker: Worker,
}

/// What a command says of a run besides its job.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    pub dry_run: bool,
    pub revise: Option<String>,
    pub accept: Option<String>,
    pub threads: Option<usize>,
    pub memory: Option<String>,
    /// The instant taken for now; the clock's if absent.
    pub now: Option<DateTime<Utc>>,
}

impl JobContext {
    /// Reads the project's files and opens the stores; exports are not read yet.
    ///
    /// # Errors
    /// What is wrong with a file, a URL, a size or a template.
    pub async fn open(job: Job, choice: &Choice, project: &Project, environment: &Environment) -> Result<Self> {
        let dialect = job.exports.dialect.clone();
        let graph = Graph::read(&project.sql(), &dialect).in_place("sql")?;
        let sources = Sources::read(&project.sql(), &dialect).in_place("sql")?;
        sources.check_markets(&project.sql(), &dialect, &graph).in_place("sql")?;
        let templates = Templates::read(&project.reports(&job.mail.report)).in_place("reports")?;
        let location = store::open_exports(&job.exports.url, &project.root, &environment.variables)?;
        let index = store::index(&location, job.exports.index.as_deref()).await?;
        let memory_bytes = match &choice.memory {
            Some(memory) => check_size(memory)
                .map_err(|problem| Error::Override { setting: format!("limits.memory={memory}"), problem })?,
            None => job.limits.memory_bytes,
        };
        let limits = Limits {
            threads: choice.threads.or(job.limits.threads).unwrap_or(environment.threads).max(1),
            memory_bytes: usize::try_from(memory_bytes).unwrap_or(usize::MAX),
            spill_bytes: job.limits.spill_bytes,
            in_memory_bytes: job.limits.in_memory_bytes,
            scratch: environment.scratch.clone(),
            is_frugal: false,
            resume: Resume { program: environment.build.clone(), folders: Vec::new() },
        };
        let time_zone = job.time_zone();
        let pseudonym_key = PseudonymKey::of(&job, &environment.variables)?;
        Ok(Self {
            project: project.root.clone(),
            exports: Exports { store: location.store, root: location.root, shown: location.shown, index, time_zone },
            ledger: ledger(&job, project, environment, true)?,
            graph: Arc::new(graph),
            sources,
            templates,
            limits,
            now: choice.now.unwrap_or(environment.now),
            clock: environment.clock,
            pseudonym_key,
            environment: environment.variables.clone(),
            dry_run: choice.dry_run,
            dry_folder: project.root.join("target").join("dry-run").join(&job.name),
            revise: choice.revise.clone(),
            accept: choice.accept.clone(),
            notes: notes::read(&project.root, &job.name)?,
            names: names::read(&project.root, &job.name)?,
            suppressed: suppression::read(&project.root)?,
            worker: environment.worker.clone(),
            job,
        })
    }

    /// As [`warehouse::public_location`].
    pub fn public_location(&self, folder: &str, name: &str) -> String {
        warehouse::public_location(&self.job, &self.ledger, folder, name)
    }
}
