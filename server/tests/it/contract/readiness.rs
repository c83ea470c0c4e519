use std::collections::BTreeMap;

use rampart_domain::{
    id::{AppId, UserId},
    readiness::{Answer, Decision, Progress, State, Unit, Verdict},
};
use rampart_server::store::{
    Db, Scope, apps,
    readiness::{self, Approval, Decided, Document, Expiring, Review, Said, Saved, Standing, Submission},
};

use super::{NASTY, Neighbours, TICK, after, an_account, commit, id, long_text, refused, scope_of, scope_of_staff};
use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    an_answer_comes_back_as_it_was_saved,
    an_answer_is_saved_by_one_at_a_time,
    a_document_is_opened_once,
    a_document_goes_from_draft_to_approval,
    an_acceptance_is_taken_over_for_the_next_submission,
    an_approval_outlives_the_next_submission,
    a_notice_of_an_expiry_is_sent_once,
    what_waits_for_somebody_is_found,
    another_partners_document_is_not_seen,
    the_database_refuses_to_change_what_was_signed,
);

const SHA: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct World {
    neighbours: Neighbours,
    app: AppId,
    owner: UserId,
}

/// What was said where nothing else was.
fn said_of(question: &str, verdict: Verdict) -> BTreeMap<String, Said> {
    let note = NASTY.to_owned();
    BTreeMap::from([(question.to_owned(), Said { verdict, note })])
}

fn words(text: &str) -> Answer {
    Answer::Text { text: text.to_owned() }
}

impl World {
    /// An app with an open document.
    async fn new(db: &Db) -> Self {
        let neighbours = Neighbours::new(db).await;
        let (app, owner) = (neighbours.ours.app, neighbours.owner);
        commit(db, async |tx| readiness::open(tx, app, 1).await).await;
        Self { neighbours, app, owner }
    }

    async fn saves(&self, db: &Db, question: &str, version: i64, answer: Option<&Answer>) -> bool {
        let (app, by) = (self.app, self.owner);
        commit(db, async |tx| {
            readiness::save(tx, app, (question, version), answer, by, after(version)).await
        })
        .await
    }

    async fn submit(&self, db: &Db, number: i64) {
        let (app, by) = (self.app, self.owner);
        commit(db, async |tx| {
            readiness::submit(tx, app, number, (NASTY, SHA), by, after(number * 10)).await
        })
        .await;
    }

    async fn review(&self, db: &Db, submission: i64, question: &str, verdict: Verdict) {
        let (app, by) = (self.app, self.owner);
        commit(db, async |tx| {
            readiness::review(tx, app, (submission, question), (verdict, NASTY), by, after(1)).await
        })
        .await;
    }

    /// Decides five minutes after the submission; an approval expires at minute 1000 and a microsecond.
    async fn decide(&self, db: &Db, submission: i64, decision: Decision) {
        let (app, by) = (self.app, self.owner);
        let (state, expires) = match decision {
            Decision::Approved => (State::Approved, Some(after(1_000) + TICK)),
            Decision::ChangesRequested => (State::ChangesRequested, None),
        };
        commit(db, async |tx| {
            let at = after(submission * 10 + 5);
            readiness::decide(tx, app, submission, (decision, state), (NASTY, SHA), by, (at, expires)).await
        })
        .await;
    }

    async fn standing(&self, db: &Db) -> Standing {
        let standing = readiness::standing(db, Scope::system(), self.app).await.unwrap();
        standing.unwrap()
    }
}

