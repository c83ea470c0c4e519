//! The readiness document: several people answer, nothing typed is lost, and nobody reviews what they wrote.

use chrono::TimeDelta;
use http::StatusCode;
use rampart_app::services::Services;
use rampart_domain::{
    access::{Actor, StaffRole},
    readiness::State,
};
use rampart_server::store::{
    Scope, apps,
    readiness::{self, Standing},
};

use crate::support::{
    html::{main, text},
    portal::{Answer, Browser, PASSWORD, Portal},
};

const KEY: &str = "com.kestrel.app";
const PAGE: &str = "/apps/com.kestrel.app/readiness";

/// An answer to each question that is asked when data is stored and all else is answered with no.
const ANSWERS: &[(&str, &[(&str, &str)])] = &[
    ("scaling_factors", &[("value", "The number of **issues**.")]),
    ("concurrent_users", &[("value", "It queues.")]),
    ("large_datasets", &[("value", "It pages.")]),
    ("distributed_users", &[("value", "It is in three regions.")]),
    ("rate_limits", &[("value", "It waits as long as it is told.")]),
    ("scale_testing", &[("value", "A load test each month.")]),
    ("first_rollout_signed_up", &[("value", "all")]),
    ("first_rollout_testing", &[("value", "Smoke tests.")]),
    ("synthetic_tests", &[("value", "no")]),
    ("faulty_deployment", &[("value", "We roll back.")]),
    ("fix_to_production", &[("value", "40"), ("unit", "minutes")]),
    ("stores_data", &[("value", "yes")]),
    ("data_recovery", &[("value", "Stop writes.\nRestore.")]),
    ("backup_every", &[("value", "1"), ("unit", "hours")]),
    ("backup_retention", &[("value", "5"), ("unit", "weeks")]),
    ("restore_duration", &[("value", "4"), ("unit", "hours")]),
    ("restore_tested", &[("value", "no")]),
    (
        "cover_hours",
        &[
            ("days", "mon"),
            ("days", "tue"),
            ("from", "09:00"),
            ("to", "17:00"),
            ("zone", "UTC"),
        ],
    ),
    ("out_of_hours", &[("value", "no")]),
    ("discovery", &[("value", "monitoring")]),
    ("alerting", &[("value", "no")]),
    ("team_communication", &[("value", "In a chat.")]),
    ("customer_communication", &[("value", "By mail.")]),
];

struct World {
    portal: Portal,
    owner: Browser,
    member: Browser,
    stranger: Browser,
    reviewer: Browser,
}

impl World {
    async fn new() -> Self {
        let portal = Portal::new().await;
        let mut admin = portal.staff("Ada", &["administrator"]).await;
        let reviewer = portal.staff("Rea", &["reviewer"]).await;
        let (partner, mut owner) = portal.partner(&mut admin, "Kestrel Labs").await;
        let (_, stranger) = portal.partner(&mut admin, "Osprey").await;
        portal.register(&mut owner, &partner, KEY).await;
        let member = portal.member(&mut owner, &partner, "Mia").await;
        Self {
            portal,
            owner,
            member,
            stranger,
            reviewer,
        }
    }

    async fn post(&self, browser: &Browser, below: &str, fields: &[(&str, &str)]) -> Answer {
        self.portal
            .post(&mut browser.clone(), &format!("{PAGE}{below}"), fields)
            .await
    }

    async fn get(&self, browser: &Browser, path: &str) -> Answer {
        self.portal.get(&mut browser.clone(), path).await
    }

