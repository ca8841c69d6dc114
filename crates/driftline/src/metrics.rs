//! What a daemon tells a monitor, in Prometheus' text form: as a file, or over HTTP with health and readiness.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::outcome::{Outcome, State};
use crate::pulse::Pulse;

/// Counters since the start of the process. Clones are the same counters.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Mutex<Counters>>);

#[derive(Debug, Default)]
struct Counters {
    ticked_at: Option<DateTime<Utc>>,
    /// Runs by job and how they ended.
    runs: BTreeMap<(String, &'static str), u64>,
    mails_sent: BTreeMap<String, u64>,
    /// Last publication by job and market.
    published_at: BTreeMap<(String, String), i64>,
}

impl Metrics {
    fn with<T>(&self, change: impl FnOnce(&mut Counters) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn ticked(&self, now: DateTime<Utc>) {
        self.with(|counters| counters.ticked_at = Some(now));
    }

    pub fn failed(&self, job: &str) {
        self.with(|counters| *counters.runs.entry((job.to_owned(), "failed")).or_default() += 1);
    }

    /// Mails of earlier runs that were taken now.
    pub fn sent(&self, job: &str, mails: usize) {
        self.with(|counters| *counters.mails_sent.entry(job.to_owned()).or_default() += mails as u64);
    }

    pub fn published(&self, job: &str, market: &str, at: DateTime<Utc>) {
        self.with(|counters| counters.published_at.insert((job.to_owned(), market.to_owned()), at.timestamp()));
    }

    pub fn ended(&self, job: &str, outcome: &Outcome, now: DateTime<Utc>) {
        self.with(|counters| {
            *counters.runs.entry((job.to_owned(), outcome.state.key())).or_default() += 1;
            *counters.mails_sent.entry(job.to_owned()).or_default() += outcome.sent as u64;
            if outcome.state == State::Published {
                counters.published_at.insert((job.to_owned(), outcome.market.clone()), now.timestamp());
            }
        });
    }

    /// All counters as text.
    pub fn text(&self) -> String {
        self.with(|counters| {
            let mut text = String::new();
            let head = |text: &mut String, name: &str, kind: &str, help: &str| {
                let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            };
            head(&mut text, "driftline_runs_total", "counter", "Runs by how they ended.");
            for ((job, state), count) in &counters.runs {
                let _ = writeln!(text, "driftline_runs_total{{job=\"{job}\",state=\"{state}\"}} {count}");
            }
            head(&mut text, "driftline_mails_sent_total", "counter", "Mails that the server took.");
            for (job, count) in &counters.mails_sent {
                let _ = writeln!(text, "driftline_mails_sent_total{{job=\"{job}\"}} {count}");
            }
            head(&mut text, "driftline_published_timestamp_seconds", "gauge", "Last publication of a market.");
            for ((job, market), at) in &counters.published_at {
                let _ =
                    writeln!(text, "driftline_published_timestamp_seconds{{job=\"{job}\",market=\"{market}\"}} {at}");
            }
            head(&mut text, "driftline_tick_timestamp_seconds", "gauge", "Last time the daemon woke.");
            if let Some(at) = counters.ticked_at {
                let _ = writeln!(text, "driftline_tick_timestamp_seconds {}", at.timestamp());
            }
            text
        })
    }

    /// Writes the text beside the file first, so that a reader sees all of it or the last one.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        let beside = path.with_extension("new");
        std::fs::write(&beside, self.text())?;
        std::fs::rename(&beside, path)
    }

    fn is_ready(&self) -> bool {
        self.with(|counters| counters.ticked_at.is_some())
    }
}

/// Who asks is answered within this time or not at all.
const REQUEST: Duration = Duration::from_secs(10);

/// Answers `/metrics`, `/healthz` (ticks happen, and a step takes no longer than `at_work`) and `/readyz` (it has looked at the
/// ledger); everything else is 404.
pub(crate) async fn serve(listener: TcpListener, metrics: Metrics, pulse: Pulse, at_work: Duration) {
    while let Ok((stream, _)) = listener.accept().await {
        let (metrics, pulse) = (metrics.clone(), pulse.clone());
        tokio::spawn(async move {
            let health = pulse.check(at_work);
            match tokio::time::timeout(REQUEST, answer(stream, &metrics, health)).await {
                Ok(Err(error)) => tracing::debug!(%error, "metrics request"),
                Err(_) => tracing::debug!("metrics request without an end"),
                Ok(Ok(())) => {}
            }
        });
    }
}

async fn answer(
    mut stream: TcpStream,
    metrics: &Metrics,
    health: std::result::Result<(), String>,
) -> std::io::Result<()> {
    let mut request = [0u8; 1024];
    let length = stream.read(&mut request).await?;
    let line = String::from_utf8_lossy(&request[..length]);
    let path = line.split_whitespace().nth(1).unwrap_or_default();
    let (status, body) = match path {
        "/metrics" => ("200 OK", metrics.text()),
        "/healthz" => match health {
            Ok(()) => ("200 OK", "ok\n".to_owned()),
            Err(problem) => ("503 Service Unavailable", format!("{problem}\n")),
        },
        "/readyz" if metrics.is_ready() => ("200 OK", "ready\n".to_owned()),
        "/readyz" => ("503 Service Unavailable", "starting\n".to_owned()),
        _ => ("404 Not Found", "there is /metrics, /healthz and /readyz\n".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
