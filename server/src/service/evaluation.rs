//! The evaluation: once a minute, for all series (SPEC section 2). What it decides, its mails, its audit rows and the mark of
//! how far it came are one transaction, so a tick counts exactly once, whatever happens to the server.

use std::collections::{BTreeSet, HashMap};

use rampart_domain::{
    alert::{self, Assessment, Closing, Evaluated, Occurrence, OpenEpisode, Step, alert_window},
    count::{Counts, Minute, MinuteCounts, MinuteRange},
    exclusion::{Ledger, SeriesRef},
    id::{EpisodeId, OccurrenceId, SeriesId},
    policy::{MeasurementPolicy, SLO_WINDOW, SliPolicy},
    sli::Sli,
    slo,
};
use serde_json::{Value, json};

use super::{
    Error, Result, Service,
    audit::{self, Change},
    figures::series_ref,
    mails::alert_recipients,
    misses::MissOutcome,
    notices::Notices,
    occurrences::{self, Counting},
    reassessment::{self, LEDGER},
};
use crate::{
    mail::{self, Alert, incident_data::IncidentStatus},
    random,
    store::{
        Tx,
        audit::Who,
        counts, episodes,
        episodes::Episode,
        ledger, outbox, progress,
        series::{self, Measured},
    },
};

/// Name of the mark of how far the evaluation has come.
pub const PROGRESS: &str = "evaluation";

/// What one evaluation of one series came to.
pub(crate) struct Outcome<'a> {
    pub(crate) series: &'a Measured,
    pub(crate) policy: SliPolicy,
    pub(crate) id: EpisodeId,
    pub(crate) incident_id: String,
    pub(crate) episode: OpenEpisode,
    pub(crate) is_new: bool,
    /// Whether it began to count at this tick.
    pub(crate) counts_now: bool,
    pub(crate) closing: Option<Closing>,
    pub(crate) mail: Option<IncidentStatus>,
    /// Whether the mail is that of an opening that was bundled an hour ago.
    pub(crate) lasting: bool,
    /// What it counts as together with others, since an evaluation before this one.
    pub(crate) occurrence: Option<OccurrenceId>,
    /// Whether it was excused before.
    pub(crate) was_excused: bool,
    /// What the ledger leaves of it, where that can have changed: as it begins to count, while it is excused, as it closes.
    pub(crate) assessment: Option<Assessment>,
}

/// Everything that one tick came to.
#[derive(Default)]
pub(crate) struct Evaluation<'a> {
    pub(crate) outcomes: Vec<Outcome<'a>>,
    pub(crate) notices: Notices,
    pub(crate) misses: Vec<MissOutcome>,
    /// The revision of the ledger on which it was decided.
    pub(crate) revision: Option<Minute>,
}

/// How often a tick is evaluated anew because the ledger was changed meanwhile.
const TRIES: u32 = 5;

impl Service {
    /// Evaluates every series at `tick`. `last` is the tick evaluated before; when another server was faster, nothing
    /// happens. Says how many mails were queued.
    pub async fn evaluate(&self, last: Option<Minute>, tick: Minute) -> Result<usize> {
        self.note_own_outages(tick).await?;
        self.note_ingest_gaps(tick).await?;
        for _ in 0..TRIES {
            if let Some(mails) = self.try_to_evaluate(last, tick).await? {
                return Ok(mails);
            }
        }
        Err(Error::Conflict("The ledger keeps changing.".to_owned()))
    }

    /// One evaluation; `None` when the ledger has changed under it, and nothing was done.
    async fn try_to_evaluate(&self, last: Option<Minute>, tick: Minute) -> Result<Option<usize>> {
        let revision = progress::last(&self.store.portal, LEDGER).await?;
        // Read for each tick, so that all servers agree on it.
        let policies = self.policies().await?;
        let policy = policies.at(tick);
        let open = episodes::open(&self.store.portal).await?;
        let open: HashMap<SeriesId, Episode> = open.into_iter().map(|e| (e.series, e)).collect();
        let candidates = self.candidates(policy, &open, tick).await?;
        let range = MinuteRange::new(tick - i64::from(SLO_WINDOW) - 60, tick);
        let ledger = ledger::in_force(&self.store.portal, None, range).await?;
        let misses = self.assess_misses(policy, tick, &ledger).await?;
        let mut outcomes = self.outcomes(&candidates, &open, tick, &ledger).await?;
        let notices = self.notices(tick, &mut outcomes).await?;
        let evaluation = Evaluation {
            outcomes,
            notices,
            misses,
            revision,
        };
        self.apply(last, tick, &evaluation).await
    }

