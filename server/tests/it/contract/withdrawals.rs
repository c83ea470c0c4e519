use rampart_domain::id::{AppId, WithdrawalId};
use rampart_server::store::{
    Db, Scope,
    withdrawals::{self, Withdrawal},
};

use super::{NASTY, Neighbours, TICK, after, commit, id, long_text, scope_of, scope_of_staff};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    a_withdrawal_comes_back_as_it_was_announced,
    a_withdrawal_ends_once,
    what_is_due_comes_in_order,
    another_partners_withdrawals_are_not_seen,
);

async fn announced(db: &Db, world: &Neighbours, app: AppId, minute: i64) -> Option<WithdrawalId> {
    let new = id();
    let times = (after(1), after(minute) + TICK);
    let announced = commit(db, async |tx| {
        withdrawals::announce(tx, new, app, (world.owner, NASTY), times).await
    })
    .await;
    announced.then_some(new)
}

async fn a_withdrawal_comes_back_as_it_was_announced(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let app = world.ours.app;
    let open_for = async || commit(db, async |tx| withdrawals::open_for(tx, app).await).await;
    assert_eq!(open_for().await, None);
    let first = announced(db, &world, app, 5).await.unwrap();
    assert_eq!(announced(db, &world, app, 6).await, None, "one is open");
    let withdrawal = Withdrawal {
        id: first,
        app,
        announced_by: "Olivia".to_owned(),
        announced_at: after(1),
        effective_at: after(5) + TICK,
        why: NASTY.to_owned(),
    };
    assert_eq!(open_for().await, Some(withdrawal.clone()));
    assert_eq!(
        withdrawals::of_apps(db, Scope::system(), &[app]).await.unwrap(),
        [withdrawal]
    );
    assert!(withdrawals::of_apps(db, Scope::system(), &[]).await.unwrap().is_empty());
}

async fn a_withdrawal_ends_once(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let app = world.ours.app;
    let first = announced(db, &world, app, 5).await.unwrap();
    let why = long_text();
    let end = async |by| commit(db, async |tx| withdrawals::end(tx, first, after(2), (by, &why)).await).await;
    assert!(end(Some(world.owner)).await);
    assert!(!end(None).await, "it has ended");
    assert_eq!(commit(db, async |tx| withdrawals::open_for(tx, app).await).await, None);
    assert!(withdrawals::due(db, after(9)).await.unwrap().is_empty());
    assert!(
        announced(db, &world, app, 6).await.is_some(),
        "another may be announced"
    );
}

async fn what_is_due_comes_in_order(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let (ours, theirs) = (world.ours.app, world.theirs.app);
    announced(db, &world, ours, 5).await.unwrap();
    announced(db, &world, theirs, 4).await.unwrap();
    let due = async |at| withdrawals::due(db, at).await.unwrap();
    assert_eq!(due(after(4)).await, []);
    assert_eq!(due(after(4) + TICK).await, [theirs]);
    assert_eq!(due(after(5) + TICK).await, [theirs, ours]);
}

async fn another_partners_withdrawals_are_not_seen(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let (ours, theirs) = (world.ours.app, world.theirs.app);
    for app in [ours, theirs] {
        announced(db, &world, app, 5).await.unwrap();
    }
    for (scope, seen) in [
        (scope_of(id()), vec![]),
        (scope_of_staff(id()), vec![ours, theirs]),
        (world.scope(), vec![ours]),
    ] {
        let open = withdrawals::of_apps(db, scope, &[ours, theirs]).await.unwrap();
        let mut open: Vec<_> = open.into_iter().map(|open| open.app).collect();
        open.sort_by_key(|app| *app != ours);
        assert_eq!(open, seen);
    }
    world.leave(db).await;
    assert!(
        withdrawals::of_apps(db, world.scope(), &[ours])
            .await
            .unwrap()
            .is_empty()
    );
}
