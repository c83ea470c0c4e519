use chrono::{DateTime, SubsecRound, Utc};
use rampart_domain::{
    escalation::{Fact, FactKind, Text},
    id::AppId,
};
use rampart_server::store::{
    Db, Scope,
    appeals::{self, Closed},
    facts::{self, FiledBy},
};

use super::{NASTY, Neighbours, commit, refused, scope_of_staff};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    an_appeal_comes_back_with_its_verdict,
    appeals_that_wait_are_found,
    an_appeal_is_decided_once,
    another_partners_appeal_is_not_seen,
);

/// Facts have whole seconds.
fn after(minutes: i64) -> DateTime<Utc> {
    super::after(minutes).trunc_subsecs(0)
}

async fn file(db: &Db, world: &Neighbours, app: AppId, id: &str, minutes: i64, kind: FactKind) -> Text {
    let fact = Fact {
        id: id.into(),
        at: after(minutes),
        app: Some("an.app".into()),
        kind,
    };
    let by = FiledBy {
        account: world.owner,
        why: NASTY,
    };
    commit(db, async |tx| facts::file(tx, Some(app), fact, Some(by)).await)
        .await
        .id
}

async fn open(db: &Db, world: &Neighbours, app: AppId, id: &str, minutes: i64, about: &[Text]) -> Text {
    let fact = file(db, world, app, id, minutes, FactKind::AppealOpened).await;
    commit(db, async |tx| appeals::open(tx, &fact, app, about).await).await;
    fact
}

async fn an_appeal_comes_back_with_its_verdict(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let app = world.ours.app;
    let about = ["b1".into(), NASTY.into()];
    let opened = open(db, &world, app, "f1", 0, &about).await;
    let stored = appeals::of_app(db, world.scope(), app).await.unwrap().remove(0);
    assert_eq!((stored.fact, stored.opened_at), (opened.clone(), after(0)));
    assert_eq!(
        (stored.why.as_str(), stored.about.as_slice()),
        (NASTY, about.as_slice())
    );
    assert_eq!(stored.closed, None);
    let fact = file(db, &world, app, "f2", 5, FactKind::AppealClosed).await;
    commit(db, async |tx| appeals::close(tx, &opened, &fact, true, NASTY).await).await;
    let closed = appeals::of_app(db, world.scope(), app).await.unwrap().remove(0).closed;
    let expected = Closed {
        at: after(5),
        why: NASTY.to_owned(),
        granted: true,
        effect: NASTY.to_owned(),
    };
    assert_eq!(closed, Some(expected));
}

async fn appeals_that_wait_are_found(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let (ours, theirs) = (world.ours.app, world.theirs.app);
    open(db, &world, ours, "f1", 0, &[]).await;
    open(db, &world, theirs, "f2", 1, &[]).await;
    let since = async |scope: Scope| -> Vec<DateTime<Utc>> {
        let waiting = appeals::waiting(db, scope).await.unwrap();
        waiting.iter().map(|appeal| appeal.since).collect()
    };
    assert_eq!(since(scope_of_staff(world.owner)).await, [after(0), after(1)]);
    assert_eq!(since(world.scope()).await, [after(0)]);
    let of = async |scope, app| appeals::waiting_of(db, scope, app).await.unwrap();
    assert_eq!(of(world.scope(), ours).await, Some(after(0)));
    assert_eq!(of(world.scope(), theirs).await, None, "a stranger's");
    file(db, &world, ours, "f3", 2, FactKind::AppealClosed).await;
    assert_eq!(since(Scope::system()).await, [after(1)]);
    assert_eq!(of(world.scope(), ours).await, None);
    open(db, &world, ours, "f4", 3, &[]).await;
    assert_eq!(since(Scope::system()).await, [after(1), after(3)]);
}

async fn an_appeal_is_decided_once(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let opened = open(db, &world, world.ours.app, "f1", 0, &[]).await;
    let fact = "f2".into();
    commit(db, async |tx| appeals::close(tx, &opened, &fact, false, "").await).await;
    let other = "f3".into();
    refused(db, async |tx| appeals::close(tx, &opened, &other, true, "").await).await;
    let never = "never".into();
    refused(db, async |tx| appeals::close(tx, &never, &other, true, "").await).await;
}

async fn another_partners_appeal_is_not_seen(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    open(db, &world, world.theirs.app, "f1", 0, &["b1".into()]).await;
    let seen = async |scope| appeals::of_app(db, scope, world.theirs.app).await.unwrap().len();
    assert_eq!(seen(world.scope()).await, 0);
    assert_eq!(seen(scope_of_staff(world.owner)).await, 1);
}
