//! Row groups of a source's files, dealt out to the parts of a scan.

use std::sync::Arc;

use crate::source::PinnedFile;

/// One row group of one file.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) file: Arc<PinnedFile>,
    pub(super) group: usize,
    /// Rows of the file before it.
    pub(super) first_row: u64,
    pub(super) rows: u64,
    pub(super) bytes: usize,
}

/// All row groups in the order of the files, in at most so many parts of about as many rows.
pub(super) fn parts(files: &[Arc<PinnedFile>], most: usize) -> Vec<Vec<Piece>> {
    let mut pieces = Vec::new();
    for file in files {
        let mut first_row = 0;
        for (group, metadata) in file.footer.metadata().row_groups().iter().enumerate() {
            let rows = metadata.num_rows().unsigned_abs();
            let bytes = usize::try_from(metadata.total_byte_size()).unwrap_or(0);
            pieces.push(Piece { file: file.clone(), group, first_row, rows, bytes });
            first_row += rows;
        }
    }
    pieces.retain(|piece| piece.rows > 0);
    let all: u64 = pieces.iter().map(|piece| piece.rows).sum();
    let count = most.clamp(1, pieces.len().max(1));
    let mut parts = vec![Vec::new(); count];
    let mut before = 0;
    for piece in pieces {
        let middle = before + piece.rows / 2;
        before += piece.rows;
        let place = u128::from(middle) * count as u128 / u128::from(all.max(1));
        parts[(place as usize).min(count - 1)].push(piece);
    }
    parts
}
