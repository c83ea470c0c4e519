//! The escalation engine at work: facts are filed, decisions are kept, mailed and audited once (SPEC section 6).

use chrono::TimeDelta;
use rampart_domain::{
    access::Actor,
    escalation::{Fact, FactKind, Rule, State, Text},
    id::AppId,
};
use rampart_server::{
    service::{Error, Service, escalation::Verdict, facts as filing},
    store::{
        Db, Scope, apps, audit,
        escalation::{self, BoardFilter, Recorded},
        facts,
    },
};

use crate::support::{
    database::{TestDatabase, on_both_engines, sql},
    portal::{Browser, Portal},
};

on_both_engines!(
    a_history_leads_from_notification_to_demotion_and_back,
    a_decision_is_kept_mailed_and_audited_once_by_two_servers,
    a_due_time_is_decided_on_at_its_second_however_late_it_is_noticed,
    what_was_decided_is_not_undone_by_a_fact_that_comes_later,
    facts_that_contradict_stop_their_app_alone,
    nobody_decides_on_what_they_filed_and_only_program_managers_decide,
    an_appeal_or_a_freeze_holds_a_demotion,
    everything_is_frozen_and_thawed,
);

const APP: &str = "com.example.app";

struct World {
    portal: Portal,
    partner: String,
    owners_browser: Browser,
    owner: Actor,
    manager: Actor,
}

impl World {
    async fn new(database: TestDatabase) -> Self {
        let portal = Portal::on(database, &[]).await;
        let mut admin = portal.staff("Ada", &["administrator"]).await;
        portal.staff("Pia", &["program_manager"]).await;
        let (partner, mut owners_browser) = portal.partner(&mut admin, "Kestrel Labs").await;
        portal.register(&mut owners_browser, &partner, APP).await;
        let owner = portal.actor("owner@kestrel-labs.test").await;
        let manager = portal.actor("pia@platform.test").await;
        Self {
            portal,
            partner,
            owners_browser,
            owner,
            manager,
        }
    }

    fn db(&self) -> &Db {
        &self.portal.service.store.portal
    }

    async fn escalate(&self) {
        self.portal.service.escalate().await.unwrap();
    }

    async fn app(&self, key: &str) -> AppId {
        apps::by_key(self.db(), Scope::system(), key).await.unwrap().unwrap().id
    }

    /// What happens `days` after the last thing that did.
    async fn after(&self, days: f64, kind: FactKind) -> Fact {
        self.portal.clock.advance(TimeDelta::seconds((days * 86_400.0) as i64));
        let fact = self.file(APP, kind, TimeDelta::zero()).await;
        self.escalate().await;
        fact
    }

    /// Files a fact by a clock that lags.
    async fn file(&self, key: &str, kind: FactKind, lag: TimeDelta) -> Fact {
        let app = self.app(key).await;
        let mut tx = self.db().begin().await.unwrap();
        let at = self.portal.clock.now() - lag;
        let fact = filing::file(&mut tx, at, Some((app, key)), kind).await.unwrap();
        tx.commit().await.unwrap();
        fact
    }

    async fn decides(&self, actor: &Actor, verdict: Verdict) -> Result<(), Error> {
        let service = &self.portal.service;
        service
            .decide_escalation(actor, APP, verdict, "It was looked at.")
            .await
    }

    async fn decisions(&self) -> Vec<Recorded> {
        let app = self.app(APP).await;
        escalation::decisions(self.db(), Scope::system(), app).await.unwrap()
    }

    async fn rules(&self) -> Vec<Rule> {
        self.decisions()
            .await
            .iter()
            .map(|recorded| recorded.decision.rule)
            .collect()
    }

    async fn standing(&self, key: &str) -> escalation::Standing {
        let app = self.app(key).await;
        escalation::standing(self.db(), Scope::system(), app)
            .await
            .unwrap()
            .unwrap()
    }

    async fn state(&self) -> State {
        self.standing(APP).await.state
    }

    async fn notices(&self) -> Vec<String> {
        let mails = self.portal.mails().await;
        let notices = mails.iter().filter(|mail| mail.kind == "decision");
        notices
            .map(|mail| format!("{} to {}", mail.subject, mail.recipients.0.join(",")))
            .collect()
    }

