//! Keeping the figures small (SPEC section 2): minutes are packed hours after they were counted, minutes are kept 100 days,
//! hours 13 months, good probes 48 h and failed ones 13 months, what tells repeated
//! events from new ones 24 h. Works in small pieces, so that nothing waits for it.

use std::time::Duration;

use rampart_domain::{
    count::{Minute, MinuteRange},
    policy::{GOOD_PROBES_KEPT, HOURS_KEPT, MINUTES_KEPT, OWN_MINUTES_KEPT, VOLUME_HOURS_KEPT, VOLUME_MINUTES_KEPT},
};
use tokio::time::Instant;

use super::{Result, Service, evaluation::PROGRESS, ingest::KEYS_KEPT};
use crate::store::{Tx, compaction, idempotency, own_minutes, progress, series, volumes};

/// Minutes stay in rows of their own for so long: longer than any window of the rules but that of a day, so that the
/// evaluation seldom unpacks.
const PACKED_AFTER: i64 = 3 * 60;
/// Name of the mark up to which good probes were deleted.
const PROBES_DELETED: &str = "good probes deleted";
/// How long a transaction goes on taking up further pieces of work.
const CHUNK: Duration = Duration::from_millis(10);
/// How many probes are one piece.
const PROBES_AT_ONCE: i64 = 200;

impl Service {
    /// Packs what is old enough, and deletes what was kept long enough.
    pub async fn compact(&self) -> Result<()> {
        let now = self.clock.minute();
        // What is still to be evaluated is not packed, however late the evaluation is.
        let evaluated = progress::last(&self.store.portal, PROGRESS).await?.unwrap_or(now);
        let pack_before = now.min(evaluated) - PACKED_AFTER;
        let good_before = now - GOOD_PROBES_KEPT;
        let deleted = progress::last(&self.store.portal, PROBES_DELETED).await?;
        let good_since = deleted.unwrap_or(Minute(0));

        let mut chunk = Chunk::new(self);
        let mut packed = 0;
        for id in series::ids(&self.store.portal).await? {
            loop {
                let minutes = compaction::pack_day(chunk.piece().await?, id, pack_before).await?;
                packed += minutes;
                if minutes == 0 {
                    break;
                }
            }
            let tx = chunk.piece().await?;
            compaction::delete_minutes(tx, id, (now - MINUTES_KEPT).day()).await?;
            compaction::delete_hours(tx, id, now - HOURS_KEPT).await?;
            let expired = [
                (MinuteRange::new(good_since, good_before), false),
                (MinuteRange::new(Minute(0), now - HOURS_KEPT), true),
            ];
            for (range, bad_too) in expired {
                while compaction::delete_probes(chunk.piece().await?, id, range, bad_too, PROBES_AT_ONCE).await? > 0 {}
            }
        }
        let tx = chunk.piece().await?;
        compaction::delete_rounds(tx, good_before, false).await?;
        compaction::delete_rounds(tx, now - HOURS_KEPT, true).await?;
        own_minutes::delete(tx, now - OWN_MINUTES_KEPT).await?;
        volumes::delete(tx, now - VOLUME_MINUTES_KEPT, now - VOLUME_HOURS_KEPT).await?;
        idempotency::delete(tx, self.clock.now() - KEYS_KEPT).await?;
        chunk.finish().await?;

        let mut tx = self.store.portal.begin().await?;
        progress::advance(&mut tx, PROBES_DELETED, deleted, good_before).await?;
        tx.commit().await?;
        tracing::info!(packed, "figures are packed");
        Ok(())
    }
}

/// A transaction that takes up pieces of work for a while and then makes way for others.
struct Chunk<'a> {
    service: &'a Service,
    open: Option<(Instant, Tx)>,
}

impl<'a> Chunk<'a> {
    fn new(service: &'a Service) -> Self {
        Self { service, open: None }
    }

    /// The transaction for the next piece.
    async fn piece(&mut self) -> Result<&mut Tx> {
        if self.open.as_ref().is_some_and(|(begun, _)| begun.elapsed() >= CHUNK) {
            self.finish().await?;
            tokio::task::yield_now().await;
        }
        if self.open.is_none() {
            self.open = Some((Instant::now(), self.service.store.metrics.begin().await?));
        }
        let (_, tx) = self.open.as_mut().expect("it was opened just now");
        Ok(tx)
    }

    async fn finish(&mut self) -> Result<()> {
        match self.open.take() {
            Some((_, tx)) => Ok(tx.commit().await?),
            None => Ok(()),
        }
    }
}
