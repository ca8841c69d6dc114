//! The distribution of Kolmogorov's D for a finite number of observations: what the two-sample test's p-value comes from.
//!
//! Which form is used where follows Simard & L'Ecuyer (2011), "Computing the two-sided Kolmogorov-Smirnov distribution",
//! Journal of Statistical Software 39(11): exact by powers of a matrix (Marsaglia, Tsang & Wang 2003) for few
//! observations, the series of Pelz & Good (1976) for many, and twice the one-sided tail (Miller 1956) far out.

use core::f64::consts::PI;

/// P(D ≥ d) for `count` observations. 1 for d ≤ 0, 0 for d ≥ 1.
pub(crate) fn upper_tail(count: f64, d: f64) -> f64 {
    let scaled = count * d;
    let squared = scaled * d;
    if d <= 0.0 || scaled <= 0.5 {
        return 1.0;
    }
    if d >= 1.0 || squared >= 370.0 {
        return 0.0;
    }
    // Twice the one-sided tail is exact from half the range on.
    let far = if count <= 140.0 { 4.0 } else { 2.2 };
    let tail = if d >= 0.5 || squared > far || (count > 140.0 && squared >= far) {
        2.0 * one_sided_tail(count, d)
    } else if count <= 140.0 || (count <= 100_000.0 && count * libm::pow(d, 1.5) <= 1.4) {
        1.0 - by_matrix(count, d)
    } else {
        1.0 - by_series(count, d)
    };
    tail.clamp(0.0, 1.0)
}

/// P(D⁺ ≥ d), by the sum of Birnbaum & Tingey (1951); every term is positive.
fn one_sided_tail(count: f64, d: f64) -> f64 {
    let last = (count * (1.0 - d)).floor() as u64;
    // ln of the binomial coefficient, summed with compensation: half a million terms must not lose the sixth digit.
    let (mut coefficient, mut lost) = (0.0f64, 0.0f64);
    let mut sum = 0.0;
    for step in 0..=last {
        let j = step as f64;
        let (rises, falls) = (d + j / count, 1.0 - d - j / count);
        if falls > 0.0 {
            sum += libm::exp(coefficient + (j - 1.0) * libm::log(rises) + (count - j) * libm::log(falls));
        } else if j == count {
            sum += libm::exp(coefficient + (j - 1.0) * libm::log(rises));
        }
        let next = libm::log((count - j) / (j + 1.0)) - lost;
        let moved = coefficient + next;
        lost = (moved - coefficient) - next;
        coefficient = moved;
    }
    d * sum
}

/// P(D < d) exactly: n!/nⁿ times the middle cell of the n-th power of a matrix of about 2nd rows.
fn by_matrix(count: f64, d: f64) -> f64 {
    let k = (count * d).ceil();
    let h = k - count * d;
    let (k, size) = (k as usize, 2 * k as usize - 1);
    let mut matrix = vec![0.0; size * size];
    let mut factorials = vec![1.0f64; size + 1];
    for n in 1..=size {
        factorials[n] = factorials[n - 1] * n as f64;
    }
    for row in 0..size {
        for column in 0..=(row + 1).min(size - 1) {
            matrix[row * size + column] = 1.0 / factorials[row + 1 - column];
        }
    }
    for n in 0..size {
        let power = libm::pow(h, (n + 1) as f64);
        matrix[n * size] -= power / factorials[n + 1];
        matrix[(size - 1) * size + (size - 1 - n)] -= power / factorials[n + 1];
    }
    if h > 0.5 {
        matrix[(size - 1) * size] += libm::pow(2.0 * h - 1.0, size as f64) / factorials[size];
    }
    let (power, mut exponent) = raised(&Scaled { cells: matrix, exponent: 0 }, count as u64, size);
    let mut value = power[(k - 1) * size + k - 1];
    for n in 1..=count as u64 {
        value *= n as f64 / count;
        if value < 1e-140 {
            value *= 1e140;
            exponent -= 140;
        }
    }
    value * libm::pow(10.0, f64::from(exponent))
}

