use std::collections::BTreeMap;

use rampart_server::{
    demo::{Contents, contents},
    store::{Db, Store, partners, progress},
};
use sqlx::AssertSqlSafe;

use super::{fill, portal_on, settings};
use crate::support::database::{TestDatabase, on_both_engines};

on_both_engines!(
    the_same_seed_gives_the_same_database,
    what_holds_something_is_left_alone,
    half_a_demonstration_is_told_from_a_whole_one,
);

/// Every row of every table, as text.
async fn rows(store: &Store) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for db in [&store.portal, &store.metrics] {
        for table in texts(db, tables_of(db)).await {
            let select = match db {
                Db::Sqlite(_) => {
                    let columns = format!("select name from pragma_table_info('{table}')");
                    let columns: Vec<_> = texts(db, &columns)
                        .await
                        .iter()
                        .map(|c| format!("quote(\"{c}\")"))
                        .collect();
                    format!("select {} from {table} order by 1", columns.join(" || ',' || "))
                }
                Db::Postgres(_) => format!("select t::text from {table} t order by 1"),
            };
            let rows = texts(db, &select).await;
            all.insert(table, rows);
        }
    }
    all
}

fn tables_of(db: &Db) -> &'static str {
    match db {
        Db::Sqlite(_) => "select name from sqlite_master where type = 'table' and name not like '\\_sqlx%' escape '\\'",
        Db::Postgres(_) => {
            "select tablename::text from pg_tables where schemaname = current_schema() and tablename not like '\\_sqlx%'"
        }
    }
}

async fn texts(db: &Db, query: &str) -> Vec<String> {
    let query = AssertSqlSafe(query.to_owned());
    match db {
        Db::Sqlite(pools) => sqlx::query_scalar(query).fetch_all(&pools.read).await,
        Db::Postgres(pool) => sqlx::query_scalar(query).fetch_all(pool).await,
    }
    .unwrap()
}

async fn the_same_seed_gives_the_same_database(database: TestDatabase) {
    let another = match database.settings.url {
        Some(_) => TestDatabase::postgres().await,
        None => TestDatabase::sqlite().await,
    };
    let (one, other) = (portal_on(database).await, portal_on(another).await);
    let (first, second) = tokio::join!(fill(&one.service, 7), fill(&other.service, 7));
    first.unwrap();
    second.unwrap();
    let (ours, theirs) = (rows(&one.service.store).await, rows(&other.service.store).await);
    let filled = [
        "account",
        "alert_address",
        "app",
        "audit",
        "count_day",
        "count_hour",
        "count_packed",
        "episode",
        "invitation",
        "membership",
        "outbox",
        "partner",
        "probe",
        "progress",
        "series",
        "staff_role",
    ];
    for table in filled {
        assert!(!ours[table].is_empty(), "nothing in {table}");
    }
    for (table, rows) in &ours {
        let differing = rows.iter().zip(&theirs[table]).find(|(a, b)| a != b);
        assert!(
            differing.is_none() && rows.len() == theirs[table].len(),
            "{table}: {differing:?}"
        );
    }
    assert_eq!(ours.len(), theirs.len());
}

async fn what_holds_something_is_left_alone(database: TestDatabase) {
    let portal = portal_on(database).await;
    let db = &portal.service.store.portal;
    assert_eq!(contents(db).await.unwrap(), Contents::Nothing);
    let mut tx = db.begin().await.unwrap();
    let id = rampart_server::random::id(settings(1).until).into();
    partners::insert(&mut tx, id, "Somebody's", settings(1).until)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let before = rows(&portal.service.store).await;
    let said = fill(&portal.service, 1).await.unwrap_err();
    assert!(
        said.contains("has accounts, partners or apps in it") && said.contains("Nothing was changed"),
        "{said}"
    );
    assert!(rows(&portal.service.store).await == before);
    assert_eq!(contents(db).await.unwrap(), Contents::Something);
}

async fn half_a_demonstration_is_told_from_a_whole_one(database: TestDatabase) {
    let portal = portal_on(database).await;
    let db = &portal.service.store.portal;
    // What is written first, when filling is interrupted at once.
    let mut tx = db.begin().await.unwrap();
    progress::advance(&mut tx, "demonstration seed", None, rampart_domain::count::Minute(1))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(contents(db).await.unwrap(), Contents::Half);
    let said = fill(&portal.service, 1).await.unwrap_err();
    assert!(said.contains("was interrupted"), "{said}");
}

#[tokio::test]
async fn an_account_alone_is_something_too() {
    let portal = portal_on(TestDatabase::sqlite().await).await;
    portal.staff("Ada", &["administrator"]).await;
    assert!(
        fill(&portal.service, 1)
            .await
            .unwrap_err()
            .contains("Nothing was changed")
    );
}
