//! Nothing secret and nobody's name is seen where people look: a scan for what was planted, at every level of the log.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::product::{self, TestResult, equal, holds};
use crate::scripted_smtp::{Act, At, Script, ScriptedSmtp};
use crate::shop::{Line, RUN, Shop, files, regulars};

const KEY: &str = "planted-key-4711-of-pseudonyms";
const PASSWORD: &str = "planted-password-4712";
const OF_URL: &str = "planted-url-secret-4713";
const PERSON: &str = "ada.planted@example.org";
/// What a server says that repeats the login and steers a terminal.
const REFUSED: &str = "535 5.7.8 no \u{1b}[2J\u{202e}planted-password-4712, driftline";
const HOSTILE: &str = "tea\u{1b}[2J\u{9b}31m\u{202e}\u{2066}\u{7}s";

/// Runs with the public key say so until the job states it, and publish the same; a key variable without a key is refused.
pub(crate) fn development_key() -> TestResult {
    let folder = product::folder()?;
    let run = |warehouse: &str, more: &[&str], key: Option<&str>| -> Result<Output, String> {
        let setting = format!("warehouse.url={}", folder.path().join(warehouse).display());
        let mut settings = vec![setting];
        settings.extend(more.iter().map(|setting| (*setting).to_owned()));
        let arguments = ["run", "jobs/complete-journey.toml", "--period", "2017Q3", "--now", product::NOW];
        let mut command = crate::operations::command(&arguments, &settings)?;
        command.env_remove("DRIFTLINE_PSEUDONYM_KEY");
        key.map(|key| command.env("DRIFTLINE_PSEUDONYM_KEY", key));
        command.output().map_err(|error| error.to_string())
    };
    let report = |warehouse: &str| product::report(&folder.path().join(warehouse), "complete-journey", "us", "2017Q3");
    let warned = |output: &Output| String::from_utf8_lossy(&output.stderr).contains("public development key");
    const NOT_STATED: &[&str] = &["privacy.allow_development_key=false"];
    let cases: [(&str, &[&str], Option<&str>, bool); 4] = [
        ("stated", &[], None, false),
        ("unstated", NOT_STATED, None, true),
        ("typed", NOT_STATED, Some("driftline development key"), true),
        ("own", NOT_STATED, Some(KEY), false),
    ];
    for (name, settings, key, is_warned) in cases {
        let output = run(name, settings, key)?;
        equal(&format!("exit code of {name}"), output.status.code(), Some(0))?;
        equal(&format!("{name} is warned"), warned(&output), is_warned)?;
    }
    // The owner and the page are warned, too; nothing else of the report is another.
    let without_warnings = |name: &str| -> Result<(Value, usize), String> {
        let mut report = report(name)?;
        let warnings = report["quality"]["warnings"].take();
        report["content_id"] = Value::Null;
        Ok((report, warnings.as_array().map_or(0, Vec::len)))
    };
    let ((stated, none), (unstated, one)) = (without_warnings("stated")?, without_warnings("unstated")?);
    equal("warnings of the reports", (none, one), (0, 1))?;
    equal("what the statement changes besides", stated == unstated, true)?;
    for blank in ["", " \t"] {
        let output = run("blank", &[], Some(blank))?;
        equal("exit code with a blank key", output.status.code(), Some(10))?;
        holds("blank key", &String::from_utf8_lossy(&output.stderr), "DRIFTLINE_PSEUDONYM_KEY")?;
    }
    equal("a blank key publishes", folder.path().join("blank").exists(), false)?;
    let setting = format!("warehouse.url={}", folder.path().join("stated").display());
    let doctor = |more: &[&str]| {
        let mut arguments = vec!["doctor", "complete-journey", "--set", &setting];
        arguments.extend(more);
        product::run(&arguments)
    };
    equal("doctor of a stated key", doctor(&[])?.contains("WARNING"), false)?;
    holds(
        "doctor",
        &doctor(&["--set", NOT_STATED[0]])?,
        "WARNING: pseudonyms of the job complete-journey use the public",
    )
}

/// A server of exports that refuses everything, with a page that steers a terminal.
fn refusing_server() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let body = "not \u{1b}[2J\u{202e}for you";
            let length = body.len();
            let head = format!("HTTP/1.1 403 Forbidden\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    Ok(port)
}

/// What people could see, with where.
#[derive(Default)]
struct Seen(Vec<(String, String)>);

impl Seen {
    fn command(&mut self, shop: &Shop, label: &str, settings: &[String], arguments: &[&str]) -> Result<Output, String> {
        let mut command = shop.command(arguments)?;
        for setting in settings {
            command.args(["--set", setting]);
        }
        command.env("RUST_LOG", "trace").env("DRIFTLINE_PSEUDONYM_KEY", KEY).env("ALLOW_HTTP", "true");
        command.env("PLANTED_USER", "driftline").env("PLANTED_PASSWORD", PASSWORD);
        let output = command.output().map_err(|error| error.to_string())?;
        for (name, bytes) in [("standard output", &output.stdout), ("log and errors", &output.stderr)] {
            self.0.push((format!("{name} of {label}"), String::from_utf8_lossy(bytes).into_owned()));
        }
        Ok(output)
    }

    fn files(&mut self, folder: &Path) -> TestResult {
        for path in files(folder) {
            let is_table = path.extension().is_some_and(|kind| kind == "parquet");
            let text = if is_table {
                format!("{:?}", product::table(&path)?)
            } else {
                let bytes = std::fs::read(&path).map_err(|error| error.to_string())?;
                // Lines of a mail that only its encoding ended.
                String::from_utf8_lossy(&bytes).replace("=\r\n", "")
            };
            self.0.push((path.display().to_string(), text));
        }
        Ok(())
    }

