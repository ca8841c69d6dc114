//! `driftline preview`: how a report reads, from its samples, without data.

use std::path::Path;

use driftline_core::report::Report;
use driftline_report::Templates;
use driftline_report::view::Letter;

use crate::command::args::{self, Cli};
use crate::command::output::{say, say_json};
use crate::error::{Error, InPlace, Result};
use crate::setup::project::Project;

pub(super) fn execute(cli: &Cli, args: &args::Preview, project: &Project) -> Result<()> {
    let templates = Templates::read(&project.reports(&args.report)).in_place("reports")?;
    let reports: Vec<(String, Report)> = match &args.from {
        Some(path) => {
            let bytes = std::fs::read(path).map_err(|source| Error::ProjectFile { path: path.clone(), source })?;
            vec![("report".to_owned(), serde_json::from_slice(&bytes)?)]
        }
        None => {
            let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            templates.samples().in_place("reports")?.into_iter().map(|(path, report)| (stem(&path), report)).collect()
        }
    };
    let mut written = Vec::new();
    for (name, mut report) in reports {
        report.locale = args.locale.unwrap_or(report.locale);
        let letter = Letter {
            audience: args.role.unwrap_or_default(),
            report_location: "report.html",
            reason: "This is a preview.",
            write_to: "insight@example.com",
        };
        let mail = templates.mail(&report, &letter).in_place(&name)?;
        let page = templates.page(&report).in_place(&name)?;
        let folder = args.out.join(&name);
        std::fs::create_dir_all(&folder).map_err(|source| Error::Output { path: folder.clone(), source })?;
        // A browser does not know content ids: beside the page the pictures are files.
        let mut html = mail.html;
        for picture in &mail.pictures {
            html = html.replace(&format!("cid:{}", picture.content_id), &format!("{}.png", picture.content_id));
        }
        let texts =
            [("subject.txt", mail.subject), ("mail.txt", mail.text), ("mail.html", html), ("report.html", page)];
        let texts = texts.map(|(file, text)| (file.to_owned(), text.into_bytes()));
        let pictures = mail.pictures.into_iter().map(|picture| (format!("{}.png", picture.content_id), picture.png));
        for (file, bytes) in texts.into_iter().chain(pictures) {
            let path = folder.join(file);
            std::fs::write(&path, bytes).map_err(|source| Error::Output { path: path.clone(), source })?;
            written.push(path.display().to_string());
        }
    }
    if args.open {
        let pages = written.iter().filter(|path| path.ends_with(".html"));
        pages.for_each(|path| open(path));
    }
    if cli.json {
        say_json(&written)?;
    } else {
        written.iter().for_each(say);
        say("next: open mail.html and report.html in a browser");
    }
    Ok(())
}

/// Shows a page in the desktop's browser; where there is none, the path was printed.
fn open(path: &str) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if let Err(error) = std::process::Command::new(program).arg(path).spawn() {
        tracing::warn!("{program} {path}: {error}; open it by hand");
    }
}