    async fn read(&self, browser: &Browser, path: &str) -> String {
        let answer = self.get(browser, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        text(&main(&answer.body)).replace(['\u{a0}', '\u{202f}'], " ")
    }

    async fn answers(&self, browser: &Browser, question: &str, version: &str, value: &str) -> Answer {
        let fields = named(question, &[("version", version), ("value", value)]);
        self.answer(browser, &fields).await
    }

    async fn answer(&self, browser: &Browser, fields: &[(String, &str)]) -> Answer {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        self.post(browser, "/answers", &fields).await
    }

    /// Answers every question that has to be answered.
    async fn complete(&self) {
        let fields: Vec<_> = ANSWERS
            .iter()
            .flat_map(|(question, fields)| named(question, &[&[("version", "0")], *fields].concat()))
            .collect();
        let answer = self.answer(&self.member, &fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    }

    async fn submits(&self) {
        let answer = self.post(&self.owner, "/submit", &[]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    }

    async fn standing(&self) -> Standing {
        let db = &self.portal.service.store.portal;
        let app = apps::by_key(db, Scope::system(), KEY).await.unwrap().unwrap().id;
        readiness::standing(db, Scope::system(), app).await.unwrap().unwrap()
    }

    /// Asks for a change of the answer to this question.
    async fn asks(&self, number: i64, question: &str, note: &str) -> Answer {
        self.reviews(
            number,
            &named(question, &[("verdict", "change_requested"), ("note", note)]),
        )
        .await
    }

    async fn reviews(&self, number: i64, fields: &[(String, &str)]) -> Answer {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        self.post(&self.reviewer, &format!("/review/{number}/answers"), &fields)
            .await
    }

    async fn decides(&self, number: i64, decision: &str) -> Answer {
        let fields = [("decision", decision), ("reason", "I read all of it.")];
        self.post(&self.reviewer, &format!("/review/{number}/decide"), &fields)
            .await
    }

    async fn mails_to(&self, address: &str, subject: &str) -> usize {
        let mails = self.portal.mails().await;
        let is_wanted = |subjects: &str, to: &[String]| subjects.contains(subject) && to.iter().any(|to| to == address);
        mails
            .iter()
            .filter(|mail| is_wanted(&mail.subject, &mail.recipients.0))
            .count()
    }
}

/// The fields of an answer, as the form names them.
fn named<'a>(question: &str, fields: &[(&str, &'a str)]) -> Vec<(String, &'a str)> {
    let fields = fields.iter();
    fields
        .map(|(name, value)| (format!("{question}-{name}"), *value))
        .collect()
}

fn is_done(answer: &Answer) -> bool {
    answer.status == StatusCode::SEE_OTHER
}

