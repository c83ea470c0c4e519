//! The breach history of an app, and one breach.

use std::collections::{BTreeMap, HashMap};

use rampart_app::model::{BreachList, BreachPage, Occurrence};
use rampart_domain::{
    access::{Action, Actor},
    alert::episode_range,
    count::{Minute, MinuteRange},
    exclusion::SeriesRef,
    id::{AppId, EpisodeId, OccurrenceId},
    policy::{COUNTING_MINIMUM, COUNTING_SHARE},
    slo,
};

use super::{
    super::{Error, Result, Service, figures::series_ref, reassessment::decisive},
    apps::Headed,
    charts::Charted,
    count,
    ledger::entry_link,
    metrics::minute_row,
    pages, rows, slice,
};
use crate::store::{
    Scope,
    assessments::{self, Assessment},
    counts,
    episodes::{self, Assessed, Episode},
    ledger, misses, occurrences, outbox, probes,
};

/// How many minutes and probes a breach's page lists.
const LISTED: usize = 200;
/// How many misses the breach history lists.
const MISSES: i64 = 50;
/// How far the chart of a breach reaches to both sides.
const AROUND: i64 = 60;

impl Service {
    pub(super) async fn breach_list(&self, actor: &Actor, key: &str, page: u32) -> Result<BreachList> {
        let app = self.app(actor, key).await?;
        let scope = Scope::of(actor, Action::ViewApp);
        let head = self.head(actor, &app).await?.head;
        let total = episodes::count_of_app(&self.store.portal, scope, app.id).await?;
        let page = page.clamp(1, pages(total));
        let (offset, limit) = slice(page);
        let mut episodes = episodes::of_app(&self.store.portal, scope, app.id, offset, limit).await?;
        for episode in episodes.iter_mut().filter(|e| e.closed.is_none()) {
            episode.assessed = self.so_far(app.id, episode).await?;
        }
        let said = self.assessments(scope, &episodes).await?;
        let misses = misses::of_app(&self.store.portal, scope, app.id, MISSES).await?;
        Ok(BreachList {
            head,
            rows: episodes
                .iter()
                .map(|e| rows::breach(&app.key, e, said.get(&e.id)))
                .collect(),
            misses: misses.iter().map(rows::miss).collect(),
            total: count(total),
            page,
            pages: pages(total),
        })
    }

    /// What was said of these breaches.
    pub(super) async fn assessments(
        &self,
        scope: Scope,
        episodes: &[Episode],
    ) -> Result<HashMap<EpisodeId, Assessment>> {
        let ids: Vec<EpisodeId> = episodes.iter().map(|e| e.id).collect();
        Ok(assessments::of_episodes(&self.store.portal, scope, &ids).await?)
    }

    /// The figures of an episode that is open: its own are written when it closes.
    async fn so_far(&self, app: AppId, episode: &Episode) -> Result<Option<Assessed>> {
        let policies = self.policies().await?;
        let Some(policy) = policies.at(decisive(&episode.episode)).for_sli(episode.key.sli) else {
            return Ok(None);
        };
        let range = episode_range(policy, &episode.episode, self.clock.minute());
        let ledger = ledger::in_force(&self.store.portal, Some(app), range).await?;
        let minutes = counts::minutes(&self.store.metrics, episode.series, range).await?;
        let series = SeriesRef {
            app: app.0,
            key: &episode.key,
        };
        let sums = ledger.adjust(series, &minutes);
        Ok(Some(Assessed {
            raw: sums.raw,
            adjusted: sums.adjusted,
        }))
    }

    async fn occurrence(&self, scope: Scope, app_key: &str, id: OccurrenceId) -> Result<Option<Occurrence>> {
        let db = &self.store.portal;
        let Some(stored) = occurrences::find(db, scope, id).await? else {
            return Ok(None);
        };
        let breaches = episodes::of_occurrence(db, scope, id).await?;
        Ok(Some(Occurrence {
            name: stored.breach,
            counted_at: stored.counted_at.start(),
            closed_at: stored.closed_at.map(Minute::start),
            excused: stored.excused,
            breaches: breaches.iter().map(|e| rows::breach(app_key, e, None)).collect(),
        }))
    }

