//! An export that has fallen is told to the owner once for each state of it, and goes on when somebody accepts it.

use std::path::Path;
use std::process::{Command, Output};

use super::Shop;
use crate::product::{self, TestResult, equal, holds};
use crate::scripted_smtp::{Script, ScriptedSmtp};

const OWNER: &str = "me@example.com";

fn settings(port: u16) -> String {
    format!(
        "[mail.smtp]\nhost = \"127.0.0.1\"\nport = {port}\nencryption = \"none\"\nuser_env = \"TEST_SMTP_USER\"\npassword_env = \"TEST_SMTP_PASSWORD\"\n\n[schedule]\ncron = \"0 6 2 1,4,7,10 *\"\ntime_zone = \"Europe/Berlin\"\n\n# "
    )
}

/// A December of which so many lines are left, over the whole month.
fn fallen(left: usize) -> Shop {
    let mut shop = Shop::regular();
    let december = shop.month("2025-12");
    let step = december.len() / left;
    let mut number = 0;
    december.retain(|_| {
        number += 1;
        number % step == 0
    });
    shop
}

fn look(folder: &Path, arguments: &[&str]) -> Result<Output, String> {
    let project = folder.join("project");
    let setting = format!("exports.url={}", folder.join("exports").display());
    let mut command = Command::new(product::program()?);
    command.arg("--project").arg(&project).arg("run").args(arguments).args([
        "--now",
        "2026-01-05T06:00:00Z",
        "--set",
        &setting,
    ]);
    command.env("TEST_SMTP_USER", "driftline").env("TEST_SMTP_PASSWORD", "secret").env_remove("RUST_LOG");
    command.output().map_err(|error| error.to_string())
}

pub(super) fn once_a_state() -> TestResult {
    let folder = product::folder()?;
    let server = ScriptedSmtp::start(Script::default())?;
    let mut shop = fallen(40);
    shop.edit("jobs/quarterly.toml", "# Without [schedule]", &settings(server.port));
    shop.write_project(&folder.path().join("project"))?;
    shop.write_exports(&folder.path().join("exports"))?;
    let told = || server.taken().iter().filter(|to| *to == OWNER).count();
    let due = ["--due", "jobs/quarterly.toml"];
    for time in ["first", "second"] {
        let output = look(folder.path(), &due)?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        equal(&format!("exit code of the {time} look; it said {said}"), output.status.code(), Some(33))?;
        equal(&format!("mails to the owner after the {time} look"), told(), 1)?;
    }
    // Another file that has fallen is another state, though the message has other numbers only.
    fallen(30).write_exports(&folder.path().join("exports"))?;
    equal("exit code with another file", look(folder.path(), &due)?.status.code(), Some(33))?;
    equal("mails to the owner with another file", told(), 2)?;
    let accepted = ["jobs/quarterly.toml", "--period", "2025Q4", "--accept", "a fire"];
    product::succeed(look(folder.path(), &accepted)?)?;
    let published = folder.path().join("project/warehouse/quarterly/de/2025Q4/published");
    let record = super::only(&published, |path| path.is_file())?;
    let record = std::fs::read_to_string(record).map_err(|error| error.to_string())?;
    holds("the publication", &record, "a fire")?;
    let output = look(folder.path(), &due)?;
    equal("exit code once it is accepted", output.status.code(), Some(0))
}
