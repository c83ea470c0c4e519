//! What a draft of the escalation policy would have made of every app: its stored history is replayed by the engine itself, in
//! the background, before the draft can be published (SPEC section 6).

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use anyhow::Context;
use chrono::{SubsecRound, TimeDelta};
use futures_util::{StreamExt, TryStreamExt, stream};
use rampart_domain::{
    access::{Action, Actor},
    escalation::{EscalationPolicy, Fact, Publication, State, Text, WhatIf, find_contradiction},
    id::AppId,
};

use super::super::{Error, Result, Service, access::require, policies::PolicyForm};
use crate::{
    random,
    store::{
        Scope, facts,
        what_ifs::{self, Differing, Findings, NewRun, Run},
    },
};

/// So many apps are read and replayed at a time; after each such piece it is looked whether to go on.
const AT_ONCE: usize = 250;
/// So many pieces are worked on at the same time.
const SIDE_BY_SIDE: usize = 2;
/// A replay that has not come further for so long is taken over.
const LOCKED_FOR: TimeDelta = TimeDelta::seconds(30);
/// Replays are kept for so long.
pub(crate) const KEPT_FOR: TimeDelta = TimeDelta::days(90);

/// The facts of an app, each with its number; none where they make no sense.
type Numbered = Vec<(i64, Fact)>;

/// What a piece of a replay found.
#[derive(Default)]
struct Found {
    states: BTreeMap<(&'static str, &'static str), (State, State, i64)>,
    differing: Vec<Differing>,
    stopped: i64,
    apps: usize,
}

impl Service {
    /// Has the history of all apps replayed under the draft in this form. Says under which id.
    ///
    /// # Errors
    /// [`Error::Invalid`] for values that cannot be used, [`Error::Stale`] when another version was published meanwhile.
    pub async fn ask_what_if(&self, actor: &Actor, form: &PolicyForm<'_>) -> Result<String> {
        require(actor, Action::ManagePolicies)?;
        let draft = self.escalation_draft(form).await?;
        self.ask(actor, draft.policy.version - 1, &draft.policy, draft.starts)
            .await
    }

    /// Replays the draft of an earlier replay again. Says under which id.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such replay.
    pub async fn ask_what_if_again(&self, actor: &Actor, id: &str) -> Result<String> {
        require(actor, Action::ManagePolicies)?;
        let run = what_ifs::get(&self.store.portal, id).await?.ok_or(Error::NotFound)?;
        self.ask(actor, run.base, &run.draft, run.starts).await
    }

    async fn ask(
        &self,
        actor: &Actor,
        base: u64,
        draft: &EscalationPolicy,
        starts: Option<chrono::DateTime<chrono::Utc>>,
    ) -> Result<String> {
        let id = random::incident_id();
        let run = NewRun {
            id: &id,
            by: actor.user,
            base,
            draft,
            starts,
        };
        let mut tx = self.store.portal.begin().await?;
        what_ifs::ask(&mut tx, &run, self.clock.now()).await?;
        tx.commit().await?;
        self.wake.what_if.notify_one();
        Ok(id)
    }

    /// Ends a replay before it has finished.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such replay, [`Error::Conflict`] when it has ended.
    pub async fn cancel_what_if(&self, actor: &Actor, id: &str) -> Result<()> {
        require(actor, Action::ManagePolicies)?;
        what_ifs::get(&self.store.portal, id).await?.ok_or(Error::NotFound)?;
        let mut tx = self.store.portal.begin().await?;
        if !what_ifs::cancel(&mut tx, id, self.clock.now()).await? {
            return Err(Error::Conflict("The replay has ended already.".to_owned()));
        }
        tx.commit().await?;
        Ok(())
    }

    /// Works off one replay that waits, or that its server left. Says whether there was one.
    ///
    /// # Errors
    /// When the database cannot be reached; another server, or this one later, begins it again.
    pub async fn run_what_if(&self) -> Result<bool> {
        let db = &self.store.portal;
        let now = self.clock.now();
        let as_of = facts::latest(db).await?.max(now.trunc_subsecs(0));
        let mut tx = db.begin().await?;
        let claimed = what_ifs::claim(&mut tx, now, now + LOCKED_FOR, as_of).await?;
        tx.commit().await?;
        let Some(run) = claimed else { return Ok(false) };
        let what_if = Arc::new(self.what_if_of(&run).await?);
        let of_all_apps = Arc::new(facts::of_all_apps(db).await?);
        let apps = facts::apps(db).await?;
        let mut pieces = stream::iter(apps.chunks(AT_ONCE).map(<[_]>::to_vec))
            .map(|some| self.replay(some, what_if.clone(), of_all_apps.clone()))
            .buffered(SIDE_BY_SIDE);
        let mut found = Found::default();
        while self.note_progress(&run, found.apps, apps.len()).await? {
            match pieces.try_next().await? {
                Some(piece) => found.add(piece),
                None => {
                    let mut tx = db.begin().await?;
                    what_ifs::finish(&mut tx, &run.id, &found.into_findings(), self.clock.now()).await?;
                    tx.commit().await?;
                    break;
                }
            }
        }
        Ok(true)
    }

