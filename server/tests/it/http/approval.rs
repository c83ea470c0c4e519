//! The approval of an app: from the question to the designation, as each role, and nothing of it for another partner.

use chrono::TimeDelta;
use http::StatusCode;
use rampart_domain::escalation::{FactKind, State};
use rampart_server::store::{Scope, apps, checklists, escalation, facts};

use crate::support::{
    html::{main, text},
    portal::{Answer, Browser, Portal},
};

const KEY: &str = "com.kestrel.app";

struct World {
    portal: Portal,
    partner: String,
    owner: Browser,
    member: Browser,
    stranger: Browser,
    manager: Browser,
    other_manager: Browser,
    reviewer: Browser,
    admin: Browser,
}

impl World {
    async fn new() -> Self {
        let portal = Portal::new().await;
        let mut admin = portal.staff("Ada", &["administrator"]).await;
        let manager = portal.staff("Pia", &["program_manager"]).await;
        let other_manager = portal.staff("Pablo", &["program_manager"]).await;
        let reviewer = portal.staff("Rea", &["reviewer"]).await;
        let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
        let (_, stranger) = portal.partner(&mut admin, "Osprey").await;
        portal.register(&mut owner, &partner, KEY).await;
        let member = portal.member(&mut owner, &partner, "Mia").await;
        Self {
            portal,
            partner,
            owner,
            member,
            stranger,
            manager,
            other_manager,
            reviewer,
            admin,
        }
    }

    async fn post(&self, browser: &Browser, below: &str, fields: &[(&str, &str)]) -> Answer {
        // Nobody does two things at the same instant.
        self.portal.clock.advance(TimeDelta::seconds(1));
        let path = format!("/apps/{KEY}/approval/{below}");
        self.portal.post(&mut browser.clone(), &path, fields).await
    }

