//! Writing what was measured. A probe and its count are one transaction, so no probe is counted twice or lost in between.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use rampart_domain::{
    count::{Counts, Minute},
    id::SeriesId,
    policy::MeasurementPolicy,
    slo::is_late,
};

use super::{Result, Service};
use crate::{
    probe::{self, ErrorClass},
    store::{counts, counts::Delta, probes},
};

/// A probe that is over.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub series: SeriesId,
    /// When it was due; it belongs to this minute.
    pub due: DateTime<Utc>,
    pub probe: probe::Probe,
}

impl Service {
    /// Stores probes and counts them, all or none.
    pub async fn record_probes(&self, batch: &[Recorded]) -> Result<()> {
        let arrived = self.clock.now();
        let settle = MeasurementPolicy::standard().slis.availability.settle_minutes;
        let mut deltas: BTreeMap<(SeriesId, Minute), Delta> = BTreeMap::new();
        let mut tx = self.store.metrics.begin().await?;
        for recorded in batch {
            if !is_measurement(&recorded.probe, self.config.probe.timeout)
                || !probes::insert(&mut tx, &row(recorded)).await?
            {
                continue;
            }
            let minute = Minute::of(recorded.due);
            let delta = deltas.entry((recorded.series, minute)).or_default();
            let counted = if recorded.probe.is_good() {
                Counts::new(1, 0)
            } else {
                Counts::new(0, 1)
            };
            delta.all += counted;
            if is_late(minute, settle, arrived) {
                delta.late += counted;
            }
            if recorded.probe.is_good() {
                delta.latency.record(recorded.probe.timings.total);
            }
        }
        for ((series, minute), delta) in &deltas {
            counts::add(&mut tx, *series, *minute, delta).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// How late a probe's own timer may wake (SPEC section 2.1).
const LATE: Duration = Duration::from_millis(250);

/// A probe that failed for want of our own sockets or memory, or whose own timer woke late, says nothing about the app: no
/// data (SPEC sections 2 and 2.1).
fn is_measurement(probe: &probe::Probe, timeout: Duration) -> bool {
    let Some(failure) = &probe.failure else { return true };
    let late = failure.class == ErrorClass::Timeout && probe.timings.total > timeout + LATE;
    let ours = late || failure.class == ErrorClass::Local;
    if ours {
        tracing::warn!(
            late,
            reason = failure.reason,
            "a probe could not be made in time; it counts as no data"
        );
    }
    !ours
}

fn row(recorded: &Recorded) -> probes::Probe {
    let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    let probe = &recorded.probe;
    probes::Probe {
        series_id: recorded.series,
        at: recorded.due.timestamp_micros(),
        good: probe.is_good(),
        status: probe.status.map(i64::from),
        class: probe.failure.as_ref().map(|f| f.class.as_str().to_owned()),
        reason: probe.failure.as_ref().map(|f| f.reason.clone()),
        address: probe.address.map(|a| a.to_string()),
        dns: probe.timings.dns.map(micros),
        connect: probe.timings.connect.map(micros),
        tls: probe.timings.tls.map(micros),
        first_byte: probe.timings.first_byte.map(micros),
        total: micros(probe.timings.total),
    }
}
