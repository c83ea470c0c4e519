use chrono::NaiveDate;
use rampart_domain::{
    id::{AppId, ChecklistWaiverId, InstanceId, ReviewId, UserId},
    onboarding::Item,
    sli::Product,
};
use rampart_server::store::{
    Db, Scope,
    checklists::{self, Instance, Review, Said, Saying, Training, Waiver},
};

use super::{NASTY, Neighbours, after, commit, id, long_text, scope_of, scope_of_staff};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    a_waiver_is_asked_for_granted_and_taken_back,
    an_item_is_waived_without_a_request,
    whoever_asked_is_known_since_the_ticket,
    what_was_flagged_is_answered_once,
    an_instance_is_named_once_and_removed,
    a_training_is_noted_and_taken_back,
    what_another_partner_entered_is_not_seen,
);

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 12, day).unwrap()
}

fn saying(by: UserId, minute: i64, text: &str) -> Saying<'_> {
    Saying {
        by,
        at: after(minute),
        text,
    }
}

fn said(world: &Neighbours, minute: i64, text: &str) -> Option<Said> {
    Some(Said {
        by: world.owner,
        name: "Olivia".to_owned(),
        at: after(minute),
        text: text.to_owned(),
    })
}

async fn asked(db: &Db, world: &Neighbours, app: AppId, item: Item, minute: i64) -> Option<ChecklistWaiverId> {
    let new = id();
    let said = saying(world.owner, minute, NASTY);
    let asked = commit(db, async |tx| checklists::ask(tx, new, app, item, said).await).await;
    asked.then_some(new)
}

async fn waived(db: &Db, world: &Neighbours, item: Item, minute: i64) -> bool {
    let (new, app) = (id(), world.ours.app);
    let said = saying(world.owner, minute, "It is clear.");
    commit(db, async |tx| {
        checklists::waive(tx, new, app, item, day(31), said).await
    })
    .await
}

async fn all(db: &Db, world: &Neighbours) -> Vec<Waiver> {
    checklists::waivers(db, Scope::system(), &[world.ours.app])
        .await
        .unwrap()
}

async fn a_waiver_is_asked_for_granted_and_taken_back(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let app = world.ours.app;
    let current = async || commit(db, async |tx| checklists::current(tx, app, Item::Trial).await).await;
    assert_eq!(current().await, None);
    let first = asked(db, &world, app, Item::Trial, 1).await.unwrap();
    assert_eq!(
        asked(db, &world, app, Item::Trial, 2).await,
        None,
        "it is asked for already"
    );
    let mut waiver = Waiver {
        id: first,
        app,
        item: Item::Trial,
        asked: said(&world, 1, NASTY),
        granted: None,
        until: None,
        ended: None,
    };
    assert_eq!(current().await, Some(waiver.clone()));
    assert!(waived(db, &world, Item::Trial, 3).await, "the request is granted");
    assert!(!waived(db, &world, Item::Trial, 4).await, "it is waived already");
    waiver.granted = said(&world, 3, "It is clear.");
    waiver.until = Some(day(31));
    assert_eq!(current().await, Some(waiver.clone()));
    let why = long_text();
    let end = async |minute| {
        let ended = saying(world.owner, minute, &why);
        commit(db, async |tx| checklists::end(tx, first, ended).await).await
    };
    assert!(end(5).await);
    assert!(!end(6).await, "it is ended");
    waiver.ended = said(&world, 5, &why);
    assert_eq!(current().await, None);
    assert!(
        asked(db, &world, app, Item::Trial, 7).await.is_some(),
        "it can be asked for again"
    );
    assert_eq!(all(db, &world).await[0], waiver, "and what was stays");
}

async fn an_item_is_waived_without_a_request(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    assert!(waived(db, &world, Item::Trial, 1).await);
    assert!(waived(db, &world, Item::Readiness, 2).await, "each item by itself");
    let all = all(db, &world).await;
    assert_eq!(all.len(), 2);
    assert!(
        all.iter()
            .all(|waiver| waiver.asked.is_none() && waiver.until == Some(day(31)))
    );
}

async fn whoever_asked_is_known_since_the_ticket(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let app = world.ours.app;
    asked(db, &world, app, Item::Trial, 5).await.unwrap();
    asked(db, &world, app, Item::Readiness, 6).await.unwrap();
    waived(db, &world, Item::Readiness, 7).await;
    let since = async |minute| commit(db, async |tx| checklists::askers(tx, app, after(minute)).await).await;
    assert_eq!(since(5).await, [world.owner], "once, whatever became of it");
    assert_eq!(since(6).await, [world.owner]);
    assert!(since(7).await.is_empty());
}

