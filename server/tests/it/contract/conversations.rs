use rampart_domain::{
    id::{AppId, CommentId, ConversationId, ThreadId},
    thread::SubjectKind,
};
use rampart_server::store::{
    Db, Scope,
    conversations::{self, Conversation},
    threads,
};

use super::{NASTY, Neighbours, after, commit, id, scope_of, scope_of_staff};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    a_question_has_one_conversation,
    what_was_said_after_it_was_resolved_opens_it,
    another_partners_conversations_are_not_seen,
);

async fn opened(db: &Db, app: AppId, question: &str) -> ConversationId {
    commit(db, async |tx| conversations::open(tx, id(), app, question).await).await
}

async fn says(db: &Db, world: &Neighbours, conversation: ConversationId, minute: i64) {
    let subject = (SubjectKind::ReadinessQuestion, conversation.0);
    let (new, comment): (ThreadId, CommentId) = (id(), id());
    commit(db, async |tx| {
        let thread = threads::open(tx, new, subject, world.ours.partner, after(0)).await?;
        threads::add(tx, thread, comment, (world.owner, false), NASTY, after(minute)).await
    })
    .await;
}

async fn seen(db: &Db, app: AppId) -> Vec<Conversation> {
    conversations::of_app(db, Scope::system(), app).await.unwrap()
}

async fn a_question_has_one_conversation(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let app = world.ours.app;
    let first = opened(db, app, "backups").await;
    assert_eq!(opened(db, app, "backups").await, first);
    assert_ne!(opened(db, world.theirs.app, "backups").await, first);
    assert!(seen(db, app).await.is_empty(), "nothing was said");
    let second = opened(db, app, "alerting").await;
    says(db, &world, first, 1).await;
    says(db, &world, first, 2).await;
    says(db, &world, second, 3).await;
    let conversation = |id, question: &str, comments, minute| Conversation {
        id,
        question: question.to_owned(),
        comments,
        last_at: after(minute),
        resolved: None,
    };
    let expected = [
        conversation(second, "alerting", 1, 3),
        conversation(first, "backups", 2, 2),
    ];
    assert_eq!(seen(db, app).await, expected);
}

async fn what_was_said_after_it_was_resolved_opens_it(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let app = world.ours.app;
    let conversation = opened(db, app, "backups").await;
    says(db, &world, conversation, 1).await;
    let set = async |by| commit(db, async |tx| conversations::set_resolved(tx, conversation, by).await).await;
    let resolved = async || seen(db, app).await.remove(0).resolved;
    set(Some((world.owner, after(2)))).await;
    assert_eq!(resolved().await, Some(("Olivia".to_owned(), after(2))));
    says(db, &world, conversation, 3).await;
    assert_eq!(resolved().await, None);
    set(Some((world.owner, after(3)))).await;
    assert_eq!(resolved().await, Some(("Olivia".to_owned(), after(3))));
    set(None).await;
    assert_eq!(resolved().await, None);
}

async fn another_partners_conversations_are_not_seen(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let app = world.ours.app;
    let conversation = opened(db, app, "backups").await;
    says(db, &world, conversation, 1).await;
    for (scope, found) in [(scope_of(id()), 0), (scope_of_staff(id()), 1), (world.scope(), 1)] {
        let all = conversations::of_app(db, scope, app).await.unwrap();
        assert_eq!(all.len(), found);
    }
    world.leave(db).await;
    assert!(conversations::of_app(db, world.scope(), app).await.unwrap().is_empty());
}
