//! Many processes on one warehouse, for long: `run --due` and the daemon.

use std::collections::BTreeSet;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::mail_server::{fresh_address, mails_to};
use crate::operations::{command, files_below, settings, until_nothing_waits};
use crate::product::{self, TestResult, equal};

/// Two processes, then eight, on the due periods of all markets of a real export: more than fifty, each published once and, with
/// a mail server, mailed once. First processes of `run --due`, then daemons, which come to the same periods.
pub(crate) fn fifty_intervals() -> TestResult {
    let shared = std::env::var("DRIFTLINE_SHARED").map_err(|error| error.to_string())?;
    let exports = product::root().join(shared).join("data/online_retail");
    let mut expected = BTreeSet::new();
    for workers in [Workers::Looks(2), Workers::Looks(8), Workers::Daemons(2), Workers::Daemons(8)] {
        let folder = product::folder()?;
        let address = fresh_address("intervals");
        let mut settings = settings(folder.path(), "2011Q2", "all", Some(&address));
        settings.push("schedule.mail_caught_up=true".to_owned());
        settings.push(format!("exports.url={}", exports.display()));
        match workers {
            Workers::Looks(processes) => look_at_once(processes, &settings)?,
            Workers::Daemons(processes) => watch_until(processes, &settings, || {
                slots(&publications(folder.path())).is_superset(&expected)
                    && (!has_mail_server() || Ok(expected.len()) == mails_to(&address).map(|mails| mails.len()))
            })?,
        }
        let records = publications(folder.path());
        let found = slots(&records);
        equal(&format!("publications by {workers:?}"), records.len(), found.len())?;
        if has_mail_server() {
            equal(&format!("mails by {workers:?}"), mails_to(&address)?.len(), found.len())?;
        }
        if expected.is_empty() {
            equal("fifty periods are due", found.len() >= 50, true)?;
            expected.clone_from(&found);
        }
        equal(&format!("what {workers:?} published"), found, expected.clone())?;
    }
    Ok(())
}

/// Who looks at one warehouse at once, and how many of them.
#[derive(Debug, Clone, Copy)]
enum Workers {
    Looks(usize),
    Daemons(usize),
}

fn has_mail_server() -> bool {
    std::env::var_os("DRIFTLINE_SMTP").is_some()
}

/// The records of all publications in a warehouse.
fn publications(warehouse: &Path) -> Vec<PathBuf> {
    let is_record = |path: &PathBuf| path.parent().is_some_and(|folder| folder.ends_with("published"));
    files_below(warehouse).into_iter().filter(is_record).collect()
}

/// Markets and periods that have a publication, like `gb/2011Q2`.
fn slots(records: &[PathBuf]) -> BTreeSet<String> {
    let place = |record: &PathBuf| {
        let period = record.parent()?.parent()?;
        Some(format!("{}/{}", period.parent()?.file_name()?.display(), period.file_name()?.display()))
    };
    records.iter().filter_map(place).collect()
}

/// So many processes of `run --due` at once, then one after another until nothing waits: whoever was second left the work to the
/// first.
fn look_at_once(processes: usize, settings: &[String]) -> TestResult {
    let due = ["--json", "run", "--due", "jobs/online-retail.toml", "--now", "2011-10-05T06:00:00Z"];
    let start = || {
        let mut command = command(&due, settings)?;
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| error.to_string())
    };
    let children: Vec<Child> = (0..processes).map(|_| start()).collect::<Result<_, String>>()?;
    for mut child in children {
        equal("exit code of one of several", child.wait().map_err(|error| error.to_string())?.code(), Some(0))?;
    }
    until_nothing_waits("online-retail", &due, settings)
}

/// So many daemons at once by the real clock, told to stop once `is_done`; each must then end by itself, without an error. What
/// came due after the exports end waits for them, whatever today is.
fn watch_until(processes: usize, settings: &[String], is_done: impl Fn() -> bool) -> TestResult {
    let (sender, lines) = std::sync::mpsc::channel();
    let mut daemons: Vec<Child> = Vec::new();
    for _ in 0..processes {
        let mut command = command(&["schedule", "jobs/online-retail.toml"], settings)?;
        let mut daemon =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(|error| error.to_string())?;
        let said = daemon.stdout.take().ok_or("a daemon without output")?;
        let sender = sender.clone();
        std::thread::spawn(move || {
            std::io::BufReader::new(said).lines().map_while(Result::ok).all(|line| sender.send(line).is_ok())
        });
        daemons.push(daemon);
    }
    drop(sender);
    // Every line that a daemon prints is news; if there is none for ten minutes, there will be none.
    let mut last = String::new();
    while !is_done() {
        match lines.recv_timeout(std::time::Duration::from_mins(10)) {
            Ok(line) => last = line,
            Err(error) => {
                let _ = daemons.iter_mut().map(Child::kill).count();
                return Err(format!("daemons said nothing more ({error}); the last line: {last}"));
            }
        }
    }
    for daemon in &daemons {
        let told = Command::new("kill").args(["-TERM", &daemon.id().to_string()]).status();
        equal("told to stop", told.map_err(|error| error.to_string())?.success(), true)?;
    }
    for mut daemon in daemons {
        equal("exit code of a daemon", daemon.wait().map_err(|error| error.to_string())?.code(), Some(0))?;
    }
    Ok(())
}
