//! Remediation: plans follow the decisions, actions are signed off by others than who proposed and did them, and the
//! completion is filed once (SPEC sections 4 and 6).

use chrono::TimeDelta;
use rampart_domain::{
    access::Actor,
    action::{ActionState, Step},
    escalation::{Fact, FactKind, Rule, State},
    id::AppId,
};
use rampart_server::{
    service::{
        Error, Service,
        actions::{ActionForm, Parent},
        escalation::Verdict,
        facts as filing,
    },
    store::{
        Db, Scope, accounts, actions, apps, audit,
        escalation::{self, Standing},
        facts,
        plans::{self, Plan},
    },
};

use crate::support::{
    database::{TestDatabase, on_both_engines},
    portal::Portal,
};

on_both_engines!(
    a_plan_is_opened_and_closed_by_the_decisions,
    the_ledger_opens_the_latest_plan_again,
    the_ledger_opens_no_plan_of_a_remediation_that_is_over,
    the_last_verified_action_completes_the_remediation_once,
    what_is_declined_or_waived_is_not_asked_for,
    a_declined_demotion_files_the_completion_again_once,
    an_action_that_was_proposed_since_is_asked_for_too,
    a_crash_leaves_the_completion_with_the_decision_or_neither,
    who_proposed_or_did_an_action_does_not_decide_on_it,
    an_action_is_told_to_whom_it_concerns,
    an_action_is_reminded_of_once_by_two_servers,
    a_closed_plan_takes_nothing,
    a_contact_is_assigned_and_told,
);

const APP: &str = "com.example.app";

struct World {
    portal: Portal,
    partner: String,
    owner: Actor,
    manager: Actor,
    incidents: Actor,
}

impl World {
    async fn new(database: TestDatabase) -> Self {
        let portal = Portal::on(database, &[]).await;
        let mut admin = portal.staff("Ada", &["administrator"]).await;
        portal.staff("Pia", &["program_manager"]).await;
        portal.staff("Ian", &["incident_manager"]).await;
        let (partner, mut owners_browser) = portal.partner(&mut admin, "Kestrel Labs").await;
        portal.register(&mut owners_browser, &partner, APP).await;
        portal.member(&mut owners_browser, &partner, "Mia").await;
        let world = Self {
            owner: portal.actor("owner@kestrel-labs.test").await,
            manager: portal.actor("pia@platform.test").await,
            incidents: portal.actor("ian@platform.test").await,
            partner,
            portal,
        };
        world.decides(Verdict::Designate).await;
        world
    }

    /// With an app in remediation, because of a miss that lasts.
    async fn in_remediation(database: TestDatabase) -> Self {
        let world = Self::new(database).await;
        world.after(1.0, missed("m1")).await;
        world.wait(8.0).await;
        assert_eq!(world.state().await, State::Remediation);
        world
    }

    fn service(&self) -> &Service {
        &self.portal.service
    }

    fn db(&self) -> &Db {
        &self.service().store.portal
    }

    async fn other_server(&self) -> Service {
        let one = self.service();
        let (config, prober) = (one.config.clone(), one.prober.clone());
        let store = self.portal.database.again().await;
        Service::new(store, self.portal.clock.clone(), config, prober.clone(), prober)
    }

    async fn decides(&self, verdict: Verdict) {
        let service = self.service();
        service
            .decide_escalation(&self.manager, APP, verdict, "It was looked at.")
            .await
            .unwrap();
    }

    async fn wait(&self, days: f64) {
        self.portal.clock.advance(TimeDelta::seconds((days * 86_400.0) as i64));
        self.service().escalate().await.unwrap();
    }

    async fn app(&self) -> AppId {
        apps::by_key(self.db(), Scope::system(), APP).await.unwrap().unwrap().id
    }

    async fn file(&self, kind: FactKind) -> Fact {
        let mut tx = self.db().begin().await.unwrap();
        let (at, app) = (self.portal.clock.now(), self.app().await);
        let fact = filing::file(&mut tx, at, Some((app, APP)), kind).await.unwrap();
        tx.commit().await.unwrap();
        fact
    }

    async fn after(&self, days: f64, kind: FactKind) -> Fact {
        self.portal.clock.advance(TimeDelta::seconds((days * 86_400.0) as i64));
        let fact = self.file(kind).await;
        self.service().escalate().await.unwrap();
        fact
    }

