//! Which models a run builds: those that wait for nothing that was not before it.

use std::collections::BTreeSet;

use super::Graph;
use crate::after::{After, FITTED_BY_LAST_MODELS, PREVIOUS};
use crate::error::{Error, Result};
use crate::model::Model;

impl Graph {
    /// The models of a run that read nothing of what was before, so that they need not wait for it.
    pub fn targets_of_now(&self) -> Vec<&str> {
        let reads_before = |name: &&str| {
            let mut references = self.ancestors(&[name]).into_iter().flat_map(|model| &model.references);
            references.any(|name| name.starts_with("previous.") || FITTED_BY_LAST_MODELS.contains(&name.as_str()))
        };
        let now = BTreeSet::new();
        self.targets(&now).into_iter().filter(|name| !reads_before(name)).collect()
    }

    /// What a run with such a past builds, in order: all that it publishes, and what its audits read.
    pub fn targets(&self, past: &BTreeSet<After>) -> Vec<&str> {
        let can_be_built = |model: &Model| self.needs(model).is_subset(past);
        let audited: BTreeSet<&str> = self
            .audits
            .iter()
            .filter(|audit| can_be_built(audit))
            .flat_map(|audit| audit.references.iter().map(String::as_str))
            .collect();
        let is_target =
            |model: &Model| can_be_built(model) && (model.front.publish || audited.contains(model.name.as_str()));
        let in_order = self.order.iter().filter_map(|name| self.models.get(name));
        in_order.filter(|model| is_target(model)).map(|model| model.name.as_str()).collect()
    }

    /// All that a model waits for: what it says, and what those models and tables wait for that it reads.
    fn needs(&self, model: &Model) -> BTreeSet<After> {
        let read: Vec<&str> = model.references.iter().map(String::as_str).collect();
        let ancestors = self.ancestors(&read);
        let models = || ancestors.iter().copied().chain([model]);
        let said = models().flat_map(|model| model.front.after.iter().copied());
        let given = models().flat_map(|model| &model.references).filter_map(|name| After::of_given(name));
        said.chain(given).flat_map(After::with_implied).collect()
    }

    /// Refuses a published model that says it waits for less than what it reads, an audit that says it waits, and a table of before
    /// that is never there.
    ///
    /// # Errors
    /// `Error::ModelFile`.
    pub(crate) fn check_after(&self) -> Result<()> {
        for model in self.models.values().chain(&self.audits) {
            let wrong = |problem: String| Err(Error::ModelFile { path: model.path.clone(), problem });
            let unknown = |name: &&String| {
                let table = name.strip_prefix("previous.");
                table.is_some_and(|table| PREVIOUS.iter().all(|(known, _)| *known != table))
            };
            if let Some(name) = model.references.iter().find(unknown) {
                let known: Vec<String> = PREVIOUS.iter().map(|(table, _)| format!("previous.{table}")).collect();
                return wrong(format!("reads `{name}`; of before there are {}", known.join(", ")));
            }
            if !model.front.after.is_empty() && !self.models.contains_key(&model.name) {
                return wrong(
                    "says `after`, which is for models: an audit runs where all is there that it reads".to_owned(),
                );
            }
            if let Some(after) = self.needs(model).first().filter(|_| model.front.facet.is_some()) {
                return wrong(format!(
                    "reads {}, which not every run has; a facet is counted in every run",
                    self.reads_after(model, *after)
                ));
            }
            let said: BTreeSet<After> = model.front.after.iter().copied().flat_map(After::with_implied).collect();
            if let Some(after) = self.needs(model).difference(&said).next()
                && model.front.publish
            {
                let word = after.word();
                return wrong(format!(
                    "reads {}, which not every run has; say after = \"{word}\" in its front matter, so that it is built where that is there",
                    self.reads_after(model, *after)
                ));
            }
        }
        Ok(())
    }

    /// What of all that a model reads is there only after something, for people.
    fn reads_after(&self, model: &Model, after: After) -> String {
        let waits = |reference: &String| match self.models.get(reference) {
            Some(read) => self.needs(read).contains(&after),
            None => After::of_given(reference).is_some_and(|given| given.with_implied().any(|one| one == after)),
        };
        let first = model.references.iter().find(|reference| waits(reference));
        first.map_or_else(|| "what is published before".to_owned(), |name| format!("`{name}`"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::path::Path;

    use super::*;

    const MODELS: [(&str, &str, &str); 6] = [
        ("now", "publish = true", "select key from steps"),
        ("steps", "", "select key from source.lines"),
        ("compared", "publish = true", "select key from previous.customers"),
        ("flows", "publish = true\nafter = \"previous\"", "select key from restated_steps"),
        ("restated_steps", "", "select key from previous.restated"),
        ("neighbours", "publish = true\nafter = [\"adjacent\"]", "select key from flows"),
    ];

    fn model(name: &str, front: &str, sql: &str) -> Model {
        let text = format!("/*---\nabout = \"a test\"\ngrain = [\"key\"]\n{front}\n---*/\n{sql}");
        Model::parse(Path::new(&format!("{name}.sql")), &text).unwrap()
    }

    fn graph(more: &[(&str, &str, &str)], audit: &str) -> Graph {
        let models = MODELS.iter().chain(more).map(|(name, front, sql)| ((*name).to_owned(), model(name, front, sql)));
        Graph {
            models: models.collect(),
            audits: vec![model("audit", "", audit)],
            absent: BTreeSet::new(),
            order: ["steps", "restated_steps", "now", "compared", "flows", "neighbours"].map(str::to_owned).to_vec(),
        }
    }

    #[test]
    fn what_a_run_builds_follows_from_what_was_before() {
        let graph = graph(&[], "select key from restated_steps");
        graph.check_after().unwrap();
        assert_eq!(graph.targets_of_now(), ["now"]);
        for (past, expected) in [
            (vec![], vec!["now", "compared"]),
            (vec![After::Previous], vec!["restated_steps", "now", "compared", "flows"]),
            (vec![After::Previous, After::Adjacent], vec!["restated_steps", "now", "compared", "flows", "neighbours"]),
        ] {
            assert_eq!(graph.targets(&past.iter().copied().collect()), expected, "{past:?}");
        }
    }

    #[test]
    fn a_model_says_what_it_waits_for() {
        for (front, sql, expected) in [
            ("publish = true", "select key from flows", Some("reads `flows`, which not every run has")),
            ("publish = true", "select key from previous.restated", Some("after = \"previous\"")),
            ("publish = true\nafter = \"previous\"", "select key from previous.revision", Some("after = \"revision\"")),
            ("publish = true\nafter = \"adjacent\"", "select key from previous.restated", None),
            ("publish = true\nafter = \"year_before\"", "select key from previous.customers_year_before", None),
            ("publish = true", "select key from previous.customers", None),
            ("", "select key from previous.restated", None),
            ("", "select key from previous.segments", Some("of before there are previous.customers,")),
        ] {
            let found = graph(&[("own", front, sql)], "select key from now").check_after();
            let found = found.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(expected.map_or(found.is_empty(), |expected| found.contains(expected)), "{sql}: {found}");
        }
    }
}
