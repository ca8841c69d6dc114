//! A seeded stream of numbers that is the same on every machine and in every version: SplitMix64.
//!
//! Source: Steele, Lea & Flood (2014), "Fast Splittable Pseudorandom Number Generators", OOPSLA, figure 14 and the public
//! domain reference of S. Vigna. Good for restarts, samples and bootstraps; not for secrets.

/// The generator; its state is its seed plus a counter.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Uniform in [0, 1) with 53 bits.
    pub fn next_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in 0..bound; 0 if `bound` is 0. Multiply-shift: the bias is below 2^-32 for the sizes used here.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next_u64()) * bound as u128) >> 64) as usize
    }

    /// Standard normal by Box and Muller.
    pub fn next_normal(&mut self) -> f64 {
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.next_f64()));
        radius * libm::cos(std::f64::consts::TAU * self.next_f64())
    }

    /// Exponential with rate 1.
    pub fn next_exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.next_f64())
    }

    /// Gamma with the given shape, above 0, and rate 1 (Marsaglia & Tsang 2000, *ACM Transactions on Mathematical
    /// Software* 26(3); for shapes below 1 by their boost).
    pub fn next_gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let boost = libm::pow(1.0 - self.next_f64(), 1.0 / shape);
            return self.next_gamma(shape + 1.0) * boost;
        }
        let d = shape - 1.0 / 3.0;
        loop {
            let z = self.next_normal();
            let v = 1.0 + z / libm::sqrt(9.0 * d);
            let v = v * v * v;
            if v > 0.0 && libm::log(1.0 - self.next_f64()) < 0.5 * z * z + d - d * v + d * libm::log(v) {
                return d * v;
            }
        }
    }
}

/// Hash of a number to a number: the finaliser of the generator.
pub fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A Poisson(1) weight of a customer in a bootstrap replicate: one pass, mergeable, the same in any order of customers.
pub fn poisson_weight(customer_key: u64, replicate: u64, seed: u64) -> u32 {
    // Cumulative distribution of Poisson(1).
    const CUMULATIVE: [f64; 8] = [
        0.367_879_441_171_442_3,
        0.735_758_882_342_884_6,
        0.919_698_602_928_605_8,
        0.981_011_843_123_846_1,
        0.996_340_153_172_656_3,
        0.999_405_815_182_418_3,
        0.999_916_758_850_711_7,
        0.999_989_750_803_325_3,
    ];
    let hash = mix(customer_key ^ mix(replicate.wrapping_add(mix(seed))));
    let uniform = (hash >> 11) as f64 / (1u64 << 53) as f64;
    CUMULATIVE.iter().take_while(|limit| uniform >= **limit).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        // Reference output for seed 1234567, as printed by the C reference implementation.
        let mut random = SplitMix64::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| random.next_u64()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn poisson_weights_have_mean_and_variance_one() {
        let weights: Vec<f64> = (0..200_000u64).map(|key| f64::from(poisson_weight(mix(key), 7, 3))).collect();
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        let variance = weights.iter().map(|w| (w - mean) * (w - mean)).sum::<f64>() / weights.len() as f64;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
        assert!((variance - 1.0).abs() < 0.02, "{variance}");
    }
}
