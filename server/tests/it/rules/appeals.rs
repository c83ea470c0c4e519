//! An appeal names what should not count; granted, that is excused through the ledger, and the app stands where the page had said
//! it would (SPEC section 6).

use chrono::TimeDelta;
use rampart_domain::{
    access::Actor,
    escalation::{FactKind, Rule, State},
    exclusion::ExclusionKind,
};
use rampart_server::{
    service::{Error, escalation::Verdict, facts as filing},
    store::{
        Db, Scope,
        appeals::{self, Appeal},
        apps::{self, App},
        audit, escalation, facts, ledger,
    },
};

use super::breach::measured;
use crate::support::{
    database::{TestDatabase, on_both_engines, sql},
    html::{main, text},
    portal::{Browser, Portal},
};

on_both_engines!(
    a_granted_appeal_leads_to_the_state_that_was_shown,
    what_no_waiver_excuses_is_said_and_goes_on_counting,
    an_appeal_is_about_what_the_owner_chose,
    a_refused_appeal_excuses_nothing,
    nobody_decides_on_their_own_appeal,
    an_appeal_is_decided_once,
);

const APP: &str = "com.example.app";
const PAGE: &str = "/apps/com.example.app/escalation";

struct World {
    portal: Portal,
    owner: Actor,
    manager: Actor,
    managers_browser: Browser,
    owners_browser: Browser,
}

impl World {
    /// A designated app that was notified of one breach, which is over.
    async fn new(database: TestDatabase) -> Self {
        let (portal, owners_browser, series) = measured(database).await;
        let managers_browser = portal.staff("Pia", &["program_manager"]).await;
        let manager = portal.actor("pia@platform.test").await;
        let owner = portal.actor("owner@kestrel-labs.test").await;
        let service = &portal.service;
        service
            .decide_escalation(&manager, APP, Verdict::Designate, "It qualifies.")
            .await
            .unwrap();
        portal.live(series, 30, true).await;
        portal.live(series, 10, false).await;
        portal.live(series, 40, true).await;
        service.escalate().await.unwrap();
        let world = Self {
            portal,
            owner,
            manager,
            managers_browser,
            owners_browser,
        };
        assert_eq!(world.state().await, State::Notified);
        world
    }

    fn db(&self) -> &Db {
        &self.portal.service.store.portal
    }

    async fn app(&self) -> App {
        apps::by_key(self.db(), Scope::system(), APP).await.unwrap().unwrap()
    }

    async fn state(&self) -> State {
        let app = self.app().await.id;
        let standing = escalation::standing(self.db(), Scope::system(), app).await.unwrap();
        let standing = standing.unwrap();
        assert_eq!(standing.error, None);
        standing.state
    }

    async fn last_rule(&self) -> Rule {
        let app = self.app().await.id;
        let decisions = escalation::decisions(self.db(), Scope::system(), app).await.unwrap();
        decisions.last().unwrap().decision.rule
    }

    /// The ids of the breaches that became facts.
    async fn breaches(&self) -> Vec<String> {
        let facts = facts::all(self.db()).await.unwrap();
        facts
            .iter()
            .filter_map(|fact| match &fact.kind {
                FactKind::Breach { breach, .. } => Some(breach.to_string()),
                _ => None,
            })
            .collect()
    }

    /// A missed target of which nothing was measured.
    async fn misses(&self, id: &str) {
        let app = self.app().await;
        let mut tx = self.db().begin().await.unwrap();
        let missed = FactKind::SloMissed {
            miss: id.into(),
            series: "webhook_delivery/jira".into(),
        };
        filing::file(&mut tx, self.portal.clock.now(), Some((app.id, APP)), missed)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        self.portal.service.escalate().await.unwrap();
        self.portal.clock.advance(TimeDelta::seconds(2));
    }

    async fn appeals_about(&self, about: &[&str]) -> Result<(), Error> {
        let service = &self.portal.service;
        let opened = service.open_appeal(&self.owner, APP, about, "The network was down.");
        opened.await?;
        self.portal.clock.advance(TimeDelta::seconds(2));
        Ok(())
    }

