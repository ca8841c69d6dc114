//! What a run takes of its machine, and what others on that machine can do to it.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::operations::{command, settings};
use crate::product::{self, TestResult, equal, holds};
use crate::shop::{Line, RUN, Shop, files, regulars};
use crate::waiting_mails::{ended_by_signal, free_port, get, until};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Three million equal rows are a few kilobytes as a file and gigabytes of text in memory: a run with a small pool stays near it.
pub(crate) fn unfolded_rows() -> TestResult {
    let shop = Shop::new()?;
    shop.export("part-0.parquet", &regulars(&["tea", "coffee"]), 1)?;
    let wide = Line { customer: "c0001".to_owned(), day: 300, category: "a category of many letters, ".repeat(9) };
    shop.export("part-1.parquet", &vec![wide; 8_000], 375)?;
    let size: u64 = files(&shop.path().join("exports")).iter().flat_map(std::fs::metadata).map(|file| file.len()).sum();
    equal(&format!("a small export of {size} bytes"), size < 2 << 20, true)?;
    let mut arguments = vec!["--json"];
    arguments.extend(RUN);
    arguments.extend(["--timings", "--memory", "200MB"]);
    let output = shop.run(&arguments)?;
    if output.status.code() == Some(60) {
        return holds("who needed the memory", &text(&output.stderr), "memory consumers");
    }
    let told: serde_json::Value =
        serde_json::from_str(&product::succeed(output)?).map_err(|error| error.to_string())?;
    let peaks =
        told["timings"].as_array().into_iter().flatten().filter_map(|timing| timing["peak_memory_mib"].as_u64());
    let peak = peaks.max().ok_or("no timings")?;
    equal(&format!("resident memory of {peak} MiB stays below the pool and half a gigabyte"), peak < 200 + 512, true)
}

/// A run that was killed holds nobody up on its own machine, however long its lease is.
pub(crate) fn killed_here() -> TestResult {
    let folder = product::folder()?;
    let mut settings = settings(folder.path(), "2017Q4", "latest", None);
    settings.push("limits.lease_seconds=86400".to_owned());
    let due = ["run", "--due", "jobs/complete-journey.toml", "--now", "2018-01-05T06:00:00Z"];
    let mut first = command(&due, &settings)?;
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| error.to_string())?;
    let lease = folder.path().join("complete-journey/us/2017Q4/lease");
    until("the lease of the first", || Ok(lease.join("000001.json").is_file()))?;
    // While it lives, it is left alone.
    let told = command(&due, &settings)?.output().map_err(|error| error.to_string())?;
    if first.try_wait().map_err(|error| error.to_string())?.is_none() {
        holds("a second process", &text(&told.stdout), "left to another process")?;
    }
    first.kill().map_err(|error| error.to_string())?;
    first.wait().map_err(|error| error.to_string())?;
    let is_published = || folder.path().join("complete-journey/us/2017Q4/published/000001.json").is_file();
    equal("published before the kill", is_published(), false)?;
    let told = command(&due, &settings)?.output().map_err(|error| error.to_string())?;
    product::succeed(told)?;
    equal("published at once after the kill", is_published(), true)
}

/// Of a process on another machine, in another space of numbers or of an older version only the store's clock tells; who meets
/// its lease is told when it ends and what to do then.
pub(crate) fn elsewhere() -> TestResult {
    let process = |machine: &str| {
        format!(
            r#", "process": {{"machine": "{machine}", "namespace": "pid:[1]", "user": 0, "number": 1, "started": 1}}"#
        )
    };
    let own = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map_err(|error| error.to_string())?;
    for process in [String::new(), process("another-start-of-another-machine"), process(own.trim())] {
        let folder = product::folder()?;
        let lease = folder.path().join("complete-journey/us/2017Q4/lease");
        std::fs::create_dir_all(&lease).map_err(|error| error.to_string())?;
        let claim = format!(
            r#"{{"token": 1, "holder": "far (process 1)", "nonce": "n", "time_to_live_seconds": 600{process}}}"#
        );
        std::fs::write(lease.join("000001.json"), claim).map_err(|error| error.to_string())?;
        let run = ["run", "jobs/complete-journey.toml", "--period", "2017Q4", "--now", product::NOW];
        let output = command(&run, &settings(folder.path(), "2017Q4", "latest", None))?.output();
        let output = output.map_err(|error| error.to_string())?;
        let said = text(&output.stderr);
        equal(&format!("exit code; it said {said}"), output.status.code(), Some(43))?;
        for part in [
            "far (process 1) works on it since lease 1",
            "ends at 20",
            " UTC unless",
            "run the same command again then",
        ] {
            holds("who works elsewhere", &said, part)?;
        }
    }
    Ok(())
}

