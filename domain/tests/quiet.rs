//! A healthy app stays quiet: what chance alone makes of good rates never counts.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

use std::collections::VecDeque;

use rampart_domain::{
    alert::{self, Evaluated, OpenEpisode, Step, alert_window},
    count::{Counts, Minute},
    policy::{MeasurementPolicy, SLO_WINDOW, SliPolicy},
};

/// SplitMix64: the same figures in every run.
struct Chance(u64);

impl Chance {
    /// Uniform in [0, 1).
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The events of a minute, on average `events`, each good with this probability.
    fn minute(&mut self, events: f64, good: f64) -> Counts {
        // Of many possible senders each sends with a small probability.
        const SENDERS: u32 = 40;
        let mut counts = Counts::default();
        for _ in 0..SENDERS {
            if self.next() < events / f64::from(SENDERS) {
                counts += if self.next() < good {
                    Counts::new(1, 0)
                } else {
                    Counts::new(0, 1)
                };
            }
        }
        counts
    }
}

#[derive(Debug, Default, PartialEq)]
struct Seen {
    episodes: u32,
    counted: u32,
}

/// Four weeks of a series, after four weeks of the same behind it.
fn four_weeks(policy: &SliPolicy, per_quarter: f64, good: f64, seed: u64) -> Seen {
    let mut chance = Chance(seed);
    let mut minutes: VecDeque<Counts> = VecDeque::new();
    let (mut window, mut month, mut since_window_start) = (Counts::default(), Counts::default(), 0);
    let (mut open, mut seen): (Option<OpenEpisode>, Seen) = (None, Seen::default());
    let length = policy.alert.window_minutes as usize;
    let take = |from: &mut Counts, counts: Counts| {
        *from = Counts::new(from.good - counts.good, from.bad - counts.bad);
    };
    for n in 0..2 * i64::from(SLO_WINDOW) {
        let counts = chance.minute(per_quarter / 15.0, good);
        minutes.push_back(counts);
        window += counts;
        month += counts;
        if minutes.len() > length {
            take(&mut window, minutes[minutes.len() - 1 - length]);
        }
        if minutes.len() > SLO_WINDOW as usize {
            take(&mut month, minutes.pop_front().unwrap());
        }
        if n < i64::from(SLO_WINDOW) {
            continue;
        }
        // The tick whose window ends with this minute.
        let tick = Minute(n) + 1 + i64::from(policy.settle_minutes);
        let evaluated = Evaluated {
            tick,
            window: alert_window(tick, policy),
            on_time: window,
            all: window,
        };
        open = match alert::advance(policy, open.as_ref(), &evaluated) {
            Step::Nothing | Step::Closed { .. } => None,
            Step::Opened(episode) => {
                seen.episodes += 1;
                since_window_start = window.bad;
                Some(episode)
            }
            Step::StillOpen { episode, .. } => {
                since_window_start += counts.bad;
                Some(episode)
            }
        };
        if let Some(episode) = &mut open
            && alert::counts_now(policy, episode, since_window_start, month)
        {
            seen.counted += 1;
            episode.counted_at = Some(tick);
        }
    }
    seen
}

#[test]
fn chance_alone_never_counts() {
    let policies = MeasurementPolicy::standard().slis;
    let cases = [
        ("webhooks, 20 events", policies.webhook_delivery, 20.0, 0.995),
        ("webhooks, 50 events", policies.webhook_delivery, 50.0, 0.995),
        ("webhooks, 200 events", policies.webhook_delivery, 200.0, 0.995),
        ("iframe, 20 events", policies.iframe_load, 20.0, 0.98),
    ];
    for (name, policy, per_quarter, good) in cases {
        for seed in 1..=3 {
            let seen = four_weeks(&policy, per_quarter, good, seed);
            assert_eq!(
                seen.counted, 0,
                "{name} a quarter of an hour at {good}, seed {seed}: {seen:?}"
            );
        }
    }
}

#[test]
fn an_app_that_is_not_healthy_is_heard() {
    let policies = MeasurementPolicy::standard().slis;
    let seen = four_weeks(&policies.webhook_delivery, 200.0, 0.9, 1);
    assert!(seen.episodes > 0 && seen.counted > 0, "{seen:?}");
}
