//! Mails under refusals, silences, signals and injected answers: none is lost, none goes out twice, nobody waits for ever.
//!
//! A period with two waiting mails is published once; every case sends it from a copy to a scripted server, and then once more
//! to the same server when it is honest.

use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::product::{NOW, TestResult, equal, holds};
use crate::scripted_smtp::{Act, At, Script, ScriptedSmtp};
use crate::waiting_mails::{Mailing, OWNER, PEOPLE, Project, ended_by_signal, free_port, get, sorted, until};

/// A process that is told to stop, or whose server is silent with a deadline of a second, has ended after this time.
const SOON: Duration = Duration::from_secs(10);
const RUN: [&str; 7] = ["run", "first", "--period", "2017Q4", "--now", NOW, "--json"];

/// A case: what the server does, and what becomes of the two mails. Without a state a mail is sent.
struct Case {
    at: At,
    act: Act,
    open: &'static [&'static str],
}

const fn refusal(at: At, words: &'static str, open: &'static [&'static str]) -> Case {
    Case { at, act: Act::Say(words), open }
}

const fn silence(at: At, open: &'static [&'static str]) -> Case {
    Case { at, act: Act::FallSilent, open }
}

/// Both mails wait: the refusal was the session's or the sender's.
const BOTH: &[&str] = &["waiting", "waiting"];
const ONE_WAITS: &[&str] = &["waiting"];
const ONE_REFUSED: &[&str] = &["refused"];

const REFUSALS: [Case; 33] = [
    refusal(At::Greeting, "421 4.3.2 closing", BOTH),
    refusal(At::Greeting, "450 4.3.2 busy", BOTH),
    refusal(At::Greeting, "521 5.3.2 no mail here", BOTH),
    refusal(At::Greeting, "554 5.7.1 no service for you", BOTH),
    refusal(At::Ehlo, "421 4.3.2 closing", BOTH),
    refusal(At::Ehlo, "451 4.3.0 later", BOTH),
    refusal(At::Ehlo, "502 5.5.1 what", BOTH),
    refusal(At::Ehlo, "550 5.7.1 bad name", BOTH),
    refusal(At::Starttls, "421 4.3.2 closing", BOTH),
    refusal(At::Starttls, "454 4.7.0 TLS not available", BOTH),
    refusal(At::Starttls, "501 5.5.4 no", BOTH),
    refusal(At::Starttls, "554 5.7.3 no", BOTH),
    refusal(At::Auth, "421 4.3.2 closing", BOTH),
    refusal(At::Auth, "454 4.7.0 later", BOTH),
    refusal(At::Auth, "534 5.7.9 too weak", BOTH),
    refusal(At::Auth, "535 5.7.8 wrong", BOTH),
    refusal(At::Mail, "421 4.3.2 closing", BOTH),
    refusal(At::Mail, "451 4.3.0 later", BOTH),
    refusal(At::Mail, "550 5.1.8 sender unknown", BOTH),
    refusal(At::Mail, "553 5.7.1 not your sender", BOTH),
    refusal(At::Rcpt, "421 4.3.2 closing", BOTH),
    refusal(At::Rcpt, "450 4.2.0 greylisted", ONE_WAITS),
    refusal(At::Rcpt, "550 5.1.1 no such user", ONE_REFUSED),
    refusal(At::Rcpt, "553 5.7.1 <driftline@example.com>: not owned by user", BOTH),
    refusal(At::Data, "421 4.3.2 closing", BOTH),
    refusal(At::Data, "451 4.3.0 later", ONE_WAITS),
    refusal(At::Data, "503 5.5.1 not now", BOTH),
    refusal(At::Data, "554 5.7.1 policy", ONE_REFUSED),
    refusal(At::Dot, "421 4.3.2 closing", BOTH),
    refusal(At::Dot, "452 4.3.1 disk full", ONE_WAITS),
    refusal(At::Dot, "550 5.7.26 the sender is not authenticated", BOTH),
    refusal(At::Dot, "552 5.3.4 too big", ONE_REFUSED),
    refusal(At::Dot, "554 5.7.1 spam", ONE_REFUSED),
];

const SILENCES: [Case; 8] = [
    silence(At::Greeting, BOTH),
    silence(At::Ehlo, BOTH),
    silence(At::Starttls, BOTH),
    silence(At::Auth, BOTH),
    silence(At::Mail, BOTH),
    silence(At::Rcpt, BOTH),
    silence(At::Data, BOTH),
    silence(At::Dot, &["unknown", "waiting"]),
];

