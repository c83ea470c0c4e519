use chrono::{DateTime, Utc};
use rampart_domain::id::{AlertAddressId, AppId};
use rampart_server::store::{
    Db, Scope,
    alert_addresses::{self, AlertAddress, Request},
};

use super::{
    NASTY, Neighbours, TICK, a_partner, after, an_app, commit, id, long_text, now, nth, refused, scope_of_staff,
};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    a_request_comes_back_as_it_was_filed,
    a_token_belongs_to_one_request,
    a_request_expires_on_the_microsecond,
    a_new_request_replaces_the_one_that_waits,
    a_confirmed_address_is_used_until_another_is_confirmed,
    an_address_is_confirmed_once,
    an_address_that_fails_is_no_longer_used,
    alert_addresses_are_seen_by_members_only,
    the_addresses_of_many_apps_are_read_at_once,
);

async fn request(db: &Db, id: AlertAddressId, app: AppId, token: &str, at: DateTime<Utc>) {
    let address = format!("{token}@example.com");
    let request = Request {
        id,
        app,
        address: &address,
        token_hash: token.as_bytes(),
        drill_id: "AAAAAAAAAAA",
        expires_at: after(60),
    };
    commit(db, async |tx| alert_addresses::request(tx, &request, at).await).await;
}

async fn confirm(db: &Db, token: &str, at: DateTime<Utc>) -> bool {
    let pending = alert_addresses::by_token(db, token.as_bytes(), now())
        .await
        .unwrap()
        .unwrap();
    commit(db, async |tx| alert_addresses::confirm(tx, &pending, at).await).await
}

async fn in_use(db: &Db, app: AppId) -> Option<AlertAddress> {
    commit(db, async |tx| alert_addresses::in_use(tx, app).await).await
}

async fn current(db: &Db, app: AppId) -> Vec<AlertAddressId> {
    alert_addresses::current(db, Scope::system(), app)
        .await
        .unwrap()
        .into_iter()
        .map(|a| a.id)
        .collect()
}

async fn waits(db: &Db, token: &str, at: DateTime<Utc>) -> bool {
    alert_addresses::by_token(db, token.as_bytes(), at)
        .await
        .unwrap()
        .is_some()
}

async fn a_request_comes_back_as_it_was_filed(database: TestDatabase) {
    let db = &database.store.portal;
    let partner = a_partner(db, NASTY).await;
    let app = an_app(db, partner, "com.example.Key").await;
    let address = format!("{}@example.com", long_text());
    let request = Request {
        id: id(),
        app,
        address: &address,
        token_hash: &[0, 255],
        drill_id: "drill",
        expires_at: after(60),
    };
    commit(db, async |tx| alert_addresses::request(tx, &request, now()).await).await;

    let pending = alert_addresses::by_token(db, &[0, 255], now()).await.unwrap().unwrap();
    assert_eq!(
        (pending.id, pending.app_id, pending.partner_id),
        (request.id, app, partner)
    );
    assert_eq!(
        (pending.app_key.as_str(), pending.app_name.as_str()),
        ("com.example.Key", "com.example.Key")
    );
    assert_eq!(
        (pending.address, pending.partner_name.as_str()),
        (address.clone(), NASTY)
    );

    let current = alert_addresses::current(db, Scope::system(), app).await.unwrap();
    assert_eq!(current.len(), 1);
    assert_eq!(
        (current[0].id, &current[0].address, current[0].requested_at),
        (request.id, &address, now())
    );
    assert_eq!((current[0].confirmed_at, current[0].failed_at), (None, None));
    assert!(in_use(db, app).await.is_none(), "nobody confirmed it");
}

async fn a_token_belongs_to_one_request(database: TestDatabase) {
    let db = &database.store.portal;
    let app = an_app(db, a_partner(db, "One").await, "app").await;
    request(db, nth(1), app, "token", now()).await;
    let second = Request {
        id: nth(2),
        app,
        address: "a@b",
        token_hash: b"token",
        drill_id: "",
        expires_at: after(1),
    };
    let error = refused(db, async |tx| alert_addresses::request(tx, &second, now()).await).await;
    assert!(error.is_taken("alert_address", "token_hash"), "{error:?}");
    assert!(waits(db, "token", now()).await, "what failed changed nothing");
}

async fn a_request_expires_on_the_microsecond(database: TestDatabase) {
    let db = &database.store.portal;
    let app = an_app(db, a_partner(db, "One").await, "app").await;
    request(db, nth(1), app, "token", now()).await;
    assert!(waits(db, "token", after(60) - TICK).await);
    assert!(!waits(db, "token", after(60)).await);
    assert!(!waits(db, "other", now()).await);
}

async fn a_new_request_replaces_the_one_that_waits(database: TestDatabase) {
    let db = &database.store.portal;
    let partner = a_partner(db, "One").await;
    let (app, neighbour) = (an_app(db, partner, "app").await, an_app(db, partner, "neighbour").await);
    request(db, nth(1), app, "first", now()).await;
    request(db, nth(2), neighbour, "neighbours", now()).await;
    request(db, nth(3), app, "second", after(1)).await;
    assert!(!waits(db, "first", now()).await);
    assert!(waits(db, "second", now()).await && waits(db, "neighbours", now()).await);
    assert_eq!(current(db, app).await, [nth(3)]);
    assert_eq!(current(db, neighbour).await, [nth(2)]);
}