#[tokio::test]
async fn a_document_is_answered_reviewed_changed_and_approved() {
    let world = World::new().await;
    let page = world.read(&world.owner, PAGE).await;
    assert!(page.contains("Draft") && page.contains("0 of "), "{page}");
    assert!(
        !page.contains("What is your backup frequency?"),
        "only who stores data is asked"
    );
    let early = world.post(&world.owner, "/submit", &[]).await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    assert!(
        early.body.contains("Required questions are not answered yet."),
        "{}",
        early.body
    );

    world.complete().await;
    let page = world.read(&world.member, PAGE).await;
    assert!(page.contains("23 of 23") && page.contains("Saved by Mia"), "{page}");
    assert!(page.contains("An owner of the partner submits the document."), "{page}");
    assert_eq!(
        world.post(&world.member, "/submit", &[]).await.status,
        StatusCode::FORBIDDEN
    );
    world.submits().await;
    assert_eq!(world.standing().await.document.state, State::Submitted);
    assert_eq!(
        world
            .mails_to("rea@platform.test", "readiness document submitted")
            .await,
        1
    );

    let overview = world.read(&world.reviewer, &format!("/apps/{KEY}")).await;
    assert!(overview.contains("Review the readiness document"), "{overview}");
    let review = world.read(&world.reviewer, &format!("{PAGE}/review")).await;
    assert!(
        review.contains("4 hours") && review.contains("0 of 23 accepted"),
        "{review}"
    );
    assert_eq!(
        world.asks(1, "data_recovery", " ").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert!(is_done(
        &world
            .asks(1, "data_recovery", "How do you know it is **complete**?")
            .await
    ));
    assert!(is_done(&world.asks(1, "rate_limits", "Which limits?").await));
    assert!(is_done(
        &world.post(&world.reviewer, "/review/1/accept-others", &[]).await
    ));
    let hasty = world.decides(1, "approved").await;
    assert_eq!(hasty.status, StatusCode::CONFLICT);
    assert!(hasty.body.contains("I read all of it."), "the reason stays typed");
    assert!(
        !world.read(&world.member, PAGE).await.contains("Which limits?"),
        "not before the decision"
    );
    assert!(is_done(&world.decides(1, "changes_requested").await));
    assert_eq!(world.mails_to("owner@kestrel-labs.test", "changes requested").await, 1);

    let page = world.read(&world.member, PAGE).await;
    assert!(
        page.contains("Change requested by Rea") && page.contains("Which limits?"),
        "{page}"
    );
    let overview = world.read(&world.member, &format!("/apps/{KEY}")).await;
    assert!(overview.contains("Change the readiness document"), "{overview}");
    assert!(is_done(
        &world
            .answers(&world.member, "data_recovery", "1", "Stop writes.\nRestore and count.")
            .await
    ));
    assert!(is_done(
        &world
            .answers(&world.owner, "rate_limits", "1", "Those of the REST API.")
            .await
    ));
    assert!(
        !world.read(&world.member, PAGE).await.contains("Which limits?"),
        "the change is made"
    );
    world.submits().await;

    let review = world.read(&world.reviewer, &format!("{PAGE}/review")).await;
    assert!(
        review.contains("21 of 23 accepted"),
        "what did not change needs no second look: {review}"
    );
    assert!(
        review.contains("What changed since the previous submission"),
        "{review}"
    );
    let raw = world.get(&world.reviewer, &format!("{PAGE}/review")).await.body;
    assert!(
        raw.contains("<del>Restore.</del>") && raw.contains("<ins>Restore and count.</ins>"),
        "{raw}"
    );
    assert!(is_done(
        &world.post(&world.reviewer, "/review/2/accept-others", &[]).await
    ));
    assert!(is_done(&world.decides(2, "approved").await));
    let standing = world.standing().await;
    let approval = standing.approval.unwrap();
    assert_eq!((standing.document.state, approval.submission), (State::Approved, 2));
    let page = world.read(&world.member, PAGE).await;
    assert!(page.contains("Approved on") && page.contains("SHA-256"), "{page}");
    assert_eq!(world.mails_to("owner@kestrel-labs.test", "document approved").await, 1);
    world.portal.clock.advance(TimeDelta::days(365));
    let mia = world.portal.actor("mia@member.test").await;
    let overview = world.portal.service.app_overview(&mia, KEY).await.unwrap();
    let asked = overview.todo.iter().find(|todo| todo.href == PAGE).unwrap();
    assert_eq!(asked.title, "Renew the readiness document");
}

#[tokio::test]
async fn two_answers_at_once_are_both_kept_and_one_conflict_shows_both_texts() {
    let world = World::new().await;
    assert!(is_done(
        &world.answers(&world.owner, "scaling_factors", "0", "Issues.").await
    ));
    assert!(is_done(
        &world.answers(&world.member, "rate_limits", "0", "We wait.").await
    ));
    let page = world.read(&world.owner, PAGE).await;
    assert!(page.contains("Issues.") && page.contains("We wait."), "{page}");

    assert!(is_done(
        &world
            .answers(&world.owner, "scaling_factors", "1", "Issues and pages.")
            .await
    ));
    let refused = world
        .answers(&world.member, "scaling_factors", "1", "Mine,\nin two lines.")
        .await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let shown = text(&main(&refused.body));
    assert!(
        shown.contains("Saved meanwhile") && shown.contains("Issues and pages."),
        "{shown}"
    );
    assert!(refused.body.contains("Mine,\nin two lines."), "{}", refused.body);
    assert!(
        refused.body.contains("name=\"scaling_factors-version\" value=\"1\""),
        "saving another answer replaces nothing"
    );
    let again = named(
        "scaling_factors",
        &[("version", "1"), ("theirs", "2"), ("value", "Issues and pages. Mine.")],
    );
    assert_eq!(world.answer(&world.member, &again).await.status, StatusCode::CONFLICT);
    let over = [again, vec![("over".to_owned(), "scaling_factors")]].concat();
    assert!(is_done(&world.answer(&world.member, &over).await));
    assert!(world.read(&world.owner, PAGE).await.contains("Issues and pages. Mine."));
}

#[tokio::test]
async fn a_review_is_one_form_that_loses_no_note_and_replaces_nobody_elses() {
    let world = World::new().await;
    world.complete().await;
    world.submits().await;
    let asked = [
        named(
            "rate_limits",
            &[("verdict", "change_requested"), ("note", "Which limits?\nSay all.")],
        ),
        named("large_datasets", &[("verdict", "accepted"), ("note", "But how?")]),
        named("out_of_hours", &[("note", "No verdict yet.")]),
        vec![("reason".to_owned(), "Half a reason")],
    ];
    let refused = world.reviews(1, &asked.concat()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for kept in ["But how?", "No verdict yet.", "Half a reason"] {
        assert!(
            refused.body.contains(&format!(">{kept}</textarea>")),
            "{kept}: {}",
            refused.body
        );
    }
    let shown = text(&main(&refused.body)).replace('\u{a0}', " ");
    for said in [
        "1 other review is saved.",
        "A note asks for a change.",
        "Accept the answer, or request a change.",
        "Change requested",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }

    // Somebody else says something of an answer while this page is open; what it showed is not what stands.
    let ian = world.portal.staff("Ian", &["incident_manager"]).await;
    let theirs = [
        ("data_recovery-verdict", "change_requested"),
        ("data_recovery-note", "Ian asks."),
    ];
    assert!(is_done(&world.post(&ian, "/review/1/answers", &theirs).await));
    let mine = named(
        "data_recovery",
        &[("verdict", "change_requested"), ("note", "Rea asks.")],
    );
    let refused = world.reviews(1, &mine).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let shown = text(&main(&refused.body)).replace('\u{a0}', " ");
    assert!(
        shown.contains("Ian asks.") && shown.contains("Somebody else reviewed this answer meanwhile."),
        "{shown}"
    );
    assert!(refused.body.contains(">Rea asks.</textarea>"), "{}", refused.body);

    // The page shows what stands now, so that sending it again replaces it; what is not touched stays.
    let stands = |question: &str| {
        let marker = format!("name=\"{question}-shown\" value=\"");
        let after = refused.body.split(&marker).nth(1).unwrap();
        after.split('"').next().unwrap().to_owned()
    };
    let (recovery, limits) = (stands("data_recovery"), stands("rate_limits"));
    let all = [
        mine,
        named("data_recovery", &[("shown", &recovery)]),
        named(
            "rate_limits",
            &[
                ("shown", &limits),
                ("verdict", "change_requested"),
                ("note", "Which limits?\nSay all."),
            ],
        ),
        named("large_datasets", &[("verdict", "accepted"), ("note", "")]),
        vec![
            ("decision".to_owned(), "changes_requested"),
            ("reason".to_owned(), "Two answers need more."),
        ],
    ];
    let all = all.concat();
    let fields: Vec<_> = all.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert!(is_done(&world.post(&world.reviewer, "/review/1/decide", &fields).await));
    let page = world.read(&world.member, PAGE).await;
    for said in ["Rea asks.", "Which limits?", "Say all.", "Two answers need more."] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("Ian asks."), "{page}");

    // What is typed after the decision is saved nowhere, so it comes back.
    let late = world.asks(1, "alerting", "Typed too late.").await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.body.contains(">Typed too late.</textarea>"), "{}", late.body);
}

