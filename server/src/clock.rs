//! The only place that reads the time.
//!
//! Everything else takes a [`Clock`], so that tests decide what time it is and the end-to-end tests can let the calendar run
//! faster than the network.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use rampart_domain::count::Minute;
use tokio::{sync::watch, time::Instant};

/// A source of the present time, in UTC and cut to microseconds (what both databases keep).
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    /// Runs `rate` times as fast as the system's, from `start` on.
    Fast {
        start: DateTime<Utc>,
        since: Instant,
        rate: u32,
    },
    Manual(Arc<watch::Sender<Hands>>),
}

/// What a manual clock shows, and how much time has passed on it. The two differ once it was set.
#[derive(Clone, Copy, Debug)]
struct Hands {
    now: DateTime<Utc>,
    passed: TimeDelta,
}

impl Clock {
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock for end-to-end tests that runs `rate` times as fast, from now on. Rules and windows stay the real ones;
    /// time-outs of the network do not shrink, since they are not measured with this clock.
    pub fn fast(rate: u32) -> Self {
        Self::fast_since(rate, system_now())
    }

    /// As [`Clock::fast`], for a clock that showed the system's time at `agreed`. A server that is started again with the
    /// same `agreed` goes on in time instead of back.
    pub fn fast_since(rate: u32, agreed: DateTime<Utc>) -> Self {
        let rate = rate.max(1);
        let passed = system_now() - agreed;
        Self(Kind::Fast {
            start: agreed
                + i32::try_from(rate)
                    .ok()
                    .and_then(|rate| passed.checked_mul(rate))
                    .unwrap_or(passed),
            since: Instant::now(),
            rate,
        })
    }

    /// A clock that stands still until it is told otherwise.
    pub fn manual(now: DateTime<Utc>) -> Self {
        let (now, passed) = (now.trunc_subsecs(6), TimeDelta::zero());
        Self(Kind::Manual(Arc::new(watch::Sender::new(Hands { now, passed }))))
    }

    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Kind::System => system_now(),
            Kind::Fast { start, since, rate } => {
                let elapsed = since.elapsed() * *rate;
                (*start + TimeDelta::from_std(elapsed).unwrap_or(TimeDelta::MAX)).trunc_subsecs(6)
            }
            Kind::Manual(hands) => hands.borrow().now,
        }
    }

    /// The minute that is running.
    pub fn minute(&self) -> Minute {
        Minute::of(self.now())
    }

    /// Returns after the time that there is from now until `then`. Who sets the clock meanwhile wakes nobody sooner or later,
    /// so a caller that has to know looks again at what time it is.
    pub async fn sleep_until(&self, then: DateTime<Utc>) {
        match &self.0 {
            Kind::System => tokio::time::sleep(until(self.now(), then)).await,
            Kind::Fast { rate, .. } => tokio::time::sleep(until(self.now(), then) / *rate).await,
            Kind::Manual(hands) => {
                let mut hands = hands.subscribe();
                let begun = *hands.borrow();
                // The sender lives in this clock, so waiting can only end with the time passed.
                let _ = hands
                    .wait_for(|hands| hands.passed - begun.passed >= then - begun.now)
                    .await;
            }
        }
    }

    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now() + TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX))
            .await;
    }

    /// How late it is for what was due `then`, in time as the network and the machine know it; nothing while it is early, and
    /// on a manual clock, which keeps nobody waiting.
    pub fn late_by(&self, then: DateTime<Utc>) -> Duration {
        let passed = (self.now() - then).to_std().unwrap_or_default();
        match &self.0 {
            Kind::Fast { rate, .. } => passed / *rate,
            Kind::System => passed,
            Kind::Manual(_) => Duration::ZERO,
        }
    }

    /// Lets time pass on a manual clock; a clock that runs by itself is left alone.
    pub fn advance(&self, by: TimeDelta) {
        self.turn(|hands| {
            hands.now += by;
            hands.passed += by;
        });
    }

    /// Sets a manual clock, forward or back, as an operator sets the system's: sleepers sleep on as long as they would have.
    pub fn set(&self, now: DateTime<Utc>) {
        self.turn(|hands| hands.now = now.trunc_subsecs(6));
    }

    fn turn(&self, turn: impl FnOnce(&mut Hands)) {
        if let Kind::Manual(hands) = &self.0 {
            hands.send_modify(turn);
        }
    }
}

fn until(now: DateTime<Utc>, then: DateTime<Utc>) -> Duration {
    (then - now).to_std().unwrap_or(Duration::ZERO)
}

#[expect(clippy::disallowed_methods, reason = "this is the one place")]
fn system_now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_its_sleepers() {
        let clock = Clock::manual(DateTime::UNIX_EPOCH);
        let then = DateTime::UNIX_EPOCH + TimeDelta::seconds(60);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(then).await }
        });
        clock.advance(TimeDelta::seconds(60));
        sleeper.await.unwrap();
        assert_eq!(clock.now(), then);
    }

    #[tokio::test]
    async fn a_clock_that_is_set_wakes_nobody_sooner_or_later() {
        let start = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        for set_to in [start + TimeDelta::hours(3), start - TimeDelta::hours(1)] {
            let clock = Clock::manual(start);
            let sleeper = clock.sleep(Duration::from_secs(60));
            tokio::pin!(sleeper);
            assert!(futures_util::poll!(&mut sleeper).is_pending());
            clock.set(set_to);
            assert_eq!(clock.now(), set_to);
            clock.advance(TimeDelta::seconds(59));
            assert!(futures_util::poll!(&mut sleeper).is_pending());
            clock.advance(TimeDelta::seconds(1));
            sleeper.await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_clock_runs_ahead_at_its_rate() {
        let clock = Clock::fast(60);
        let start = clock.now();
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(clock.now() - start, TimeDelta::minutes(2));
        assert_eq!(
            clock.late_by(start),
            Duration::from_secs(2),
            "for the network two seconds went by"
        );
        assert_eq!(clock.late_by(start + TimeDelta::minutes(3)), Duration::ZERO);
    }

    #[test]
    fn a_fast_clock_that_is_started_again_goes_on() {
        let agreed = system_now() - TimeDelta::minutes(5);
        let (first, second) = (Clock::fast_since(60, agreed), Clock::fast_since(60, agreed));
        let (at_first, at_second) = (first.now(), second.now());
        assert!(at_first - agreed >= TimeDelta::hours(5), "{at_first}");
        let apart = at_second - at_first;
        assert!(
            apart >= -TimeDelta::seconds(1) && apart < TimeDelta::minutes(30),
            "{apart}"
        );
    }
}
