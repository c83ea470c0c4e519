use rampart_server::store::{
    Db,
    idempotency::{self, Keyed, Known},
};

use super::{NASTY, after, commit, nth};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    a_key_is_new_once,
    of_calls_at_once_the_first_with_a_key_counts,
    an_expired_key_is_new_again,
    what_is_rolled_back_is_not_known,
    keys_are_forgotten,
);

const DAY: i64 = 24 * 60;

/// Notes a key so many minutes from now.
async fn note(db: &Db, token: u128, key: &str, body: &[u8], minutes: i64) -> Known {
    note_all(db, &[(token, key, body)], minutes).await[0]
}

/// Notes keys at once, so many minutes from now.
async fn note_all(db: &Db, calls: &[(u128, &str, &[u8])], minutes: i64) -> Vec<Known> {
    let calls: Vec<_> = calls
        .iter()
        .map(|(token, key, body)| keyed(*token, key, body))
        .collect();
    commit(db, async |tx| {
        idempotency::note(tx, &calls, after(minutes), after(minutes - DAY)).await
    })
    .await
}

fn keyed<'a>(token: u128, key: &'a str, body: &'a [u8]) -> Keyed<'a> {
    Keyed {
        token: nth(token),
        key,
        body,
    }
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

async fn of_calls_at_once_the_first_with_a_key_counts(database: TestDatabase) {
    let db = &database.store.metrics;
    assert_eq!(note_all(db, &[], 0).await, []);
    note_all(db, &[(1, "old", b"old"), (1, "expired", b"old")], 0).await;
    let calls: [(u128, &str, &[u8]); 7] = [
        (1, "new", b"one"),
        (1, "old", b"old"),
        (1, "new", b"one"),
        (1, "new", b"two"),
        (2, "new", b"two"),
        (1, "old", b"new"),
        (1, NASTY, b"one"),
    ];
    use Known::{New, Other, Same};
    assert_eq!(
        note_all(db, &calls, DAY - 1).await,
        [New, Same, Same, Other, New, Other, New]
    );
    assert_eq!(
        note_all(db, &calls, DAY - 1).await,
        [Same, Same, Same, Other, Same, Other, Same]
    );
    let mixed: [(u128, &str, &[u8]); 3] = [(1, "expired", b"new"), (1, "expired", b"old"), (1, "new", b"one")];
    assert_eq!(note_all(db, &mixed, DAY).await, [New, Other, Same], "one has expired");
    let names: Vec<String> = (0..2_500).map(|n| format!("key {n}")).collect();
    let many: Vec<_> = names.iter().map(|name| (3, name.as_str(), b"one".as_slice())).collect();
    assert!(note_all(db, &many, 0).await.iter().all(|known| *known == New));
    assert!(note_all(db, &many, 0).await.iter().all(|known| *known == Same));
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
    let noted = async |tx: &mut _| idempotency::note(tx, &[keyed(1, "key", b"one")], after(0), after(-DAY)).await;
    assert_eq!(noted(&mut tx).await.unwrap(), [Known::New]);
    assert_eq!(
        noted(&mut tx).await.unwrap(),
        [Known::Same],
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
