//! Tail probabilities of the normal distribution and false-discovery control over a family of tests.

/// P(Z > z) of a standard normal, accurate in the far tail.
pub fn normal_upper_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z / std::f64::consts::SQRT_2)
}

/// The z with P(Z ≤ z) = `probability`, for a probability in (0, 1): by Newton's method on the tail.
pub fn normal_quantile(probability: f64) -> f64 {
    let probability = probability.clamp(1e-300, 1.0 - 1e-16);
    let upper = probability.min(1.0 - probability);
    // Hastings' approximation (Abramowitz & Stegun 1964, 26.2.23), good to 4.5e-4, then polished.
    let t = libm::sqrt(-2.0 * libm::log(upper));
    let mut z = t
        - (2.515_517 + 0.802_853 * t + 0.010_328 * t * t)
            / (1.0 + 1.432_788 * t + 0.189_269 * t * t + 0.001_308 * t * t * t);
    for _ in 0..4 {
        let density = libm::exp(-0.5 * z * z) / libm::sqrt(std::f64::consts::TAU);
        if density > 0.0 {
            z += (normal_upper_tail(z) - upper) / density;
        }
    }
    if probability < 0.5 { -z } else { z }
}

/// P-value of the minimum-effect test H0: |effect| ≤ `floor`, for a normally distributed estimate.
///
/// The larger of the two one-sided tails at the edge of the null: conservative, and 1 for an effect inside the floor when the
/// error is zero.
pub fn minimum_effect_p(effect: f64, floor: f64, standard_error: f64) -> f64 {
    if standard_error <= 0.0 {
        return if effect.abs() > floor { 0.0 } else { 1.0 };
    }
    let near = normal_upper_tail((effect.abs() - floor) / standard_error);
    let far = normal_upper_tail((effect.abs() + floor) / standard_error);
    (near + far).min(1.0)
}

/// Benjamini-Hochberg q-values in the order of `p` (Benjamini & Hochberg 1995, JRSS B 57).
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let count = p.len();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| p[*b].total_cmp(&p[*a]).then(a.cmp(b)));
    let mut q = vec![1.0; count];
    let mut smallest = 1.0f64;
    for (place, index) in order.into_iter().enumerate() {
        smallest = smallest.min(p[index] * count as f64 / (count - place) as f64);
        q[index] = smallest;
    }
    q
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_the_published_ones() {
        assert!((normal_upper_tail(1.959_963_984_540_054) - 0.025).abs() < 1e-12);
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-12);
        assert!((normal_quantile(0.1) + 1.281_551_565_544_6).abs() < 1e-12);
        assert!((normal_upper_tail(6.0) - 9.865_876_450_376_98e-10).abs() < 1e-20);
    }

    #[test]
    fn q_values_match_the_definition() {
        let q = benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005]);
        let expected = [0.02, 0.04, 0.04, 0.02];
        assert!(q.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{q:?}");
    }
}