    /// Posts what is accepted.
    async fn does(&self, browser: &Browser, below: &str, fields: &[(&str, &str)]) {
        let answer = self.post(browser, below, fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{below}: {}", answer.body);
    }

    async fn read(&self, browser: &Browser, path: &str) -> String {
        let answer = self.portal.get(&mut browser.clone(), path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        text(&main(&answer.body)).replace(['\u{a0}', '\u{202f}'], " ")
    }

    async fn page(&self, browser: &Browser) -> String {
        self.read(browser, &format!("/apps/{KEY}/approval")).await
    }

    /// Measures the app for half an hour, in which every probe is good, and confirms the alert address.
    async fn measured(&self) -> String {
        let start = format!("/apps/{KEY}/measuring/start");
        let answer = self.portal.post(&mut self.reviewer.clone(), &start, &[]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        let series = self.portal.series_of(KEY).await;
        self.portal.live(series, 35, true).await;
        let link = self.portal.link_in_mail_to("on-call@example.com").await;
        let path = link.strip_prefix("http://rampart.test").unwrap();
        let answer = self.portal.post(&mut Browser::default(), path, &[]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        series.to_string()
    }

    /// Everything that the partner can do is done.
    async fn worked_off(&self) {
        let series = self.measured().await;
        self.does(&self.owner, "ask", &[]).await;
        self.does(&self.member, &format!("series/{series}/confirm"), &[]).await;
        let instance = [("product", "jira"), ("site", "kestrel-dfr.atlassian.net")];
        self.does(&self.member, "instances/new", &instance).await;
    }

    async fn waives(&self, browser: &Browser, item: &str) {
        let until = (self.portal.clock.now() + TimeDelta::days(30)).date_naive().to_string();
        let fields = [("why", "It is known."), ("until", until.as_str())];
        self.does(browser, &format!("items/{item}/waive"), &fields).await;
    }

    /// Waives whatever required is still to be done.
    async fn waives_the_rest(&self, browser: &Browser) {
        for item in ["readiness", "trial_ticket"] {
            self.waives(browser, item).await;
        }
    }

    async fn state(&self) -> Option<State> {
        let db = &self.portal.service.store.portal;
        let app = apps::by_key(db, Scope::system(), KEY).await.unwrap().unwrap().id;
        let standing = escalation::standing(db, Scope::system(), app).await.unwrap();
        standing.map(|standing| standing.state)
    }

    async fn mails_to(&self, address: &str) -> Vec<String> {
        let mails = self.portal.mails().await;
        let own = mails
            .into_iter()
            .filter(|m| m.kind == "approval" && m.recipients.0.iter().any(|r| r == address));
        own.map(|mail| mail.subject).collect()
    }
}

#[tokio::test]
async fn an_app_is_approved_once_everything_required_is_done_or_waived() {
    let world = World::new().await;
    let overview = world.read(&world.owner, &format!("/apps/{KEY}")).await;
    assert!(overview.contains("Ask for approval"), "{overview}");
    world.worked_off().await;
    let page = world.page(&world.member).await;
    assert!(page.contains("4 of 6 required items"), "{page}");
    assert!(
        page.contains("Next: The partner does 1 required item, and a program manager waives 1 required item."),
        "{page}"
    );
    assert!(
        page.contains("Incident tickets are not part of this portal yet"),
        "{page}"
    );
    let early = world.post(&world.manager, "approve", &[("why", "It is good.")]).await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    assert!(
        early.body.contains("Readiness document, Trial ticket"),
        "{}",
        early.body
    );
    let service = &world.portal.service;
    assert_eq!(service.announce_complete_tickets().await.unwrap(), 0);
    world.waives_the_rest(&world.manager).await;
    assert_eq!(service.announce_complete_tickets().await.unwrap(), 1);
    assert_eq!(
        service.announce_complete_tickets().await.unwrap(),
        0,
        "they are told once"
    );
    for manager in ["pia@platform.test", "pablo@platform.test"] {
        assert_eq!(world.mails_to(manager).await, ["Timesheets: ready for a decision"]);
    }
    let todo = world.read(&world.manager, &format!("/apps/{KEY}")).await;
    assert!(todo.contains("Decide on the approval"), "{todo}");
    world.does(&world.manager, "approve", &[("why", "It is good.")]).await;
    assert_eq!(world.state().await, Some(State::GoodStanding));
    let all = facts::all(&service.store.portal).await.unwrap();
    assert_eq!(all.iter().filter(|f| f.kind == FactKind::Designated).count(), 1);
    let page = world.page(&world.owner).await;
    assert!(
        page.contains("by Pia.") && page.contains("Reason: It is good."),
        "{page}"
    );
    let told = world.mails_to("owner@kestrel-labs.test").await;
    assert_eq!(
        told,
        [
            "Timesheets: waived: Readiness document",
            "Timesheets: waived: Trial ticket",
            "Timesheets: approved"
        ]
    );
    let again = world.post(&world.owner, "ask", &[]).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.body.contains("carries the designation already"), "{}", again.body);
    let audit = world.portal.get(&mut world.owner.clone(), "/audit").await.body;
    for action in [
        "approval.asked",
        "series.reviewed",
        "rollout_instance.added",
        "checklist.waived",
        "approval.approved",
        "escalation.designated",
    ] {
        assert!(audit.contains(action), "{action}");
    }
}

#[tokio::test]
async fn an_app_is_refused_with_a_reason_and_asked_for_again() {
    let world = World::new().await;
    world.does(&world.owner, "ask", &[]).await;
    let twice = world.post(&world.owner, "ask", &[]).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    let empty = world.post(&world.manager, "refuse", &[("why", " ")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.body.contains("id=\"refuse-why-error\""), "{}", empty.body);
    world
        .does(&world.manager, "refuse", &[("why", "It is too early.")])
        .await;
    assert_eq!(world.state().await, None);
    assert_eq!(
        world.mails_to("owner@kestrel-labs.test").await,
        ["Timesheets: not approved"]
    );
    let page = world.page(&world.owner).await;
    assert!(
        page.contains("Not approved, on") && page.contains("Ask for approval again"),
        "{page}"
    );
    world.does(&world.owner, "ask", &[]).await;
    let page = world.page(&world.owner).await;
    assert!(
        page.contains("Tickets before") && page.contains("It is too early."),
        "{page}"
    );
}

#[tokio::test]
async fn a_waiver_is_asked_for_granted_shown_and_taken_back() {
    let world = World::new().await;
    let before = world
        .post(&world.member, "items/trial_ticket/ask", &[("why", "x")])
        .await;
    assert_eq!(before.status, StatusCode::CONFLICT, "no ticket is open");
    world.does(&world.owner, "ask", &[]).await;
    let why = "We have <b>run</b> them.";
    world
        .does(&world.member, "items/trial_ticket/ask", &[("why", why)])
        .await;
    let page = world.page(&world.manager).await;
    assert!(
        page.contains("Mia asked for a waiver") && page.contains("&lt;b&gt;run&lt;/b&gt;"),
        "{page}"
    );
    assert!(
        page.contains("a program manager answers a request for a waiver"),
        "{page}"
    );
    let twice = world
        .post(&world.member, "items/trial_ticket/ask", &[("why", "x")])
        .await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    world
        .does(&world.manager, "items/trial_ticket/decline", &[("why", "When?")])
        .await;
    let page = world.page(&world.member).await;
    assert!(page.contains("Pia declined") && page.contains("When?"), "{page}");
    world
        .does(&world.member, "items/trial_ticket/ask", &[("why", "In spring.")])
        .await;
    world.waives(&world.manager, "trial_ticket").await;
    let page = world.page(&world.member).await;
    assert!(page.contains("Waived up to and including 23 December 2026."), "{page}");
    let again = world
        .post(&world.manager, "items/trial_ticket/waive", &[("why", "x")])
        .await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    world
        .does(&world.manager, "items/trial_ticket/take-back", &[("why", "A mistake.")])
        .await;
    let page = world.page(&world.member).await;
    assert!(page.contains("Pia ended it") && page.contains("A mistake."), "{page}");
    assert_eq!(
        world.mails_to("owner@kestrel-labs.test").await,
        [
            "Timesheets: not waived: Trial ticket",
            "Timesheets: waived: Trial ticket",
            "Timesheets: waiver taken back: Trial ticket"
        ]
    );
    let done = world
        .post(&world.manager, "items/synthetic_tests/waive", &[("why", "x")])
        .await;
    assert_eq!(done.status, StatusCode::CONFLICT, "it is not required");
    let unknown = world.post(&world.manager, "items/nothing/waive", &[("why", "x")]).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_waiver_runs_out_by_itself() {
    let world = World::new().await;
    world.does(&world.owner, "ask", &[]).await;
    let today = world.portal.clock.now().date_naive();
    let fields = [("why", "For today."), ("until", &*today.to_string())];
    world.does(&world.manager, "items/trial_ticket/waive", &fields).await;
    assert!(world.page(&world.owner).await.contains("Waived up to and including"));
    world.portal.clock.advance(TimeDelta::hours(24));
    let manager = world.portal.actor("pia@platform.test").await;
    let owner = world.portal.actor("owner@kestrel-labs.test").await;
    let service = &world.portal.service;
    let page = rampart_app::services::Services::approval(&**service, &owner, KEY)
        .await
        .unwrap();
    let trial = page
        .items
        .iter()
        .find(|item| item.item.as_str() == "trial_ticket")
        .unwrap();
    assert_eq!(trial.state, rampart_domain::onboarding::State::ToDo);
    assert_eq!((trial.waiver.as_ref(), trial.past.len()), (None, 1));
    let tomorrow = (today + TimeDelta::days(2)).to_string();
    let form = rampart_server::service::approval::WaiverForm {
        why: "Once more.",
        until: &tomorrow,
    };
    service.waive_item(&manager, KEY, "trial_ticket", &form).await.unwrap();
    let app = apps::by_key(&service.store.portal, Scope::system(), KEY)
        .await
        .unwrap()
        .unwrap();
    let all = checklists::waivers(&service.store.portal, Scope::system(), &[app.id])
        .await
        .unwrap();
    assert_eq!(all.iter().filter(|waiver| waiver.ended.is_none()).count(), 1);
}

#[tokio::test]
async fn nobody_decides_on_what_they_asked_for() {
    let mut world = World::new().await;
    world.worked_off().await;
    world
        .does(&world.manager, "items/trial_ticket/ask", &[("why", "I know them.")])
        .await;
    let until = (world.portal.clock.now() + TimeDelta::days(3)).date_naive().to_string();
    let own = [("why", "x"), ("until", until.as_str())];
    let waive = world.post(&world.manager, "items/trial_ticket/waive", &own).await;
    assert_eq!(waive.status, StatusCode::FORBIDDEN);
    let decline = world
        .post(&world.manager, "items/trial_ticket/decline", &[("why", "x")])
        .await;
    assert_eq!(decline.status, StatusCode::FORBIDDEN);
    world.waives_the_rest(&world.other_manager).await;
    let approve = world.post(&world.manager, "approve", &[("why", "x")]).await;
    assert_eq!(approve.status, StatusCode::FORBIDDEN);
    assert!(approve.body.contains("You asked for a waiver"), "{}", approve.body);
    let designate = format!("/apps/{KEY}/escalation/decide/designate");
    let direct = world
        .portal
        .post(&mut world.manager.clone(), &designate, &[("why", "x")])
        .await;
    assert_eq!(direct.status, StatusCode::FORBIDDEN, "nor by the other way");
    let page = world.page(&world.manager).await;
    assert!(page.contains("somebody else has to decide"), "{page}");
    // A program manager who belongs to the partner decides on nothing of it.
    let invite = format!("/partners/{}/invite", world.partner);
    let fields = [("mail", "pablo@platform.test"), ("role", "member")];
    let answer = world.portal.post(&mut world.owner, &invite, &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let link = world.portal.link_in_mail_to("pablo@platform.test").await;
    let path = link.strip_prefix("http://rampart.test").unwrap().to_owned();
    let fields = [("password", crate::support::portal::PASSWORD)];
    let accepted = world.portal.post(&mut world.other_manager, &path, &fields).await;
    assert_eq!(accepted.status, StatusCode::SEE_OTHER, "{}", accepted.body);
    for below in ["approve", "refuse", "items/trial_ticket/take-back"] {
        let refused = world.post(&world.other_manager, below, &[("why", "x")]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{below}");
    }
    assert_eq!(world.state().await, None);
}

#[tokio::test]
async fn what_is_suspicious_is_flagged_answered_and_looked_at_again() {
    let world = World::new().await;
    let series = world.measured().await;
    world.does(&world.owner, "ask", &[]).await;
    let flag = format!("series/{series}/flag");
    let empty = world.post(&world.member, &flag, &[("note", " ")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        empty.body.contains(&format!("id=\"flag-{series}-note-error\"")),
        "{}",
        empty.body
    );
    world
        .does(&world.member, &flag, &[("note", "An hour is missing.")])
        .await;
    let page = world.page(&world.reviewer).await;
    assert!(
        page.contains("An hour is missing.") && page.contains("1 series is flagged; staff answer."),
        "{page}"
    );
    let todo = world.read(&world.reviewer, &format!("/apps/{KEY}")).await;
    assert!(todo.contains("Work on the approval"), "{todo}");
    let body = world
        .portal
        .get(&mut world.reviewer.clone(), &format!("/apps/{KEY}/approval"))
        .await
        .body;
    let review = body
        .split("id=\"answer-")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let answer = format!("reviews/{review}/answer");
    let by_partner = world.post(&world.member, &answer, &[("text", "x")]).await;
    assert_eq!(by_partner.status, StatusCode::FORBIDDEN);
    let long = "x".repeat(2_001);
    let refused = world.post(&world.reviewer, &answer, &[("text", &long)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains(&long), "and is still there");
    world
        .does(&world.reviewer, &answer, &[("text", "The portal was down.")])
        .await;
    let twice = world.post(&world.reviewer, &answer, &[("text", "x")]).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    let page = world.page(&world.member).await;
    assert!(
        page.contains("The portal was down.") && page.contains("again after an answer"),
        "{page}"
    );
    world
        .does(&world.member, &format!("series/{series}/confirm"), &[])
        .await;
    let page = world.page(&world.member).await;
    assert!(
        page.contains("The partner has looked at the one series there is."),
        "{page}"
    );
}

#[tokio::test]
async fn a_series_without_data_cannot_be_confirmed() {
    let world = World::new().await;
    let start = format!("/apps/{KEY}/measuring/start");
    world.portal.post(&mut world.reviewer.clone(), &start, &[]).await;
    let series = world.portal.series_of(KEY).await;
    let refused = world
        .post(&world.member, &format!("series/{series}/confirm"), &[])
        .await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(
        refused.body.contains("Nothing was counted in this series yet"),
        "{}",
        refused.body
    );
    world
        .does(
            &world.member,
            &format!("series/{series}/flag"),
            &[("note", "Where is it?")],
        )
        .await;
}

#[tokio::test]
async fn what_is_refused_stays_typed() {
    let world = World::new().await;
    world.does(&world.owner, "ask", &[]).await;
    let fields = [("product", "compass"), ("site", "no site <at> all")];
    let refused = world.post(&world.member, "instances/new", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for field in ["product", "site"] {
        assert!(
            refused.body.contains(&format!("id=\"new-instance-{field}-error\"")),
            "{field}"
        );
    }
    assert!(
        refused.body.contains("value=\"no site &lt;at&gt; all\""),
        "{}",
        refused.body
    );
    let fine = [("product", "jira"), ("site", "https://Kestrel-DFR.atlassian.net/")];
    world.does(&world.member, "instances/new", &fine).await;
    let twice = world.post(&world.member, "instances/new", &fine).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    for until in ["", "soon", "2020-01-01", "2029-01-01"] {
        let fields = [("why", "Kept <here>"), ("until", until)];
        let refused = world.post(&world.manager, "items/trial_ticket/waive", &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{until}");
        assert!(
            refused.body.contains("id=\"waive-trial_ticket-until-error\""),
            "{until}"
        );
        assert!(refused.body.contains("Kept &lt;here>") || refused.body.contains("Kept &lt;here&gt;"));
    }
    let long = "x".repeat(2_001);
    let refused = world.post(&world.member, "training", &[("watched_by", &long)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains(&long));
    let refused = world.post(&world.member, "comment", &[("text", " ")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn instances_training_and_comments_are_kept() {
    let world = World::new().await;
    let early = world.post(&world.member, "comment", &[("text", "Hello")]).await;
    assert_eq!(
        early.status,
        StatusCode::NOT_FOUND,
        "there is no thread before the ticket"
    );
    world.does(&world.owner, "ask", &[]).await;
    let fields = [("product", "jira"), ("site", "kestrel-dfr.atlassian.net")];
    world.does(&world.member, "instances/new", &fields).await;
    let body = world
        .portal
        .get(&mut world.member.clone(), &format!("/apps/{KEY}/approval"))
        .await
        .body;
    assert!(body.contains("There is an instance of each product."));
    let id = body
        .split("/instances/")
        .find_map(|part| part.split_once("/remove"))
        .unwrap()
        .0
        .to_owned();
    world.does(&world.member, &format!("instances/{id}/remove"), &[]).await;
    let gone = world.post(&world.member, &format!("instances/{id}/remove"), &[]).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert!(
        world
            .page(&world.member)
            .await
            .contains("No instance is named for Jira.")
    );
    world
        .does(&world.member, "training", &[("watched_by", "Robin and Sam")])
        .await;
    assert!(world.page(&world.reviewer).await.contains("Robin and Sam"));
    world.does(&world.member, "training", &[("watched_by", "")]).await;
    assert!(!world.page(&world.reviewer).await.contains("Robin and Sam"));
    let said = world
        .post(&world.member, "comment", &[("text", "When **can** you look?")])
        .await;
    let id = said.header("location").split("#comment-").nth(1).unwrap().to_owned();
    let edit = format!("comments/{id}/edit");
    let fields = [("version", "1"), ("text", "When can you look at it?")];
    let by_other = world.post(&world.reviewer, &edit, &fields).await;
    assert_eq!(by_other.status, StatusCode::FORBIDDEN);
    world.does(&world.member, &edit, &fields).await;
    assert!(world.page(&world.reviewer).await.contains("When can you look at it?"));
}

#[tokio::test]
async fn the_queue_shows_every_open_ticket_and_who_acts_next() {
    let world = World::new().await;
    let empty = world.read(&world.reviewer, "/approvals").await;
    assert!(empty.contains("No ticket is open"), "{empty}");
    world.does(&world.owner, "ask", &[]).await;
    world.portal.clock.advance(TimeDelta::hours(1));
    let queue = world.read(&world.reviewer, "/approvals").await;
    assert!(
        queue.contains(KEY) && queue.contains("0 of 6") && queue.contains("today"),
        "{queue}"
    );
    assert!(queue.contains("The partner does 3 required items"), "{queue}");
    for (path, found) in [
        ("/approvals?next=partner", true),
        ("/approvals?next=program_managers", true),
        ("/approvals?next=nobody", true),
        ("/approvals?q=KESTREL", true),
        ("/approvals?q=osprey", false),
        ("/approvals?page=7", true),
    ] {
        assert_eq!(world.read(&world.manager, path).await.contains(KEY), found, "{path}");
    }
    for browser in [&world.owner, &world.admin] {
        let answer = world.portal.get(&mut browser.clone(), "/approvals").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    let escalation = world.read(&world.manager, &format!("/apps/{KEY}/escalation")).await;
    assert!(
        escalation.contains("The checklist of this app is open: 6 required items"),
        "{escalation}"
    );
    let archive = format!("/apps/{KEY}/archive");
    world.portal.post(&mut world.owner.clone(), &archive, &[]).await;
    assert!(!world.read(&world.manager, "/approvals").await.contains(KEY));
}

#[tokio::test]
async fn another_partner_finds_nothing_and_changes_nothing() {
    let world = World::new().await;
    let series = world.measured().await;
    world.does(&world.owner, "ask", &[]).await;
    world
        .does(&world.member, &format!("series/{series}/flag"), &[("note", "x")])
        .await;
    let page = format!("/apps/{KEY}/approval");
    let found = world.portal.get(&mut world.stranger.clone(), &page).await;
    assert_eq!(found.status, StatusCode::NOT_FOUND);
    let nothing = "0190a000-0000-7000-8000-000000000000";
    for below in [
        "ask".to_owned(),
        format!("series/{series}/confirm"),
        format!("series/{series}/flag"),
        format!("reviews/{nothing}/answer"),
        "instances/new".to_owned(),
        format!("instances/{nothing}/remove"),
        "training".to_owned(),
        "items/trial_ticket/ask".to_owned(),
        "items/trial_ticket/waive".to_owned(),
        "items/trial_ticket/decline".to_owned(),
        "items/trial_ticket/take-back".to_owned(),
        "approve".to_owned(),
        "refuse".to_owned(),
        "comment".to_owned(),
        format!("comments/{nothing}/edit"),
    ] {
        let fields = [("why", "x"), ("text", "x"), ("note", "x")];
        let refused = world.post(&world.stranger, &below, &fields).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{below}");
    }
    // Nor is a series of one app found below another one.
    let mut stranger = world.stranger.clone();
    let partner = world.portal.get(&mut stranger, "/account").await;
    assert_eq!(partner.status, StatusCode::OK);
    let foreign = world
        .post(&world.member, &format!("series/{nothing}/confirm"), &[])
        .await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_requirements_are_made_from_the_rules_in_force() {
    let world = World::new().await;
    for browser in [&world.owner, &world.reviewer, &world.admin] {
        let page = world.read(browser, "/requirements").await;
        assert!(
            page.contains("measurement rules version 1, escalation rules version 1"),
            "{page}"
        );
        assert!(
            page.contains("Required of Connect apps") && page.contains("2 to 5 days"),
            "{page}"
        );
        assert!(page.contains("99.9 %"), "{page}");
    }
    let body = world.portal.get(&mut world.owner.clone(), "/requirements").await.body;
    for anchor in [
        "sli",
        "slo",
        "error-budget",
        "occurrence",
        "pir",
        "glossary",
        "service-levels",
    ] {
        assert!(body.contains(&format!("id=\"{anchor}\"")), "{anchor}");
    }
    let nobody = world.portal.get(&mut Browser::default(), "/requirements").await;
    assert_eq!(nobody.status, StatusCode::SEE_OTHER);
}
