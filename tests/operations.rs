//! What must hold when nobody looks: several processes on one warehouse, processes that are killed, what is due and what waits.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::mail_server::{fresh_address, mails_to};
use crate::product::{self, NOW, TestResult, equal, holds};

/// Options that give the shipped job a schedule, a warehouse and, if there is one, a mail server.
pub(crate) fn settings(warehouse: &Path, start: &str, catch_up: &str, recipient: Option<&str>) -> Vec<String> {
    let mut settings = vec![
        format!("warehouse.url={}", warehouse.display()),
        "schedule.cron=0 6 2 1,4,7,10 *".to_owned(),
        "schedule.time_zone=America/New_York".to_owned(),
        format!("schedule.catch_up={catch_up}"),
        format!("schedule.start={start}"),
        "limits.lease_seconds=1".to_owned(),
    ];
    if let (Some(recipient), Some(server)) = (recipient, std::env::var_os("DRIFTLINE_SMTP")) {
        settings.extend([
            "mail.smtp.host=localhost".to_owned(),
            "mail.smtp.port=2526".to_owned(),
            "mail.smtp.encryption=starttls".to_owned(),
            "mail.smtp.user_env=TEST_SMTP_USER".to_owned(),
            "mail.smtp.password_env=TEST_SMTP_PASSWORD".to_owned(),
            format!("mail.smtp.ca_file={}", PathBuf::from(server).join("ca.pem").display()),
            format!("mail.recipients=[\"{recipient}\"]"),
        ]);
    }
    settings
}

pub(crate) fn command(arguments: &[&str], settings: &[String]) -> Result<Command, String> {
    let mut command = Command::new(product::program()?);
    command.current_dir(product::root()).args(arguments);
    for setting in settings {
        command.args(["--set", setting]);
    }
    command.env("TEST_SMTP_USER", "driftline").env("TEST_SMTP_PASSWORD", "secret").env_remove("RUST_LOG");
    Ok(command)
}

/// Three days after the last period of the exports is over.
const WHEN: &str = "2018-01-05T06:00:00Z";
const DUE: [&str; 6] = ["--json", "run", "--due", "jobs/complete-journey.toml", "--now", WHEN];

fn start(settings: &[String]) -> Result<Child, String> {
    let mut command = command(&DUE, settings)?;
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| error.to_string())
}

/// Looks until nobody else holds what is due and no mail waits.
fn until_done(settings: &[String]) -> TestResult {
    until_nothing_waits("complete-journey", &DUE, settings)
}

pub(crate) fn until_nothing_waits(job: &str, due: &[&str], settings: &[String]) -> TestResult {
    // A killed holder's lease of one second is over by the store's clock after some of these.
    for _ in 0..200 {
        let said = product::succeed(command(due, settings)?.output().map_err(|error| error.to_string())?)?;
        let outbox = ["--json", "outbox", "--job", job];
        let open = product::succeed(command(&outbox, settings)?.output().map_err(|error| error.to_string())?)?;
        let is_open = ["\"waiting\"", "\"unknown\""].iter().any(|state| open.contains(state));
        if !said.contains("\"elsewhere\"") && !is_open {
            return Ok(());
        }
    }
    Err("the lease of a killed process never ended".to_owned())
}

pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// What a publication names, with hashes; `None` if the period is not published.
fn published(warehouse: &Path, period: &str) -> Result<Option<serde_json::Value>, String> {
    let path = warehouse.join("complete-journey/us").join(period).join("published/000001.json");
    if !path.is_file() {
        return Ok(None);
    }
    Ok(Some(product::read_json(&path)?["objects"].clone()))
}

