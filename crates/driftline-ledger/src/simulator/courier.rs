//! The simulated mail server and the line to it, which breaks, refuses and takes the daemon with it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::faults::MailFault;
use super::world::{Who, World};
use crate::{Courier, Outcome};

/// The daemon's line to the mail server.
pub(super) struct Line {
    pub(super) world: Arc<World>,
    pub(super) who: Who,
}

#[async_trait]
impl Courier for Line {
    async fn send(&self, mail: &str, bytes: Bytes) -> Outcome {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (key, run) = text.split_once(' ').unwrap_or_default();
        let (fault, delay) = {
            let mut state = self.world.state();
            let published = key
                .split_once("/outbox/")
                .map(|(slot, rest)| format!("{slot}/published/{}.json", rest.split('/').next().unwrap_or_default()));
            let record = published.and_then(|path| state.objects.get(&path));
            if !record.is_some_and(|stored| String::from_utf8_lossy(&stored.bytes).contains(run)) {
                state.truth.wrong(format!("{mail} of {run} was sent, which is not what is published"));
            }
            state.truth.handed_over(key);
            let faults = state.faults.clone();
            (faults.mail(&mut state.random), faults.delay(&mut state.random))
        };
        self.world.sleep(self.who, delay).await;
        let is_refused = mail == "m2";
        let takes = || {
            if !is_refused {
                self.world.state().truth.mails.entry(key.to_owned()).or_default().copies += 1;
            }
        };
        match fault {
            MailFault::None => takes(),
            MailFault::CrashBefore => self.world.crash(self.who).await,
            MailFault::CrashAfter => {
                takes();
                self.world.crash(self.who).await;
            }
            MailFault::LostAfterTaking | MailFault::LostBeforeTaking => {
                if fault == MailFault::LostAfterTaking {
                    takes();
                }
                self.world.state().disturb(self.who);
                return Outcome::Unknown("no answer".to_owned());
            }
            MailFault::TryLater => return Outcome::TryLater("451".to_owned()),
        }
        if is_refused { Outcome::Refused("550".to_owned()) } else { Outcome::Taken("250".to_owned()) }
    }
}
