//! The pages and forms of the escalation engine, and the receipts that anybody can compute again.

use std::process::Command;

use chrono::TimeDelta;
use http::StatusCode;
use rampart_domain::{escalation::FactKind, id::AppId};
use rampart_server::{
    service::facts as filing,
    store::{Scope, apps},
};
use sha2::{Digest, Sha256};

use crate::support::{
    html::{main, text},
    portal::{Answer, Browser, PASSWORD, Portal},
};

const KEY: &str = "com.kestrel.app";
const PAGE: &str = "/apps/com.kestrel.app/escalation";

struct World {
    portal: Portal,
    owner: Browser,
    manager: Browser,
    reviewer: Browser,
    app: AppId,
}

impl World {
    async fn new() -> Self {
        let portal = Portal::new().await;
        let mut admin = portal.staff("Ada", &["administrator"]).await;
        let manager = portal.staff("Pia", &["program_manager"]).await;
        let reviewer = portal.staff("Rea", &["reviewer"]).await;
        let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
        portal.register(&mut owner, &partner, KEY).await;
        let app = apps::by_key(&portal.service.store.portal, Scope::system(), KEY).await;
        let app = app.unwrap().unwrap().id;
        Self {
            portal,
            owner,
            manager,
            reviewer,
            app,
        }
    }

    /// What becomes known `days` after the last thing that did.
    async fn after(&mut self, days: i64, kind: FactKind) {
        self.portal.clock.advance(TimeDelta::days(days));
        let mut tx = self.portal.service.store.portal.begin().await.unwrap();
        let now = self.portal.clock.now();
        filing::file(&mut tx, now, Some((self.app, KEY)), kind).await.unwrap();
        tx.commit().await.unwrap();
        self.wait(0).await;
    }

    /// Lets days pass, after which everybody has to sign in again.
    async fn wait(&mut self, days: i64) {
        self.portal.clock.advance(TimeDelta::days(days));
        self.portal.service.escalate().await.unwrap();
        let people = [
            (&mut self.owner, "owner@kestrel-labs.test"),
            (&mut self.manager, "pia@platform.test"),
            (&mut self.reviewer, "rea@platform.test"),
        ];
        for (browser, mail) in people {
            let fields = [("mail", mail), ("password", PASSWORD), ("next", "")];
            let answer = self.portal.post(browser, "/sign-in", &fields).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        }
    }

    async fn missed(&mut self) {
        let miss = FactKind::SloMissed {
            miss: "m1".into(),
            series: "webhook_delivery/jira".into(),
        };
        self.after(1, miss).await;
    }

    async fn manager_decides(&mut self, act: &str, fields: &[(&str, &str)]) -> Answer {
        let path = format!("{PAGE}/decide/{act}");
        self.portal.post(&mut self.manager, &path, fields).await
    }

