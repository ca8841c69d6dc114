//! A persona is a segment of customers described from data, with a key that stays the same while its people do.
//!
//! Every field comes from named tables with the number of customers it rests on; what no source can say is listed as "no
//! evidence yet" with the source that would supply it. Nothing is invented.

mod card;
mod dominance;
mod identity;
pub mod note;
mod once;
pub mod other;
mod role;
pub mod voice;
pub mod year_ago;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::note::Note;
use self::other::Other;
use self::voice::{Quote, TopicRate};
use self::year_ago::YearAgo;
use crate::acquisition::Acquired;
use crate::lineage::{Continuity, PersonaEvent, SegmentEvent, Thresholds};
use crate::margin::Margin;
use crate::naming::own::OwnName;
use crate::naming::{Claim, Name};
use crate::profile::{FeatureTilt, Flow, Habit, OTHER_SEGMENT, SegmentProfile};
use crate::revision::Moved;
use crate::rule::MeasuredRule;
use crate::scorecard::NextPeriod;
use crate::scorecard::year::ValueRange;
use crate::{Minor, Period};

/// Whether a persona leads the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Primary,
    Secondary,
    /// Costs more than it brings, by returns or net amount; causes are to be looked for on both sides.
    Negative,
}

/// Weights of the priority score, as entered in the job. They need not add up to one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Priority {
    pub value: f64,
    pub margin: f64,
    pub growth: f64,
    pub brand: f64,
    /// Brand fit by persona key, 0 to 1, entered by hand; 0.5 where nothing is entered.
    pub brand_fit: BTreeMap<String, f64>,
}

impl Default for Priority {
    fn default() -> Self {
        Self { value: 0.6, margin: 0.2, growth: 0.2, brand: 0.0, brand_fit: BTreeMap::new() }
    }
}

/// How many personas lead, and what a persona must have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Floor {
    pub primary_min: usize,
    pub primary_max: usize,
    pub members_min: u64,
    /// Primaries are added beyond the minimum until they hold this share of the value.
    pub coverage: f64,
    /// By how much another persona's priority score must exceed that of one that led last period to take its place.
    pub primary_margin: f64,
    /// Bootstrap Jaccard below which a persona may not be primary.
    pub stability_min: f64,
    pub min_cell: u64,
}

impl Default for Floor {
    fn default() -> Self {
        Self {
            primary_min: 3,
            primary_max: 5,
            members_min: 30,
            coverage: 0.8,
            primary_margin: 0.05,
            stability_min: 0.6,
            min_cell: 10,
        }
    }
}

impl Floor {
    /// Fewest members of a persona that was there before: two thirds, so that none comes and goes at the border.
    pub fn members_to_stay(&self) -> u64 {
        (2 * self.members_min).div_ceil(3).max(self.min_cell)
    }
}

/// Share of an amount or a count, with what it is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CategoryShare {
    pub category: String,
    pub share: f64,
    pub base_share: f64,
    pub customers: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AttributeBand {
    pub value: String,
    /// `None`: fewer than `min_cell`, or hidden so that another cannot be worked out.
    pub customers: Option<u64>,
    /// Of those who answered.
    pub share: Option<f64>,
    pub base_share: Option<f64>,
}

/// One declared attribute: bands, and how many of the members answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AttributeSummary {
    pub attribute: String,
    pub answered: u64,
    pub missing_share: f64,
    pub bands: Vec<AttributeBand>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContactSummary {
    pub campaign_type: String,
    pub contacted: u64,
    pub contacted_share: f64,
    pub responded: Option<u64>,
    pub response_share: Option<f64>,
}

/// A field of the card that no source of this job can fill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    pub field: String,
    pub state: String,
    pub source_needed: String,
}

/// Parts of the priority score, each 0 to 1; `None` is left out of the mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PriorityScore {
    pub score: f64,
    pub rank: usize,
    pub value: f64,
    pub margin: Option<f64>,
    pub growth: f64,
    pub brand: f64,
    /// Why the rank differs from last period's: `data`, `weights`, `data and weights`; absent if it does not.
    pub rank_change: Option<String>,
}