/// A square matrix times a power of ten, so that high powers stay inside the range of numbers.
struct Scaled {
    cells: Vec<f64>,
    exponent: i32,
}

fn raised(base: &Scaled, power: u64, size: usize) -> (Vec<f64>, i32) {
    if power == 1 {
        return (base.cells.clone(), base.exponent);
    }
    let (half, exponent) = raised(base, power / 2, size);
    let mut result = Scaled { cells: product(&half, &half, size), exponent: 2 * exponent };
    if power % 2 == 1 {
        result.cells = product(&result.cells, &base.cells, size);
        result.exponent += base.exponent;
    }
    let middle = (size / 2) * size + size / 2;
    if result.cells[middle] > 1e140 {
        result.cells.iter_mut().for_each(|cell| *cell *= 1e-140);
        result.exponent += 140;
    }
    (result.cells, result.exponent)
}

fn product(left: &[f64], right: &[f64], size: usize) -> Vec<f64> {
    let mut cells = vec![0.0; size * size];
    for row in 0..size {
        for inner in 0..size {
            let factor = left[row * size + inner];
            let of_row = &mut cells[row * size..(row + 1) * size];
            of_row.iter_mut().zip(&right[inner * size..(inner + 1) * size]).for_each(|(cell, r)| *cell += factor * r);
        }
    }
    cells
}

/// P(D < d) by the first four terms in 1/√n (Pelz & Good 1976; as in Simard & L'Ecuyer 2011, equation 9).
fn by_series(count: f64, d: f64) -> f64 {
    let z = libm::sqrt(count) * d;
    let (z2, z4, z6) = (z * z, z * z * z * z, z * z * z * z * z * z);
    let p2 = PI * PI;
    let terms = libm::ceil(16.0 * z / PI) as i64 + 1;
    let mut k = [0.0f64; 4];
    for term in (0..terms).rev() {
        // Half-odd and whole numbers come twice, but for 0, whose terms vanish.
        let half = (term as f64 + 0.5) * (term as f64 + 0.5) * p2;
        let whole = (term * term) as f64 * p2;
        let at_half = 2.0 * libm::exp(-half / (2.0 * z2));
        let at_whole = 2.0 * libm::exp(-whole / (2.0 * z2));
        k[0] += at_half / z;
        k[1] += at_half * (half - z2) / (6.0 * z4);
        k[2] += at_half * (6.0 * z6 + 2.0 * z4 + half * (2.0 * z4 - 5.0 * z2) + half * half * (1.0 - 2.0 * z2))
            / (72.0 * z6 * z)
            - at_whole * whole / (36.0 * z2 * z);
        k[3] += at_half
            * (half * half * half * (5.0 - 30.0 * z2)
                + half * half * (212.0 * z4 - 60.0 * z2)
                + half * (135.0 * z4 - 96.0 * z6)
                - 30.0 * z6
                - 90.0 * z4 * z4)
            / (6480.0 * z6 * z4)
            + at_whole * whole * (3.0 * z2 - whole) / (216.0 * z6);
    }
    let root = libm::sqrt(count);
    libm::sqrt(PI / 2.0) * (k[0] + k[1] / root + k[2] / count + k[3] / (count * root))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of scipy 1.17.1's `kstwo.sf`.
    #[test]
    fn tails_are_the_published_ones() {
        let cases: &[(f64, f64, f64)] = include!("kolmogorov/cases.in");
        for &(count, d, expected) in cases {
            let found = upper_tail(count, d);
            assert!((found - expected).abs() <= 1e-9 * expected.max(1e-3), "n {count} d {d}: {found} not {expected}");
        }
    }

    #[test]
    fn forms_meet_where_they_meet() {
        for count in [150.0, 1_000.0, 20_000.0] {
            for share in [0.5, 0.8, 1.0] {
                let d = share / libm::sqrt(count);
                assert!((by_matrix(count, d) - by_series(count, d)).abs() < 1e-5, "{count} {d}");
            }
        }
    }
}