    async fn closes(&self, granted: bool) -> Result<(), Error> {
        let service = &self.portal.service;
        let closed = service.close_appeal(&self.manager, APP, Some(granted), "We looked at it.", None);
        closed.await
    }

    async fn appeal(&self) -> Appeal {
        let app = self.app().await.id;
        let mut all = appeals::of_app(self.db(), Scope::system(), app).await.unwrap();
        all.pop().unwrap()
    }

    async fn managers(&mut self, path: &str) -> String {
        let answer = self.portal.get(&mut self.managers_browser, path).await;
        text(&main(&answer.body)).replace(['\u{a0}', '\u{202f}'], " ")
    }

    async fn owners(&mut self, path: &str) -> String {
        let answer = self.portal.get(&mut self.owners_browser, path).await;
        text(&main(&answer.body)).replace(['\u{a0}', '\u{202f}'], " ")
    }

    async fn waivers(&self) -> usize {
        let all = ledger::list(self.db(), Scope::system(), ledger::Filter::default(), 0, 100).await;
        let all = all.unwrap();
        assert!(all.iter().all(|filed| filed.entry.kind == ExclusionKind::Waiver));
        all.len()
    }

    async fn audited(&self, action: &str) -> usize {
        let filter = audit::Filter {
            action: action.to_owned(),
            ..audit::Filter::default()
        };
        let rows = audit::list(self.db(), Scope::system(), &filter, 100).await.unwrap();
        rows.len()
    }

    async fn verdicts(&self) -> Vec<String> {
        let mails = self.portal.mails().await;
        let verdicts = mails.iter().filter(|mail| mail.kind == "appeal_verdict");
        verdicts
            .map(|mail| format!("{} to {}", mail.subject, mail.recipients.0.join(",")))
            .collect()
    }
}

async fn a_granted_appeal_leads_to_the_state_that_was_shown(database: TestDatabase) {
    let mut world = World::new(database).await;
    let breaches = world.breaches().await;
    assert_eq!(breaches.len(), 1);
    world.appeals_about(&[breaches[0].as_str()]).await.unwrap();
    for page in [world.managers(PAGE).await, world.owners(PAGE).await] {
        assert!(page.contains("If it is granted, the app is in good standing"), "{page}");
        assert!(page.contains("Granting it files these waivers"), "{page}");
        assert!(!page.contains("They cannot excuse these"), "{page}");
    }
    let todo = world.managers("/apps/com.example.app").await;
    assert!(todo.contains("Decide on the appeal"), "{todo}");
    let board = world.managers("/escalation").await;
    assert!(
        board.contains("1 appeal waits for a program manager's decision"),
        "{board}"
    );

    world.closes(true).await.unwrap();
    assert_eq!(world.state().await, State::GoodStanding);
    assert_eq!(world.last_rule().await, Rule::Ledger);
    assert_eq!(world.waivers().await, 1);
    assert_eq!(world.audited("ledger.waiver_filed").await, 1);
    assert_eq!(world.audited("breach.excused").await, 1);
    assert_eq!(world.audited("escalation.appeal_closed").await, 1);
    assert_eq!(
        world.verdicts().await,
        ["Timesheets: appeal granted to owner@kestrel-labs.test"]
    );
    let closed = world.appeal().await.closed.unwrap();
    assert_eq!(
        closed.effect,
        "Everything that it names is excused by a waiver. The app was notified and is in good standing now."
    );
    let page = world.owners(PAGE).await;
    assert!(
        page.contains("Granted : We looked at it. Everything that it names is excused"),
        "{page}"
    );
    let todo = world.managers("/apps/com.example.app").await;
    assert!(!todo.contains("Decide on the appeal"), "{todo}");
}

