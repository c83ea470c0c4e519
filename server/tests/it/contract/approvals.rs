use rampart_domain::id::{AppId, TicketId};
use rampart_server::store::{
    Db, Scope,
    approvals::{self, Ticket, Verdict},
    apps,
};

use super::{NASTY, Neighbours, after, commit, id, long_text, scope_of, scope_of_staff};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    an_app_has_one_open_ticket,
    a_ticket_is_decided_once,
    program_managers_are_told_once,
    another_partners_tickets_are_not_seen,
    tickets_of_archived_apps_do_not_wait,
);

async fn opened(db: &Db, world: &Neighbours, app: AppId, minute: i64) -> Option<TicketId> {
    let new = id();
    let opened = commit(db, async |tx| {
        approvals::open(tx, new, app, world.owner, after(minute)).await
    })
    .await;
    opened.then_some(new)
}

async fn an_app_has_one_open_ticket(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let app = world.ours.app;
    let open_for = async || commit(db, async |tx| approvals::open_for(tx, app).await).await;
    assert_eq!(open_for().await, None);
    let first = opened(db, &world, app, 1).await.unwrap();
    assert_eq!(opened(db, &world, app, 2).await, None, "one is open");
    let ticket = Ticket {
        id: first,
        app,
        opened_at: after(1),
        opened_by: "Olivia".to_owned(),
        ready_at: None,
        verdict: None,
    };
    assert_eq!(open_for().await, Some(ticket.clone()));
    assert_eq!(approvals::of_app(db, Scope::system(), app).await.unwrap(), [ticket]);
    assert!(
        opened(db, &world, world.theirs.app, 2).await.is_some(),
        "another app has its own"
    );
}

async fn a_ticket_is_decided_once(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let app = world.ours.app;
    let first = opened(db, &world, app, 1).await.unwrap();
    let decided = async |approved, why: &str, minute| {
        commit(db, async |tx| {
            approvals::decide(tx, first, world.owner, (approved, why), after(minute)).await
        })
        .await
    };
    assert!(decided(false, NASTY, 2).await);
    assert!(!decided(true, "x", 3).await, "it was decided");
    let second = opened(db, &world, app, 4).await.unwrap();
    let all = approvals::of_app(db, Scope::system(), app).await.unwrap();
    assert_eq!(all.iter().map(|t| t.id).collect::<Vec<_>>(), [second, first]);
    let verdict = Verdict {
        approved: false,
        why: NASTY.to_owned(),
        by: "Olivia".to_owned(),
        at: after(2),
    };
    assert_eq!(all[1].verdict, Some(verdict));
    let why = long_text();
    let approved = async |tx: &mut _| approvals::decide(tx, second, world.owner, (true, &why), after(5)).await;
    assert!(commit(db, approved).await);
    let all = approvals::of_app(db, Scope::system(), app).await.unwrap();
    assert!(
        all[0]
            .verdict
            .as_ref()
            .is_some_and(|said| said.approved && said.why == why)
    );
}

async fn program_managers_are_told_once(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let ticket = opened(db, &world, world.ours.app, 1).await.unwrap();
    let told = async |minute| commit(db, async |tx| approvals::set_ready(tx, ticket, after(minute)).await).await;
    assert!(told(2).await);
    assert!(!told(3).await);
    let open = approvals::open_ones(db, Scope::system()).await.unwrap();
    assert_eq!(open[0].ready_at, Some(after(2)));
    let other = opened(db, &world, world.theirs.app, 1).await.unwrap();
    commit(db, async |tx| {
        approvals::decide(tx, other, world.owner, (true, "x"), after(2)).await
    })
    .await;
    assert!(
        !commit(db, async |tx| approvals::set_ready(tx, other, after(3)).await).await,
        "it is decided"
    );
}

async fn another_partners_tickets_are_not_seen(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let app = world.ours.app;
    let ours = opened(db, &world, app, 2).await.unwrap();
    let theirs = opened(db, &world, world.theirs.app, 1).await.unwrap();
    for (scope, seen) in [
        (scope_of(id()), vec![]),
        (scope_of_staff(id()), vec![theirs, ours]),
        (world.scope(), vec![ours]),
    ] {
        let open = approvals::open_ones(db, scope).await.unwrap();
        assert_eq!(open.iter().map(|t| t.id).collect::<Vec<_>>(), seen, "the oldest first");
        let own = approvals::of_app(db, scope, app).await.unwrap();
        assert_eq!(own.len(), usize::from(seen.contains(&ours)));
    }
    world.leave(db).await;
    assert!(approvals::open_ones(db, world.scope()).await.unwrap().is_empty());
    assert!(approvals::of_app(db, world.scope(), app).await.unwrap().is_empty());
}

async fn tickets_of_archived_apps_do_not_wait(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let app = world.ours.app;
    opened(db, &world, app, 1).await.unwrap();
    commit(db, async |tx| apps::set_archived(tx, app, Some(after(2))).await).await;
    assert!(approvals::open_ones(db, Scope::system()).await.unwrap().is_empty());
    assert_eq!(approvals::of_app(db, Scope::system(), app).await.unwrap().len(), 1);
}
