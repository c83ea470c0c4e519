//! History of another monitor, or of another Rampart: counts in and out as lines of JSON.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use rampart_domain::{
    count::{Counts, Minute, MinuteRange, MinuteRecord},
    id::SeriesId,
    sli::{Group, Product, SeriesKey, Sli},
};
use serde::{Deserialize, Serialize};

use super::Service;
use crate::{
    random,
    store::{
        Scope,
        apps::{self, App},
        counts, imports,
        series::{self, Series},
    },
};

/// How far in the future an event may lie, for clocks that differ (SPEC section 2.2).
const AHEAD: TimeDelta = TimeDelta::minutes(5);

/// A line: one event (`outcome`, `at`) or the counts of a minute (`minute`, `good`, `bad`).
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    app: String,
    product: Product,
    sli: Sli,
    #[serde(default = "prod", skip_serializing_if = "is_prod")]
    group: Group,
    /// The base URL for availability.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<DateTime<Utc>>,
    /// The beginning of the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    minute: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    good: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bad: Option<u64>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Good,
    Bad,
}

fn prod() -> Group {
    Group::Prod
}

fn is_prod(group: &Group) -> bool {
    *group == Group::Prod
}

impl Line {
    /// What was counted when.
    fn counted(&self) -> Result<(Minute, Counts), &'static str> {
        match (self.outcome, self.at, self.minute, self.good, self.bad) {
            (Some(Outcome::Good), Some(at), None, None, None) => Ok((Minute::of(at), Counts::new(1, 0))),
            (Some(Outcome::Bad), Some(at), None, None, None) => Ok((Minute::of(at), Counts::new(0, 1))),
            (None, None, Some(minute), Some(good), Some(bad)) => Ok((Minute::of(minute), Counts::new(good, bad))),
            _ => Err("a line has either outcome and at, or minute, good and bad"),
        }
    }
}

/// A line that cannot be imported, and why.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct Refused {
    /// From 1, within the file.
    pub line: u64,
    pub problem: String,
}

/// What became of a piece of a file.
#[derive(Debug)]
pub enum Imported {
    Counted,
    /// It was imported before.
    Known,
    /// Nothing of the piece was counted.
    Refused(Refused),
}

/// Finds the series of lines, and remembers them.
#[derive(Default)]
pub struct Importer {
    apps: HashMap<String, Option<(App, Vec<Series>)>>,
}

impl Importer {
    /// Counts a piece of a file, all or nothing. `hash` is that of the file up to the end of the piece; the same piece is
    /// counted once. `first` is the number of its first line.
    ///
    /// # Errors
    /// When a database cannot be reached.
    pub async fn import(
        &mut self,
        service: &Service,
        hash: &[u8],
        first: u64,
        lines: &[Vec<u8>],
    ) -> super::Result<Imported> {
        let now = service.clock.now();
        let mut minutes: BTreeMap<(SeriesId, Minute), MinuteRecord> = BTreeMap::new();
        for (line, number) in lines.iter().zip(first..) {
            let refused = |problem: String| Ok(Imported::Refused(Refused { line: number, problem }));
            let line: Line = match serde_json::from_slice(line) {
                Ok(line) => line,
                Err(error) => return refused(format!("{error}; see docs/operating.md for the fields")),
            };
            let (minute, counted) = match line.counted() {
                Ok(counted) => counted,
                Err(problem) => return refused(problem.to_owned()),
            };
            if minute.start() > now + AHEAD {
                return refused("it lies in the future".to_owned());
            }
            let series = match self.series(service, &line).await? {
                Ok(series) => series,
                Err(problem) => return refused(problem),
            };
            let record = minutes
                .entry((series, minute))
                .or_insert_with(|| MinuteRecord::new(minute));
            record.all += counted;
            // No evaluation saw it in time; what is imported never opens an episode.
            record.late += counted;
        }
        let mut tx = service.store.metrics.begin().await?;
        if !imports::note(&mut tx, hash, now).await? {
            return Ok(Imported::Known);
        }
        for ((series, _), record) in &minutes {
            counts::add(&mut tx, *series, record).await?;
        }
        tx.commit().await?;
        Ok(Imported::Counted)
    }

    /// The series of a line, begun where it is new, or why there is none.
    async fn series(&mut self, service: &Service, line: &Line) -> super::Result<Result<SeriesId, String>> {
        let app_key = line.app.to_lowercase();
        if !self.apps.contains_key(&app_key) {
            let db = &service.store.portal;
            let found = match apps::by_key(db, Scope::system(), &app_key).await? {
                None => None,
                Some(app) => {
                    let series = series::of_apps(db, Scope::system(), &[app.id]).await?;
                    Some((app, series))
                }
            };
            self.apps.insert(app_key.clone(), found);
        }
        let Some(Some((app, known))) = self.apps.get_mut(&app_key) else {
            return Ok(Err(format!("there is no app with the key {:?}", line.app)));
        };
        let key = SeriesKey {
            product: line.product,
            sli: line.sli,
            group: line.group,
            target: line.target.clone(),
        };
        if let Some(series) = known.iter().find(|s| s.key == key) {
            return Ok(Ok(series.id));
        }
        if let Err(problem) = may_begin(app, &key) {
            return Ok(Err(problem));
        }
        let mut tx = service.store.portal.begin().await?;
        let id = SeriesId(random::id(service.clock.now()));
        series::begin(&mut tx, id, app.id, &key, service.clock.now()).await?;
        tx.commit().await?;
        *known = series::of_apps(&service.store.portal, Scope::system(), &[app.id]).await?;
        Ok(known
            .iter()
            .find(|s| s.key == key)
            .map(|s| s.id)
            .ok_or_else(|| "its series could not be begun".to_owned()))
    }
}

/// A series that nobody would ever measure again would only mislead.
fn may_begin(app: &App, key: &SeriesKey) -> Result<(), String> {
    let is_availability = key.sli == Sli::Availability;
    if is_availability && !app.base_urls.0.contains(&key.target) {
        return Err(format!("target: {:?} is no base URL of the app", key.target));
    }
    if !is_availability && !key.target.is_empty() {
        return Err("target: only availability has one".to_owned());
    }
    if is_availability != (key.product == Product::None) {
        return Err("product: it is none for availability, and only for that".to_owned());
    }
    Ok(())
}

impl Service {
    /// Every series there is, or those of one app; for the export.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn exported_series(&self, app_key: Option<&str>) -> super::Result<Vec<series::Measured>> {
        let ids = series::ids(&self.store.portal).await?;
        let mut all = series::by_ids(&self.store.portal, &ids).await?;
        all.retain(|s| app_key.is_none_or(|key| s.app_key.eq_ignore_ascii_case(key)));
        Ok(all)
    }

    /// The minutes of a series as lines, in order. Events that their sender marked are in neither good nor bad.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn export(&self, series: &series::Measured, range: MinuteRange) -> super::Result<Vec<Line>> {
        let minutes = counts::minutes(&self.store.metrics, series.series.id, range).await?;
        let key = &series.series.key;
        Ok(minutes
            .iter()
            .filter(|m| m.all.is_defined())
            .map(|m| Line {
                app: series.app_key.clone(),
                product: key.product,
                sli: key.sli,
                group: key.group,
                target: key.target.clone(),
                outcome: None,
                at: None,
                minute: Some(m.minute.start()),
                good: Some(m.all.good),
                bad: Some(m.all.bad),
            })
            .collect())
    }
}
