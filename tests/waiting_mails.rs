//! Projects whose jobs have published a period with two waiting mails, for tests of what becomes of them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::bad_input::copy;
use crate::product::{self, NOW, TestResult, equal};

pub(crate) const PEOPLE: [&str; 2] = ["one@example.com", "two@example.com"];
pub(crate) const OWNER: &str = "insight@example.com";

/// A job of a project and the server that it mails by.
pub(crate) struct Mailing {
    pub(crate) job: &'static str,
    pub(crate) port: u16,
    pub(crate) starttls: bool,
    /// Deadline of a step.
    pub(crate) seconds: u32,
}

pub(crate) struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// A project whose jobs have published the last quarter, with two mails waiting each.
    pub(crate) fn new(mailings: &[Mailing]) -> Result<Self, String> {
        let folder = product::folder()?;
        let project = Self { folder };
        for mailing in mailings {
            project.write_job(mailing)?;
            let warehouse = Path::new("warehouse").join(mailing.job);
            copy(&base()?.join(&warehouse), &project.path().join(&warehouse))?;
        }
        Ok(project)
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write_job(&self, mailing: &Mailing) -> TestResult {
        prepare(self.path())?;
        let path = self.path().join("jobs").join(format!("{}.toml", mailing.job));
        std::fs::write(path, job_text(mailing)).map_err(|error| error.to_string())
    }

    fn command(&self, arguments: &[&str]) -> Result<Command, String> {
        command(self.path(), arguments)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Output, String> {
        self.command(arguments)?.output().map_err(|error| error.to_string())
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Result<Child, String> {
        let mut command = self.command(arguments)?;
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| error.to_string())
    }

    /// The states of mails that are not sent, sorted.
    pub(crate) fn open(&self) -> Result<Vec<String>, String> {
        let said = product::succeed(self.run(&["outbox", "--job", "first", "--json"])?)?;
        let lines: serde_json::Value = serde_json::from_str(&said).map_err(|error| error.to_string())?;
        let states = lines.as_array().into_iter().flatten().filter_map(|line| line["state"].as_str());
        let states: Vec<&str> = states.collect();
        Ok(sorted(&states))
    }

    pub(crate) fn receipts(&self) -> Result<usize, String> {
        let outbox = self.path().join("warehouse/first/us/2017Q4/outbox/000001");
        let Ok(entries) = std::fs::read_dir(outbox) else { return Ok(0) };
        Ok(entries.flatten().filter(|entry| entry.file_name().to_string_lossy().ends_with(".sent.json")).count())
    }
}

pub(crate) fn sorted(states: &[&str]) -> Vec<String> {
    let mut states: Vec<String> = states.iter().map(|state| (*state).to_owned()).collect();
    states.sort();
    states
}

/// A project whose jobs published when their server was down, made once for all cases.
fn base() -> Result<&'static Path, String> {
    static BASE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let made = BASE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mail_dialogue");
        let _ = std::fs::remove_dir_all(&folder);
        prepare(&folder)?;
        for job in ["first", "second"] {
            // A port that nobody listens on any more.
            let mailing = Mailing { job, port: free_port()?, starttls: false, seconds: 1 };
            let path = folder.join("jobs").join(format!("{job}.toml"));
            std::fs::write(path, job_text(&mailing)).map_err(|error| error.to_string())?;
            let mut run = command(&folder, &["run", job, "--period", "2017Q4", "--now", NOW])?;
            let output = run.output().map_err(|error| error.to_string())?;
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            equal(&format!("exit code without a server; it said {said}"), output.status.code(), Some(50))?;
        }
        Ok(folder)
    });
    made.as_deref().map_err(Clone::clone)
}

/// A project folder with the shipped models and templates, and no job yet.
fn prepare(folder: &Path) -> TestResult {
    std::fs::create_dir_all(folder.join("jobs")).map_err(|error| error.to_string())?;
    for part in ["sql", "reports"] {
        if !folder.join(part).exists() {
            std::os::unix::fs::symlink(product::root().join(part), folder.join(part))
                .map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

fn job_text(mailing: &Mailing) -> String {
    let root = product::root();
    let encryption = if mailing.starttls { "starttls" } else { "none" };
    format!(
        r#"title = "Customer personas"
currency = "USD"
active_days = 91

[exports]
url = "{exports}"
dialect = "complete_journey"
time_zone = "America/New_York"
complete_from = "2017-01-01"
complete_until = "2017-12-31"

[schedule]
cron = "0 6 2 1,4,7,10 *"
time_zone = "America/New_York"
start = "2017Q4"

[mail]
from = "Driftline <driftline@example.com>"
reply_to = "{OWNER}"
recipients = ["{one}", "{two}"]

[mail.smtp]
host = "127.0.0.1"
port = {port}
encryption = "{encryption}"
user_env = "TEST_SMTP_USER"
password_env = "TEST_SMTP_PASSWORD"
ca_file = "{authority}"
timeout_seconds = {seconds}
"#,
        exports = root.join("tests/exports/complete_journey").display(),
        one = PEOPLE[0],
        two = PEOPLE[1],
        port = mailing.port,
        authority = root.join("tests/cases/smtp/authority.pem").display(),
        seconds = mailing.seconds,
    )
}

fn command(project: &Path, arguments: &[&str]) -> Result<Command, String> {
    let mut command = Command::new(product::program()?);
    command.current_dir(project).arg("--project").arg(project).args(arguments);
    command.env("TEST_SMTP_USER", "driftline").env("TEST_SMTP_PASSWORD", "secret").env_remove("RUST_LOG");
    Ok(command)
}

pub(crate) fn free_port() -> Result<u16, String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}

/// The time from one SIGTERM to the end, and the exit code; a process that does not end is killed after a minute.
pub(crate) fn ended_by_signal(child: &mut Child) -> Result<(Duration, Option<i32>), String> {
    let started = Instant::now();
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    told.map_err(|error| error.to_string())?;
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok((started.elapsed(), status.code()));
        }
        if started.elapsed() > Duration::from_secs(60) {
            let _ = child.kill();
            return Err("it did not end within a minute of SIGTERM".to_owned());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn until(what: &str, is_so: impl Fn() -> Result<bool, String>) -> TestResult {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(60) {
        if is_so()? {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(format!("{what}: not within a minute"))
}

/// Status and body of a page.
pub(crate) fn get(address: &str, page: &str) -> Result<String, String> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).map_err(|error| error.to_string())?;
    let request = format!("GET {page} HTTP/1.1\r\nHost: test\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
    let mut text = String::new();
    stream.read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}