    async fn standing(&self) -> Standing {
        let app = self.app().await;
        escalation::standing(self.db(), Scope::system(), app)
            .await
            .unwrap()
            .unwrap()
    }

    async fn state(&self) -> State {
        self.standing().await.state
    }

    async fn rules(&self) -> Vec<Rule> {
        let decisions = escalation::decisions(self.db(), Scope::system(), self.app().await).await;
        decisions.unwrap().iter().map(|d| d.decision.rule).collect()
    }

    async fn plans(&self) -> Vec<Plan> {
        plans::of_app(self.db(), Scope::system(), self.app().await)
            .await
            .unwrap()
    }

    async fn plan(&self) -> Parent {
        let plan = self.plans().await.remove(0).id.to_string();
        self.service().plan_with_actions(&self.owner, APP, &plan).await.unwrap()
    }

    async fn proposed_by(&self, actor: &Actor, title: &str) -> String {
        let form = ActionForm {
            title,
            owner_name: "Somebody",
            kind: "prevent",
            priority: "four_weeks",
            ..ActionForm::default()
        };
        let id = self.service().propose_action(actor, &self.plan().await, &form).await;
        id.unwrap().to_string()
    }

    async fn item(&self, action: &str) -> actions::Item {
        let items = actions::of_parent(self.db(), Scope::system(), self.plan().await.of).await;
        let mut items = items.unwrap().into_iter();
        items.find(|item| item.id.to_string() == action).unwrap()
    }

    async fn takes(&self, actor: &Actor, action: &str, step: Step) -> Result<(), Error> {
        let version = self.item(action).await.version;
        let plan = self.plan().await;
        let service = self.service();
        service
            .take_step(actor, &plan, action, version, step, "Because it is so.")
            .await
    }

    /// Takes an action from its proposal to done.
    async fn done(&self, title: &str) -> String {
        let action = self.proposed_by(&self.owner, title).await;
        self.takes(&self.incidents, &action, Step::Accept).await.unwrap();
        self.takes(&self.owner, &action, Step::Complete).await.unwrap();
        action
    }

    async fn verified(&self, title: &str) {
        let action = self.done(title).await;
        self.takes(&self.incidents, &action, Step::Verify).await.unwrap();
    }

    async fn completions(&self) -> Vec<Fact> {
        let facts = facts::of_app(self.db(), Scope::system(), self.app().await)
            .await
            .unwrap();
        let completed = facts.into_iter().filter(|f| f.kind == FactKind::RemediationCompleted);
        completed.collect()
    }

    async fn audited(&self, action: &str) -> usize {
        let filter = audit::Filter {
            action: action.to_owned(),
            ..audit::Filter::default()
        };
        let rows = audit::list(self.db(), Scope::system(), &filter, 100).await;
        rows.unwrap().len()
    }

    /// "subject to recipient", of one kind.
    async fn mails(&self, kind: &str) -> Vec<String> {
        let mails = self.portal.mails().await;
        let mails = mails.iter().filter(|mail| mail.kind == kind);
        mails
            .map(|mail| format!("{} to {}", mail.subject, mail.recipients.0.join(",")))
            .collect()
    }
}

fn missed(id: &str) -> FactKind {
    FactKind::SloMissed {
        miss: id.into(),
        series: "availability".into(),
    }
}

fn met(id: &str) -> FactKind {
    FactKind::SloMet { miss: id.into() }
}

fn is_forbidden(result: Result<(), Error>) -> bool {
    matches!(result, Err(Error::Forbidden(_)))
}

fn is_conflict<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::Conflict(_)))
}

