use chrono::TimeDelta;
use rampart_server::{
    clock::Clock,
    config::Database,
    store::{
        Db,
        inspection::{self, Migrated, Part},
    },
};

use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    a_database_that_is_up_to_date_is_found_so,
    what_was_applied_otherwise_is_told_apart,
    a_database_without_tables_lacks_everything,
    opening_a_database_to_look_at_it_changes_nothing,
);

async fn look(settings: &Database, part: Part) -> Migrated {
    let db = inspection::open(settings, part).await.unwrap();
    let found = inspection::migrations(db.as_ref(), part).await.unwrap();
    if let Some(db) = db {
        db.close().await;
    }
    found
}

async fn a_database_that_is_up_to_date_is_found_so(database: TestDatabase) {
    for part in [Part::Portal, Part::Metrics] {
        let db = inspection::open(&database.settings, part).await.unwrap().unwrap();
        assert!(inspection::migrations(Some(&db), part).await.unwrap().is_current());
        assert_eq!(inspection::obstacle(&db, part).await.unwrap(), None);
        let version = inspection::version(&db).await.unwrap();
        let clock = inspection::clock(&db).await.unwrap();
        match db {
            Db::Sqlite(_) => assert!(version.starts_with("SQLite 3.") && clock.is_none(), "{version}"),
            Db::Postgres(_) => {
                assert!(version.starts_with("PostgreSQL 1"), "{version}");
                let apart = clock.unwrap() - Clock::system().now();
                assert!(apart.abs() < TimeDelta::minutes(1), "{apart}");
            }
        }
    }
}

async fn what_was_applied_otherwise_is_told_apart(database: TestDatabase) {
    let metrics = &database.store.metrics;
    sql(
        metrics,
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         select 29991231235959, 'of the future', success, checksum, execution_time from _sqlx_migrations limit 1",
    )
    .await
    .unwrap();
    let newer = look(&database.settings, Part::Metrics).await;
    assert_eq!(newer.unknown, [29_991_231_235_959]);
    assert!(newer.pending.is_empty() && newer.broken.is_empty());
    assert!(
        look(&database.settings, Part::Portal).await.is_current(),
        "each has its own"
    );

    let portal = &database.store.portal;
    sql(
        portal,
        "update _sqlx_migrations set checksum = (select hash from audit_head)",
    )
    .await
    .unwrap();
    let broken = look(&database.settings, Part::Portal).await.broken;
    assert!(broken[0].contains("people apps breaches"), "{broken:?}");
}

async fn a_database_without_tables_lacks_everything(database: TestDatabase) {
    sql(&database.store.portal, "drop table _sqlx_migrations")
        .await
        .unwrap();
    let lacks = look(&database.settings, Part::Portal).await.pending;
    assert!(lacks[0].ends_with("people apps breaches"), "{lacks:?}");
}

async fn opening_a_database_to_look_at_it_changes_nothing(database: TestDatabase) {
    let settings = &database.settings;
    database.store.close().await;
    if settings.url.is_none() {
        for part in [Part::Portal, Part::Metrics] {
            std::fs::remove_file(settings.path.join(part.file())).unwrap();
            assert!(inspection::open(settings, part).await.unwrap().is_none());
            assert!(!look(settings, part).await.pending.is_empty());
        }
        assert_eq!(std::fs::read_dir(&settings.path).unwrap().count(), 0);
    } else {
        let again = database.again().await;
        sql(&again.portal, "drop schema rampart_portal cascade").await.unwrap();
        let all = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/postgres/portal");
        let all = std::fs::read_dir(all).unwrap().count();
        assert_eq!(look(settings, Part::Portal).await.pending.len(), all);
        let made = sql(&again.metrics, "create schema rampart_portal").await;
        assert!(made.is_ok(), "it was not there: {made:?}");
    }
}