/// Files and folders of a run can be read by their owner alone. What somebody put in its way is neither used nor waited for, and
/// what a killed run left is cleared by the next.
pub(crate) fn scratch() -> TestResult {
    let folder = product::folder()?;
    let (scratch, warehouse) = (folder.path().join("scratch"), folder.path().join("w"));
    std::fs::create_dir_all(&scratch).map_err(|error| error.to_string())?;
    let victim = folder.path().join("victim");
    std::fs::create_dir_all(victim.join("tables/int_order_lines")).map_err(|error| error.to_string())?;
    std::fs::write(victim.join("tables/int_order_lines/finished.json"), "{}").map_err(|error| error.to_string())?;
    set_traps(&scratch, &victim)?;
    let mut settings = settings(&warehouse, "2017Q4", "latest", None);
    settings.push("limits.in_memory=\"1\"".to_owned());
    let run = ["run", "jobs/complete-journey.toml", "--period", "2017Q4", "--now", product::NOW];
    let start = || -> Result<std::process::Child, String> {
        let mut command = command(&run, &settings)?;
        command.env("TMPDIR", &scratch).stdout(Stdio::null()).spawn().map_err(|error| error.to_string())
    };
    let mut killed = start()?;
    let own = |scratch: &Path| -> Option<PathBuf> {
        let name = format!("driftline-run-{}-", killed.id());
        let entries = std::fs::read_dir(scratch).ok()?.flatten().map(|entry| entry.path());
        entries.into_iter().find(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&name)))
    };
    until("rows of customers on the disk", || {
        Ok(own(&scratch).is_some_and(|path| files(&path).iter().any(|file| file.ends_with("part-00000.parquet"))))
    })?;
    let path = own(&scratch).ok_or("no folder of the run")?;
    Command::new("kill").args(["-STOP", &killed.id().to_string()]).status().map_err(|error| error.to_string())?;
    let modes = open_to_others(&path);
    killed.kill().map_err(|error| error.to_string())?;
    killed.wait().map_err(|error| error.to_string())?;
    equal("what others could read", modes, Vec::new())?;

    let next = start()?.wait_with_output().map_err(|error| error.to_string())?;
    equal("exit code of the next", next.status.code(), Some(0))?;
    equal("what the killed run left", path.exists(), false)?;
    equal("what a link led to", victim.join("tables/int_order_lines/finished.json").exists(), true)?;
    let traps = std::fs::read_dir(&scratch).map_err(|error| error.to_string())?.count();
    equal("what is not ours stays", traps, 3)
}

/// A link to another folder, a pipe in the place of a lock, and a folder that others may write into.
fn set_traps(scratch: &Path, victim: &Path) -> TestResult {
    let failed = |error: std::io::Error| error.to_string();
    symlink(victim, scratch.join("driftline-run-1-0")).map_err(failed)?;
    for (name, mode) in [("driftline-run-2-0", 0o700), ("driftline-run-3-0", 0o777)] {
        let path = scratch.join(name);
        std::fs::create_dir(&path).map_err(failed)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).map_err(failed)?;
        if mode == 0o700 {
            let made = Command::new("mkfifo").arg(path.join("lock")).status().map_err(failed)?;
            equal("mkfifo", made.success(), true)?;
        } else {
            std::fs::write(path.join("lock"), "").map_err(failed)?;
        }
    }
    Ok(())
}

/// Files and folders with a mode by which others may do something; but for the query engine's own folder in ours, which nobody else
/// comes to.
fn open_to_others(folder: &Path) -> Vec<String> {
    let mut open = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        let Ok(metadata) = std::fs::symlink_metadata(&path) else { continue };
        let is_engines = metadata.is_dir() && path.parent().is_some_and(|parent| parent.ends_with("spill"));
        if metadata.mode() & 0o077 != 0 && !is_engines {
            found.push(format!("{} {:o}", path.display(), metadata.mode()));
        }
        open.extend(std::fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
    }
    found
}

/// A daemon of few descriptors, all of which silent clients take: once they leave, it answers again, and it works on meanwhile.
pub(crate) fn descriptors() -> TestResult {
    let folder = product::folder()?;
    let listen = format!("127.0.0.1:{}", free_port()?);
    let mut options = Vec::new();
    for setting in settings(folder.path(), "2017Q4", "none", None) {
        options.extend(["--set".to_owned(), setting]);
    }
    let mut daemon = Command::new("sh");
    // Standard streams, its files and the runtime's own take a dozen of them.
    daemon.args(["-c", "ulimit -n 24 && exec \"$@\"", "sh"]).arg(product::program()?).current_dir(product::root());
    daemon.args(["schedule", "jobs/complete-journey.toml", "--listen", &listen]).args(options);
    let mut daemon = daemon.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|error| error.to_string())?;
    let asked = || -> TestResult {
        until("/readyz", || Ok(get(&listen, "/readyz").is_ok_and(|page| page.contains("200 OK"))))?;
        let silent: Vec<_> = (0..64).filter_map(|_| std::net::TcpStream::connect(&listen).ok()).collect();
        equal("clients that say nothing", silent.len() > 32, true)?;
        until(
            "/metrics while they hold on",
            || Ok(get(&listen, "/metrics").is_ok_and(|page| page.contains("200 OK"))),
        )?;
        drop(silent);
        until("/metrics after they left", || Ok(get(&listen, "/metrics").is_ok_and(|page| page.contains("200 OK"))))
    };
    let answered = asked();
    let (_, code) = ended_by_signal(&mut daemon)?;
    answered?;
    equal("exit code of the daemon", code, Some(0))
}
