use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    Decision, EscalationPolicy, Fact, FactKind, Publication, State, Text,
    course::{days_after, decide, decide_both},
};

/// What a draft of the policy would make of apps, and would have made of them (SPEC section 6).
#[derive(Debug, Clone)]
pub struct WhatIf {
    now: DateTime<Utc>,
    /// The policy before any was published.
    initial: EscalationPolicy,
    draft: EscalationPolicy,
    /// The end of the transition, if the draft is published.
    ends: DateTime<Utc>,
    /// What will be published without the draft.
    coming: Vec<Publication>,
    /// What will be published with it.
    coming_with_draft: Vec<Publication>,
}

/// An app under the published policies and under a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// What was decided until now.
    pub decided: Vec<Decision>,
    /// What the draft would have decided until now, had it held from the beginning in place of every published policy.
    pub by_draft: Vec<Decision>,
    pub state: State,
    pub state_by_draft: State,
    /// Where the app stands at the end of the draft's transition if nothing further happens, without the draft and with it.
    pub later: State,
    pub later_with_draft: State,
}

/// A decision that only one side has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference<'a> {
    /// It was decided, and the draft would not have.
    Falls(&'a Decision),
    /// The draft would have decided it.
    Comes(&'a Decision),
}

impl WhatIf {
    /// `pending` are the versions that are planned already.
    pub fn new(now: DateTime<Utc>, initial: EscalationPolicy, draft: Publication, pending: &[Publication]) -> Self {
        let mut with_draft: Vec<_> = pending.iter().filter(|p| p.starts < draft.starts).cloned().collect();
        with_draft.push(draft.clone());
        Self {
            now,
            initial,
            ends: days_after(draft.starts, draft.policy.transition_days),
            draft: draft.policy,
            coming: pending.to_vec(),
            coming_with_draft: with_draft,
        }
    }

    /// The end of the draft's transition.
    pub fn ends(&self) -> DateTime<Utc> {
        self.ends
    }

    /// Compares an app by its facts and those of all apps, in order; what became known after now is left out.
    pub fn compare(&self, app: &Text, facts: &[Fact]) -> Comparison {
        let now = self.now;
        let facts = &facts[..facts.partition_point(|fact| fact.at <= now)];
        let published =
            |coming: &[Publication]| -> Vec<_> { coming.iter().map(|publication| fact(publication, now)).collect() };
        let (coming, coming_with_draft) = (published(&self.coming), published(&self.coming_with_draft));
        let without: Vec<_> = facts.iter().chain(&coming).collect();
        let with: Vec<_> = facts.iter().chain(&coming_with_draft).collect();
        let until = self.ends.max(now);
        let [without, with] = decide_both(app, &self.initial, [&without, &with], now, until);
        let own: Vec<_> = facts.iter().filter(|fact| !is_policy(fact)).collect();
        let by_draft = decide(app, &self.draft, &own, now);
        let mut decided = without.decisions;
        decided.retain(|decision| decision.at <= now);
        Comparison {
            state: decided.last().map_or(State::None, |decision| decision.to),
            decided,
            state_by_draft: by_draft.standing.state,
            by_draft: by_draft.decisions,
            later: without.standing.state,
            later_with_draft: with.standing.state,
        }
    }
}

impl Comparison {
    /// Every decision that only one side has, in order of time; where both have one at that time, what falls comes first.
    pub fn differences(&self) -> Vec<Difference<'_>> {
        let falls = self.decided.iter().filter(|decision| lacks(&self.by_draft, decision));
        let comes = self.by_draft.iter().filter(|decision| lacks(&self.decided, decision));
        let mut differences: Vec<_> = falls.map(Difference::Falls).collect();
        differences.extend(comes.map(Difference::Comes));
        differences.sort_by_key(Difference::at);
        differences
    }
}

impl Difference<'_> {
    /// When it was, or would have been, decided.
    pub fn at(&self) -> DateTime<Utc> {
        let (Self::Falls(decision) | Self::Comes(decision)) = self;
        decision.at
    }
}

/// Whether none of `decisions`, which are in order of time, is the same as `wanted`.
fn lacks(decisions: &[Decision], wanted: &Decision) -> bool {
    let first = decisions.partition_point(|decision| decision.at < wanted.at);
    let mut at_its_time = decisions[first..]
        .iter()
        .take_while(|decision| decision.at == wanted.at);
    !at_its_time.any(|decision| is_same(decision, wanted))
}

/// The same step at the same time for the same reason, by whichever version.
fn is_same(one: &Decision, other: &Decision) -> bool {
    (one.at, one.from, one.to, one.rule, &one.because) == (other.at, other.from, other.to, other.rule, &other.because)
}

fn is_policy(fact: &Fact) -> bool {
    matches!(fact.kind, FactKind::PolicyPublished { .. })
}

fn fact(publication: &Publication, now: DateTime<Utc>) -> Fact {
    Fact {
        id: Text::new_static("draft"),
        at: publication.starts.max(now),
        app: None,
        kind: FactKind::PolicyPublished {
            policy: Arc::new(publication.policy.clone()),
        },
    }
}
