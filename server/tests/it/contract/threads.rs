use rampart_domain::{
    id::{CommentId, ThreadId},
    thread::SubjectKind,
};
use rampart_server::store::{
    Db, Scope,
    threads::{self, Comment, Version},
};
use uuid::Uuid;

use super::{NASTY, Neighbours, after, commit, id, long_text, refused, scope_of, scope_of_staff};
use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    a_comment_comes_back_as_it_was_written,
    a_subject_has_one_thread,
    a_comment_keeps_what_it_said_before,
    another_partners_thread_is_not_seen,
    the_database_refuses_to_change_comments,
);

const KIND: SubjectKind = SubjectKind::RemediationPlan;

async fn opened(db: &Db, world: &Neighbours, subject: Uuid) -> ThreadId {
    let (new, partner) = (id(), world.ours.partner);
    commit(db, async |tx| {
        threads::open(tx, new, (KIND, subject), partner, after(0)).await
    })
    .await
}

async fn added(db: &Db, world: &Neighbours, thread: ThreadId, text: &str, minute: i64) -> CommentId {
    let new = id();
    commit(db, async |tx| {
        threads::add(tx, thread, new, (world.owner, false), text, after(minute)).await
    })
    .await;
    new
}

async fn read(db: &Db, scope: Scope, subject: Uuid) -> Vec<Comment> {
    threads::of_subject(db, scope, (KIND, subject)).await.unwrap()
}

async fn a_comment_comes_back_as_it_was_written(database: TestDatabase) {
    let db = &database.store.portal;
    let (world, subject) = (Neighbours::new(db).await, id());
    let thread = opened(db, &world, subject).await;
    let later = added(db, &world, thread, &long_text(), 2).await;
    let first = added(db, &world, thread, NASTY, 1).await;
    let comment = |id, text: &str, minute| Comment {
        id,
        author: world.owner,
        author_name: "Olivia".to_owned(),
        by_staff: false,
        versions: vec![Version {
            number: 1,
            text: text.to_owned(),
            at: after(minute),
        }],
    };
    assert_eq!(
        read(db, world.scope(), subject).await,
        [comment(first, NASTY, 1), comment(later, &long_text(), 2)]
    );
    assert_eq!(commit(db, async |tx| threads::count(tx, thread).await).await, 2);
}

async fn a_subject_has_one_thread(database: TestDatabase) {
    let db = &database.store.portal;
    let (world, subject) = (Neighbours::new(db).await, id());
    let thread = opened(db, &world, subject).await;
    assert_eq!(opened(db, &world, subject).await, thread);
    assert_ne!(opened(db, &world, id()).await, thread);
    added(db, &world, thread, "x", 1).await;
    assert_eq!(read(db, Scope::system(), id()).await, []);
}

async fn a_comment_keeps_what_it_said_before(database: TestDatabase) {
    let db = &database.store.portal;
    let (world, subject) = (Neighbours::new(db).await, id());
    let thread = opened(db, &world, subject).await;
    let comment = added(db, &world, thread, "one", 1).await;
    let edit = async |version, text: &'static str| {
        commit(db, async |tx| {
            threads::edit(tx, comment, version, text, after(version + 1)).await
        })
        .await
    };
    assert!(edit(1, "two").await);
    assert!(!edit(1, "too late").await, "it was changed meanwhile");
    assert!(!edit(9, "of nothing").await);
    assert!(edit(2, "three").await);
    let said: Vec<_> = read(db, Scope::system(), subject).await.remove(0).versions;
    let said: Vec<_> = said.into_iter().map(|v| (v.number, v.text, v.at)).collect();
    let expected = [(1, "one", 1), (2, "two", 2), (3, "three", 3)];
    assert_eq!(said, expected.map(|(n, text, at)| (n, text.to_owned(), after(at))));
}

async fn another_partners_thread_is_not_seen(database: TestDatabase) {
    let db = &database.store.portal;
    let (world, subject) = (Neighbours::new(db).await, id());
    let thread = opened(db, &world, subject).await;
    added(db, &world, thread, "x", 1).await;
    assert_eq!(read(db, scope_of(id()), subject).await, []);
    assert_eq!(read(db, scope_of_staff(id()), subject).await.len(), 1);
    assert_eq!(read(db, world.scope(), subject).await.len(), 1);
    world.leave(db).await;
    assert_eq!(read(db, world.scope(), subject).await, []);
}

async fn the_database_refuses_to_change_comments(database: TestDatabase) {
    let db = &database.store.portal;
    let (world, subject) = (Neighbours::new(db).await, id());
    let thread = opened(db, &world, subject).await;
    let comment = added(db, &world, thread, "x", 1).await;
    for statement in [
        "update comment set by_staff = true",
        "delete from comment",
        "update comment_version set text = 'y'",
        "delete from comment_version",
    ] {
        assert!(sql(db, statement).await.is_err(), "{statement}");
    }
    refused(db, async |tx| {
        threads::add(tx, thread, comment, (world.owner, false), "again", after(2)).await
    })
    .await;
    assert_eq!(read(db, Scope::system(), subject).await[0].versions[0].text, "x");
}