    async fn designate(&mut self) {
        let answer = self.manager_decides("designate", &[("why", "It qualifies.")]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    }

    async fn managers(&mut self, path: &str) -> String {
        read(&self.portal, &mut self.manager, path).await
    }

    async fn owners(&mut self, path: &str) -> String {
        read(&self.portal, &mut self.owner, path).await
    }
}

async fn read(portal: &Portal, browser: &mut Browser, path: &str) -> String {
    let answer = portal.get(browser, path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    text(&main(&answer.body)).replace(['\u{a0}', '\u{202f}'], " ")
}

#[tokio::test]
async fn a_designation_is_given_with_a_reason_and_shown_with_its_decision() {
    let mut world = World::new().await;
    let before = world.owners(PAGE).await;
    assert!(
        before.contains("A program manager of the platform gives it the designation."),
        "{before}"
    );
    assert!(!before.contains("What you can decide"));
    let refused = world.manager_decides("designate", &[("why", " ")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("id=\"decide-designate-why-error\""));
    world.designate().await;
    let page = world.owners(PAGE).await;
    assert!(page.contains("In good standing since 23 Nov 2026, 09:00 UTC"), "{page}");
    assert!(page.contains("Without the designation → in good standing"), "{page}");
    assert!(page.contains("rule designated, policy version 1"), "{page}");
    assert!(
        page.contains("3 breaches in 28 days"),
        "the numbers of the policy: {page}"
    );
    let again = world.manager_decides("designate", &[("why", "Once more.")]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.body.contains("This app carries the designation already."));
    let unknown = world.manager_decides("promote", &[("why", "x")]).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_appeal_is_opened_by_an_owner_once_there_is_something_to_appeal() {
    let mut world = World::new().await;
    world.designate().await;
    assert!(world.owners(PAGE).await.contains("There is nothing to appeal"));
    let path = format!("{PAGE}/decide/appeal");
    let fields = [("why", "The platform was down.")];
    let refused = world.portal.post(&mut world.owner, &path, &fields).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("There is nothing to appeal"));

    world.missed().await;
    world.wait(70).await;
    let asked = world.managers(&format!("/apps/{KEY}")).await;
    assert!(asked.contains("Decide on the proposed demotion"), "{asked}");
    let asked = world.owners(&format!("/apps/{KEY}")).await;
    assert!(asked.contains("Answer the proposed demotion"), "{asked}");
    let refused = world.portal.post(&mut world.owner, &path, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("Choose at least one breach or missed target."));
    assert!(refused.body.contains("The platform was down."), "nothing typed is lost");
    let fields = [("why", "The platform was down."), ("about", "m1")];
    let opened = world.portal.post(&mut world.owner, &path, &fields).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.body);
    let page = world.managers(PAGE).await;
    assert!(page.contains("Paused: an appeal is open"), "{page}");
    assert!(
        page.contains("Confirm the demotion : not now. An appeal is open."),
        "{page}"
    );
    let held = world.manager_decides("confirm-demotion", &[("why", "x")]).await;
    assert_eq!(held.status, StatusCode::CONFLICT);
    assert!(held.body.contains("An appeal is open. Decide on it first"));
    let refused = world
        .manager_decides("close-appeal", &[("why", "It was the app.")])
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused
            .body
            .contains("Choose whether the appeal is granted or refused.")
    );
    // A page that was open before another appeal came decides on nothing else.
    let late = [
        ("why", "It was the app."),
        ("verdict", "granted"),
        ("decides_on", "anotherone1"),
    ];
    let late = world.manager_decides("close-appeal", &late).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.body.contains("This is about something else than what you saw"));
    let archived = world
        .portal
        .post(&mut world.owner, "/apps/com.kestrel.app/archive", &[])
        .await;
    assert_eq!(archived.status, StatusCode::CONFLICT, "nobody hides from a decision");
    let mails = world.portal.mails().await;
    let told = mails.iter().find(|mail| mail.kind == "appeal_opened").unwrap();
    assert_eq!(told.recipients.0, ["pia@platform.test"]);
    let closed = world
        .manager_decides("close-appeal", &[("why", "It was the app."), ("verdict", "refused")])
        .await;
    assert_eq!(closed.status, StatusCode::SEE_OTHER, "{}", closed.body);
    world.portal.clock.advance(TimeDelta::seconds(2));
    let stale = [("why", "As the rules say."), ("decides_on", "1")];
    let stale = world.manager_decides("confirm-demotion", &stale).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "an earlier proposal");
    let page = world.portal.get(&mut world.manager, PAGE).await.body;
    let shown = page.split("name=\"decides_on\" value=\"").nth(1).unwrap();
    let shown = shown.split('"').next().unwrap().to_owned();
    let demoted = world
        .manager_decides(
            "confirm-demotion",
            &[("why", "As the rules say."), ("decides_on", &shown)],
        )
        .await;
    assert_eq!(demoted.status, StatusCode::SEE_OTHER, "{}", demoted.body);
    let page = world.owners(PAGE).await;
    assert!(page.contains("It may be taken back from"), "{page}");
    assert!(world.owners("/apps").await.contains("Demoted"));
}

#[tokio::test]
async fn a_remediation_says_what_is_asked_by_when_and_from_what() {
    let mut world = World::new().await;
    world.designate().await;
    world.missed().await;
    let page = world.owners(PAGE).await;
    assert!(
        page.contains("A target has been missed for 0 of 7 days; remediation from 1 December 2026, 09:00:00 UTC on."),
        "{page}"
    );
    world.wait(8).await;
    let page = world.owners(PAGE).await;
    assert!(
        page.contains("complete its actions before the deadline. The deadline is 30 Jan 2027, 09:00 UTC"),
        "{page}"
    );
    let body = world.portal.get(&mut world.owner, PAGE).await.body;
    assert!(body.contains("href=\"/apps/com.kestrel.app/breaches#missed-targets\""));
    let asked = world.owners(&format!("/apps/{KEY}")).await;
    assert!(asked.contains("Complete the remediation By 30 January 2027"), "{asked}");
    let declined = world
        .manager_decides("decline-demotion", &[("why", "x"), ("extend_days", "5")])
        .await;
    assert_eq!(declined.status, StatusCode::CONFLICT, "no demotion is proposed");
    world.wait(60).await;
    let wrong = world
        .manager_decides("decline-demotion", &[("why", "They <moved>."), ("extend_days", "soon")])
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("Enter 1 to 365 days.") && wrong.body.contains("They &lt;moved>."));
    assert!(wrong.body.contains("value=\"soon\""), "nothing typed is lost");
}