    pub(super) async fn breach_page(&self, actor: &Actor, key: &str, incident_id: &str) -> Result<BreachPage> {
        let app = self.app(actor, key).await?;
        let scope = Scope::of(actor, Action::ViewApp);
        let episode = episodes::by_incident_id(&self.store.portal, scope, app.id, incident_id)
            .await?
            .ok_or(Error::NotFound)?;
        let Headed { head, series, .. } = self.head(actor, &app).await?;
        let series = series.iter().find(|s| s.id == episode.series).ok_or(Error::NotFound)?;
        let policies = self.policies().await?;
        let in_force = |tick| policies.at(tick).for_sli(series.key.sli).ok_or(Error::NotFound);

        let now = self.clock.minute();
        let end = episode.closed.map_or(now, |(tick, _)| tick);
        let policy = in_force(decisive(&episode.episode))?;
        // The same minutes that the evaluation has counted: from the window that opened it to the window that was seen last.
        let range = episode_range(policy, &episode.episode, end);
        let shown = MinuteRange::new(range.start - AROUND, (range.end + AROUND).min(now));
        let counted = episode.episode.counted_at.unwrap_or(end);
        let counting = in_force(counted)?;
        let budget_window = slo::slo_window(counted, counting);
        let ledger = MinuteRange::new(budget_window.start.min(shown.start), shown.end);
        let ledger = ledger::in_force(&self.store.portal, Some(app.id), ledger).await?;
        let minutes = counts::minutes(&self.store.metrics, series.id, range).await?;
        let sums = ledger.adjust(series_ref(series), &minutes);
        // Where minutes are no longer kept, the figures are those of the last assessment.
        let figures = match episode.assessed.filter(|_| episode.closed.is_some()) {
            Some(assessed) => assessed,
            None => Assessed {
                raw: sums.raw,
                adjusted: sums.adjusted,
            },
        };
        let excluded_by = ledger
            .excluded_ranges(series_ref(series), range)
            .into_iter()
            .filter(|e| minutes.iter().any(|m| m.all.bad > 0 && e.range.contains(m.minute)))
            .map(|e| (e.entry.id, entry_link(&app.key, e.entry)))
            .collect::<BTreeMap<_, _>>();
        let occurrence = match episode.occurrence {
            Some(id) => self.occurrence(scope, &app.key, id).await?,
            None => None,
        };
        let month = self.sums(std::slice::from_ref(series), budget_window, &ledger).await?;
        let month = month.get(&series.id).map(|s| s.adjusted).unwrap_or_default();
        let budget = slo::Budget::of(counting.slo, month).allowed_events();
        let share = (budget * COUNTING_SHARE.percent() / 100.0).ceil();

        let charted = Charted {
            series,
            policy,
            ledger: &ledger,
            scope,
            app_key: &app.key,
        };
        let chart = self.chart(&charted, shown, "around this breach".to_owned()).await?;
        let probes = probes::within(&self.store.metrics, series.id, range, true, 200).await?;
        let said = self.assessments(scope, std::slice::from_ref(&episode)).await?;
        let mails = outbox::of_episode(&self.store.portal, scope, episode.id).await?;
        let bad_minutes = minutes.iter().rev().filter(|m| m.all.bad > 0).take(LISTED);
        Ok(BreachPage {
            row: rows::breach(&app.key, &episode, said.get(&episode.id)),
            may_assess: actor.may_in(Action::AssessBreach, app.partner_id) && app.archived_at.is_none(),
            assessment_version: said.get(&episode.id).map_or(0, |said| said.version),
            condition: format!(
                "below {} over the past {} min",
                policy.alert.threshold, policy.alert.window_minutes
            ),
            slo: policy.slo.percent(),
            latest: episode.episode.last_value.percent().unwrap_or_default(),
            window_from: episode.episode.window_start.start(),
            bad: figures.raw.bad,
            bad_adjusted: figures.adjusted.bad,
            rate: figures.raw.percent(),
            rate_adjusted: figures.adjusted.percent(),
            excluded_by: excluded_by.into_values().collect(),
            occurrence,
            counted_at: episode.episode.counted_at.map(Minute::start),
            counting_threshold: COUNTING_MINIMUM.max(share as u64),
            chart: Some(chart),
            minutes: bad_minutes.map(|m| minute_row(&ledger, series, m)).collect(),
            probes: probes.iter().map(rows::probe).collect(),
            mails: mails.iter().map(|m| rows::mail(m, true)).collect(),
            head,
        })
    }
}
