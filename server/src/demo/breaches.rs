//! The breaches that follow from a history, by the rules by which a server finds them (SPEC section 2).

use rampart_domain::{
    alert::{self, Closing, Evaluated, OpenEpisode, Step, alert_window},
    count::Minute,
    policy::{COUNTING_MINIMUM, SliPolicy},
    slo,
};

use super::history::History;

/// An evaluation that changed something of an episode.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    pub tick: Minute,
    /// The episode after it.
    pub episode: OpenEpisode,
    pub opens: bool,
    /// Whether it begins to count here.
    pub counts: bool,
    /// Whether a reminder is due.
    pub reminds: bool,
    pub closing: Option<Closing>,
}

/// Evaluates every tick up to and including `last`, and returns those that changed something in order; an episode that is
/// open at the end has its present state as the last of them.
///
/// Ticks at which nothing is open and whose window has no bad event change nothing ([`alert::advance`]), and are left out.
pub(super) fn turns(policy: &SliPolicy, history: &History, last: Minute) -> Vec<Turn> {
    let mut turns = Vec::new();
    let mut open: Option<OpenEpisode> = None;
    let mut tick = history.range().start;
    while tick <= last {
        let window = alert_window(tick, policy);
        if open.is_none() {
            let Some(bad) = history.next_bad(window.start) else {
                break;
            };
            if bad >= window.end {
                tick = slo::first_tick(bad, policy.settle_minutes);
                continue;
            }
        }
        // Nothing arrives late in a history that is made at once.
        let counts = history.counts(window);
        let evaluated = Evaluated {
            tick,
            window,
            on_time: counts,
            all: counts,
        };
        let was_open = open.is_some();
        let (mut episode, reminds, closing) = match alert::advance(policy, open.as_ref(), &evaluated) {
            Step::Nothing => {
                tick += 1;
                continue;
            }
            Step::Opened(episode) => (episode, false, None),
            Step::StillOpen { episode, remind } => (episode, remind, None),
            Step::Closed { episode, closing } => (episode, false, Some(closing)),
        };
        let counts = begins_to_count(policy, history, &episode, &evaluated);
        if counts {
            episode.counted_at = Some(tick);
        }
        if !was_open || counts || reminds || closing.is_some() || tick == last {
            turns.push(Turn {
                tick,
                episode,
                opens: !was_open,
                counts,
                reminds,
                closing,
            });
        }
        open = closing.is_none().then_some(episode);
        tick += 1;
    }
    turns
}

fn begins_to_count(policy: &SliPolicy, history: &History, episode: &OpenEpisode, evaluated: &Evaluated) -> bool {
    if episode.counted_at.is_some() {
        return false;
    }
    let bad = history.counts(episode.bad_range(evaluated)).bad;
    // Below the least that can count there is no need to sum up four weeks.
    bad >= COUNTING_MINIMUM
        && alert::counts_now(
            policy,
            episode,
            bad,
            history.counts(slo::slo_window(evaluated.tick, policy)),
        )
}
