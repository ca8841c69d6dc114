//! What a person sees while a run works: one line that says which step it is at; nothing where there is no terminal.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::setup::pulse::Pulse;

/// Seconds and rows of one step of the flow table; `open`, before the first market, has neither market nor period.
#[derive(Clone, Debug, Serialize)]
pub struct Timing {
    pub market: String,
    pub period: String,
    pub step: String,
    pub seconds: f64,
    pub rows: Option<u64>,
    /// The most that the process held until the step ended, those before it counted too: it never falls.
    pub peak_memory_mib: u64,
}

pub struct Progress {
    bar: Option<ProgressBar>,
    /// Of a daemon, which shows that it gets on with every step.
    pulse: Option<Pulse>,
    place: (String, String),
    started: Instant,
    pub timings: Vec<Timing>,
}

impl Progress {
    pub fn new(is_quiet: bool) -> Self {
        let bar = (!is_quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { bar, pulse: None, place: (String::new(), String::new()), started: Instant::now(), timings: Vec::new() }
    }

    /// Of a daemon, whose health is asked for.
    pub(crate) fn of_daemon(pulse: &Pulse) -> Self {
        Self { pulse: Some(pulse.clone()), ..Self::new(true) }
    }

    /// Starts a market and period.
    pub fn begin(&mut self, market: &str, period: &str) {
        self.place = (market.to_owned(), period.to_owned());
        self.started = Instant::now();
    }

    /// Says what is going on now.
    pub fn says(&self, step: &str) {
        if let Some(pulse) = &self.pulse {
            pulse.beats();
        }
        tracing::info!(market = self.place.0, period = self.place.1, "{step}");
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{} {}: {step}", self.place.0, self.place.1));
        }
    }

    /// Ends a step that began when the last one ended.
    pub fn done(&mut self, step: &str, rows: Option<u64>) {
        self.timings.push(Timing {
            market: self.place.0.clone(),
            period: self.place.1.clone(),
            step: step.to_owned(),
            seconds: self.started.elapsed().as_secs_f64(),
            rows,
            peak_memory_mib: peak_memory_mib(),
        });
        self.started = Instant::now();
    }

    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Largest resident memory of this process so far; zero where the system does not say.
fn peak_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
