//! The key that makes customer numbers pseudonyms: from the environment variable that the job names, or the public one for trials.

use std::fmt;

use crate::error::{Error, Result};
use crate::setup::job::Job;

/// What stands in where no key is set. Everybody knows it, so whoever has a customer number can compute its pseudonym.
const DEVELOPMENT: &str = "driftline development key";

/// A key that is shown nowhere.
#[derive(Clone)]
pub struct PseudonymKey {
    value: String,
    pub is_development: bool,
}

impl PseudonymKey {
    /// The key of a job. A variable that is there and holds no key is refused, not taken for one that is not set: another key
    /// makes every customer a new person.
    ///
    /// # Errors
    /// `Error::Job` if the variable is blank or not text.
    pub(crate) fn of(job: &Job, environment: &[(String, String)]) -> Result<Self> {
        let name = &job.privacy.pseudonym_key_env;
        let Some((_, value)) = environment.iter().find(|(variable, _)| variable == name) else {
            return Ok(Self { value: DEVELOPMENT.to_owned(), is_development: true });
        };
        let wrong = |problem: &str| Error::Job {
            path: job.path.clone(),
            problem: format!(
                "the environment variable {name} (privacy.pseudonym_key_env) {problem}; set it to the secret of this warehouse, \
                 or unset it to try things out with the public development key"
            ),
        };
        if value.trim().is_empty() {
            return Err(wrong("is set and empty"));
        }
        // What is no UTF-8 was read with this mark in its place.
        if value.contains(char::REPLACEMENT_CHARACTER) {
            return Err(wrong("is not UTF-8 text"));
        }
        Ok(Self { is_development: value == DEVELOPMENT, value: value.clone() })
    }

    /// The key itself, for the lake alone.
    pub(crate) fn secret(&self) -> &str {
        &self.value
    }

    /// What a person is told of a public key that the job does not allow.
    pub(crate) fn warning(&self, job: &Job) -> Option<String> {
        let privacy = &job.privacy;
        (self.is_development && !privacy.allow_development_key).then(|| {
            format!(
                "pseudonyms of the job {} use the public development key: whoever has a customer number can find its row in the \
                 published tables. Set {} to a long secret and keep it; or say privacy.allow_development_key = true in jobs/{}.toml, \
                 if these are no real customers",
                job.name,
                privacy.pseudonym_key_env,
                job.name
            )
        })
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PseudonymKey(…)")
    }
}
