//! What is left of a customer's spend after returns: everybody's share, leant towards the customer's own as far as customers
//! differ.
//!
//! Somebody who sends back nine of ten dresses is worth a tenth of what they order, and a market's mean share says nothing of
//! them. A customer's own share, net over spend, is noisy after one or two purchases, so it is weighed by Bühlmann's credibility
//! (Bühlmann 1967, "Experience Rating and Credibility", ASTIN Bulletin 4:199–207): with n purchase days it counts n / (n + k), where
//! k is the variance within customers over the variance between them. Both come from how the squared deviation of own shares
//! falls with n: `E (y − m)² = between + within / n`, by least squares over all customers.

use crate::value::Customer;

/// Customers that the weight is estimated from at least; with fewer everybody has the market's share.
const CUSTOMERS_LEAST: f64 = 200.0;

/// Standard deviation between customers below which they are all alike.
const BETWEEN_LEAST: f64 = 0.01;

/// How returns lower the value of customers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Returns {
    /// Net amount over spend of all customers together, 0 to 1.
    pub share: f64,
    /// k: the purchase days of a customer's own that weigh as much as everybody's share; `None` if nobody's own share counts.
    pub prior_days: Option<f64>,
}

/// Customers with one number of purchase days: how many, and the sums of their own shares and of the squares of these.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Group {
    pub purchase_days: f64,
    pub customers: f64,
    pub sum: f64,
    pub squares: f64,
}

impl Returns {
    /// The same share for everybody.
    pub fn of_everyone(share: f64) -> Self {
        Self { share, prior_days: None }
    }

    /// Estimates how much a customer's own share counts; `share` is everybody's.
    pub fn fit(share: f64, groups: &[Group]) -> Self {
        let total = |of: &dyn Fn(&Group) -> f64| groups.iter().map(of).sum::<f64>();
        let customers = total(&|group| group.customers);
        if customers < CUSTOMERS_LEAST {
            return Self::of_everyone(share);
        }
        let mean = total(&|group| group.sum) / customers;
        // Sum over a group of (y − m)².
        let squared = |group: &Group| group.squares - 2.0 * mean * group.sum + mean * mean * group.customers;
        let by_days = total(&|group| group.customers / group.purchase_days) / customers;
        let spread = total(&|group| {
            let off = 1.0 / group.purchase_days - by_days;
            group.customers * off * off
        });
        let within = total(&|group| squared(group) * (1.0 / group.purchase_days - by_days)) / spread;
        let between = total(&squared) / customers - within * by_days;
        if !within.is_finite() || between < BETWEEN_LEAST * BETWEEN_LEAST {
            return Self::of_everyone(share);
        }
        // Even where own shares hardly vary, one purchase day is not the whole truth.
        Self { share, prior_days: Some((within / between).max(1.0)) }
    }

    /// The share of a customer.
    pub fn of(&self, customer: &Customer) -> f64 {
        let days = customer.repeat_purchases + 1.0;
        match (self.prior_days, customer.own_net_share) {
            (Some(prior), Some(own)) => (days * own + prior * self.share) / (days + prior),
            _ => self.share,
        }
    }
}

/// Groups of single customers, by purchase days and own share.
pub fn grouped(customers: impl Iterator<Item = (f64, f64)>) -> Vec<Group> {
    let mut groups: std::collections::BTreeMap<u64, Group> = std::collections::BTreeMap::new();
    for (purchase_days, own) in customers {
        let group = groups.entry(purchase_days as u64).or_insert(Group { purchase_days, ..Group::default() });
        group.customers += 1.0;
        group.sum += own;
        group.squares += own * own;
    }
    groups.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;

    fn customer(purchase_days: f64, own: f64) -> Customer {
        Customer {
            repeat_purchases: purchase_days - 1.0,
            recency: 0.0,
            age: 1.0,
            mean_spend: 1.0,
            own_net_share: Some(own),
            customers: 1.0,
        }
    }

    /// Customers who keep each purchase with a probability of their own, drawn from Beta(a, b): true probability, purchase days and
    /// observed share.
    fn drawn(count: usize, a: f64, b: f64) -> Vec<(f64, f64, f64)> {
        let mut random = SplitMix64::new(5);
        (0..count)
            .map(|number| {
                let (x, y) = (random.next_gamma(a), random.next_gamma(b));
                let keeps = x / (x + y);
                let days = 1 + number % 12;
                let kept = (0..days).filter(|_| random.next_f64() < keeps).count();
                (keeps, days as f64, kept as f64 / days as f64)
            })
            .collect()
    }

    /// For Beta(a, b) the right weight is a + b, and no other does better.
    #[test]
    fn the_weight_is_the_one_of_the_beta_that_was_drawn_from() {
        for (a, b) in [(3.0, 1.0), (0.6, 0.4), (18.0, 2.0)] {
            let customers = drawn(40_000, a, b);
            let returns = Returns::fit(a / (a + b), &grouped(customers.iter().map(|&(_, days, own)| (days, own))));
            let prior = returns.prior_days.unwrap_or(f64::INFINITY);
            assert!((prior / (a + b) - 1.0).abs() < 0.12, "{prior} for {}", a + b);
            let error = |returns: &Returns| -> f64 {
                customers.iter().map(|&(keeps, days, own)| (returns.of(&customer(days, own)) - keeps).powi(2)).sum()
            };
            let others = [Some(prior / 3.0), Some(3.0 * prior), None];
            for prior_days in others {
                let other = Returns { prior_days, ..returns };
                assert!(error(&returns) < error(&other), "{prior_days:?} beats {prior}");
            }
        }
    }

    #[test]
    fn alike_or_few_customers_share_everybodys() {
        let coin: Vec<(f64, f64)> = {
            let mut random = SplitMix64::new(8);
            let one = |days: u32, random: &mut SplitMix64| {
                let kept = (0..days).filter(|_| random.next_f64() < 0.9).count();
                (f64::from(days), kept as f64 / f64::from(days))
            };
            (0..40_000).map(|number| one(1 + number % 12, &mut random)).collect()
        };
        let alike = Returns::fit(0.9, &grouped(coin.iter().copied()));
        // Chance may leave a trace, but nobody is moved far by one purchase day.
        assert!((alike.of(&customer(1.0, 0.0)) - 0.9).abs() < 0.03, "{alike:?}");
        assert_eq!(Returns::fit(0.9, &grouped(coin.into_iter().take(199))).prior_days, None);
        assert_eq!(
            Returns::fit(1.0, &[Group { purchase_days: 1.0, customers: 500.0, sum: 500.0, squares: 500.0 }]).prior_days,
            None
        );
        assert_eq!(Returns::fit(0.9, &[]).of(&customer(3.0, 0.1)), 0.9);
    }
}
