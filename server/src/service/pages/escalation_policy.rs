//! The escalation policy, for everybody who is signed in; its editor, and what a draft of it would have made of every app.

use std::collections::BTreeMap;

use chrono::{SubsecRound, TimeDelta};
use rampart_app::model::{
    EscalationEditor, EscalationRulesPage, PolicyVersion, VersionStanding, WhatIfAppPage, WhatIfDecision, WhatIfPage,
    WhatIfRow, WhatIfSide, WhatIfStatus,
};
use rampart_domain::{
    access::{Action, Actor},
    escalation::{Comparison, Decision, Difference, EscalationPolicy, State, find_contradiction},
};

use super::{
    super::{
        Error, Result, Service,
        access::require,
        escalation::policy::{Versions, changes, obstacle},
    },
    count, pages, slice,
};
use crate::store::{
    Scope,
    apps::App,
    facts,
    what_ifs::{self, Named, Run, Status},
};

impl Service {
    pub(super) async fn escalation_policy_page(&self, actor: &Actor) -> Result<EscalationRulesPage> {
        let versions = self.escalation_versions().await?;
        let now = self.clock.now();
        let in_force = |version: u64| versions.published.iter().find(|(known, _)| *known == version);
        let transitions = versions.history.iter().filter_map(|version| {
            let policy = &version.publication.policy;
            let (_, at) = in_force(policy.version)?;
            at.checked_add_signed(TimeDelta::try_days(i64::try_from(policy.transition_days).ok()?)?)
        });
        let shown: Vec<PolicyVersion> = shown(&versions);
        let mut planned: Vec<PolicyVersion> = shown
            .iter()
            .filter(|v| v.standing == VersionStanding::Planned)
            .cloned()
            .collect();
        planned.sort_by_key(|version| version.starts);
        Ok(EscalationRulesPage {
            since: in_force(versions.holds.version).map(|(_, at)| *at),
            transition_ends: transitions.max().filter(|ends| *ends > now),
            planned,
            versions: shown,
            policy: versions.holds,
            may_publish: actor.may_everywhere(Action::ManagePolicies),
        })
    }

    pub(super) async fn escalation_editor_page(&self, actor: &Actor, draft: Option<&str>) -> Result<EscalationEditor> {
        require(actor, Action::ManagePolicies)?;
        let versions = self.escalation_versions().await?;
        let latest = versions.latest();
        let run = match draft {
            Some(id) => Some(what_ifs::get(&self.store.portal, id).await?.ok_or(Error::NotFound)?),
            None => None,
        };
        let planned = versions
            .pending
            .last()
            .filter(|last| last.policy.version == latest.version);
        Ok(EscalationEditor {
            base: latest.version,
            planned: planned.map(|last| last.starts),
            starts: run.as_ref().and_then(|run| run.starts),
            policy: run.map_or(latest, |run| run.draft),
        })
    }

    pub(super) async fn what_if_page(&self, actor: &Actor, id: &str, page: u32) -> Result<WhatIfPage> {
        require(actor, Action::ManagePolicies)?;
        let db = &self.store.portal;
        let run = what_ifs::get(db, id).await?.ok_or(Error::NotFound)?;
        let versions = self.escalation_versions().await?;
        let total = what_ifs::count_differing(db, id).await?;
        let page = page.clamp(1, pages(total));
        let (offset, limit) = slice(page);
        let rows = what_ifs::differing(db, id, offset, limit).await?;
        let latest = versions.latest();
        let now = self.clock.now().trunc_subsecs(0);
        let starts = run.starts.unwrap_or(now);
        Ok(WhatIfPage {
            version: run.draft.version,
            base: run.base,
            changes: changes(&based_on(&versions, &run), &run.draft),
            replaces: versions
                .replaced_by(starts)
                .map(|replaced| (replaced.policy.version, replaced.starts))
                .collect(),
            transition_ends: self.what_if_of(&run).await?.ends(),
            transition_days: run.draft.transition_days,
            states: states(&what_ifs::states(db, id).await?),
            differing: count(total),
            rows: rows.into_iter().map(row).collect(),
            page,
            pages: pages(total),
            stopped: count(run.stopped),
            obstacle: obstacle(&run, &latest, now).map(str::to_owned),
            status: match run.status {
                Status::Waiting => WhatIfStatus::Waiting,
                Status::Running => WhatIfStatus::Running {
                    done: count(run.done),
                    total: count(run.total),
                },
                Status::Finished => WhatIfStatus::Finished,
                Status::Cancelled => WhatIfStatus::Cancelled,
            },
            id: run.id,
            by: run.by,
            asked_at: run.asked_at,
            as_of: run.as_of,
            starts: run.starts,
        })
    }

