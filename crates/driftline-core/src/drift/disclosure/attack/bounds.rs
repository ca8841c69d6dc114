//! Between which counts a hidden cell must lie, given every published sum and that no count is below zero.
//!
//! The smallest and the largest value of a sum of atoms under linear equations, by the simplex method (Dantzig, *Linear Programming
//! and Extensions*, 1963, ch. 5: two phases; Bland's rule, *Math. Oper. Res.* 2, 1977, so that it ends). Counts are whole numbers,
//! which the method does not know: its range may be wider than the true one, by less than a table of counts allows in practice.

/// What is below this is a rounding error: counts are whole numbers and the equations hold ones and zeros.
const NOTHING: f64 = 1e-7;

/// Steps after which the attack is given up, and the table with it. Tables of ten personas need a few hundred.
const STEPS_MOST: usize = 20_000;

/// The counts of atoms that agree with everything published, as a simplex tableau at one of its corners.
#[derive(Clone, Debug)]
pub(super) struct Feasible {
    /// Rows of the basis; the last column is the value of the row's basic atom.
    rows: Vec<Vec<f64>>,
    /// The basic column of each row. Columns from `atoms` on are artificial and zero.
    basis: Vec<usize>,
    atoms: usize,
}

impl Feasible {
    /// The counts of so many atoms whose sums over the groups are as told; `None` if no corner was found.
    pub(super) fn new(atoms: usize, told: &[(Vec<usize>, u64)]) -> Option<Self> {
        let width = atoms + told.len() + 1;
        let mut rows = vec![vec![0.0; width]; told.len()];
        for (number, (group, sum)) in told.iter().enumerate() {
            for atom in group {
                rows[number][*atom] = 1.0;
            }
            rows[number][atoms + number] = 1.0;
            rows[number][width - 1] = *sum as f64;
        }
        let basis = (atoms..atoms + told.len()).collect();
        let mut feasible = Self { rows, basis, atoms };
        // First phase: the artificial columns are brought down to zero together.
        let mut cost = vec![0.0; width];
        cost[atoms..width - 1].fill(1.0);
        let left = feasible.least(&cost, width - 1)?;
        (left < 0.5).then(|| {
            feasible.leave_artificial();
            feasible
        })
    }

    /// The range of the sum over a group, in whole counts; `None` if the steps run out. Without an upper end it is `u64::MAX`.
    pub(super) fn range(&mut self, group: &[usize]) -> Option<(u64, u64)> {
        let mut cost = vec![0.0; self.width()];
        for atom in group {
            cost[*atom] = 1.0;
        }
        let low = self.least(&cost, self.atoms)?.max(0.0);
        for value in &mut cost {
            *value = -*value;
        }
        let high = -self.least(&cost, self.atoms)?;
        let up = if high.is_finite() { (high + 1e-4).floor() as u64 } else { u64::MAX };
        Some(((low - 1e-4).ceil().max(0.0) as u64, up))
    }

    fn width(&self) -> usize {
        self.rows.first().map_or(self.atoms + 1, Vec::len)
    }

    /// Walks to a corner with the least cost; only the first `columns` may enter. Minus infinity if there is no least.
    fn least(&mut self, cost: &[f64], columns: usize) -> Option<f64> {
        let last = self.width() - 1;
        // What one more of a column costs, with the basis following.
        let mut reduced = cost.to_vec();
        reduced[last] = 0.0;
        for (row, basic) in self.rows.iter().zip(&self.basis) {
            let factor = cost[*basic];
            if factor != 0.0 {
                for (value, entry) in reduced.iter_mut().zip(row) {
                    *value -= factor * entry;
                }
            }
        }
        for _ in 0..STEPS_MOST {
            let Some(enters) = (0..columns).find(|column| reduced[*column] < -NOTHING) else {
                return Some(-reduced[last]);
            };
            let ratios = (0..self.rows.len()).filter(|row| self.rows[*row][enters] > NOTHING);
            let leaves = ratios.min_by(|a, b| {
                let ratio = |row: usize| self.rows[row][last] / self.rows[row][enters];
                ratio(*a).total_cmp(&ratio(*b)).then(self.basis[*a].cmp(&self.basis[*b]))
            });
            let Some(leaves) = leaves else { return Some(f64::NEG_INFINITY) };
            self.pivot(leaves, enters);
            let factor = reduced[enters];
            for (value, entry) in reduced.iter_mut().zip(&self.rows[leaves]) {
                *value -= factor * entry;
            }
        }
        None
    }