async fn a_plan_is_opened_and_closed_by_the_decisions(database: TestDatabase) {
    let world = World::new(database).await;
    assert!(world.plans().await.is_empty());
    world.after(1.0, missed("m1")).await;
    assert!(world.plans().await.is_empty(), "notified is no remediation");
    world.wait(8.0).await;
    let plan = world.plans().await.remove(0);
    assert_eq!(plan.opened_at, world.standing().await.entered);
    assert_eq!((plan.closed_at, plan.contact), (None, None));
    world.wait(61.0).await;
    assert_eq!(world.state().await, State::DemotionProposed);
    world.decides(Verdict::DeclineDemotion { extend_days: 5 }).await;
    let plans = world.plans().await;
    assert_eq!(plans.len(), 1, "the same plan goes on");
    assert_eq!((plans[0].id, plans[0].closed_at), (plan.id, None));
    world.wait(6.0).await;
    world.decides(Verdict::ConfirmDemotion).await;
    let closed = world.plans().await.remove(0);
    assert!(closed.closed_at.is_some());
    // The next remediation has a plan of its own.
    world.wait(91.0).await;
    world.decides(Verdict::Reinstate).await;
    world.wait(8.0).await;
    assert_eq!(world.state().await, State::Remediation);
    let plans = world.plans().await;
    assert_eq!(plans.len(), 2);
    assert_eq!((plans[0].closed_at, plans[1].id), (None, plan.id));
    assert_eq!(world.audited("remediation.opened").await, 2);
    assert_eq!(world.audited("remediation.closed").await, 1);
}

async fn the_ledger_opens_the_latest_plan_again(database: TestDatabase) {
    let world = World::in_remediation(database).await;
    let plan = world.plans().await.remove(0).id;
    world.after(1.0, FactKind::Excused { reference: "m1".into() }).await;
    assert_eq!(world.state().await, State::GoodStanding);
    assert!(world.plans().await[0].closed_at.is_some());
    world.after(1.0, FactKind::Unexcused { reference: "m1".into() }).await;
    assert_eq!(world.rules().await.last(), Some(&Rule::Ledger));
    assert_eq!(world.state().await, State::Remediation);
    let plans = world.plans().await;
    assert_eq!(plans.len(), 1);
    assert_eq!((plans[0].id, plans[0].closed_at), (plan, None));
    assert_eq!(world.audited("remediation.reopened").await, 1);
}

async fn the_ledger_opens_no_plan_of_a_remediation_that_is_over(database: TestDatabase) {
    let world = World::in_remediation(database).await;
    world.verified("Add a queue").await;
    world.after(1.0, met("m1")).await;
    assert_eq!(world.state().await, State::GoodStanding);
    let over = world.plans().await.remove(0).id;
    // A year later a miss is excused, and after a while no longer.
    world.after(300.0, missed("m2")).await;
    world.after(1.0, FactKind::Excused { reference: "m2".into() }).await;
    assert_eq!(world.state().await, State::GoodStanding);
    world.after(30.0, FactKind::Unexcused { reference: "m2".into() }).await;
    assert_eq!(world.rules().await.last(), Some(&Rule::Ledger));
    assert_eq!(world.state().await, State::Remediation);
    let plans = world.plans().await;
    assert_eq!(plans.len(), 2);
    assert!(plans[0].id != over && plans[0].closed_at.is_none());
    assert_eq!(world.completions().await.len(), 1, "nothing is done for this one yet");
}

async fn the_last_verified_action_completes_the_remediation_once(database: TestDatabase) {
    let world = World::in_remediation(database).await;
    let other = world.done("Alert sooner").await;
    world.verified("Add a queue").await;
    assert_eq!(world.completions().await, [], "one is not verified yet");
    let plan = world.plan().await;
    let version = world.item(&other).await.version;
    let there = world.other_server().await;
    let verify = async |service: &Service| {
        service
            .take_step(&world.incidents, &plan, &other, version, Step::Verify, "")
            .await
    };
    let (one, two) = tokio::join!(verify(world.service()), verify(&there));
    assert_eq!(
        [one.is_ok(), two.is_ok()].iter().filter(|ok| **ok).count(),
        1,
        "{one:?} {two:?}"
    );
    let completions = world.completions().await;
    assert_eq!(completions.len(), 1);
    assert!(completions[0].at >= world.standing().await.entered);
    assert_eq!(world.audited("remediation.completed").await, 1);
    // Another action that is verified changes nothing.
    world.verified("And a dashboard").await;
    assert_eq!(world.completions().await.len(), 1);
    world.after(1.0, met("m1")).await;
    assert_eq!(world.rules().await.last(), Some(&Rule::Recovered));
    assert!(world.plans().await[0].closed_at.is_some());
}

