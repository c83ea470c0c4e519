//! Occurrences: what the escalation engine takes for one breach (SPEC section 2). Written in the transaction of the evaluation or
//! of the change of the ledger that moves them, with the facts that follow.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rampart_domain::{
    alert::Occurrence,
    count::Minute,
    escalation::FactKind,
    id::{AppId, EpisodeId, OccurrenceId},
    sli::SeriesKey,
};

use super::{Result, facts};
use crate::{
    random,
    store::{Tx, audit::Who, occurrences},
};

/// An episode that begins to count.
pub(super) struct Counting<'a> {
    pub app: AppId,
    pub app_key: &'a str,
    pub episode: EpisodeId,
    pub incident_id: &'a str,
    pub key: &'a SeriesKey,
    pub span: Occurrence,
}

/// Puts an episode that counts from `tick` on into the occurrence that it belongs to, or begins one, which is the fact
/// `breach`. Call [`settle`] once everything of the transaction is written.
pub(super) async fn count_in(tx: &mut Tx, tick: Minute, counting: &Counting<'_>) -> Result<OccurrenceId> {
    let unclosed = occurrences::unclosed(tx, counting.app).await?;
    let id = match unclosed.iter().find(|o| o.span.takes(counting.span)) {
        Some(occurrence) => occurrence.id,
        None => {
            let id = OccurrenceId(random::id(tick.start()));
            occurrences::begin(tx, id, counting.app, counting.incident_id, counting.span, tick).await?;
            let kind = FactKind::Breach {
                breach: counting.incident_id.into(),
                series: series_name(counting.key).into(),
            };
            facts::file(tx, tick.start(), Some((counting.app, counting.app_key)), kind).await?;
            id
        }
    };
    occurrences::join(tx, id, counting.episode).await?;
    Ok(id)
}

/// Makes these occurrences what their episodes are now, and files `excused` and `unexcused` for those whose standing changed: on
/// behalf of `who`, with their reason.
pub(super) async fn settle(
    tx: &mut Tx,
    at: DateTime<Utc>,
    touched: &BTreeSet<OccurrenceId>,
    who: Who<'_>,
    why: &str,
) -> Result<()> {
    for id in touched {
        let Some(now) = occurrences::refresh(tx, *id).await? else {
            continue;
        };
        let reference = now.breach.as_str().into();
        let kind = match now.excused {
            true => FactKind::Excused { reference },
            false => FactKind::Unexcused { reference },
        };
        facts::file_for(tx, who, at, (now.app, &now.app_key), kind, why).await?;
    }
    Ok(())
}

/// Closes the occurrences whose last episode ended 6 h before `tick`.
pub(super) async fn close_due(tx: &mut Tx, tick: Minute) -> Result<()> {
    for due in occurrences::due(tx, tick).await? {
        occurrences::close(tx, due.id, tick).await?;
        let breach = due.breach.as_str().into();
        let app = Some((due.app, due.app_key.as_str()));
        facts::file(tx, tick.start(), app, FactKind::BreachClosed { breach }).await?;
    }
    Ok(())
}

/// A series as facts name it: the SLI, then the product, or for availability the base URL.
pub(super) fn series_name(key: &SeriesKey) -> String {
    match key.target.as_str() {
        "" => format!("{}/{}", key.sli, key.product),
        target => format!("{}/{target}", key.sli),
    }
}

#[cfg(test)]
mod tests {
    use rampart_domain::sli::{Group, Product, Sli};

    use super::*;

    #[test]
    fn a_series_has_a_name_that_reads() {
        let name = |sli, product, target: &str| {
            series_name(&SeriesKey {
                product,
                sli,
                group: Group::Prod,
                target: target.to_owned(),
            })
        };
        assert_eq!(name(Sli::WebhookDelivery, Product::Jira, ""), "webhook_delivery/jira");
        assert_eq!(
            name(Sli::Availability, Product::None, "https://app.example.com"),
            "availability/https://app.example.com"
        );
    }
}
