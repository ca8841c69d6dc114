//! Templates format, they never compute: Tera over the report, with filters for money, shares and counts.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use driftline_core::basics::locale::{Locale, Words};
use driftline_core::basics::plain;
use driftline_core::report::{HeadlineKind, Report};
use driftline_core::{Currency, Minor};
use tera::{Context, Kwargs, State, Tera};

use crate::brand::Brand;
use crate::error::{Error, Result};
use crate::picture::{self, Picture};
use crate::view::{Letter, View};

/// The three parts of a mail, as templates give them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailText {
    pub subject: String,
    pub text: String,
    pub html: String,
    /// What the HTML shows by `cid:`, at most three.
    pub pictures: Vec<Picture>,
}

/// A folder of templates: `subject.txt`, `body.txt`, `body.html` for a mail, `report.html` with `card.html` for the page,
/// `brand.toml` for how they look.
///
/// A folder below it that is named like a language, such as `de/`, holds those files that reports of that language have instead.
#[derive(Clone, Debug)]
pub struct Templates {
    folder: PathBuf,
    /// One a language, in the order of `Locale::ALL`.
    languages: Vec<Language>,
}

/// The files of one language, its own and those that it shares with others.
#[derive(Clone, Debug)]
struct Language {
    locale: Locale,
    files: Vec<(String, String)>,
    brand: Brand,
}

const MAIL: [&str; 3] = ["subject.txt", "body.txt", "body.html"];
const PAGE: &str = "report.html";
/// Components of the page that the site uses too.
const CARD: &str = "card.html";
/// The folder beside a company's own whose files stand in for those that it does not have.
const BASE: &str = "drift";

impl Templates {
    /// Reads a folder and compiles what is in it, in every language. A file is looked for in the language's folder, in the folder
    /// itself, and then likewise in `drift/` beside it.
    ///
    /// # Errors
    /// `Error::Read` if one of the files is in neither, `Error::Brand` if `brand.toml` is wrong, `Error::Template` with Tera's own pointer to the line if one does not
    /// compile.
    pub fn read(folder: &Path) -> Result<Self> {
        let languages =
            Locale::ALL.into_iter().map(|locale| Language::read(folder, locale)).collect::<Result<Vec<_>>>()?;
        if !folder.is_dir() {
            let source = std::io::Error::from(std::io::ErrorKind::NotFound);
            return Err(Error::Read { path: folder.to_owned(), source });
        }
        let templates = Self { folder: folder.to_owned(), languages };
        let currency = "EUR".parse().map_err(|_| templates.wrong("currency", "EUR".to_owned()))?;
        for locale in templates.distinct() {
            templates.engine(locale, &currency)?;
        }
        Ok(templates)
    }

    /// Languages whose text is not that of one before: one of each that a reader could get.
    pub fn distinct(&self) -> Vec<Locale> {
        let is_new = |(place, language): &(usize, &Language)| {
            self.languages[..*place].iter().all(|other| other.files != language.files)
        };
        self.languages.iter().enumerate().filter(is_new).map(|(_, language)| language.locale).collect()
    }

    fn language(&self, locale: Locale) -> Result<&Language> {
        let found = self.languages.iter().find(|language| language.locale == locale);
        found.ok_or_else(|| self.wrong(locale.code(), "no such language".to_owned()))
    }

    /// The components of a card in a language.
    pub(crate) fn card(&self, locale: Locale) -> Result<&str> {
        let files = &self.language(locale)?.files;
        Ok(files.iter().find(|(name, _)| name == CARD).map_or("", |(_, text)| text))
    }

    /// The text of all files of a language, for the content id.
    pub fn text(&self, locale: Locale) -> String {
        let of_language = self.languages.iter().filter(|language| language.locale == locale);
        let text = |language: &Language| {
            let files: String = language.files.iter().map(|(name, text)| format!("{name}\n{text}\n")).collect();
            files + &language.brand.text
        };
        of_language.map(text).collect()
    }