/// Eight processes at once on three due periods: each is published once.
pub(crate) fn many_processes() -> TestResult {
    let folder = product::folder()?;
    let address = fresh_address("many");
    let settings = settings(folder.path(), "2017Q2", "all", Some(&address));
    let children: Vec<Child> = (0..8).map(|_| start(&settings)).collect::<Result<_, _>>()?;
    for mut child in children {
        let status = child.wait().map_err(|error| error.to_string())?;
        equal("exit code of one of eight", status.code(), Some(0))?;
    }
    until_done(&settings)?;
    for period in ["2017Q2", "2017Q3", "2017Q4"] {
        let slot = folder.path().join("complete-journey/us").join(period);
        let publications = files_below(&slot.join("published"));
        equal(&format!("publications of {period}"), publications.len(), 1)?;
        // Whoever was second did not publish a later period while an earlier one was still in work.
        let record = product::read_json(&publications[0])?;
        let base = [("2017Q3", "2017Q2"), ("2017Q4", "2017Q3")].iter().find(|(later, _)| *later == period);
        let base = base.map_or(serde_json::Value::Null, |(_, earlier)| serde_json::Value::from(*earlier));
        equal(&format!("what {period} is compared with"), record["previous_period"].clone(), base)?;
    }
    if std::env::var_os("DRIFTLINE_SMTP").is_some() {
        // The two older periods were caught up: their mails are held.
        equal("mails of three periods by eight processes", mails_to(&address)?.len(), 1)?;
    }
    Ok(())
}

/// A process is killed after so many writes to the store; the next one ends with what an undisturbed run publishes.
pub(crate) fn killed() -> TestResult {
    let folder = product::folder()?;
    let warehouse = folder.path().join("w");
    let clean =
        || if warehouse.exists() { std::fs::remove_dir_all(&warehouse).map_err(|e| e.to_string()) } else { Ok(()) };
    let address = fresh_address("killed");
    let settings = settings(&warehouse, "2017Q4", "latest", Some(&address));
    until_done(&settings)?;
    let expected = published(&warehouse, "2017Q4")?.ok_or("the undisturbed run published nothing")?;
    let writes = files_below(&warehouse).len();
    let mut mailed = mails_to(&address)?.len();
    let all = std::env::var_os("DRIFTLINE_KILLS").is_some_and(|kills| kills == "all");
    let moments: Vec<usize> = if all { (1..=writes).collect() } else { (1..=writes).step_by(writes / 7).collect() };
    for after in moments {
        clean()?;
        let mut child = start(&settings)?;
        while files_below(&warehouse).len() < after && child.try_wait().map_err(|error| error.to_string())?.is_none() {
            std::thread::yield_now();
        }
        child.kill().map_err(|error| error.to_string())?;
        child.wait().map_err(|error| error.to_string())?;
        until_done(&settings)?;
        let place = format!("killed after {after} of {writes} writes");
        equal(&place, published(&warehouse, "2017Q4")?.as_ref(), Some(&expected))?;
        if std::env::var_os("DRIFTLINE_SMTP").is_some() {
            let sent = mails_to(&address)?.len() - mailed;
            // One more only where the kill fell between the hand-over and the receipt.
            if !(1..=2).contains(&sent) {
                return Err(format!("{place}: {sent} mails"));
            }
            let attempts =
                files_below(&warehouse).iter().filter(|path| path.to_string_lossy().contains(".attempt-")).count();
            equal(&format!("{place}: copies beyond the attempts"), sent > attempts, false)?;
            mailed += sent;
        }
    }
    Ok(())
}

