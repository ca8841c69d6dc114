//! The site's templates: Tera over the shapes of `pages`, a style sheet and a script that are copied as they are.

use std::path::{Path, PathBuf};

use driftline_core::Currency;
use driftline_core::basics::locale::Locale;
use driftline_core::basics::plain;
use serde::Serialize;
use tera::{Context, Tera};

use crate::error::{Error, Result};
use crate::template::Templates;

/// A folder of templates for the persona repository.
#[derive(Clone, Debug)]
pub struct SiteTemplates {
    folder: PathBuf,
    files: Vec<(&'static str, String)>,
}

/// The inside of a card is the report page's.
const CARD: &str = "card.html";

const PAGES: [&str; 8] = [
    "frame.html",
    "parts.html",
    "index.html",
    "market.html",
    "tree.html",
    "compare.html",
    "report.html",
    "persona.html",
];
const GLOSSARY: &str = "glossary.html";
/// Written beside the index, byte for byte.
pub(super) const COPIED: [&str; 2] = ["style.css", "site.js"];

impl SiteTemplates {
    /// Reads a folder and compiles what is in it, with the card of the job's report in the site's language.
    ///
    /// # Errors
    /// `Error::Read` if a file is missing, `Error::Template` with Tera's own pointer to the line if one does not compile.
    pub fn read(folder: &Path, report: &Templates, locale: Locale) -> Result<Self> {
        let mut files = PAGES
            .into_iter()
            .chain([GLOSSARY])
            .chain(COPIED)
            .map(|name| {
                let path = folder.join(name);
                let text = std::fs::read_to_string(&path).map_err(|source| Error::Read { path, source })?;
                Ok((name, text))
            })
            .collect::<Result<Vec<_>>>()?;
        files.push((CARD, report.card(locale)?.to_owned()));
        let templates = Self { folder: folder.to_owned(), files };
        templates.engine(Locale::En, &"EUR".parse().map_err(|_| templates.wrong("currency", "EUR".to_owned()))?)?;
        Ok(templates)
    }

    fn wrong(&self, name: &str, problem: String) -> Error {
        Error::Template { folder: self.folder.clone(), name: name.to_owned(), problem }
    }

    /// The text of a file that is copied.
    pub(super) fn copied(&self, name: &str) -> &str {
        self.files.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text.as_str())
    }

    pub(super) fn engine(&self, locale: Locale, currency: &Currency) -> Result<Tera> {
        let mut tera = Templates::filters(locale, currency);
        let pages = self.files.iter().filter(|(name, _)| name.ends_with(".html"));
        tera.add_raw_templates(pages.map(|(name, text)| (*name, text.as_str())))
            .map_err(|error| self.wrong("", error.to_string()))?;
        Ok(tera)
    }

    pub(super) fn render(&self, tera: &Tera, name: &str, context: &impl Serialize) -> Result<Vec<u8>> {
        let context = Context::from_serialize(context).map_err(|error| self.wrong(name, error.to_string()))?;
        let rendered = tera.render(name, &context).map_err(|error| self.wrong(name, error.to_string()))?;
        Ok(plain::lines(&rendered).into_bytes())
    }
}