async fn what_is_declined_or_waived_is_not_asked_for(database: TestDatabase) {
    let world = World::in_remediation(database).await;
    let declined = world.proposed_by(&world.owner, "Rewrite it").await;
    let waived = world.proposed_by(&world.owner, "Move it").await;
    world.takes(&world.incidents, &declined, Step::Decline).await.unwrap();
    world.takes(&world.incidents, &waived, Step::Accept).await.unwrap();
    world.verified("Add a queue").await;
    assert_eq!(world.completions().await, []);
    world.takes(&world.manager, &waived, Step::Waive).await.unwrap();
    assert_eq!(world.completions().await.len(), 1, "nothing is left to do");
}

async fn a_declined_demotion_files_the_completion_again_once(database: TestDatabase) {
    let world = World::in_remediation(database).await;
    world.verified("Add a queue").await;
    world.wait(61.0).await;
    assert_eq!(
        world.state().await,
        State::DemotionProposed,
        "the miss goes on, so it has not recovered"
    );
    assert_eq!(world.completions().await.len(), 1);
    let app = world.app().await;
    // Two servers work off what was decided.
    world.file(FactKind::DemotionDeclined { extend_days: 30 }).await;
    let there = world.other_server().await;
    let (one, two) = tokio::join!(world.service().escalate(), there.escalate());
    one.unwrap();
    two.unwrap();
    let completions = world.completions().await;
    assert_eq!(completions.len(), 2);
    assert!(completions[1].at >= world.standing().await.entered);
    assert_eq!(world.state().await, State::Remediation);
    world.wait(1.0).await;
    assert_eq!(world.completions().await.len(), 2);
    assert_eq!(world.audited("remediation.completed").await, 2);
    world.after(1.0, met("m1")).await;
    assert_eq!(world.rules().await.last(), Some(&Rule::Recovered));
    let waiting = escalation::waiting(world.db(), world.portal.clock.now()).await.unwrap();
    assert!(!waiting.contains(&app), "nothing is left to decide");
    assert_eq!(world.standing().await.error, None);
}

async fn an_action_that_was_proposed_since_is_asked_for_too(database: TestDatabase) {
    let world = World::in_remediation(database).await;
    world.verified("Add a queue").await;
    world.wait(61.0).await;
    let action = world.done("One more").await;
    world.decides(Verdict::DeclineDemotion { extend_days: 30 }).await;
    assert_eq!(world.completions().await.len(), 1, "not every action is verified");
    world.takes(&world.incidents, &action, Step::Verify).await.unwrap();
    assert_eq!(world.completions().await.len(), 2);
}

/// Whatever fails on the way to the commit takes the decision with it; the next try makes both.
async fn a_crash_leaves_the_completion_with_the_decision_or_neither(database: TestDatabase) {
    let world = World::in_remediation(database).await;
    world.verified("Add a queue").await;
    world.wait(61.0).await;
    world.file(FactKind::DemotionDeclined { extend_days: 30 }).await;
    // The audit rows come last, after the completion was filed: there is nowhere to put them for a moment.
    let (away, back) = (
        "alter table audit rename to audit_away",
        "alter table audit_away rename to audit",
    );
    crate::support::database::sql(world.db(), away).await.unwrap();
    world.service().escalate().await.unwrap_err();
    assert_eq!(world.completions().await.len(), 1);
    crate::support::database::sql(world.db(), back).await.unwrap();
    assert_eq!(world.state().await, State::DemotionProposed);
    world.service().escalate().await.unwrap();
    assert_eq!(world.state().await, State::Remediation);
    assert_eq!(world.completions().await.len(), 2);
}