async fn an_answer_comes_back_as_it_was_saved(database: TestDatabase) {
    let db = &database.store.portal;
    let world = World::new(db).await;
    let (text, length) = (
        words(&format!("{NASTY}{}", long_text())),
        Answer::Duration {
            amount: 4,
            unit: Unit::Hours,
        },
    );
    assert!(world.saves(db, "first", 0, Some(&text)).await);
    assert!(world.saves(db, "second", 0, Some(&length)).await);
    assert!(world.saves(db, "third", 0, Some(&length)).await);
    assert!(world.saves(db, "third", 1, None).await);
    let saved = |question: &str, version: i64, answer: Option<&Answer>| Saved {
        question: question.to_owned(),
        version,
        answer: answer.cloned(),
        by: world.owner,
        by_name: "Olivia".to_owned(),
        at: after(version - 1),
    };
    let expected = [
        saved("first", 1, Some(&text)),
        saved("second", 1, Some(&length)),
        saved("third", 2, None),
    ];
    let found = readiness::answers(db, Scope::system(), world.app).await.unwrap();
    assert_eq!(found, expected);
    let current = commit(db, async |tx| readiness::current(tx, world.app).await).await;
    assert_eq!(current, [("first".to_owned(), text), ("second".to_owned(), length)]);
    let authors = readiness::authors(db, Scope::system(), world.app).await.unwrap();
    assert_eq!(authors, [world.owner]);
}

async fn an_answer_is_saved_by_one_at_a_time(database: TestDatabase) {
    let db = &database.store.portal;
    let world = World::new(db).await;
    let (mine, theirs) = (words("mine"), words("theirs"));
    assert!(
        !world.saves(db, "first", 1, Some(&mine)).await,
        "there is no version 1 yet"
    );
    assert!(world.saves(db, "first", 0, Some(&mine)).await);
    let other = an_account(db, "Oskar").await;
    let theirs_saved = commit(db, async |tx| {
        readiness::save(tx, world.app, ("first", 0), Some(&theirs), other, after(9)).await
    });
    assert!(!theirs_saved.await, "somebody was first");
    let authors = readiness::authors(db, Scope::system(), world.app).await.unwrap();
    assert_eq!(authors, [world.owner], "who saved nothing wrote nothing");
    assert!(world.saves(db, "first", 1, Some(&theirs)).await);
    assert!(!world.saves(db, "first", 1, Some(&mine)).await);
    assert!(
        world.saves(db, "second", 0, Some(&mine)).await,
        "another question is free"
    );
    let found = readiness::answers(db, Scope::system(), world.app).await.unwrap();
    assert_eq!((found[0].version, &found[0].answer), (2, &Some(theirs)));
}

async fn a_document_is_opened_once(database: TestDatabase) {
    let db = &database.store.portal;
    let world = World::new(db).await;
    let progress = Progress {
        answered: 3,
        required: 20,
    };
    commit(db, async |tx| readiness::set_progress(tx, world.app, progress).await).await;
    let again = commit(db, async |tx| readiness::open(tx, world.app, 2).await).await;
    let document = Document {
        questionnaire: 1,
        state: State::Draft,
        progress,
        submissions: 0,
    };
    assert_eq!(again, document, "it keeps the version that it answers");
    let expected = Standing {
        document,
        submitted_at: None,
        decided_at: None,
        approval: None,
    };
    assert_eq!(world.standing(db).await, expected);
    let both = [world.app, world.neighbours.theirs.app];
    let latest = commit(db, async |tx| readiness::latest(tx, world.app, "first").await).await;
    assert_eq!(latest, None, "nobody answered it");
    let found = readiness::standings(db, Scope::system(), &both).await.unwrap();
    assert_eq!(found, [(world.app, expected)]);
    assert_eq!(readiness::standings(db, Scope::system(), &[]).await.unwrap(), []);
    let other = readiness::standing(db, Scope::system(), world.neighbours.theirs.app).await;
    assert_eq!(other.unwrap(), None);
}

