//! Which series an event belongs to; kept in memory, because every event asks.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use rampart_domain::{
    id::{AppId, SeriesId},
    sli::{Group, Product, SeriesKey, Sli},
};

use super::{Event, Result, Service, Source};
use crate::{
    random,
    store::series::{self, Source as Counting},
};

/// What an event says of the series it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name {
    pub app: AppId,
    pub product: Product,
    pub sli: Sli,
    pub group: Group,
    source: Source,
}

/// One series: its app, product, SLI and group, and what it counts.
type Key = (AppId, Product, Sli, Group, Counting);

impl Name {
    pub fn of(event: &Event) -> Self {
        Self {
            app: event.app,
            product: event.product,
            sli: event.sli,
            group: event.group,
            source: event.source,
        }
    }

    /// Whether these are own iframe events of the app, the only ones beside which there are generic ones.
    pub fn is_own(&self) -> bool {
        self.source == Source::OwnApp && self.sli == Sli::IframeLoad
    }

    /// The series that counts.
    pub fn counted(&self) -> Key {
        (self.app, self.product, self.sli, self.group, Counting::Counted)
    }

    /// The series of the events that own ones replace.
    pub fn replaced(&self) -> Key {
        (self.app, self.product, self.sli, self.group, Counting::Replaced)
    }
}

/// The series that are known. They are never deleted, so what is known stays true.
#[derive(Debug, Default)]
pub struct Known(Mutex<HashMap<Key, SeriesId>>);

impl Known {
    /// Those of these series that are known, and the others.
    fn split(&self, keys: impl Iterator<Item = Key>) -> (HashMap<Key, SeriesId>, Vec<Key>) {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut found, mut missing) = (HashMap::new(), Vec::new());
        for key in keys {
            match known.get(&key) {
                Some(id) => {
                    found.insert(key, *id);
                }
                None => missing.push(key),
            }
        }
        (found, missing)
    }

    fn learn(&self, series: &HashMap<Key, SeriesId>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(series);
    }
}

impl Service {
    /// The series of these events, begun where there is none yet.
    pub(super) async fn series_named(&self, names: impl Iterator<Item = Name>) -> Result<HashMap<Key, SeriesId>> {
        let keys = names.flat_map(|name| {
            let replaced = name.is_own().then(|| name.replaced());
            [name.counted()].into_iter().chain(replaced)
        });
        let (mut found, mut missing) = self.series.split(keys);
        // Two servers that begin the same series do so in the same order, or each could wait for the other.
        missing.sort_unstable();
        if missing.is_empty() {
            return Ok(found);
        }
        let apps: BTreeSet<AppId> = missing.iter().map(|key| key.0).collect();
        let apps: Vec<AppId> = apps.into_iter().collect();
        let mut stored: HashMap<Key, SeriesId> = series::sources(&self.store.portal, &apps)
            .await?
            .into_iter()
            // One that has ended is begun again.
            .filter(|(series, _)| series.ended_at.is_none() && series.key.target.is_empty())
            .map(|(series, source)| {
                let SeriesKey {
                    product, sli, group, ..
                } = series.key;
                ((series.app, product, sli, group, source), series.id)
            })
            .collect();
        if missing.iter().any(|key| !stored.contains_key(key)) {
            let now = self.clock.now();
            let mut tx = self.store.portal.begin().await?;
            for key @ (app, product, sli, group, source) in &missing {
                if stored.contains_key(key) {
                    continue;
                }
                let name = SeriesKey {
                    product: *product,
                    sli: *sli,
                    group: *group,
                    target: String::new(),
                };
                let id = SeriesId(random::id(now));
                let id = series::begin_from(&mut tx, id, *app, &name, *source, now).await?;
                stored.insert(*key, id);
            }
            tx.commit().await?;
        }
        self.series.learn(&stored);
        found.extend(stored);
        Ok(found)
    }
}