/// A segment described. Shares are of active customers (`share`) or of their value (`value_share`), 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Persona {
    pub key: String,
    pub label: String,
    /// What the label says of its members, each with how many it is true of; none for a company's own name.
    #[serde(default)]
    pub claims: Vec<Claim>,
    /// Whether the company gave the name.
    #[serde(default)]
    pub is_own_name: bool,
    /// What it was called within the last year, the latest first.
    #[serde(default)]
    pub formerly: Vec<Former>,
    /// Who belongs to it by at most three conditions, and how well they tell; absent where nothing tells.
    #[serde(default)]
    pub rule: Option<MeasuredRule>,
    pub role: Role,
    pub segment: u32,
    pub since: Period,
    /// Marked when another market's model assigned it or the market is small.
    pub provisional: bool,
    /// One sentence on where it comes from.
    pub lineage: String,
    pub parents: Vec<String>,
    pub customers: u64,
    /// Of them, those whose one and only purchase day is in this period: too little is known of them to say what they are like. Absent
    /// if it would tell of too few.
    #[serde(default)]
    pub bought_once: Option<u64>,
    pub share: f64,
    pub value: Option<Minor>,
    /// Ranges of the value; `None` without models whose uncertainty is known.
    #[serde(default)]
    pub value_range: Option<ValueRange>,
    pub value_share: Option<f64>,
    pub value_per_customer: Option<Minor>,
    /// Margin of the 12-month value; absent if none is known.
    #[serde(default)]
    pub margin: Option<Margin>,
    /// What its members with a known acquisition cost cost; absent if too few are known.
    #[serde(default)]
    pub acquisition: Option<Acquired>,
    /// `None` if a few members hold most of it, here or in a persona beside it.
    pub net_revenue: Option<Minor>,
    pub churn_risk: Option<f64>,
    /// What it was in the same period last year; absent if it or the report of then is not there.
    #[serde(default)]
    pub year_ago: Option<YearAgo>,
    /// Forecast for the next period, which the next report grades.
    #[serde(default)]
    pub next_period: Option<NextPeriod>,
    /// What moves the risk of its members against everyone active, strongest first; empty if no regression made the risks.
    #[serde(default)]
    pub risk_reasons: Vec<RiskReason>,
    pub stability: Option<f64>,
    /// Share of members of whom all claims of the name are true at once. A mean describes nobody; this says how many it describes.
    #[serde(default)]
    pub joint_prevalence: Option<f64>,
    pub priority: PriorityScore,
    pub tilts: Vec<FeatureTilt>,
    pub habits: Vec<Habit>,
    pub categories: Vec<CategoryShare>,
    pub attributes: Vec<AttributeSummary>,
    pub contacts: Vec<ContactSummary>,
    pub evidence: Vec<Evidence>,
    /// Topics that its members raise more often than others.
    #[serde(default)]
    pub topics: Vec<TopicRate>,
    /// Words of members who agreed to be quoted.
    #[serde(default)]
    pub quotes: Vec<Quote>,
    /// What people wrote about it.
    #[serde(default)]
    pub notes: Vec<Note>,
    pub note: Option<String>,
}

/// A name that a persona had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Former {
    pub label: String,
    /// The last period in which it was called so.
    pub until: Period,
}

/// A family of purchase behaviour that moves a persona's risk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RiskReason {
    pub family: String,
    /// Difference of the mean effect on the logit of the risk; above 0 raises it.
    pub effect: f64,
}

/// What became of a persona that is no more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ended {
    pub key: String,
    pub label: String,
    pub sentence: String,
}

/// All personas of a market in a period, best first, and the weights they were ranked with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PersonaSet {
    pub personas: Vec<Persona>,
    /// Active customers unlike any persona; absent if there are none, or too few to be set apart.
    #[serde(default)]
    pub other: Option<Other>,
    pub ended: Vec<Ended>,
    /// What happened to personas in this period; empty in a first report, and where they were drawn anew.
    #[serde(default)]
    pub events: Vec<PersonaEvent>,
    /// Whether another model took the place of last period's, so that new and ended personas are no change of customers.
    #[serde(default)]
    pub is_redrawn: bool,
    /// Of everyone active, those whose one and only purchase day is in this period.
    #[serde(default)]
    pub bought_once: Option<u64>,
    pub priority: Priority,
    pub primary_customer_share: f64,
    pub primary_value_share: Option<f64>,
    /// Why there are fewer primaries than asked for, if so.
    pub primaries_note: Option<String>,
}

