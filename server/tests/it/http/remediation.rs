//! The page of a remediation plan: each role finds what it can do, what is refused stays typed, and nobody else sees it.

use chrono::TimeDelta;
use http::StatusCode;
use rampart_domain::escalation::FactKind;
use rampart_server::{
    service::{escalation::Verdict, facts as filing},
    store::{Scope, actions, apps, facts, plans},
};

use crate::support::{
    html::{main, text},
    portal::{Answer, Browser, PASSWORD, Portal},
};

const KEY: &str = "com.kestrel.app";

struct World {
    portal: Portal,
    owner: Browser,
    member: Browser,
    stranger: Browser,
    manager: Browser,
    incidents: Browser,
    reviewer: Browser,
    /// The page of the plan.
    plan: String,
}

impl World {
    async fn new() -> Self {
        let portal = Portal::new().await;
        let mut admin = portal.staff("Ada", &["administrator"]).await;
        let manager = portal.staff("Pia", &["program_manager"]).await;
        let incidents = portal.staff("Ian", &["incident_manager"]).await;
        let reviewer = portal.staff("Rea", &["reviewer"]).await;
        let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
        let (_, stranger) = portal.partner(&mut admin, "Osprey").await;
        portal.register(&mut owner, &partner, KEY).await;
        let member = portal.member(&mut owner, &partner, "Mia").await;
        let mut world = Self {
            portal,
            owner,
            member,
            stranger,
            manager,
            incidents,
            reviewer,
            plan: String::new(),
        };
        let pia = world.portal.actor("pia@platform.test").await;
        let service = world.portal.service.clone();
        let designated = service.decide_escalation(&pia, KEY, Verdict::Designate, "It qualifies.");
        designated.await.unwrap();
        world.portal.clock.advance(TimeDelta::hours(1));
        let db = &service.store.portal;
        let app = apps::by_key(db, Scope::system(), KEY).await.unwrap().unwrap().id;
        let mut tx = db.begin().await.unwrap();
        for id in ["b1", "b2", "b3"] {
            let kind = FactKind::Breach {
                breach: id.into(),
                series: "availability".into(),
            };
            let now = world.portal.clock.now();
            filing::file(&mut tx, now, Some((app, KEY)), kind).await.unwrap();
        }
        tx.commit().await.unwrap();
        service.escalate().await.unwrap();
        let plan = plans::of_app(db, Scope::system(), app).await.unwrap().remove(0);
        world.plan = format!("/apps/{KEY}/remediation/{}", plan.id);
        world
    }

    /// The id of the action of this title.
    async fn action(&self, title: &str) -> String {
        let plan = self.portal.actor("pia@platform.test").await;
        let id = self.plan.rsplit('/').next().unwrap();
        let service = &self.portal.service;
        let parent = service.plan_with_actions(&plan, KEY, id).await.unwrap();
        let items = actions::of_parent(&service.store.portal, Scope::system(), parent.of).await;
        let mut items = items.unwrap().into_iter();
        items.find(|item| item.terms.title == title).unwrap().id.to_string()
    }

    async fn post(&self, browser: &Browser, below: &str, fields: &[(&str, &str)]) -> Answer {
        let path = format!("{}{below}", self.plan);
        self.portal.post(&mut browser.clone(), &path, fields).await
    }

