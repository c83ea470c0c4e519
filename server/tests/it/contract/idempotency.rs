use rampart_server::store::{
    Db,
    idempotency::{self, Known},
};
use uuid::Uuid;

use super::{NASTY, after, commit, nth};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    a_key_is_new_once,
    an_expired_key_is_new_again,
    what_is_rolled_back_is_not_known,
    keys_are_forgotten,
);

const DAY: i64 = 24 * 60;

/// Notes a key so many minutes from now.
async fn note(db: &Db, token: u128, key: &str, body: &[u8], minutes: i64) -> Known {
    let token: Uuid = nth(token);
    commit(db, async |tx| {
        idempotency::note(tx, token, key, body, after(minutes), after(minutes - DAY)).await
    })
    .await
}

async fn a_key_is_new_once(database: TestDatabase) {
    let db = &database.store.metrics;
    assert_eq!(note(db, 1, NASTY, b"one", 0).await, Known::New);
    assert_eq!(note(db, 1, NASTY, b"one", 1).await, Known::Same);
    assert_eq!(note(db, 1, NASTY, b"two", 2).await, Known::Other);
    assert_eq!(
        note(db, 1, NASTY, b"one", 3).await,
        Known::Same,
        "it is still the first"
    );
    assert_eq!(
        note(db, 2, NASTY, b"two", 3).await,
        Known::New,
        "keys belong to a token"
    );
    assert_eq!(note(db, 1, "another", b"two", 3).await, Known::New);
}

async fn an_expired_key_is_new_again(database: TestDatabase) {
    let db = &database.store.metrics;
    assert_eq!(note(db, 1, "key", b"one", 0).await, Known::New);
    assert_eq!(note(db, 1, "key", b"two", DAY - 1).await, Known::Other);
    assert_eq!(note(db, 1, "key", b"two", DAY).await, Known::New);
    assert_eq!(note(db, 1, "key", b"two", DAY + 1).await, Known::Same);
}

async fn what_is_rolled_back_is_not_known(database: TestDatabase) {
    let db = &database.store.metrics;
    let mut tx = db.begin().await.unwrap();
    let noted = async |tx: &mut _| idempotency::note(tx, nth(1), "key", b"one", after(0), after(-DAY)).await;
    assert_eq!(noted(&mut tx).await.unwrap(), Known::New);
    assert_eq!(
        noted(&mut tx).await.unwrap(),
        Known::Same,
        "within the transaction it is"
    );
    drop(tx);
    assert_eq!(note(db, 1, "key", b"two", 0).await, Known::New);
}

async fn keys_are_forgotten(database: TestDatabase) {
    let db = &database.store.metrics;
    note(db, 1, "old", b"one", 0).await;
    note(db, 1, "young", b"one", 1).await;
    assert_eq!(commit(db, async |tx| idempotency::delete(tx, after(0)).await).await, 1);
    assert_eq!(note(db, 1, "old", b"two", 2).await, Known::New);
    assert_eq!(note(db, 1, "young", b"two", 2).await, Known::Other);
}
