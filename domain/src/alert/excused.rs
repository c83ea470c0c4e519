use super::{OpenEpisode, WindowState, alert_window};
use crate::count::{Counts, Minute, MinuteCounts, MinuteRange};
use crate::exclusion::{Ledger, SeriesRef};
use crate::policy::SliPolicy;
use crate::slo::counting_threshold_reached;

/// What the ledger leaves of an episode (SPEC section 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Assessment {
    /// The events of its minutes, as measured.
    pub raw: Counts,
    /// Those of its minutes that are not excluded.
    pub adjusted: Counts,
    /// Whether the alert condition holds at one of its evaluations without the excluded minutes.
    pub holds_adjusted: bool,
    /// Whether it is excused; see [`assess`].
    pub excused: bool,
}

/// The minutes whose events are an episode's when `last` is the last evaluation that saw it: from the start of the window that
/// opened it to the end of the last one.
pub fn episode_range(policy: &SliPolicy, episode: &OpenEpisode, last: Minute) -> MinuteRange {
    MinuteRange::new(episode.window_start, alert_window(last, policy).end)
}

/// Decides whether an episode is excused (SPEC section 5): its bad events that remain are below the counting threshold, or the
/// adjusted condition holds at none of its evaluations.
///
/// `last` is the last evaluation that saw the episode, the one that closed it when it is closed; `minutes` are those of
/// [`episode_range`], in order; `counts_28d` are the counts of the objective's window at the evaluation at which it began to
/// count, after the ledger.
///
/// A blip is never excused: it counts for nothing anyway. Nor is an episode none of whose bad events is excluded: late events may
/// have raised the threshold since, or lifted a rate, but those are no reason of the ledger's.
pub fn assess(
    policy: &SliPolicy,
    episode: &OpenEpisode,
    last: Minute,
    series: SeriesRef<'_>,
    minutes: &[MinuteCounts],
    counts_28d: Counts,
    ledger: &Ledger,
) -> Assessment {
    let range = episode_range(policy, episode, last);
    let excluded = ledger.excluded_ranges(series, range);
    let is_kept = |minute: Minute| {
        let next = excluded.partition_point(|e| e.range.end <= minute);
        !excluded.get(next).is_some_and(|e| e.range.contains(minute))
    };
    let within: Vec<&MinuteCounts> = minutes.iter().filter(|m| range.contains(m.minute)).collect();
    let kept: Vec<(Minute, Counts)> = within
        .iter()
        .filter(|m| is_kept(m.minute))
        .map(|m| (m.minute, m.all))
        .collect();
    let raw: Counts = within.iter().map(|m| m.all).sum();
    let adjusted: Counts = kept.iter().map(|(_, counts)| *counts).sum();
    let holds_adjusted = holds_at_one(policy, episode.opened_at, last, &kept);
    let excused = episode.counted_at.is_some()
        && adjusted.bad < raw.bad
        && !(holds_adjusted && counting_threshold_reached(policy.slo, counts_28d, adjusted.bad));
    Assessment {
        raw,
        adjusted,
        holds_adjusted,
        excused,
    }
}

/// Whether the condition holds at an evaluation from `first` to `last`, both included, over these minutes, which are in order.
fn holds_at_one(policy: &SliPolicy, first: Minute, last: Minute, minutes: &[(Minute, Counts)]) -> bool {
    let (mut sum, mut begin, mut end) = (Counts::default(), 0, 0);
    let mut tick = first;
    while tick <= last {
        let window = alert_window(tick, policy);
        while let Some((_, counts)) = minutes.get(end).filter(|(minute, _)| *minute < window.end) {
            sum += *counts;
            end += 1;
        }
        while let Some((_, counts)) = minutes
            .get(begin)
            .filter(|(minute, _)| *minute < window.start && begin < end)
        {
            sum = Counts::new(sum.good - counts.good, sum.bad - counts.bad);
            begin += 1;
        }
        if WindowState::of(sum, &policy.alert) == WindowState::Holds {
            return true;
        }
        tick += 1;
    }
    false
}

#[cfg(test)]
mod tests;