/// Without scripts everything on the page arrives at once, also what others saved meanwhile and this page does not show.
#[tokio::test]
async fn saving_one_answer_saves_all_that_were_changed_and_no_other() {
    let world = World::new().await;
    for (question, value) in [("rate_limits", "We wait."), ("large_datasets", "It pages.")] {
        assert!(is_done(&world.answers(&world.owner, question, "0", value).await));
    }
    let page = world.get(&world.member, PAGE).await.body;
    let shown = |question: &str| {
        let marker = format!("name=\"{question}-shown\" value=\"");
        let (_, rest) = page.split_once(&marker).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let shown = ["rate_limits", "large_datasets", "scale_testing", "fix_to_production"].map(shown);
    assert!(is_done(
        &world.answers(&world.owner, "rate_limits", "1", "Theirs.").await
    ));
    assert!(is_done(
        &world.answers(&world.owner, "large_datasets", "1", "Theirs too.").await
    ));
    let fields = [
        named(
            "rate_limits",
            &[("version", "1"), ("shown", &shown[0]), ("value", "We wait.")],
        ),
        named(
            "large_datasets",
            &[("version", "1"), ("shown", &shown[1]), ("value", "Mine.")],
        ),
        named(
            "scale_testing",
            &[("version", "0"), ("shown", &shown[2]), ("value", "A load test.")],
        ),
        named(
            "fix_to_production",
            &[
                ("version", "0"),
                ("shown", &shown[3]),
                ("value", "no number"),
                ("unit", "hours"),
            ],
        ),
        named("first_rollout_testing", &[("version", "0"), ("value", "Smoke tests.")]),
    ];
    let refused = world.answer(&world.member, &fields.concat()).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let said = text(&main(&refused.body));
    assert!(said.contains("2 other answers are saved."), "{said}");
    assert!(said.contains("Theirs too.") && !said.contains("We wait."), "{said}");
    for typed in ["Mine.", "no number", ">Theirs.</textarea>", ">A load test.</textarea>"] {
        assert!(refused.body.contains(typed), "{typed}: {}", refused.body);
    }
    let page = world.get(&world.owner, PAGE).await.body;
    for saved in ["Theirs.", "Theirs too.", "A load test.", "Smoke tests."] {
        assert!(page.contains(&format!(">{saved}</textarea>")), "{saved}: {page}");
    }
    let nothing = named(
        "scale_testing",
        &[("version", "1"), ("value", "A load test."), ("shown", "0")],
    );
    assert!(is_done(&world.answer(&world.member, &nothing).await));
}

#[tokio::test]
async fn what_was_saved_already_is_no_conflict_and_what_is_not_asked_is_not_lost() {
    let world = World::new().await;
    for _ in 0..2 {
        assert!(is_done(
            &world
                .answers(&world.owner, "rate_limits", "0", "Sent twice, saved once.")
                .await
        ));
    }
    assert!(is_done(
        &world.answers(&world.owner, "rate_limits", "1", "And changed.").await
    ));
    let fields = [
        named("stores_data", &[("version", "0"), ("value", "no")]),
        named(
            "backup_every",
            &[("version", "0"), ("value", "soon"), ("unit", "hours")],
        ),
    ];
    let refused = world.answer(&world.member, &fields.concat()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("value=\"soon\""), "{}", refused.body);
    assert!(
        text(&main(&refused.body)).contains("This question is not asked at present."),
        "{}",
        refused.body
    );
    let page = world.get(&world.member, PAGE).await.body;
    assert!(!page.contains("backup_every"), "{page}");
}

#[tokio::test]
async fn scripts_save_one_answer_and_get_its_version() {
    let world = World::new().await;
    let fields = [("rate_limits-version", "0"), ("rate_limits-value", "We wait.")];
    let (mut member, path) = (world.member.clone(), format!("{PAGE}/answers"));
    let saved = world
        .portal
        .post_preferring(&mut member, &path, &fields, "return=minimal")
        .await;
    assert_eq!((saved.status, saved.body.as_str()), (StatusCode::OK, "rate_limits 1\n"));
    assert!(world.read(&world.owner, PAGE).await.contains("Saved by Mia"));
}

#[tokio::test]
async fn submitting_saves_what_is_still_typed() {
    let world = World::new().await;
    world.complete().await;
    let fields = named("rate_limits", &[("version", "1"), ("value", "Typed and submitted.")]);
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert!(is_done(&world.post(&world.owner, "/submit", &fields).await));
    let review = world.read(&world.reviewer, &format!("{PAGE}/review")).await;
    assert!(review.contains("Typed and submitted."), "{review}");
}

#[tokio::test]
async fn what_was_typed_survives_a_refusal_a_submission_and_the_end_of_a_session() {
    let world = World::new().await;
    let refused = world
        .answer(
            &world.member,
            &named("cover_hours", &[("version", "0"), ("days", "mon"), ("from", "nine")]),
        )
        .await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("value=\"nine\""), "{}", refused.body);
    assert!(
        refused.body.contains("Enter a time from 00:00 to 23:59"),
        "{}",
        refused.body
    );

    world.complete().await;
    world.submits().await;
    let late = world
        .answers(&world.member, "rate_limits", "1", "Typed while it was submitted.")
        .await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.body.contains("Typed while it was submitted."), "{}", late.body);
    assert!(
        late.body.contains("The document is with the reviewers."),
        "{}",
        late.body
    );

    let mut nobody = Browser::default();
    let path = format!("{PAGE}/answers");
    let fields = [("rate_limits-version", "1"), ("rate_limits-value", "Typed too late.")];
    let asked = world.portal.post(&mut nobody, &path, &fields).await;
    assert_eq!(asked.status, StatusCode::UNAUTHORIZED);
    assert!(asked.body.contains("Typed too late."), "{}", asked.body);
    assert!(is_done(&world.asks(1, "rate_limits", "Which?").await));
    assert!(is_done(&world.decides(1, "changes_requested").await));
    let carried = [
        ("mail", "mia@member.test"),
        ("password", PASSWORD),
        ("carried_action", path.as_str()),
        ("carried.rate_limits-version", "1"),
        ("carried.rate_limits-value", "Typed too late."),
    ];
    let resumed = world.portal.post(&mut nobody, "/sign-in", &carried).await;
    assert!(is_done(&resumed), "{}", resumed.body);
    assert!(world.read(&world.owner, PAGE).await.contains("Typed too late."));
}

