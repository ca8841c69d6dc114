//! The level of a market, from how far the same forecasts were off on earlier origins: one small Gaussian model.
//!
//! At each past origin `l = ln(actual / forecast)` is known, with its sampling variance v. Levels are taken as normal around 0
//! with covariance
//!
//! `m² + ω² ([same season] − [another] / (s − 1)) + σ² φ^|k − k'| + (e² + v) [k = k']`
//!
//! where k counts origins and s the seasons of a year, which add up to nothing, so that a lasting bias (m), a season of the year (ω), shocks that fade (σ, φ) and what is new each time
//! (e) are told apart as far as the past can. The scales ω, σ, φ and e are not estimated but averaged over a grid of 100 points by
//! prior times likelihood (Rasmussen & Williams 2006, *Gaussian Processes for Machine Learning*, §2.2 and §5.2). A season enters by
//! itself once a season was seen twice; before, it only widens.

/// What was seen at a past origin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// When, in steps between origins; the present is 0 and the past is below it.
    pub step: i32,
    /// How far off: ln(actual / forecast), or a shift of logits.
    pub off: f64,
    /// Its sampling variance.
    pub variance: f64,
}

/// The logit shift that would have given the purchase models' risks at an origin the level that came.
pub type Shift = Seen;

/// The level at a step to come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Expected `off`.
    pub mean: f64,
    /// Variance of the true level around it, without the sampling of what will be seen.
    pub variance: f64,
}

/// Scales that are averaged over, with their prior weights.
#[derive(Clone, Copy, Debug)]
pub struct Scales {
    /// m, the deviation of a lasting bias.
    pub bias: f64,
    /// ω, of a season.
    pub season: [(f64, f64); 5],
    /// σ, of shocks that last a while.
    pub shock: [(f64, f64); 5],
}

/// Scales of the logarithm of an amount.
pub const OF_AMOUNTS: Scales = Scales {
    bias: 0.1,
    season: [(0.0, 0.3), (0.05, 0.2), (0.12, 0.25), (0.25, 0.15), (0.5, 0.1)],
    shock: [(0.02, 0.1), (0.05, 0.3), (0.1, 0.3), (0.2, 0.2), (0.4, 0.1)],
};

/// Scales of the logit of a risk.
pub const OF_RISKS: Scales = Scales {
    bias: 0.1,
    season: [(0.0, 0.3), (0.1, 0.2), (0.25, 0.25), (0.5, 0.15), (1.0, 0.1)],
    shock: [(0.02, 0.1), (0.06, 0.3), (0.12, 0.3), (0.25, 0.2), (0.5, 0.1)],
};

/// φ: what is left of a shock a step later.
const LEFT: [f64; 2] = [0.5, 0.9];

/// e: what is new each time.
const NEW: [f64; 2] = [0.01, 0.05];

/// The level at each of the steps `ahead`; `steps_a_year` steps lie between a season and the same one again.
pub fn levels(seen: &[Seen], ahead: &[i32], steps_a_year: i32, scales: &Scales) -> Vec<Level> {
    let mut points: Vec<(f64, Vec<Level>)> = Vec::new();
    for (season, of_season) in scales.season {
        for (shock, of_shock) in scales.shock {
            for left in LEFT {
                for new in NEW {
                    let covariance = Covariance { bias: scales.bias, season, shock, left, new, steps_a_year };
                    if let Some((likelihood, levels)) = covariance.predict(seen, ahead) {
                        points.push((libm::log(of_season * of_shock) + likelihood, levels));
                    }
                }
            }
        }
    }
    let most = points.iter().map(|(weight, _)| *weight).fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = points.iter().map(|(weight, _)| libm::exp(weight - most)).collect();
    let sum: f64 = weights.iter().sum();
    let averaged = |place: usize| {
        let mean_of = |of: &dyn Fn(&Level) -> f64| {
            points.iter().zip(&weights).map(|((_, levels), weight)| weight * of(&levels[place])).sum::<f64>() / sum
        };
        let mean = mean_of(&|level| level.mean);
        let variance = mean_of(&|level| level.variance + (level.mean - mean) * (level.mean - mean));
        Level { mean, variance }
    };
    (0..ahead.len()).map(averaged).collect()
}

/// One point of the grid.
struct Covariance {
    bias: f64,
    season: f64,
    shock: f64,
    left: f64,
    new: f64,
    steps_a_year: i32,
}

