//! Templates format, they never compute: Tera over the report, with filters for money, shares and counts.

use std::path::{Path, PathBuf};

use driftline_core::report::Report;
use driftline_core::sentence::Locale;
use driftline_core::{Currency, Minor};
use tera::{Context, Kwargs, State, Tera};

use crate::error::{Error, Result};
use crate::view::View;

/// The three parts of a mail, as templates give them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailText {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// A folder of templates: `subject.txt`, `body.txt`, `body.html` for a mail, `report.html` for the page.
#[derive(Clone, Debug)]
pub struct Templates {
    folder: PathBuf,
    files: Vec<(String, String)>,
}

const MAIL: [&str; 3] = ["subject.txt", "body.txt", "body.html"];
const PAGE: &str = "report.html";

impl Templates {
    /// Reads a folder and compiles what is in it.
    ///
    /// # Errors
    /// `Error::Read` if one of the four files is missing, `Error::Template` with Tera's own pointer to the line if one does not
    /// compile.
    pub fn read(folder: &Path) -> Result<Self> {
        let files = MAIL
            .iter()
            .chain([&PAGE])
            .map(|name| {
                let path = folder.join(name);
                let text = std::fs::read_to_string(&path).map_err(|source| Error::Read { path, source })?;
                Ok(((*name).to_owned(), text))
            })
            .collect::<Result<Vec<_>>>()?;
        let templates = Self { folder: folder.to_owned(), files };
        templates.engine(Locale::En, &"EUR".parse().map_err(|_| templates.wrong("currency", "EUR".to_owned()))?)?;
        Ok(templates)
    }

    /// The text of all files, for the content id.
    pub fn text(&self) -> String {
        self.files.iter().map(|(name, text)| format!("{name}\n{text}\n")).collect()
    }

    fn wrong(&self, name: &str, problem: String) -> Error {
        Error::Template { folder: self.folder.clone(), name: name.to_owned(), problem }
    }

    fn engine(&self, locale: Locale, currency: &Currency) -> Result<Tera> {
        let mut tera = Self::filters(locale, currency);
        let files = self.files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        tera.add_raw_templates(files).map_err(|error| self.wrong("", error.to_string()))?;
        Ok(tera)
    }

    /// An engine without templates, whose filters write numbers as a locale and a currency say.
    pub(crate) fn filters(locale: Locale, currency: &Currency) -> Tera {
        let mut tera = Tera::default();
        let minor = |value: f64| Minor(value.round() as i64);
        let money_in = currency.clone();
        tera.register_filter("money", move |value: f64, _: Kwargs, _: &State| locale.money(minor(value), &money_in));
        let signed_in = currency.clone();
        tera.register_filter("signed_money", move |value: f64, _: Kwargs, _: &State| {
            locale.signed_money(minor(value), &signed_in)
        });
        let major_in = currency.clone();
        tera.register_filter("major", move |value: f64, _: Kwargs, _: &State| {
            locale.money(minor(100.0 * value), &major_in)
        });
        tera.register_filter("percent", move |value: f64, options: Kwargs, _: &State| {
            Ok::<_, tera::Error>(locale.percent(value, options.get::<usize>("decimals")?.unwrap_or(1)))
        });
        tera.register_filter("signed_percent", move |value: f64, _: Kwargs, _: &State| locale.signed_percent(value, 1));
        tera.register_filter("points", move |value: f64, _: Kwargs, _: &State| locale.points(value));
        tera.register_filter("count", move |value: f64, _: Kwargs, _: &State| locale.number(value, 0));
        tera.register_filter("number", move |value: f64, options: Kwargs, _: &State| {
            Ok::<_, tera::Error>(locale.number(value, options.get::<usize>("decimals")?.unwrap_or(0)))
        });
        tera.register_filter("pad", |value: String, options: Kwargs, _: &State| {
            let width = options.get::<usize>("width")?.unwrap_or(0);
            let padding = " ".repeat(width.saturating_sub(value.chars().count()));
            let left = options.get::<bool>("left")?.unwrap_or(false);
            Ok::<_, tera::Error>(if left { format!("{padding}{value}") } else { format!("{value}{padding}") })
        });
        tera
    }

    fn render(&self, tera: &Tera, name: &str, view: &View<'_>) -> Result<String> {
        let context = Context::from_serialize(view).map_err(|error| self.wrong(name, error.to_string()))?;
        tera.render(name, &context).map_err(|error| self.wrong(name, error.to_string()))
    }

    /// Renders the mail.
    ///
    /// # Errors
    /// `Error::Template` naming the template, line and field if it uses a field that the report does not have.
    pub fn mail(&self, report: &Report, report_location: &str, recipient_reason: &str) -> Result<MailText> {
        let tera = self.engine(report.locale, &report.currency)?;
        let view = View::new(report, report_location, recipient_reason);
        let one_line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(MailText {
            subject: one_line(self.render(&tera, "subject.txt", &view)?),
            text: self.render(&tera, "body.txt", &view)?,
            html: self.render(&tera, "body.html", &view)?,
        })
    }

    /// Renders the report page.
    ///
    /// # Errors
    /// As [`Templates::mail`].
    pub fn page(&self, report: &Report) -> Result<String> {
        let tera = self.engine(report.locale, &report.currency)?;
        self.render(&tera, PAGE, &View::new(report, "", ""))
    }

    /// The sample reports of the folder: every `sample*.json`.
    ///
    /// # Errors
    /// `Error::Sample` if there is none or one is no report.
    pub fn samples(&self) -> Result<Vec<(PathBuf, Report)>> {
        let none = || Error::Sample {
            path: self.folder.join("sample.json"),
            problem: "no sample report in the folder".to_owned(),
        };
        let entries = std::fs::read_dir(&self.folder).map_err(|_| none())?;
        let mut paths: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                name.starts_with("sample") && name.ends_with(".json")
            })
            .collect();
        paths.sort();
        if paths.is_empty() {
            return Err(none());
        }
        let read = |path: PathBuf| {
            let wrong = |problem: String| Error::Sample { path: path.clone(), problem };
            let text = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
            let report = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
            Ok((path.clone(), report))
        };
        paths.into_iter().map(read).collect()
    }
}