    /// Decides on every candidate.
    async fn outcomes<'a>(
        &self,
        candidates: &'a [(Measured, SliPolicy)],
        open: &HashMap<SeriesId, Episode>,
        tick: Minute,
        ledger: &Ledger,
    ) -> Result<Vec<Outcome<'a>>> {
        let mut outcomes = Vec::new();
        let minutes = self.minutes_of_windows(candidates, tick).await?;
        for (series, policy) in candidates {
            let minutes = minutes.get(&series.series.id).map(Vec::as_slice).unwrap_or_default();
            let evaluated = evaluated(series_ref(&series.series), policy, tick, minutes, ledger);
            let open = open.get(&series.series.id);
            outcomes.extend(self.outcome(series, *policy, open, &evaluated, ledger).await?);
        }
        Ok(outcomes)
    }

    /// The series for which this evaluation can decide anything: those with an open episode, and the measured ones with a bad
    /// event in their window, without which no condition holds. Of thousands of series it is a few.
    async fn candidates(
        &self,
        policy: &MeasurementPolicy,
        open: &HashMap<SeriesId, Episode>,
        tick: Minute,
    ) -> Result<Vec<(Measured, SliPolicy)>> {
        let mut windows: HashMap<MinuteRange, Vec<Sli>> = HashMap::new();
        for sli in Sli::ALL {
            if let Some(policy) = policy.for_sli(*sli) {
                windows.entry(alert_window(tick, policy)).or_default().push(*sli);
            }
        }
        let portal = &self.store.portal;
        // The episode of a series that is no longer measured closes as unknown.
        let mut named = series::by_ids(portal, &Vec::from_iter(open.keys().copied())).await?;
        for (window, slis) in windows {
            // Within a day many series have a bad event, but few of those whose window is a day.
            let bad = counts::with_bad_events(&self.store.metrics, window).await?;
            let bad: Vec<SeriesId> = bad.into_iter().filter(|id| !open.contains_key(id)).collect();
            let bad = series::by_ids_of(portal, &bad, &slis).await?;
            named.extend(bad.into_iter().filter(|measured| measured.is_measured));
        }
        named.sort_unstable_by_key(|measured| measured.series.id);
        let candidates = named.into_iter().filter(|m| m.series.key.is_slo()).filter_map(|m| {
            let policy = *policy.for_sli(m.series.key.sli)?;
            Some((m, policy))
        });
        Ok(candidates.collect())
    }

    /// Decides on one series; nothing when it neither has nor opens an episode.
    async fn outcome<'a>(
        &self,
        series: &'a Measured,
        policy: SliPolicy,
        open: Option<&Episode>,
        evaluated: &Evaluated,
        ledger: &Ledger,
    ) -> Result<Option<Outcome<'a>>> {
        let step = alert::advance(&policy, open.map(|e| &e.episode), evaluated);
        let (mut episode, closing, mail) = match step {
            Step::Nothing => return Ok(None),
            Step::Opened(episode) => (episode, None, Some(IncidentStatus::Anomalous)),
            Step::StillOpen { episode, remind } => (episode, None, remind.then_some(IncidentStatus::Anomalous)),
            Step::Closed { episode, closing } => (episode, Some(closing), Some(status(closing))),
        };
        let counts_now = episode.counted_at.is_none() && {
            let bad = self.bad_since(series, episode.bad_range(evaluated), ledger).await?;
            // Below the least that can count there is no need to sum up four weeks.
            bad >= rampart_domain::policy::COUNTING_MINIMUM && {
                let window = slo::slo_window(evaluated.tick, &policy);
                let sums = self.sums(std::slice::from_ref(&series.series), window, ledger).await?;
                let month = sums.get(&series.series.id).map(|s| s.adjusted).unwrap_or_default();
                alert::counts_now(&policy, &episode, bad, month)
            }
        };
        if counts_now {
            episode.counted_at = Some(evaluated.tick);
        }
        let was_excused = open.is_some_and(|e| e.excused);
        let assessment = match counts_now || was_excused || closing.is_some() {
            true => Some(self.assessed(&series.series, &episode, evaluated.tick, None).await?),
            false => None,
        };
        let (id, incident_id) = match open {
            Some(open) => (open.id, open.incident_id.clone()),
            None => (EpisodeId(random::id(evaluated.tick.start())), random::incident_id()),
        };
        Ok(Some(Outcome {
            series,
            policy,
            id,
            incident_id,
            episode,
            is_new: open.is_none(),
            counts_now,
            closing,
            mail,
            lasting: false,
            occurrence: open.and_then(|e| e.occurrence),
            was_excused,
            assessment,
        }))
    }

    /// Writes what was decided at `tick`, with everything that follows from it. Says how many mails were queued; `None` when the
    /// ledger is no longer at the `revision` on which it was decided, and nothing was done.
    pub(crate) async fn apply(
        &self,
        last: Option<Minute>,
        tick: Minute,
        evaluation: &Evaluation<'_>,
    ) -> Result<Option<usize>> {
        let Evaluation {
            outcomes,
            notices,
            misses,
            revision,
        } = evaluation;
        let hours = self.last_hours(outcomes, tick).await?;
        let mut tx = self.store.portal.begin().await?;
        if !progress::advance(&mut tx, PROGRESS, last, tick).await? {
            return Ok(Some(0));
        }
        if let Some(revision) = *revision
            && !progress::advance(&mut tx, LEDGER, Some(revision), revision).await?
        {
            return Ok(None);
        }
        for outcome in outcomes {
            let series = &outcome.series.series;
            if outcome.is_new {
                episodes::insert(
                    &mut tx,
                    outcome.id,
                    series.id,
                    series.app,
                    &outcome.incident_id,
                    &outcome.episode,
                )
                .await?;
            } else {
                let closed = outcome.closing.map(|closing| (tick, closing));
                episodes::update(&mut tx, outcome.id, &outcome.episode, closed).await?;
            }
            if let Some(assessment) = &outcome.assessment {
                episodes::assess(&mut tx, outcome.id, assessment).await?;
            }
        }
        self.move_occurrences(&mut tx, outcomes, tick).await?;
        let mut mails = self.write_misses(&mut tx, tick, misses).await?;
        for (outcome, hour) in outcomes.iter().zip(&hours).filter(|(o, _)| o.mail.is_some()) {
            self.queue_alert(&mut tx, outcome, tick, hour).await?;
            mails += 1;
        }
        mails += self.apply_notices(&mut tx, tick, notices).await?;
        for outcome in outcomes {
            self.audit_outcome(&mut tx, outcome, tick).await?;
        }
        self.audit_misses(&mut tx, tick, misses).await?;
        tx.commit().await?;
        self.wake.escalation.notify_one();
        if mails > 0 {
            self.wake.outbox.notify_one();
        }
        Ok(Some(mails))
    }

    /// Puts what counts now into its occurrence, closes what has ended, and files the facts of both.
    async fn move_occurrences(&self, tx: &mut Tx, outcomes: &[Outcome<'_>], tick: Minute) -> Result<()> {
        let mut touched = BTreeSet::new();
        for outcome in outcomes {
            let series = &outcome.series.series;
            let occurrence = match outcome.counts_now {
                true => {
                    let counting = Counting {
                        app: series.app,
                        app_key: &outcome.series.app_key,
                        episode: outcome.id,
                        incident_id: &outcome.incident_id,
                        key: &series.key,
                        span: Occurrence::of(outcome.episode.opened_at, outcome.closing.map(|_| tick)),
                    };
                    Some(occurrences::count_in(tx, tick, &counting).await?)
                }
                false => outcome
                    .occurrence
                    .filter(|_| outcome.closing.is_some() || outcome.assessment.is_some()),
            };
            touched.extend(occurrence);
        }
        occurrences::settle(tx, tick.start(), &touched, Who::System, "").await?;
        occurrences::close_due(tx, tick).await
    }

    async fn queue_alert(&self, tx: &mut Tx, outcome: &Outcome<'_>, tick: Minute, hour: &mail::Hour) -> Result<()> {
        let Some(status) = outcome.mail else { return Ok(()) };
        let measured = outcome.series;
        let (recipients, alert_address) = alert_recipients(tx, measured.series.app, measured.partner).await?;
        if recipients.is_empty() {
            tracing::warn!(
                app = measured.app_key,
                "an alert has no recipient: the partner has no owner"
            );
            return Ok(());
        }
        // A mail of its own for each, so that one dead mailbox keeps nobody else's alert back.
        for recipient in recipients {
            let mail = mail::alert(
                &self.stationery(),
                Alert {
                    status,
                    reminder: status == IncidentStatus::Anomalous && !outcome.is_new && !outcome.lasting,
                    lasting: outcome.lasting,
                    tick,
                    incident_id: &outcome.incident_id,
                    episode: &outcome.episode,
                    episode_id: outcome.id,
                    policy: &outcome.policy,
                    key: &measured.series.key,
                    app: measured.series.app,
                    app_key: &measured.app_key,
                    app_name: &measured.app_name,
                    partner: measured.partner,
                    partner_name: &measured.partner_name,
                    hour,
                    recipients: vec![recipient],
                    alert_address,
                },
            );
            outbox::push(tx, &mail, self.clock.now()).await?;
        }
        Ok(())
    }

    async fn audit_outcome(&self, tx: &mut Tx, outcome: &Outcome<'_>, tick: Minute) -> Result<()> {
        let mut actions = Vec::new();
        if outcome.is_new {
            actions.push((
                "breach.opened",
                Value::Null,
                json!({ "metric": outcome.series.series.key.metric_name(), "tick": tick.start() }),
            ));
        }
        if outcome.counts_now {
            actions.push((
                "breach.counted",
                json!({ "counts": false }),
                json!({ "counts": true, "tick": tick.start() }),
            ));
        }
        if let Some(closing) = outcome.closing {
            actions.push((
                "breach.closed",
                json!({ "open": true }),
                json!({ "closed": closing.as_str(), "tick": tick.start() }),
            ));
        }
        if let Some(assessment) = outcome.assessment.filter(|a| a.excused != outcome.was_excused) {
            actions.push(reassessment::standing(&assessment));
        }
        for (action, before, after) in actions {
            audit::write(
                tx,
                Who::System,
                &self.clock,
                Change {
                    action,
                    subject: ("breach", outcome.incident_id.clone(), &outcome.series.app_name),
                    partner: Some(outcome.series.partner),
                    before,
                    after,
                    why: None,
                },
            )
            .await?;
        }
        Ok(())
    }

    /// The minutes that each series' window looks at.
    async fn minutes_of_windows(
        &self,
        series: &[(Measured, SliPolicy)],
        tick: Minute,
    ) -> Result<HashMap<SeriesId, Vec<MinuteCounts>>> {
        let mut by_window: HashMap<MinuteRange, Vec<SeriesId>> = HashMap::new();
        for (measured, policy) in series {
            by_window
                .entry(alert_window(tick, policy))
                .or_default()
                .push(measured.series.id);
        }
        let mut minutes = HashMap::with_capacity(series.len());
        for (window, series) in by_window {
            minutes.extend(counts::minutes_of(&self.store.metrics, &series, window).await?);
        }
        Ok(minutes)
    }

    /// The bad events of an episode that are not excluded.
    async fn bad_since(&self, measured: &Measured, range: MinuteRange, ledger: &Ledger) -> Result<u64> {
        let minutes = counts::minutes(&self.store.metrics, measured.series.id, range).await?;
        Ok(ledger.adjust(series_ref(&measured.series), &minutes).adjusted.bad)
    }

    /// The last hour of each series that gets a mail, for its table.
    async fn last_hours(&self, outcomes: &[Outcome<'_>], tick: Minute) -> Result<Vec<mail::Hour>> {
        let mut hours = Vec::with_capacity(outcomes.len());
        for outcome in outcomes {
            let mut hour = mail::Hour::new();
            if outcome.mail.is_some() {
                let end = alert_window(tick, &outcome.policy).end;
                let range = MinuteRange::new(end - 60, end);
                let minutes = counts::minutes(&self.store.metrics, outcome.series.series.id, range).await?;
                hour.extend((0..12).map(|i| {
                    let part = MinuteRange::new(end - 5 * (i + 1), end - 5 * i);
                    (
                        part.start,
                        minutes
                            .iter()
                            .filter(|m| part.contains(m.minute))
                            .map(|m| m.all)
                            .sum::<Counts>(),
                    )
                }));
            }
            hours.push(hour);
        }
        Ok(hours)
    }
}

/// What the evaluation at `tick` sees of a series.
fn evaluated(
    series: SeriesRef<'_>,
    policy: &SliPolicy,
    tick: Minute,
    minutes: &[MinuteCounts],
    ledger: &Ledger,
) -> Evaluated {
    let window = alert_window(tick, policy);
    let within: Vec<MinuteCounts> = minutes.iter().filter(|m| window.contains(m.minute)).copied().collect();
    let adjusted = ledger.adjust(series, &within);
    Evaluated {
        tick,
        window,
        on_time: adjusted.on_time,
        all: adjusted.adjusted,
    }
}

pub(crate) fn status(closing: Closing) -> IncidentStatus {
    match closing {
        Closing::Ok => IncidentStatus::Ok,
        Closing::Unknown => IncidentStatus::Unknown,
    }
}