async fn what_no_waiver_excuses_is_said_and_goes_on_counting(database: TestDatabase) {
    let mut world = World::new(database).await;
    world.misses("m1").await;
    let breach = world.breaches().await.remove(0);
    world.appeals_about(&[&breach, "m1"]).await.unwrap();
    let page = world.managers(PAGE).await;
    assert!(page.contains("If it is granted, the app is notified"), "{page}");
    let beyond = page.split("They cannot excuse these").nth(1).unwrap();
    assert!(beyond.contains("Missed target of webhook_delivery/jira"), "{page}");
    world.closes(true).await.unwrap();
    assert_eq!(world.state().await, State::Notified);
    let effect = world.appeal().await.closed.unwrap().effect;
    assert_eq!(
        effect,
        "1 of the 2 breaches and missed targets that it names are excused by a waiver. The app stays notified."
    );
}

async fn an_appeal_is_about_what_the_owner_chose(database: TestDatabase) {
    let mut world = World::new(database).await;
    world.misses("m1").await;
    let breach = world.breaches().await.remove(0);
    for wrong in [&[][..], &["b7"], &[breach.as_str(), "b7"]] {
        let refused = world.appeals_about(wrong).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{wrong:?}: {refused:?}");
    }
    world.appeals_about(&["m1"]).await.unwrap();
    assert_eq!(world.appeal().await.about, ["m1"]);
    let page = world.managers(PAGE).await;
    assert!(page.contains("There is nothing that a waiver could excuse"), "{page}");
    world.closes(true).await.unwrap();
    assert_eq!((world.waivers().await, world.state().await), (0, State::Notified));
    let effect = world.appeal().await.closed.unwrap().effect;
    assert!(
        effect.starts_with("Nothing that it names can be excused by a waiver."),
        "{effect}"
    );
}

async fn a_refused_appeal_excuses_nothing(database: TestDatabase) {
    let mut world = World::new(database).await;
    let breach = world.breaches().await.remove(0);
    world.appeals_about(&[&breach]).await.unwrap();
    let service = &world.portal.service;
    let without = service.close_appeal(&world.manager, APP, None, " ", None).await;
    assert!(matches!(without, Err(Error::Invalid(_))), "{without:?}");
    let owners = service.close_appeal(&world.owner, APP, Some(true), "Ours.", None).await;
    assert!(matches!(owners, Err(Error::Forbidden(_))), "{owners:?}");
    world.closes(false).await.unwrap();
    assert_eq!((world.waivers().await, world.state().await), (0, State::Notified));
    assert_eq!(
        world.verdicts().await,
        ["Timesheets: appeal refused to owner@kestrel-labs.test"]
    );
    let page = world.owners(PAGE).await;
    assert!(
        page.contains("Refused : We looked at it. Nothing is excused. The app stays notified."),
        "{page}"
    );
    let again = world.closes(true).await;
    assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
}

async fn nobody_decides_on_their_own_appeal(database: TestDatabase) {
    let world = World::new(database).await;
    let breach = world.breaches().await.remove(0);
    world.appeals_about(&[&breach]).await.unwrap();
    // The appeal becomes one that the program manager opened, as an owner of the partner.
    let (unlock, manager) = match world.db() {
        Db::Sqlite(_) => (
            "drop trigger fact_no_update",
            format!("x'{}'", world.manager.user.0.simple()),
        ),
        Db::Postgres(_) => (
            "drop trigger fact_no_change on fact",
            format!("'{}'", world.manager.user.0),
        ),
    };
    sql(world.db(), unlock).await.unwrap();
    let update = format!("update fact set filed_by = {manager} where kind = 'appeal_opened'");
    assert_eq!(sql(world.db(), &update).await.unwrap(), 1);
    for granted in [true, false] {
        let refused = world.closes(granted).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    }
    assert_eq!((world.waivers().await, world.state().await), (0, State::Notified));
}

async fn an_appeal_is_decided_once(database: TestDatabase) {
    let world = World::new(database).await;
    let breach = world.breaches().await.remove(0);
    world.appeals_about(&[&breach]).await.unwrap();
    let (one, other) = tokio::join!(world.closes(true), world.closes(true));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    assert!(
        matches!(one.and(other), Err(Error::Conflict(_))),
        "no appeal is open any more"
    );
    assert_eq!((world.waivers().await, world.verdicts().await.len()), (1, 1));
}
