use rampart_domain::{access::StaffRole, id::PlanId};
use rampart_server::store::{
    Db, Scope, accounts,
    plans::{self, Contact, Plan},
};

use super::{Neighbours, after, commit, id, refused, scope_of, scope_of_staff};
use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    a_plan_is_opened_closed_and_opened_again,
    an_app_has_one_open_plan,
    a_contact_is_named_while_the_plan_is_open,
    another_partners_plan_is_not_seen,
    apps_that_were_in_remediation_before_have_a_plan,
);

async fn opened(db: &Db, world: &Neighbours, minute: i64) -> PlanId {
    let (new, app) = (id(), world.ours.app);
    commit(db, async |tx| plans::open(tx, new, app, after(minute)).await).await;
    new
}

async fn latest(db: &Db, world: &Neighbours) -> Option<Plan> {
    commit(db, async |tx| plans::latest_for(tx, world.ours.app).await).await
}

async fn a_plan_is_opened_closed_and_opened_again(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    assert_eq!(latest(db, &world).await, None);
    let first = opened(db, &world, 1).await;
    let plan = Plan {
        id: first,
        app: world.ours.app,
        opened_at: after(1),
        closed_at: None,
        contact: None,
    };
    assert_eq!(latest(db, &world).await, Some(plan.clone()));
    commit(db, async |tx| plans::close(tx, first, after(2)).await).await;
    commit(db, async |tx| plans::close(tx, first, after(3)).await).await;
    let closed = Plan {
        closed_at: Some(after(2)),
        ..plan.clone()
    };
    assert_eq!(latest(db, &world).await, Some(closed.clone()));
    let second = opened(db, &world, 4).await;
    let all = plans::of_app(db, Scope::system(), world.ours.app).await.unwrap();
    assert_eq!(all.iter().map(|p| p.id).collect::<Vec<_>>(), [second, first]);
    assert_eq!(all[1], closed);
    commit(db, async |tx| plans::close(tx, second, after(5)).await).await;
    commit(db, async |tx| plans::reopen(tx, first).await).await;
    assert_eq!(latest(db, &world).await, Some(plan), "the open one comes first");
}

async fn an_app_has_one_open_plan(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let first = opened(db, &world, 1).await;
    let app = world.ours.app;
    refused(db, async |tx| plans::open(tx, id(), app, after(2)).await).await;
    commit(db, async |tx| plans::close(tx, first, after(3)).await).await;
    opened(db, &world, 4).await;
}

async fn a_contact_is_named_while_the_plan_is_open(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let plan = opened(db, &world, 1).await;
    let named = async || commit(db, async |tx| plans::set_contact(tx, plan, world.owner).await).await;
    assert!(named().await);
    let contact = Contact {
        account: world.owner,
        name: "Olivia".to_owned(),
        mail: "olivia@example.com".to_owned(),
    };
    let shown = async || latest(db, &world).await.unwrap().contact;
    assert_eq!(shown().await, None, "nobody of the platform");
    for (role, is_shown) in [(StaffRole::Reviewer, true), (StaffRole::Administrator, false)] {
        commit(db, async |tx| accounts::set_staff_roles(tx, world.owner, &[role]).await).await;
        assert_eq!(shown().await, Some(contact.clone()).filter(|_| is_shown), "{role:?}");
    }
    commit(db, async |tx| plans::close(tx, plan, after(2)).await).await;
    assert!(!named().await);
}

async fn another_partners_plan_is_not_seen(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let plan = opened(db, &world, 1).await;
    let app = world.ours.app;
    for (scope, is_seen) in [
        (scope_of(id()), false),
        (scope_of_staff(id()), true),
        (world.scope(), true),
    ] {
        let plans = plans::of_app(db, scope, app).await.unwrap();
        assert_eq!(plans.len(), usize::from(is_seen));
        let found = plans::app_of(db, scope, plan).await.unwrap();
        assert_eq!(found, is_seen.then_some(app));
    }
    world.leave(db).await;
    assert!(plans::of_app(db, world.scope(), app).await.unwrap().is_empty());
    assert_eq!(plans::app_of(db, world.scope(), plan).await.unwrap(), None);
}

/// The migration opens a plan for each of them; its statement, on what was there before it.
async fn apps_that_were_in_remediation_before_have_a_plan(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let (engine, literal) = match db {
        Db::Sqlite(_) => ("sqlite", format!("x'{}'", world.ours.app.0.simple())),
        Db::Postgres(_) => ("postgres", format!("'{}'", world.ours.app)),
    };
    let standing = format!(
        "insert into standing (app_id, state, baseline, entered, paused, facts_seq, decisions)
         values ({literal}, 'remediation', 0, 1763892030, false, 0, 0)"
    );
    sql(db, &standing).await.unwrap();
    let path = format!("{engine}/portal/20261123150100_remediation.sql");
    let script = super::migrations::migration(&path);
    let from = script.find("insert into remediation_plan").unwrap();
    let statement = &script[from..from + script[from..].find(';').unwrap()];
    assert_eq!(sql(db, statement).await.unwrap(), 1);
    let plan = latest(db, &world).await.unwrap();
    assert_eq!(plan.opened_at.timestamp(), 1_763_892_030);
    assert_eq!(plan.closed_at, None);
}