async fn what_was_flagged_is_answered_once(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let (app, series) = (world.ours.app, world.ours.series);
    let (flag, fine): (ReviewId, ReviewId) = (id(), id());
    for (new, flagged, minute, note) in [(flag, true, 1, NASTY), (fine, false, 3, "")] {
        let note = saying(world.owner, minute, note);
        commit(db, async |tx| {
            checklists::review(tx, new, (app, series), flagged, note).await
        })
        .await;
    }
    let answer = async |review, minute| {
        let answer = saying(world.owner, minute, "It is a known gap.");
        commit(db, async |tx| checklists::answer(tx, review, answer).await).await
    };
    assert!(answer(flag, 2).await);
    assert!(!answer(flag, 4).await, "it is answered");
    assert!(!answer(fine, 4).await, "nothing was flagged");
    let review = |id, flagged, at, note: &str| Review {
        id,
        app,
        series,
        flagged,
        said: said(&world, at, note).unwrap(),
        answer: None,
    };
    let flagged = Review {
        answer: said(&world, 2, "It is a known gap."),
        ..review(flag, true, 1, NASTY)
    };
    let reviews = checklists::reviews(db, Scope::system(), &[app]).await.unwrap();
    assert_eq!(reviews, [flagged, review(fine, false, 3, "")]);
}

async fn an_instance_is_named_once_and_removed(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let (app, first): (AppId, InstanceId) = (world.ours.app, id());
    let add = async |new: InstanceId, product| {
        commit(db, async |tx| {
            checklists::add_instance(tx, new, app, (product, "a.example.net"), world.owner, after(1)).await
        })
        .await
    };
    assert!(add(first, Product::Jira).await);
    assert!(!add(id(), Product::Jira).await);
    assert!(add(id(), Product::Confluence).await);
    let instances = checklists::instances(db, Scope::system(), &[app]).await.unwrap();
    let instance = Instance {
        id: first,
        app,
        product: Product::Jira,
        site: "a.example.net".to_owned(),
        added_by: "Olivia".to_owned(),
        added_at: after(1),
    };
    assert_eq!(instances[1], instance);
    let remove = async |app| {
        commit(db, async |tx| {
            checklists::remove_instance(tx, app, first, after(2)).await
        })
        .await
    };
    assert!(!remove(world.theirs.app).await, "it is of another app");
    assert!(remove(app).await);
    assert!(!remove(app).await);
    assert_eq!(
        checklists::instances(db, Scope::system(), &[app]).await.unwrap().len(),
        1
    );
    assert!(add(id(), Product::Jira).await, "it can be named again");
}

async fn a_training_is_noted_and_taken_back(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let app = world.ours.app;
    for (minute, text) in [(1, "Robin"), (2, NASTY)] {
        let said = saying(world.owner, minute, text);
        commit(db, async |tx| checklists::set_training(tx, app, said).await).await;
    }
    let training = Training {
        app,
        watched_by: NASTY.to_owned(),
        said_by: "Olivia".to_owned(),
        said_at: after(2),
    };
    assert_eq!(
        checklists::trainings(db, Scope::system(), &[app]).await.unwrap(),
        [training]
    );
    let nobody = saying(world.owner, 3, "");
    commit(db, async |tx| checklists::set_training(tx, app, nobody).await).await;
    assert!(
        checklists::trainings(db, Scope::system(), &[app])
            .await
            .unwrap()
            .is_empty()
    );
}

async fn what_another_partner_entered_is_not_seen(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let (app, series, review) = (world.ours.app, world.ours.series, id());
    asked(db, &world, app, Item::Trial, 1).await.unwrap();
    let said = saying(world.owner, 1, "x");
    commit(db, async |tx| {
        checklists::review(tx, review, (app, series), true, said).await?;
        checklists::add_instance(tx, id(), app, (Product::Jira, "a.example.net"), world.owner, after(1)).await?;
        checklists::set_training(tx, app, said).await
    })
    .await;
    let both = [app, world.theirs.app];
    let seen = async |scope, apps: &[AppId]| {
        (
            checklists::waivers(db, scope, apps).await.unwrap().len(),
            checklists::reviews(db, scope, apps).await.unwrap().len(),
            checklists::instances(db, scope, apps).await.unwrap().len(),
            checklists::trainings(db, scope, apps).await.unwrap().len(),
        )
    };
    assert_eq!(seen(scope_of(id()), &both).await, (0, 0, 0, 0));
    assert_eq!(seen(scope_of_staff(id()), &both).await, (1, 1, 1, 1));
    assert_eq!(seen(world.scope(), &both).await, (1, 1, 1, 1));
    assert_eq!(
        seen(Scope::system(), &both[1..]).await,
        (0, 0, 0, 0),
        "of the other app there is nothing"
    );
    assert_eq!(seen(Scope::system(), &[]).await, (0, 0, 0, 0));
    world.leave(db).await;
    assert_eq!(seen(world.scope(), &both).await, (0, 0, 0, 0));
}