    pub(super) async fn what_if_app_page(&self, actor: &Actor, id: &str, key: &str) -> Result<WhatIfAppPage> {
        require(actor, Action::ManagePolicies)?;
        let db = &self.store.portal;
        let run = what_ifs::get(db, id).await?.ok_or(Error::NotFound)?;
        let app = self.app(actor, key).await?;
        let as_of = run.as_of.unwrap_or(run.asked_at);
        let facts = facts::of_app(db, Scope::of(actor, Action::ViewApp), app.id).await?;
        if find_contradiction(&facts).is_some() {
            return Err(Error::NotFound);
        }
        let what_if = self.what_if_of(&run).await?;
        let comparison = what_if.compare(&app.key.as_str().into(), &facts);
        Ok(WhatIfAppPage {
            version: run.draft.version,
            as_of,
            transition_ends: what_if.ends(),
            decisions: side_by_side(&comparison),
            row: row_of(&app, &comparison),
            id: run.id,
        })
    }
}

/// The version that the draft of a replay is based on.
fn based_on(versions: &Versions, run: &Run) -> EscalationPolicy {
    let policies = versions.history.iter().map(|version| &version.publication.policy);
    let base = policies.into_iter().find(|policy| policy.version == run.base);
    base.cloned().unwrap_or_else(EscalationPolicy::standard)
}

fn shown(versions: &Versions) -> Vec<PolicyVersion> {
    let standard = EscalationPolicy::standard();
    let history = &versions.history;
    let shown = history.iter().enumerate().map(|(i, version)| {
        let policy = &version.publication.policy;
        let published = versions.published.iter().find(|(known, _)| *known == policy.version);
        let before = history.get(i + 1).map_or(&standard, |v| &v.publication.policy);
        let standing = match published {
            Some(_) if policy.version == versions.holds.version => VersionStanding::Holds,
            Some(_) => VersionStanding::Earlier,
            None if versions.pending.iter().any(|p| p.policy.version == policy.version) => VersionStanding::Planned,
            None => VersionStanding::Replaced,
        };
        PolicyVersion {
            version: policy.version,
            starts: published.map_or(version.publication.starts, |(_, at)| *at),
            by: version.by.clone(),
            at: version.at,
            reason: version.reason.clone(),
            changes: changes(before, policy),
            standing,
        }
    });
    shown.collect()
}

/// How many apps are in each state, and how many would be.
fn states(found: &[(State, State, i64)]) -> Vec<(State, u64, u64)> {
    let mut apps: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (state, by_draft, number) in found {
        apps.entry(state.as_str()).or_default().0 += count(*number);
        apps.entry(by_draft.as_str()).or_default().1 += count(*number);
    }
    let of = |state: &State| apps.get(state.as_str()).copied().unwrap_or_default();
    State::ALL
        .iter()
        .map(|state| (*state, of(state).0, of(state).1))
        .collect()
}

fn row(named: Named) -> WhatIfRow {
    let differing = named.differing;
    WhatIfRow {
        app_key: named.key,
        app_name: named.name,
        partner: named.partner,
        state: differing.state,
        by_draft: differing.by_draft,
        later: differing.later,
        later_with_draft: differing.later_with_draft,
        decisions: count(differing.decisions),
        first_at: differing.first_at,
    }
}

fn row_of(app: &App, comparison: &Comparison) -> WhatIfRow {
    let differences = comparison.differences();
    WhatIfRow {
        app_key: app.key.clone(),
        app_name: app.name.clone(),
        partner: app.partner_name.clone(),
        state: comparison.state,
        by_draft: comparison.state_by_draft,
        later: comparison.later,
        later_with_draft: comparison.later_with_draft,
        decisions: differences.len() as u64,
        first_at: differences.first().map(|first| first.at()),
    }
}

/// Every decision of either side, in order of time.
fn side_by_side(comparison: &Comparison) -> Vec<WhatIfDecision> {
    let differences = comparison.differences();
    let falls = |decision: &Decision| differences.contains(&Difference::Falls(decision));
    let made = comparison.decided.iter().map(|decision| match falls(decision) {
        true => shown_decision(decision, WhatIfSide::Falls),
        false => shown_decision(decision, WhatIfSide::Both),
    });
    let mut decisions: Vec<_> = made.collect();
    decisions.extend(differences.iter().filter_map(|difference| match difference {
        Difference::Comes(decision) => Some(shown_decision(decision, WhatIfSide::Comes)),
        Difference::Falls(_) => None,
    }));
    decisions.sort_by_key(|decision| decision.at);
    decisions
}

fn shown_decision(decision: &Decision, side: WhatIfSide) -> WhatIfDecision {
    WhatIfDecision {
        at: decision.at,
        from: decision.from,
        to: decision.to,
        explanation: decision.explanation.clone(),
        side,
    }
}
