//! A fact at which the engine stops is set aside by a person, and the app's engine goes on (SPEC section 6).

use chrono::TimeDelta;
use rampart_domain::{
    access::Actor,
    escalation::{FactKind, State},
    id::AppId,
};
use rampart_server::{
    service::{Error, Service, escalation::Verdict, facts as filing},
    store::{Db, Scope, apps, audit, escalation, facts},
};

use crate::support::{
    database::{TestDatabase, on_both_engines, sql},
    html::{main, text},
    portal::{Browser, Portal},
};

on_both_engines!(
    a_fact_that_contradicts_is_set_aside_and_the_engine_goes_on,
    only_the_fact_at_which_the_engine_stops_is_set_aside,
    nobody_sets_aside_what_they_filed,
    a_line_that_cannot_be_read_stops_its_app_alone,
    another_server_goes_on_where_this_one_stops,
    what_differs_from_the_decisions_is_said,
    a_fact_that_decisions_follow_from_is_not_set_aside,
);

const APP: &str = "com.example.app";
const OTHER: &str = "com.example.other";
const PAGE: &str = "/apps/com.example.app/escalation";

struct World {
    portal: Portal,
    manager: Actor,
    owner: Browser,
    managers_browser: Browser,
}

impl World {
    /// Two apps with the designation.
    async fn new(database: TestDatabase) -> Self {
        let portal = Portal::on(database, &[]).await;
        let mut admin = portal.staff("Ada", &["administrator"]).await;
        let managers_browser = portal.staff("Pia", &["program_manager"]).await;
        let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
        let manager = portal.actor("pia@platform.test").await;
        for key in [APP, OTHER] {
            portal.register(&mut owner, &partner, key).await;
            let service = &portal.service;
            let designated = service.decide_escalation(&manager, key, Verdict::Designate, "It qualifies.");
            designated.await.unwrap();
        }
        Self {
            portal,
            manager,
            owner,
            managers_browser,
        }
    }

    fn db(&self) -> &Db {
        &self.portal.service.store.portal
    }

    async fn app(&self, key: &str) -> AppId {
        apps::by_key(self.db(), Scope::system(), key).await.unwrap().unwrap().id
    }

    /// Files a fact a minute after the last one, and has the engine look. Returns its id.
    async fn file(&self, key: &str, kind: FactKind) -> String {
        let fact = self.file_unseen(key, kind).await;
        self.portal.service.escalate().await.unwrap();
        self.portal.clock.advance(TimeDelta::seconds(2));
        fact
    }

    /// Files a fact at which the engine has not looked yet.
    async fn file_unseen(&self, key: &str, kind: FactKind) -> String {
        self.portal.clock.advance(TimeDelta::minutes(1));
        let app = self.app(key).await;
        let mut tx = self.db().begin().await.unwrap();
        let now = self.portal.clock.now();
        let fact = filing::file(&mut tx, now, Some((app, key)), kind).await.unwrap();
        tx.commit().await.unwrap();
        fact.id.to_string()
    }

    async fn standing(&self, key: &str) -> escalation::Standing {
        let app = self.app(key).await;
        let standing = escalation::standing(self.db(), Scope::system(), app).await;
        standing.unwrap().unwrap()
    }

    async fn set_aside(&self, fact: &str) -> Result<(), Error> {
        let service = &self.portal.service;
        service
            .set_fact_aside(&self.manager, APP, fact, "It came from another app.")
            .await
    }

    /// Changes stored facts, which the database refuses otherwise.
    async fn tamper(&self, change: &str) {
        let unlock = match self.db() {
            Db::Sqlite(_) => "drop trigger fact_no_update",
            Db::Postgres(_) => "drop trigger fact_no_change on fact",
        };
        sql(self.db(), unlock).await.unwrap();
        assert_eq!(sql(self.db(), change).await.unwrap(), 1);
    }
}

fn breach(id: &str) -> FactKind {
    FactKind::Breach {
        breach: id.into(),
        series: "availability".into(),
    }
}

fn closed(id: &str) -> FactKind {
    FactKind::BreachClosed { breach: id.into() }
}

fn read(body: &str) -> String {
    text(&main(body)).replace(['\u{a0}', '\u{202f}'], " ")
}

