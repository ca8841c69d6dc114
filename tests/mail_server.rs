//! Delivery to the real SMTP server that `.ci/servers` starts: `DRIFTLINE_SMTP` names the folder of its certificate and mails.

use std::path::PathBuf;
use std::process::Command;

use crate::product::{self, NOW, TestResult, equal, holds};

pub(crate) fn delivery() -> TestResult {
    let server = PathBuf::from(std::env::var("DRIFTLINE_SMTP").map_err(|error| error.to_string())?);
    for (encryption, port) in [("starttls", 2526), ("implicit", 2466)] {
        let folder = product::folder()?;
        // Other tests mail to the same server: this one counts what was addressed to it.
        let address = fresh_address("delivery");
        let arrived = || mails_to(&address);
        let settings = [
            format!("warehouse.url={}", folder.path().display()),
            "mail.smtp.host=localhost".to_owned(),
            format!("mail.smtp.port={port}"),
            format!("mail.smtp.encryption={encryption}"),
            "mail.smtp.user_env=TEST_SMTP_USER".to_owned(),
            "mail.smtp.password_env=TEST_SMTP_PASSWORD".to_owned(),
            format!("mail.smtp.ca_file={}", server.join("ca.pem").display()),
        ];
        let run = |password: &str| {
            let mut command = Command::new(product::program()?);
            command.current_dir(product::root()).args([
                "run",
                "jobs/complete-journey.toml",
                "--period",
                "2017Q4",
                "--now",
                NOW,
            ]);
            for setting in &settings {
                command.args(["--set", setting]);
            }
            command.args(["--set", &format!("mail.recipients=[\"{address}\"]")]);
            command.env("TEST_SMTP_USER", "driftline").env("TEST_SMTP_PASSWORD", password);
            command.output().map_err(|error| error.to_string())
        };
        // A wrong password: published, not sent, and the secret is not shown.
        let refused = run("wrong-secret")?;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        equal("exit code with a wrong password", refused.status.code(), Some(50))?;
        holds("refused", &said, "run the same command again")?;
        if said.contains("wrong-secret") {
            return Err("the password is in the error".to_owned());
        }
        equal("mails after a refusal", arrived()?.len(), 0)?;
        // The same command again sends what is stored, once.
        product::succeed(run("secret")?)?;
        equal("mails after the second run", arrived()?.len(), 1)?;
        product::succeed(run("secret")?)?;
        equal("mails after the third run", arrived()?.len(), 1)?;
        let stored = product::run_folder(folder.path(), "complete-journey", "us", "2017Q4")?.join("mails");
        let stored =
            std::fs::read_dir(stored).map_err(|error| error.to_string())?.flatten().next().ok_or("no stored mail")?;
        let sent = std::fs::read(stored.path()).map_err(|error| error.to_string())?;
        let received = arrived()?.remove(0);
        equal("bytes that arrived are the stored ones", received.trim_ascii_end() == sent.trim_ascii_end(), true)?;
        // A mailbox that does not exist is a permanent refusal.
        let gone = product::folder()?;
        let mut command = Command::new(product::program()?);
        command.current_dir(product::root()).args([
            "run",
            "jobs/complete-journey.toml",
            "--period",
            "2017Q4",
            "--now",
            NOW,
        ]);
        for setting in &settings[1..] {
            command.args(["--set", setting]);
        }
        command.args(["--set", &format!("warehouse.url={}", gone.path().display())]);
        command.args(["--set", "mail.recipients=[\"nobody@example.com\"]"]);
        command.env("TEST_SMTP_USER", "driftline").env("TEST_SMTP_PASSWORD", "secret");
        let output = command.output().map_err(|error| error.to_string())?;
        equal("exit code for an unknown mailbox", output.status.code(), Some(50))?;
        holds("unknown mailbox", &String::from_utf8_lossy(&output.stderr), "550")?;
    }
    Ok(())
}

/// The mails that the server took for an address; none without a server.
pub(crate) fn mails_to(address: &str) -> Result<Vec<Vec<u8>>, String> {
    let Some(server) = std::env::var_os("DRIFTLINE_SMTP") else { return Ok(Vec::new()) };
    let to = format!("\nTo: {address}");
    let entries = std::fs::read_dir(PathBuf::from(server).join("mails")).map_err(|error| error.to_string())?;
    let mut mails: Vec<Vec<u8>> = entries.flatten().filter_map(|entry| std::fs::read(entry.path()).ok()).collect();
    mails.retain(|mail| mail.windows(to.len()).any(|part| part == to.as_bytes()));
    Ok(mails)
}

/// An address that nobody mailed to yet: tests share the server.
pub(crate) fn fresh_address(name: &str) -> String {
    let folder = tempfile::tempdir().map(|folder| folder.path().display().to_string()).unwrap_or_default();
    let tail: String = folder.chars().rev().take(6).filter(char::is_ascii_alphanumeric).collect();
    format!("{name}-{}@example.com", tail.to_lowercase())
}
