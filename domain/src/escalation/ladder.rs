use chrono::{DateTime, Utc};

use super::{
    State, Text,
    course::{Course, days_after},
    evidence::{Breach, Miss},
};

/// Where an app stands on the way between good standing and demotion, and what is next, as of one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    /// What counts, in the order of the facts.
    pub counting: Vec<Counting>,
    /// What an appeal can be about, in the order of the facts: what counts, and misses that ended since the app was last in good
    /// standing, on which its state may rest as well.
    pub appealable: Vec<Counting>,
    /// Breaches that count within the window of the policy in force.
    pub within_window: u64,
    /// Breaches that count after the days of grace of a remediation.
    pub further: u64,
    /// Whether enforcement is suspended by a freeze, of the app or of all.
    pub frozen: bool,
    /// Whether the app is frozen by itself.
    pub app_frozen: bool,
    /// Whether it is suspended by an appeal.
    pub appeal_open: bool,
    /// The end of a remediation, as far as pauses and transitions have put it off until now.
    pub deadline: Option<DateTime<Utc>>,
    /// Until when tighter rules hold only where those of the versions before hold as well; `None` outside a transition.
    pub transition_ends: Option<DateTime<Utc>>,
    /// When the app is in good standing again if nothing further happens; `None` while something that counts is open, a
    /// remediation is not completed, or there is nothing to clear.
    pub clears: Option<DateTime<Utc>>,
    /// From when on a demoted app may be taken back.
    pub cools_off: Option<DateTime<Utc>>,
}

/// A breach or miss that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counting {
    /// The fact that introduced it.
    pub fact: Text,
    /// The id of the breach or miss.
    pub id: Text,
    pub is_miss: bool,
    pub at: DateTime<Utc>,
    /// When it ended; a miss that ended no longer counts.
    pub ended: Option<DateTime<Utc>>,
}

impl Counting {
    /// A breach, with its place among all.
    fn breach(breach: &Breach<'_>) -> (usize, Self) {
        let counting = Self {
            fact: breach.fact.clone(),
            id: breach.id.clone(),
            is_miss: false,
            at: breach.at,
            ended: breach.closed,
        };
        (breach.place, counting)
    }

    /// A miss, with its place among all.
    fn miss(miss: &Miss<'_>) -> (usize, Self) {
        let counting = Self {
            fact: miss.fact.clone(),
            id: miss.id.clone(),
            is_miss: true,
            at: miss.at,
            ended: miss.ended,
        };
        (miss.place, counting)
    }
}

impl Course<'_> {
    /// The ladder at `now`, once everything up to then has been worked off.
    pub(super) fn ladder(&self, now: DateTime<Utc>) -> Ladder {
        let policy = self.policy();
        let state = self.standing.state;
        let ended = self.ended_misses().map(Counting::miss);
        let mut appealable: Vec<_> = self
            .counting_breaches()
            .map(Counting::breach)
            .chain(self.counting_misses().map(Counting::miss))
            .chain(ended)
            .collect();
        appealable.sort_unstable_by_key(|(place, _)| *place);
        let appealable: Vec<Counting> = appealable.into_iter().map(|(_, counting)| counting).collect();
        let counts = |one: &&Counting| !one.is_miss || one.ended.is_none();
        let counting = appealable.iter().filter(counts).cloned().collect();
        let quiet = match state {
            State::Notified => self.last_end().map(|end| (end, policy.recovery.clear_quiet_days)),
            State::Remediation if self.is_completed() => {
                self.last_closing().map(|end| (end, policy.recovery.recover_quiet_days))
            }
            _ => None,
        };
        let in_remediation = state == State::Remediation;
        let grace_ends = days_after(self.standing.entered, policy.demotion.grace_days);
        let deadline = in_remediation.then(|| self.enforced_deadline(now));
        Ladder {
            within_window: self
                .counting_breaches()
                .filter(|b| days_after(b.at, policy.remediation.window_days) > now)
                .count() as u64,
            further: match in_remediation {
                true => self.counting_breaches().filter(|b| b.at >= grace_ends).count() as u64,
                false => 0,
            },
            frozen: self.pauses.app_frozen || self.pauses.all_frozen,
            app_frozen: self.pauses.app_frozen,
            appeal_open: self.pauses.appeal_open,
            deadline,
            transition_ends: self.replaced(now).map(|(_, ends)| ends).max(),
            clears: quiet
                .filter(|_| !self.is_blocked())
                .map(|(end, days)| days_after(end, days))
                // A deadline that comes first leads elsewhere.
                .filter(|clears| deadline.is_none_or(|deadline| *clears <= deadline || self.pauses.is_paused())),
            cools_off: self
                .standing
                .demoted
                .filter(|_| matches!(state, State::Demoted | State::None))
                .map(|demoted| days_after(demoted, policy.reinstatement.cool_off_days)),
            counting,
            appealable,
        }
    }
}
