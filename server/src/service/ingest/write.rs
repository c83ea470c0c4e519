//! The transaction in which calls are counted.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;
use rampart_domain::{
    count::{Minute, MinuteRange, MinuteRecord},
    id::SeriesId,
    sli::{Sli, covered_by, covering},
    slo::is_late,
};

use super::{Batch, Part};
use crate::{
    clock::Clock,
    store::{
        Db, Error, Result, Tx, counts,
        idempotency::{self, Known},
        own_minutes::{self, OwnMinutes},
        volumes::{self, Volumes},
    },
};

/// How long a call that is sent again is known to be the same (SPEC section 2.2).
pub const KEYS_KEPT: TimeDelta = TimeDelta::hours(24);

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Now,
    /// It was stored earlier.
    Before,
    /// Its key belongs to another call.
    Not,
}

/// What happens to a minute of a series.
#[derive(Default)]
struct Change {
    /// Whether what was counted in it is taken out before anything is added.
    emptied: bool,
    added: Option<MinuteRecord>,
}

type Changes = BTreeMap<(SeriesId, Minute), Change>;

/// Writes calls in one transaction, which decides for all of them.
pub(super) async fn together(db: &Db, clock: &Clock, batches: Vec<Batch>) -> Result<Vec<Stored>> {
    let mut tx = db.begin().await?;
    // Two servers that count generic and own events of a minute at once would each miss what the other writes.
    tx.alone().await?;
    // Beginning may have to wait; what no evaluation could have seen before is late.
    let arrived = clock.now();
    let mut stored = Vec::with_capacity(batches.len());
    let mut parts = Vec::new();
    for batch in batches {
        let known = match &batch.once {
            Some(once) => {
                idempotency::note(&mut tx, once.token, &once.key, &once.body, arrived, arrived - KEYS_KEPT).await?
            }
            None => Known::New,
        };
        stored.push(match known {
            Known::New => {
                parts.extend(batch.parts);
                Stored::Now
            }
            Known::Same => Stored::Before,
            Known::Other => Stored::Not,
        });
    }
    let mut volumes = Volumes::new();
    for part in &mut parts {
        let record = &mut part.record;
        let Some(settle) = part.settle else { continue };
        if is_late(record.minute, settle, arrived) {
            record.late = record.all;
        } else if let Some(product) = part.volume_of {
            *volumes.entry((record.minute, part.sli, product)).or_default() +=
                record.all.total() + record.marked.total();
        }
    }
    for ((series, minute), change) in changes(&mut tx, parts).await? {
        if change.emptied && counts::take(&mut tx, series, minute).await?.is_none() {
            return Err(Error::Gone("a minute whose events an own one replaces"));
        }
        if let Some(record) = change.added {
            counts::add(&mut tx, series, &record).await?;
        }
    }
    volumes::add(&mut tx, &volumes).await?;
    tx.commit().await?;
    Ok(stored)
}

/// What has to be written to count these events: own ones where they belong, generic ones there or, in covered minutes, in
/// the series beside; and what was counted in minutes that are covered only now is moved there. In the order of series, which
/// is the order in which everybody locks them.
async fn changes(tx: &mut Tx, parts: Vec<Part>) -> Result<Changes> {
    let mut own_minutes = own_minutes_around(tx, &parts).await?;
    let mut changes = Changes::new();
    for part in &parts {
        let Some(replaced) = part.covers else { continue };
        let known = own_minutes.entry(part.series).or_default();
        for minute in newly_covered(known, part.record.minute) {
            let Some(record) = counts::unpacked(tx, part.series, minute).await? else {
                continue;
            };
            changes.entry((part.series, minute)).or_default().emptied = true;
            add(&mut changes, replaced, record);
        }
        if known.insert(part.record.minute, replaced).is_none() {
            own_minutes::note(tx, part.series, part.record.minute, replaced).await?;
        }
    }
    for part in parts {
        let beside = match part.covers {
            Some(_) => None,
            None => own_minutes
                .get(&part.series)
                .and_then(|own| covers(own, part.record.minute)),
        };
        add(&mut changes, beside.unwrap_or(part.series), part.record);
    }
    Ok(changes)
}

/// The own minutes of every iframe series among these, as far as they can matter.
async fn own_minutes_around(tx: &mut Tx, parts: &[Part]) -> Result<HashMap<SeriesId, OwnMinutes>> {
    let mut ranges: BTreeMap<SeriesId, MinuteRange> = BTreeMap::new();
    for part in parts.iter().filter(|part| part.sli == Sli::IframeLoad) {
        let minute = part.record.minute;
        let around = MinuteRange::new(covering(minute).start, covered_by(minute).end);
        let range = ranges.entry(part.series).or_insert(around);
        range.start = range.start.min(around.start);
        range.end = range.end.max(around.end);
    }
    let ranges: Vec<_> = ranges.into_iter().collect();
    own_minutes::within(tx, &ranges).await
}

/// The minutes that an own event of `minute` covers and that nothing `known` does.
fn newly_covered(known: &OwnMinutes, minute: Minute) -> Vec<Minute> {
    covered_by(minute)
        .iter()
        .filter(|minute| covers(known, *minute).is_none())
        .collect()
}

/// Where generic events of `minute` go, when an own event covers it.
fn covers(own: &OwnMinutes, minute: Minute) -> Option<SeriesId> {
    let range = covering(minute);
    own.range(range.start..range.end).next().map(|(_, replaced)| *replaced)
}

fn add(changes: &mut Changes, series: SeriesId, record: MinuteRecord) {
    let change = changes.entry((series, record.minute)).or_default();
    match &mut change.added {
        Some(added) => added.merge(&record),
        none => *none = Some(record),
    }
}