    fn pivot(&mut self, leaves: usize, enters: usize) {
        let by = self.rows[leaves][enters];
        for value in &mut self.rows[leaves] {
            *value /= by;
        }
        let pivot = self.rows[leaves].clone();
        for (number, row) in self.rows.iter_mut().enumerate() {
            let factor = row[enters];
            if number != leaves && factor.abs() > 1e-12 {
                for (value, entry) in row.iter_mut().zip(&pivot) {
                    *value -= factor * entry;
                }
            }
        }
        self.basis[leaves] = enters;
    }

    /// Puts atoms in the place of artificial columns that are still basic, at zero; a row without any is said by the others.
    fn leave_artificial(&mut self) {
        let mut row = 0;
        while row < self.rows.len() {
            if self.basis[row] < self.atoms {
                row += 1;
            } else if let Some(enters) = (0..self.atoms).find(|column| self.rows[row][*column].abs() > NOTHING) {
                self.pivot(row, enters);
                row += 1;
            } else {
                self.rows.remove(row);
                self.basis.remove(row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use driftline_stats::random::SplitMix64;

    use super::*;

    /// Fréchet's bounds of a cell whose row, column and table sums are known: `max(0, r + c − n)` to `min(r, c)`.
    #[test]
    fn cells_between_known_margins_have_frechets_bounds() {
        const SIDE: usize = 4;
        for seed in 0..40 {
            let mut random = SplitMix64::new(seed);
            let counts: Vec<u64> = (0..SIDE * SIDE).map(|_| random.below(30) as u64).collect();
            let sum = |group: &[usize]| group.iter().map(|atom| counts[*atom]).sum::<u64>();
            let row = |number: usize| (0..SIDE).map(|column| SIDE * number + column).collect::<Vec<_>>();
            let column = |number: usize| (0..SIDE).map(|row| SIDE * row + number).collect::<Vec<_>>();
            let told: Vec<(Vec<usize>, u64)> = (0..SIDE)
                .flat_map(|number| [row(number), column(number)])
                .map(|group| (group.clone(), sum(&group)))
                .collect();
            let mut feasible = Feasible::new(SIDE * SIDE, &told).unwrap();
            let all: u64 = counts.iter().sum();
            for cell in 0..SIDE * SIDE {
                let (r, c) = (sum(&row(cell / SIDE)), sum(&column(cell % SIDE)));
                assert_eq!(
                    feasible.range(&[cell]),
                    Some(((r + c).saturating_sub(all), r.min(c))),
                    "seed {seed}, cell {cell}"
                );
            }
        }
    }

    #[test]
    fn sums_and_open_ends() {
        // x + y = 12, y + z = 3, and w is in no sum.
        let mut feasible = Feasible::new(4, &[(vec![0, 1], 12), (vec![1, 2], 3)]).unwrap();
        let ranges: Vec<_> =
            [vec![0], vec![1], vec![2], vec![0, 2], vec![3]].iter().map(|group| feasible.range(group)).collect();
        assert_eq!(ranges, [Some((9, 12)), Some((0, 3)), Some((0, 3)), Some((9, 15)), Some((0, u64::MAX))]);
        // A sum that is told twice, and one that follows, change nothing; sums that contradict each other have no counts.
        let mut again = Feasible::new(3, &[(vec![0, 1], 12), (vec![1, 2], 3), (vec![0, 1], 12)]).unwrap();
        assert_eq!(again.range(&[1]), Some((0, 3)));
        assert!(Feasible::new(2, &[(vec![0, 1], 12), (vec![0, 1], 3)]).is_none());
    }
}
