//! What must lie before a run for a model to be built: a published period, the one just before it, a year ago, a revision.

use std::collections::BTreeSet;

use serde::de::{Deserialize, Deserializer, Error as _};

/// What a model waits for, as its front matter says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum After {
    /// A period of the market was published before.
    Previous,
    /// The last published period is the one just before this one.
    Adjacent,
    /// The same period a year ago was published whole, this one is whole, and the 12 months between them are over.
    YearBefore,
    /// This run replaces a revision.
    Revision,
    /// The personas are described, and what the facets say of them.
    Described,
}

const WORDS: [(After, &str); 5] = [
    (After::Previous, "previous"),
    (After::Adjacent, "adjacent"),
    (After::YearBefore, "year_before"),
    (After::Revision, "revision"),
    (After::Described, "described"),
];

/// Tables of the schema `previous`, and what each of them is there after. `customers` is always there, empty at first.
pub(crate) const PREVIOUS: [(&str, Option<After>); 4] = [
    ("customers", None),
    ("restated", Some(After::Previous)),
    ("customers_year_before", Some(After::YearBefore)),
    ("revision", Some(After::Revision)),
];

/// Tables of the schema `fitted` that are there only if something was published before.
pub(crate) const FITTED_BY_LAST_MODELS: [&str; 2] = ["fitted.last_outlooks", "fitted.last_segments"];

/// What the facets say, which is known when the personas are.
const DESCRIBED: &str = "fitted.persona_facets";

impl After {
    pub(crate) fn word(self) -> &'static str {
        WORDS.iter().find(|(after, _)| *after == self).map_or("", |(_, word)| word)
    }

    /// Whoever has a neighbour or a year before has something that was published before.
    pub(crate) fn with_implied(self) -> impl Iterator<Item = Self> {
        let implied = matches!(self, Self::Adjacent | Self::YearBefore).then_some(Self::Previous);
        [self].into_iter().chain(implied)
    }

    /// What a table that is given to the graph is there after.
    pub(crate) fn of_given(reference: &str) -> Option<Self> {
        if FITTED_BY_LAST_MODELS.contains(&reference) {
            return Some(Self::Previous);
        }
        if reference == DESCRIBED {
            return Some(Self::Described);
        }
        let table = reference.strip_prefix("previous.")?;
        PREVIOUS.iter().find(|(name, _)| *name == table).and_then(|(_, after)| *after)
    }
}

/// One word, or several in a list.
pub(crate) fn read<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<BTreeSet<After>, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Written {
        One(String),
        Several(Vec<String>),
    }
    let words = match Written::deserialize(from).map_err(|_| D::Error::custom("`after` is no word or list of words"))? {
        Written::One(word) => vec![word],
        Written::Several(words) => words,
    };
    let known = |word: &String| WORDS.iter().find(|(_, known)| known == word).map(|(after, _)| *after);
    let unknown = |word: &String| {
        let expected: Vec<&str> = WORDS.iter().map(|(_, word)| *word).collect();
        D::Error::custom(format!("after = \"{word}\"; expected {}", expected.join(", ")))
    };
    words.iter().map(|word| known(word).ok_or_else(|| unknown(word))).collect()
}
