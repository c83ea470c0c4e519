use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use rampart_domain::{
    count::{Counts, Minute, MinuteCounts, MinuteRange},
    id::SeriesId,
};
use rampart_server::store::{Db, Scope, Store, compaction, counts, partners, probes};
use sqlx::{AssertSqlSafe, migrate::Migrator};

use super::{a_partner, commit, id};
use crate::support::database::{TestDatabase, on_both_engines, sql};

on_both_engines!(
    opening_again_keeps_what_is_stored,
    a_database_of_a_newer_version_is_refused_and_left_alone,
    a_migration_that_was_changed_is_refused,
    figures_of_an_older_version_are_kept,
);

/// The paths of the migrations of an engine, below its folder.
fn migrations(engine: &str) -> BTreeSet<PathBuf> {
    fn collect(folder: &Path, root: &Path, into: &mut BTreeSet<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, root, into);
            } else {
                into.insert(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(engine);
    let mut found = BTreeSet::new();
    collect(&root, &root, &mut found);
    found
}

#[test]
fn both_engines_have_the_same_migrations() {
    let sqlite = migrations("sqlite");
    assert!(sqlite.iter().any(|f| f.starts_with("portal")) && sqlite.iter().any(|f| f.starts_with("metrics")));
    assert_eq!(sqlite, migrations("postgres"));
}

async fn opening_again_keeps_what_is_stored(database: TestDatabase) {
    let partner = a_partner(&database.store.portal, "One").await;
    let while_open = database.again().await;
    assert!(
        partners::find(&while_open.portal, Scope::system(), partner)
            .await
            .unwrap()
            .is_some()
    );
    while_open.close().await;
    database.store.close().await;
    let reopened = database.again().await;
    assert!(
        partners::find(&reopened.portal, Scope::system(), partner)
            .await
            .unwrap()
            .is_some()
    );
}

/// Everything that says how far a database has been migrated.
async fn applied(db: &Db) -> Vec<(i64, String, Vec<u8>)> {
    let query = "select version, description, checksum from _sqlx_migrations order by version";
    match db {
        Db::Sqlite(pools) => sqlx::query_as(query).fetch_all(&pools.read).await,
        Db::Postgres(pool) => sqlx::query_as(query).fetch_all(pool).await,
    }
    .unwrap()
}

async fn a_database_of_a_newer_version_is_refused_and_left_alone(database: TestDatabase) {
    let Store { portal, metrics } = &database.store;
    let partner = a_partner(portal, "One").await;
    for db in [portal, metrics] {
        sql(
            db,
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
             select 29991231235959, 'of the future', success, checksum, execution_time from _sqlx_migrations limit 1",
        )
        .await
        .unwrap();
        let before = (applied(portal).await, applied(metrics).await);
        let message = Store::open(&database.settings).await.unwrap_err().to_string();
        assert!(message.contains("written by a newer version of Rampart"), "{message}");
        assert!(
            message.contains("29991231235959") && message.contains("Nothing was changed"),
            "{message}"
        );
        assert_eq!((applied(portal).await, applied(metrics).await), before);
        sql(db, "delete from _sqlx_migrations where version = 29991231235959")
            .await
            .unwrap();
    }
    let found = partners::find(&database.again().await.portal, Scope::system(), partner)
        .await
        .unwrap();
    assert!(found.is_some(), "with the newer migration gone, it opens again");
}

async fn a_migration_that_was_changed_is_refused(database: TestDatabase) {
    let db = &database.store.portal;
    sql(
        db,
        "update _sqlx_migrations set checksum = (select hash from audit_head)",
    )
    .await
    .unwrap();
    let error = Store::open(&database.settings).await.unwrap_err();
    assert_eq!(error.to_string(), "the database could not be brought up to date");
    assert!(format!("{error:#}").contains("has been modified"), "{error:#}");
}

/// Takes a database of figures back to what the first version made of it, with what it may hold.
async fn first_version(db: &Db, series: SeriesId) {
    let folder = match db {
        Db::Sqlite(_) => "sqlite",
        Db::Postgres(_) => "postgres",
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../migrations")
        .join(folder)
        .join("metrics");
    let mut migrations = Migrator::new(path).await.unwrap().migrations.into_owned();
    migrations.truncate(1);
    let first = Migrator::with_migrations(migrations);
    let literal = match db {
        Db::Sqlite(pools) => {
            let tables = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'";
            let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&pools.read).await.unwrap();
            for table in tables {
                sql(db, &format!("drop table {table}")).await.unwrap();
            }
            first.run(&pools.write).await.unwrap();
            format!("x'{}'", series.0.simple())
        }
        Db::Postgres(pool) => {
            sql(db, "drop schema rampart_metrics cascade; create schema rampart_metrics")
                .await
                .unwrap();
            first.run(pool).await.unwrap();
            format!("'{series}'")
        }
    };
    let minutes = format!(
        "insert into count_minute (series_id, minute, good, bad, late_good, late_bad, latency) select {literal}, 100, 3, 2, 0, 1, latency from count_day"
    );
    for statement in [
        &format!(
            "insert into count_day (series_id, day, good, bad, minutes, latency) values ({literal}, 0, 3, 2, 1, '')"
        ),
        &minutes,
        &format!("insert into probe (series_id, at, good, total) values ({literal}, 6000000000, false, 7)"),
    ] {
        let statement = match db {
            Db::Sqlite(_) => statement.replace("''", "x''"),
            Db::Postgres(_) => statement.clone(),
        };
        assert_eq!(sql(db, &statement).await.unwrap(), 1, "{statement}");
    }
}

async fn figures_of_an_older_version_are_kept(database: TestDatabase) {
    let series = id();
    first_version(&database.store.metrics, series).await;
    database.store.close().await;
    let store = database.again().await;
    let day = MinuteRange::of_day(0);
    let minutes = counts::minutes(&store.metrics, series, day).await.unwrap();
    let minute = MinuteCounts {
        minute: Minute(100),
        all: Counts::new(3, 2),
        late: Counts::new(0, 1),
    };
    assert_eq!(minutes, [minute]);
    assert!(
        counts::with_bad_events(&store.metrics, day)
            .await
            .unwrap()
            .contains(&series)
    );
    let probes = probes::within(&store.metrics, series, day, false, 9).await.unwrap();
    assert!(probes.len() == 1 && probes[0].counted);
    commit(&store.metrics, async |tx| {
        compaction::pack_day(tx, series, Minute(200)).await
    })
    .await;
    assert_eq!(counts::minutes(&store.metrics, series, day).await.unwrap(), [minute]);
}

/// Several servers may be started at once on a new database.
#[tokio::test]
async fn servers_that_start_at_once_share_the_migrations() {
    let database = TestDatabase::postgres().await;
    sql(
        &database.store.portal,
        "drop schema rampart_portal cascade; drop schema rampart_metrics cascade",
    )
    .await
    .unwrap();
    database.store.close().await;
    let opened = futures_util::future::join_all((0..12).map(|_| Store::open(&database.settings))).await;
    for store in opened {
        let store = store.unwrap();
        assert_eq!(
            applied(&store.portal).await.len(),
            migrations("postgres")
                .iter()
                .filter(|f| f.starts_with("portal"))
                .count()
        );
    }
}

/// The table is made anew, while breaches refer to it.
#[tokio::test]
async fn series_keep_their_breaches_when_they_get_a_source() {
    let script = |name| migration(&format!("sqlite/portal/{name}.sql"));
    let pool = sqlx::sqlite::SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(sqlx::sqlite::SqliteConnectOptions::new().foreign_keys(true))
        .await
        .unwrap();
    let run = async |text: String| sqlx::raw_sql(AssertSqlSafe(text)).execute(&pool).await;
    run(script("20261101000000_people_apps_breaches")).await.unwrap();
    run("insert into partner (id, name, name_key, version, created_at) values (x'01', 'A', 'a', 1, 't');
         insert into app (id, partner_id, key, key_key, name, name_key, kind, products, support_contact, operations_contacts,
                          health_path, base_urls, fails_when_down, version, created_at)
         values (x'02', x'01', 'k', 'k', 'n', 'n', 'connect', '[]', '', '', '/', '[]', 1, 1, 't');
         insert into series (id, app_id, product, sli, grp, target, created_at)
         values (x'03', x'02', 'jira', 'iframe_load', 'prod', '', 't');
         insert into episode (id, series_id, app_id, incident_id, opened_tick, window_start, last_held, last_defined,
                              last_mail, lowest_good, lowest_bad, latest_good, latest_bad)
         values (x'04', x'03', x'02', 'i', 1, 1, 1, 1, 1, 1, 1, 1, 1);"
        .to_owned())
    .await
    .unwrap();
    let script_of_it = script("20261123100000_replaced_events");
    run(format!("begin; {script_of_it} commit;")).await.unwrap();
    let joined = "select s.source || e.incident_id from series s join episode e on e.series_id = s.id";
    let found: Vec<String> = sqlx::query_scalar(joined).fetch_all(&pool).await.unwrap();
    assert_eq!(found, ["i"]);
    assert!(
        run("delete from series".to_owned()).await.is_err(),
        "breaches still refer to it"
    );
}

pub(super) fn migration(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(path)).unwrap()
}