    /// Nothing planted is anywhere, and nothing that steers is where a terminal, a mail or a page shows it.
    fn check(&self) -> TestResult {
        for (place, text) in &self.0 {
            let planted =
                [KEY, PASSWORD, OF_URL, PERSON, "Name of c0"].into_iter().find(|secret| text.contains(secret));
            equal(&format!("what was planted in {place}"), planted, None)?;
            let is_data = place.ends_with(".json") || place.ends_with(".parquet");
            let steers = |mark: &&str| !is_data && text.contains(*mark);
            let marks = ["\u{1b}", "\u{9b}", "\u{202e}", "\u{2066}", "\u{7}", "=1B", "=E2=80=AE", "=C2=9B"];
            let found = marks.into_iter().find(steers).map(|mark| mark.escape_unicode().to_string());
            equal(&format!("marks in {place}"), found, None)?;
        }
        Ok(())
    }

    fn has(&self, part: &str) -> TestResult {
        let is_there = self.0.iter().any(|(_, text)| text.contains(part));
        equal(&format!("something to see that holds `{part}`"), is_there, true)
    }
}

fn settings(shop: &Shop, server: &ScriptedSmtp) -> Vec<String> {
    vec![
        format!("warehouse.url={}", shop.warehouse().display()),
        "mail.smtp.host=127.0.0.1".to_owned(),
        format!("mail.smtp.port={}", server.port),
        "mail.smtp.encryption=none".to_owned(),
        "mail.smtp.user_env=PLANTED_USER".to_owned(),
        "mail.smtp.password_env=PLANTED_PASSWORD".to_owned(),
        "mail.recipients=[{ to = \"owner@example.com\", role = \"owner\" }]".to_owned(),
        "schedule.cron=0 6 2 1,4,7,10 *".to_owned(),
        "schedule.time_zone=UTC".to_owned(),
    ]
}

/// A staging model that takes ids for kinds, and one that takes them for money.
fn broken_models(shop: &Shop, settings: &[String], seen: &mut Seen) -> TestResult {
    let staging = "sql/staging/shop/stg_order_lines.sql";
    shop.edit(
        staging,
        "then 'return' else 'sale' end as kind",
        "then 'return' when customer_id like 'c%' then 'sale' else customer_id end as kind",
    )?;
    for (label, again) in [("a broken contract", None), ("a broken cast", Some("cast(customer_id as decimal(18, 4))"))]
    {
        if let Some(number) = again {
            shop.edit(staging, "else customer_id end as kind", "else 'sale' end as kind")?;
            let amount = "cast(case when quantity < 0 or net_amount < 0 then -abs(net_amount) else net_amount end as decimal(18, 4)) as amount";
            shop.edit(staging, amount, &format!("{number} as amount"))?;
        }
        let mut revised = RUN.to_vec();
        revised.extend(["--revise", "again"]);
        let failed = seen.command(shop, label, settings, &revised)?;
        equal(&format!("{label} fails"), failed.status.success(), false)?;
    }
    Ok(())
}

/// A whole life of a job, with secrets in its environment and URLs, a person in its exports, and a name that steers.
pub(crate) fn planted() -> TestResult {
    let shop = Shop::new()?;
    let mut lines = regulars(&[HOSTILE, "coffee", "cake"]);
    lines.extend((0..9).map(|visit| Line {
        customer: PERSON.to_owned(),
        day: 30 * visit,
        category: HOSTILE.to_owned(),
    }));
    shop.export("part-0.parquet", &lines, 1)?;
    let server = ScriptedSmtp::start(Script { act: Some((At::Auth, Act::Say(REFUSED))), knows_utf8: false })?;
    let settings = settings(&shop, &server);
    let mut seen = Seen::default();
    let published = seen.command(&shop, "a run", &settings, &RUN)?;
    equal("exit code with a refused login", published.status.code(), Some(50))?;
    server.follow(Script::default());
    equal("exit code once it is let in", seen.command(&shop, "mails", &settings, &RUN)?.status.code(), Some(0))?;

    let port = refusing_server()?;
    let mut elsewhere = settings.clone();
    elsewhere.push(format!("exports.url=http://ada:{OF_URL}@127.0.0.1:{port}/exports?sig={OF_URL}"));
    elsewhere.push("exports.index=index.txt".to_owned());
    let due = ["run", "--due", "jobs/quarterly.toml", "--now", "2026-04-05T06:00:00Z"];
    for (label, arguments) in [("a refusing store", &RUN[..]), ("a look at it", &due), ("doctor of it", &["doctor"])] {
        let failed = seen.command(&shop, label, &elsewhere, arguments)?;
        equal(&format!("{label} fails"), failed.status.success(), false)?;
    }
    for arguments in [
        &["doctor"][..],
        &["list"],
        &["plan", "jobs/quarterly.toml"],
        &["show", "de"],
        &["show", "de", "--json"],
        &["runs"],
        &["outbox"],
        &["tree", "de"],
        &["site"],
    ] {
        // Not every command takes every setting of a run, and none of them needs one.
        let told = seen.command(&shop, &arguments.join(" "), &[], arguments)?;
        equal(&format!("exit code of {arguments:?}"), told.status.code(), Some(0))?;
    }
    broken_models(&shop, &settings, &mut seen)?;
    seen.files(&shop.warehouse())?;
    seen.0.extend(server.bodies().into_iter().map(|body| ("a mail on its way".to_owned(), body)));
    for part in ["operators", "403", "tea", "5.7.8 no", "has another value in", "Cannot cast", "could not be looked at"]
    {
        seen.has(part)?;
    }
    seen.check()
}
