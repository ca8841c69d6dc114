//! What is summed of a customer's days, of which habits are made.

/// Sums over the purchase days of customers inside one window. Every list has one entry a customer, in the same order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sums {
    /// Purchase days.
    pub days: Vec<f64>,
    /// Purchase days but the first of a lifetime, which everybody has.
    pub repeats: Vec<f64>,
    /// Months in which a repeat could have been: from the first day of a lifetime or the start of the window.
    pub months: Vec<f64>,
    /// Amounts sold and sent back; both positive.
    pub sold: Vec<f64>,
    pub returned: Vec<f64>,
    pub means: Vec<MeanSums>,
    pub shares: Vec<ShareSums>,
}

/// One figure of purchase days, such as the logarithm of what was spent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeanSums {
    pub name: String,
    /// Purchase days on which the figure is known.
    pub days: Vec<f64>,
    pub sums: Vec<f64>,
    pub squares: Vec<f64>,
}

/// Shares of a purchase day by item, such as categories: a group of figures that counts as one habit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShareSums {
    pub name: String,
    pub items: Vec<String>,
    /// `sums[customer * items + item]`: shares added up over purchase days.
    pub sums: Vec<f32>,
    /// As `sums`, over every second purchase day from the first on; empty or zero where single days are not known. See [`Halves`].
    pub odd_sums: Vec<f32>,
    /// Squares of the shares of all items, added up over purchase days.
    pub squares: Vec<f64>,
}

impl ShareSums {
    pub(super) fn of(&self, customer: usize) -> &[f32] {
        let items = self.items.len();
        &self.sums[customer * items..(customer + 1) * items]
    }

    /// Of the odd days; empty where they are not known.
    pub(super) fn of_odd(&self, customer: usize) -> &[f32] {
        let items = self.items.len();
        self.odd_sums.get(customer * items..(customer + 1) * items).unwrap_or(&[])
    }
}

impl Sums {
    pub fn customers(&self) -> usize {
        self.days.len()
    }

    /// Of some of the customers.
    pub fn take(&self, rows: &[usize]) -> Self {
        let of = |values: &[f64]| rows.iter().map(|row| values[*row]).collect();
        let mean = |mean: &MeanSums| MeanSums {
            name: mean.name.clone(),
            days: of(&mean.days),
            sums: of(&mean.sums),
            squares: of(&mean.squares),
        };
        let share = |shares: &ShareSums| ShareSums {
            name: shares.name.clone(),
            items: shares.items.clone(),
            sums: rows.iter().flat_map(|row| shares.of(*row).iter().copied()).collect(),
            odd_sums: rows.iter().flat_map(|row| shares.of_odd(*row).iter().copied()).collect(),
            squares: of(&shares.squares),
        };
        Self {
            days: of(&self.days),
            repeats: of(&self.repeats),
            months: of(&self.months),
            sold: of(&self.sold),
            returned: of(&self.returned),
            means: self.means.iter().map(mean).collect(),
            shares: self.shares.iter().map(share).collect(),
        }
    }

    /// What is left without a part of the window; `place` gives the row of a customer in the part, if any. The part ends the window, so
    /// its months are gone for everyone.
    pub fn less(&self, part: &Self, place: impl Fn(usize) -> Option<usize>) -> Self {
        let longest = part.months.iter().copied().fold(0.0, f64::max);
        let rows: Vec<Option<usize>> = (0..self.customers()).map(place).collect();
        let minus = |values: &[f64], of: &[f64]| -> Vec<f64> {
            let rest = |(row, value): (usize, &f64)| (value - rows[row].map_or(0.0, |row| of[row])).max(0.0);
            values.iter().enumerate().map(rest).collect()
        };
        let mut rest = self.clone();
        (rest.days, rest.repeats) = (minus(&self.days, &part.days), minus(&self.repeats, &part.repeats));
        (rest.sold, rest.returned) = (minus(&self.sold, &part.sold), minus(&self.returned, &part.returned));
        rest.months = self.months.iter().map(|months| (months - longest).max(0.0)).collect();
        for (mean, of) in rest.means.iter_mut().zip(&part.means) {
            for (customer, row) in rows.iter().enumerate().filter_map(|(customer, row)| Some((customer, (*row)?))) {
                mean.days[customer] -= of.days[row];
                mean.sums[customer] -= of.sums[row];
                mean.squares[customer] -= of.squares[row];
            }
        }
        for (shares, of) in rest.shares.iter_mut().zip(&part.shares) {
            // Which days are odd is another question without the part.
            shares.odd_sums.clear();
            let items = shares.items.len();
            for (customer, row) in rows.iter().enumerate().filter_map(|(customer, row)| Some((customer, (*row)?))) {
                let own = shares.sums[customer * items..(customer + 1) * items].iter_mut();
                own.zip(of.of(row)).for_each(|(own, of)| *own = (*own - of).max(0.0));
                shares.squares[customer] -= of.squares[row];
            }
        }
        rest
    }
}

/// The last item of a group of shares: what is bought of all that has no item of its own, such as a category that is new. It has a
/// coordinate, but no part in what is learnt of noise.
pub const REST: &str = "everything else";

/// Returned by sold amount, at most 1.
pub(super) fn ratio(sums: &Sums, customer: usize) -> f64 {
    (sums.returned[customer] / sums.sold[customer].max(0.01)).clamp(0.0, 1.0)
}
