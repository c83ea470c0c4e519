//! The escalation policy: its page, its editor, the replay under a draft, and publishing.

use chrono::TimeDelta;
use http::StatusCode;
use rampart_app::model::EscalationNumber;
use rampart_domain::{
    escalation::{EscalationPolicy, FactKind, State},
    id::AppId,
};
use rampart_server::{
    service::facts as filing,
    store::{Scope, apps, audit, escalation, facts},
};

use crate::support::{
    html::{main, text},
    portal::{Answer, Browser, PASSWORD, Portal},
};

const KEY: &str = "com.kestrel.app";
const RULES: &str = "/policies/escalation";
const EDIT: &str = "/policies/escalation/edit";
const ASK: &str = "/policies/escalation/what-if";

struct World {
    portal: Portal,
    manager: Browser,
    owner: Browser,
    app: AppId,
}

impl World {
    async fn new() -> Self {
        let portal = Portal::new().await;
        let mut admin = portal.staff("Ada", &["administrator"]).await;
        let manager = portal.staff("Pia", &["program_manager"]).await;
        let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
        portal.register(&mut owner, &partner, KEY).await;
        let app = apps::by_key(&portal.service.store.portal, Scope::system(), KEY).await;
        let app = app.unwrap().unwrap().id;
        Self {
            portal,
            manager,
            owner,
            app,
        }
    }