async fn a_document_goes_from_draft_to_approval(database: TestDatabase) {
    let db = &database.store.portal;
    let world = World::new(db).await;
    world.submit(db, 1).await;
    let standing = world.standing(db).await;
    assert_eq!(
        (standing.document.state, standing.document.submissions),
        (State::Submitted, 1)
    );
    assert_eq!((standing.submitted_at, standing.decided_at), (Some(after(10)), None));
    world.review(db, 1, "first", Verdict::Accepted).await;
    world.review(db, 1, "first", Verdict::ChangeRequested).await;
    let said = commit(db, async |tx| readiness::said(tx, world.app, 1).await).await;
    assert_eq!(said, said_of("first", Verdict::ChangeRequested));
    let reviews = readiness::reviews(db, Scope::system(), world.app, 1).await.unwrap();
    let expected = Review {
        question: "first".to_owned(),
        said: Said {
            verdict: Verdict::ChangeRequested,
            note: NASTY.to_owned(),
        },
        by_name: "Olivia".to_owned(),
        at: after(1),
    };
    assert_eq!(reviews, [expected]);
    world.decide(db, 1, Decision::ChangesRequested).await;
    let standing = world.standing(db).await;
    assert_eq!(standing.document.state, State::ChangesRequested);
    assert_eq!((standing.decided_at, standing.approval), (Some(after(15)), None));

    world.submit(db, 2).await;
    assert_eq!(world.standing(db).await.decided_at, None);
    world.decide(db, 2, Decision::Approved).await;
    let submission = |number, decision, expires_at| Submission {
        number,
        content: NASTY.to_owned(),
        sha256: SHA.to_owned(),
        by: world.owner,
        by_name: "Olivia".to_owned(),
        at: after(number * 10),
        decided: Some(Decided {
            decision,
            reason: NASTY.to_owned(),
            sha256: SHA.to_owned(),
            by_name: "Olivia".to_owned(),
            at: after(number * 10 + 5),
            expires_at,
        }),
    };
    let expected = [
        submission(1, Decision::ChangesRequested, None),
        submission(2, Decision::Approved, Some(after(1_000) + TICK)),
    ];
    let found = readiness::submissions(db, Scope::system(), world.app).await.unwrap();
    assert_eq!(found, expected);
}

async fn an_acceptance_is_taken_over_for_the_next_submission(database: TestDatabase) {
    let db = &database.store.portal;
    let world = World::new(db).await;
    world.submit(db, 1).await;
    world.review(db, 1, "first", Verdict::Accepted).await;
    world.review(db, 1, "second", Verdict::ChangeRequested).await;
    world.review(db, 1, "third", Verdict::Accepted).await;
    world.decide(db, 1, Decision::ChangesRequested).await;
    world.submit(db, 2).await;
    for question in ["first", "second", "unknown"] {
        commit(db, async |tx| readiness::carry(tx, world.app, 2, question).await).await;
    }
    let said = commit(db, async |tx| readiness::said(tx, world.app, 2).await).await;
    assert_eq!(said, said_of("first", Verdict::Accepted));
}

async fn an_approval_outlives_the_next_submission(database: TestDatabase) {
    let db = &database.store.portal;
    let world = World::new(db).await;
    world.submit(db, 1).await;
    world.decide(db, 1, Decision::Approved).await;
    world.submit(db, 2).await;
    world.decide(db, 2, Decision::ChangesRequested).await;
    let standing = world.standing(db).await;
    let approval = standing.approval.unwrap();
    let expires_at = after(1_000) + TICK;
    let expected = Approval {
        submission: 1,
        at: after(15),
        expires_at,
    };
    assert_eq!(approval, expected);
    assert!(approval.holds(expires_at - TICK) && !approval.holds(expires_at));
    assert_eq!(standing.decided_at, Some(after(25)));
}