    /// Refuses a folder below this one that is no language: nothing in it would ever be read.
    ///
    /// # Errors
    /// `Error::Template` naming the folder, `Error::Read` if this one cannot be read.
    pub fn check_folders(&self) -> Result<()> {
        let entries =
            std::fs::read_dir(&self.folder).map_err(|source| Error::Read { path: self.folder.clone(), source })?;
        let folders = entries.flatten().filter(|entry| entry.path().is_dir());
        let names = folders.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let is_unknown = |name: &String| Locale::ALL.iter().all(|locale| locale.code() != name);
        match names.filter(is_unknown).min() {
            Some(name) => {
                let known = Locale::ALL.map(Locale::code).join(", ");
                Err(self.wrong(&format!("{name}/"), format!("no language; expected one of {known}")))
            }
            None => Ok(()),
        }
    }

    fn wrong(&self, name: &str, problem: String) -> Error {
        Error::Template { folder: self.folder.clone(), name: name.to_owned(), problem }
    }

    fn engine(&self, locale: Locale, currency: &Currency) -> Result<Tera> {
        let mut tera = Self::filters(locale, currency);
        let files = self.language(locale)?.files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
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
        tera.register_filter("day", move |value: String, _: Kwargs, _: &State| {
            value.parse::<NaiveDate>().map(|day| locale.day(day)).unwrap_or(value)
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
        let rendered = tera.render(name, &context).map_err(|error| self.wrong(name, error.to_string()))?;
        Ok(plain::lines(&rendered))
    }

    /// Renders the mail.
    ///
    /// # Errors
    /// `Error::Template` naming the template, line and field if it uses a field that the report does not have.
    pub fn mail(&self, report: &Report, letter: &Letter<'_>) -> Result<MailText> {
        let tera = self.engine(report.locale, &report.currency)?;
        let brand = &self.language(report.locale)?.brand;
        let bridge = self.bridge_picture(report)?;
        let view = View { chart: bridge.as_ref().map(|picture| &picture.shown), ..View::new(report, letter, brand) };
        let one_line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(MailText {
            subject: one_line(self.render(&tera, "subject.txt", &view)?),
            text: self.render(&tera, "body.txt", &view)?,
            html: self.render(&tera, "body.html", &view)?,
            pictures: brand.picture().into_iter().chain(bridge).collect(),
        })
    }

    /// The waterfall of the headline's bridge, for a mail that shows one.
    fn bridge_picture(&self, report: &Report) -> Result<Option<Picture>> {
        let is_shown = !matches!(
            report.headline.kind,
            HeadlineKind::NoMaterialChange | HeadlineKind::NotEnoughData | HeadlineKind::DataAlarm
        );
        let Some(bridge) = report.headline_bridge().filter(|_| is_shown) else { return Ok(None) };
        let words = Words { locale: report.locale, currency: report.currency.clone() };
        let titles = [report.previous_title.as_deref().unwrap_or("before"), report.period_title.as_str()];
        picture::waterfall(bridge, titles, &words, &report.headline.sentence).map(Some)
    }

    /// Renders the report page.
    ///
    /// # Errors
    /// As [`Templates::mail`].
    pub fn page(&self, report: &Report) -> Result<String> {
        let tera = self.engine(report.locale, &report.currency)?;
        self.render(
            &tera,
            PAGE,
            &View::new(report, &Letter::default(), &self.language(report.locale)?.brand.embedded()),
        )
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

impl Language {
    fn read(folder: &Path, locale: Locale) -> Result<Self> {
        let base = folder.with_file_name(BASE);
        let places = [folder.join(locale.code()), folder.to_owned(), base.join(locale.code()), base];
        let files = MAIL
            .iter()
            .chain([&PAGE, &CARD])
            .map(|name| {
                let found = places.iter().map(|place| place.join(name)).find(|path| path.is_file());
                let path = found.unwrap_or_else(|| places[places.len() - 1].join(name));
                let text = std::fs::read_to_string(&path).map_err(|source| Error::Read { path, source })?;
                Ok(((*name).to_owned(), text))
            })
            .collect::<Result<Vec<_>>>()?;
        let own = places[..2].iter().find(|place| place.join("brand.toml").is_file());
        let brand = Brand::read(own.unwrap_or(&places[1]))?;
        Ok(Self { locale, files, brand })
    }
}

#[cfg(test)]
mod language_tests;
#[cfg(test)]
mod tests;
