//! What is true in the simulated world, and the invariants that are checked as things land.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::world::{Stored, Who, Write};
use crate::ledger::sha256;
use crate::{MailState, OnUnknown, Publication};

/// A token and the life behind it.
#[derive(Clone, Debug, Default)]
pub(super) struct Token {
    /// When its signs of life landed.
    signs: Vec<u64>,
    is_released: bool,
    time_to_live: u64,
}

#[derive(Clone, Debug)]
struct Attempt {
    who: Who,
    token: usize,
    issued: u64,
    /// Step at which a note about it landed.
    resolved: Option<u64>,
}

/// A mail at the store and at the server.
#[derive(Clone, Debug, Default)]
pub(super) struct MailTruth {
    attempts: Vec<Attempt>,
    pub(super) hand_overs: usize,
    pub(super) copies: usize,
    /// Attempts of unknown fate after which another one began.
    pub(super) unknown: usize,
}

#[derive(Default)]
pub(crate) struct Truth {
    pub(super) violations: Vec<String>,
    pub(super) ended: BTreeSet<Who>,
    pub(super) disturbed: BTreeMap<Who, u64>,
    /// Steps at which a life looked at the outbox.
    pub(super) looked: BTreeMap<Who, Vec<u64>>,
    /// When a contender began, by its nonce.
    pub(super) contended: BTreeMap<String, u64>,
    /// When a contender's marker landed, by its name.
    markers: BTreeMap<String, u64>,
    /// By slot.
    pub(super) tokens: BTreeMap<String, Vec<Token>>,
    /// Fencing tokens of the revisions by slot.
    published: BTreeMap<String, BTreeMap<u32, u64>>,
    /// By `<slot>/outbox/<revision>/<mail>`.
    pub(super) mails: BTreeMap<String, MailTruth>,
    /// What the last healthy daemon reads, by the same key.
    pub(super) finals: BTreeMap<String, MailState>,
    pub(super) superseded: u64,
    pub(super) fenced: u64,
    /// Objects of runs that led nowhere.
    pub(super) pruned: usize,
}

#[derive(Deserialize)]
struct Signature {
    nonce: String,
    #[serde(default)]
    time_to_live_seconds: u64,
    #[serde(default)]
    fencing_token: Option<usize>,
}

/// Who signs with a nonce that [`super::daemon`] made: `d1l2n3` or `d1l2n3.4`.
fn signer(nonce: &str) -> Option<Who> {
    let (daemon, rest) = nonce.strip_prefix('d')?.split_once('l')?;
    let (life, _) = rest.split_once('n')?;
    Some(Who { daemon: daemon.parse().ok()?, life: life.parse().ok()? })
}

impl Truth {
    pub(super) fn wrong(&mut self, problem: String) {
        self.violations.push(problem);
    }

    /// Looks at a write that is about to be in the store.
    pub(super) fn landed(&mut self, write: &Write, now: u64, step: u64, objects: &BTreeMap<String, Stored>) {
        if objects.get(&write.path).is_some_and(|stored| stored.bytes != write.bytes) {
            self.wrong(format!("{} was overwritten", write.path));
        }
        if let Some((_, marker)) = write.path.split_once("/probe/clock-") {
            self.markers.insert(marker.to_owned(), now);
        } else if let Some((slot, name)) = write.path.split_once("/lease/") {
            self.lease_landed(slot, name, write, now);
        } else if let Some((slot, _)) = write.path.split_once("/published/") {
            self.publication_landed(slot, write, objects);
        } else if let Some((mail, kind)) = write
            .path
            .strip_suffix(".json")
            .filter(|path| path.contains("/outbox/"))
            .and_then(|path| path.rsplit_once('.'))
        {
            self.note_landed(mail, kind, write, step);
        }
    }

    fn lease_landed(&mut self, slot: &str, name: &str, write: &Write, now: u64) {
        let token = crate::create::leading_number::<usize>(name).unwrap_or(0);
        let tokens = self.tokens.entry(slot.to_owned()).or_default();
        if name.contains('.') && !name.ends_with(&format!("{token:06}.json")) {
            match tokens.get_mut(token.wrapping_sub(1)) {
                Some(held) if name.contains("released") => held.is_released = true,
                Some(held) => held.signs.push(now),
                None => self.wrong(format!("{} without its token", write.path)),
            }
            return;
        }
        let Ok(claim) = serde_json::from_slice::<Signature>(&write.bytes) else { return };
        let new = Token { signs: vec![now], is_released: false, time_to_live: claim.time_to_live_seconds * 1000 };
        let held = tokens.last().cloned();
        tokens.push(new);
        if tokens.len() != token {
            return self.wrong(format!("token {token} of {slot} is not the next one"));
        }
        let Some(held) = held.filter(|held| !held.is_released) else { return };
        // With a marker the promise is exact; without one it is the weakest that could be meant.
        let marker = self.markers.get(&format!("{}-{}.json", claim.nonce, token - 1)).copied();
        let began = self.contended.get(&claim.nonce).copied().unwrap_or(now);
        let (seen_until, at) = marker.map_or((began, now), |marker| (marker, marker));
        let sign = held.signs.iter().copied().filter(|sign| *sign <= seen_until).max().unwrap_or(0);
        if at.saturating_sub(sign) <= held.time_to_live {
            self.wrong(format!(
                "token {token} of {slot} was taken from a holder that gave a sign {} ms ago",
                at - sign
            ));
        }
    }

