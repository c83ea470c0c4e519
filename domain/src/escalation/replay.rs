use chrono::{DateTime, Utc};
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;
use thiserror::Error;

use super::{Decision, EscalationPolicy, Fact, FactKind, Text, decide, show_time};

/// The facts of any number of apps, and what the engine makes of them (`escalation.md`, "Command").
#[derive(Debug)]
pub struct Replay {
    policy: EscalationPolicy,
    latest: Option<DateTime<Utc>>,
    ids: Ids,
    apps: HashMap<Text, Vec<Placed>>,
    of_all_apps: Vec<Placed>,
}

/// A fact with its place among all: 0 for the first.
type Placed = (usize, Fact);

/// Why a fact cannot follow those before it.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Contradiction {
    #[error("its time {at} lies before {latest}, that of the fact before it")]
    TimeGoesBack { at: String, latest: String },
    #[error("the id {0:?} has been used by a fact before it")]
    RepeatedId(Text),
    #[error("{0:?} is no breach of this app that came before")]
    UnknownBreach(Text),
    #[error("{0:?} is no miss of this app that came before")]
    UnknownMiss(Text),
    #[error("{0:?} is no breach or miss of this app that came before")]
    UnknownReference(Text),
    #[error("{0:?} has been used by a breach or miss of this app before")]
    UsedId(Text),
}

/// Ids, each once. Most come in ascending order, so that most are only put behind the others.
#[derive(Debug, Default)]
struct Ids {
    ascending: Vec<Text>,
    others: HashSet<Text>,
}

impl Ids {
    fn len(&self) -> usize {
        self.ascending.len() + self.others.len()
    }

    /// Says whether it is new.
    fn insert(&mut self, id: &Text) -> bool {
        if self.ascending.last().is_none_or(|last| last < id) {
            self.ascending.push(id.clone());
            return true;
        }
        self.ascending.binary_search(id).is_err() && self.others.insert(id.clone())
    }
}

/// What an id of an app was given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Introduced {
    Breach,
    Miss,
}

impl Replay {
    /// A replay that begins under this policy.
    pub fn new(policy: EscalationPolicy) -> Self {
        Self {
            policy,
            latest: None,
            ids: Ids::default(),
            apps: HashMap::new(),
            of_all_apps: Vec::new(),
        }
    }

    /// Takes the next fact. What it refers to is looked at by [`Self::decisions`].
    ///
    /// # Errors
    /// When it is out of order or its id is taken; it is left out then.
    pub fn add(&mut self, fact: Fact) -> Result<(), Contradiction> {
        if let Some(latest) = self.latest.filter(|latest| fact.at < *latest) {
            return Err(Contradiction::TimeGoesBack {
                at: show_time(fact.at),
                latest: show_time(latest),
            });
        }
        let place = self.ids.len();
        if !self.ids.insert(&fact.id) {
            return Err(Contradiction::RepeatedId(fact.id));
        }
        self.latest = Some(fact.at);
        match &fact.app {
            None => self.of_all_apps.push((place, fact)),
            Some(app) => match self.apps.get_mut(app) {
                Some(facts) => facts.push((place, fact)),
                None => {
                    self.apps.insert(app.clone(), vec![(place, fact)]);
                }
            },
        }
        Ok(())
    }

    /// Every decision up to and including `until`, in the order of time, then of apps, then in which the rules fired. Later
    /// facts are checked and otherwise ignored.
    ///
    /// # Errors
    /// The first fact that refers to what its app does not have, with its place: 0 for the first fact.
    pub fn decisions(&self, until: DateTime<Utc>) -> Result<Vec<Decision>, (usize, Contradiction)> {
        self.check()?;
        let known = |facts: &[Placed]| facts.partition_point(|(_, fact)| fact.at <= until);
        let of_all_apps = &self.of_all_apps[..known(&self.of_all_apps)];
        let of_app = |(app, own): (&Text, &Vec<Placed>)| {
            let facts = in_order(&own[..known(own)], of_all_apps);
            decide(app, &self.policy, &facts, until).decisions
        };
        let mut decisions: Vec<_> = self.apps.par_iter().flat_map_iter(of_app).collect();
        decisions.sort_by(|a, b| (a.at, &a.app).cmp(&(b.at, &b.app)));
        Ok(decisions)
    }

    /// Whether every breach and miss that a fact refers to is there.
    ///
    /// # Errors
    /// The first fact of which that is not so, with its place.
    pub fn check(&self) -> Result<(), (usize, Contradiction)> {
        let wrong = self.apps.par_values().filter_map(|facts| {
            let (at, contradiction) = first_contradiction(facts.iter().map(|(_, fact)| fact))?;
            Some((facts[at].0, contradiction))
        });
        wrong.min_by_key(|(place, _)| *place).map_or(Ok(()), Err)
    }
}

/// The first of an app's facts that refers to a breach or miss that the app does not have, or introduces one anew.
pub fn find_contradiction(facts: &[Fact]) -> Option<(&Fact, Contradiction)> {
    first_contradiction(facts).map(|(at, contradiction)| (&facts[at], contradiction))
}

/// Breaches and misses of an app share their ids, which are used once.
fn first_contradiction<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Option<(usize, Contradiction)> {
    use Contradiction as C;
    let mut introduced: HashMap<&Text, Introduced> = HashMap::new();
    facts.into_iter().enumerate().find_map(|(at, fact)| {
        let is = |id, what| introduced.get(id).is_some_and(|known| *known == what);
        let wrong = match &fact.kind {
            FactKind::Breach { breach: id, .. } => {
                introduced.insert(id, Introduced::Breach).map(|_| C::UsedId(id.clone()))
            }
            FactKind::SloMissed { miss: id, .. } => {
                introduced.insert(id, Introduced::Miss).map(|_| C::UsedId(id.clone()))
            }
            FactKind::BreachClosed { breach } => {
                (!is(breach, Introduced::Breach)).then(|| C::UnknownBreach(breach.clone()))
            }
            FactKind::SloMet { miss } => (!is(miss, Introduced::Miss)).then(|| C::UnknownMiss(miss.clone())),
            FactKind::Excused { reference: id } | FactKind::Unexcused { reference: id } => {
                (!introduced.contains_key(id)).then(|| C::UnknownReference(id.clone()))
            }
            _ => None,
        };
        wrong.map(|wrong| (at, wrong))
    })
}

/// The facts of an app and those of all apps, in their common order.
fn in_order<'a>(own: &'a [Placed], of_all_apps: &'a [Placed]) -> Vec<&'a Fact> {
    let mut facts: Vec<_> = own.iter().chain(of_all_apps).collect();
    if !of_all_apps.is_empty() {
        facts.sort_by_key(|(place, _)| *place);
    }
    facts.into_iter().map(|(_, fact)| fact).collect()
}
