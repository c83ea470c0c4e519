//! What the checklists of apps follow from, read for as many apps as are asked for by one statement for each kind of fact.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use rampart_domain::{
    access::{Action, Actor},
    app::AppKind,
    count::Minute,
    id::{AppId, SeriesId},
    onboarding::{
        AlertAddress, Checklist, Facts, HEALTH_MINUTES, HealthCheck, Item, Next, Readiness, ReviewState, SeriesFact,
        next,
    },
    readiness,
    sli::{Product, SeriesKey, Sli},
};

use super::super::{Error, Result, Service};
use crate::store::{
    Scope, alert_addresses,
    apps::App,
    checklists::{self, Instance, Review, Training, Waiver},
    overviews, probes,
    readiness::{self as documents, Standing},
    series::{self, Series},
};

/// The checklist of an app with what it follows from.
pub(in crate::service) struct AppChecklist {
    pub facts: Facts,
    pub checklist: Checklist,
    /// Each series with an objective, in the order of [`Facts::series`], with everything that was said of it.
    pub series: Vec<(Series, Vec<Review>)>,
    /// Everything that was waived or asked for, the oldest first.
    pub waivers: Vec<Waiver>,
    pub instances: Vec<Instance>,
    pub training: Option<Training>,
}

impl AppChecklist {
    /// Who has to act next on an open ticket.
    pub(in crate::service) fn next(&self) -> Next {
        next(&self.facts, &self.checklist)
    }

    /// (done or waived, all) of what is required.
    pub(in crate::service) fn progress(&self) -> (u64, u64) {
        let all = self.checklist.required().count() as u64;
        (all - self.checklist.open().count() as u64, all)
    }
}

impl Service {
    /// The checklist of one app, as the actor sees it.
    pub(in crate::service) async fn checklist(&self, actor: &Actor, app: &App) -> Result<AppChecklist> {
        let scope = Scope::of(actor, Action::ViewApp);
        let mut found = self.checklists(scope, std::slice::from_ref(app)).await?;
        found.remove(&app.id).ok_or(Error::NotFound)
    }

    /// The checklists of some apps.
    pub(in crate::service) async fn checklists(
        &self,
        scope: Scope,
        apps: &[App],
    ) -> Result<HashMap<AppId, AppChecklist>> {
        let db = &self.store.portal;
        let ids: Vec<AppId> = apps.iter().map(|app| app.id).collect();
        let series = series::of_apps(db, scope, &ids).await?;
        let current: Vec<Series> = series.into_iter().filter(|s| s.ended_at.is_none()).collect();
        let of_sli = |sli: Sli| -> Vec<SeriesId> {
            let own = current.iter().filter(|s| s.key.sli == sli);
            own.map(|s| s.id).collect()
        };
        let all: Vec<SeriesId> = current.iter().map(|s| s.id).collect();
        let seen = Seen {
            last: overviews::last_minutes(&self.store.metrics, &all).await?,
            probed: probes::tallies(
                &self.store.metrics,
                &of_sli(Sli::Availability),
                self.clock.minute() - HEALTH_MINUTES,
            )
            .await?,
            refined: series::replaced(db, &of_sli(Sli::IframeLoad)).await?,
        };
        let mut addresses = grouped(alert_addresses::of_apps(db, scope, &ids).await?);
        let mut reviews = by_app(checklists::reviews(db, scope, &ids).await?, |review| review.app);
        let mut waivers = by_app(checklists::waivers(db, scope, &ids).await?, |waiver| waiver.app);
        let mut instances = by_app(checklists::instances(db, scope, &ids).await?, |instance| instance.app);
        let mut trainings = by_app(checklists::trainings(db, scope, &ids).await?, |training| training.app);
        let mut series = by_app(current, |series| series.app);
        let documents: HashMap<_, _> = documents::standings(db, scope, &ids).await?.into_iter().collect();
        let now = self.clock.now();
        let checklists = apps.iter().map(|app| {
            let own = series.remove(&app.id).unwrap_or_default();
            let waivers = waivers.remove(&app.id).unwrap_or_default();
            let instances = instances.remove(&app.id).unwrap_or_default();
            let training = trainings.remove(&app.id).and_then(|mut said| said.pop());
            let mut said: HashMap<SeriesId, Vec<Review>> = HashMap::new();
            for review in reviews.remove(&app.id).unwrap_or_default() {
                said.entry(review.series).or_default().push(review);
            }
            let reviewed: Vec<(Series, Vec<Review>)> = own
                .iter()
                .filter(|series| series.key.is_slo())
                .map(|series| (series.clone(), said.remove(&series.id).unwrap_or_default()))
                .collect();
            let facts = Facts {
                kind: app.kind.parse().unwrap_or(AppKind::Other),
                products: products(app),
                measured: app.measuring_since.is_some(),
                health: seen.health(app, &own),
                fails_when_down: app.fails_when_down,
                alert_address: address(&addresses.remove(&app.id).unwrap_or_default()),
                series: reviewed
                    .iter()
                    .map(|(series, said)| seen.series(series, said))
                    .collect(),
                readiness: readiness_of(documents.get(&app.id), now),
                rollout: instances.iter().map(|instance| instance.product).collect(),
                trial_closed: None,
                own_events: seen.own_events(&own),
                last_synthetic: seen.last_synthetic(&own),
                trained: training.is_some(),
                waived: waivers.iter().filter_map(waived).collect(),
                asked: waivers
                    .iter()
                    .filter(|waiver| is_asked(waiver))
                    .map(|waiver| waiver.item)
                    .collect(),
            };
            let checklist = AppChecklist {
                checklist: Checklist::of(&facts, now),
                facts,
                series: reviewed,
                waivers,
                instances,
                training,
            };
            (app.id, checklist)
        });
        Ok(checklists.collect())
    }
}

