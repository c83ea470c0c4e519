//! The rules of alerts, evaluated afterwards over what is stored.
//!
//! A tick is evaluated once, with what was there, and what is stored does not say from when on it was there: a probe that the
//! target answered just before a tick is written just after, and a tick that was missed is evaluated when later probes are
//! there already. Only where that is open does the replay follow both ways, with the probes in question and without them; the
//! stored episodes have to be those of one of the ways. Where nothing is open, there is one way, and the stored episodes have to
//! equal it in every figure.

use chrono::{DateTime, Utc};
use rampart_domain::{
    alert::{self, Closing, Evaluated, OpenEpisode, Step, alert_window},
    count::{Counts, Minute, MinuteCounts, MinuteRange},
    policy::SliPolicy,
    slo,
};

/// A minute as it is stored, and from when on an evaluation must have seen all of it.
#[derive(Clone, Copy)]
pub struct Seen {
    pub counts: MinuteCounts,
    pub sure_from: DateTime<Utc>,
}

impl Seen {
    fn is_sure(&self, tick: Minute) -> bool {
        tick.start() >= self.sure_from
    }
}

/// An episode, and when and how it closed.
type Stored = (OpenEpisode, Option<(Minute, Closing)>);

/// One way that the evaluations can have gone.
#[derive(Clone, Default, PartialEq)]
struct Way {
    open: Option<OpenEpisode>,
    over: Vec<Stored>,
}

impl Way {
    fn episodes(&self) -> Vec<Stored> {
        self.over
            .iter()
            .copied()
            .chain(self.open.map(|open| (open, None)))
            .collect()
    }

    /// This way after one more evaluation that saw `minutes`.
    fn after(&self, policy: &SliPolicy, tick: Minute, minutes: &[MinuteCounts]) -> Self {
        let sum = |range: MinuteRange, part: fn(&MinuteCounts) -> Counts| -> Counts {
            minutes.iter().filter(|m| range.contains(m.minute)).map(part).sum()
        };
        let window = alert_window(tick, policy);
        let evaluated = Evaluated {
            tick,
            window,
            on_time: sum(window, MinuteCounts::on_time),
            all: sum(window, |m| m.all),
        };
        let mut way = self.clone();
        let (mut episode, closing) = match alert::advance(policy, self.open.as_ref(), &evaluated) {
            Step::Nothing => return way,
            Step::Opened(episode) | Step::StillOpen { episode, .. } => (episode, None),
            Step::Closed { episode, closing } => (episode, Some(closing)),
        };
        let bad = sum(episode.bad_range(&evaluated), |m| m.all).bad;
        let month = sum(slo::slo_window(tick, policy), |m| m.all);
        if alert::counts_now(policy, &episode, bad, month) {
            episode.counted_at = Some(tick);
        }
        match closing {
            None => way.open = Some(episode),
            Some(closing) => {
                way.open = None;
                way.over.push((episode, Some((tick, closing))));
            }
        }
        way
    }

    /// Whether it opened and closed what is stored, up to `tick`.
    fn fits(&self, stored: &[Stored], tick: Minute) -> bool {
        let expected = stored
            .iter()
            .take_while(|(episode, _)| episode.opened_at <= tick)
            .map(|(episode, closed)| {
                let counted = episode.counted_at.filter(|counted| *counted <= tick);
                (episode.opened_at, counted, closed.filter(|(closed, _)| *closed <= tick))
            });
        let ours = self.episodes();
        let ours = ours
            .iter()
            .map(|(episode, closed)| (episode.opened_at, episode.counted_at, *closed));
        expected.eq(ours)
    }

    /// Whether it is the same to every later evaluation, apart from figures that only mails show.
    fn is_like(&self, other: &Self) -> bool {
        let bare = |way: &Self| {
            way.open.map(|open| OpenEpisode {
                last_value: Counts::default(),
                worst_value: Counts::default(),
                ..open
            })
        };
        bare(self) == bare(other)
    }
}

/// Whether `stored` are the episodes of one of the ways that the evaluations up to `last` can have gone.
pub fn check(policy: &SliPolicy, seen: &[Seen], last: Minute, stored: &[Stored]) -> Result<(), String> {
    let Some(first) = seen.first() else {
        return stored
            .is_empty()
            .then_some(())
            .ok_or_else(|| "a breach without a probe".to_owned());
    };
    let (mut ways, mut is_open) = (vec![Way::default()], false);
    let mut tick = first.counts.minute;
    while tick <= last {
        let window = alert_window(tick, policy);
        let open = seen.iter().any(|s| s.counts.minute < window.end && !s.is_sure(tick));
        let everything: Vec<MinuteCounts> = seen.iter().map(|s| s.counts).collect();
        let mut views = vec![everything];
        if open {
            is_open = true;
            views.push(seen.iter().filter(|s| s.is_sure(tick)).map(|s| s.counts).collect());
        }
        let mut next: Vec<Way> = Vec::new();
        for way in ways
            .iter()
            .flat_map(|way| views.iter().map(|view| way.after(policy, tick, view)))
        {
            if way.fits(stored, tick) && !next.iter().any(|known| known.is_like(&way)) {
                next.push(way);
            }
        }
        if next.is_empty() {
            let ours: Vec<_> = ways.iter().map(Way::episodes).collect();
            let near: Vec<_> = seen
                .iter()
                .filter(|s| (s.counts.minute - tick).abs() < 40 && s.counts.all.bad > 0)
                .map(|s| (s.counts, s.sure_from))
                .collect();
            return Err(format!(
                "no way fits at {tick:?} ({}); before: {ours:#?}; stored: {stored:#?}; failures: {near:#?}",
                tick.start()
            ));
        }
        ways = next;
        tick += 1;
    }
    if is_open || ways.iter().any(|way| way.episodes() == stored) {
        Ok(())
    } else {
        Err(format!("the figures differ: {:#?} and {stored:#?}", ways[0].episodes()))
    }
}
