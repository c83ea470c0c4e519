//! Events that came in through the API (SPEC section 2.2).

use std::{
    borrow::Cow,
    collections::{HashMap, hash_map::Entry},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use rampart_domain::{
    access::TokenScope,
    app::Site,
    count::Minute,
    sli::{Group, Product, Sli},
};

use super::{
    Error, Service,
    ingest::{Event, Ingested, Mark, Once, Outcome, Source},
};
use crate::store::{apps, tokens::Token};

/// How long ago an event may have happened.
const OLDEST: TimeDelta = TimeDelta::hours(48);
/// How far the sender's clock may be ahead.
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// An event as its sender describes it.
#[derive(Clone, Debug)]
pub struct Sent<'a> {
    /// The app's key.
    pub app: Cow<'a, str>,
    pub product: Product,
    pub sli: Sli,
    /// Production, unless said otherwise; for synthetic results developer first rollout.
    pub group: Option<Group>,
    pub outcome: Outcome,
    /// Now, unless said otherwise.
    pub at: Option<DateTime<Utc>>,
    pub duration: Option<Duration>,
    pub site: Option<Site>,
}

/// Why an event cannot be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    #[error("No app with this key is registered.")]
    UnknownApp,
    #[error("product is the product in which the event happened; none is for the health check.")]
    Product,
    #[error("Availability is probed, not sent.")]
    Probed,
    #[error(
        "This token is not for events of this SLI: ingest is for the platform's, synthetic:write for synthetic results."
    )]
    NotByThisToken,
    #[error("Synthetic results come from the group dfr.")]
    Group,
    #[error("at is more than 48 hours ago.")]
    TooOld,
    #[error("at is more than 5 minutes ahead.")]
    TooNew,
}

/// The event that made its request be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its place, from 0.
    pub item: usize,
    pub why: Why,
}

/// Why nothing of a request was counted.
#[derive(Debug)]
pub enum Unaccepted {
    Refused(Refused),
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Unaccepted {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Service {
    /// Counts events that came with a token: all of them or none. A token of a partner opens its apps only; another app is
    /// refused exactly as one that does not exist.
    pub async fn accept_events(
        &self,
        token: &Token,
        sent: Vec<Sent<'_>>,
        once: Option<Once>,
    ) -> Result<Ingested, Unaccepted> {
        let now = self.clock.now();
        // Of the many events of a request most are of the same few apps.
        let (mut keys, mut places) = (Vec::new(), HashMap::new());
        for event in &sent {
            if let Entry::Vacant(entry) = places.entry(event.app.as_ref()) {
                entry.insert(keys.len());
                keys.push(event.app.to_lowercase());
            }
        }
        let found = apps::receiving(&self.store.portal, token.partner, &keys).await?;
        let found: HashMap<&str, &apps::Receiving> = found.iter().map(|app| (app.key_key.as_str(), app)).collect();
        let apps: Vec<Option<&apps::Receiving>> = keys.iter().map(|key| found.get(key.as_str()).copied()).collect();
        let mut events = Vec::with_capacity(sent.len());
        for (item, event) in sent.iter().enumerate() {
            let app = places.get(event.app.as_ref()).and_then(|place| apps[*place]);
            let event = accepted(token.scope, app, event, now);
            events.push(event.map_err(|why| Unaccepted::Refused(Refused { item, why }))?);
        }
        Ok(self.ingest(events, once).await?)
    }
}

fn accepted(
    scope: TokenScope,
    app: Option<&apps::Receiving>,
    sent: &Sent<'_>,
    now: DateTime<Utc>,
) -> Result<Event, Why> {
    let synthetic = sent.sli == Sli::Synthetic;
    if synthetic != (scope == TokenScope::SyntheticWrite) && sent.sli != Sli::Availability {
        return Err(Why::NotByThisToken);
    }
    if sent.sli == Sli::Availability {
        return Err(Why::Probed);
    }
    let app = app.ok_or(Why::UnknownApp)?;
    if sent.product == Product::None {
        return Err(Why::Product);
    }
    let group = match (synthetic, sent.group) {
        (true, Some(Group::Prod)) => return Err(Why::Group),
        (true, _) => Group::Dfr,
        (false, group) => group.unwrap_or(Group::Prod),
    };
    let at = sent.at.unwrap_or(now);
    if now - at > OLDEST {
        return Err(Why::TooOld);
    }
    if at - now > AHEAD {
        return Err(Why::TooNew);
    }
    let excluded = |site: &Site| app.excluded_sites.0.iter().any(|excluded| excluded == site.as_str());
    let outcome = match sent.outcome {
        Outcome::Good | Outcome::Bad if sent.site.as_ref().is_some_and(excluded) => Outcome::Marked(Mark::ExcludedSite),
        outcome => outcome,
    };
    Ok(Event {
        app: app.id,
        product: sent.product,
        sli: sent.sli,
        group,
        at: Minute::of(at),
        outcome,
        latency: sent.duration.filter(|_| !synthetic),
        source: Source::Platform,
    })
}
