//! The Parquet reader as a boundary: a damaged file is an input error, whatever the reader does when it meets it.
//!
//! The reader trusts what a footer or a page says of itself; some lies end in a panic instead of an error. Such a panic is the
//! file's fault and nobody's bug, so it is caught here and told as the reason why the file cannot be read.

use std::any::Any;
use std::cell::Cell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use parquet::errors::{ParquetError, Result};

thread_local! {
    static IS_INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside the reader: its panics are caught and told as errors, so nobody need print them.
pub fn is_inside() -> bool {
    IS_INSIDE.get()
}

/// What the reader gives, or the panic that it ended in as an error. The reader must not be used again after an error.
///
/// # Errors
/// Those of the reader, and its panics.
pub(crate) fn read<T, E: Into<ParquetError>>(work: impl FnOnce() -> std::result::Result<T, E>) -> Result<T> {
    match caught(work) {
        Ok(result) => result.map_err(Into::into),
        Err(panic) => Err(panic),
    }
}

/// As [`read`], for a reader that waits for bytes.
///
/// # Errors
/// Those of the reader, and its panics.
pub(crate) async fn awaited<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut work = pin!(work);
    poll_fn(|context| match caught(|| work.as_mut().poll(context)) {
        Ok(poll) => poll,
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

fn caught<T>(work: impl FnOnce() -> T) -> Result<T> {
    let was_inside = IS_INSIDE.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    IS_INSIDE.set(was_inside);
    result.map_err(|panic| ParquetError::General(format!("its contents contradict each other: {}", said(&*panic))))
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::panic, reason = "the reader panics")]
    use super::*;

    #[test]
    fn a_panic_of_the_reader_is_an_error_that_says_why() {
        let ends = |how: fn() -> Result<u8>| read(how).map_err(|error| error.to_string());
        assert_eq!(ends(|| Ok(7)), Ok(7));
        assert!(ends(|| Err(ParquetError::EOF("short".to_owned()))).is_err_and(|error| error.contains("short")));
        let panicked = ends(|| {
            assert!(is_inside());
            panic!("index {} of 3", 4)
        });
        assert!(panicked.is_err_and(|error| error.contains("index 4 of 3")));
        assert!(!is_inside());
    }
}
