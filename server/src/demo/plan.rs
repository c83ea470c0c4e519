//! When what happens in the demonstration: the history of every base URL, and everything that people and rules did, in the
//! order in which they did it.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use rampart_domain::{
    access::PartnerRole,
    count::{MINUTES_PER_DAY, Minute, MinuteRange},
    policy::MeasurementPolicy,
};

use super::{
    Settings,
    apps::{APPS, Alerts, App, DEAD, Measured},
    breaches::{Turn, turns},
    history::History,
    people::{INVITED, Member, PARTNERS, Partner, STAFF, Staff},
    story::Story,
};
use crate::random::Seeded;

/// One thing that happens.
#[derive(Clone, Copy)]
pub(super) enum Step {
    Staff(&'static Staff),
    /// A partner is created, by its place, and its first owner invited.
    Partner(usize),
    /// The first owner of a partner invites somebody, by mail address.
    Invite(usize, &'static str, PartnerRole),
    /// Somebody opens the link in their invitation: name and mail address.
    Join(&'static str, &'static str),
    Register(&'static App),
    /// The link in the drill mail of an app is opened.
    Confirm(&'static App),
    /// Another alert address is asked for.
    Move(&'static App, &'static str),
    /// From here on this address refuses mail.
    Die(&'static str),
    Start(&'static App),
    /// The designation is given.
    Designate(&'static App),
    Stop(&'static App, &'static str),
    Archive(&'static App),
    /// An evaluation, of the base URL at this place of the plan.
    Evaluate(usize, Turn),
}

/// A base URL that is measured at some time.
pub(super) struct Measure {
    pub app: &'static App,
    pub base_url: String,
    pub story: Story,
    pub history: History,
}

pub(super) struct Plan {
    pub measures: Vec<Measure>,
    /// In order.
    pub steps: Vec<(DateTime<Utc>, Step)>,
}

/// A partner is created so many days before its first app is registered, and an app registered so many before it is
/// measured: neither is hurried, and weekends lie between.
const BEFORE_FIRST_APP: i64 = 6;
const BEFORE_MEASURING: i64 = 5;
/// The apps that carry the designation: one that is quiet, one that fails now and then, and one with an outage that goes on.
const DESIGNATED: [&str; 3] = [
    "example.kestrel.timesheets",
    "example.kestrel.roadmaps",
    "example.paperlantern.diagrams",
];
/// They are given it after so many days of figures.
const BEFORE_DESIGNATION: i64 = 9;
/// The staff is there so many days before the first partner.
const BEFORE_FIRST_PARTNER: i64 = 4;

impl Plan {
    pub(super) fn of(settings: &Settings) -> Self {
        let mut planner = Planner {
            settings,
            end: settings.end(),
            chance: Seeded::new(settings.seed).named("calendar"),
            measures: Vec::new(),
            steps: Vec::new(),
        };
        planner.people();
        for app in &APPS {
            planner.app(app);
        }
        planner.steps.sort_by_key(|(at, _)| *at);
        Self {
            measures: planner.measures,
            steps: planner.steps,
        }
    }
}

struct Planner<'a> {
    settings: &'a Settings,
    end: Minute,
    chance: Seeded,
    measures: Vec<Measure>,
    steps: Vec<(DateTime<Utc>, Step)>,
}

impl Planner<'_> {
    fn add(&mut self, at: DateTime<Utc>, step: Step) {
        self.steps.push((at, step));
    }

    fn days_ago(&self, days: i64) -> Minute {
        self.end - days * MINUTES_PER_DAY
    }

    /// What still has to show its effects at the end happens now.
    fn last_moment(&self) -> DateTime<Utc> {
        (self.end - 1).start() + TimeDelta::seconds(20)
    }

    /// A time of the working day of this minute, or of the Friday before it; each `what` has a time of its own.
    fn office(&self, minute: Minute, what: &str) -> DateTime<Utc> {
        let day = minute.start().date_naive();
        let day = day - TimeDelta::days((i64::from(day.weekday().num_days_from_monday()) - 4).max(0));
        let second = self.chance.named(what).below(0, 8 * 3_600);
        day.and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::hours(8) + TimeDelta::seconds(second.into())
    }

    /// When measuring an app begins, or, where it does not, when it is registered.
    fn begins(&self, app: &App) -> Minute {
        self.days_ago(app.age.min(self.settings.days))
    }

    fn registered(&self, app: &App) -> DateTime<Utc> {
        let days = if app.measured == Measured::NotYet {
            0
        } else {
            BEFORE_MEASURING
        };
        self.office(self.begins(app) - days * MINUTES_PER_DAY, app.key)
    }

    fn people(&mut self) {
        let created: Vec<DateTime<Utc>> = PARTNERS.iter().enumerate().map(|(i, p)| self.created(i, p)).collect();
        let first = created.iter().min().copied().unwrap_or_else(|| self.end.start());
        for (i, person) in STAFF.iter().enumerate() {
            let day = Minute::of(first) - BEFORE_FIRST_PARTNER * MINUTES_PER_DAY;
            // The administrator comes first and invites the others.
            let at = self.office(day, "staff") + TimeDelta::minutes(35 * i64::try_from(i).unwrap_or_default());
            self.add(at, Step::Staff(person));
            self.add(at + TimeDelta::minutes(11), Step::Join(person.name, person.mail));
        }
        for (i, (partner, at)) in PARTNERS.iter().zip(created).enumerate() {
            self.add(at, Step::Partner(i));
            for (n, person) in partner.people.iter().enumerate() {
                self.member(i, n, person, at);
            }
        }
        let (partner, mail) = INVITED;
        let yesterday = self.office(self.days_ago(1), mail);
        self.add(yesterday, Step::Invite(partner, mail, PartnerRole::Member));
    }

    fn created(&self, place: usize, partner: &Partner) -> DateTime<Utc> {
        let apps = APPS.iter().filter(|a| a.partner == place);
        let first = apps
            .map(|a| self.registered(a))
            .min()
            .unwrap_or_else(|| self.end.start());
        self.office(Minute::of(first) - BEFORE_FIRST_APP * MINUTES_PER_DAY, partner.name)
    }

    fn member(&mut self, partner: usize, place: usize, person: &'static Member, created: DateTime<Utc>) {
        let joins = TimeDelta::minutes(40 + i64::from(self.chance.named(person.mail).below(1, 200)));
        if place == 0 {
            self.add(created + joins, Step::Join(person.name, person.mail));
            return;
        }
        let wanted = self.office(
            self.days_ago(person.joined.unwrap_or(i64::MAX / MINUTES_PER_DAY / 2)),
            person.mail,
        );
        // Whoever came longer ago than there is history came soon after the first.
        let at = wanted.max(created + TimeDelta::hours(5));
        self.add(at, Step::Invite(partner, person.mail, person.role));
        self.add(at + joins, Step::Join(person.name, person.mail));
    }

    fn app(&mut self, app: &'static App) {
        let registered = self.registered(app);
        self.add(registered, Step::Register(app));
        let an_hour_later = registered + TimeDelta::minutes(64);
        match app.alerts {
            Alerts::Confirmed(_) | Alerts::Dead(_) => self.add(an_hour_later, Step::Confirm(app)),
            Alerts::Moving(_, next) => {
                self.add(an_hour_later, Step::Confirm(app));
                self.add(self.office(self.days_ago(2), next), Step::Move(app, next));
            }
            Alerts::Asked(address) => {
                self.add(self.last_moment() + TimeDelta::seconds(15), Step::Move(app, address));
            }
            Alerts::Pending(_) | Alerts::Owners => {}
        }
        if let Alerts::Dead(address) = app.alerts {
            self.add(self.days_ago(DEAD.1).start(), Step::Die(address));
        }
        if app.measured != Measured::NotYet {
            self.measured(app);
        }
    }

    fn measured(&mut self, app: &'static App) {
        let started = self.office(self.begins(app), app.name);
        self.add(started, Step::Start(app));
        if DESIGNATED.contains(&app.key) {
            let day = Minute::of(started) + BEFORE_DESIGNATION * MINUTES_PER_DAY;
            self.add(self.office(day, "designation"), Step::Designate(app));
        }
        let first = Minute::of(started) + 1;
        let stopped = match app.measured {
            Measured::Always | Measured::NotYet => self.end,
            Measured::Stopped(ago, why) | Measured::Again(ago, why) => {
                let stopped = self.end - ago;
                self.add(stopped.start(), Step::Stop(app, why));
                if matches!(app.measured, Measured::Again(..)) {
                    self.add(self.last_moment(), Step::Start(app));
                }
                stopped
            }
            Measured::Archived => {
                let stopped = first + (self.end - first) * 3 / 4;
                self.add(stopped.start(), Step::Archive(app));
                stopped
            }
        };
        for url in app.urls {
            let story = Story::new(self.settings.seed, app.key, url, self.end);
            self.measure(Measure {
                app,
                base_url: self.settings.base_url(app.key, url),
                story,
                history: History::of(&story, MinuteRange::new(first, stopped)),
            });
        }
    }

    fn measure(&mut self, measure: Measure) {
        let place = self.measures.len();
        let policy = MeasurementPolicy::standard().slis.availability;
        for turn in turns(&policy, &measure.history, self.end) {
            // An evaluation takes a moment.
            self.add(
                turn.tick.start() + TimeDelta::milliseconds(180),
                Step::Evaluate(place, turn),
            );
        }
        self.measures.push(measure);
    }
}
