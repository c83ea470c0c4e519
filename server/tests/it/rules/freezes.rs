//! While the portal cannot tell how apps are doing, nothing is enforced (SPEC section 6).

use chrono::{DateTime, TimeDelta, Utc};
use rampart_domain::{access::Actor, escalation::Fact, id::SeriesId};
use rampart_server::{
    service::{Error, Service, escalation::Verdict},
    store::{
        Scope, apps, audit, escalation, facts,
        freezes::{self, Cause},
    },
};

use super::{
    ingest_gap,
    own_outage::{self, Canary, minute, unseen_minute},
};
use crate::support::{
    database::{TestDatabase, on_both_engines},
    html::{main, text},
    portal::{Browser, Portal, bad_probe, good_probe},
};

on_both_engines!(
    an_outage_of_the_portal_freezes_every_app_until_a_day_after_it,
    a_freeze_that_is_kept_is_thawed_by_a_person_alone,
    a_freeze_that_a_person_lifts_stays_lifted_for_that_gap,
    a_freeze_that_a_person_made_is_theirs,
    an_outage_that_goes_on_or_begins_again_moves_the_end,
    an_outage_that_is_long_over_freezes_nothing,
    an_ingest_gap_freezes_every_app,
    the_board_says_why_and_offers_to_keep_it,
);

const APP: &str = "com.example.app";

struct World {
    portal: Portal,
    series: [SeriesId; 2],
    manager: Actor,
    managers_browser: Browser,
}

impl World {
    /// Two apps, one of them designated, and a program manager; the canaries are about to fail.
    async fn new(database: TestDatabase) -> Self {
        let mut canary = Canary::sing().await;
        let (portal, _, series) = own_outage::portal(database, &[&canary]).await;
        let managers_browser = portal.staff("Pia", &["program_manager"]).await;
        let manager = portal.actor("pia@platform.test").await;
        let service = &portal.service;
        service
            .decide_escalation(&manager, APP, Verdict::Designate, "It qualifies.")
            .await
            .unwrap();
        for _ in 0..3 {
            minute(&portal, &series, &good_probe()).await;
        }
        canary.dies().await;
        Self {
            portal,
            series,
            manager,
            managers_browser,
        }
    }

    /// The portal is cut off for so many minutes more.
    async fn cut_off(&self, minutes: usize) {
        for _ in 0..minutes {
            minute(&self.portal, &self.series, &bad_probe()).await;
        }
        self.portal.service.escalate().await.unwrap();
    }

    /// Lets time pass in which nothing is noticed, and has the jobs look.
    async fn pass(&self, time: TimeDelta) {
        self.portal.clock.advance(time);
        self.portal.evaluate().await;
        self.portal.service.escalate().await.unwrap();
    }

    async fn cause(&self) -> Option<Cause> {
        let freeze = freezes::shown(&self.portal.service.store.portal).await.unwrap();
        freeze.map(|freeze| freeze.cause)
    }

    /// When the last of the gaps ended that froze every app.
    async fn ended(&self) -> DateTime<Utc> {
        match self.cause().await {
            Some(Cause::Gaps { ended, .. }) => ended,
            other => panic!("{other:?}"),
        }
    }

    /// What froze and thawed every app.
    async fn facts(&self) -> Vec<Fact> {
        let mut facts = facts::all(&self.portal.service.store.portal).await.unwrap();
        facts.retain(|fact| fact.app.is_none());
        facts
    }