/// A run that is killed after a table was finished: the next one takes the table over and publishes what an undisturbed run does.
pub(crate) fn taken_over() -> TestResult {
    let folder = product::folder()?;
    let scratch = folder.path().join("scratch");
    let on_disk = |warehouse: &str| {
        let mut settings = settings(&folder.path().join(warehouse), "2017Q4", "latest", None);
        settings.push("limits.in_memory=\"1\"".to_owned());
        settings.push("warehouse.public_url=https://example.com/reports".to_owned());
        settings
    };
    until_done(&on_disk("undisturbed"))?;
    let expected = published(&folder.path().join("undisturbed"), "2017Q4")?;
    let settings = on_disk("killed");
    std::fs::create_dir_all(&scratch).map_err(|error| error.to_string())?;
    let mut killed = command(&DUE, &settings)?;
    let mut killed = killed.env("TMPDIR", &scratch).stdout(Stdio::null()).spawn().map_err(|error| error.to_string())?;
    let is_finished =
        || files_below(&scratch).iter().any(|path| path.ends_with("tables/int_customers_summarised/finished.json"));
    while !is_finished() && killed.try_wait().map_err(|error| error.to_string())?.is_none() {
        std::thread::yield_now();
    }
    killed.kill().map_err(|error| error.to_string())?;
    killed.wait().map_err(|error| error.to_string())?;
    equal("the killed run published", published(&folder.path().join("killed"), "2017Q4")?, None)?;
    // Until the lease of the killed run is over.
    let mut attempts = 0;
    while published(&folder.path().join("killed"), "2017Q4")?.is_none() {
        let mut next = command(&DUE, &settings)?;
        product::succeed(next.env("TMPDIR", &scratch).output().map_err(|error| error.to_string())?)?;
        attempts += 1;
        equal("looks until the lease was over", attempts > 200, false)?;
    }
    equal("what is published", published(&folder.path().join("killed"), "2017Q4")?, expected)?;
    let notes = files_below(&folder.path().join("killed"));
    let is_noted = notes
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .any(|text| text.contains("taking over int_customer_days") && text.contains("int_customers_summarised"));
    equal("the ledger says what was taken over", is_noted, true)?;
    equal("temporary files that are left", files_below(&scratch).len(), 0)
}

/// A job that cannot be looked at is told to its owner once, and so is that it can be again.
pub(crate) fn trouble() -> TestResult {
    let folder = product::folder()?;
    let owner = fresh_address("owner");
    let mut settings = settings(&folder.path().join("w"), "2017Q4", "latest", Some(&fresh_address("reader")));
    settings.push(format!("mail.reply_to={owner}"));
    let exports = folder.path().join("exports");
    let mut broken = settings.clone();
    broken.push(format!("exports.url={}", exports.display()));
    let look = |settings: &[String]| -> Result<Option<i32>, String> {
        Ok(command(&DUE, settings)?.output().map_err(|error| error.to_string())?.status.code())
    };
    for said in ["first", "second"] {
        let code = look(&broken)?;
        equal(&format!("exit code of the {said} look"), code == Some(0) || code.is_none(), false)?;
        equal(&format!("mails to the owner after the {said} look"), mails_to(&owner)?.len(), 1)?;
    }
    equal("exit code once it answers", look(&settings)?, Some(0))?;
    equal("mails to the owner once it answers", mails_to(&owner)?.len(), 2)?;
    equal("exit code of one more look", look(&settings)?, Some(0))?;
    equal("mails to the owner of one more look", mails_to(&owner)?.len(), 2)
}

/// Each answer of the server has its own state in the outbox, no address is shown in full, and who left the job gets no mail.
pub(crate) fn outbox_states() -> TestResult {
    let folder = product::folder()?;
    let good = fresh_address("good");
    let mut settings = settings(folder.path(), "2017Q4", "latest", Some(&good));
    let people = |list: &[&str]| format!("mail.recipients=[\"{}\"]", list.join("\", \""));
    settings.pop();
    settings.push(people(&[&good, "later@example.com", "nobody@example.com", "drops@example.com"]));
    let run = ["run", "jobs/complete-journey.toml", "--period", "2017Q4", "--now", WHEN];
    let output = command(&run, &settings)?.output().map_err(|error| error.to_string())?;
    equal("exit code with three mails not taken", output.status.code(), Some(50))?;
    equal("the good one has it", mails_to(&good)?.len(), 1)?;
    let states = |settings: &[String]| -> Result<Vec<(String, String)>, String> {
        let outbox = ["--json", "outbox", "--job", "complete-journey"];
        let text = product::succeed(command(&outbox, settings)?.output().map_err(|error| error.to_string())?)?;
        if text.contains("nobody@") || text.contains("later@") {
            return Err(format!("the outbox shows an address: {text}"));
        }
        let lines: serde_json::Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let field = |line: &serde_json::Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let mut found: Vec<(String, String)> =
            lines.as_array().into_iter().flatten().map(|line| (field(line, "to"), field(line, "state"))).collect();
        found.sort();
        Ok(found)
    };
    let expected = |states: [(&str, &str); 3]| states.map(|(to, state)| (to.to_owned(), state.to_owned())).to_vec();
    let after_run = [("d…@example.com", "unknown"), ("l…@example.com", "waiting"), ("n…@example.com", "refused")];
    equal("states", states(&settings)?, expected(after_run))?;
    // Two people leave the job: what waits for them is left to a person.
    settings.pop();
    settings.push(people(&[&good]));
    product::succeed(command(&run, &settings)?.output().map_err(|error| error.to_string())?)?;
    let after_leaving = [("d…@example.com", "held"), ("l…@example.com", "held"), ("n…@example.com", "refused")];
    equal("states of people who left", states(&settings)?, expected(after_leaving))?;
    equal("the good one has it once", mails_to(&good)?.len(), 1)
}

