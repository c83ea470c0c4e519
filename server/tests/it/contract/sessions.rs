use chrono::{DateTime, Utc};
use rampart_domain::id::UserId;
use rampart_server::store::{
    Db,
    sessions::{self, Data, Session},
};
use serde_json::json;
use uuid::Uuid;

use super::{NASTY, TICK, after, an_account, commit, id, long_text, now, nth, refused};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    a_session_comes_back_as_it_was_saved,
    saving_again_changes_the_session_but_not_its_age,
    the_id_of_a_session_is_its_own,
    a_session_ends_on_the_microsecond,
    a_touched_session_lives_longer,
    a_deleted_session_is_gone,
    sessions_are_listed_to_their_owner_the_latest_first,
    only_the_owner_revokes,
    all_of_an_account_are_revoked,
    expired_sessions_are_cleared_away,
);

/// A session of `account` that lives for an hour.
async fn save(db: &Db, hash: &[u8], id: Uuid, account: Option<UserId>, at: DateTime<Utc>) {
    let data = Data::new();
    let session = Session {
        id_hash: hash,
        id,
        account,
        data: &data,
        address: None,
        agent: "curl",
        expires_at: after(60),
    };
    commit(db, async |tx| sessions::create(tx, &session, at).await).await;
}

async fn is_alive(db: &Db, hash: &[u8], now: DateTime<Utc>) -> bool {
    sessions::load(db, hash, now, DateTime::UNIX_EPOCH)
        .await
        .unwrap()
        .is_some()
}

fn data(value: serde_json::Value) -> Data {
    value.as_object().unwrap().clone()
}

async fn a_session_comes_back_as_it_was_saved(database: TestDatabase) {
    let db = &database.store.portal;
    let ada = an_account(db, "Ada").await;
    let data = data(json!({
        "text": NASTY, NASTY: "key", "long": long_text(), "none": null, "yes": true, "number": -12_345_678_901_i64,
        "float": 0.25, "list": [1, "two", [], {}], "nested": {"a": {"b": [null]}}, "": "",
    }));
    let session = Session {
        id_hash: &[0, 255, 7],
        id: id(),
        account: Some(ada),
        data: &data,
        address: Some("2001:db8::1"),
        agent: NASTY,
        expires_at: after(60) + TICK,
    };
    commit(db, async |tx| sessions::create(tx, &session, now()).await).await;

    let loaded = sessions::load(db, &[0, 255, 7], now(), DateTime::UNIX_EPOCH)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(loaded.data.0, data);
    assert_eq!(loaded.last_seen_at, now());
    let listed = &sessions::of_account(db, ada, now()).await.unwrap()[0];
    assert_eq!(
        (listed.id, listed.address.as_deref(), listed.agent.as_str()),
        (session.id, Some("2001:db8::1"), NASTY)
    );
    assert_eq!((listed.created_at, listed.last_seen_at), (now(), now()));
    assert!(!is_alive(db, &[0, 255], now()).await);
}

async fn saving_again_changes_the_session_but_not_its_age(database: TestDatabase) {
    let db = &database.store.portal;
    let ada = an_account(db, "Ada").await;
    save(db, b"hash", nth(1), None, now()).await;
    assert!(
        sessions::of_account(db, ada, now()).await.unwrap().is_empty(),
        "nobody has signed in yet"
    );

    let data = data(json!({"csrf": "x"}));
    let session = Session {
        id_hash: b"hash",
        id: nth(1),
        account: Some(ada),
        data: &data,
        address: Some("192.0.2.1"),
        agent: "Firefox",
        expires_at: after(90),
    };
    assert!(commit(db, async |tx| sessions::save(tx, &session, after(5)).await).await);
    let gone = Session {
        id_hash: b"never there",
        ..session
    };
    assert!(
        !commit(db, async |tx| sessions::save(tx, &gone, after(5)).await).await,
        "what has ended stays ended"
    );
    assert_eq!(
        sessions::load(db, b"hash", after(89), DateTime::UNIX_EPOCH)
            .await
            .unwrap()
            .unwrap()
            .data
            .0,
        data
    );
    let listed = sessions::of_account(db, ada, now()).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].id, listed[0].address.as_deref(), listed[0].agent.as_str()),
        (nth(1), Some("192.0.2.1"), "Firefox")
    );
    assert_eq!((listed[0].created_at, listed[0].last_seen_at), (now(), after(5)));
}

async fn the_id_of_a_session_is_its_own(database: TestDatabase) {
    let db = &database.store.portal;
    save(db, b"one", nth(1), None, now()).await;
    let data = Data::new();
    let second = Session {
        id_hash: b"two",
        id: nth(1),
        account: None,
        data: &data,
        address: None,
        agent: "",
        expires_at: after(1),
    };
    let error = refused(db, async |tx| sessions::create(tx, &second, now()).await).await;
    assert!(error.is_taken("session", "id"), "{error:?}");
}

