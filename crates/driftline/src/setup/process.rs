//! This process as other processes of the machine can recognise it, and whether one of them is gone: by Linux' `/proc`.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;

use driftline_ledger::Process;

/// This process; none where the system does not say.
pub fn this() -> Option<Process> {
    let number = std::process::id();
    let (_, started) = state_and_start(&std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?)?;
    Some(Process {
        machine: std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned(),
        namespace: std::fs::read_link("/proc/self/ns/pid").ok()?.display().to_string(),
        user: std::fs::metadata("/proc/self").ok()?.uid(),
        number,
        started,
    })
}

/// Whether a process that would be seen from here is not there any more: it was killed, or its machine's number is another's now.
pub fn is_gone(process: &Process) -> bool {
    let Some(here) = this() else { return false };
    if (&process.machine, &process.namespace, process.user) != (&here.machine, &here.namespace, here.user) {
        return false;
    }
    match std::fs::read_to_string(format!("/proc/{}/stat", process.number)) {
        Err(error) => error.kind() == ErrorKind::NotFound,
        // A zombie waits for its parent only.
        Ok(text) => state_and_start(&text)
            .is_some_and(|(state, started)| started != process.started || matches!(state, 'Z' | 'X')),
    }
}

/// The third and the 22nd field of a process' line; its name, the second, may hold blanks and brackets.
fn state_and_start(line: &str) -> Option<(char, u64)> {
    let (_, rest) = line.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(18)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_line_is_read_whatever_the_name_is() {
        let line = "7 (a) b (c)) S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 5373952 658";
        assert_eq!(state_and_start(line), Some(('S', 4242)));
        assert_eq!(state_and_start("7 (a) S 1"), None);
    }

    #[test]
    fn a_process_is_gone_when_it_ended_and_only_if_it_could_be_seen() {
        let own = this().unwrap();
        assert!(!is_gone(&own));
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let text = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        let (_, started) = state_and_start(&text).unwrap();
        let of_child = Process { number: child.id(), started, ..own.clone() };
        assert!(!is_gone(&of_child));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_gone(&of_child));
        assert!(is_gone(&Process { started: own.started - 1, ..own.clone() }), "its number is another's now");
        for elsewhere in [
            Process { machine: "another".to_owned(), ..of_child.clone() },
            Process { namespace: "pid:[1]".to_owned(), ..of_child.clone() },
            Process { user: own.user + 1, ..of_child },
        ] {
            assert!(!is_gone(&elsewhere), "cannot be seen from here: {elsewhere:?}");
        }
    }
}