async fn who_proposed_or_did_an_action_does_not_decide_on_it(database: TestDatabase) {
    let mut world = World::in_remediation(database).await;
    for (actor, step) in [
        (&world.owner, Step::Accept),
        (&world.manager, Step::Accept),
        (&world.manager, Step::Verify),
        (&world.incidents, Step::Waive),
        (&world.incidents, Step::Complete),
    ] {
        let action = world.proposed_by(&world.owner, "Add a queue").await;
        assert!(is_forbidden(world.takes(actor, &action, step).await), "{step}");
    }
    let own = world.proposed_by(&world.incidents, "Their idea").await;
    assert!(is_forbidden(world.takes(&world.incidents, &own, Step::Accept).await));
    assert!(is_forbidden(world.takes(&world.incidents, &own, Step::Decline).await));
    let managers = world.proposed_by(&world.manager, "Another idea").await;
    assert!(is_forbidden(world.takes(&world.manager, &managers, Step::Waive).await));
    // A program manager sets aside what others proposed, and staff do not change it.
    let theirs = world.proposed_by(&world.owner, "Add a queue").await;
    let form = ActionForm {
        title: "Changed",
        owner_name: "Somebody",
        kind: "prevent",
        priority: "eight_weeks",
        ..ActionForm::default()
    };
    let plan = world.plan().await;
    let edit = async |actor: &Actor| world.service().edit_action(actor, &plan, &theirs, 1, &form).await;
    assert!(is_forbidden(edit(&world.incidents).await));
    edit(&world.owner).await.unwrap();
    assert!(matches!(edit(&world.owner).await, Err(Error::Stale(_))));
    world.takes(&world.manager, &theirs, Step::Waive).await.unwrap();
    assert_eq!(world.item(&theirs).await.state, ActionState::Waived);
    // Somebody who is both did it as one of the partner.
    let (ian, partner) = (world.incidents.user, world.partner.parse().unwrap());
    let mut tx = world.db().begin().await.unwrap();
    let membership = rampart_domain::access::Membership {
        partner,
        role: rampart_domain::access::PartnerRole::Member,
    };
    accounts::set_membership(&mut tx, ian, membership).await.unwrap();
    tx.commit().await.unwrap();
    world.incidents = world.portal.actor("ian@platform.test").await;
    let action = world.proposed_by(&world.owner, "Add a queue").await;
    world.takes(&world.incidents, &action, Step::Accept).await.unwrap();
    world.takes(&world.incidents, &action, Step::Complete).await.unwrap();
    assert!(is_forbidden(world.takes(&world.incidents, &action, Step::Verify).await));
}

async fn an_action_is_told_to_whom_it_concerns(database: TestDatabase) {
    let world = World::in_remediation(database).await;
    let mia = world.portal.actor("mia@member.test").await;
    let plan = world.plan().await;
    let form = ActionForm {
        title: "Add a queue",
        owner: &mia.user.to_string(),
        kind: "prevent",
        priority: "chosen",
        due: "2026-12-24",
        tracker: "https://tracker.example.com/1",
        ..ActionForm::default()
    };
    let action = world
        .service()
        .propose_action(&mia, &plan, &form)
        .await
        .unwrap()
        .to_string();
    let proposed = "Timesheets: action proposed: Add a queue to";
    let mut told = world.mails("action").await;
    told.sort();
    assert_eq!(
        told,
        [
            format!("{proposed} ian@platform.test"),
            format!("{proposed} pia@platform.test")
        ],
        "who accepts it, and without a contact whoever assigns one"
    );
    let service = world.portal.service.clone();
    let id = world.plans().await[0].id.to_string();
    let contact = world.incidents.user.to_string();
    service
        .assign_contact(&world.manager, APP, &id, &contact)
        .await
        .unwrap();
    world.takes(&world.incidents, &action, Step::Accept).await.unwrap();
    world.takes(&mia, &action, Step::Complete).await.unwrap();
    world.takes(&world.incidents, &action, Step::SendBack).await.unwrap();
    let mut told = world.mails("action").await;
    told.sort();
    let line = |word: &str, to: &str| format!("Timesheets: action {word}: Add a queue to {to}");
    assert_eq!(
        told,
        [
            line("accepted", "mia@member.test"),
            line("accepted", "owner@kestrel-labs.test"),
            line("done", "ian@platform.test"),
            line("proposed", "ian@platform.test"),
            line("proposed", "pia@platform.test"),
            line("sent back", "mia@member.test"),
            line("sent back", "owner@kestrel-labs.test"),
        ]
    );
    let mails = world.portal.mails().await;
    let sent_back = mails.iter().find(|mail| mail.subject.contains("sent back")).unwrap();
    assert!(
        sent_back.body_text.contains("Reason: Because it is so."),
        "{}",
        sent_back.body_text
    );
    assert!(
        sent_back.body_text.contains("Due: 24 December 2026"),
        "{}",
        sent_back.body_text
    );
    assert!(
        sent_back
            .body_text
            .contains(&format!("/remediation/{id}#action-{action}")),
        "{}",
        sent_back.body_text
    );
}

