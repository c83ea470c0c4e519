use std::{ops::RangeBounds, time::Duration};

/// Randomness that can be repeated.
pub struct Chance {
    seed: u64,
    random: fastrand::Rng,
}

impl Chance {
    pub fn new() -> Self {
        let seed = match std::env::var("RAMPART_FAULT_SEED") {
            Ok(seed) => seed.parse().expect("RAMPART_FAULT_SEED is a number"),
            Err(_) => fastrand::u64(..),
        };
        Self {
            seed,
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// Another source that follows from the same seed.
    pub fn fork(&mut self) -> fastrand::Rng {
        self.random.fork()
    }

    pub fn number(&mut self, range: impl RangeBounds<usize>) -> usize {
        self.random.usize(range)
    }

    pub fn millis(&mut self, range: impl RangeBounds<u64>) -> Duration {
        Duration::from_millis(self.random.u64(range))
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.number(..all.len())]
    }
}

impl Drop for Chance {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the seed was RAMPART_FAULT_SEED={}", self.seed);
        }
    }
}
