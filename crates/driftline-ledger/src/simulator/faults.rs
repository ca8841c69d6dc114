//! What goes wrong, how often, drawn from the seed.

/// SplitMix64: the same numbers for the same seed on every machine.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    pub(crate) fn hits(&mut self, per_mille: u64) -> bool {
        per_mille > 0 && self.next() % 1000 < per_mille
    }
}

/// Which new objects lists show late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListLag {
    None,
    /// All but the tokens and the publications.
    NotCommits,
    All,
}

/// What happens to a write, besides delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteFault {
    None,
    /// Dies before it is sent, with it landing later or after it landed.
    CrashBefore,
    CrashLandsLater,
    CrashAfter,
    /// The answer is lost.
    LostAfterLanding,
    LostBeforeLanding,
    LostLandsLater,
    /// "Exists", but nothing landed.
    FalseConflict,
    Unavailable,
}

/// What happens to a mail at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MailFault {
    None,
    CrashBefore,
    CrashAfter,
    LostAfterTaking,
    LostBeforeTaking,
    TryLater,
}

/// Rates in parts of a thousand operations; times in milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    pub(super) crash: u64,
    pub(super) error: u64,
    pub(super) pause: u64,
    pub(super) try_later: u64,
    pub(super) longest_delay: u64,
    pub(super) list_lag: ListLag,
}

impl Faults {
    /// Nothing goes wrong and nothing takes time.
    pub(super) const fn none() -> Self {
        Self { crash: 0, error: 0, pause: 0, try_later: 0, longest_delay: 0, list_lag: ListLag::None }
    }

    /// Only delays.
    pub(super) const fn healthy() -> Self {
        Self { longest_delay: 150, ..Self::none() }
    }

    pub(super) fn draw(random: &mut Random) -> Self {
        let level = random.between(0, 3);
        Self {
            crash: level * random.between(0, 8),
            error: level * random.between(0, 15),
            pause: level * random.between(0, 12),
            try_later: level * random.between(0, 80),
            longest_delay: random.between(20, 600),
            list_lag: [ListLag::None, ListLag::NotCommits, ListLag::All][random.between(0, 2) as usize],
        }
    }

    pub(super) fn delay(&self, random: &mut Random) -> u64 {
        match self.longest_delay {
            0 => 0,
            _ if random.hits(self.pause) => random.between(5_000, 40_000),
            longest => random.between(1, longest),
        }
    }

    pub(super) fn list_lag(&self, path: &str, random: &mut Random) -> u64 {
        let is_commit = path.contains("/published/") || (path.contains("/lease/") && path.matches('.').count() == 1);
        match self.list_lag {
            ListLag::None => 0,
            ListLag::NotCommits if is_commit => 0,
            ListLag::NotCommits | ListLag::All if random.hits(500) => random.between(1, 15_000),
            ListLag::NotCommits | ListLag::All => 0,
        }
    }

    pub(super) fn write(&self, is_create: bool, random: &mut Random) -> WriteFault {
        use WriteFault as Fault;
        if random.hits(self.crash) {
            return [Fault::CrashBefore, Fault::CrashLandsLater, Fault::CrashAfter][random.between(0, 2) as usize];
        }
        if random.hits(self.error) {
            let last = if is_create { 4 } else { 3 };
            return [
                Fault::LostAfterLanding,
                Fault::LostBeforeLanding,
                Fault::LostLandsLater,
                Fault::Unavailable,
                Fault::FalseConflict,
            ][random.between(0, last) as usize];
        }
        Fault::None
    }

    pub(super) fn mail(&self, random: &mut Random) -> MailFault {
        use MailFault as Fault;
        if random.hits(self.crash * 4) {
            return [Fault::CrashBefore, Fault::CrashAfter][random.between(0, 1) as usize];
        }
        if random.hits(self.error * 3) {
            return [Fault::LostAfterTaking, Fault::LostBeforeTaking][random.between(0, 1) as usize];
        }
        if random.hits(self.try_later) { Fault::TryLater } else { Fault::None }
    }
}