/// What the schedule asks for before the exports hold all of it waits for them; `plan` and `run --due` say so.
pub(crate) fn waits_for_exports() -> TestResult {
    let folder = product::folder()?;
    let settings = settings(folder.path(), "2017Q4", "latest", None);
    let early = ["run", "--due", "jobs/complete-journey.toml", "--now", "2018-04-05T12:00:00Z"];
    let said = product::succeed(command(&early, &settings)?.output().map_err(|error| error.to_string())?)?;
    holds("run --due", &said, "2018Q1 waits")?;
    holds("run --due", &said, "the exports end on 2017-12-31")?;
    equal("nothing is published", published(folder.path(), "2018Q1")?.is_none(), true)?;
    let plan = ["plan", "jobs/complete-journey.toml", "--now", NOW];
    let said = product::succeed(command(&plan, &settings)?.output().map_err(|error| error.to_string())?)?;
    holds("plan", &said, "wait")
}

/// A revision's mail answers the mail that it corrects; `runs` lists both attempts, `prune` leaves what is published.
pub(crate) fn records() -> TestResult {
    let folder = product::folder()?;
    product::publish_complete_journey(folder.path(), "2017Q4", &[])?;
    product::publish_complete_journey(folder.path(), "2017Q4", &["--revise", "late export"])?;
    let setting = format!("warehouse.url={}", folder.path().display());
    let options = ["--job", "complete-journey", "--set", &setting];
    let mut arguments = vec!["runs"];
    arguments.extend(options);
    let runs = product::json(&arguments)?;
    let ids: Vec<&str> = runs.as_array().into_iter().flatten().filter_map(|run| run["id"].as_str()).collect();
    for run in ["us/2017Q4/attempt-000001", "us/2017Q4/attempt-000002"] {
        equal(&format!("runs lists {run}"), ids.contains(&run), true)?;
        let shown = product::run(&["logs", run, "--job", "complete-journey", "--set", &setting])?;
        holds("logs", &shown, "published revision")?;
    }
    let mails: Vec<String> = files_below(folder.path())
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect();
    let header = |mail: &str, name: &str| {
        mail.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    let corrections: Vec<&String> = mails.iter().filter(|mail| mail.contains("\nIn-Reply-To: ")).collect();
    equal("mails that correct another", 2 * corrections.len(), mails.len())?;
    for correction in corrections {
        holds("subject", correction, "Corrected: ")?;
        let answered = header(correction, "In-Reply-To:");
        let original = mails.iter().find(|mail| header(mail, "Message-ID:") == answered);
        let original = original.ok_or("a correction answers a mail that was never made")?;
        equal("to the same person", header(correction, "To:"), header(original, "To:"))?;
    }
    let before = files_below(folder.path()).len();
    let pruned = product::run(&[
        "prune",
        "complete-journey",
        "--keep",
        "0",
        "--older-than-days",
        "0",
        "--dry-run",
        "--set",
        &setting,
    ])?;
    holds("prune", &pruned, "what is published stays")?;
    equal("a dry prune removes nothing", files_below(folder.path()).len(), before)
}
