use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{
    AlertAddress, FEWEST_PROBES, Facts, GOOD_PROBES_PERCENT, HealthCheck, Item, Need, Party, Readiness, ReviewState,
    SYNTHETIC_DAYS,
};

/// How an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Done,
    ToDo,
    /// A program manager does not ask for it, up to and including this day.
    Waived(NaiveDate),
    NotApplicable,
}

impl State {
    /// The name shown to people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Done => "Done",
            Self::ToDo => "To do",
            Self::Waived(_) => "Waived",
            Self::NotApplicable => "Not applicable",
        }
    }
}

/// An item, as it stands for one app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub item: Item,
    pub need: Need,
    pub state: State,
    /// Why, in one sentence.
    pub reason: String,
    /// Who can do it, while it is to be done.
    pub waits_for: Option<Party>,
}

/// The checklist of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checklist {
    /// In the order of [`Item::ALL`].
    pub entries: Vec<Entry>,
}

impl Checklist {
    /// How everything stands at `now`.
    pub fn of(facts: &Facts, now: DateTime<Utc>) -> Self {
        Self {
            entries: Item::ALL.iter().map(|item| entry(*item, facts, now)).collect(),
        }
    }

    /// The required items that are neither done nor waived.
    pub fn open(&self) -> impl Iterator<Item = &Entry> {
        self.required().filter(|entry| entry.state == State::ToDo)
    }

    /// The items that are required and apply.
    pub fn required(&self) -> impl Iterator<Item = &Entry> {
        let applies = |entry: &&Entry| entry.need == Need::Required && entry.state != State::NotApplicable;
        self.entries.iter().filter(applies)
    }

    /// Whether an app can be approved: everything required is done or waived (SPEC section 3).
    pub fn is_complete(&self) -> bool {
        self.open().next().is_none()
    }
}

/// What the facts alone say of an item: how it stands, why, and who can do it.
type Found = (State, String, Option<Party>);

fn entry(item: Item, facts: &Facts, now: DateTime<Utc>) -> Entry {
    let (mut state, mut reason, mut waits_for) = match item {
        Item::HealthCheck => health_check(facts),
        Item::AlertMail => alert_mail(facts),
        Item::Slis => slis(facts),
        Item::Readiness => readiness(facts),
        Item::Rollout => rollout(facts),
        Item::Trial => trial(facts),
        Item::IframeEvents => iframe_events(facts),
        Item::Synthetics => synthetics(facts, now),
        Item::Training => training(facts),
    };
    let waiver = facts.waived.iter().find(|(waived, _)| *waived == item);
    if let (State::ToDo, Some((_, until))) = (state, waiver)
        && *until >= now.date_naive()
    {
        state = State::Waived(*until);
        reason = format!("Waived up to and including {}.", until.format("%-d %B %Y"));
        waits_for = None;
    }
    Entry {
        item,
        need: item.need(facts.kind),
        state,
        reason,
        waits_for,
    }
}

fn done(reason: impl Into<String>) -> Found {
    (State::Done, reason.into(), None)
}

fn to_do(party: Party, reason: impl Into<String>) -> Found {
    (State::ToDo, reason.into(), Some(party))
}

fn not_applicable(reason: &str) -> Found {
    (State::NotApplicable, reason.to_owned(), None)
}

fn health_check(facts: &Facts) -> Found {
    let is_required = Item::HealthCheck.need(facts.kind) == Need::Required;
    if facts.health.is_empty() {
        return match is_required {
            true => to_do(Party::Partner, "No base URL is entered yet."),
            false => not_applicable("The app has no base URL; a health check is required of Connect apps only."),
        };
    }
    if !facts.fails_when_down {
        return to_do(
            Party::Partner,
            "The partner has not confirmed yet that the URL does not answer 200 while the app is down.",
        );
    }
    if !facts.measured {
        return to_do(Party::Reviewers, "Everything is entered; staff start the measuring.");
    }
    let is_failing = |check: &&HealthCheck| {
        let (good, total) = (u128::from(check.good), u128::from(check.total));
        check.total >= FEWEST_PROBES && good * 100 < total * u128::from(GOOD_PROBES_PERCENT)
    };
    if let Some(check) = facts.health.iter().find(is_failing) {
        return to_do(
            Party::Partner,
            format!(
                "{} of {} probes of {} were good in the last 24 hours; at least {GOOD_PROBES_PERCENT} % have to be.",
                check.good, check.total, check.url
            ),
        );
    }
    if let Some(check) = facts.health.iter().find(|check| check.total < FEWEST_PROBES) {
        // Nobody can do more than wait, and the partner can see to it that there is an answer.
        return to_do(
            Party::Partner,
            format!(
                "{} was probed {} in the last 24 hours; it is judged from {FEWEST_PROBES} probes on, one a minute.",
                check.url,
                counted(check.total, "time", "times")
            ),
        );
    }
    let (good, total) = facts
        .health
        .iter()
        .fold((0, 0), |(good, total), check| (good + check.good, total + check.total));
    done(format!("{good} of {total} probes of the last 24 hours were good."))
}

