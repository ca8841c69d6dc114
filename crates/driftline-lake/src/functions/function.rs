//! The functions, and what they take.

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::logical_expr::TypeSignature;

/// The functions, in the order of `sql/README.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Function {
    /// `pseudonym(key, id)`: the first 63 bits of HMAC-SHA256, a positive integer; null for a null or blank id.
    Pseudonym,
    /// `text_key(text)`: 63 bits of XXH3, for counting and joining long texts; null for null.
    TextKey,
    /// `local_date(utc_timestamp, zone)`: the calendar day in an IANA time zone.
    LocalDate,
    /// `days_between(from, to)`: whole days, negative if `to` is earlier.
    DaysBetween,
    /// `month_number(date)`: whole months since January of the year 0.
    MonthNumber,
    /// `natural_log(number)`: the same bits on every machine; null for null, and for nothing above zero.
    NaturalLog,
    /// `p_alive(model, p1, p2, p3, p4, x, t_x, age)`.
    ProbabilityAlive,
    /// `p_no_purchase(model, p1, p2, p3, p4, x, t_x, age, horizon)`.
    ProbabilityNoPurchase,
    /// `expected_purchases(model, p1, p2, p3, p4, x, t_x, age, horizon)`.
    ExpectedPurchases,
    /// `discounted_purchases(model, p1, p2, p3, p4, x, t_x, age, periods, period_length, discount)`.
    DiscountedPurchases,
    /// `time_to_purchase(model, p1, p2, p3, p4, x, t_x, age, probability)`.
    TimeToPurchase,
    /// `expected_spend(p, q, gamma, own_above, x, mean)`.
    ExpectedSpend,
}

impl Function {
    /// The types that it takes. Ids are taken in either layout of text: millions of them are not copied into the other.
    pub(super) fn arguments(self) -> Vec<TypeSignature> {
        let model = |numbers: usize| {
            let mut types = vec![DataType::Utf8];
            types.extend(std::iter::repeat_n(DataType::Float64, 4 + numbers));
            vec![types]
        };
        let types = match self {
            Self::Pseudonym => {
                vec![vec![DataType::Utf8, DataType::Utf8], vec![DataType::Utf8, DataType::Utf8View]]
            }
            Self::TextKey => vec![vec![DataType::Utf8], vec![DataType::Utf8View]],
            Self::LocalDate => vec![vec![DataType::Timestamp(TimeUnit::Microsecond, None), DataType::Utf8]],
            Self::DaysBetween => vec![vec![DataType::Date32, DataType::Date32]],
            Self::MonthNumber => vec![vec![DataType::Date32]],
            Self::NaturalLog => vec![vec![DataType::Float64]],
            Self::ProbabilityAlive => model(3),
            Self::ProbabilityNoPurchase | Self::ExpectedPurchases | Self::TimeToPurchase => model(4),
            Self::DiscountedPurchases => model(6),
            Self::ExpectedSpend => vec![vec![DataType::Float64; 6]],
        };
        types.into_iter().map(TypeSignature::Exact).collect()
    }
}
