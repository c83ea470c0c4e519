//! Writing what was measured. A probe and its count are one transaction, so no probe is counted twice or lost in between.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use rampart_domain::{
    count::{Counts, Minute, MinuteRecord},
    exclusion::Round,
    id::SeriesId,
    sli::{Product, Sli},
    slo::is_late,
};

use super::{Result, Service};
use crate::{
    probe::{self, ErrorClass, LATE},
    store::{
        counts, probes, rounds,
        volumes::{self, Volumes},
    },
};

/// A probe that is over.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub series: SeriesId,
    /// When it was due; it belongs to this minute.
    pub due: DateTime<Utc>,
    /// How long after that it was started.
    pub late: Duration,
    pub probe: probe::Probe,
}

impl Recorded {
    /// A probe that failed for want of our own sockets or memory, or whose own timer woke late, at its start or at its end,
    /// says nothing about the app: no data (SPEC sections 2 and 2.1). `timeout` is that of the whole exchange.
    pub fn is_measurement(&self, timeout: Duration) -> bool {
        let Some(failure) = &self.probe.failure else {
            return true;
        };
        !(self.late > LATE || self.probe.ended_late(timeout) || failure.class == ErrorClass::Local)
    }
}

impl Service {
    /// Stores probes and counts them, all or none. One that was recorded before changes nothing.
    pub async fn record_probes(&self, batch: &[Recorded]) -> Result<()> {
        let settle = self.policy_now().await?.slis.availability.settle_minutes;
        let mut minutes: BTreeMap<(SeriesId, Minute), MinuteRecord> = BTreeMap::new();
        let mut ended: BTreeMap<i64, Counts> = BTreeMap::new();
        let mut volumes = Volumes::new();
        let mut tx = self.store.metrics.begin().await?;
        // Beginning may have to wait; what no evaluation could have seen before is late.
        let arrived = self.clock.now();
        for recorded in batch {
            let counted = recorded.is_measurement(self.config.probe.timeout);
            if !probes::insert(&mut tx, &row(recorded, counted)).await? || !counted {
                continue;
            }
            let outcome = match recorded.probe.is_good() {
                true => Counts::new(1, 0),
                false => Counts::new(0, 1),
            };
            *ended.entry(Round::of(recorded.due)).or_default() += outcome;
            let minute = Minute::of(recorded.due);
            let record = minutes
                .entry((recorded.series, minute))
                .or_insert_with(|| MinuteRecord::new(minute));
            record.all += outcome;
            if is_late(minute, settle, arrived) {
                record.late += outcome;
            } else {
                *volumes.entry((minute, Sli::Availability, Product::None)).or_default() += 1;
            }
            if recorded.probe.is_good() {
                record.latency.record(recorded.probe.timings.total);
            }
        }
        let minutes: Vec<_> = minutes
            .into_iter()
            .map(|((series, _), record)| (series, record))
            .collect();
        counts::add_all(&mut tx, &minutes).await?;
        for (round, outcome) in ended {
            rounds::add_probes(&mut tx, round, outcome).await?;
        }
        volumes::add(&mut tx, &volumes).await?;
        Ok(tx.commit().await?)
    }
}

/// What is kept of a probe.
fn row(recorded: &Recorded, counted: bool) -> probes::Probe {
    let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    let probe = &recorded.probe;
    probes::Probe {
        series_id: recorded.series,
        at: recorded.due.timestamp_micros(),
        good: probe.is_good(),
        counted,
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
