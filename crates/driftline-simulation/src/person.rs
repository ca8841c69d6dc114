//! How a customer comes, shops and talks, all of it from their own random numbers.

use chrono::Days;
use driftline_stats::random::{SplitMix64, mix};

use crate::company::{
    CAMPAIGNS_A_QUARTER, CONTENT, Line, Mail, Person, Settings, SimulatedMarket, Survey, Ticket, Visit, quarter_of,
};
use crate::habits::{self, PLANTED};
use crate::text;

/// One customer in a hundred shares an e-mail address with the next one: a family.
const FAMILY_EVERY: u64 = 100;

/// One customer of a market, by number from 0.
pub(crate) fn person(settings: &Settings, market: &SimulatedMarket, number: u64) -> Person {
    let place = market.code.as_str().bytes().fold(settings.seed, |hash, byte| mix(hash ^ u64::from(byte)));
    let mut random = SplitMix64::new(mix(place ^ mix(number)));
    let starts = settings.quarter_starts();
    let quarter_days = settings.days() as f64 / f64::from(settings.quarters);
    // Three of five are there within the first quarter of their market, the others join later.
    let opens = f64::from(market.opens) * quarter_days;
    let is_early = random.next_f64() < 0.6;
    let span = if is_early { quarter_days } else { settings.days() as f64 - opens };
    let joined = (opens + span * random.next_f64()) as i64;
    let kind = habits::kind_of(&mut random, quarter_of(&starts, joined));
    let mut person = Person {
        id: format!("{}-{number:07}", market.code),
        kind,
        is_second_half: false,
        email: format!("{}{:07}@example.com", market.code, number - u64::from(number % FAMILY_EVERY == 1)),
        joined_on: settings.day(joined),
        birth_year: (random.next_f64() < 0.7).then(|| 1945 + random.below(60) as i32),
        gender: [None, Some("female"), Some("male"), Some("female"), Some("male"), Some("other")][random.below(6)],
        region: ["north", "south", "east", "west"][random.below(4)],
        acquisition_channel: ["search", "social", "referral", "shop", "affiliate"][random.below(5)],
        profiling_consent: random.next_f64() < 0.95,
        marketing_consent: random.next_f64() < 0.7,
        loyalty_tier: habits::tier(kind, &mut random),
        lines: Vec::new(),
        tickets: Vec::new(),
        visits: Vec::new(),
        mails: Vec::new(),
        survey: None,
    };
    shop(settings, &starts, &mut person, joined, &mut random);
    talk(settings, &mut person, joined, &mut random);
    person
}

/// Orders from the first day on until the customer drops out or the time is over.
fn shop(settings: &Settings, starts: &[i64], person: &mut Person, joined: i64, random: &mut SplitMix64) {
    // How often and how much differ from customer to customer of a kind, and which half of a splitting kind one is in.
    let (own_rate, own_spend) = (random.next_gamma(8.0) / 8.0, exponential(0.25 * random.next_normal()));
    person.is_second_half = random.next_f64() < 0.5;
    let mut day = joined as f64;
    let mut order = 0;
    while (day as i64) < settings.days() {
        let quarter = quarter_of(starts, day as i64);
        let habits = habits::habits(person.kind, quarter, person.is_second_half);
        order += 1;
        let when = Basket { day: day as i64, quarter, order, own_spend };
        basket(settings, person, &when, &habits, random);
        if random.next_f64() < habits.dropout {
            break;
        }
        day += (random.next_exponential() * 7.0 / (habits.orders_a_week * own_rate)).max(1.0);
    }
}

/// An order to be made: when it is, the how manieth of the person, and how much they spend by the habits of their kind.
struct Basket {
    day: i64,
    quarter: u32,
    order: u32,
    own_spend: f64,
}

fn basket(settings: &Settings, person: &mut Person, basket: &Basket, habits: &habits::Habits, random: &mut SplitMix64) {
    let Basket { day, quarter, order, own_spend } = *basket;
    let id = format!("{}-{order:04}", person.id);
    let seconds = 7 * 3600 + random.below(12 * 3600) as u32;
    let is_late = quarter == PLANTED.late_quarter && random.next_f64() < PLANTED.late_share;
    let count = 1 + (random.next_exponential() * (habits.lines - 1.0)).round() as usize;
    for _ in 0..count.min(40) {
        let category = habits.categories[random.below(habits.categories.len())];
        let first_price = habits.price * own_spend * exponential(0.4 * random.next_normal());
        let price = (100.0 * (first_price * habits::price_index(quarter))).round().max(1.0) as i64;
        let quantity = 1 + i64::from(random.next_f64() < 0.2);
        let is_cheaper = random.next_f64() < habits.discounted;
        let discount = if is_cheaper { quantity * price * 3 / 10 } else { 0 };
        let line = Line {
            order: id.clone(),
            day: settings.day(day),
            seconds,
            category,
            product: habits::rung(100.0 * first_price),
            quantity,
            price,
            discount,
            is_return: false,
            is_late,
        };
        let back = day + 3 + random.below(18) as i64;
        if random.next_f64() < habits.returned && back < settings.days() {
            person.lines.push(Line { day: settings.day(back), is_return: true, is_late: false, ..line.clone() });
        }
        person.lines.push(line);
    }
}

/// What they say, look at and answer; rates follow their kind.
fn talk(settings: &Settings, person: &mut Person, joined: i64, random: &mut SplitMix64) {
    let last = person.lines.iter().map(|line| line.day).max().unwrap_or(person.joined_on);
    let active_days = (last - person.joined_on).num_days().max(1);
    let within = |random: &mut SplitMix64| person.joined_on + Days::new(random.below(active_days as usize) as u64);
    for _ in 0..(0.002 * active_days as f64 * random.next_exponential()) as usize {
        let (topic, text) = text::ticket(person.kind, random);
        let satisfaction = 1 + random.below(5) as i64;
        person.tickets.push(Ticket { day: within(random), topic, text, satisfaction });
    }
    for _ in 0..(0.03 * active_days as f64 * random.next_exponential()) as usize {
        let event = ["page_view", "page_view", "search", "add_to_basket", "download"][random.below(5)];
        let device = ["phone", "desktop", "app", "tablet"][random.below(4)];
        person.visits.push(Visit {
            day: within(random),
            event,
            content: random.below(CONTENT as usize) as u32,
            device,
        });
    }
    for campaign in 0..settings.quarters * CAMPAIGNS_A_QUARTER {
        let sent = i64::from(campaign) * settings.days() / i64::from(settings.quarters * CAMPAIGNS_A_QUARTER) + 10;
        if !person.marketing_consent || sent < joined || sent >= settings.days() || random.next_f64() < 0.4 {
            continue;
        }
        let opened = random.next_f64() < habits::opens(person.kind);
        let clicked = opened && random.next_f64() < 0.25;
        let sent_on = settings.day(sent);
        let clicked_on = clicked.then(|| sent_on + Days::new(1 + random.below(5) as u64));
        person.mails.push(Mail { campaign, sent_on, opened, clicked_on });
    }
    if random.next_f64() < 0.08 {
        let (recommends, text) = text::survey(person.kind, random);
        let may_be_quoted = random.next_f64() < 0.5;
        let day = within(random);
        let (goal, objection) = text::ticked(person.kind, random);
        person.survey = Some(Survey { day, recommends, text, may_be_quoted, goal, objection });
    }
}

/// e to a small power by its series: the same bits on every machine.
fn exponential(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 1..30 {
        term *= x / f64::from(n);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests;
