//! The only place that reads the time.
//!
//! Everything else takes a [`Clock`], so that tests decide what time it is and the end-to-end tests can let the calendar run
//! faster than the network.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

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
    Manual(Arc<Mutex<watch::Sender<DateTime<Utc>>>>),
}

impl Clock {
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock for end-to-end tests that runs `rate` times as fast. Rules and windows stay the real ones; time-outs of
    /// the network do not shrink, since they are not measured with this clock.
    pub fn fast(rate: u32) -> Self {
        Self(Kind::Fast {
            start: system_now(),
            since: Instant::now(),
            rate: rate.max(1),
        })
    }

    /// A clock that stands still until it is told otherwise.
    pub fn manual(now: DateTime<Utc>) -> Self {
        Self(Kind::Manual(Arc::new(Mutex::new(watch::Sender::new(
            now.trunc_subsecs(6),
        )))))
    }

    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Kind::System => system_now(),
            Kind::Fast { start, since, rate } => {
                let elapsed = since.elapsed() * *rate;
                (*start + TimeDelta::from_std(elapsed).unwrap_or(TimeDelta::MAX)).trunc_subsecs(6)
            }
            Kind::Manual(time) => *lock(time).borrow(),
        }
    }

    /// The minute that is running.
    pub fn minute(&self) -> Minute {
        Minute::of(self.now())
    }

    /// Returns once it is `then` or later.
    pub async fn sleep_until(&self, then: DateTime<Utc>) {
        match &self.0 {
            Kind::System => tokio::time::sleep(until(self.now(), then)).await,
            Kind::Fast { rate, .. } => tokio::time::sleep(until(self.now(), then) / *rate).await,
            Kind::Manual(time) => {
                let mut times = lock(time).subscribe();
                // The sender lives in this clock, so waiting can only end with the time reached.
                let _ = times.wait_for(|now| *now >= then).await;
            }
        }
    }

    pub async fn sleep(&self, duration: Duration) {
        self.sleep_until(self.now() + TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX))
            .await;
    }

    /// How late it is for what was due `then`, in time as the network and the machine know it; nothing while it is early.
    pub fn late_by(&self, then: DateTime<Utc>) -> Duration {
        let passed = (self.now() - then).to_std().unwrap_or_default();
        match &self.0 {
            Kind::Fast { rate, .. } => passed / *rate,
            Kind::System | Kind::Manual(_) => passed,
        }
    }

    /// Moves a manual clock; a clock that runs by itself is left alone.
    pub fn set(&self, now: DateTime<Utc>) {
        if let Kind::Manual(time) = &self.0 {
            lock(time).send_replace(now.trunc_subsecs(6));
        }
    }

    /// Moves a manual clock forward.
    pub fn advance(&self, by: TimeDelta) {
        self.set(self.now() + by);
    }
}

fn until(now: DateTime<Utc>, then: DateTime<Utc>) -> Duration {
    (then - now).to_std().unwrap_or(Duration::ZERO)
}

fn lock(time: &Mutex<watch::Sender<DateTime<Utc>>>) -> std::sync::MutexGuard<'_, watch::Sender<DateTime<Utc>>> {
    time.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
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
}