#[tokio::test]
async fn nobody_reviews_what_they_wrote_and_strangers_find_nothing() {
    let world = World::new().await;
    world.complete().await;
    world.submits().await;
    for path in [PAGE.to_owned(), format!("{PAGE}/review")] {
        assert_eq!(world.get(&world.stranger, &path).await.status, StatusCode::NOT_FOUND);
    }
    let foreign = world.answers(&world.stranger, "rate_limits", "1", "x").await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    let review = world.get(&world.owner, &format!("{PAGE}/review")).await;
    assert_eq!(review.status, StatusCode::FORBIDDEN);

    // A member of the partner who came to the platform.
    let mia = world.portal.actor("mia@member.test").await;
    let both = Actor {
        staff: vec![StaffRole::Reviewer],
        ..mia
    };
    let service = &world.portal.service;
    let own = service.decide_readiness(&both, KEY, 1, ("approved", "Fine.")).await;
    assert!(own.unwrap_err().to_string().contains("You belong to this partner"));
    // And who left the partner meanwhile.
    let both = Actor {
        memberships: Vec::new(),
        ..both
    };
    let own = service.decide_readiness(&both, KEY, 1, ("approved", "Fine.")).await;
    assert!(own.unwrap_err().to_string().contains("cannot review it"));
    let own = service.accept_other_answers(&both, KEY, 1).await;
    assert!(own.unwrap_err().to_string().contains("cannot review it"));
    let old = world.decides(7, "approved").await;
    assert_eq!(old.status, StatusCode::NOT_FOUND);
    let unknown = world.asks(1, "nothing", "x").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(world.standing().await.document.state, State::Submitted);
}