impl Covariance {
    /// Between the levels of two steps; of one with itself, what is new counts too.
    fn of(&self, one: i32, other: i32) -> f64 {
        let apart = (one - other).abs();
        // Seasons of a year add up to nothing: after a high one others are lower.
        let others = f64::from((self.steps_a_year - 1).max(1));
        let is_same = apart % self.steps_a_year == 0;
        let season = self.season * self.season * if is_same { 1.0 } else { -1.0 / others };
        let new = if apart == 0 { self.new * self.new } else { 0.0 };
        let shock = self.shock * self.shock * libm::pow(self.left, f64::from(apart));
        self.bias * self.bias + season + shock + new
    }

    /// Log-likelihood of what was seen, and the levels to come; `None` if the covariance is not positive.
    fn predict(&self, seen: &[Seen], ahead: &[i32]) -> Option<(f64, Vec<Level>)> {
        let count = seen.len();
        // Cholesky's factor, row by row.
        let mut factor = vec![vec![0.0; count]; count];
        for row in 0..count {
            for column in 0..=row {
                let own = if row == column { seen[row].variance } else { 0.0 };
                let within: f64 = (0..column).map(|n| factor[row][n] * factor[column][n]).sum();
                let rest = self.of(seen[row].step, seen[column].step) + own - within;
                if row == column && rest <= 0.0 {
                    return None;
                }
                factor[row][column] = if row == column { libm::sqrt(rest) } else { rest / factor[column][column] };
            }
        }
        let solved = |right: &dyn Fn(usize) -> f64| {
            let mut found: Vec<f64> = Vec::with_capacity(count);
            for (row, weights) in factor.iter().enumerate() {
                let within: f64 = weights.iter().zip(&found).map(|(weight, part)| weight * part).sum();
                found.push((right(row) - within) / weights[row]);
            }
            found
        };
        let off = solved(&|row| seen[row].off);
        let determinant: f64 = (0..count).map(|row| libm::log(factor[row][row])).sum();
        let likelihood = -0.5 * off.iter().map(|part| part * part).sum::<f64>() - determinant;
        let level = |step: &i32| {
            let with = solved(&|row| self.of(seen[row].step, *step));
            let mean = with.iter().zip(&off).map(|(a, b)| a * b).sum();
            let known: f64 = with.iter().map(|part| part * part).sum();
            Level { mean, variance: (self.of(*step, *step) - known).max(0.0) }
        };
        Some((likelihood, ahead.iter().map(level).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(seen: &[Seen], ahead: i32) -> Level {
        levels(seen, &[ahead], 4, &OF_AMOUNTS)[0]
    }

    fn at(step: i32, off: f64) -> Seen {
        Seen { step, off, variance: 1e-4 }
    }

    #[test]
    fn nothing_seen_is_the_prior_and_one_point_pulls_by_its_variance() {
        let none = of(&[], 0);
        assert_eq!(none.mean, 0.0);
        let season: f64 = OF_AMOUNTS.season.iter().map(|(scale, weight)| scale * scale * weight).sum();
        let shock: f64 = OF_AMOUNTS.shock.iter().map(|(scale, weight)| scale * scale * weight).sum();
        let expected = 0.01 + season + shock + 0.5 * (0.01 * 0.01 + 0.05 * 0.05);
        assert!((none.variance - expected).abs() < 1e-12, "{} {expected}", none.variance);
        let (sure, vague) = (of(&[at(-1, 0.2)], 0), of(&[Seen { variance: 1.0, ..at(-1, 0.2) }], 0));
        assert!(sure.mean > 0.05 && sure.mean < 0.2 && sure.variance < none.variance, "{sure:?}");
        assert!(vague.mean > 0.0 && vague.mean < 0.2 * sure.mean, "{vague:?}");
    }

    #[test]
    fn a_season_is_found_from_its_second_time_on_and_a_lasting_level_at_once() {
        let season = |step: i32| if step.rem_euclid(4) == 0 { 0.4 } else { -0.13 };
        let seen: Vec<Seen> = (-8..0).map(|step| at(step, season(step))).collect();
        let ahead: Vec<f64> = levels(&seen, &[0, 1, 2, 3], 4, &OF_AMOUNTS).iter().map(|level| level.mean).collect();
        assert!(ahead[0] > 0.3 && ahead[1..].iter().all(|mean| *mean < -0.05), "{ahead:?}");
        let lasting: Vec<Seen> = (-8..0).map(|step| at(step, 0.2)).collect();
        let level = of(&lasting, 0);
        assert!((level.mean - 0.2).abs() < 0.02 && level.variance < 0.01, "{level:?}");
    }
}