    /// Into the state in which a demotion is proposed.
    async fn until_a_demotion_is_proposed(&self) {
        self.decides(&self.manager, Verdict::Designate).await.unwrap();
        self.after(1.0, missed("m1")).await;
        self.portal.clock.advance(TimeDelta::days(70));
        self.escalate().await;
        assert_eq!(self.state().await, State::DemotionProposed);
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

fn missed(id: &str) -> FactKind {
    FactKind::SloMissed {
        miss: id.into(),
        series: "availability".into(),
    }
}

fn is_conflict(result: Result<(), Error>) -> bool {
    matches!(result, Err(Error::Conflict(_)))
}

fn is_forbidden(result: Result<(), Error>) -> bool {
    matches!(result, Err(Error::Forbidden(_)))
}

async fn a_history_leads_from_notification_to_demotion_and_back(database: TestDatabase) {
    let world = World::new(database).await;
    world.decides(&world.manager, Verdict::Designate).await.unwrap();
    assert_eq!(world.state().await, State::GoodStanding);
    let mut breaches: Vec<Text> = Vec::new();
    for id in ["b1", "b2", "b3"] {
        breaches.push(world.after(2.0, breach(id)).await.id);
        world.after(0.1, closed(id)).await;
    }
    let decisions = world.decisions().await;
    assert_eq!(
        world.rules().await,
        [Rule::Designated, Rule::Notify, Rule::RepeatedBreaches]
    );
    assert_eq!(decisions[2].decision.because, breaches);
    assert_eq!(decisions[2].inputs.len(), 64);
    let notices = world.notices().await;
    assert_eq!(
        notices.last().unwrap(),
        "Timesheets: in remediation to owner@kestrel-labs.test"
    );

    world.portal.clock.advance(TimeDelta::days(61));
    world.escalate().await;
    assert_eq!(world.state().await, State::DemotionProposed);
    let notices = world.notices().await;
    let to_manager = "Timesheets: proposed for demotion to pia@platform.test".to_owned();
    assert!(notices.contains(&to_manager), "{notices:?}");
    let declined = Verdict::DeclineDemotion { extend_days: 5 };
    world.decides(&world.manager, declined).await.unwrap();
    assert_eq!(world.state().await, State::Remediation);
    // What is decided right after something else was comes a second later.
    world.portal.clock.advance(TimeDelta::days(5) + TimeDelta::seconds(2));
    world.escalate().await;
    world.decides(&world.manager, Verdict::ConfirmDemotion).await.unwrap();
    assert_eq!(world.state().await, State::Demoted);
    assert!(is_conflict(world.decides(&world.manager, Verdict::Reinstate).await));
    world.portal.clock.advance(TimeDelta::days(91));
    world.decides(&world.manager, Verdict::Reinstate).await.unwrap();
    assert_eq!(world.state().await, State::GoodStanding);
    world.decides(&world.manager, Verdict::Withdraw).await.unwrap();
    assert_eq!(world.state().await, State::None);
}

async fn a_decision_is_kept_mailed_and_audited_once_by_two_servers(database: TestDatabase) {
    let world = World::new(database).await;
    let one = &world.portal.service;
    let (config, prober) = (one.config.clone(), one.prober.clone());
    let store = world.portal.database.again().await;
    let other = Service::new(store, world.portal.clock.clone(), config, prober.clone(), prober);
    world.decides(&world.manager, Verdict::Designate).await.unwrap();
    for id in ["b1", "b2", "b3"] {
        world.file(APP, breach(id), TimeDelta::zero()).await;
        let (here, there) = tokio::join!(one.escalate(), other.escalate());
        here.unwrap();
        there.unwrap();
    }
    assert_eq!(
        world.rules().await,
        [Rule::Designated, Rule::Notify, Rule::RepeatedBreaches]
    );
    assert_eq!(world.notices().await.len(), 3);
    let filter = audit::Filter {
        action: "escalation.decided".to_owned(),
        ..audit::Filter::default()
    };
    let rows = audit::list(world.db(), Scope::system(), &filter, 100).await.unwrap();
    assert_eq!(rows.len(), 3);
    // Nothing is waiting: another look changes nothing.
    world.escalate().await;
    assert_eq!(world.notices().await.len(), 3);
}

async fn a_due_time_is_decided_on_at_its_second_however_late_it_is_noticed(database: TestDatabase) {
    let world = World::new(database).await;
    world.decides(&world.manager, Verdict::Designate).await.unwrap();
    let fact = world.after(1.0, missed("m1")).await;
    let due = world.portal.service.escalate().await.unwrap();
    assert_eq!(due, Some(fact.at + TimeDelta::days(7)));
    world.portal.clock.advance(TimeDelta::days(9));
    world.escalate().await;
    let decisions = world.decisions().await;
    assert_eq!(decisions.last().unwrap().decision.at, fact.at + TimeDelta::days(7));
}

async fn what_was_decided_is_not_undone_by_a_fact_that_comes_later(database: TestDatabase) {
    let world = World::new(database).await;
    world.decides(&world.manager, Verdict::Designate).await.unwrap();
    world.after(1.0, missed("m1")).await;
    world.portal.clock.advance(TimeDelta::days(7));
    world.escalate().await;
    assert_eq!(world.state().await, State::Remediation);
    let met = FactKind::SloMet { miss: "m1".into() };
    let filed = world.file(APP, met, TimeDelta::hours(1)).await;
    let decided = world.decisions().await.last().unwrap().decision.at;
    assert!(filed.at > decided, "it became known after the decision");
    world.portal.clock.advance(TimeDelta::minutes(1));
    world.escalate().await;
    assert_eq!(world.rules().await, [Rule::Designated, Rule::Notify, Rule::SloMissed]);
    assert_eq!(world.standing(APP).await.error, None);
}

async fn facts_that_contradict_stop_their_app_alone(database: TestDatabase) {
    let mut world = World::new(database).await;
    let other = "com.example.other";
    world
        .portal
        .register(&mut world.owners_browser, &world.partner, other)
        .await;
    world.decides(&world.manager, Verdict::Designate).await.unwrap();
    world.file(APP, closed("never"), TimeDelta::zero()).await;
    world.file(other, FactKind::Designated, TimeDelta::zero()).await;
    world.escalate().await;
    let stopped = world.standing(APP).await;
    assert_eq!(stopped.state, State::GoodStanding, "it stays where it was");
    assert!(stopped.error.unwrap().contains("\"never\" is no breach of this app"));
    let other = world.standing(other).await;
    assert_eq!((other.state, other.error), (State::GoodStanding, None));
    assert!(is_conflict(world.decides(&world.manager, Verdict::Withdraw).await));
    let board = escalation::board(world.db(), Scope::system(), BoardFilter::default(), 0, 10).await;
    assert_eq!(board.unwrap()[0].app_key, APP, "what has stopped stands first");
}

async fn nobody_decides_on_what_they_filed_and_only_program_managers_decide(database: TestDatabase) {
    let world = World::new(database).await;
    for verdict in [Verdict::Designate, Verdict::Freeze] {
        assert!(is_forbidden(world.decides(&world.owner, verdict).await));
    }
    world.until_a_demotion_is_proposed().await;
    assert!(is_forbidden(
        world.decides(&world.owner, Verdict::ConfirmDemotion).await
    ));
    // The miss becomes a fact that the program manager filed.
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
    let update = format!("update fact set filed_by = {manager} where kind = 'slo_missed'");
    assert_eq!(sql(world.db(), &update).await.unwrap(), 1);
    assert!(is_forbidden(
        world.decides(&world.manager, Verdict::ConfirmDemotion).await
    ));
    assert_eq!(world.state().await, State::DemotionProposed);
}

async fn an_appeal_or_a_freeze_holds_a_demotion(database: TestDatabase) {
    let world = World::new(database).await;
    world.until_a_demotion_is_proposed().await;
    let service = &world.portal.service;
    let without = service
        .decide_escalation(&world.manager, APP, Verdict::ConfirmDemotion, " ")
        .await;
    assert!(matches!(without, Err(Error::Invalid(_))), "{without:?}");
    for (actor, begin, end) in [
        (&world.owner, Verdict::OpenAppeal, Verdict::CloseAppeal),
        (&world.manager, Verdict::Freeze, Verdict::Thaw),
    ] {
        world.decides(actor, begin).await.unwrap();
        assert!(is_conflict(
            world.decides(&world.manager, Verdict::ConfirmDemotion).await
        ));
        assert!(is_conflict(world.decides(actor, begin).await));
        world.decides(&world.manager, end).await.unwrap();
    }
    world.decides(&world.manager, Verdict::ConfirmDemotion).await.unwrap();
    assert!(is_conflict(
        world.decides(&world.manager, Verdict::ConfirmDemotion).await
    ));
}

async fn everything_is_frozen_and_thawed(database: TestDatabase) {
    let world = World::new(database).await;
    world.until_a_demotion_is_proposed().await;
    let service = &world.portal.service;
    assert!(is_forbidden(service.freeze_all(&world.owner, true, "no").await));
    service
        .freeze_all(&world.manager, true, "The platform is down.")
        .await
        .unwrap();
    assert!(is_conflict(service.freeze_all(&world.manager, true, "again").await));
    world.escalate().await;
    assert!(world.standing(APP).await.paused);
    assert!(is_conflict(
        world.decides(&world.manager, Verdict::ConfirmDemotion).await
    ));
    service.freeze_all(&world.manager, false, "It is back.").await.unwrap();
    world.decides(&world.manager, Verdict::ConfirmDemotion).await.unwrap();
    let all = facts::all(world.db()).await.unwrap();
    let of_all_apps = all
        .iter()
        .filter(|fact| fact.app.is_none())
        .map(|fact| fact.kind.name());
    assert_eq!(of_all_apps.collect::<Vec<_>>(), ["frozen", "thawed"]);
}
