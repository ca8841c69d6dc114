//! What goes wrong while an object is read, on its way through the query engine.

use std::fmt;

use datafusion::error::DataFusionError;
use object_store::ObjectMeta;
use parquet::errors::ParquetError;

use crate::error::Error;

/// A failure that knows its object. The engine may share it between tasks, so it holds text and is found again by its type.
#[derive(Clone, Debug)]
pub(crate) struct ReadFailure {
    source: String,
    object: String,
    size: u64,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Unreadable(String),
    Contract(String),
    Store(String),
    Changed(String),
}

impl ReadFailure {
    pub(crate) fn contract(source: &str, meta: &ObjectMeta, problem: String) -> Self {
        Self::new(source, meta, Kind::Contract(problem))
    }

    /// A store that does not answer, or has another version by now, is told apart from a damaged file.
    pub(crate) fn of(source: &str, meta: &ObjectMeta, error: ParquetError) -> Self {
        let kind = match &error {
            ParquetError::External(inner) => match inner.downcast_ref::<object_store::Error>() {
                Some(object_store::Error::Precondition { source, .. }) => Kind::Changed(source.to_string()),
                Some(object_store::Error::NotFound { .. }) => Kind::Changed("it is gone".to_owned()),
                Some(other) => Kind::Store(other.to_string()),
                None => Kind::Unreadable(error.to_string()),
            },
            _ => Kind::Unreadable(error.to_string()),
        };
        Self::new(source, meta, kind)
    }

    fn new(source: &str, meta: &ObjectMeta, kind: Kind) -> Self {
        Self { source: source.to_owned(), object: meta.location.to_string(), size: meta.size, kind }
    }

    pub(crate) fn into_engine_error(self) -> DataFusionError {
        DataFusionError::External(Box::new(self))
    }

    /// The failure somewhere below an engine's error.
    pub(crate) fn found_in(error: &DataFusionError) -> Option<Error> {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(current) = next {
            if let Some(failure) = current.downcast_ref::<Self>() {
                return Some(failure.clone().into_error());
            }
            next = match current.downcast_ref::<DataFusionError>() {
                Some(DataFusionError::External(inner)) => Some(inner.as_ref()),
                Some(DataFusionError::Shared(inner)) => Some(inner.as_ref()),
                Some(DataFusionError::Context(_, inner)) => Some(inner.as_ref()),
                Some(DataFusionError::ArrowError(inner, _)) => Some(inner.as_ref()),
                _ => current.source(),
            };
        }
        None
    }

    fn into_error(self) -> Error {
        let Self { source: name, object, size, kind } = self;
        match kind {
            Kind::Unreadable(problem) => Error::SourceUnreadable { name, object, size, source: problem.into() },
            Kind::Contract(problem) => Error::SourceContract { name, object, problem },
            Kind::Changed(problem) => Error::InputChanged { object, pinned: format!("{size} bytes; {problem}") },
            Kind::Store(problem) => Error::Store {
                location: object,
                source: object_store::Error::Generic { store: "exports", source: problem.into() },
            },
        }
    }
}

impl fmt::Display for ReadFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Kind::Unreadable(problem) | Kind::Contract(problem) | Kind::Store(problem) | Kind::Changed(problem)) =
            &self.kind;
        write!(out, "{}, {}: {problem}", self.source, self.object)
    }
}

impl std::error::Error for ReadFailure {}
