//! What the facts so far say of an app, apart from where it stands.

use chrono::{DateTime, TimeDelta, Utc};

use super::Text;

/// An occurrence of breaches.
#[derive(Debug, Clone)]
pub(super) struct Breach<'a> {
    pub id: &'a Text,
    /// The fact that introduced it, and its place among those that introduce a breach or miss.
    pub fact: &'a Text,
    pub place: usize,
    pub at: DateTime<Utc>,
    pub closed: Option<DateTime<Utc>>,
    pub excused: bool,
}

/// A stretch of time in which the objective of a series was missed.
#[derive(Debug, Clone)]
pub(super) struct Miss<'a> {
    pub id: &'a Text,
    /// The fact that introduced it, and its place among those that introduce a breach or miss.
    pub fact: &'a Text,
    pub place: usize,
    pub at: DateTime<Utc>,
    pub ended: Option<DateTime<Utc>>,
    pub excused: bool,
}

impl Breach<'_> {
    /// A breach counts when it is not excused and began at or after the baseline.
    pub fn counts(&self, baseline: DateTime<Utc>) -> bool {
        !self.excused && self.at >= baseline
    }

    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }
}

impl Miss<'_> {
    /// A miss counts while it is neither excused nor ended.
    pub fn counts(&self) -> bool {
        !self.excused && self.ended.is_none()
    }
}

/// When enforcement was suspended: while the app, or every app, is frozen, or an appeal is open. Overlapping pauses are one.
#[derive(Debug, Clone, Default)]
pub(super) struct Pauses {
    pub app_frozen: bool,
    pub all_frozen: bool,
    pub appeal_open: bool,
    /// Those that ended.
    ended: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// Since when it is paused.
    since: Option<DateTime<Utc>>,
}

impl Pauses {
    pub fn is_paused(&self) -> bool {
        self.since.is_some()
    }

    /// Takes note of what was frozen, thawed, opened or closed at `now`.
    pub fn note(&mut self, now: DateTime<Utc>) {
        let paused = self.app_frozen || self.all_frozen || self.appeal_open;
        match self.since {
            None if paused => self.since = Some(now),
            Some(since) if !paused => {
                self.ended.push((since, now));
                self.since = None;
            }
            _ => {}
        }
    }

    /// How long it was paused between `start` and `now`.
    pub fn within(&self, start: DateTime<Utc>, now: DateTime<Utc>) -> TimeDelta {
        let open = self.since.map(|since| (since, now));
        self.ended
            .iter()
            .copied()
            .chain(open)
            .map(|(from, to)| (to.min(now) - from.max(start)).max(TimeDelta::zero()))
            .sum()
    }
}