async fn a_notice_of_an_expiry_is_sent_once(database: TestDatabase) {
    let db = &database.store.portal;
    let world = World::new(db).await;
    let expires_at = after(1_000) + TICK;
    let expiring = async |until| readiness::expiring(db, until).await.unwrap();
    world.submit(db, 1).await;
    world.decide(db, 1, Decision::Approved).await;
    assert_eq!(expiring(expires_at - TICK).await, []);
    let mut of = Expiring {
        app: world.app,
        submission: 1,
        expires_at,
        noticed: None,
    };
    assert_eq!(expiring(expires_at).await, [of]);
    let notice = async |days| commit(db, async |tx| readiness::notice(tx, &of, days, after(20)).await).await;
    assert!(notice(60).await && notice(14).await);
    assert!(!notice(14).await);
    of.noticed = Some(14);
    assert_eq!(expiring(expires_at).await, [of]);
    world.submit(db, 2).await;
    assert_eq!(expiring(expires_at).await, [], "the reviewers read");
    world.decide(db, 2, Decision::ChangesRequested).await;
    assert_eq!(expiring(expires_at).await, [of]);
    commit(db, async |tx| readiness::notice(tx, &of, 0, after(21)).await).await;
    assert_eq!(expiring(expires_at).await, [], "everything was told");
    world.submit(db, 3).await;
    world.decide(db, 3, Decision::Approved).await;
    let found = expiring(expires_at).await;
    assert_eq!((found[0].submission, found[0].noticed, found.len()), (3, None, 1));
    commit(db, async |tx| apps::set_archived(tx, world.app, Some(after(40))).await).await;
    assert_eq!(expiring(expires_at).await, []);
}

async fn what_waits_for_somebody_is_found(database: TestDatabase) {
    let db = &database.store.portal;
    let world = World::new(db).await;
    let expires = after(1_000) + TICK;
    let pending = async |scope, until| readiness::pending(db, scope, until).await.unwrap();
    assert!(
        pending(Scope::system(), expires).await.is_empty(),
        "a draft waits for nobody"
    );
    world.submit(db, 1).await;
    assert_eq!(pending(world.neighbours.scope(), after(1)).await, [world.app]);
    assert_eq!(pending(scope_of_staff(id()), after(1)).await, [world.app]);
    assert!(pending(scope_of(id()), after(1)).await.is_empty());
    world.decide(db, 1, Decision::ChangesRequested).await;
    assert_eq!(pending(Scope::system(), after(1)).await, [world.app]);
    world.submit(db, 2).await;
    world.decide(db, 2, Decision::Approved).await;
    assert!(pending(Scope::system(), after(1_000)).await.is_empty());
    assert_eq!(pending(Scope::system(), expires).await, [world.app]);
    commit(db, async |tx| {
        apps::set_archived(tx, world.app, Some(after(2_000))).await
    })
    .await;
    assert!(pending(Scope::system(), expires).await.is_empty(), "it is archived");
}

async fn another_partners_document_is_not_seen(database: TestDatabase) {
    let db = &database.store.portal;
    let world = World::new(db).await;
    world.saves(db, "first", 0, Some(&words("x"))).await;
    world.submit(db, 1).await;
    world.review(db, 1, "first", Verdict::Accepted).await;
    let seen = async |scope| {
        let app = world.app;
        [
            usize::from(readiness::standing(db, scope, app).await.unwrap().is_some()),
            readiness::standings(db, scope, &[app]).await.unwrap().len(),
            readiness::answers(db, scope, app).await.unwrap().len(),
            readiness::authors(db, scope, app).await.unwrap().len(),
            readiness::submissions(db, scope, app).await.unwrap().len(),
            readiness::reviews(db, scope, app, 1).await.unwrap().len(),
        ]
    };
    assert_eq!(seen(world.neighbours.scope()).await, [1; 6]);
    assert_eq!(seen(scope_of_staff(id())).await, [1; 6]);
    assert_eq!(seen(scope_of(id())).await, [0; 6]);
    world.neighbours.leave(db).await;
    assert_eq!(seen(world.neighbours.scope()).await, [0; 6]);
}

async fn the_database_refuses_to_change_what_was_signed(database: TestDatabase) {
    let db = &database.store.portal;
    let world = World::new(db).await;
    world.submit(db, 1).await;
    world.decide(db, 1, Decision::Approved).await;
    for statement in [
        "update readiness_submission set content = 'x'",
        "delete from readiness_submission",
        "update readiness_decision set reason = 'x'",
        "delete from readiness_decision",
    ] {
        assert!(sql(db, statement).await.is_err(), "{statement}");
    }
    refused(db, async |tx| {
        readiness::submit(tx, world.app, 1, ("x", SHA), world.owner, after(30)).await
    })
    .await;
    let found = readiness::submissions(db, Scope::system(), world.app).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].content, NASTY);
}