    fn publication_landed(&mut self, slot: &str, write: &Write, objects: &BTreeMap<String, Stored>) {
        let Ok(publication) = serde_json::from_slice::<Publication>(&write.bytes) else {
            return self.wrong(format!("{} is no publication", write.path));
        };
        self.check_objects(&write.path, &publication, objects);
        let token = publication.fencing_token.unwrap_or(0);
        let revisions = self.published.entry(slot.to_owned()).or_default();
        revisions.insert(publication.revision, token);
        if !revisions.values().is_sorted() {
            self.wrong(format!("the fencing tokens of {slot} fall: {:?}", self.published.get(slot)));
        }
    }

    /// All that a publication names is in the store, when it lands and for ever after.
    pub(super) fn check_objects(&mut self, path: &str, publication: &Publication, objects: &BTreeMap<String, Stored>) {
        for object in &publication.objects {
            let named = format!("w/{}/{}", publication.run, object.name);
            if objects.get(&named).is_none_or(|stored| sha256(&stored.bytes) != object.sha256) {
                self.wrong(format!("{path} was published without {named}"));
            }
        }
    }

    fn note_landed(&mut self, mail: &str, kind: &str, write: &Write, step: u64) {
        let truth = self.mails.entry(mail.to_owned()).or_default();
        let Some(number) = kind.strip_prefix("attempt-").and_then(|number| number.parse::<usize>().ok()) else {
            let only = kind.strip_prefix("transient-").and_then(|number| number.parse::<usize>().ok());
            for (index, attempt) in truth.attempts.iter_mut().enumerate() {
                if only.is_none_or(|number| number == index + 1) {
                    attempt.resolved.get_or_insert(step);
                }
            }
            return;
        };
        let signature = serde_json::from_slice::<Signature>(&write.bytes).ok();
        let Some((who, token)) = signature.and_then(|found| Some((signer(&found.nonce)?, found.fencing_token?))) else {
            return self.wrong(format!("{} is not signed", write.path));
        };
        let before = truth.attempts.last().cloned();
        truth.attempts.push(Attempt { who, token, issued: write.issued, resolved: None });
        if truth.attempts.len() != number {
            return self.wrong(format!("attempt {number} of {mail} is not the next one"));
        }
        let Some(before) = before else { return };
        let looked = self.looked.get(&who).into_iter().flatten().rev().find(|step| **step <= write.issued);
        if before.resolved.is_some_and(|resolved| looked.is_some_and(|looked| resolved <= *looked)) {
            return;
        }
        truth.unknown += 1;
        let is_overtaken = mail.split_once("/outbox/").is_some_and(|(slot, _)| self.tokens_of(slot) > before.token);
        let is_disturbed = self.disturbed.get(&before.who).is_some_and(|step| *step >= before.issued);
        if !is_overtaken && !is_disturbed && !self.ended.contains(&before.who) {
            self.wrong(format!("attempt {number} of {mail} began while nothing was wrong with the one before"));
        }
    }

    /// The newest token of a slot, 0 if there is none.
    pub(super) fn tokens_of(&self, slot: &str) -> usize {
        self.tokens.get(slot).map_or(0, Vec::len)
    }

    pub(super) fn handed_over(&mut self, mail: &str) {
        let truth = self.mails.entry(mail.to_owned()).or_default();
        truth.hand_overs += 1;
        if truth.hand_overs > truth.attempts.len() {
            self.wrong(format!("{mail} was handed over without an attempt of its own"));
        }
    }

    /// What must hold when everything has come to rest. `mails` are the stored ones.
    pub(super) fn check_rest(&mut self, mails: &[String], on_unknown: OnUnknown) {
        for mail in mails {
            let truth = self.mails.get(mail).cloned().unwrap_or_default();
            let copies = truth.copies;
            if copies > 1 + truth.unknown {
                self.wrong(format!("{mail} went out {copies} times after {} unknown attempts", truth.unknown));
            }
            if on_unknown == OnUnknown::Hold && copies > 1 {
                self.wrong(format!("{mail} went out {copies} times though unknown mails are held"));
            }
            match self.finals.get(mail) {
                Some(MailState::Sent) if copies == 0 => self.wrong(format!("{mail} has a receipt and was never sent")),
                Some(MailState::Sent | MailState::Held) => {}
                Some(MailState::Refused { .. }) if copies == 0 => {}
                state => self.wrong(format!("{mail} is forgotten: {state:?}, {copies} copies")),
            }
        }
    }
}
