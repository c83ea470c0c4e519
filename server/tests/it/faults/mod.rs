//! What becomes of everything when something fails: the server is killed, the disk is full, the database or the mail server
//! is away, somebody sets the clock. Afterwards what is stored is compared with what the other side saw.
//!
//! The test that kills the server has a short form, and a long one that lasts as many seconds as `RAMPART_SOAK` says. What is
//! random follows from a seed, which a failing test prints and `RAMPART_FAULT_SEED` gives back.

mod away;
mod chance;
mod clock;
mod disk;
mod ingest;
mod kill;
mod mail;
mod process;
mod proxy;
mod replay;
mod target;
mod truth;
mod world;

use std::time::Duration;

/// How long to wait for what has to happen.
const PATIENCE: Duration = Duration::from_secs(90);

/// Returns once it holds. What is awaited happens in another process, which tells nobody.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        let mut again = tokio::time::interval(Duration::from_millis(20));
        loop {
            again.tick().await;
            if holds().await {
                return;
            }
        }
    };
    if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
        panic!("not within {PATIENCE:?}: {what}");
    }
}

/// How long the long form lasts; `None` for the short one.
fn soak() -> Option<Duration> {
    let seconds = std::env::var("RAMPART_SOAK").ok()?;
    Some(Duration::from_secs(
        seconds.parse().expect("RAMPART_SOAK is a number of seconds"),
    ))
}
