//! Ingest gaps: hardly any events of an SLI and product arrive, of all apps; left out of every app's figures through the
//! ledger (SPEC section 2.1).

use std::collections::HashMap;

use rampart_domain::{
    count::{Minute, MinuteRange},
    exclusion::{ExclusionKind, IngestGap, LedgerEntry, STARVED_FOR, ingest_gap, usual_hours, usual_volume},
    sli::{Product, Sli, metric_name},
    slo,
};
use serde_json::{Value, json};

use super::{Result, Service, audit::Change, reassessment::LedgerChange};
use crate::{
    store::{Scope, audit::Who, ingest_gaps, volumes},
    telemetry,
};

impl Service {
    /// Files a data gap for every app where hardly any events arrived before `tick`, or extends the one that is filed.
    ///
    /// # Errors
    /// When a database cannot be reached.
    pub(super) async fn note_ingest_gaps(&self, tick: Minute) -> Result<()> {
        let policies = self.policies().await?;
        let policy = policies.at(tick);
        let windows: HashMap<Sli, MinuteRange> = Sli::ALL
            .iter()
            .filter_map(|sli| {
                let settle = policy.for_sli(*sli)?.settle_minutes;
                Some((*sli, slo::window(tick, settle, STARVED_FOR)))
            })
            .collect();
        let mut hours: Vec<i64> = windows.values().flat_map(|w| usual_hours(*w)).flatten().collect();
        hours.sort_unstable();
        hours.dedup();
        let usual = volumes::hours(&self.store.metrics, &hours).await?;
        if usual.is_empty() {
            return Ok(());
        }
        let ends = windows.values().map(|w| (w.start, w.end));
        let range = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let Some((start, end)) = range else { return Ok(()) };
        let events = volumes::minutes(&self.store.metrics, MinuteRange::new(start, end)).await?;
        let latest = ingest_gaps::latest(&self.store.portal).await?;
        for ((sli, product), volumes) in usual {
            let Some(window) = windows.get(&sli).copied() else {
                continue;
            };
            let same_hours = usual_hours(window).into_iter();
            let usual =
                same_hours.map(|hours| usual_volume(hours.map(|hour| volumes.get(&hour).copied().unwrap_or_default())));
            let usual = usual.min().unwrap_or_default();
            let before = latest.get(&(sli, product)).copied();
            let of_minute = |minute| events.get(&(minute, sli, product)).copied().unwrap_or_default();
            if let Some(range) = ingest_gap(before, window, usual, of_minute)
                && before != Some(range)
            {
                self.file_ingest_gap(&IngestGap { sli, product, range }).await?;
            }
        }
        Ok(())
    }

    async fn file_ingest_gap(&self, gap: &IngestGap) -> Result<()> {
        let what = metric_name(gap.sli, gap.product);
        let entry = LedgerEntry {
            id: gap.id(),
            app: None,
            sli: Some(gap.sli),
            product: Some(gap.product),
            target: None,
            range: gap.range,
            kind: ExclusionKind::DataGap,
            authority: authority(gap),
            revoked: false,
        };
        let times = |range: MinuteRange| json!({ "from": range.start.start(), "to": range.end.start() });
        let mut after = times(entry.range);
        after["metric"] = what.as_str().into();
        let is_new = loop {
            let filed = self.filed(Scope::system(), entry.id).await?.map(|filed| filed.entry);
            let change = match &filed {
                None => LedgerChange::Enter(&entry),
                // What a person revoked stays revoked, and what is filed never shrinks.
                Some(filed) if filed.revoked || filed.range.end >= entry.range.end => break false,
                Some(_) => LedgerChange::Extend(&entry),
            };
            let audited = Change {
                action: "ledger.data_gap",
                subject: ("ledger", entry.id.to_string(), &format!("Ingest gap, {what}")),
                partner: None,
                before: filed.as_ref().map_or(Value::Null, |filed| times(filed.range)),
                after: after.clone(),
                why: Some(&entry.authority),
            };
            if self.change_ledger(&change, Who::System, audited).await? {
                break filed.is_none();
            }
        };
        // Noted last: a server that stops in between files it again, which changes nothing.
        let mut tx = self.store.portal.begin().await?;
        ingest_gaps::put(&mut tx, gap).await?;
        tx.commit().await?;
        if is_new {
            telemetry::ingest_gap();
            tracing::warn!(
                metric = what, from = %gap.range.start.start(), to = %gap.range.end.start(),
                "hardly any events arrive; a data gap for every app"
            );
        }
        Ok(())
    }
}

/// What the gap rests on, for people. How many events there are of all apps is not for everybody.
fn authority(gap: &IngestGap) -> String {
    let product = match gap.product {
        Product::None => String::new(),
        product => format!(" of {}", product.name()),
    };
    let what = match gap.sli {
        Sli::Availability => "health checks",
        Sli::IframeLoad => "iframe loads",
        Sli::InstallationCallback => "installation callbacks",
        Sli::WebhookDelivery => "webhook deliveries",
        Sli::Synthetic => "synthetic results",
    };
    format!("hardly any {what}{product} arrived, of all apps together: below 10 % of what is usual at this hour")
}