async fn a_session_ends_on_the_microsecond(database: TestDatabase) {
    let db = &database.store.portal;
    save(db, b"hash", id(), None, now()).await;
    let alive = async |at, oldest| sessions::load(db, b"hash", at, oldest).await.unwrap().is_some();
    assert!(alive(after(60) - TICK, now() - TICK).await);
    assert!(!alive(after(60), now() - TICK).await, "too long unused");
    assert!(!alive(after(1), now()).await, "too old, however much used");
}

async fn a_touched_session_lives_longer(database: TestDatabase) {
    let db = &database.store.portal;
    save(db, b"one", nth(1), None, now()).await;
    save(db, b"two", nth(2), None, now()).await;
    commit(db, async |tx| sessions::touch(tx, nth(1), after(30), after(100)).await).await;
    let loaded = sessions::load(db, b"one", after(99), DateTime::UNIX_EPOCH)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(loaded.last_seen_at, after(30));
    assert!(!is_alive(db, b"two", after(99)).await);
}

async fn a_deleted_session_is_gone(database: TestDatabase) {
    let db = &database.store.portal;
    save(db, b"one", nth(1), None, now()).await;
    save(db, b"two", nth(2), None, now()).await;
    commit(db, async |tx| sessions::delete(tx, b"one").await).await;
    commit(db, async |tx| sessions::delete(tx, b"never was").await).await;
    assert!(!is_alive(db, b"one", now()).await);
    assert!(is_alive(db, b"two", now()).await);
}

async fn sessions_are_listed_to_their_owner_the_latest_first(database: TestDatabase) {
    let db = &database.store.portal;
    let (ada, ben) = (an_account(db, "Ada").await, an_account(db, "Ben").await);
    // The first two are equally old, and half a second is less than its first microsecond.
    let half = now() + chrono::TimeDelta::microseconds(376_544);
    for (n, account, at) in [
        (1, ada, now()),
        (2, ada, now()),
        (3, ben, after(1)),
        (4, ada, half),
        (5, ada, half + TICK),
    ] {
        save(db, &[n], nth(n.into()), Some(account), at).await;
    }
    let ids = async |at| {
        sessions::of_account(db, ada, at)
            .await
            .unwrap()
            .into_iter()
            .map(|s| s.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(now()).await, [5, 4, 1, 2].map(Uuid::from_u128));
    assert!(ids(after(60)).await.is_empty(), "all have expired");
}

async fn only_the_owner_revokes(database: TestDatabase) {
    let db = &database.store.portal;
    let (ada, ben) = (an_account(db, "Ada").await, an_account(db, "Ben").await);
    save(db, b"one", nth(1), Some(ada), now()).await;
    let revoke = async |account, id| commit(db, async |tx| sessions::revoke(tx, account, id).await).await;
    assert!(!revoke(ben, nth(1)).await);
    assert!(is_alive(db, b"one", now()).await);
    assert!(revoke(ada, nth(1)).await);
    assert!(!is_alive(db, b"one", now()).await);
    assert!(!revoke(ada, nth(1)).await, "it was revoked before");
}

async fn all_of_an_account_are_revoked(database: TestDatabase) {
    let db = &database.store.portal;
    let (ada, ben) = (an_account(db, "Ada").await, an_account(db, "Ben").await);
    for (n, account) in [(1, Some(ada)), (2, Some(ada)), (3, Some(ben)), (4, None)] {
        save(db, &[n], nth(n.into()), account, now()).await;
    }
    assert_eq!(commit(db, async |tx| sessions::revoke_all(tx, ada).await).await, 2);
    assert_eq!(commit(db, async |tx| sessions::revoke_all(tx, ada).await).await, 0);
    assert!(!is_alive(db, &[1], now()).await && !is_alive(db, &[2], now()).await);
    assert!(is_alive(db, &[3], now()).await && is_alive(db, &[4], now()).await);
}

async fn expired_sessions_are_cleared_away(database: TestDatabase) {
    let db = &database.store.portal;
    save(db, b"one", nth(1), None, now()).await;
    save(db, b"two", nth(2), None, now()).await;
    commit(db, async |tx| {
        sessions::touch(tx, nth(2), now(), after(60) + TICK).await
    })
    .await;
    assert_eq!(
        commit(db, async |tx| sessions::delete_expired(tx, after(60) - TICK).await).await,
        0
    );
    assert_eq!(
        commit(db, async |tx| sessions::delete_expired(tx, after(60)).await).await,
        1
    );
    assert!(is_alive(db, b"two", after(60)).await);
}
