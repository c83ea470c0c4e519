use serde::{Deserialize, Serialize};

use super::{Evaluated, WindowState};
use crate::count::{Counts, Minute, MinuteRange};
use crate::policy::{CLOSE_AFTER, REMIND_EVERY, SliPolicy, UNKNOWN_AFTER};
use crate::sli::text_key;
use crate::slo::counting_threshold_reached;

/// An episode that has opened and not closed: all that the next evaluation needs to know (SPEC section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenEpisode {
    /// The tick that opened it.
    pub opened_at: Minute,
    /// The first minute of the window that opened it; its bad events are counted from here on.
    pub window_start: Minute,
    /// The last tick at which the condition held.
    pub last_held: Minute,
    /// The last tick whose window had a counted event.
    pub last_defined: Minute,
    /// The last tick at which a mail was due: the opening, then the reminders.
    pub last_mail: Minute,
    /// The counts at `last_defined`.
    pub last_value: Counts,
    /// The counts with the lowest rate of all evaluations so far.
    pub worst_value: Counts,
    /// The tick from which on it counts; `None` while it is a blip. The caller sets it when [`counts_now`] says so.
    pub counted_at: Option<Minute>,
}

text_key! {
    /// How an episode closed (SPEC section 2).
    pub enum Closing, "closing" {
        /// The condition no longer held.
        Ok = "ok",
        /// There was no data for too long to tell.
        Unknown = "unknown",
    }
}

/// What one evaluation changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing was open, nothing opens.
    Nothing,
    /// An episode opens; its ANOMALOUS mail is due.
    Opened(OpenEpisode),
    /// The episode stays open.
    StillOpen {
        /// The episode after this evaluation.
        episode: OpenEpisode,
        /// Whether a reminder is due.
        remind: bool,
    },
    /// The episode closes at this tick; its OK or UNKNOWN mail is due.
    Closed {
        /// The episode after this evaluation.
        episode: OpenEpisode,
        /// How it closed.
        closing: Closing,
    },
}

/// One evaluation of a series (SPEC section 2): an episode
/// - opens at the first evaluation where the condition holds, late events left aside ([`Evaluated::opens`]);
/// - closes OK at the first evaluation E with data in which no defined evaluation in (E − 15 min, E] held;
/// - closes UNKNOWN after 24 h without a defined evaluation;
/// - is reminded of at most every 24 h while open.
///
/// Ticks come in ascending order. The same tick twice gives the same episode and no second reminder; a tick before the
/// last defined one changes nothing.
///
/// Ticks may be missing, because the server was down. A missed tick is an evaluation that did not happen, so it
/// neither held nor was defined: nothing opens in the gap; the first evaluation after it decides on an open episode.
/// If that one is clear and 15 min have passed since the condition last held, the episode closes OK at once; if it
/// holds, the same episode goes on, however long the gap; if it has no data and 24 h have passed since the last
/// defined one, the episode closes UNKNOWN at once; one reminder makes up for all that were missed. A caller that
/// evaluates the missed ticks later, in order, gets what it would have had without the gap, as far as the events
/// arrived in time.
pub fn advance(policy: &SliPolicy, open: Option<&OpenEpisode>, evaluated: &Evaluated) -> Step {
    match open {
        None if evaluated.opens(&policy.alert) => Step::Opened(OpenEpisode::open(evaluated)),
        None => Step::Nothing,
        Some(episode) => episode.proceed(evaluated.state(&policy.alert), evaluated),
    }
}

/// Whether the episode begins to count at this evaluation: it did not count before, and its bad events reach
/// max(2, 5 % of the 28-day error budget) (SPEC section 2).
///
/// `bad_not_excluded_since_window_start` are the bad events of [`OpenEpisode::bad_range`], `counts_28d` the counts of
/// the objective's window at this evaluation, both after the ledger.
pub fn counts_now(
    policy: &SliPolicy,
    episode: &OpenEpisode,
    bad_not_excluded_since_window_start: u64,
    counts_28d: Counts,
) -> bool {
    episode.counted_at.is_none()
        && counting_threshold_reached(policy.slo, counts_28d, bad_not_excluded_since_window_start)
}

impl OpenEpisode {
    /// The minutes whose bad events are the episode's, as known at this evaluation: from the start of the window that
    /// opened it to the end of the present one (SPEC section 2).
    pub fn bad_range(&self, evaluated: &Evaluated) -> MinuteRange {
        MinuteRange::new(self.window_start, evaluated.window.end)
    }

    fn open(evaluated: &Evaluated) -> Self {
        Self {
            opened_at: evaluated.tick,
            window_start: evaluated.window.start,
            last_held: evaluated.tick,
            last_defined: evaluated.tick,
            last_mail: evaluated.tick,
            last_value: evaluated.all,
            worst_value: evaluated.all,
            counted_at: None,
        }
    }

    fn proceed(&self, state: WindowState, evaluated: &Evaluated) -> Step {
        let tick = evaluated.tick;
        let mut episode = *self;
        if tick < self.last_defined {
            return Step::StillOpen { episode, remind: false };
        }

        if state != WindowState::Undefined {
            episode.last_defined = tick;
            episode.last_value = evaluated.all;
            if evaluated.all.worse_than(episode.worst_value) {
                episode.worst_value = evaluated.all;
            }
        }
        if state == WindowState::Holds {
            episode.last_held = tick;
        }

        let closing = match state {
            WindowState::Clear if tick - episode.last_held >= CLOSE_AFTER => Some(Closing::Ok),
            WindowState::Undefined if tick - episode.last_defined >= UNKNOWN_AFTER => Some(Closing::Unknown),
            _ => None,
        };
        if let Some(closing) = closing {
            return Step::Closed { episode, closing };
        }

        let remind = tick - episode.last_mail >= REMIND_EVERY;
        if remind {
            episode.last_mail = tick;
        }
        Step::StillOpen { episode, remind }
    }
}

#[cfg(test)]
mod tests;