/// Answers in clear that come with, or before, the go-ahead for TLS: to everything that the client will say, to its next word, or a
/// go-ahead of the attacker's own. Read as answers over TLS the first would be two receipts.
const FORGED: &str = concat!(
    "250-forged\r\n250 AUTH PLAIN LOGIN\r\n235 in\r\n",
    "250 reset\r\n250 mail\r\n250 rcpt\r\n354 go\r\n250 forged receipt\r\n",
    "250 reset\r\n250 mail\r\n250 rcpt\r\n354 go\r\n250 forged receipt\r\n",
);
const INJECTIONS: [Case; 4] = [
    Case { at: At::Starttls, act: Act::Inject(FORGED), open: BOTH },
    Case { at: At::Starttls, act: Act::Inject("250 forged\r\n"), open: BOTH },
    Case { at: At::Ehlo, act: Act::Inject("220 go\r\n"), open: BOTH },
    Case { at: At::Greeting, act: Act::Inject("250-a\r\n250 STARTTLS\r\n220 go\r\n"), open: BOTH },
];

/// How the process under test ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    ByItself,
    /// A signal while the server is silent and nobody else would end the wait.
    BySignal,
}

pub(crate) fn refusals() -> TestResult {
    all(&REFUSALS, |case| check(case, Ending::ByItself))
}

pub(crate) fn silences() -> TestResult {
    all(&SILENCES, |case| check(case, Ending::ByItself))
}

pub(crate) fn signals() -> TestResult {
    all(&SILENCES, |case| check(case, Ending::BySignal))
}

pub(crate) fn injections() -> TestResult {
    all(&INJECTIONS, |case| check(case, Ending::ByItself))
}

/// Cases have nothing in common: as many at once as there are processors, and one more, since most of them wait.
fn all<T: Sync>(cases: &[T], check: impl Fn(&T) -> TestResult + Sync) -> TestResult {
    let hands = std::thread::available_parallelism().map_or(1, std::num::NonZero::get) + 1;
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            check(case)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let hands: Vec<_> = (0..hands).map(|_| scope.spawn(work)).collect();
        hands.into_iter().try_for_each(|hand| hand.join().unwrap_or_else(|_| Err("a case panicked".to_owned())))
    })
}

fn check(case: &Case, ending: Ending) -> TestResult {
    checked(case, ending).map_err(|problem| format!("{:?} {:?}: {problem}", case.at, case.act))
}

fn checked(case: &Case, ending: Ending) -> TestResult {
    let server = ScriptedSmtp::start(Script { act: Some((case.at, case.act)), knows_utf8: false })?;
    let starttls = case.at == At::Starttls || matches!(case.act, Act::Inject(_));
    let seconds = if ending == Ending::BySignal { 3600 } else { 1 };
    let project = Project::new(&[Mailing { job: "first", port: server.port, starttls, seconds }])?;
    let (output, took) = first_run(&project, &server, ending)?;
    equal("exit code; a mail is open", output.status.code(), Some(50))?;
    if case.act == Act::FallSilent {
        equal(&format!("ended within {SOON:?} and not after {took:?}"), took < SOON, true)?;
    }
    let open: Vec<String> = case.open.iter().map(|state| (*state).to_owned()).collect();
    equal("states", project.open()?, open.clone())?;
    let people = |taken: &[String]| taken.iter().filter(|to| PEOPLE.contains(&to.as_str())).count();
    equal("mails that the server took", people(&server.taken()), 2 - open.len())?;
    equal("receipts", project.receipts()?, 2 - open.len())?;
    // Who is refused for good is told to the owner; the others get their mail when the server is honest, once.
    let refused = open.iter().filter(|state| *state == "refused").count();
    let told = server.taken().iter().filter(|to| *to == OWNER).count();
    equal("notices to the owner", told, refused.min(1))?;
    server.follow(Script::default());
    let again = project.run(&RUN)?;
    equal("exit code of the second run", again.status.code(), Some(0))?;
    equal("states after it", project.open()?, vec!["refused".to_owned(); refused])?;
    let mut taken = server.taken();
    taken.retain(|to| PEOPLE.contains(&to.as_str()));
    taken.sort();
    taken.dedup();
    equal("people with their mail", taken.len(), 2 - refused)?;
    equal("mails that the server took", people(&server.taken()), 2 - refused)?;
    equal("receipts after it", project.receipts()?, 2 - refused)
}

/// The run that meets the script, and the time from the silence, if there is one, to its end.
fn first_run(project: &Project, server: &ScriptedSmtp, ending: Ending) -> Result<(Output, Duration), String> {
    if ending == Ending::BySignal {
        let mut run = project.start(&RUN)?;
        server.until_silent()?;
        let (took, _) = ended_by_signal(&mut run)?;
        let output = run.wait_with_output().map_err(|error| error.to_string())?;
        return Ok((output, took));
    }
    let started = Instant::now();
    Ok((project.run(&RUN)?, started.elapsed()))
}