#[tokio::test]
async fn a_receipt_is_computed_again_from_its_downloads() {
    let mut world = World::new().await;
    world.designate().await;
    world.missed().await;
    world.wait(8).await;
    world.wait(70).await;
    let page = world.portal.get(&mut world.owner, PAGE).await.body;
    let receipts: Vec<&str> = page
        .split("href=\"/apps/com.kestrel.app/escalation/")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(receipts.len(), 4, "{receipts:?}");
    for (receipt, rule) in receipts.iter().zip(["deadline", "slo_missed", "notify", "designated"]) {
        let path = format!("{PAGE}/{receipt}");
        let body = world.portal.get(&mut world.owner, &path).await.body;
        let shown = text(&main(&body));
        assert!(shown.contains(&format!("Rule {rule} Policy version 1")), "{shown}");
        let download = async |world: &mut World, file: &str| {
            let from = body.find(&format!("href=\"{PAGE}/{file}")).unwrap() + 6;
            let href = body[from..].split('"').next().unwrap().replace("&amp;", "&");
            let answer = world.portal.get(&mut world.owner, &href).await;
            let disposition = format!("attachment; filename=\"{file}\"");
            assert_eq!(answer.header("content-disposition"), disposition);
            answer.body
        };
        let policy = download(&mut world, "policy.json").await;
        let facts = download(&mut world, "facts.jsonl").await;
        let hash = Sha256::digest(format!("{policy}{facts}"));
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(shown.contains(&hash), "{shown}");

        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("policy.json"), policy).unwrap();
        std::fs::write(folder.path().join("facts.jsonl"), facts).unwrap();
        let command = shown.split("rampart replay ").nth(1).unwrap();
        let arguments = command.split_whitespace().take(7);
        let output = Command::new(env!("CARGO_BIN_EXE_rampart"))
            .arg("replay")
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let last = String::from_utf8(output.stdout).unwrap();
        let last: serde_json::Value = serde_json::from_str(last.lines().last().unwrap()).unwrap();
        assert_eq!(last["rule"], rule);
        assert!(shown.contains(last["explanation"].as_str().unwrap()), "{shown}");
        for fact in last["because"].as_array().unwrap() {
            assert!(shown.contains(fact.as_str().unwrap()), "{shown}");
        }
    }
    let malformed = world
        .portal
        .get(&mut world.owner, &format!("{PAGE}/facts.jsonl?until=now"))
        .await;
    assert_eq!(malformed.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_engine_that_has_stopped_is_first_on_the_board_and_explained_to_staff_alone() {
    let mut world = World::new().await;
    world.designate().await;
    world.after(1, FactKind::BreachClosed { breach: "b7".into() }).await;
    let page = world.owners(PAGE).await;
    assert!(
        page.contains("The platform looks into it") && !page.contains("b7"),
        "{page}"
    );
    assert!(page.contains("Without the designation → in good standing"), "{page}");
    for path in [PAGE, "/escalation"] {
        let page = read(&world.portal, &mut world.reviewer, path).await;
        assert!(page.contains("is no breach of this app that came before"), "{page}");
    }
}

#[tokio::test]
async fn the_board_finds_apps_and_freezes_them_all() {
    let mut world = World::new().await;
    let empty = world.managers("/escalation").await;
    assert!(empty.contains("No app is in the programme yet"), "{empty}");
    world.designate().await;
    let board = world.managers("/escalation").await;
    assert!(
        board.contains("All 1") && board.contains("In good standing 1"),
        "{board}"
    );
    assert!(world.managers("/escalation?q=KESTREL").await.contains(KEY));
    assert!(
        world
            .managers("/escalation?state=demoted")
            .await
            .contains("No app matches")
    );

    let forbidden = world
        .portal
        .post(&mut world.reviewer, "/escalation/freeze", &[("why", "x")])
        .await;
    assert_eq!(forbidden.status, StatusCode::FORBIDDEN);
    let refused = world
        .portal
        .post(&mut world.manager, "/escalation/freeze", &[("why", "")])
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("id=\"freeze-all-why-error\""));
    let frozen = world
        .portal
        .post(&mut world.manager, "/escalation/freeze", &[("why", "An outage.")])
        .await;
    assert_eq!(frozen.status, StatusCode::SEE_OTHER, "{}", frozen.body);
    // The job is woken for it; here the test is the job.
    world.portal.service.escalate().await.unwrap();
    let board = world.managers("/escalation").await;
    assert!(
        board.contains("Every app is frozen.") && board.contains("paused"),
        "{board}"
    );
    assert!(world.owners(PAGE).await.contains("Paused: every app is frozen"));
    world.portal.clock.advance(TimeDelta::seconds(2));
    let thawed = world
        .portal
        .post(&mut world.manager, "/escalation/thaw", &[("why", "Over.")])
        .await;
    assert_eq!(thawed.status, StatusCode::SEE_OTHER, "{}", thawed.body);
    assert!(!world.managers("/escalation").await.contains("Every app is frozen."));
}
