//! What is compared: one column of one sample.

use std::collections::BTreeMap;

use super::kind::Kind;

/// One column of one sample.
#[derive(Clone, Debug, PartialEq)]
pub enum Sample {
    /// Numbers in any order. What is not finite counts as missing.
    Numbers { values: Vec<f64>, nulls: u64 },
    /// How often each category comes. `is_complete` is false if counting was given up at [`super::CATEGORIES_MOST`].
    Categories { counts: BTreeMap<String, u64>, values: u64, nulls: u64, is_complete: bool },
    /// A column without a type: nothing but missing values.
    Empty { nulls: u64 },
    /// A type that is not compared, or a column that cannot be read.
    Unknown { what: String, rows: u64 },
    /// No such column.
    Absent,
}

impl Sample {
    pub(super) fn counts(&self) -> (u64, u64) {
        match self {
            Self::Numbers { values, nulls } => {
                let finite = values.iter().filter(|value| value.is_finite()).count() as u64;
                (finite, nulls + values.len() as u64 - finite)
            }
            Self::Categories { values, nulls, .. } => (*values, *nulls),
            Self::Empty { nulls } => (0, *nulls),
            Self::Unknown { rows, .. } => (*rows, 0),
            Self::Absent => (0, 0),
        }
    }

    pub(super) fn rows(&self) -> u64 {
        let (values, nulls) = self.counts();
        values + nulls
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Numbers { .. } => Kind::Numeric,
            Self::Categories { .. } => Kind::Categorical,
            Self::Empty { .. } | Self::Unknown { .. } | Self::Absent => Kind::Unknown,
        }
    }
}