    async fn kinds(&self) -> Vec<&'static str> {
        self.facts().await.iter().map(|fact| fact.kind.name()).collect()
    }

    async fn is_paused(&self) -> bool {
        let db = &self.portal.service.store.portal;
        let app = apps::by_key(db, Scope::system(), APP).await.unwrap().unwrap();
        let standing = escalation::standing(db, Scope::system(), app.id).await.unwrap();
        standing.unwrap().paused
    }

    async fn audited(&self, action: &str) -> usize {
        let filter = audit::Filter {
            action: action.to_owned(),
            ..audit::Filter::default()
        };
        let rows = audit::list(&self.portal.service.store.portal, Scope::system(), &filter, 100).await;
        rows.unwrap().len()
    }

    async fn freezes(&self, frozen: bool) -> Result<(), Error> {
        let service = &self.portal.service;
        service.freeze_all(&self.manager, frozen, "It was looked at.").await
    }

    /// Another server on the same database, which knows nothing but what is stored.
    async fn another_server(&self) -> Service {
        let one = &self.portal.service;
        let store = self.portal.database.again().await;
        let prober = one.prober.clone();
        Service::new(
            store,
            self.portal.clock.clone(),
            one.config.clone(),
            prober.clone(),
            prober,
        )
    }
}

fn is_conflict(result: Result<(), Error>) -> bool {
    matches!(result, Err(Error::Conflict(_)))
}

async fn an_outage_of_the_portal_freezes_every_app_until_a_day_after_it(database: TestDatabase) {
    let world = World::new(database).await;
    assert_eq!(world.cause().await, None);
    world.cut_off(4).await;
    assert_eq!(world.kinds().await, ["frozen"], "once, however often it is noticed");
    assert!(world.is_paused().await);
    assert_eq!(world.audited("escalation.all_frozen").await, 1);
    let thaws = world.ended().await + TimeDelta::hours(24);
    let clock = &world.portal.clock;
    assert_eq!(world.portal.service.escalate().await.unwrap(), Some(thaws));
    world.pass(thaws - clock.now() - TimeDelta::seconds(1)).await;
    assert!(world.is_paused().await);

    // What is not evaluated yet may be part of it.
    clock.advance(TimeDelta::minutes(7));
    world.portal.service.escalate().await.unwrap();
    assert_eq!(world.kinds().await, ["frozen"]);
    world.portal.evaluate().await;
    let (one, other) = (&world.portal.service, world.another_server().await);
    let (here, there) = tokio::join!(one.escalate(), other.escalate());
    here.unwrap();
    there.unwrap();
    assert_eq!(world.kinds().await, ["frozen", "thawed"], "by one of two servers");
    assert_eq!(world.facts().await[1].at, thaws, "at its second, however late");
    assert_eq!(world.audited("escalation.all_thawed").await, 1);
    assert_eq!(world.cause().await, None);
    assert!(!world.is_paused().await);
    world.pass(TimeDelta::hours(1)).await;
    assert_eq!(world.kinds().await.len(), 2);
}

async fn a_freeze_that_is_kept_is_thawed_by_a_person_alone(database: TestDatabase) {
    let world = World::new(database).await;
    let service = &world.portal.service;
    assert!(is_conflict(service.keep_freeze(&world.manager, "x").await));
    world.cut_off(4).await;
    let owner = world.portal.actor("owner@kestrel-labs.test").await;
    let refused = service.keep_freeze(&owner, "We like it.").await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    let refused = service.keep_freeze(&world.manager, " ").await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    service.keep_freeze(&world.manager, "We look into it.").await.unwrap();
    assert_eq!(world.audited("escalation.freeze_kept").await, 1);
    assert!(is_conflict(service.keep_freeze(&world.manager, "Again.").await));
    world.pass(TimeDelta::hours(30)).await;
    assert_eq!(world.kinds().await, ["frozen"]);
    world.freezes(false).await.unwrap();
    assert_eq!(world.kinds().await, ["frozen", "thawed"]);
}

async fn a_freeze_that_a_person_lifts_stays_lifted_for_that_gap(database: TestDatabase) {
    let world = World::new(database).await;
    world.cut_off(4).await;
    assert!(is_conflict(world.freezes(true).await), "it is frozen already");
    world.freezes(false).await.unwrap();
    world.cut_off(3).await;
    assert_eq!(world.kinds().await, ["frozen", "thawed"], "the same gap");
    world.pass(TimeDelta::hours(2)).await;
    world.cut_off(4).await;
    assert_eq!(world.kinds().await, ["frozen", "thawed", "frozen"], "a new one");
}

