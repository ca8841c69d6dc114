//! What was planted, and what came of it: the truth beside the exports.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::company::{Line, Person, Settings, SimulatedMarket};
use crate::error::Result;
use crate::habits::{Kind, MERGED, PLANTED, SPLIT_OFF};
use crate::sheets::{Cell, Sheets};

/// `truth.json`: when each change happens, and the figures of every market.
pub(crate) fn document(settings: &Settings, markets: &[Value]) -> Value {
    let quarter = |number: u32| settings.quarter(number).to_string();
    json!({
        "seed": settings.seed,
        "from": settings.start(),
        "until": settings.end(),
        "planted": {
            "born": { "kind": Kind::Premium.name(), "from": quarter(PLANTED.born) },
            "fading": { "kind": Kind::Faders.name(), "from": quarter(PLANTED.fading) },
            "split": { "kind": Kind::Gifters.name(), "from": quarter(PLANTED.split), "into": [Kind::Gifters.name(), SPLIT_OFF] },
            "merge": { "kinds": [Kind::Students.name(), Kind::Starters.name()], "from": quarter(PLANTED.merge), "into": MERGED },
            "mix_shift": { "kind": Kind::Families.name(), "from": quarter(PLANTED.mix_shift) },
            "rate_shift": { "kind": Kind::BargainHunters.name(), "from": quarter(PLANTED.rate_shift), "factor": PLANTED.rate_factor },
            "price_change": { "from": quarter(PLANTED.price_change), "factor": PLANTED.price_factor },
            "late_orders": { "quarter": quarter(PLANTED.late_quarter), "share": PLANTED.late_share },
            "new_market": { "market": "at", "from": quarter(PLANTED.new_market) },
            "family": "every hundredth customer has the e-mail address of the one before",
        },
        "groups": "truth/market=*/groups: whom each customer acts like, for every quarter by whose last day they have joined; the second \
                   half of a split under a name of its own, merged kinds under one, everybody else under their kind",
        "markets": markets,
    })
}

/// Customers with an order and net revenue by kind and quarter; and what was late.
pub(crate) struct Counted {
    quarters: u32,
    active: BTreeMap<(Kind, u32), u64>,
    net: Vec<i64>,
    late_orders: u64,
    late_net: i64,
}

impl Counted {
    pub(crate) fn new(quarters: u32) -> Self {
        let net = vec![0; quarters as usize];
        Self { quarters, active: BTreeMap::new(), net, late_orders: 0, late_net: 0 }
    }

    pub(crate) fn add(&mut self, settings: &Settings, person: &Person) {
        for number in 0..self.quarters {
            let (from, to) = (settings.quarter(number).start(), settings.quarter(number + 1).start());
            let within = || person.lines.iter().filter(|line| line.day >= from && line.day < to);
            self.net[number as usize] += within().map(Line::net).sum::<i64>();
            if within().any(|line| !line.is_return) {
                *self.active.entry((person.kind, number)).or_default() += 1;
            }
        }
        let late = || person.lines.iter().filter(|line| line.is_late);
        self.late_orders += late().map(|line| line.order.as_str()).collect::<BTreeSet<&str>>().len() as u64;
        self.late_net += late().map(Line::net).sum::<i64>();
    }

    pub(crate) fn truth(&self, market: &SimulatedMarket) -> Value {
        let kinds: BTreeSet<Kind> = self.active.keys().map(|(kind, _)| *kind).collect();
        let of = |kind: &Kind| {
            let counts: Vec<u64> =
                (0..self.quarters).map(|n| self.active.get(&(*kind, n)).copied().unwrap_or(0)).collect();
            (kind.name().to_owned(), json!(counts))
        };
        json!({
            "market": market.code,
            "currency": market.currency,
            "customers": market.customers,
            "buyers_by_kind_and_quarter": kinds.iter().map(of).collect::<serde_json::Map<_, _>>(),
            "net_cents_by_quarter": self.net,
            "late_orders": self.late_orders,
            "late_net_cents": self.late_net,
        })
    }
}

/// What was planted on a customer: the kind, and whom they act like quarter by quarter.
pub(crate) fn truth_of(planted: &mut Sheets, settings: &Settings, person: &Person) -> Result<()> {
    let id = || Cell::text(&person.id);
    planted.add("customers", &[("customer_id", id()), ("kind", Cell::text(person.kind.name()))])?;
    for number in 0..settings.quarters {
        if let Some(group) = person.group(settings, number) {
            let period = Cell::text(&settings.quarter(number).to_string());
            planted.add("groups", &[("customer_id", id()), ("period", period), ("group", Cell::text(group))])?;
        }
    }
    Ok(())
}