    async fn file(&self, kind: FactKind) {
        let mut tx = self.portal.service.store.portal.begin().await.unwrap();
        let now = self.portal.clock.now();
        filing::file(&mut tx, now, Some((self.app, KEY)), kind).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A notified app with two breaches, the second of which ended a moment ago.
    async fn notified(&mut self) {
        self.file(FactKind::Designated).await;
        for breach in ["b1", "b2"] {
            self.portal.clock.advance(TimeDelta::days(1));
            let series = "webhook_delivery/jira".into();
            let breach_id = breach.into();
            self.file(FactKind::Breach {
                breach: breach_id,
                series,
            })
            .await;
            self.file(FactKind::BreachClosed { breach: breach.into() }).await;
        }
        self.pass(0).await;
        assert_eq!(self.state().await, State::Notified);
    }

    /// Lets days pass, after which the manager has to sign in again.
    async fn pass(&mut self, days: i64) {
        self.portal.clock.advance(TimeDelta::days(days));
        self.portal.service.escalate().await.unwrap();
        let fields = [("mail", "pia@platform.test"), ("password", PASSWORD), ("next", "")];
        let answer = self.portal.post(&mut self.manager, "/sign-in", &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    }

    async fn state(&self) -> State {
        let db = &self.portal.service.store.portal;
        let standing = escalation::standing(db, Scope::system(), self.app).await.unwrap();
        standing.unwrap().state
    }

    async fn read(&mut self, path: &str) -> String {
        let answer = self.portal.get(&mut self.manager, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        text(&main(&answer.body)).replace(['\u{a0}', '\u{202f}'], " ")
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.portal.post(&mut self.manager, path, fields).await
    }

    /// Asks for a replay of the version after `base` with these numbers. Says where it is.
    async fn ask(&mut self, base: u64, changed: &[(&str, &str)]) -> String {
        let answer = self.post(ASK, &fields(base, changed)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        answer.header("location").to_owned()
    }

    async fn replayed(&mut self, base: u64, changed: &[(&str, &str)]) -> String {
        let at = self.ask(base, changed).await;
        assert!(self.portal.service.run_what_if().await.unwrap());
        at
    }

    async fn publish(&mut self, at: &str) -> Answer {
        self.post(&format!("{at}/publish"), &[("reason", "Agreed with the partners.")])
            .await
    }
}

/// The fields of the form with the standard's numbers but for some.
fn fields<'a>(base: u64, changed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let standard = EscalationPolicy::standard();
    let mut fields: Vec<(&str, &str)> = vec![("version", base.to_string().leak())];
    for number in EscalationNumber::ALL {
        let value: &str = standard.number(number.name).unwrap().to_string().leak();
        fields.push((number.name, value));
    }
    for (name, value) in changed {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    fields
}

#[tokio::test]
async fn everybody_reads_the_rules_and_only_program_managers_change_them() {
    let mut world = World::new().await;
    let answer = world.portal.get(&mut world.owner, RULES).await;
    let page = text(&main(&answer.body));
    assert!(page.contains("Version 1 holds since the beginning"), "{page}");
    assert!(
        page.contains("In remediation : 3 breaches counted within 28 days, or a target was missed for 7 days."),
        "{page}"
    );
    assert!(!page.contains("Change the rules"), "{page}");
    for path in [EDIT, "/policies/escalation/what-if/AAAAAAAAAAA"] {
        let answer = world.portal.get(&mut world.owner, path).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    let answer = world.portal.post(&mut world.owner, ASK, &fields(1, &[])).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(world.read(RULES).await.contains("Change the rules"));
    let missing = world
        .portal
        .get(&mut world.manager, "/policies/escalation/what-if/AAAAAAAAAAA")
        .await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_draft_is_replayed_before_it_is_published() {
    let mut world = World::new().await;
    world.notified().await;
    let at = world.ask(1, &[("remediation.breaches", "2")]).await;
    let waiting = world.read(&at).await;
    assert!(waiting.contains("Remediation, Breaches: 3 → 2"), "{waiting}");
    assert!(waiting.contains("Waiting for its turn."), "{waiting}");
    assert!(!waiting.contains("Publish"), "{waiting}");
    let early = world.publish(&at).await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    assert!(early.body.contains("The replay has not finished."));

    assert!(world.portal.service.run_what_if().await.unwrap());
    assert!(!world.portal.service.run_what_if().await.unwrap(), "once");
    let found = world.read(&at).await;
    assert!(
        found.contains("Notified 1 0 −1") && found.contains("In remediation 0 1 +1"),
        "{found}"
    );
    assert!(found.contains("Apps that differ 1 app"), "{found}");
    let app = world.read(&format!("{at}/{KEY}")).await;
    assert!(app.contains("Notified → in remediation"), "{app}");
    assert!(app.contains("would be decided"), "{app}");
    assert_eq!(world.state().await, State::Notified, "nothing is published by looking");

    let refused = world.post(&format!("{at}/publish"), &[("reason", "  ")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("Enter why the rules change."));
    let answer = world.publish(&at).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    world.portal.service.escalate().await.unwrap();
    // A tightening gives notice: for the transition both versions have to hold.
    assert_eq!(world.state().await, State::Notified);
    let rules = world.read(RULES).await;
    assert!(rules.contains("Version 2 holds since"), "{rules}");
    assert!(rules.contains("what this version tightens holds only where"), "{rules}");
    assert!(rules.contains("Agreed with the partners."), "{rules}");
    let ladder = world.read(&format!("/apps/{KEY}/escalation")).await;
    assert!(ladder.contains("2 of 2 breaches within 28 days"), "{ladder}");

    let db = &world.portal.service.store.portal;
    let log = audit::list(db, Scope::system(), &audit::Filter::default(), 5)
        .await
        .unwrap();
    let row = log.iter().find(|row| row.action == "policy.published").unwrap();
    assert!(
        row.before.contains("\"breaches\":3") && row.after.contains("\"breaches\":2"),
        "{row:?}"
    );
    let twice = world.publish(&at).await;
    assert_eq!(
        twice.status,
        StatusCode::CONFLICT,
        "it is no longer based on the latest version"
    );
}

#[tokio::test]
async fn a_receipt_names_the_version_that_was_published() {
    let mut world = World::new().await;
    world.notified().await;
    let at = world.replayed(1, &[("recovery.clear_quiet_days", "10")]).await;
    assert_eq!(world.publish(&at).await.status, StatusCode::SEE_OTHER);
    world.pass(11).await;
    assert_eq!(world.state().await, State::GoodStanding);
    let db = &world.portal.service.store.portal;
    let decisions = escalation::decisions(db, Scope::system(), world.app).await.unwrap();
    let versions: Vec<_> = decisions.iter().map(|d| d.decision.policy_version).collect();
    assert_eq!(versions, [1, 1, 2]);
}

#[tokio::test]
async fn a_planned_version_takes_over_at_its_time_by_one_server() {
    let mut world = World::new().await;
    world.notified().await;
    let starts = world.portal.clock.now() + TimeDelta::days(3);
    let starts = starts.format("%Y-%m-%dT%H:%M").to_string();
    let at = world
        .replayed(1, &[("recovery.clear_quiet_days", "10"), ("starts", &starts)])
        .await;
    let draft = world.read(&at).await;
    assert!(draft.contains("It takes over on 28 Nov 2026, 09:00 UTC"), "{draft}");
    assert_eq!(world.publish(&at).await.status, StatusCode::SEE_OTHER);
    let rules = world.read(RULES).await;
    assert!(rules.contains("Version 1 holds since the beginning"), "{rules}");
    assert!(
        rules.contains("Version 2 takes over on 28 Nov 2026, 09:00 UTC"),
        "{rules}"
    );
    let policies = async |world: &World| {
        let facts = facts::of_all_apps(&world.portal.service.store.portal).await.unwrap();
        facts.into_iter().map(|(_, fact)| fact.at).collect::<Vec<_>>()
    };
    assert!(policies(&world).await.is_empty(), "its fact is filed when it starts");
    assert_eq!(
        world
            .portal
            .service
            .escalate()
            .await
            .unwrap()
            .map(|due| due.to_rfc3339()),
        Some("2026-11-28T09:00:00+00:00".to_owned()),
        "the job wakes for it"
    );

    world.portal.clock.advance(TimeDelta::days(3) + TimeDelta::minutes(7));
    let (one, other) = tokio::join!(world.portal.service.escalate(), world.portal.service.escalate());
    one.unwrap();
    other.unwrap();
    let filed = policies(&world).await;
    assert_eq!(filed.len(), 1);
    assert_eq!(filed[0].to_rfc3339(), "2026-11-28T09:00:00+00:00");
    world.pass(0).await;
    assert!(
        world
            .read(RULES)
            .await
            .contains("Version 2 holds since 28 Nov 2026, 09:00 UTC")
    );
}

#[tokio::test]
async fn a_newer_version_replaces_one_that_is_planned() {
    let mut world = World::new().await;
    let at = world
        .replayed(1, &[("transition_days", "10"), ("starts", "2026-12-01T00:00")])
        .await;
    assert_eq!(world.publish(&at).await.status, StatusCode::SEE_OTHER);
    let editor = world.read(EDIT).await;
    assert!(
        editor.contains("Version 2 is published and takes over on 1 Dec 2026, 00:00 UTC"),
        "{editor}"
    );
    let sooner = world.replayed(2, &[("transition_days", "20")]).await;
    let page = world.read(&sooner).await;
    assert!(
        page.contains("Version 2, planned for 1 Dec 2026, 00:00 UTC , will not take over"),
        "{page}"
    );
    assert_eq!(world.publish(&sooner).await.status, StatusCode::SEE_OTHER);
    world.pass(30).await;
    let rules = world.read(RULES).await;
    assert!(
        rules.contains("Version 3 holds") && rules.contains("Version 2 never held"),
        "{rules}"
    );
}

#[tokio::test]
async fn what_cannot_be_used_comes_back_as_it_was_typed() {
    let mut world = World::new().await;
    for (field, value, message) in [
        ("remediation.breaches", "0", "Enter a whole number from 1 to 1000."),
        ("remediation.window_days", "-1", "Enter a whole number from 0 to 3650."),
        ("demotion.deadline_days", "soon", "Enter a whole number from 0 to 3650."),
        ("recovery.clear_quiet_days", "0", "Enter a whole number from 1 to 3650."),
        ("transition_days", "3651", "Enter a whole number from 0 to 3650."),
        ("starts", "2026-11-23T09:00", "This time has passed."),
        ("starts", "2027-12-23T09:01", "Choose a time within a year."),
        ("starts", "tomorrow", "Enter a date and a time in UTC"),
    ] {
        let answer = world
            .post(ASK, &fields(1, &[("demotion.grace_days", "9"), (field, value)]))
            .await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field} {value}");
        assert!(answer.body.contains(message), "{field} {value}: {}", answer.body);
        assert!(
            answer.body.contains(&format!("value=\"{value}\"")),
            "{field}: {}",
            answer.body
        );
    }
    let same = world.post(ASK, &fields(1, &[])).await;
    assert_eq!(same.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(same.body.contains("Nothing differs from version 1."));
    assert!(
        !world.portal.service.run_what_if().await.unwrap(),
        "nothing is replayed"
    );
}

#[tokio::test]
async fn who_based_a_draft_on_an_older_version_learns_of_the_newer_one() {
    let mut world = World::new().await;
    let late = world.replayed(1, &[("demotion.grace_days", "20")]).await;
    let first = world.replayed(1, &[("demotion.grace_days", "9")]).await;
    assert_eq!(world.publish(&first).await.status, StatusCode::SEE_OTHER);
    let page = world.read(&late).await;
    assert!(page.contains("Another version was published meanwhile."), "{page}");
    assert_eq!(world.publish(&late).await.status, StatusCode::CONFLICT);
    let answer = world.post(ASK, &fields(1, &[("demotion.grace_days", "20")])).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let page = text(&main(&answer.body));
    assert!(
        page.contains("Pia published version 2 on 23 Nov 2026 at 09:00 UTC"),
        "{page}"
    );
    assert!(page.contains("Saved meanwhile by somebody else: 9"), "{page}");
    assert!(answer.body.contains("value=\"20\"") && answer.body.contains("name=\"version\" value=\"2\""));
    // The draft is not lost: its numbers are in the editor.
    let id = late.rsplit('/').next().unwrap();
    let editor = world
        .portal
        .get(&mut world.manager, &format!("{EDIT}?draft={id}"))
        .await;
    assert!(editor.body.contains("value=\"20\"") && editor.body.contains("name=\"version\" value=\"2\""));
}

#[tokio::test]
async fn a_replay_is_cancelled_and_begun_again() {
    let mut world = World::new().await;
    let at = world.ask(1, &[("demotion.automatic", "yes")]).await;
    assert!(
        world
            .read(&at)
            .await
            .contains("confirmed by: a program manager → the engine")
    );
    let answer = world.post(&format!("{at}/cancel"), &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(!world.portal.service.run_what_if().await.unwrap());
    let page = world.read(&at).await;
    assert!(page.contains("cancelled before it had finished"), "{page}");
    assert_eq!(
        world.post(&format!("{at}/cancel"), &[]).await.status,
        StatusCode::CONFLICT
    );
    assert_eq!(world.publish(&at).await.status, StatusCode::CONFLICT);
    let again = world.post(&format!("{at}/again"), &[]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    assert!(world.portal.service.run_what_if().await.unwrap());
    let page = world.read(again.header("location")).await;
    assert!(page.contains("No app differs"), "{page}");
}

#[tokio::test]
async fn an_app_whose_facts_contradict_each_other_is_left_out_and_named() {
    let mut world = World::new().await;
    world.notified().await;
    world.file(FactKind::BreachClosed { breach: "b9".into() }).await;
    let at = world.replayed(1, &[("remediation.breaches", "2")]).await;
    let page = world.read(&at).await;
    assert!(
        page.contains("1 app is left out, since their facts contradict each other."),
        "{page}"
    );
    assert!(page.contains("No app differs"), "{page}");
}