#[tokio::test]
async fn the_queue_shows_staff_what_waits_for_whom() {
    let world = World::new().await;
    let empty = world.read(&world.reviewer, "/readiness").await;
    assert!(empty.contains("No document waits"), "{empty}");
    world.complete().await;
    world.submits().await;
    let queue = world.read(&world.reviewer, "/readiness").await;
    assert!(queue.contains(KEY) && queue.contains("A reviewer decides."), "{queue}");
    for (path, found) in [
        ("/readiness?waits=review", true),
        ("/readiness?waits=expired", false),
        ("/readiness?waits=nothing", true),
        ("/readiness?q=KESTREL", true),
        ("/readiness?q=osprey", false),
        ("/readiness?page=7", true),
    ] {
        assert_eq!(world.read(&world.reviewer, path).await.contains(KEY), found, "{path}");
    }
    for browser in [&world.owner, &world.member] {
        assert_eq!(world.get(browser, "/readiness").await.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn a_conversation_at_a_question_is_resolved_and_opened_again() {
    let world = World::new().await;
    let page = format!("{PAGE}/questions/rate_limits");
    let says = async |browser: &Browser, text: &str| {
        let answer = world
            .post(browser, "/questions/rate_limits/comment", &[("text", text)])
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    };
    let does = async |browser: &Browser, below: &str| {
        let below = format!("/questions/rate_limits/{below}");
        world.post(browser, &below, &[]).await.status
    };
    assert!(world.read(&world.member, &page).await.contains("Nothing was said yet."));
    assert_eq!(
        does(&world.member, "resolve").await,
        StatusCode::CONFLICT,
        "nothing was said"
    );
    says(&world.reviewer, "Which **region**?").await;
    let document = world.read(&world.member, PAGE).await;
    assert!(document.contains("Conversation, open (1 comment)"), "{document}");
    says(&world.member, "Frankfurt.").await;
    assert_eq!(does(&world.reviewer, "resolve").await, StatusCode::SEE_OTHER);
    assert_eq!(does(&world.member, "resolve").await, StatusCode::CONFLICT);
    assert!(
        world
            .read(&world.member, PAGE)
            .await
            .contains("Conversation, resolved (2 comments)")
    );
    assert!(world.read(&world.member, &page).await.contains("Resolved by Rea"));
    world.portal.clock.advance(TimeDelta::minutes(1));
    says(&world.member, "And Dublin.").await;
    assert_eq!(
        does(&world.reviewer, "reopen").await,
        StatusCode::CONFLICT,
        "the comment did"
    );
    assert_eq!(does(&world.member, "resolve").await, StatusCode::SEE_OTHER);
    assert_eq!(does(&world.reviewer, "reopen").await, StatusCode::SEE_OTHER);
    assert!(
        world
            .read(&world.member, PAGE)
            .await
            .contains("Conversation, open (3 comments)")
    );

    // The review counts what is not settled.
    world.complete().await;
    world.submits().await;
    let review = world.read(&world.reviewer, &format!("{PAGE}/review")).await;
    assert!(review.contains("1 conversation is not resolved."), "{review}");
}

#[tokio::test]
async fn a_conversation_is_for_those_who_may_see_the_app() {
    let world = World::new().await;
    let page = format!("{PAGE}/questions/rate_limits");
    let said = world
        .post(&world.member, "/questions/rate_limits/comment", &[("text", "Ours.")])
        .await;
    let comment = said.header("location").rsplit_once("#comment-").unwrap().1.to_owned();
    assert_eq!(world.get(&world.stranger, &page).await.status, StatusCode::NOT_FOUND);
    let edit = format!("/questions/rate_limits/comments/{comment}/edit");
    for below in [
        "/questions/rate_limits/comment",
        "/questions/rate_limits/resolve",
        &edit,
    ] {
        let answer = world
            .post(&world.stranger, below, &[("text", "x"), ("version", "1")])
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{below}");
    }
    for below in ["/questions/nothing/comment", "/questions/nothing/resolve"] {
        let answer = world.post(&world.member, below, &[("text", "x")]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{below}");
    }
    assert_eq!(
        world
            .get(&world.member, &format!("{PAGE}/questions/nothing"))
            .await
            .status,
        StatusCode::NOT_FOUND
    );
    let fields = [("text", "Ours, **again**."), ("version", "1")];
    let by_other = world.post(&world.owner, &edit, &fields).await;
    assert_eq!(by_other.status, StatusCode::FORBIDDEN);
    let by_author = world.post(&world.member, &edit, &fields).await;
    assert_eq!(by_author.status, StatusCode::SEE_OTHER);
    assert!(world.read(&world.reviewer, &page).await.contains("Ours, again"));
}
