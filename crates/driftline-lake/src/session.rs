//! The one place where a DataFusion session is made; every run gets a fresh one.
//!
//! A fresh runtime matters: the list-files cache of a `RuntimeEnv` never expires, so a long-lived one would not see new
//! exports. The settings below each have a measured reason, given beside them.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::catalog::MemorySchemaProvider;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::error::{Error, Result};
use crate::functions;
use crate::resume::Resume;

/// What a run may use of the machine.
#[derive(Clone, Debug)]
pub struct Limits {
    pub threads: usize,
    /// Size of the query engine's pool in bytes; real memory use is above it.
    pub memory_bytes: usize,
    pub spill_bytes: u64,
    /// Exports whose rows take more than this many bytes keep their intermediate tables on disk instead of in memory.
    pub in_memory_bytes: u64,
    /// Folder for spill files and intermediate tables; made and removed by the caller.
    pub scratch: PathBuf,
    /// Joins by sorting, which spills, instead of by hash tables, which do not: slower, in less memory.
    pub is_frugal: bool,
    /// What runs that ended early have left.
    pub resume: Resume,
}

impl Limits {
    /// The same pool for fewer and smaller consumers at once, tables on disk.
    pub fn frugal(&self) -> Self {
        // With one partition the engine takes hash joins whatever it is told.
        Self { threads: 2, is_frugal: true, in_memory_bytes: 0, ..self.clone() }
    }

    /// The rows of exports that are worked with in memory: tables that are made of them take several times that, and what sorts
    /// and joins them needs the rest.
    pub(crate) fn in_memory_most(&self) -> u64 {
        self.in_memory_bytes.min(self.memory_bytes as u64 / 4)
    }
}

/// Opens a session with the functions, of which `pseudonym` knows the key, the schemas `source`, `fitted` and `previous`, and no tables.
///
/// # Errors
/// `Error::Engine` if the scratch folder cannot be used or an option is unknown to the engine.
pub fn open(limits: &Limits, pseudonym_key: &str) -> Result<SessionContext> {
    let pool = TrackConsumersPool::new(
        // Fair, not greedy: a greedy pool starves the merge phase of sorts.
        FairSpillPool::new(limits.memory_bytes),
        NonZeroUsize::new(5).unwrap_or(NonZeroUsize::MIN),
    );
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .with_temp_file_path(spill_folder(&limits.scratch))
        .with_max_temp_directory_size(limits.spill_bytes)
        .with_metadata_cache_limit(64 << 20)
        .with_object_list_cache_limit(0)
        .build_arc()?;
    let config = SessionConfig::new()
        .with_target_partitions(limits.threads)
        .with_information_schema(false)
        // Wrong min/max results over several files (apache/datafusion#24816); the regression test keeps the query.
        .set_bool("datafusion.optimizer.enable_aggregate_dynamic_filter_pushdown", false)
        .set_bool("datafusion.optimizer.prefer_hash_join", !limits.is_frugal)
        // Utf8 in outputs, so that bytes do not depend on the reader's view types.
        .set_bool("datafusion.execution.parquet.schema_force_view_types", false)
        .set_bool("datafusion.sql_parser.map_string_types_to_utf8view", false)
        .set_str("datafusion.execution.time_zone", "UTC")
        // A side of up to two million rows is joined as one hash table; the other side, often all lines, stays where it is.
        .set_u64("datafusion.optimizer.hash_join_single_partition_threshold", 128 << 20)
        .set_u64("datafusion.optimizer.hash_join_single_partition_threshold_rows", 2_000_000)
        // 0.1 in SQL is a decimal: money never passes through a float.
        .set_bool("datafusion.sql_parser.parse_float_as_decimal", true)
        .set_u64("datafusion.execution.sort_spill_reservation_bytes", 4 << 20);
    let context = SessionContext::new_with_config_rt(config, runtime);
    let catalog = context
        .catalog("datafusion")
        .ok_or_else(|| Error::Shape { table: "catalog".to_owned(), column: "datafusion".to_owned() })?;
    for schema in ["source", "fitted", "previous"] {
        catalog.register_schema(schema, Arc::new(MemorySchemaProvider::new()))?;
    }
    functions::register(&context, pseudonym_key);
    Ok(context)
}

pub(crate) fn spill_folder(scratch: &Path) -> PathBuf {
    scratch.join("spill")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch};
    use datafusion::arrow::util::pretty::pretty_format_batches;
    use datafusion::prelude::ParquetReadOptions;
    use parquet::arrow::ArrowWriter;

    use super::*;

    /// apache/datafusion#24816: several extremes over several files were wrong in about one run of fifty.
    #[tokio::test(flavor = "multi_thread")]
    async fn extremes_over_several_files_are_right_every_time() {
        let folder = std::env::temp_dir().join(format!("driftline-extremes-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for file in 0..2i64 {
            let column = |scale: i64| -> ArrayRef {
                Arc::new(Int64Array::from_iter_values((0..20_000).map(|row| (row * 7919 + file * 31) % scale)))
            };
            let columns = vec![("a", column(19_997)), ("b", column(9_973)), ("c", column(4_999))];
            let batch = RecordBatch::try_from_iter(columns).unwrap();
            let target = std::fs::File::create(folder.join(format!("{file}.parquet"))).unwrap();
            let mut writer = ArrowWriter::try_new(target, batch.schema(), None).unwrap();
            writer.write(&batch).unwrap();
            writer.close().unwrap();
        }
        let limits = Limits {
            threads: 2,
            memory_bytes: 64 << 20,
            spill_bytes: 1 << 30,
            in_memory_bytes: 1 << 20,
            scratch: folder.clone(),
            is_frugal: false,
            resume: Resume::default(),
        };
        for _ in 0..40 {
            let context = open(&limits, "").unwrap();
            let path = folder.to_string_lossy().into_owned();
            context.register_parquet("t", &path, ParquetReadOptions::default()).await.unwrap();
            let frame = context.sql("select min(a), max(a), max(b), min(c + 1) from t").await.unwrap();
            let shown = pretty_format_batches(&frame.collect().await.unwrap()).unwrap().to_string();
            let numbers: Vec<&str> =
                shown.lines().nth(3).unwrap().split('|').map(str::trim).filter(|s| !s.is_empty()).collect();
            assert_eq!(numbers, ["0", "19996", "9972", "1"]);
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