async fn a_freeze_that_a_person_made_is_theirs(database: TestDatabase) {
    let world = World::new(database).await;
    world.freezes(true).await.unwrap();
    world.cut_off(4).await;
    assert!(matches!(world.cause().await, Some(Cause::Person { .. })));
    let service = &world.portal.service;
    assert!(is_conflict(service.keep_freeze(&world.manager, "x").await));
    world.pass(TimeDelta::hours(30)).await;
    assert_eq!(
        world.kinds().await,
        ["frozen"],
        "the portal neither freezes again nor thaws it"
    );
}

async fn an_outage_that_goes_on_or_begins_again_moves_the_end(database: TestDatabase) {
    let world = World::new(database).await;
    world.cut_off(4).await;
    let first = world.ended().await;
    world.cut_off(3).await;
    let longer = world.ended().await;
    assert_eq!(longer - first, TimeDelta::minutes(3));
    world.pass(TimeDelta::hours(20)).await;
    world.cut_off(4).await;
    assert!(world.ended().await > longer + TimeDelta::hours(20));
    world.pass(TimeDelta::hours(5)).await;
    assert_eq!(
        world.kinds().await,
        ["frozen"],
        "a day after the first, not after the second"
    );
    world.pass(TimeDelta::hours(20)).await;
    assert_eq!(world.kinds().await, ["frozen", "thawed"]);
}

async fn an_outage_that_is_long_over_freezes_nothing(database: TestDatabase) {
    let world = World::new(database).await;
    for _ in 0..4 {
        unseen_minute(&world.portal, &world.series, &bad_probe()).await;
    }
    world.pass(TimeDelta::hours(25)).await;
    let gaps = world.audited("ledger.data_gap").await;
    assert_eq!((gaps, world.kinds().await.len()), (1, 0));
}

async fn an_ingest_gap_freezes_every_app(database: TestDatabase) {
    let (portal, app) = ingest_gap::portal(database, 600).await;
    ingest_gap::live(&portal, app, 20, 10).await;
    ingest_gap::live(&portal, app, 24, 0).await;
    let freeze = freezes::shown(&portal.service.store.portal).await.unwrap().unwrap();
    let Cause::Gaps { why, .. } = freeze.cause else {
        panic!("{freeze:?}")
    };
    assert!(why.contains("hardly any iframe loads of Jira arrived"), "{why}");
    let all = facts::all(&portal.service.store.portal).await.unwrap();
    let frozen = all.iter().filter(|fact| fact.kind.name() == "frozen");
    assert_eq!(frozen.count(), 1);
}

async fn the_board_says_why_and_offers_to_keep_it(database: TestDatabase) {
    let mut world = World::new(database).await;
    world.cut_off(4).await;
    let (portal, browser) = (&world.portal, &mut world.managers_browser);
    let board = portal.get(browser, "/escalation").await.body;
    let board = text(&main(&board)).replace('\u{a0}', " ");
    assert!(
        board.contains("Frozen since 23 Nov 2026, 09:04 UTC because the portal itself was cut off"),
        "{board}"
    );
    assert!(board.contains("It thaws on 24 Nov 2026, 09:"), "{board}");
    let page = portal.get(browser, &format!("/apps/{APP}/escalation")).await.body;
    let page = text(&main(&page)).replace('\u{a0}', " ");
    assert!(
        page.contains("The freeze of every app ends on 24 Nov 2026, 09:"),
        "{page}"
    );
    let refused = portal.post(browser, "/escalation/keep-freeze", &[("why", "")]).await;
    assert_eq!(refused.status, http::StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("id=\"keep-freeze-why-error\""));
    let kept = [("why", "We look into it")];
    let kept = portal.post(browser, "/escalation/keep-freeze", &kept).await;
    assert_eq!(kept.status, http::StatusCode::SEE_OTHER, "{}", kept.body);
    let board = portal.get(browser, "/escalation").await.body;
    assert!(!board.contains("/escalation/keep-freeze"));
    let board = text(&main(&board));
    assert!(
        board.contains("by Pia: We look into it. Only a person thaws it."),
        "{board}"
    );
}
