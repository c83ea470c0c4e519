//! The transaction in which calls are counted.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;
use rampart_domain::{
    count::{Minute, MinuteRange, MinuteRecord},
    id::SeriesId,
    sli::{Sli, covered_by, covering},
    slo::is_late,
};
use tokio::time::Instant;

use super::{Batch, Part};
use crate::{
    clock::Clock,
    store::{
        Db, Error, Result, Tx, counts,
        idempotency::{self, Keyed, Known},
        own_minutes::{self, OwnMinutes},
        volumes::{self, Volumes},
    },
    telemetry,
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
    let keyed: Vec<Keyed<'_>> = batches.iter().filter_map(keyed).collect();
    let known = idempotency::note(&mut tx, &keyed, arrived, arrived - KEYS_KEPT).await?;
    let mut known = known.into_iter();
    let mut stored = Vec::with_capacity(batches.len());
    let mut parts = Vec::new();
    for batch in batches {
        let known = batch.once.as_ref().and_then(|_| known.next());
        stored.push(match known.unwrap_or(Known::New) {
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
    let changes = changes(&mut tx, parts).await?;
    apply(&mut tx, changes).await?;
    volumes::add(&mut tx, &volumes).await?;
    let begun = Instant::now();
    tx.commit().await?;
    telemetry::ingest_committed(stored.len(), begun.elapsed());
    Ok(stored)
}

/// The key of a call that has one.
fn keyed(batch: &Batch) -> Option<Keyed<'_>> {
    let once = batch.once.as_ref()?;
    Some(Keyed {
        token: once.token,
        key: &once.key,
        body: &once.body,
    })
}

/// Makes the changes in the order of series: few statements, unless minutes have to be emptied.
async fn apply(tx: &mut Tx, changes: Changes) -> Result<()> {
    let mut added = Vec::with_capacity(changes.len());
    for ((series, minute), change) in changes {
        if change.emptied {
            counts::add_all(tx, &std::mem::take(&mut added)).await?;
            if counts::take(tx, series, minute).await?.is_none() {
                return Err(Error::Gone("a minute whose events an own one replaces"));
            }
        }
        added.extend(change.added.map(|record| (series, record)));
    }
    counts::add_all(tx, &added).await
}

/// What has to be written to count these events: own ones where they belong, generic ones there or, in covered minutes, in
/// the series beside; and what was counted in minutes that are covered only now is moved there. In the order of series, which
/// is the order in which everybody locks them.
async fn changes(tx: &mut Tx, parts: Vec<Part>) -> Result<Changes> {
    let mut own_minutes = own_minutes_around(tx, &parts).await?;
    let mut changes = Changes::new();
    let (mut noted, mut covered) = (Vec::new(), Vec::new());
    for part in &parts {
        let Some(replaced) = part.covers else { continue };
        let (series, minute) = (part.series, part.record.minute);
        let known = own_minutes.entry(series).or_default();
        let newly = newly_covered(known, minute);
        covered.extend(newly.into_iter().map(|minute| ((series, minute), replaced)));
        if known.insert(minute, replaced).is_none() {
            noted.push((series, minute, replaced));
        }
    }
    own_minutes::note(tx, &noted).await?;
    let asked: Vec<_> = covered.iter().map(|(minute, _)| *minute).collect();
    let mut counted = counts::unpacked(tx, &asked).await?;
    for (minute, replaced) in covered {
        if let Some(record) = counted.remove(&minute) {
            changes.entry(minute).or_default().emptied = true;
            add(&mut changes, replaced, record);
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
