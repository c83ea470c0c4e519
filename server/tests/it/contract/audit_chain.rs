//! The chain of the audit log: what was written stays, and whoever changes it is found out.

use futures_util::future::join_all;
use rampart_server::store::{
    Db,
    audit::{self as log, Filter, Verified},
};

use super::{
    a_partner, after,
    audit::{append, append_many, entry, rows, verify},
};
use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    an_empty_log_is_whole,
    a_long_log_is_whole,
    rows_appended_at_once_form_one_chain,
    a_log_that_is_being_written_is_whole,
    the_database_refuses_to_change_the_log,
    a_changed_row_is_found,
    a_missing_row_is_found,
    missing_last_rows_are_found,
    an_added_row_is_found,
    what_was_found_whole_is_not_read_again,
);

/// Takes away what keeps the log from being changed, as somebody with all rights on the database could.
async fn unguard(db: &Db) {
    sql(
        db,
        match db {
            Db::Sqlite(_) => "drop trigger audit_no_update; drop trigger audit_no_delete",
            Db::Postgres(_) => "drop trigger audit_no_change on audit; drop trigger audit_no_truncate on audit",
        },
    )
    .await
    .unwrap();
}

/// A log of five rows that has lost its guard.
async fn unguarded(db: &Db) {
    append_many(db, 5).await;
    assert_eq!(verify(db).await, Ok(5));
    unguard(db).await;
}

async fn an_empty_log_is_whole(database: TestDatabase) {
    assert_eq!(verify(&database.store.portal).await, Ok(0));
}

async fn a_long_log_is_whole(database: TestDatabase) {
    let db = &database.store.portal;
    append_many(db, 2_001).await;
    assert_eq!(verify(db).await, Ok(2_001));
}

async fn rows_appended_at_once_form_one_chain(database: TestDatabase) {
    let (db, other_server) = (&database.store.portal, &database.again().await.portal);
    join_all((0..12).map(|n| append_many(if n % 2 == 0 { db } else { other_server }, 3))).await;
    assert_eq!(verify(db).await, Ok(36));
    let seqs: Vec<_> = rows(db, Filter::default()).await.into_iter().map(|r| r.seq).collect();
    assert_eq!(seqs, (1..=36).rev().collect::<Vec<_>>());
}

async fn a_log_that_is_being_written_is_whole(database: TestDatabase) {
    let (db, other_server) = (&database.store.portal, &database.again().await.portal);
    let write = async {
        for n in 0..60 {
            append(other_server, entry("app.changed"), after(n)).await;
        }
    };
    let check = async {
        let mut counts = Vec::new();
        for _ in 0..60 {
            counts.push(verify(db).await.unwrap());
        }
        counts
    };
    let ((), counts) = tokio::join!(write, check);
    assert!(counts.is_sorted());
    assert_eq!(verify(db).await, Ok(60));
}

async fn the_database_refuses_to_change_the_log(database: TestDatabase) {
    let db = &database.store.portal;
    append_many(db, 2).await;
    let attempts = [
        "update audit set subject = 'x' where seq = 1",
        "update audit set seq = 9 where seq = 2",
        "delete from audit",
    ];
    for attempt in attempts {
        let error = sql(db, attempt).await.unwrap_err().to_string();
        assert!(error.contains("the audit log is append-only"), "{error}");
    }
    if let Db::Postgres(_) = db {
        let error = sql(db, "truncate audit").await.unwrap_err().to_string();
        assert!(error.contains("the audit log is append-only"), "{error}");
    }
    assert_eq!(verify(db).await, Ok(2));
}

async fn a_changed_row_is_found(database: TestDatabase) {
    let db = &database.store.portal;
    unguarded(db).await;
    let changes = [
        ("subject", "'Another'"),
        ("actor", "'Somebody'"),
        ("action", "'app.deleted'"),
        ("subject_kind", "'partner'"),
        ("subject_id", "'2'"),
        ("before", "' null'"),
        ("after", "'{\"a\": 1}'"),
        ("why", "''"),
        ("address", "'192.0.2.1'"),
        ("actor_id", "(select id from partner)"),
        ("partner_id", "(select id from partner)"),
        ("previous_hash", "hash"),
        ("hash", "previous_hash"),
        ("at", "(select at from audit where seq = 2)"),
    ];
    a_partner(db, "One").await;
    for (column, value) in changes {
        sql(db, "create table kept as select * from audit where seq = 3")
            .await
            .unwrap();
        sql(db, &format!("update audit set {column} = {value} where seq = 3"))
            .await
            .unwrap();
        assert_eq!(verify(db).await, Err("row 3 was changed".to_owned()), "{column}");
        sql(
            db,
            &format!("update audit set {column} = (select {column} from kept) where seq = 3; drop table kept"),
        )
        .await
        .unwrap();
        assert_eq!(verify(db).await, Ok(5), "{column} is as it was");
    }
    // Two neighbouring texts that together stay the same.
    sql(
        db,
        "update audit set subject_kind = 'appli', subject_id = '1' where seq = 3",
    )
    .await
    .unwrap();
    assert!(verify(db).await.is_err());
}

async fn a_missing_row_is_found(database: TestDatabase) {
    let db = &database.store.portal;
    unguarded(db).await;
    sql(db, "delete from audit where seq = 3").await.unwrap();
    assert_eq!(verify(db).await, Err("row 3 is missing".to_owned()));
    sql(
        db,
        "update audit set seq = seq - 1 where seq = 4; update audit set seq = seq - 1 where seq = 5",
    )
    .await
    .unwrap();
    assert_eq!(
        verify(db).await,
        Err("row 3 was changed".to_owned()),
        "closing the gap does not hide it"
    );
    sql(db, "delete from audit where seq = 1").await.unwrap();
    assert_eq!(verify(db).await, Err("row 1 is missing".to_owned()));
}

async fn missing_last_rows_are_found(database: TestDatabase) {
    let db = &database.store.portal;
    unguarded(db).await;
    sql(db, "delete from audit where seq > 3").await.unwrap();
    assert_eq!(verify(db).await, Err("rows after 3 are missing".to_owned()));
    sql(db, "delete from audit").await.unwrap();
    assert_eq!(verify(db).await, Err("rows after 0 are missing".to_owned()));
}

async fn an_added_row_is_found(database: TestDatabase) {
    let db = &database.store.portal;
    unguarded(db).await;
    sql(
        db,
        "create table added as select * from audit where seq = 5;
         update added set seq = 6;
         insert into audit select * from added",
    )
    .await
    .unwrap();
    assert_eq!(verify(db).await, Err("row 6 was changed".to_owned()));
}

async fn what_was_found_whole_is_not_read_again(database: TestDatabase) {
    let db = &database.store.portal;
    append_many(db, 3).await;
    let known = log::verify(db, Verified::default()).await.unwrap().unwrap();
    append_many(db, 2).await;
    let further = log::verify(db, known.clone()).await.unwrap().unwrap();
    assert_eq!((known.rows, further.rows), (3, 5));
    assert_eq!(log::verify(db, further.clone()).await.unwrap(), Ok(further));
}
