//! The course of one app through the states: the order of work and the rules of `escalation.md`, in its order.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    Decision, EscalationPolicy, Fact, FactKind, Ladder, Rule, State, Text,
    evidence::{Breach, Miss, Pauses},
    explain,
};

/// Where an app stands (`escalation.md`, "State of an app").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub state: State,
    /// When it last entered good standing; what began before never counts.
    pub baseline: DateTime<Utc>,
    /// When it last entered remediation: the deadline's start.
    pub entered: DateTime<Utc>,
    /// The days of the deadline that a declined demotion set in place of the policy's.
    pub extended: Option<u64>,
    /// When it was last demoted.
    pub demoted: Option<DateTime<Utc>>,
}

/// Which breaches and misses do not count.
#[derive(Clone, Copy)]
enum Excused<'a> {
    /// Those that the facts excuse, as they come.
    AsFiled,
    /// These, from the beginning: a fresh replay of the ledger step.
    Always(&'a HashSet<Text>),
}

/// A policy, from its publication on.
#[derive(Clone, Copy)]
struct Published<'a> {
    at: DateTime<Utc>,
    policy: &'a EscalationPolicy,
}

/// One app, as far as its facts have been worked off.
#[derive(Clone)]
pub(super) struct Course<'a> {
    app: &'a Text,
    excused: Excused<'a>,
    /// In order of publication; never empty, and the last one is in force.
    policies: Vec<Published<'a>>,
    pub(super) breaches: Vec<Breach<'a>>,
    pub(super) misses: Vec<Miss<'a>>,
    /// Every `remediation_completed`.
    completed: Vec<(DateTime<Utc>, &'a Text)>,
    pub(super) pauses: Pauses,
    pub(super) standing: Standing,
    decisions: Vec<Decision>,
    /// So many facts have been worked off.
    worked_off: usize,
    /// When a rule may hold next if no further fact comes.
    due: Option<DateTime<Utc>>,
}

/// What came of an app's facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub decisions: Vec<Decision>,
    pub standing: Standing,
    /// When a rule may hold next if no further fact comes.
    pub due: Option<DateTime<Utc>>,
    /// The policy in force at the end.
    pub policy: EscalationPolicy,
    pub ladder: Ladder,
}

/// The decisions on one app up to and including `until`. `facts` are its own and those of all apps, in order.
pub fn decide(app: &Text, policy: &EscalationPolicy, facts: &[&Fact], until: DateTime<Utc>) -> Outcome {
    let mut course = Course::new(app, policy, Excused::AsFiled);
    course.run(facts, until);
    course.into_outcome(until)
}

