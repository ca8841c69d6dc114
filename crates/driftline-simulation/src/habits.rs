//! The planted truth: kinds of customers, what they do, and when that changes.

use driftline_stats::random::SplitMix64;
use serde::Serialize;

/// Kinds of customers, by what is planted on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Come often for little; stay as they are.
    Regulars,
    /// Large, wide baskets; more and more of those who join (mix shift).
    Families,
    /// Buy what is reduced; spend more from some quarter on (rate shift).
    BargainHunters,
    /// Seldom and dear; from some quarter on one half comes often (split).
    Gifters,
    /// Two kinds that become one (merge).
    Students,
    Starters,
    /// New people with habits of their own (born).
    Premium,
    /// Send much back and leave (fading).
    Faders,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Regulars => "regulars",
            Self::Families => "families",
            Self::BargainHunters => "bargain_hunters",
            Self::Gifters => "gifters",
            Self::Students => "students",
            Self::Starters => "starters",
            Self::Premium => "premium",
            Self::Faders => "faders",
        }
    }
}

/// Whom the second half of the gifters acts like from the split on.
pub const SPLIT_OFF: &str = "gifters_often";

/// Whom students and starters act like from the merge on.
pub const MERGED: &str = "students_and_starters";

/// When each change happens: quarters from 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Planted {
    pub born: u32,
    pub new_market: u32,
    pub price_change: u32,
    pub price_factor: f64,
    pub mix_shift: u32,
    pub fading: u32,
    pub merge: u32,
    pub rate_shift: u32,
    pub rate_factor: f64,
    pub late_quarter: u32,
    /// Of the orders of that quarter, those that reach the exports after it was reported.
    pub late_share: f64,
    pub split: u32,
}

pub const PLANTED: Planted = Planted {
    born: 3,
    new_market: 4,
    price_change: 4,
    price_factor: 1.06,
    mix_shift: 3,
    fading: 2,
    merge: 4,
    rate_shift: 5,
    rate_factor: 1.25,
    late_quarter: 5,
    late_share: 0.08,
    split: 4,
};

/// What a kind does in a quarter.
pub(crate) struct Habits {
    pub(crate) orders_a_week: f64,
    /// Mean lines of an order.
    pub(crate) lines: f64,
    /// Typical price of a piece.
    pub(crate) price: f64,
    /// Share of lines that are reduced, and of lines that are sent back.
    pub(crate) discounted: f64,
    pub(crate) returned: f64,
    /// Probability of never coming again, after each order.
    pub(crate) dropout: f64,
    pub(crate) categories: &'static [&'static str],
}

pub(crate) fn habits(kind: Kind, quarter: u32, is_second_half: bool) -> Habits {
    let of = |orders_a_week, lines, price, discounted, returned, dropout, categories| Habits {
        orders_a_week,
        lines,
        price,
        discounted,
        returned,
        dropout,
        categories,
    };
    let merged = of(0.35, 2.2, 9.0, 0.15, 0.02, 0.006, &["snacks", "stationery", "home"]);
    match kind {
        Kind::Regulars => of(1.6, 1.6, 6.0, 0.05, 0.01, 0.002, &["bakery", "coffee", "snacks"]),
        Kind::Families => of(0.8, 9.0, 7.0, 0.10, 0.02, 0.003, &["produce", "home", "toys", "bakery"]),
        Kind::BargainHunters => {
            let price = if quarter >= PLANTED.rate_shift { 8.0 * PLANTED.rate_factor } else { 8.0 };
            of(0.45, 3.5, price, 0.75, 0.03, 0.006, &["clothing", "home", "stationery"])
        }
        Kind::Gifters if quarter >= PLANTED.split && is_second_half => {
            of(0.9, 1.6, 38.0, 0.02, 0.02, 0.004, &["gifts", "wine"])
        }
        Kind::Gifters => of(0.16, 1.8, 45.0, 0.05, 0.02, 0.012, &["gifts", "toys"]),
        Kind::Students | Kind::Starters if quarter >= PLANTED.merge => merged,
        Kind::Students => of(0.5, 1.3, 5.0, 0.35, 0.01, 0.01, &["snacks", "stationery"]),
        Kind::Starters => of(0.2, 4.0, 14.0, 0.05, 0.03, 0.01, &["home", "stationery"]),
        Kind::Premium => of(0.5, 3.0, 60.0, 0.01, 0.04, 0.004, &["wine", "gifts", "coffee"]),
        Kind::Faders => {
            let dropout = if quarter >= PLANTED.fading { 0.25 } else { 0.01 };
            of(0.4, 3.0, 20.0, 0.20, 0.45, dropout, &["clothing"])
        }
    }
}

/// Those who have the same [`habits`] in a quarter.
pub(crate) fn group(kind: Kind, quarter: u32, is_second_half: bool) -> &'static str {
    match kind {
        Kind::Gifters if quarter >= PLANTED.split && is_second_half => SPLIT_OFF,
        Kind::Students | Kind::Starters if quarter >= PLANTED.merge => MERGED,
        kind => kind.name(),
    }
}

/// The kind of somebody who joins in a quarter.
pub(crate) fn kind_of(random: &mut SplitMix64, quarter: u32) -> Kind {
    use Kind::{BargainHunters, Faders, Families, Gifters, Premium, Regulars, Starters, Students};
    let early: &[(Kind, f64)] = &[
        (Regulars, 0.25),
        (Families, 0.15),
        (BargainHunters, 0.20),
        (Gifters, 0.16),
        (Students, 0.09),
        (Starters, 0.08),
        (Faders, 0.07),
    ];
    let late: &[(Kind, f64)] = &[
        (Premium, 0.35),
        (Families, 0.30),
        (Regulars, 0.12),
        (BargainHunters, 0.10),
        (Gifters, 0.07),
        (Students, 0.03),
        (Starters, 0.03),
    ];
    let weights = if quarter >= PLANTED.mix_shift { late } else { early };
    let mut draw = random.next_f64();
    let drawn = weights.iter().find(|(_, weight)| {
        draw -= weight;
        draw < 0.0
    });
    drawn.map_or(Regulars, |(kind, _)| *kind)
}

/// All prices, against those of the first quarter.
pub(crate) fn price_index(quarter: u32) -> f64 {
    if quarter >= PLANTED.price_change { PLANTED.price_factor } else { 1.0 }
}

/// Which of a category's products a price of the first quarter, in cents, belongs to: a category has a product for every tenth that
/// prices rise, so that prices of one product move with [`price_index`] and hardly otherwise.
pub(crate) fn rung(first_price_cents: f64) -> u32 {
    let (mut rung, mut from) = (0, 110.0);
    while first_price_cents >= from {
        from *= 1.1;
        rung += 1;
    }
    rung
}

pub(crate) fn opens(kind: Kind) -> f64 {
    match kind {
        Kind::Families | Kind::Premium => 0.45,
        Kind::BargainHunters => 0.55,
        _ => 0.25,
    }
}

pub(crate) fn tier(kind: Kind, random: &mut SplitMix64) -> Option<&'static str> {
    let joins = if matches!(kind, Kind::Regulars | Kind::Families) { 0.7 } else { 0.3 };
    (random.next_f64() < joins).then(|| ["basic", "silver", "gold"][random.below(3)])
}
