//! What the base URLs of the demonstration do, minute by minute. The history is made from it, and the listener that answers
//! for the apps goes on with it.

use std::time::Duration;

use rampart_domain::count::{MINUTES_PER_DAY, Minute, MinuteRange};

use crate::{probe::ErrorClass, random::Seeded};

pub(super) const MINUTES_PER_HOUR: i64 = 60;

/// Why a health check fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Unavailable,
    BadGateway,
    Broken,
    /// It does not answer in time.
    Hanging,
}

impl Cause {
    const ALL: [Self; 4] = [Self::Unavailable, Self::BadGateway, Self::Broken, Self::Hanging];

    /// The status of the answer, if there is one.
    pub(super) fn status(self) -> Option<u16> {
        match self {
            Self::Unavailable => Some(503),
            Self::BadGateway => Some(502),
            Self::Broken => Some(500),
            Self::Hanging => None,
        }
    }

    /// The class and the sentence that the prober has for it.
    pub(super) fn failure(self) -> (ErrorClass, String) {
        match self.status() {
            Some(status) => (
                ErrorClass::Status,
                format!("The server answered {status} instead of 200; see the logs of the app."),
            ),
            None => (
                ErrorClass::Timeout,
                "No complete answer within 3 s: connected after 1 ms, then no complete response header.".to_owned(),
            ),
        }
    }
}

/// What a base URL does in one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing was measured.
    Silent,
    Good,
    Bad(Cause),
}

/// What a base URL does for a while.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    Fine,
    Down(Cause),
    /// So many percent of the checks fail.
    Shaky(u32, Cause),
    Silent,
}

/// A stretch of a story, in minutes before the end of the history.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spell {
    pub from: i64,
    /// `None` for what still goes on at the end, and after it.
    pub to: Option<i64>,
    pub what: What,
}

/// What a base URL does besides its spells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noise {
    /// A failed check every few weeks.
    Quiet,
    /// Short blips, several in most weeks.
    Flaky,
    /// Slower and worse with every day of the last three weeks.
    Degrading,
}

/// A base URL of an app, and its story.
#[derive(Clone, Copy, Debug)]
pub(super) struct Url {
    /// What follows the app's key, beginning with a slash, or nothing.
    pub path: &'static str,
    /// How long an answer takes at the quietest hour.
    pub pace_ms: u64,
    pub noise: Noise,
    pub spells: &'static [Spell],
}

/// The portal itself stood still once, so that nobody was measured.
const PORTAL_DOWN: Spell = Spell {
    from: 23 * MINUTES_PER_DAY,
    to: Some(23 * MINUTES_PER_DAY - 38),
    what: What::Silent,
};

/// So long before the end chance rests: how the apps stand then is what their stories say.
const CALM: Spell = Spell {
    from: 3 * MINUTES_PER_HOUR,
    to: Some(0),
    what: What::Fine,
};

/// How long before the end an app begins to degrade, in days.
const DEGRADING_FOR: i64 = 21;

/// A story that can be told: of one base URL, up to a given end and on from there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Story {
    url: &'static Url,
    end: Minute,
    random: Seeded,
}

/// What stands out in one day; of two things that overlap, the first happens.
pub(super) struct Day(Vec<(MinuteRange, What)>);

impl Story {
    pub(super) fn new(seed: u64, app_key: &str, url: &'static Url, end: Minute) -> Self {
        Self {
            url,
            end,
            random: Seeded::new(seed).named(app_key).named(url.path),
        }
    }

    /// What stands out in the day of this number since 1970.
    pub(super) fn day(&self, day: i64) -> Day {
        let range = MinuteRange::new(Minute::of_day(day), Minute::of_day(day + 1));
        let written = self.url.spells.iter().chain([&PORTAL_DOWN, &CALM]);
        let written = written.filter_map(|spell| Some((self.range(spell).intersect(range)?, spell.what)));
        Day(written.chain(self.blips(day)).collect())
    }

    pub(super) fn outcome(&self, day: &Day, minute: Minute) -> Outcome {
        match day.0.iter().find(|(range, _)| range.contains(minute)) {
            None | Some((_, What::Fine)) => Outcome::Good,
            Some((_, What::Silent)) => Outcome::Silent,
            Some((_, What::Down(cause))) => Outcome::Bad(*cause),
            Some((_, What::Shaky(percent, cause))) => {
                if self.random.named("shaky").below(place(minute), 100) < *percent {
                    Outcome::Bad(*cause)
                } else {
                    Outcome::Good
                }
            }
        }
    }