/// `send --to` is not forgotten either, whatever the server says; an address that it cannot take is that recipient's trouble alone.
pub(crate) fn asked() -> TestResult {
    for (to, act, knows_utf8, state, arrives) in [
        ("new@example.com", Some((At::Rcpt, Act::Say("451 4.3.0 later"))), false, "waiting", true),
        ("new@example.com", Some((At::Greeting, Act::Say("421 4.3.2 closing"))), false, "waiting", true),
        ("new@example.com", Some((At::Mail, Act::Say("550 5.7.1 not your sender"))), false, "waiting", true),
        ("new@example.com", Some((At::Dot, Act::FallSilent)), false, "unknown", true),
        ("new@example.com", Some((At::Rcpt, Act::Say("550 5.1.1 no such user"))), false, "refused", false),
        ("käthe@example.com", Some((At::Greeting, Act::Say("421 4.3.2 closing"))), true, "waiting", true),
        ("käthe@example.com", Some((At::Greeting, Act::Say("421 4.3.2 closing"))), false, "waiting", false),
        ("käthe@example.com", None, false, "refused", false),
        ("info@bücher.example", Some((At::Rcpt, Act::Say("451 4.3.0 later"))), false, "waiting", true),
    ] {
        let place = format!("{to} {act:?} {knows_utf8}");
        let arrives_at = to.replace("bücher", "xn--bcher-kva");
        let server = ScriptedSmtp::start(Script { act, knows_utf8 })?;
        let mailing = Mailing { job: "first", port: server.port, starttls: false, seconds: 1 };
        let project = Project::new(&[mailing])?;
        let sent = project.run(&["send", "us", "2017Q4", "--job", "first", "--to", to])?;
        equal(&format!("{place}: exit code"), sent.status.code(), Some(50))?;
        equal(&format!("{place}: states"), project.open()?, sorted(&["waiting", "waiting", state]))?;
        server.follow(Script { act: None, knows_utf8 });
        let run = project.run(&RUN)?;
        let taken = |to: &str| server.taken().iter().filter(|taken| *taken == to).count();
        equal(&format!("{place}: it arrives"), taken(&arrives_at), usize::from(arrives))?;
        equal(&format!("{place}: the others arrive"), PEOPLE.map(taken), [1, 1])?;
        let open = if arrives { vec![] } else { vec!["refused".to_owned()] };
        equal(&format!("{place}: states after a run"), project.open()?, open)?;
        let is_told_now = state == "waiting" && !arrives;
        equal(&format!("{place}: exit code of the run"), run.status.code(), Some(if is_told_now { 50 } else { 0 }))?;
        equal(&format!("{place}: the owner is told"), taken(OWNER), usize::from(!arrives))?;
    }
    Ok(())
}

/// A daemon with two jobs, the server of the first silent: with a deadline of a second the other job's mails are sent and health
/// is told, with one of an hour health fails; a signal ends it.
pub(crate) fn daemon() -> TestResult {
    const DEADLINES: [(At, u32); 9] = [
        (At::Greeting, 1),
        (At::Ehlo, 1),
        (At::Starttls, 1),
        (At::Auth, 1),
        (At::Mail, 1),
        (At::Rcpt, 1),
        (At::Data, 1),
        (At::Dot, 1),
        (At::Data, 3600),
    ];
    all(&DEADLINES, |(at, seconds)| {
        watched(*at, *seconds).map_err(|problem| format!("silent at {at:?} with a deadline of {seconds} s: {problem}"))
    })
}

fn watched(at: At, seconds: u32) -> TestResult {
    let quiet = ScriptedSmtp::start(Script { act: Some((at, Act::FallSilent)), knows_utf8: false })?;
    let honest = ScriptedSmtp::start(Script::default())?;
    let project = Project::new(&[
        Mailing { job: "first", port: quiet.port, starttls: at == At::Starttls, seconds },
        Mailing { job: "second", port: honest.port, starttls: false, seconds: 60 },
    ])?;
    let listen = format!("127.0.0.1:{}", free_port()?);
    let has_deadline = seconds == 1;
    let limit = if has_deadline { "60" } else { "1" };
    let mut daemon = project.start(&["schedule", "--listen", &listen, "--unhealthy-after", limit])?;
    let answers = || -> TestResult {
        quiet.until_silent()?;
        if has_deadline {
            until("the other job's mails", || Ok(honest.taken().len() == 2))?;
            return holds("/healthz", &get(&listen, "/healthz")?, "200 OK");
        }
        until("/healthz fails", || Ok(get(&listen, "/healthz")?.contains("503 Service Unavailable")))?;
        equal("mails of the other job, which waits", honest.taken().len(), 0)
    };
    let answered = answers();
    let (took, code) = ended_by_signal(&mut daemon)?;
    answered?;
    equal(&format!("ended within {SOON:?} and not after {took:?}"), took < SOON, true)?;
    equal("exit code of the daemon", code, Some(0))
}