async fn an_action_is_reminded_of_once_by_two_servers(database: TestDatabase) {
    let world = World::in_remediation(database).await;
    let action = world.proposed_by(&world.owner, "Add a queue").await;
    world.takes(&world.incidents, &action, Step::Accept).await.unwrap();
    let there = world.other_server().await;
    let mut sent = Vec::new();
    for day in 0..45 {
        let (one, two) = tokio::join!(world.service().remind_of_actions(), there.remind_of_actions());
        match one.unwrap() + two.unwrap() {
            0 => {}
            1 => sent.push(day),
            more => panic!("{more} mails on day {day}"),
        }
        world.portal.clock.advance(TimeDelta::days(1));
    }
    assert_eq!(sent, [21, 27, 35, 42], "28 days after the acceptance it is due");
    let mails = world.mails("action_reminder").await;
    let subjects: Vec<_> = mails
        .iter()
        .map(|mail| mail.split(':').nth(1).unwrap().trim())
        .collect();
    assert_eq!(
        subjects,
        [
            "action due soon",
            "action due tomorrow",
            "action overdue",
            "action overdue"
        ]
    );
    world.takes(&world.owner, &action, Step::Complete).await.unwrap();
    world.portal.clock.advance(TimeDelta::days(8));
    assert_eq!(world.service().remind_of_actions().await.unwrap(), 0, "it is done");
}

async fn a_closed_plan_takes_nothing(database: TestDatabase) {
    let world = World::in_remediation(database).await;
    let action = world.proposed_by(&world.owner, "Add a queue").await;
    world.takes(&world.incidents, &action, Step::Accept).await.unwrap();
    world.after(1.0, FactKind::Excused { reference: "m1".into() }).await;
    let plan = world.plan().await;
    assert!(is_conflict(world.takes(&world.owner, &action, Step::Complete).await));
    let form = ActionForm {
        title: "x",
        owner_name: "Somebody",
        kind: "prevent",
        priority: "four_weeks",
        ..ActionForm::default()
    };
    assert!(is_conflict(
        world.service().propose_action(&world.owner, &plan, &form).await
    ));
    let id = world.plans().await[0].id.to_string();
    let contact = world.incidents.user.to_string();
    let service = world.service();
    assert!(is_conflict(
        service.assign_contact(&world.manager, APP, &id, &contact).await
    ));
    world.portal.clock.advance(TimeDelta::days(40));
    assert_eq!(world.service().remind_of_actions().await.unwrap(), 0);
    // What was said stays open to answers.
    service
        .comment_on_plan(&world.owner, APP, &id, "Thank you.")
        .await
        .unwrap();
    assert_eq!(world.audited("comment.added").await, 1);
}

async fn a_contact_is_assigned_and_told(database: TestDatabase) {
    let world = World::in_remediation(database).await;
    let id = world.plans().await[0].id.to_string();
    let service = world.service();
    let assign = async |actor: &Actor, contact: &str| service.assign_contact(actor, APP, &id, contact).await;
    let ian = world.incidents.user.to_string();
    assert!(is_forbidden(assign(&world.incidents, &ian).await));
    let owner = world.owner.user.to_string();
    let ada = world.portal.actor("ada@platform.test").await.user.to_string();
    for nobody in [owner.as_str(), ada.as_str(), "", "x"] {
        assert!(matches!(assign(&world.manager, nobody).await, Err(Error::Invalid(_))));
    }
    assign(&world.manager, &ian).await.unwrap();
    assert!(is_conflict(assign(&world.manager, &ian).await));
    let contact = world.plans().await.remove(0).contact.unwrap();
    assert_eq!(contact.mail, "ian@platform.test");
    let mut told = world.mails("remediation_contact").await;
    told.sort();
    let subject = "Timesheets: contact for the remediation to";
    assert_eq!(
        told,
        [
            format!("{subject} ian@platform.test"),
            format!("{subject} owner@kestrel-labs.test")
        ]
    );
    assert_eq!(world.audited("remediation.contact_assigned").await, 1);
}