/// What was seen of the series of all apps that are asked for.
struct Seen {
    last: HashMap<SeriesId, Minute>,
    probed: HashMap<SeriesId, (i64, i64)>,
    /// The series beside which replaced events are kept.
    refined: HashMap<SeriesId, SeriesId>,
}

impl Seen {
    fn health(&self, app: &App, own: &[Series]) -> Vec<HealthCheck> {
        let of_url = |url: &String| {
            let series = own
                .iter()
                .find(|s| s.key.sli == Sli::Availability && s.key.target == *url);
            let tally = series.and_then(|s| self.probed.get(&s.id)).copied();
            let (good, total) = tally.unwrap_or_default();
            HealthCheck {
                url: url.split_once("://").map_or(url.as_str(), |(_, rest)| rest).to_owned(),
                good: u64::try_from(good).unwrap_or_default(),
                total: u64::try_from(total).unwrap_or_default(),
            }
        };
        app.base_urls.0.iter().map(of_url).collect()
    }

    fn series(&self, series: &Series, said: &[Review]) -> SeriesFact {
        SeriesFact {
            name: name(&series.key),
            has_data: self.last.contains_key(&series.id),
            review: match said.last() {
                None => ReviewState::Unseen,
                Some(review) if !review.flagged => ReviewState::Expected,
                Some(review) if review.answer.is_some() => ReviewState::Answered,
                Some(_) => ReviewState::Flagged,
            },
        }
    }

    /// Whether generic events about pages were replaced by own ones; nothing where there are no pages.
    fn own_events(&self, own: &[Series]) -> Option<bool> {
        let mut pages = own
            .iter()
            .filter(|s| s.key.sli == Sli::IframeLoad && self.last.contains_key(&s.id))
            .peekable();
        pages.peek()?;
        Some(pages.any(|s| self.refined.contains_key(&s.id)))
    }

    fn last_synthetic(&self, own: &[Series]) -> Option<DateTime<Utc>> {
        let tests = own.iter().filter(|s| s.key.sli == Sli::Synthetic);
        let last = tests.filter_map(|s| self.last.get(&s.id)).max()?;
        Some(last.start())
    }
}