fn alert_mail(facts: &Facts) -> Found {
    match facts.alert_address {
        AlertAddress::Confirmed => done("The address was confirmed from its drill mail."),
        AlertAddress::Pending => to_do(Party::Partner, "The drill mail was sent; its link has to be opened."),
        AlertAddress::Failed => to_do(
            Party::Partner,
            "The confirmed address refuses mail; another one is needed.",
        ),
        AlertAddress::Missing => to_do(Party::Partner, "No alert address is entered yet."),
    }
}

fn slis(facts: &Facts) -> Found {
    if facts.series.is_empty() {
        return match facts.measured {
            true => to_do(
                Party::Partner,
                "Nothing was counted yet; series appear with the first events.",
            ),
            false => to_do(
                Party::Reviewers,
                "Nothing is measured yet; data collection begins when staff start it.",
            ),
        };
    }
    let in_state = |state: ReviewState| facts.series.iter().filter(move |s| s.review == state).count() as u64;
    let (flagged, answered, unseen) = (
        in_state(ReviewState::Flagged),
        in_state(ReviewState::Answered),
        in_state(ReviewState::Unseen),
    );
    let total = facts.series.len() as u64;
    if unseen + answered > 0 {
        let again = match answered {
            0 => String::new(),
            n => format!(", {n} of them again after an answer"),
        };
        return to_do(
            Party::Partner,
            format!(
                "{} of {} to be looked at{again}.",
                unseen + answered,
                counted(total, "series is", "series are")
            ),
        );
    }
    if flagged > 0 {
        return to_do(
            Party::Reviewers,
            format!("{} flagged; staff answer.", counted(flagged, "series is", "series are")),
        );
    }
    done(match total {
        1 => "The partner has looked at the one series there is.".to_owned(),
        n => format!("The partner has looked at each of the {n} series."),
    })
}

fn readiness(facts: &Facts) -> Found {
    match facts.readiness {
        Readiness::Missing => to_do(Party::Partner, "Nothing is written yet."),
        Readiness::Draft => to_do(Party::Partner, "It is being written, and not submitted yet."),
        Readiness::Submitted => to_do(Party::Reviewers, "It is submitted; staff review it."),
        Readiness::ChangesRequested => to_do(Party::Partner, "The platform asks for changes."),
        Readiness::Approved(until) => done(format!("Approved until {}.", until.format("%-d %B %Y"))),
        Readiness::Expired => to_do(Party::Partner, "It has expired; it has to be submitted again."),
    }
}

fn rollout(facts: &Facts) -> Found {
    if facts.products.is_empty() {
        return not_applicable("The app names no product.");
    }
    let missing: Vec<&str> = facts
        .products
        .iter()
        .filter(|product| !facts.rollout.contains(product))
        .map(|product| product.name())
        .collect();
    match missing.is_empty() {
        true => done("There is an instance of each product."),
        false => to_do(
            Party::Partner,
            format!("No instance is named for {}.", missing.join(", ")),
        ),
    }
}

fn trial(facts: &Facts) -> Found {
    match facts.trial_closed {
        Some(at) => done(format!("Closed on {}.", at.format("%-d %B %Y"))),
        None => to_do(
            Party::ProgramManagers,
            "Incident tickets are not part of this portal yet, so a program manager can only waive this.",
        ),
    }
}

fn iframe_events(facts: &Facts) -> Found {
    match facts.own_events {
        Some(true) => done("The app sends own events, which count in place of the generic ones."),
        Some(false) => to_do(
            Party::Partner,
            "Only generic events are seen: whether a page connected within 12 s.",
        ),
        None => not_applicable("No page of the app has been loaded so far."),
    }
}