impl PersonaSet {
    /// A market without personas.
    pub fn of_nobody() -> Self {
        Self {
            personas: Vec::new(),
            other: None,
            ended: Vec::new(),
            events: Vec::new(),
            is_redrawn: false,
            bought_once: None,
            priority: Priority::default(),
            primary_customer_share: 0.0,
            primary_value_share: None,
            primaries_note: None,
        }
    }
}

/// Everything that a description needs besides the profiles.
pub struct Context<'a> {
    pub market: &'a str,
    pub period: Period,
    pub revision: u32,
    pub previous: Option<&'a PersonaSet>,
    /// The revision that this one replaces, and who went from its segments to these.
    pub replaced: Option<(&'a PersonaSet, &'a [Moved])>,
    pub flows: &'a [Flow],
    /// Tilt of every segment, by segment number.
    pub tilts: &'a BTreeMap<u32, Vec<FeatureTilt>>,
    pub stability: &'a BTreeMap<u32, f64>,
    pub typical: &'a BTreeMap<u32, u64>,
    /// Name of every segment; whether the company gave it; who belongs to it by rule.
    pub names: &'a BTreeMap<u32, Name>,
    pub own_named: &'a BTreeSet<u32>,
    pub rules: &'a BTreeMap<u32, MeasuredRule>,
    /// The company's own names, of which those by key are given here.
    pub own_names: &'a [OwnName],
    pub continuity: Continuity,
    pub events: &'a [SegmentEvent],
    pub thresholds: &'a Thresholds,
    pub priority: &'a Priority,
    pub floor: Floor,
    pub provisional: bool,
    /// Key and label of each segment when a parent market's model made them.
    pub adopted: Option<&'a BTreeMap<u32, (String, String)>>,
    /// Whether the job has sources of declared attributes and of contacts.
    pub has_attributes: bool,
    pub has_contacts: bool,
    pub has_acquisition_costs: bool,
    /// Whether fewer than `min_cell` customers of the period objected to profiling.
    pub has_few_objectors: bool,
    /// Share of net revenue that is margin, by segment; empty if none is known.
    pub margins: &'a BTreeMap<u32, f64>,
}

/// Describes the segments as personas: keys by lineage, labels by rule, roles by priority.
pub fn describe(profiles: &[SegmentProfile], context: &Context<'_>) -> PersonaSet {
    let Some(everyone) = profiles.iter().find(|profile| profile.segment == 0) else {
        return PersonaSet {
            priority: context.priority.clone(),
            primaries_note: Some("nobody is active in this market".to_owned()),
            ..PersonaSet::of_nobody()
        };
    };
    let segments: Vec<&SegmentProfile> = profiles
        .iter()
        .filter(|profile| profile.segment > 0 && profile.segment != OTHER_SEGMENT)
        .filter(|profile| profile.customers >= context.floor.members_to_stay())
        .collect();
    let identities = identity::identify(&segments, context);
    let mut personas: Vec<Persona> = segments
        .iter()
        .zip(identities.born)
        .map(|(profile, identity)| card::card(profile, everyone, identity, context))
        .collect();
    card::hide_habits_of_few(&mut personas, &segments, context.floor.min_cell);
    card::hide_across(&mut personas, &segments, context.floor.min_cell);
    voice::hide_across(&mut personas, everyone, context.floor.min_cell);
    let mut other = other::describe(profiles, everyone, context.floor.min_cell);
    let bought_once = once::count(&mut personas, &segments, &mut other, (profiles, everyone), context.floor.min_cell);
    let cell = (context.floor.min_cell, context.has_few_objectors);
    dominance::hide(&mut personas, &mut other, &segments, profiles, cell);
    let primaries_note = role::assign_roles(&mut personas, everyone, context);
    let primaries = || personas.iter().filter(|persona| persona.role == Role::Primary);
    PersonaSet {
        primary_customer_share: primaries().map(|persona| persona.share).sum(),
        primary_value_share: everyone.value.map(|_| primaries().filter_map(|persona| persona.value_share).sum()),
        personas,
        other,
        ended: identities.ended,
        events: identities.events,
        is_redrawn: context.continuity == Continuity::Redrawn,
        bought_once,
        priority: context.priority.clone(),
        primaries_note,
    }
}