/// A series, for reading: "App availability of app.example.com", "Jira Iframe load".
fn name(key: &SeriesKey) -> String {
    let indicator = match key.sli {
        Sli::Availability => key.sli.name().to_owned(),
        _ => key.metric_name(),
    };
    match key.target.as_str() {
        "" => indicator,
        target => format!(
            "{indicator} of {}",
            target.split_once("://").map_or(target, |(_, rest)| rest)
        ),
    }
}

/// The products that an app names.
pub(in crate::service) fn products(app: &App) -> Vec<Product> {
    let named = app.products.0.iter().filter_map(|key| key.parse().ok());
    named.filter(|product| *product != Product::None).collect()
}

fn address(known: &[alert_addresses::AlertAddress]) -> AlertAddress {
    if known.iter().any(|a| a.confirmed_at.is_some() && a.failed_at.is_none()) {
        AlertAddress::Confirmed
    } else if known.iter().any(|a| a.confirmed_at.is_none()) {
        AlertAddress::Pending
    } else if known.is_empty() {
        AlertAddress::Missing
    } else {
        AlertAddress::Failed
    }
}

/// An approval holds until it expires, whatever is written meanwhile.
fn readiness_of(standing: Option<&Standing>, now: DateTime<Utc>) -> Readiness {
    let Some(Standing { document, approval, .. }) = standing else {
        return Readiness::Missing;
    };
    match (approval, document.state) {
        (Some(approval), _) if approval.holds(now) => Readiness::Approved(approval.expires_at.date_naive()),
        (_, readiness::State::Submitted) => Readiness::Submitted,
        (_, readiness::State::ChangesRequested) => Readiness::ChangesRequested,
        (Some(_), _) => Readiness::Expired,
        (None, _) => Readiness::Draft,
    }
}

fn waived(waiver: &Waiver) -> Option<(Item, NaiveDate)> {
    let until = waiver
        .until
        .filter(|_| waiver.granted.is_some() && waiver.ended.is_none())?;
    Some((waiver.item, until))
}

/// Whether nobody has answered the request.
pub(in crate::service) fn is_asked(waiver: &Waiver) -> bool {
    waiver.granted.is_none() && waiver.ended.is_none()
}

fn by_app<T>(all: Vec<T>, app: impl Fn(&T) -> AppId) -> HashMap<AppId, Vec<T>> {
    grouped(all.into_iter().map(|one| (app(&one), one)).collect())
}

fn grouped<T>(all: Vec<(AppId, T)>) -> HashMap<AppId, Vec<T>> {
    let mut grouped: HashMap<AppId, Vec<T>> = HashMap::new();
    for (app, one) in all {
        grouped.entry(app).or_default().push(one);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use rampart_domain::readiness::{Progress, State};

    use super::*;
    use crate::store::readiness::{Approval, Document};

    #[test]
    fn an_approval_holds_whatever_is_written_until_it_expires() {
        let expires = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(365);
        let standing = |state, approved: bool| Standing {
            document: Document {
                questionnaire: 1,
                state,
                progress: Progress {
                    answered: 0,
                    required: 0,
                },
                submissions: 1,
            },
            submitted_at: None,
            decided_at: None,
            approval: approved.then_some(Approval {
                submission: 1,
                at: DateTime::<Utc>::UNIX_EPOCH,
                expires_at: expires,
            }),
        };
        let of = |state, approved, now| readiness_of(Some(&standing(state, approved)), now);
        assert_eq!(readiness_of(None, expires), Readiness::Missing);
        assert_eq!(of(State::Draft, false, expires), Readiness::Draft);
        let before = expires - TimeDelta::seconds(1);
        for (state, afterwards) in [
            (State::Approved, Readiness::Expired),
            (State::Submitted, Readiness::Submitted),
            (State::ChangesRequested, Readiness::ChangesRequested),
        ] {
            assert_eq!(of(state, true, before), Readiness::Approved(expires.date_naive()));
            assert_eq!(of(state, true, expires), afterwards);
        }
        assert_eq!(of(State::Submitted, false, before), Readiness::Submitted);
    }
}