fn synthetics(facts: &Facts, now: DateTime<Utc>) -> Found {
    match facts.last_synthetic {
        Some(at) if at > now - TimeDelta::days(SYNTHETIC_DAYS) => {
            done(format!("The last result came on {}.", at.format("%-d %B %Y")))
        }
        Some(at) => to_do(
            Party::Partner,
            format!(
                "The last result came on {}, more than {SYNTHETIC_DAYS} days ago.",
                at.format("%-d %B %Y")
            ),
        ),
        None => to_do(Party::Partner, "No result has come so far."),
    }
}

fn training(facts: &Facts) -> Found {
    match facts.trained {
        true => done("The partner says who has watched it."),
        false => to_do(Party::Partner, "The partner has not said who has watched it."),
    }
}

/// "1 time", "2 times".
fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{app::AppKind, sli::Product};

    pub(in super::super) fn now() -> DateTime<Utc> {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    pub(in super::super) fn series(review: ReviewState) -> super::super::SeriesFact {
        super::super::SeriesFact {
            name: "App availability".to_owned(),
            has_data: true,
            review,
        }
    }

    /// A Connect app that has done everything that can be done.
    pub(in super::super) fn everything() -> Facts {
        Facts {
            kind: AppKind::Connect,
            products: vec![Product::Jira, Product::Confluence],
            measured: true,
            health: vec![HealthCheck {
                url: "app.example.com".to_owned(),
                good: 1_438,
                total: 1_440,
            }],
            fails_when_down: true,
            alert_address: AlertAddress::Confirmed,
            series: vec![series(ReviewState::Expected)],
            readiness: Readiness::Approved(now().date_naive() + TimeDelta::days(300)),
            rollout: vec![Product::Jira, Product::Confluence],
            trial_closed: Some(now()),
            own_events: Some(true),
            last_synthetic: Some(now() - TimeDelta::days(1)),
            trained: true,
            waived: Vec::new(),
            asked: Vec::new(),
        }
    }

    #[track_caller]
    fn stands(facts: &Facts, item: Item) -> (State, String, Option<Party>) {
        let list = Checklist::of(facts, now());
        let entry = list.entries.into_iter().find(|entry| entry.item == item).unwrap();
        (entry.state, entry.reason, entry.waits_for)
    }

    #[track_caller]
    fn is_to_do(facts: &Facts, item: Item, party: Party, words: &str) {
        let (state, reason, waits_for) = stands(facts, item);
        assert_eq!((state, waits_for), (State::ToDo, Some(party)), "{reason}");
        assert!(reason.contains(words), "{reason}");
    }

    #[test]
    fn an_app_that_has_done_everything_can_be_approved() {
        let list = Checklist::of(&everything(), now());
        assert!(list.is_complete());
        assert!(list.entries.iter().all(|entry| entry.state == State::Done), "{list:#?}");
        assert_eq!(list.required().count(), 6);
    }

    #[test]
    fn recommended_items_hold_nothing_up() {
        let facts = Facts {
            own_events: Some(false),
            last_synthetic: None,
            trained: false,
            ..everything()
        };
        let list = Checklist::of(&facts, now());
        assert!(list.is_complete());
        is_to_do(&facts, Item::IframeEvents, Party::Partner, "generic");
        is_to_do(&facts, Item::Synthetics, Party::Partner, "No result");
        is_to_do(&facts, Item::Training, Party::Partner, "who has watched it");
    }

    #[test]
    fn the_health_check_is_judged_by_its_probes() {
        let with = |good, total| Facts {
            health: vec![HealthCheck {
                url: "app.example.com".to_owned(),
                good,
                total,
            }],
            ..everything()
        };
        is_to_do(&with(29, 29), Item::HealthCheck, Party::Partner, "probed 29 times");
        assert_eq!(stands(&with(30, 30), Item::HealthCheck).0, State::Done);
        assert_eq!(stands(&with(99, 100), Item::HealthCheck).0, State::Done);
        is_to_do(
            &with(98, 100),
            Item::HealthCheck,
            Party::Partner,
            "98 of 100 probes of app.example.com",
        );
        let mut two = with(1_440, 1_440);
        two.health.push(HealthCheck {
            url: "eu.example.com".to_owned(),
            good: 0,
            total: 1_440,
        });
        is_to_do(&two, Item::HealthCheck, Party::Partner, "eu.example.com");
        let unconfirmed = Facts {
            fails_when_down: false,
            ..everything()
        };
        is_to_do(&unconfirmed, Item::HealthCheck, Party::Partner, "while the app is down");
        let waiting = Facts {
            measured: false,
            ..everything()
        };
        is_to_do(
            &waiting,
            Item::HealthCheck,
            Party::Reviewers,
            "staff start the measuring",
        );
    }

    #[test]
    fn a_forge_app_needs_no_health_check() {
        let facts = Facts {
            kind: AppKind::Forge,
            health: Vec::new(),
            ..everything()
        };
        assert_eq!(stands(&facts, Item::HealthCheck).0, State::NotApplicable);
        assert_eq!(Checklist::of(&facts, now()).required().count(), 5);
        let connect = Facts {
            health: Vec::new(),
            ..everything()
        };
        is_to_do(&connect, Item::HealthCheck, Party::Partner, "No base URL");
    }

    #[test]
    fn each_series_is_looked_at() {
        let with = |reviews: &[ReviewState]| Facts {
            series: reviews.iter().map(|review| series(*review)).collect(),
            ..everything()
        };
        use ReviewState::{Answered, Expected, Flagged, Unseen};
        is_to_do(&with(&[Expected, Unseen]), Item::Slis, Party::Partner, "1 of 2 series");
        is_to_do(
            &with(&[Expected, Flagged]),
            Item::Slis,
            Party::Reviewers,
            "1 series is flagged",
        );
        is_to_do(&with(&[Flagged, Unseen]), Item::Slis, Party::Partner, "1 of 2 series");
        is_to_do(&with(&[Answered]), Item::Slis, Party::Partner, "again after an answer");
        assert_eq!(stands(&with(&[Expected, Expected]), Item::Slis).0, State::Done);
        is_to_do(&with(&[]), Item::Slis, Party::Partner, "first events");
        let unmeasured = Facts {
            measured: false,
            ..with(&[])
        };
        is_to_do(&unmeasured, Item::Slis, Party::Reviewers, "staff start it");
    }

    #[test]
    fn every_state_of_the_other_items_has_its_sentence() {
        let with = |alert_address| Facts {
            alert_address,
            ..everything()
        };
        is_to_do(
            &with(AlertAddress::Pending),
            Item::AlertMail,
            Party::Partner,
            "link has to be opened",
        );
        is_to_do(
            &with(AlertAddress::Failed),
            Item::AlertMail,
            Party::Partner,
            "refuses mail",
        );
        is_to_do(
            &with(AlertAddress::Missing),
            Item::AlertMail,
            Party::Partner,
            "No alert address",
        );
        let with = |readiness| Facts {
            readiness,
            ..everything()
        };
        is_to_do(
            &with(Readiness::Submitted),
            Item::Readiness,
            Party::Reviewers,
            "staff review it",
        );
        for state in [
            Readiness::Missing,
            Readiness::Draft,
            Readiness::ChangesRequested,
            Readiness::Expired,
        ] {
            is_to_do(&with(state), Item::Readiness, Party::Partner, "");
        }
        let one = Facts {
            rollout: vec![Product::Jira],
            ..everything()
        };
        is_to_do(&one, Item::Rollout, Party::Partner, "for Confluence.");
        let no_trial = Facts {
            trial_closed: None,
            ..everything()
        };
        is_to_do(&no_trial, Item::Trial, Party::ProgramManagers, "can only waive this");
        let no_pages = Facts {
            own_events: None,
            ..everything()
        };
        assert_eq!(stands(&no_pages, Item::IframeEvents).0, State::NotApplicable);
        let stale = Facts {
            last_synthetic: Some(now() - TimeDelta::days(SYNTHETIC_DAYS)),
            ..everything()
        };
        is_to_do(&stale, Item::Synthetics, Party::Partner, "more than 7 days ago");
    }

    #[test]
    fn a_waiver_holds_up_to_and_including_its_last_day() {
        let today = now().date_naive();
        let with = |until| Facts {
            trial_closed: None,
            waived: vec![(Item::Trial, until)],
            ..everything()
        };
        assert_eq!(stands(&with(today), Item::Trial).0, State::Waived(today));
        assert!(Checklist::of(&with(today), now()).is_complete());
        is_to_do(
            &with(today - TimeDelta::days(1)),
            Item::Trial,
            Party::ProgramManagers,
            "waive",
        );
        let done = Facts {
            trial_closed: Some(now()),
            ..with(today)
        };
        assert_eq!(
            stands(&done, Item::Trial).0,
            State::Done,
            "what is done needs no waiver"
        );
    }
}
