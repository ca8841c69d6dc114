//! Reads argv, the environment and the clock; prints the chain of an error once; turns it into an exit code.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use driftline::command;
use driftline::command::args::Cli;
use driftline::exit;
use driftline::setup::environment::Environment;
use driftline::setup::process;
use driftline::setup::worker::Worker;
use driftline_core::basics::plain;
use driftline_ledger::Holder;

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_logging(&cli.log);
    tell_bugs_alone();
    // Two TLS stacks in one program need a choice; ours is ring everywhere.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let text = |words: OsString| words.to_string_lossy().into_owned();
    let variables = std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect::<Vec<_>>();
    // The standard library's only source of entropy.
    let entropy = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), std::process::id());
    let (worker, stop) =
        Worker::new(Holder { name: holder(&variables), process: process::this(), is_gone: process::is_gone }, entropy);
    let environment = Environment {
        now: chrono::Utc::now(),
        variables,
        scratch: std::env::temp_dir(),
        build: build(),
        threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        clock: chrono::Utc::now,
        worker,
    };
    match command::execute(&cli, &environment, stop) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", chain(&error));
            ExitCode::from(exit::code(&error))
        }
    }
}

/// A panic inside the Parquet reader is a damaged file's, and told as that; any other one is a bug's, and printed.
fn tell_bugs_alone() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !driftline_lake::boundary::is_inside() {
            print(panic);
        }
    }));
}

/// The program's file and the start of the machine; `None` where the system does not say.
fn build() -> Option<String> {
    let started = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let file = std::env::current_exe().and_then(std::fs::metadata).ok()?;
    let written = file.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(format!("{} {} {} {}", env!("CARGO_PKG_VERSION"), file.len(), written.as_nanos(), started.trim()))
}

/// Machine and process, for people who look at leases.
fn holder(variables: &[(String, String)]) -> String {
    let named = variables.iter().find(|(name, _)| name == "HOSTNAME").map(|(_, value)| value.clone());
    let host = named.or_else(|| std::fs::read_to_string("/etc/hostname").ok());
    format!("{} (process {})", host.as_deref().map_or("a machine", str::trim), std::process::id())
}

/// Every error of the chain, outermost first, each saying only its own part.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = plain::indented(&error.to_string());
    let mut next = error.source();
    while let Some(source) = next {
        let own = plain::indented(&source.to_string());
        // Some libraries repeat their sources.
        if !text.contains(&own) {
            text.push_str(&format!("\n  because: {own}"));
        }
        next = source.source();
    }
    text
}

fn start_logging(format: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| Shown(std::io::stderr()));
    if format == "json" {
        builder.json().init();
    } else {
        builder.with_target(false).init();
    }
}

/// Log lines as anybody may see them, whatever a library or a server put into them. Every event is one write.
struct Shown<W>(W);

impl<W: Write> Write for Shown<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        writeln!(self.0, "{}", plain::indented(&String::from_utf8_lossy(bytes)))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}
