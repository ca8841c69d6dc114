//! What a failure of the engine means: memory, disk, damaged and replaced inputs have their own advice.

use datafusion::error::DataFusionError;
use tokio::task::JoinError;

use crate::error::Error;
use crate::scan::ReadFailure;

impl Error {
    /// An engine error while `model` ran: memory, disk and replaced inputs are told apart, for they have their own advice.
    pub fn execute(model: &str, error: DataFusionError) -> Self {
        if matches!(error.find_root(), DataFusionError::ResourcesExhausted(_)) {
            return Self::Memory { model: model.to_owned(), source: Box::new(error) };
        }
        if let Some(failure) = ReadFailure::found_in(&error) {
            return failure;
        }
        if let Some((object, pinned)) = crate::pinned::changed_input(&error) {
            return Self::InputChanged { object, pinned };
        }
        if is_disk_full(&error) {
            return Self::DiskFull { model: model.to_owned(), source: Box::new(error) };
        }
        Self::Execute { model: model.to_owned(), source: Box::new(withheld(error)) }
    }
}

/// The same failure without the value of a row that the engine stumbled over.
fn withheld(error: DataFusionError) -> DataFusionError {
    match error.find_root() {
        DataFusionError::ArrowError(inner, _) => {
            DataFusionError::Execution(crate::example::without_values(&inner.to_string()))
        }
        DataFusionError::Execution(text) => DataFusionError::Execution(crate::example::without_values(text)),
        _ => error,
    }
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        ReadFailure::found_in(&error).unwrap_or_else(|| Self::Engine(Box::new(error)))
    }
}

/// True if a write somewhere below found no room.
fn is_disk_full(error: &DataFusionError) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if matches!(kind, Some(StorageFull | QuotaExceeded | FileTooLarge)) {
            return true;
        }
        next = error.source();
    }
    false
}

/// A task that panicked or was stopped, as the engine's own tasks say it.
pub(crate) fn ended_early(error: JoinError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        let failed = |kind: std::io::ErrorKind| {
            let parquet = parquet::errors::ParquetError::External(Box::new(std::io::Error::from(kind)));
            Error::execute("customers", DataFusionError::from(parquet))
        };
        assert!(matches!(failed(std::io::ErrorKind::StorageFull), Error::DiskFull { .. }));
        assert!(matches!(failed(std::io::ErrorKind::PermissionDenied), Error::Execute { .. }));
    }
}