    /// Says whether to go on.
    async fn note_progress(&self, run: &Run, done: usize, total: usize) -> Result<bool> {
        let until = self.clock.now() + LOCKED_FOR;
        let mut tx = self.store.portal.begin().await?;
        let goes_on = what_ifs::advance(&mut tx, &run.id, done as i64, total as i64, until).await?;
        tx.commit().await?;
        Ok(goes_on)
    }

    async fn replay(
        &self,
        apps: Vec<(AppId, Text)>,
        what_if: Arc<WhatIf>,
        of_all_apps: Arc<Numbered>,
    ) -> Result<Found> {
        let (Some((first, _)), Some((last, _))) = (apps.first(), apps.last()) else {
            return Ok(Found::default());
        };
        let stored = facts::of_apps(&self.store.portal, Scope::system(), *first, *last).await?;
        let keys: HashMap<AppId, Text> = apps.into_iter().collect();
        let replayed = tokio::task::spawn_blocking(move || {
            let mut found = Found::default();
            for (app, facts) in stored {
                if let Some(key) = keys.get(&app) {
                    found.compare(&what_if, app, key, facts, &of_all_apps);
                }
            }
            found
        });
        Ok(replayed.await.context("a replay broke off")?)
    }

    /// The comparison that a replay makes.
    pub(in crate::service) async fn what_if_of(&self, run: &Run) -> Result<WhatIf> {
        let as_of = run.as_of.unwrap_or(run.asked_at);
        let draft = Publication {
            starts: run.starts.unwrap_or(as_of),
            policy: run.draft.clone(),
        };
        let pending = self.escalation_versions().await?.pending;
        Ok(WhatIf::new(as_of, EscalationPolicy::standard(), draft, &pending))
    }
}

impl Found {
    fn compare(&mut self, what_if: &WhatIf, app: AppId, key: &Text, facts: Numbered, of_all_apps: &Numbered) {
        self.apps += 1;
        let facts = in_order(facts, of_all_apps);
        if facts.is_empty() || find_contradiction(&facts).is_some() {
            self.stopped += 1;
            return;
        }
        let comparison = what_if.compare(key, &facts);
        let (state, by_draft) = (comparison.state, comparison.state_by_draft);
        self.note_states(state, by_draft, 1);
        let differences = comparison.differences();
        if differences.is_empty() && comparison.later == comparison.later_with_draft {
            return;
        }
        self.differing.push(Differing {
            app,
            state,
            by_draft,
            later: comparison.later,
            later_with_draft: comparison.later_with_draft,
            decisions: differences.len() as i64,
            first_at: differences.first().map(|first| first.at()),
        });
    }

    fn note_states(&mut self, state: State, by_draft: State, apps: i64) {
        let pair = (state.as_str(), by_draft.as_str());
        self.states.entry(pair).or_insert((state, by_draft, 0)).2 += apps;
    }

    fn add(&mut self, other: Self) {
        for (state, by_draft, apps) in other.states.into_values() {
            self.note_states(state, by_draft, apps);
        }
        self.differing.extend(other.differing);
        self.stopped += other.stopped;
        self.apps += other.apps;
    }

    fn into_findings(self) -> Findings {
        Findings {
            states: self.states.into_values().collect(),
            differing: self.differing,
            stopped: self.stopped,
        }
    }
}

/// The facts of an app and those of all apps, in their common order; none where its own make no sense.
fn in_order(own: Numbered, of_all_apps: &Numbered) -> Vec<Fact> {
    let mut facts = own;
    if !facts.is_empty() && !of_all_apps.is_empty() {
        facts.extend_from_slice(of_all_apps);
        facts.sort_unstable_by_key(|(seq, _)| *seq);
    }
    facts.into_iter().map(|(_, fact)| fact).collect()
}