    /// How long a good answer takes: longest in the afternoon, shorter at weekends, a little different each day and each
    /// time, and long now and then.
    pub(super) fn latency(&self, minute: Minute) -> Duration {
        let from_afternoon = (minute.0.rem_euclid(MINUTES_PER_DAY) - 14 * MINUTES_PER_HOUR).unsigned_abs();
        let to_night = 720 - from_afternoon.min(1_440 - from_afternoon);
        let chance = self.random.at(place(minute));
        let percent = 100 + to_night * 30 / 720 + chance % 40 + if chance >> 32 & 0xFF == 0 { 180 } else { 0 };
        // The first day of 1970 was a Thursday.
        let is_weekend = (minute.day() + 3).rem_euclid(7) >= 5;
        let of_the_day =
            self.random.named("pace").below(place(Minute(minute.day())), 30) + if is_weekend { 78 } else { 92 };
        let percent = percent * u64::from(of_the_day) / 100;
        let percent = percent * (100 + 10 * self.decay(minute)) / 100;
        Duration::from_micros(self.url.pace_ms * 10 * percent)
    }

    fn range(&self, spell: &Spell) -> MinuteRange {
        let to = spell.to.map_or(Minute(i64::MAX), |to| self.end - to);
        MinuteRange::new(self.end - spell.from, to)
    }

    /// How many days it has been degrading for.
    fn decay(&self, minute: Minute) -> u64 {
        if self.url.noise != Noise::Degrading {
            return 0;
        }
        let days = DEGRADING_FOR + (minute - self.end).div_euclid(MINUTES_PER_DAY);
        days.clamp(0, DEGRADING_FOR).unsigned_abs()
    }

    /// The blips that chance gives a day.
    fn blips(&self, day: i64) -> Vec<(MinuteRange, What)> {
        let random = self.random.named("blips");
        let first = Minute::of_day(day);
        let at = place(Minute(day)) * 16;
        let chance = random.below(at, 100);
        let (number, longest) = match self.url.noise {
            Noise::Quiet => (u64::from(chance < 4), 2),
            Noise::Flaky => (u64::from(chance < 52) + u64::from(chance < 15), 3),
            Noise::Degrading => ((self.decay(first) + 4) / 7, 1),
        };
        (0..number)
            .map(|n| {
                let start = first + i64::from(random.below(at + 3 * n + 1, 1_430));
                // Short ones are more frequent.
                let length = 1 + random
                    .below(at + 3 * n + 2, longest)
                    .min(random.below(at + 3 * n + 3, longest));
                let cause = Cause::ALL[random.below(at + 3 * n, 4) as usize];
                (MinuteRange::new(start, start + i64::from(length)), What::Down(cause))
            })
            .collect()
    }
}

/// The place of a minute, or a day, among the numbers of chance.
fn place(minute: Minute) -> u64 {
    minute.0.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: Minute = Minute(29_750_000);

    static FLAKY: Url = Url {
        path: "/eu",
        pace_ms: 100,
        noise: Noise::Flaky,
        spells: &[
            Spell {
                from: 5_000,
                to: Some(4_000),
                what: What::Shaky(50, Cause::Broken),
            },
            Spell {
                from: 60,
                to: None,
                what: What::Down(Cause::Unavailable),
            },
        ],
    };

    fn told(story: Story, range: MinuteRange) -> Vec<Outcome> {
        range.iter().map(|m| story.outcome(&story.day(m.day()), m)).collect()
    }

    #[test]
    fn a_story_is_the_same_each_time_and_another_for_another_seed() {
        let range = MinuteRange::new(END - 5_000, END);
        let told = |seed| told(Story::new(seed, "an.app", &FLAKY, END), range);
        assert!(told(1) == told(1) && told(1) != told(2));
    }

    #[test]
    fn what_is_written_happens_and_goes_on() {
        let story = Story::new(1, "an.app", &FLAKY, END);
        assert!(
            told(story, MinuteRange::new(END - 180, END - 60))
                .iter()
                .all(|o| *o == Outcome::Good)
        );
        assert!(
            told(story, MinuteRange::new(END - 60, END + 600))
                .iter()
                .all(|o| *o == Outcome::Bad(Cause::Unavailable))
        );
        let shaky = told(story, MinuteRange::new(END - 5_000, END - 4_000));
        let bad = shaky.iter().filter(|o| **o != Outcome::Good).count();
        assert!((400..600).contains(&bad), "{bad}");
        let gap = END - 23 * MINUTES_PER_DAY;
        assert!(
            told(story, MinuteRange::new(gap, gap + 38))
                .iter()
                .all(|o| *o == Outcome::Silent)
        );
    }

    #[test]
    fn answers_come_within_the_three_seconds_of_a_probe() {
        let story = Story::new(1, "an.app", &FLAKY, END);
        let latencies = (0..10_000).map(|n| story.latency(END - n));
        assert!(
            latencies
                .clone()
                .all(|l| l >= Duration::from_millis(78) && l < Duration::from_secs(1))
        );
        assert!(latencies.max() > Some(Duration::from_millis(250)));
    }
}
