//! The use cases. Each authorises, checks, and writes its change with its audit row and mails in one transaction.

mod access;
pub mod actions;
pub mod alert_address;
pub mod approval;
pub mod apps;
mod assessments;
mod audit;
pub(crate) mod burn_rates;
mod compaction;
mod conversations;
mod designations;
mod error;
pub mod escalation;
pub mod evaluation;
pub mod events;
pub mod facts;
mod figures;
pub(crate) mod flapping;
mod freezes;
mod health_check;
pub mod ingest;
mod ingest_gap;
pub mod installations;
pub mod invitations;
mod limits;
mod mails;
pub mod measuring;
pub mod members;
mod misses;
pub(crate) mod notices;
mod occurrences;
mod own_outage;
mod pages;
pub mod partners;
mod passwords;
pub mod policies;
pub mod publishing;
pub mod readiness;
mod readiness_expiry;
mod reassessment;
pub mod recording;
pub mod remediation;
pub mod sessions;
pub mod slo;
pub mod staff;
pub(crate) mod synthetics;
pub mod threads;
mod tokens;
pub mod transfer;
pub mod waivers;
mod withdrawals;

use std::sync::Arc;

use tokio::sync::{Mutex, Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use installations::Keyring;

pub use error::{Checks, Error, Invalid, Result};
pub use limits::Limits;
pub use passwords::Passwords;

use crate::{
    clock::Clock,
    config::Config,
    probe::Prober,
    store::{Store, audit::Verified},
};

/// How many health checks are tested on the spot at the same time.
const TESTS_AT_ONCE: usize = 8;

/// Everything the use cases work with.
pub struct Service {
    pub store: Store,
    pub clock: Clock,
    pub config: Config,
    /// Probes health checks of partners.
    pub prober: Prober,
    /// Probes `probe.canaries`, which administrators configure and which may therefore be anywhere (SPEC section 2.1).
    pub canary_prober: Prober,
    /// Cancelled once the server was told to stop.
    pub stopping: CancellationToken,
    pub passwords: Passwords,
    pub limits: Limits,
    pub wake: Wake,
    /// Events on their way into the database.
    pub ingest: ingest::Queue,
    /// The series of events.
    series: ingest::Known,
    /// The measurement policy that holds now.
    policy: policies::Known,
    /// The opened secrets of installations.
    keyring: Keyring,
    audit_verified: Mutex<Verified>,
    /// Turns for testing health checks on the spot.
    tests: Semaphore,
}

/// Wakes the jobs when there is something to do before their time.
#[derive(Clone, Debug, Default)]
pub struct Wake {
    /// A mail was queued.
    pub outbox: Arc<Notify>,
    /// What is measured has changed.
    pub prober: Arc<Notify>,
    /// A fact was filed.
    pub escalation: Arc<Notify>,
    /// Somebody asks what a draft of the escalation policy would do.
    pub what_if: Arc<Notify>,
}

impl Service {
    pub fn new(store: Store, clock: Clock, config: Config, prober: Prober, canary_prober: Prober) -> Self {
        Self {
            store,
            clock,
            config,
            prober,
            canary_prober,
            stopping: CancellationToken::new(),
            passwords: Passwords::new(),
            limits: Limits::new(),
            wake: Wake::default(),
            ingest: ingest::Queue::default(),
            series: ingest::Known::default(),
            policy: policies::Known::default(),
            keyring: Keyring::default(),
            audit_verified: Mutex::default(),
            tests: Semaphore::new(TESTS_AT_ONCE),
        }
    }

    /// A link into the portal; always from the configured address, never from a request's Host header (SPEC section 2.3).
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.config.server.public_url.as_str().trim_end_matches('/'))
    }
}