async fn a_confirmed_address_is_used_until_another_is_confirmed(database: TestDatabase) {
    let db = &database.store.portal;
    let partner = a_partner(db, "One").await;
    let (app, neighbour) = (an_app(db, partner, "app").await, an_app(db, partner, "neighbour").await);
    request(db, nth(9), neighbour, "neighbours", now()).await;
    assert!(confirm(db, "neighbours", now()).await);

    request(db, nth(1), app, "first", now()).await;
    assert!(confirm(db, "first", after(1) + TICK).await);
    let used = in_use(db, app).await.unwrap();
    assert_eq!((used.id, used.address.as_str()), (nth(1), "first@example.com"));
    assert_eq!(
        (used.requested_at, used.confirmed_at, used.failed_at),
        (now(), Some(after(1) + TICK), None)
    );

    request(db, nth(2), app, "second", after(2)).await;
    assert_eq!(current(db, app).await, [nth(1), nth(2)], "one confirmed, one waiting");
    assert_eq!(in_use(db, app).await.unwrap().id, nth(1));
    assert!(confirm(db, "second", after(3)).await);
    assert_eq!(in_use(db, app).await.unwrap().id, nth(2));
    assert_eq!(current(db, app).await, [nth(2)]);
    assert_eq!(in_use(db, neighbour).await.unwrap().id, nth(9));
}

async fn an_address_is_confirmed_once(database: TestDatabase) {
    let db = &database.store.portal;
    let app = an_app(db, a_partner(db, "One").await, "app").await;
    request(db, nth(1), app, "first", now()).await;
    let pending = alert_addresses::by_token(db, b"first", now()).await.unwrap().unwrap();
    let confirm = async || commit(db, async |tx| alert_addresses::confirm(tx, &pending, after(1)).await).await;
    assert!(confirm().await);
    assert!(!confirm().await);
    assert!(!waits(db, "first", now()).await);

    // Who read the request before it was replaced cannot confirm it any more.
    request(db, nth(2), app, "second", now()).await;
    let pending = alert_addresses::by_token(db, b"second", now()).await.unwrap().unwrap();
    request(db, nth(3), app, "third", now()).await;
    assert!(!commit(db, async |tx| alert_addresses::confirm(tx, &pending, after(1)).await).await);
    assert_eq!(in_use(db, app).await.unwrap().id, nth(1));
}

async fn an_address_that_fails_is_no_longer_used(database: TestDatabase) {
    let db = &database.store.portal;
    let partner = a_partner(db, "One").await;
    let (app, neighbour) = (an_app(db, partner, "app").await, an_app(db, partner, "neighbour").await);
    for (n, app, token) in [(1, app, "ours"), (2, neighbour, "neighbours")] {
        request(db, nth(n), app, token, now()).await;
        assert!(confirm(db, token, now()).await);
    }
    assert!(commit(db, async |tx| alert_addresses::fail(tx, nth(1), after(1) + TICK).await).await);
    assert!(
        !commit(db, async |tx| alert_addresses::fail(tx, nth(1), after(2)).await).await,
        "that is no news"
    );
    assert!(in_use(db, app).await.is_none());
    assert!(in_use(db, neighbour).await.is_some());
    let shown = alert_addresses::current(db, Scope::system(), app).await.unwrap();
    assert_eq!(shown[0].failed_at, Some(after(1) + TICK), "people see that it failed");

    request(db, nth(3), app, "new", after(3)).await;
    assert!(confirm(db, "new", after(4)).await);
    assert_eq!(in_use(db, app).await.unwrap().id, nth(3));
}

async fn alert_addresses_are_seen_by_members_only(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    request(db, nth(1), world.ours.app, "ours", now()).await;
    request(db, nth(2), world.theirs.app, "theirs", now()).await;
    let seen = async |scope| {
        let ours = alert_addresses::current(db, scope, world.ours.app).await.unwrap().len();
        (
            ours,
            alert_addresses::current(db, scope, world.theirs.app)
                .await
                .unwrap()
                .len(),
        )
    };
    assert_eq!(seen(Scope::system()).await, (1, 1));
    assert_eq!(seen(scope_of_staff(id())).await, (1, 1));
    assert_eq!(seen(world.scope()).await, (1, 0));
    world.leave(db).await;
    assert_eq!(seen(world.scope()).await, (0, 0));
}

async fn the_addresses_of_many_apps_are_read_at_once(database: TestDatabase) {
    let db = &database.store.portal;
    let world = Neighbours::new(db).await;
    let (ours, theirs) = (world.ours.app, world.theirs.app);
    for (app, token) in [(ours, "one"), (ours, "two"), (theirs, "three")] {
        request(db, id(), app, token, now()).await;
    }
    let seen = async |scope, apps: &[AppId]| {
        let found = alert_addresses::of_apps(db, scope, apps).await.unwrap();
        let mut found: Vec<_> = found.into_iter().map(|(app, a)| (app, a.address)).collect();
        found.sort_by(|a, b| a.1.cmp(&b.1));
        found
    };
    let two = (ours, "two@example.com".to_owned());
    let three = (theirs, "three@example.com".to_owned());
    let both = [ours, theirs];
    assert_eq!(
        seen(Scope::system(), &both).await,
        [three, two.clone()],
        "a newer request replaces one that waits"
    );
    assert_eq!(seen(world.scope(), &both).await, [two]);
    assert!(seen(Scope::system(), &[]).await.is_empty());
    world.leave(db).await;
    assert!(seen(world.scope(), &both).await.is_empty());
}
