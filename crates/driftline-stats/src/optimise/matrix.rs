//! Small matrices of a size that is known: roots, inverses, products.

pub(crate) type Vector<const N: usize> = [f64; N];
pub(crate) type Matrix<const N: usize> = [[f64; N]; N];

/// The lower triangular L with `L Lᵀ = matrix` (Cholesky); `None` if it is not positive definite, also when it is so only
/// by rounding.
pub(crate) fn lower_root<const N: usize>(matrix: &Matrix<N>) -> Option<Matrix<N>> {
    let mut factor = [[0.0; N]; N];
    for row in 0..N {
        for column in 0..=row {
            let known: f64 = (0..column).map(|k| factor[row][k] * factor[column][k]).sum();
            let rest = matrix[row][column] - known;
            if row == column {
                if rest.is_nan() || rest <= 1e-11 * matrix[row][row] || rest <= 0.0 {
                    return None;
                }
                factor[row][row] = libm::sqrt(rest);
            } else {
                factor[row][column] = rest / factor[column][column];
            }
        }
    }
    Some(factor)
}

/// The inverse of a symmetric positive definite matrix; `None` as for [`lower_root`].
pub(crate) fn inverse<const N: usize>(matrix: &Matrix<N>) -> Option<Matrix<N>> {
    let factor = lower_root(matrix)?;
    let mut result = [[0.0; N]; N];
    // The inverse is symmetric, so its rows are the solutions for the unit vectors.
    for (unit, solution) in result.iter_mut().enumerate() {
        for row in 0..N {
            let known: f64 = (0..row).map(|k| factor[row][k] * solution[k]).sum();
            solution[row] = (f64::from(u8::from(row == unit)) - known) / factor[row][row];
        }
        for row in (0..N).rev() {
            let known: f64 = (row + 1..N).map(|k| factor[k][row] * solution[k]).sum();
            solution[row] = (solution[row] - known) / factor[row][row];
        }
    }
    Some(result)
}

/// A multiple of the identity, to start BFGS from.
pub(crate) fn scaled_identity<const N: usize>(scale: f64) -> Matrix<N> {
    core::array::from_fn(|row| core::array::from_fn(|column| if row == column { scale } else { 0.0 }))
}

/// Returns a covariance where the Hessian alone gives none: as if each coordinate had been known beforehand with a deviation
/// of 1. Directions that the data tell nothing of, or lead to an edge, keep that deviation; the others lose next to nothing.
pub(crate) fn cautious_inverse<const N: usize>(hessian: &Matrix<N>) -> Option<Matrix<N>> {
    let with = |known: f64| {
        let mut hessian = *hessian;
        (0..N).for_each(|n| hessian[n][n] += known);
        inverse(&hessian)
    };
    // Rounding can make a flat direction bend upwards by more than 1.
    (0..20).find_map(|power| with(libm::exp2(2.0 * f64::from(power))))
}

pub(crate) fn multiply<const N: usize>(matrix: &Matrix<N>, vector: &Vector<N>) -> Vector<N> {
    core::array::from_fn(|row| dot(&matrix[row], vector))
}

pub(crate) fn dot<const N: usize>(a: &Vector<N>, b: &Vector<N>) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
