//! Templates in several languages: which file a market's reader gets, and what is refused.
#![expect(clippy::unwrap_used, reason = "tests")]

use driftline_core::report::Audience;

use super::*;

/// A project's `reports/` with files below it, beside the shipped `drift/`; removed at the end.
struct Reports(PathBuf);

impl Reports {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let root = std::env::temp_dir().join(format!("driftline-templates-{}-{name}", std::process::id()));
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reports/drift");
        std::fs::create_dir_all(root.join("drift")).unwrap();
        for name in MAIL.iter().chain(&[PAGE, CARD, "sample.json"]) {
            std::fs::copy(shipped.join(name), root.join("drift").join(name)).unwrap();
        }
        for (path, text) in files {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), text).unwrap();
        }
        Self(root)
    }
}

impl Drop for Reports {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn subject(templates: &Templates, report: &Report, locale: Locale) -> MailText {
    let letter =
        Letter { audience: Audience::Everyone, report_location: "r.html", reason: "t", write_to: "a@b.example" };
    templates.mail(&Report { locale, ..report.clone() }, &letter).unwrap()
}

#[test]
fn each_language_has_its_files_and_shares_the_others() {
    let reports = Reports::new(
        "languages",
        &[
            ("acme/subject.txt", "own: {{ report.period_title }}"),
            ("acme/de/subject.txt", "Bericht {{ report.period_title }}"),
            ("acme/de/brand.toml", "name = \"Acme Einblick\""),
            ("acme/brand.toml", "name = \"Acme Insight\""),
            ("drift/fr/body.txt", "Bonjour"),
            ("drift/fr/subject.txt", "Rapport"),
        ],
    );
    let templates = Templates::read(&reports.0.join("acme")).unwrap();
    let report = Templates::read(&reports.0.join("drift")).unwrap().samples().unwrap().remove(0).1;
    let mails = Locale::ALL.map(|locale| subject(&templates, &report, locale));
    // A company's own file goes before the shipped one, whatever its language.
    let title = &report.period_title;
    assert_eq!(
        mails.each_ref().map(|mail| mail.subject.clone()),
        [format!("own: {title}"), format!("Bericht {title}"), format!("own: {title}")]
    );
    assert_eq!(mails.each_ref().map(|mail| mail.text == "Bonjour"), [false, false, true]);
    let brands = ["Acme Insight", "Acme Einblick", "Acme Insight"];
    assert!(mails.iter().zip(brands).all(|(mail, brand)| mail.html.contains(brand)));
    // Numbers are the language's; a change of one language's words is no change of another's content.
    let value = report.kpis.iter().find(|kpi| kpi.key == "value_12_months").and_then(|kpi| kpi.now).unwrap();
    let written = [Locale::En, Locale::De].map(|locale| locale.number((value / 100.0).round(), 0));
    assert!(mails[0].html.contains(&written[0]) && mails[1].html.contains(&written[1]), "{written:?}");
    let texts = Locale::ALL.map(|locale| templates.text(locale));
    std::fs::write(reports.0.join("acme/de/subject.txt"), "Neu").unwrap();
    let changed = Templates::read(&reports.0.join("acme")).unwrap();
    let same =
        Locale::ALL.map(|locale| changed.text(locale) == texts[Locale::ALL.iter().position(|l| *l == locale).unwrap()]);
    assert_eq!(same, [true, false, true]);
    assert_eq!(templates.distinct(), Locale::ALL);
    assert_eq!(Templates::read(&reports.0.join("drift")).unwrap().distinct(), [Locale::En, Locale::Fr]);
}

#[test]
fn a_language_that_is_wrong_is_found_without_a_report_in_it() {
    let cases = [
        ("syntax", "acme/de/subject.txt", "{{ report.title", "subject.txt"),
        ("folder", "acme/it/subject.txt", "x", "it/"),
    ];
    for (name, path, text, says) in cases {
        let reports = Reports::new(name, &[(path, text)]);
        let read = Templates::read(&reports.0.join("acme")).and_then(|templates| templates.check_folders());
        let error = read.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}
