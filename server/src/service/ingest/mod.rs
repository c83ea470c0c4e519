//! The one door through which events are counted (SPEC section 2.2).
//!
//! A call is answered once its events are durable. One task writes; calls that wait share a transaction, so that many of them
//! cost one commit. A call is stored whole or not at all.

mod known;
mod queue;
mod write;

use std::{collections::HashMap, time::Duration};

use rampart_domain::{
    count::{Counts, Minute, MinuteRecord},
    id::{AppId, SeriesId},
    sli::{Group, Product, Sli},
};
use uuid::Uuid;

use super::{Error, Result, Service};
use crate::telemetry;
use known::Name;

pub use queue::Queue;

pub use known::Known;
pub(super) use write::KEYS_KEPT;

/// Who saw an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The platform; or a partner's synthetic test, beside which there is nothing generic.
    Platform,
    /// The app itself: own iframe events, which replace generic ones (SPEC section 2).
    OwnApp,
}

/// Why an event is neither good nor bad (SPEC section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    PlatformFault,
    ExcludedSite,
    Scanner,
}

/// How an event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Good,
    Bad,
    Marked(Mark),
}

/// One event of an app that is registered and not archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub app: AppId,
    pub product: Product,
    /// Anything but availability, which is probed.
    pub sli: Sli,
    pub group: Group,
    /// When it happened. An own event of the app always happens now.
    pub at: Minute,
    pub outcome: Outcome,
    /// How long it took, where that is known; kept of good events.
    pub latency: Option<Duration>,
    pub source: Source,
}

/// What makes sure that a call is counted once, however often it is sent (SPEC section 2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// Whose key it is.
    pub token: Uuid,
    /// The `Idempotency-Key`.
    pub key: String,
    /// SHA-256 of the body.
    pub body: [u8; 32],
}

/// What became of a call that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ingested {
    /// Its events are counted, and durable.
    Stored,
    /// They were before, under the same key; nothing has changed.
    Repeated,
}

/// Some events of one series in one minute.
#[derive(Clone, Debug)]
struct Part {
    series: SeriesId,
    sli: Sli,
    /// In production, the product whose volume it belongs to.
    volume_of: Option<Product>,
    /// How long its events are waited for, in minutes, when they came; `None` where nothing is assessed and so nothing is late.
    settle: Option<u32>,
    /// For own iframe events: the series that takes the generic ones in the minutes they cover.
    covers: Option<SeriesId>,
    record: MinuteRecord,
}

/// A call, as the writer takes it.
#[derive(Debug)]
struct Batch {
    parts: Vec<Part>,
    once: Option<Once>,
}

impl Service {
    /// Counts events. Returns once they are durable.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the key was used before with another body. Any other error means that it is not known to be
    /// stored: the call may be made again, with the same key. In both cases it is all of the events or none.
    pub async fn ingest(&self, events: Vec<Event>, once: Option<Once>) -> Result<Ingested> {
        if events.iter().any(|event| event.sli == Sli::Availability) {
            return Err(Error::Internal(anyhow::anyhow!("availability is probed, not sent")));
        }
        let policy = self.policy_now().await?;
        let minutes = added_up(&events);
        let series = self.series_named(minutes.keys().map(|(name, _)| *name)).await?;
        let parts = minutes.into_iter().map(|((name, _), record)| Part {
            series: series[&name.counted()],
            sli: name.sli,
            volume_of: (name.group == Group::Prod).then_some(name.product),
            settle: policy.for_sli(name.sli).map(|p| p.settle_minutes),
            covers: name.is_own().then(|| series[&name.replaced()]),
            record,
        });
        let batch = Batch {
            parts: parts.collect(),
            once,
        };
        let ingested = self.ingest.put(&self.store.metrics, &self.clock, batch).await?;
        if ingested == Ingested::Stored {
            telemetry::events_stored(events.len());
        }
        Ok(ingested)
    }
}

/// The events of each series and minute, together.
fn added_up(events: &[Event]) -> HashMap<(Name, Minute), MinuteRecord> {
    let mut minutes = HashMap::new();
    for event in events {
        let record = minutes
            .entry((Name::of(event), event.at))
            .or_insert_with(|| MinuteRecord::new(event.at));
        match event.outcome {
            Outcome::Good => {
                record.all += Counts::new(1, 0);
                event
                    .latency
                    .into_iter()
                    .for_each(|latency| record.latency.record(latency));
            }
            Outcome::Bad => record.all += Counts::new(0, 1),
            Outcome::Marked(Mark::PlatformFault) => record.marked.platform_fault += 1,
            Outcome::Marked(Mark::ExcludedSite) => record.marked.excluded_site += 1,
            Outcome::Marked(Mark::Scanner) => record.marked.scanner += 1,
        }
    }
    minutes
}
