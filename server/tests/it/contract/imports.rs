use rampart_server::store::imports;

use super::{commit, now};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(a_piece_is_new_once);

async fn a_piece_is_new_once(database: TestDatabase) {
    let db = &database.store.metrics;
    let note = async |hash: &[u8]| commit(db, async |tx| imports::note(tx, hash, now()).await).await;
    assert!(note(&[1, 2]).await && note(&[2, 1]).await && note(&[]).await);
    assert!(!note(&[1, 2]).await && !note(&[]).await);
    let mut tx = db.begin().await.unwrap();
    assert!(imports::note(&mut tx, &[3], now()).await.unwrap());
    drop(tx);
    assert!(note(&[3]).await, "what was not committed was not imported");
}