async fn a_fact_that_contradicts_is_set_aside_and_the_engine_goes_on(database: TestDatabase) {
    let mut world = World::new(database).await;
    let wrong = world.file(APP, closed("never")).await;
    world.file(APP, breach("b1")).await;
    assert_eq!(world.standing(APP).await.state, State::GoodStanding);
    let page = world.portal.get(&mut world.managers_browser, PAGE).await.body;
    assert!(page.contains(&format!("name=\"fact\" value=\"{wrong}\"")), "{page}");
    let page = world.portal.get(&mut world.owner, PAGE).await.body;
    assert!(!page.contains("set-aside"), "an owner mends nothing");

    let path = format!("{PAGE}/set-aside");
    let browser = &mut world.managers_browser;
    let refused = world
        .portal
        .post(browser, &path, &[("fact", &wrong), ("why", "")])
        .await;
    assert_eq!(refused.status, http::StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("id=\"set-aside-why-error\""));
    let fields = [("fact", wrong.as_str()), ("why", "It came from <another> app.")];
    let done = world.portal.post(browser, &path, &fields).await;
    assert_eq!(done.status, http::StatusCode::SEE_OTHER, "{}", done.body);

    let standing = world.standing(APP).await;
    assert_eq!((standing.state, standing.error), (State::Notified, None), "at once");
    let page = read(&world.portal.get(&mut world.owner, PAGE).await.body);
    assert!(page.contains("A fact was set aside on"), "{page}");
    assert!(
        page.contains("A breach ended. Because: It came from &lt;another&gt; app."),
        "{page}"
    );
    let exported = world.portal.service.exported_facts(None).await.unwrap().unwrap();
    assert!(exported.iter().all(|fact| fact.id.as_str() != wrong));
    let filter = audit::Filter {
        action: "escalation.fact_set_aside".to_owned(),
        ..audit::Filter::default()
    };
    let rows = audit::list(world.db(), Scope::system(), &filter, 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    let waiting = escalation::waiting(world.db(), world.portal.clock.now()).await;
    assert_eq!(waiting.unwrap(), [], "nothing is left to do");
}

async fn only_the_fact_at_which_the_engine_stops_is_set_aside(database: TestDatabase) {
    let world = World::new(database).await;
    let fine = world.file(APP, breach("b1")).await;
    assert!(matches!(world.set_aside(&fine).await, Err(Error::Conflict(_))));
    let wrong = world.file(APP, closed("never")).await;
    let other = world.file(OTHER, closed("never")).await;
    for fact in [fine.as_str(), other.as_str(), "nothing"] {
        let refused = world.set_aside(fact).await;
        assert!(matches!(refused, Err(Error::Conflict(_))), "{fact}: {refused:?}");
    }
    let owner = world.portal.actor("owner@kestrel-labs.test").await;
    let service = &world.portal.service;
    let refused = service.set_fact_aside(&owner, APP, &wrong, "Ours.").await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    world.set_aside(&wrong).await.unwrap();
    let again = world.set_aside(&wrong).await;
    assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
    assert!(
        world.standing(OTHER).await.error.is_some(),
        "the other app stays stopped"
    );
}

async fn nobody_sets_aside_what_they_filed(database: TestDatabase) {
    let world = World::new(database).await;
    let wrong = world.file(APP, closed("never")).await;
    let manager = match world.db() {
        Db::Sqlite(_) => format!("x'{}'", world.manager.user.0.simple()),
        Db::Postgres(_) => format!("'{}'", world.manager.user.0),
    };
    world
        .tamper(&format!("update fact set filed_by = {manager} where id = '{wrong}'"))
        .await;
    let refused = world.set_aside(&wrong).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    assert!(world.standing(APP).await.error.is_some());
}

async fn a_line_that_cannot_be_read_stops_its_app_alone(database: TestDatabase) {
    let mut world = World::new(database).await;
    let torn = world.file_unseen(APP, breach("b1")).await;
    world
        .tamper(&format!("update fact set line = '{{\"id\":' where id = '{torn}'"))
        .await;
    // Its owner's page shows it at once, before the engine has looked.
    let page = read(&world.portal.get(&mut world.owner, PAGE).await.body);
    assert!(page.contains("The platform looks into it"), "{page}");
    world.file(APP, breach("b2")).await;
    world.file(OTHER, breach("b3")).await;
    let error = world.standing(APP).await.error.unwrap();
    assert!(
        error.contains(&format!("the fact {torn}, number 3, cannot be read")),
        "{error}"
    );
    assert_eq!(world.standing(OTHER).await.state, State::Notified);
    let board = read(&world.portal.get(&mut world.managers_browser, "/escalation").await.body);
    assert!(board.contains("cannot be read"), "{board}");
    for key in [None, Some(APP)] {
        let refused = world.portal.service.exported_facts(key).await.unwrap_err();
        let refused = format!("{:#}", anyhow::Error::from(refused));
        assert!(refused.contains(&format!("the fact {torn}, number 3")), "{refused}");
    }
    let other = world.portal.service.exported_facts(Some(OTHER)).await.unwrap().unwrap();
    assert_eq!(other.len(), 2);
    let download = world.portal.get(&mut world.owner, &format!("{PAGE}/facts.jsonl")).await;
    assert!(!download.status.is_success());

    world.set_aside(&torn).await.unwrap();
    let standing = world.standing(APP).await;
    assert_eq!((standing.state, standing.error.is_some()), (State::Notified, false));
    let page = read(&world.portal.get(&mut world.owner, PAGE).await.body);
    assert!(page.contains("It could not be read."), "{page}");
    assert!(world.portal.service.exported_facts(None).await.is_ok());
}

async fn another_server_goes_on_where_this_one_stops(database: TestDatabase) {
    let world = World::new(database).await;
    let wrong = world.file(APP, closed("never")).await;
    world.file(APP, breach("b1")).await;
    // What the use case commits, without what it does afterwards.
    let now = world.portal.clock.now();
    let mut tx = world.db().begin().await.unwrap();
    let fact = wrong.as_str().into();
    facts::set_aside(&mut tx, &fact, world.manager.user, "It is wrong.", now)
        .await
        .unwrap();
    escalation::wake_stopped(&mut tx, now).await.unwrap();
    tx.commit().await.unwrap();
    let one = &world.portal.service;
    let (config, prober) = (one.config.clone(), one.prober.clone());
    let store = world.portal.database.again().await;
    let other = Service::new(store, world.portal.clock.clone(), config, prober.clone(), prober);
    other.escalate().await.unwrap();
    let standing = world.standing(APP).await;
    assert_eq!((standing.state, standing.error), (State::Notified, None));
}

async fn what_differs_from_the_decisions_is_said(database: TestDatabase) {
    let mut world = World::new(database).await;
    let fact = world.file(APP, breach("b1")).await;
    assert_eq!(world.standing(APP).await.state, State::Notified);
    // Whoever can write to the database can change history, and it shows.
    let line = format!(
        "update fact set line = replace(line, '\"type\":\"breach\"', '\"type\":\"frozen\"') where id = '{fact}'"
    );
    world.tamper(&line).await;
    world.file(APP, FactKind::AppealOpened).await;
    let error = world.standing(APP).await.error.unwrap();
    assert!(
        error.contains("decision 2 was: good_standing to notified at 2026-11-23T09:"),
        "{error}"
    );
    assert!(error.contains(&format!("because of {fact}")), "{error}");
    assert!(error.ends_with("the facts lead to: no decision there"), "{error}");
    let page = world.portal.get(&mut world.managers_browser, PAGE).await.body;
    assert!(read(&page).contains("decision 2 was"), "{page}");
    assert!(!page.contains("/escalation/set-aside"), "there is no mending for that");
    let owners = read(&world.portal.get(&mut world.owner, PAGE).await.body);
    assert!(!owners.contains("decision 2 was"), "{owners}");
}

async fn a_fact_that_decisions_follow_from_is_not_set_aside(database: TestDatabase) {
    let world = World::new(database).await;
    let decisive = world.file(APP, breach("b1")).await;
    assert_eq!(world.standing(APP).await.state, State::Notified);
    world
        .tamper(&format!("update fact set line = 'torn' where id = '{decisive}'"))
        .await;
    world.file(APP, breach("b2")).await;
    let Err(Error::Conflict(why)) = world.set_aside(&decisive).await else {
        panic!("without it the facts would not lead to what was decided")
    };
    assert!(why.contains("Decisions follow from this fact"), "{why}");
    let aside = facts::set_aside_of(world.db(), Scope::system(), world.app(APP).await).await;
    assert_eq!(aside.unwrap(), []);
}
