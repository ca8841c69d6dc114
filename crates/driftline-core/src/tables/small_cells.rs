//! Counts of few people are not shown, nor any other that would give them away.

/// Nobody, or enough people that a figure about them may be shown.
pub(crate) fn is_safe(count: u64, min_cell: u64) -> bool {
    count == 0 || count >= min_cell
}

/// Counts that a table may show: `None` stands for "fewer than `min_cell`". If exactly one count of a closed table is hidden,
/// the next smallest is hidden with it, or the total would give it away.
pub fn hide_small(counts: &[u64], min_cell: u64) -> Vec<Option<u64>> {
    let small = |count: u64| count > 0 && count < min_cell;
    let mut shown: Vec<Option<u64>> = counts.iter().map(|count| (!small(*count)).then_some(*count)).collect();
    let hidden: u64 = counts.iter().filter(|count| small(**count)).sum();
    if hidden > 0 && hidden < min_cell {
        let next = (0..counts.len()).filter(|i| shown[*i].is_some_and(|count| count > 0)).min_by_key(|i| counts[*i]);
        if let Some(next) = next {
            shown[next] = None;
        }
    }
    shown
}

/// Hides small cells and, until nothing changes, enough others that no row or column has a single hidden cell.
pub fn hide_table(counts: &[Vec<u64>], min_cell: u64) -> Vec<Vec<Option<u64>>> {
    let (rows, columns) = (counts.len(), counts.first().map_or(0, Vec::len));
    let mut hidden = vec![vec![false; columns]; rows];
    loop {
        let before = hidden.clone();
        for row in 0..rows {
            let line: Vec<u64> = (0..columns).map(|column| counts[row][column]).collect();
            let marked: Vec<bool> = (0..columns).map(|column| hidden[row][column]).collect();
            for (column, hide) in hide_line(&line, &marked, min_cell).into_iter().enumerate() {
                hidden[row][column] |= hide;
            }
        }
        for column in 0..columns {
            let line: Vec<u64> = (0..rows).map(|row| counts[row][column]).collect();
            let marked: Vec<bool> = (0..rows).map(|row| hidden[row][column]).collect();
            for (row, hide) in hide_line(&line, &marked, min_cell).into_iter().enumerate() {
                hidden[row][column] |= hide;
            }
        }
        if hidden == before {
            break;
        }
    }
    counts
        .iter()
        .zip(&hidden)
        .map(|(line, marks)| line.iter().zip(marks).map(|(count, hide)| (!hide).then_some(*count)).collect())
        .collect()
}

fn hide_line(counts: &[u64], marked: &[bool], min_cell: u64) -> Vec<bool> {
    let mut hide: Vec<bool> =
        hide_small(counts, min_cell).iter().zip(marked).map(|(shown, marked)| shown.is_none() || *marked).collect();
    let hidden: Vec<usize> = (0..counts.len()).filter(|i| hide[*i]).collect();
    if hidden.len() == 1
        && let Some(next) = (0..counts.len()).filter(|i| !hide[*i] && counts[*i] > 0).min_by_key(|i| counts[*i])
    {
        hide[next] = true;
    }
    hide
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_hidden_count_never_stands_alone() {
        assert_eq!(hide_small(&[100, 4, 20], 10), [Some(100), None, None]);
        assert_eq!(hide_small(&[100, 4, 8, 20], 10), [Some(100), None, None, Some(20)]);
        assert_eq!(hide_small(&[100, 20, 0], 10), [Some(100), Some(20), Some(0)]);
    }
}