    async fn read(&self, browser: &Browser, path: &str) -> String {
        let answer = self.portal.get(&mut browser.clone(), path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        text(&main(&answer.body)).replace(['\u{a0}', '\u{202f}'], " ")
    }

    async fn proposed(&self, browser: &Browser, title: &str) -> String {
        let fields = [
            ("title", title),
            ("owner_name", "Robin"),
            ("kind", "prevent"),
            ("priority", "four_weeks"),
        ];
        let answer = self.post(browser, "/actions/new", &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        self.action(title).await
    }

    async fn steps(&self, browser: &Browser, action: &str, step: &str, version: &str, text: &str) -> Answer {
        let fields = [("version", version), ("text", text)];
        self.post(browser, &format!("/actions/{action}/{step}"), &fields).await
    }
}

fn is_done(answer: &Answer) -> bool {
    answer.status == StatusCode::SEE_OTHER
}

#[tokio::test]
async fn a_plan_is_carried_out_from_proposal_to_completion() {
    let world = World::new().await;
    let latest = format!("/apps/{KEY}/remediation");
    let page = world.read(&world.member, &latest).await;
    assert!(
        page.contains("Every action has to be verified by 22 Jan 2027"),
        "{page}"
    );
    assert!(page.contains("No action is agreed on yet."), "{page}");
    assert!(page.contains("Nobody is assigned yet."), "{page}");
    let escalation = world
        .portal
        .get(&mut world.member.clone(), &format!("/apps/{KEY}/escalation"))
        .await;
    assert!(escalation.body.contains(&format!("href=\"{latest}\"")));

    let action = world.proposed(&world.member, "Add a queue").await;
    let page = world.read(&world.incidents, &latest).await;
    assert!(page.contains("Accept it") && page.contains("Decline it"), "{page}");
    assert!(is_done(
        &world.steps(&world.incidents, &action, "accept", "1", "").await
    ));
    let page = world.read(&world.owner, &latest).await;
    assert!(page.contains("due 21 Dec 2026"), "28 days after 23 November: {page}");
    let link = "See [the release](https://example.com/1).";
    assert!(is_done(
        &world.steps(&world.owner, &action, "complete", "2", link).await
    ));
    let page = world.portal.get(&mut world.incidents.clone(), &latest).await.body;
    assert!(
        page.contains("<a href=\"https://example.com/1\" rel=\"nofollow noopener noreferrer\">the release</a>"),
        "{page}"
    );
    assert!(is_done(
        &world
            .steps(&world.incidents, &action, "send_back", "3", "Which queue?")
            .await
    ));
    let page = world.read(&world.owner, &latest).await;
    assert!(
        page.contains("Ian sent it back") && page.contains("Which queue?"),
        "{page}"
    );
    assert!(is_done(
        &world.steps(&world.owner, &action, "complete", "4", "That one.").await
    ));
    assert!(is_done(
        &world.steps(&world.incidents, &action, "verify", "5", "").await
    ));
    let page = world.read(&world.owner, &latest).await;
    assert!(page.contains("1 of 1 action verified."), "{page}");
    assert!(page.contains("Completed 23 Nov 2026"), "{page}");
    let service = &world.portal.service;
    let all = facts::all(&service.store.portal).await.unwrap();
    assert_eq!(
        all.iter().filter(|f| f.kind == FactKind::RemediationCompleted).count(),
        1
    );
}

#[tokio::test]
async fn what_is_refused_stays_typed() {
    let world = World::new().await;
    let fields = [
        ("title", " "),
        ("description", "A <b>bold</b> plan"),
        ("owner", ""),
        ("owner_name", ""),
        ("kind", "x"),
        ("priority", "chosen"),
        ("due", "2020-01-01"),
        ("tracker", "javascript:alert(1)"),
    ];
    let refused = world.post(&world.member, "/actions/new", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for field in ["title", "owner", "kind", "due", "tracker"] {
        let error = format!("id=\"new-action-{field}-error\"");
        assert!(refused.body.contains(&error), "{field}: {}", refused.body);
    }
    assert!(refused.body.contains("A &lt;b>bold&lt;/b> plan"), "{}", refused.body);
    assert!(refused.body.contains("value=\"javascript:alert(1)\""));
    let both = [
        ("title", "x"),
        ("owner", "x"),
        ("owner_name", "Robin"),
        ("kind", "prevent"),
        ("priority", "four_weeks"),
    ];
    let both = world.post(&world.member, "/actions/new", &both).await;
    assert!(both.body.contains("Choose a member or enter a name, not both."));

    let action = world.proposed(&world.member, "Add a queue").await;
    let no_reason = world.steps(&world.incidents, &action, "decline", "1", " ").await;
    assert_eq!(no_reason.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(no_reason.body.contains(&format!("id=\"decline-{action}-text-error\"")));
    let stale = world
        .steps(&world.incidents, &action, "decline", "7", "Too vague")
        .await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.body.contains("Somebody else changed this action meanwhile."));
    assert!(stale.body.contains("Too vague"));
    let early = world.steps(&world.member, &action, "complete", "1", "It is done").await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    let long = "x".repeat(20_001);
    let refused = world.post(&world.member, "/comment", &[("text", &long)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("This has 20001 characters; at most 20000 fit."));
    assert!(refused.body.contains(&long), "and is still there");
    let contact = world.post(&world.manager, "/contact", &[("contact", "")]).await;
    assert_eq!(contact.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn each_role_finds_what_it_can_do() {
    let world = World::new().await;
    let action = world.proposed(&world.member, "Add a queue").await;
    let theirs = world.proposed(&world.incidents, "Their own idea").await;
    let has = |page: &str, step: &str, action: &str| page.contains(&format!("id=\"{step}-{action}\""));
    let page = async |browser: &Browser| world.portal.get(&mut browser.clone(), &world.plan).await.body;
    let member = page(&world.member).await;
    assert!(has(&member, "edit", &action) && !has(&member, "accept", &action) && !has(&member, "waive", &action));
    assert!(!member.contains("id=\"contact\""));
    let incidents = page(&world.incidents).await;
    assert!(has(&incidents, "accept", &action) && has(&incidents, "decline", &action));
    assert!(!has(&incidents, "edit", &action) && has(&incidents, "edit", &theirs));
    assert!(!has(&incidents, "accept", &theirs), "their own they do not accept");
    assert!(incidents.contains("You proposed this action or did it, so somebody else has to decide on it."));
    let manager = page(&world.manager).await;
    assert!(has(&manager, "waive", &action) && !has(&manager, "accept", &action) && manager.contains("id=\"contact\""));
    let reviewer = page(&world.reviewer).await;
    for step in ["accept", "decline", "waive", "edit", "complete"] {
        assert!(!has(&reviewer, step, &action), "{step}");
    }
    assert!(reviewer.contains("id=\"new-action\"") && reviewer.contains("id=\"new-comment\""));
    for (browser, step, status) in [
        (&world.reviewer, "accept", StatusCode::FORBIDDEN),
        (&world.manager, "verify", StatusCode::FORBIDDEN),
        (&world.owner, "accept", StatusCode::FORBIDDEN),
        (&world.incidents, "waive", StatusCode::FORBIDDEN),
        (&world.incidents, "propose", StatusCode::NOT_FOUND),
        (&world.incidents, "promote", StatusCode::NOT_FOUND),
    ] {
        let answer = world.steps(browser, &action, step, "1", "x").await;
        assert_eq!(answer.status, status, "{step}");
    }
    let own = world.steps(&world.incidents, &theirs, "accept", "1", "").await;
    assert_eq!(own.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_needs_somebody_stands_on_the_apps_page() {
    let mut world = World::new().await;
    let app = format!("/apps/{KEY}");
    let member = world.read(&world.member, &app).await;
    assert!(member.contains("Propose what you will do"), "{member}");
    let manager = world.read(&world.manager, &app).await;
    assert!(manager.contains("Assign a contact"), "{manager}");
    let action = world.proposed(&world.member, "Add a queue").await;
    let member = world.read(&world.member, &app).await;
    assert!(!member.contains("Propose what you will do"), "{member}");
    let incidents = world.read(&world.incidents, &app).await;
    assert!(incidents.contains("Look at: Add a queue"), "{incidents}");
    world.steps(&world.incidents, &action, "accept", "1", "").await;
    let incidents = world.read(&world.incidents, &app).await;
    assert!(!incidents.contains("Look at: Add a queue"), "{incidents}");
    for (days, title) in [(22, "Do: Add a queue"), (8, "Overdue: Add a queue")] {
        world.portal.clock.advance(TimeDelta::days(days));
        let fields = [("mail", "mia@member.test"), ("password", PASSWORD), ("next", "")];
        let answer = world.portal.post(&mut world.member, "/sign-in", &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let member = world.read(&world.member, &app).await;
        assert!(member.contains(title), "{member}");
    }
    let plan = world.read(&world.member, &world.plan).await;
    assert!(plan.contains("Overdue"), "{plan}");
}

#[tokio::test]
async fn a_conversation_keeps_its_history_and_runs_nothing() {
    let world = World::new().await;
    let evil = "**Hello** <script>alert(1)</script> [x](javascript:alert(2)) ![p](https://evil.example/p.png)";
    let answer = world.post(&world.member, "/comment", &[("text", evil)]).await;
    assert!(is_done(&answer), "{}", answer.body);
    let id = answer.header("location").split("#comment-").nth(1).unwrap().to_owned();
    let page = world.portal.get(&mut world.incidents.clone(), &world.plan).await.body;
    assert!(
        page.contains("<strong>Hello</strong> &lt;script&gt;alert(1)&lt;/script&gt;"),
        "{page}"
    );
    assert!(!page.contains("javascript:") && !page.contains("evil.example/p.png\">\n") && !page.contains("<img"));
    assert!(
        !page.contains(&format!("id=\"edit-comment-{id}\"")),
        "only its author changes it"
    );
    assert!(is_done(
        &world
            .post(&world.incidents, "/comment", &[("text", "Thank you.")])
            .await
    ));
    let edit = format!("/comments/{id}/edit");
    let others = world
        .post(&world.incidents, &edit, &[("version", "1"), ("text", "x")])
        .await;
    assert_eq!(others.status, StatusCode::FORBIDDEN);
    assert!(is_done(
        &world
            .post(&world.member, &edit, &[("version", "1"), ("text", "Good day.")])
            .await
    ));
    let stale = world
        .post(&world.member, &edit, &[("version", "1"), ("text", "Too late.")])
        .await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(
        stale.body.contains("Too late.") && stale.body.contains("Good day."),
        "both are shown"
    );
    let page = world.read(&world.reviewer, &world.plan).await;
    assert!(
        page.contains("edited") && page.contains("Good day.") && page.contains("Hello"),
        "{page}"
    );
    let audit = world.portal.get(&mut world.owner.clone(), "/audit").await.body;
    assert!(audit.contains("comment.added") && audit.contains("comment.edited"));
    assert!(!audit.contains("Good day."), "what was said stands in the thread alone");
}

#[tokio::test]
async fn another_partner_finds_nothing_and_changes_nothing() {
    let world = World::new().await;
    let action = world.proposed(&world.member, "Add a queue").await;
    let answer = world.post(&world.member, "/comment", &[("text", "Hello")]).await;
    let comment = answer.header("location").split("#comment-").nth(1).unwrap().to_owned();
    for path in [world.plan.clone(), format!("/apps/{KEY}/remediation")] {
        let found = world.portal.get(&mut world.stranger.clone(), &path).await;
        assert_eq!(found.status, StatusCode::NOT_FOUND, "{path}");
    }
    for below in [
        "/contact".to_owned(),
        "/actions/new".to_owned(),
        format!("/actions/{action}/edit"),
        format!("/actions/{action}/complete"),
        format!("/actions/{action}/accept"),
        "/comment".to_owned(),
        format!("/comments/{comment}/edit"),
    ] {
        let fields = [("version", "1"), ("text", "x"), ("title", "x"), ("contact", "x")];
        let refused = world.post(&world.stranger, &below, &fields).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{below}");
    }
    // Nor does a plan of one app answer below another one.
    let missing = world.plan.replace(KEY, "com.nobody.app");
    let found = world.portal.get(&mut world.member.clone(), &missing).await;
    assert_eq!(found.status, StatusCode::NOT_FOUND);
    let unknown = format!("/apps/{KEY}/remediation/0190a000-0000-7000-8000-000000000000");
    let found = world.portal.get(&mut world.member.clone(), &unknown).await;
    assert_eq!(found.status, StatusCode::NOT_FOUND);
}