/// As [`decide`], of two lists of facts that are the same before `apart`. What they share is worked off once.
pub(super) fn decide_both<'a>(
    app: &'a Text,
    policy: &'a EscalationPolicy,
    [one, other]: [&[&'a Fact]; 2],
    apart: DateTime<Utc>,
    until: DateTime<Utc>,
) -> [Outcome; 2] {
    let shared = one.partition_point(|fact| fact.at < apart);
    let mut course = Course::new(app, policy, Excused::AsFiled);
    // Nothing happens between two seconds.
    course.run(&one[..shared], apart - TimeDelta::seconds(1));
    let mut fork = course.clone();
    course.run(one, until);
    fork.run(other, until);
    [course.into_outcome(until), fork.into_outcome(until)]
}

impl<'a> Course<'a> {
    fn new(app: &'a Text, policy: &'a EscalationPolicy, excused: Excused<'a>) -> Self {
        let never = DateTime::<Utc>::MIN_UTC;
        Self {
            app,
            excused,
            policies: vec![Published { at: never, policy }],
            breaches: Vec::new(),
            misses: Vec::new(),
            completed: Vec::new(),
            pauses: Pauses::default(),
            standing: Standing {
                state: State::None,
                baseline: never,
                entered: never,
                extended: None,
                demoted: None,
            },
            decisions: Vec::new(),
            worked_off: 0,
            due: None,
        }
    }

    fn into_outcome(self, until: DateTime<Utc>) -> Outcome {
        Outcome {
            due: self.due,
            policy: self.policy().clone(),
            ladder: self.ladder(until),
            decisions: self.decisions,
            standing: self.standing,
        }
    }

    // The order of work ------------------------------------------------------------------------------------------------

    /// Works off every instant up to `until`: the times of facts, and the due times that the rules imply. `facts` begin with
    /// those that have been worked off.
    fn run(&mut self, facts: &[&'a Fact], until: DateTime<Utc>) {
        let next_fact = |course: &Self| facts.get(course.worked_off).map(|fact| fact.at);
        while let Some(now) = next_fact(self)
            .into_iter()
            .chain(self.due)
            .min()
            .filter(|now| *now <= until)
        {
            let mut ledger_changes = Vec::new();
            while let Some(fact) = facts.get(self.worked_off).filter(|fact| fact.at == now) {
                if self.apply(fact, now) {
                    ledger_changes.push(fact.id.clone());
                }
                self.worked_off += 1;
            }
            if ledger_changes.is_empty() {
                self.fire(now);
            } else {
                self.ledger_step(&facts[..self.worked_off], now, ledger_changes);
            }
            self.due = self.next_due(now);
        }
    }

    /// Takes note of a fact; those that name a decision act in the state they meet. Says whether what is excused has changed.
    fn apply(&mut self, fact: &'a Fact, now: DateTime<Utc>) -> bool {
        let because = || vec![fact.id.clone()];
        let state = self.standing.state;
        match &fact.kind {
            FactKind::Designated if state == State::None && self.has_cooled_off(now) => {
                self.enter(State::GoodStanding, Rule::Designated, because(), now);
            }
            FactKind::Withdrawn if state != State::None => self.enter(State::None, Rule::Withdrawn, because(), now),
            FactKind::DemotionConfirmed if state == State::DemotionProposed => {
                self.enter(State::Demoted, Rule::Confirmed, because(), now);
            }
            FactKind::DemotionDeclined { extend_days } if state == State::DemotionProposed => {
                self.standing.extended = Some(*extend_days);
                self.enter(State::Remediation, Rule::Declined, because(), now);
            }
            FactKind::Reinstated if state == State::Demoted && self.has_cooled_off(now) => {
                self.enter(State::GoodStanding, Rule::Reinstated, because(), now);
            }
            FactKind::Designated
            | FactKind::Withdrawn
            | FactKind::DemotionConfirmed
            | FactKind::DemotionDeclined { .. }
            | FactKind::Reinstated => {}

            FactKind::Breach { breach, .. } => self.breaches.push(Breach {
                id: breach,
                fact: &fact.id,
                place: self.breaches.len() + self.misses.len(),
                at: now,
                closed: None,
                excused: self.is_always_excused(breach),
            }),
            FactKind::BreachClosed { breach } => {
                if let Some(breach) = self.breaches.iter_mut().rfind(|b| b.id == breach) {
                    breach.closed.get_or_insert(now);
                }
            }
            FactKind::SloMissed { miss, .. } => self.misses.push(Miss {
                id: miss,
                fact: &fact.id,
                place: self.breaches.len() + self.misses.len(),
                at: now,
                ended: None,
                excused: self.is_always_excused(miss),
            }),
            FactKind::SloMet { miss } => {
                if let Some(miss) = self.misses.iter_mut().rfind(|m| m.id == miss) {
                    miss.ended.get_or_insert(now);
                }
            }
            FactKind::Excused { reference } => return self.set_excused(reference, true),
            FactKind::Unexcused { reference } => return self.set_excused(reference, false),
            FactKind::RemediationCompleted => self.completed.push((now, &fact.id)),

            FactKind::AppealOpened => self.pauses.appeal_open = true,
            FactKind::AppealClosed => self.pauses.appeal_open = false,
            FactKind::Frozen if fact.app.is_some() => self.pauses.app_frozen = true,
            FactKind::Frozen => self.pauses.all_frozen = true,
            FactKind::Thawed if fact.app.is_some() => self.pauses.app_frozen = false,
            FactKind::Thawed => self.pauses.all_frozen = false,
            FactKind::PolicyPublished { policy } => self.policies.push(Published { at: now, policy }),
        }
        self.pauses.note(now);
        false
    }

    /// Replaces the whole state by what a fresh replay gives in which everything excused now never counts.
    fn ledger_step(&mut self, facts: &[&'a Fact], now: DateTime<Utc>, changes: Vec<Text>) {
        let breaches = self.breaches.iter().filter(|b| b.excused).map(|b| b.id);
        let misses = self.misses.iter().filter(|m| m.excused).map(|m| m.id);
        let excused = breaches.chain(misses).cloned().collect();
        let mut fresh = Course::new(self.app, self.policies[0].policy, Excused::Always(&excused));
        fresh.run(facts, now);
        let from = self.standing.state;
        self.standing = fresh.standing;
        if self.standing.state != from {
            self.record(from, Rule::Ledger, changes, now);
        }
    }

    /// Fires the first rule that holds, again and again, until none holds.
    fn fire(&mut self, now: DateTime<Utc>) {
        while let Some((rule, to, because)) = self.first_that_holds(now) {
            self.enter(to, rule, because, now);
        }
    }

    // The rules --------------------------------------------------------------------------------------------------------

    fn first_that_holds(&self, now: DateTime<Utc>) -> Option<(Rule, State, Vec<Text>)> {
        let rules: &[(Rule, State)] = match self.standing.state {
            State::None | State::Demoted => &[],
            State::GoodStanding => &[(Rule::Notify, State::Notified)],
            State::Notified => &[
                (Rule::RepeatedBreaches, State::Remediation),
                (Rule::SloMissed, State::Remediation),
                (Rule::Clear, State::GoodStanding),
            ],
            State::Remediation => &[
                (Rule::Recovered, State::GoodStanding),
                (Rule::Deadline, State::DemotionProposed),
                (Rule::FurtherBreaches, State::DemotionProposed),
            ],
            State::DemotionProposed => &[(Rule::Automatic, State::Demoted)],
        };
        rules.iter().find_map(|(rule, to)| {
            let because = match rule {
                Rule::Notify => self.notify(),
                Rule::Clear => self.clear(now),
                Rule::Recovered => self.recovered(now),
                _ => self.enforced(*rule, now),
            };
            because.map(|because| (*rule, *to, because))
        })
    }

    /// The rules that are suspended while the app is paused, and that hold only if they hold under every policy that has
    /// been replaced and whose successor's transition still runs.
    fn enforced(&self, rule: Rule, now: DateTime<Utc>) -> Option<Vec<Text>> {
        if self.pauses.is_paused() {
            return None;
        }
        let holds = |policy: &EscalationPolicy| match rule {
            Rule::Deadline => self.deadline(policy, now),
            Rule::FurtherBreaches => self.further_breaches(policy),
            Rule::Automatic => policy.demotion.automatic.then(Vec::new),
            Rule::RepeatedBreaches => self.repeated_breaches(policy, now),
            Rule::SloMissed => self.slo_missed(policy, now),
            _ => None,
        };
        let because = holds(self.policy())?;
        let holds_too = self.replaced(now).all(|(policy, _)| holds(policy).is_some());
        holds_too.then_some(because)
    }

    fn notify(&self) -> Option<Vec<Text>> {
        let mut because: Vec<_> = self.counting_breaches().map(|b| (b.place, b.fact)).collect();
        because.extend(self.counting_misses().map(|m| (m.place, m.fact)));
        because.sort_unstable_by_key(|(place, _)| *place);
        at_least(because.iter().map(|(_, fact)| *fact), 1)
    }

    fn repeated_breaches(&self, policy: &EscalationPolicy, now: DateTime<Utc>) -> Option<Vec<Text>> {
        let window = policy.remediation.window_days;
        let within = self
            .counting_breaches()
            .filter(|breach| days_after(breach.at, window) > now);
        at_least(within.map(|breach| breach.fact), policy.remediation.breaches)
    }

    fn slo_missed(&self, policy: &EscalationPolicy, now: DateTime<Utc>) -> Option<Vec<Text>> {
        let long = self
            .counting_misses()
            .filter(|miss| days_after(self.counts_from(miss), policy.remediation.slo_missed_days) <= now);
        at_least(long.map(|miss| miss.fact), 1)
    }

    fn clear(&self, now: DateTime<Utc>) -> Option<Vec<Text>> {
        let quiet_since = self.last_end().filter(|_| !self.is_blocked())?;
        (days_after(quiet_since, self.policy().recovery.clear_quiet_days) <= now).then(Vec::new)
    }

    fn recovered(&self, now: DateTime<Utc>) -> Option<Vec<Text>> {
        let completed = self.completion()?;
        let quiet_days = self.policy().recovery.recover_quiet_days;
        let quiet = self
            .last_closing()
            .is_none_or(|closed| days_after(closed, quiet_days) <= now);
        (!self.is_blocked() && quiet).then(|| vec![completed.clone()])
    }

    fn deadline(&self, policy: &EscalationPolicy, now: DateTime<Utc>) -> Option<Vec<Text>> {
        (self.deadline_at(policy, now) <= now).then(Vec::new)
    }

    fn further_breaches(&self, policy: &EscalationPolicy) -> Option<Vec<Text>> {
        let grace_ends = days_after(self.standing.entered, policy.demotion.grace_days);
        let further = self.counting_breaches().filter(|breach| breach.at >= grace_ends);
        at_least(further.map(|breach| breach.fact), policy.demotion.further_breaches)
    }

    /// The next instant after `now` at which a rule may come to hold by itself. One too many does no harm.
    fn next_due(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let recovery = &self.policy().recovery;
        let mut next: Option<DateTime<Utc>> = None;
        let mut may_be = |due: DateTime<Utc>| {
            if due > now && next.is_none_or(|next| due < next) {
                next = Some(due);
            }
        };
        let transitions = self.policies.iter().skip(1).map(Published::transition_ends);
        transitions.for_each(&mut may_be);
        match self.standing.state {
            State::Notified => {
                let clears = self.last_end().map(|end| days_after(end, recovery.clear_quiet_days));
                clears.into_iter().for_each(&mut may_be);
                for published in &self.policies {
                    let days = published.policy.remediation.slo_missed_days;
                    let misses = self.counting_misses();
                    misses.for_each(|miss| may_be(days_after(self.counts_from(miss), days)));
                }
            }
            State::Remediation => {
                let closing = self.last_closing();
                let recovers = closing.map(|end| days_after(end, recovery.recover_quiet_days));
                recovers.into_iter().for_each(&mut may_be);
                // While it is paused the deadline moves on with time; whatever ends the pause is an instant by itself.
                if !self.pauses.is_paused() {
                    let deadlines = self.policies.iter().map(|p| self.deadline_at(p.policy, now));
                    deadlines.for_each(&mut may_be);
                }
            }
            State::None | State::GoodStanding | State::DemotionProposed | State::Demoted => {}
        }
        next
    }

    // What they ask ----------------------------------------------------------------------------------------------------

    /// The policy in force.
    pub(super) fn policy(&self) -> &'a EscalationPolicy {
        self.policies[self.policies.len() - 1].policy
    }

    pub(super) fn counting_breaches(&self) -> impl Iterator<Item = &Breach<'a>> + Clone {
        let baseline = self.standing.baseline;
        // They are in order of time.
        let first = self.breaches.partition_point(|breach| breach.at < baseline);
        self.breaches[first..]
            .iter()
            .filter(move |breach| breach.counts(baseline))
    }

    pub(super) fn counting_misses(&self) -> impl Iterator<Item = &Miss<'a>> + Clone {
        self.misses.iter().filter(|miss| miss.counts())
    }

    /// Whether something that counts has not ended.
    pub(super) fn is_blocked(&self) -> bool {
        self.counting_breaches().any(Breach::is_open) || self.counting_misses().next().is_some()
    }

    pub(super) fn is_completed(&self) -> bool {
        self.completion().is_some()
    }

    /// The first completion of the remediation under way.
    fn completion(&self) -> Option<&'a Text> {
        let mut completed = self.completed.iter();
        completed
            .find(|(at, _)| *at >= self.standing.entered)
            .map(|(_, fact)| *fact)
    }

    fn counts_from(&self, miss: &Miss<'_>) -> DateTime<Utc> {
        miss.at.max(self.standing.baseline)
    }

    pub(super) fn last_closing(&self) -> Option<DateTime<Utc>> {
        self.counting_breaches().filter_map(|breach| breach.closed).max()
    }

    /// The latest end of what the app was notified of.
    pub(super) fn last_end(&self) -> Option<DateTime<Utc>> {
        self.last_closing()
            .max(self.ended_misses().filter_map(|miss| miss.ended).max())
    }

    /// The misses that are not excused and ended since the app was last in good standing.
    pub(super) fn ended_misses(&self) -> impl Iterator<Item = &Miss<'a>> {
        let baseline = self.standing.baseline;
        let misses = self.misses.iter().filter(|miss| !miss.excused);
        misses.filter(move |miss| miss.ended.is_some_and(|ended| ended >= baseline))
    }

    /// The end of the remediation, as far as pauses up to `now` have put it off.
    pub(super) fn deadline_at(&self, policy: &EscalationPolicy, now: DateTime<Utc>) -> DateTime<Utc> {
        let start = self.standing.entered;
        let days = self.standing.extended.unwrap_or(policy.demotion.deadline_days);
        later(days_after(start, days), self.pauses.within(start, now))
    }

    /// The policies that were replaced and still have a say, each with the end of its successor's transition.
    pub(super) fn replaced(&self, now: DateTime<Utc>) -> impl Iterator<Item = (&'a EscalationPolicy, DateTime<Utc>)> {
        let two = self.policies.windows(2);
        two.map(|two| (two[0].policy, two[1].transition_ends()))
            .filter(move |(_, ends)| now < *ends)
    }

    /// When the deadline leads to a proposed demotion, as far as pauses and transitions up to `now` have put it off.
    pub(super) fn enforced_deadline(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let replaced = self
            .replaced(now)
            .map(|(policy, ends)| self.deadline_at(policy, now).min(ends));
        replaced.fold(self.deadline_at(self.policy(), now), DateTime::max)
    }

    fn has_cooled_off(&self, now: DateTime<Utc>) -> bool {
        let days = self.policy().reinstatement.cool_off_days;
        self.standing
            .demoted
            .is_none_or(|demoted| days_after(demoted, days) <= now)
    }

    fn is_always_excused(&self, id: &Text) -> bool {
        matches!(self.excused, Excused::Always(excused) if excused.contains(id))
    }

    // What they change -------------------------------------------------------------------------------------------------

    /// Excuses a breach or miss, or no longer; says whether that is a change.
    fn set_excused(&mut self, id: &Text, excused: bool) -> bool {
        if matches!(self.excused, Excused::Always(_)) {
            return false;
        }
        let breaches = self.breaches.iter_mut().map(|b| (b.id, &mut b.excused));
        let misses = self.misses.iter_mut().map(|m| (m.id, &mut m.excused));
        let found = breaches.chain(misses).find(|(known, _)| *known == id);
        found.is_some_and(|(_, flag)| std::mem::replace(flag, excused) != excused)
    }

    fn enter(&mut self, to: State, rule: Rule, because: Vec<Text>, now: DateTime<Utc>) {
        let from = std::mem::replace(&mut self.standing.state, to);
        match to {
            State::GoodStanding => self.standing.baseline = now,
            State::Remediation => {
                self.standing.entered = now;
                if rule != Rule::Declined {
                    self.standing.extended = None;
                }
            }
            State::Demoted => self.standing.demoted = Some(now),
            State::None | State::Notified | State::DemotionProposed => {}
        }
        self.record(from, rule, because, now);
    }

    fn record(&mut self, from: State, rule: Rule, because: Vec<Text>, now: DateTime<Utc>) {
        // A fresh replay only asks where the app would stand.
        if matches!(self.excused, Excused::AsFiled) {
            self.decisions.push(Decision {
                at: now,
                app: self.app.clone(),
                from,
                to: self.standing.state,
                rule,
                policy_version: self.policy().version,
                explanation: explain::sentence(self, rule, because.len(), now),
                because,
            });
        }
    }
}

impl Published<'_> {
    /// From here on the policy before it has nothing to say.
    fn transition_ends(&self) -> DateTime<Utc> {
        days_after(self.at, self.policy.transition_days)
    }
}

fn at_least<'a>(facts: impl Iterator<Item = &'a Text> + Clone, least: u64) -> Option<Vec<Text>> {
    (facts.clone().count() as u64 >= least).then(|| facts.cloned().collect())
}

/// Days have 86,400 s. What lies beyond the calendar never comes.
pub(super) fn days_after(at: DateTime<Utc>, days: u64) -> DateTime<Utc> {
    i64::try_from(days)
        .ok()
        .and_then(TimeDelta::try_days)
        .map_or(DateTime::<Utc>::MAX_UTC, |days| later(at, days))
}

fn later(at: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
