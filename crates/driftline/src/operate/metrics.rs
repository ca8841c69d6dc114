//! What a daemon tells a monitor, in Prometheus' text form: as a file, or over HTTP with health and readiness.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use driftline_core::basics::plain;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::run::outcome::{Outcome, State};
use crate::setup::pulse::Pulse;

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
                let job = label(job);
                let _ = writeln!(text, "driftline_runs_total{{job=\"{job}\",state=\"{state}\"}} {count}");
            }
            head(&mut text, "driftline_mails_sent_total", "counter", "Mails that the server took.");
            for (job, count) in &counters.mails_sent {
                let _ = writeln!(text, "driftline_mails_sent_total{{job=\"{}\"}} {count}", label(job));
            }
            head(&mut text, "driftline_published_timestamp_seconds", "gauge", "Last publication of a market.");
            for ((job, market), at) in &counters.published_at {
                let (job, market) = (label(job), label(market));
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

/// A name as the value of a label: what would end it or its line is escaped, what steers a terminal is a blank.
fn label(name: &str) -> String {
    plain::line(&name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// Who asks is answered within this time or not at all, whether it is slow to ask or slow to read.
const REQUEST: Duration = Duration::from_secs(5);
/// So many are answered at once; others wait in the system's own queue.
const CONNECTIONS_MOST: usize = 32;
/// The wait after a connection could not be taken, mostly because the process has no descriptor left: somebody's end frees one.
const PAUSE: Duration = Duration::from_millis(200);
/// Bytes of a request that are looked at.
const REQUEST_BYTES_MOST: usize = 8192;

/// Answers `/metrics`, `/healthz` (ticks happen, and a step takes no longer than `at_work`) and `/readyz` (it has looked at the
/// ledger); everything else is 404.
pub(crate) async fn serve(listener: TcpListener, metrics: Metrics, pulse: Pulse, at_work: Duration) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MOST));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a metrics request could not be taken; the next is tried");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (metrics, pulse) = (metrics.clone(), pulse.clone());
        tokio::spawn(async move {
            let _place = place;
            let health = pulse.check(at_work);
            match tokio::time::timeout(REQUEST, answer(stream, &metrics, health)).await {
                Ok(Err(error)) => tracing::debug!(%error, "metrics request"),
                Err(_) => tracing::debug!("metrics request without an end"),
                Ok(Ok(())) => {}
            }
        });
    }
}

/// The first line of a request, read to its blank line, however many pieces it comes in: what is left unread would break the line
/// before the answer is through.
async fn first_line(stream: &mut TcpStream) -> std::io::Result<String> {
    let (mut request, mut piece) = (Vec::new(), [0u8; 1024]);
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < REQUEST_BYTES_MOST {
        match stream.read(&mut piece).await? {
            0 => break,
            length => request.extend_from_slice(&piece[..length]),
        }
    }
    let line = request.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(line).into_owned())
}

async fn answer(
    mut stream: TcpStream,
    metrics: &Metrics,
    health: std::result::Result<(), String>,
) -> std::io::Result<()> {
    let line = first_line(&mut stream).await?;
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn names_end_no_label_and_no_line() {
        let metrics = Metrics::default();
        metrics.failed("a\"} 7\nup 1 \\ \u{1b}[2J");
        let text = metrics.text();
        let line = text.lines().find(|line| line.starts_with("driftline_runs_total{")).unwrap();
        assert_eq!(line, "driftline_runs_total{job=\"a\\\"} 7\\nup 1 \\\\  [2J\",state=\"failed\"} 1");
    }

    async fn asked(port: u16, pieces: &[&str]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        for piece in pieces {
            stream.write_all(piece.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// More connections than are served, all of which say nothing: who asks gets an answer once their time is over.
    #[tokio::test(flavor = "multi_thread")]
    async fn silent_connections_end_and_slow_requests_are_read() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(serve(listener, Metrics::default(), Pulse::default(), Duration::from_secs(60)));
        let mut silent = Vec::new();
        for _ in 0..=CONNECTIONS_MOST {
            silent.push(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
        }
        let answer = asked(port, &["GET /met", "rics HTTP/1.1\r\n", "Host: x\r\n\r\n"]).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("driftline_runs_total"), "{answer}");
        assert!(asked(port, &["GET /other HTTP/1.1\r\n\r\n"]).await.starts_with("HTTP/1.1 404"));
    }
}
