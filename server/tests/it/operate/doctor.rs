use std::{collections::BTreeMap, path::Path};

use chrono::{DateTime, TimeDelta, Utc};
use rampart_domain::count::Minute;
use rampart_server::{
    clock::Clock,
    random,
    store::{apps, installations, leases, partners, progress},
};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::{
    database::{TestDatabase, on_both_engines, sql},
    portal::SECRETS_KEY,
    server::{database, free_port, run},
    smtp::{MailServer, Mood},
};

on_both_engines!(
    everything_is_fine_where_everything_is,
    a_newer_database_is_an_error_and_stays_as_it_is,
    secrets_under_another_key_are_an_error,
    a_database_that_was_not_made_yet_is_not_made,
    an_evaluation_that_stands_still_is_a_warning,
);

/// What doctor said.
struct Said {
    code: Option<i32>,
    all: String,
    checks: Vec<Value>,
}

impl Said {
    /// How a check came out: the messages of each level, with what to do.
    fn of(&self, check: &str, level: &str) -> String {
        let found = self
            .checks
            .iter()
            .filter(|c| c["check"] == check && c["level"] == level);
        found
            .map(|c| format!("{} -> {}\n", c["message"], c["advice"]))
            .collect()
    }

    #[track_caller]
    fn has(&self, check: &str, level: &str, text: &str) {
        assert!(
            self.of(check, level).contains(text),
            "{check} {level} {text}: {}",
            self.all
        );
    }
}

/// Runs it off this thread, on which the servers of the test live.
async fn doctor(settings: Vec<(&'static str, String)>) -> Said {
    let output = tokio::task::spawn_blocking(move || run(&["doctor", "--json"], &settings))
        .await
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let report: Value = serde_json::from_str(&printed).unwrap();
    Said {
        code: output.status.code(),
        all: printed + &String::from_utf8_lossy(&output.stderr),
        checks: report["checks"].as_array().unwrap().clone(),
    }
}

/// A web server that answers everything with this status, at this time of its own.
async fn canary(status: &'static str, ahead: TimeDelta) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let date: DateTime<Utc> = Clock::system().now() + ahead;
            let date = date.format("%a, %d %b %Y %H:%M:%S GMT");
            let answer = format!("HTTP/1.1 {status}\r\ndate: {date}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            // A client that hangs up is none of our business.
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://127.0.0.1:{port}/health")
}

/// The content of every file in a folder.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|e| (e.file_name().into_string().unwrap(), std::fs::read(e.path()).unwrap()))
        .collect()
}

async fn everything_is_fine_where_everything_is(test: TestDatabase) {
    test.store.close().await;
    let before = test.settings.url.is_none().then(|| files(&test.settings.path));
    let mails = MailServer::start(Mood::Takes).await;
    let mut relay = mails.url();
    relay.set_username("rampart").unwrap();
    relay.set_password(Some("hunter2")).unwrap();
    let mut settings = database(&test.settings);
    settings.extend([
        ("RAMPART_SERVER_PUBLIC_URL", "https://rampart.example".to_owned()),
        ("RAMPART_MAIL_RELAY", relay.to_string()),
        ("RAMPART_METRICS_TOKEN", "token-of-the-figures".to_owned()),
        ("RAMPART_SECRETS_KEY", SECRETS_KEY.to_owned()),
        ("RAMPART_PROBE_CANARIES", canary("200 OK", TimeDelta::zero()).await),
    ]);
    let said = doctor(settings.clone()).await;
    for (check, text) in [
        ("configuration", "understood"),
        ("public_url", "https://rampart.example"),
        ("database", "is writable"),
        ("migrations", "up to date"),
        ("clock", "and 127.0.0.1 agree"),
        ("evaluation", "no server has run"),
        ("mail", "takes mail from this server"),
        ("secrets", "encrypted under the key"),
        ("canaries", "answers 200"),
        ("authorities", "are trusted"),
        ("open_files", "may be open at once"),
    ] {
        said.has(check, "ok", text);
        assert_eq!(said.of(check, "error"), "", "{}", said.all);
    }
    assert!(
        !said.all.contains("hunter2") && !said.all.contains("token-of-the-figures"),
        "{}",
        said.all
    );
    assert_eq!(mails.taken(), 0, "nothing was sent");
    match before {
        Some(before) => assert_eq!(files(&test.settings.path), before, "nothing was changed"),
        None => said.has("clock", "ok", "and the database agree"),
    }

    let output = tokio::task::spawn_blocking(move || run(&["doctor"], &settings))
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\nok       mail           smtp://127.0.0.1:"), "{text}");
    assert!(!text.contains('\x1b') && !text.contains("hunter2"), "{text}");
    assert!(text.lines().last().unwrap().starts_with("0 errors, "), "{text}");
    assert_eq!(output.status.code(), Some(0));
}

async fn secrets_under_another_key_are_an_error(test: TestDatabase) {
    let said = doctor(database(&test.settings)).await;
    said.has("secrets", "warning", "set secrets.key_file");

    let now = Clock::system().now();
    let (partner, app, installation) = (random::id(now).into(), random::id(now).into(), random::id(now).into());
    let details = apps::Details {
        name: "One".to_owned(),
        kind: "connect".to_owned(),
        products: Vec::new(),
        support_contact: String::new(),
        operations_contacts: String::new(),
    };
    let health = apps::HealthCheck {
        path: "/".to_owned(),
        base_urls: Vec::new(),
        fails_when_down: true,
    };
    let new = installations::New {
        id: installation,
        app,
        product: "jira",
        site: "acme",
        grp: "prod",
        module_types: &[],
    };
    let secret = installations::Sealed {
        id: random::id(now),
        installation_id: installation,
        sealed: Vec::new(),
        key_id: "another".to_owned(),
        created_at: now,
        valid_until: None,
    };
    let mut tx = test.store.portal.begin().await.unwrap();
    partners::insert(&mut tx, partner, "One", now).await.unwrap();
    apps::insert(&mut tx, app, partner, "one", &details, &health, now)
        .await
        .unwrap();
    installations::insert(&mut tx, &new, now).await.unwrap();
    installations::insert_secret(&mut tx, &secret).await.unwrap();
    tx.commit().await.unwrap();
    let mut settings = database(&test.settings);
    settings.push(("RAMPART_SECRETS_KEY", SECRETS_KEY.to_owned()));
    let said = doctor(settings).await;
    assert_eq!(said.code, Some(1), "{}", said.all);
    said.has("secrets", "error", "1 stored secrets were encrypted under another key");
    assert!(!said.all.contains(SECRETS_KEY), "{}", said.all);
}

async fn a_newer_database_is_an_error_and_stays_as_it_is(test: TestDatabase) {
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 select 29991231235959, 'of the future', success, checksum, execution_time from _sqlx_migrations limit 1";
    sql(&test.store.metrics, newer).await.unwrap();
    let said = doctor(database(&test.settings)).await;
    assert_eq!(said.code, Some(1), "{}", said.all);
    said.has("migrations", "error", "written by a newer version of Rampart");
    said.has("migrations", "error", "29991231235959");
    let deleted = sql(
        &test.store.metrics,
        "delete from _sqlx_migrations where version = 29991231235959",
    )
    .await;
    assert_eq!(deleted.unwrap(), 1, "it was left alone");
}

async fn a_database_that_was_not_made_yet_is_not_made(test: TestDatabase) {
    if test.settings.url.is_some() {
        let drop = "drop schema rampart_portal cascade; drop schema rampart_metrics cascade";
        sql(&test.store.portal, drop).await.unwrap();
    } else {
        test.store.close().await;
        std::fs::remove_dir_all(&test.settings.path).unwrap();
    }
    let said = doctor(database(&test.settings)).await;
    assert_eq!(said.code, Some(0), "{}", said.all);
    said.has("migrations", "warning", "lacks 20261101000000 people apps breaches");
    said.has("migrations", "warning", "`rampart migrate` applies it");
    if test.settings.url.is_some() {
        let made = sql(
            &test.store.portal,
            "create schema rampart_portal; create schema rampart_metrics",
        )
        .await;
        assert!(made.is_ok(), "they were not there: {made:?}");
    } else {
        said.has("database", "ok", "is made at the first start");
        assert!(!test.settings.path.exists());
    }
}

async fn an_evaluation_that_stands_still_is_a_warning(test: TestDatabase) {
    let (now, portal) = (Clock::system().now(), &test.store.portal);
    let mut tx = portal.begin().await.unwrap();
    leases::acquire(&mut tx, "measuring", "this one", now, now + TimeDelta::hours(1), None)
        .await
        .unwrap();
    progress::advance(&mut tx, "evaluation", None, Minute::of(now) - 10)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let said = doctor(database(&test.settings)).await;
    said.has("evaluation", "warning", "this one evaluates, but is 1");
    assert_eq!(said.code, Some(0), "{}", said.all);
}

#[tokio::test]
async fn what_cannot_be_reached_is_named_without_its_password() {
    let port = free_port();
    let said = doctor(vec![
        (
            "RAMPART_DATABASE_URL",
            format!("postgres://rampart:hunter2@127.0.0.1:{port}/rampart"),
        ),
        ("RAMPART_MAIL_RELAY", format!("smtp://rampart:hunter2@127.0.0.1:{port}")),
        ("RAMPART_PROBE_CANARIES", format!("http://127.0.0.1:{port}/health")),
    ])
    .await;
    assert_eq!(said.code, Some(1), "{}", said.all);
    said.has("database", "error", "Connection refused");
    said.has("mail", "error", "Connection refused");
    said.has("canaries", "error", "refused the connection");
    assert!(!said.all.contains("hunter2"), "{}", said.all);
}

#[tokio::test]
async fn what_is_missing_is_a_warning_that_says_what_is_lost() {
    let test = TestDatabase::sqlite().await;
    let mut settings = database(&test.settings);
    settings.push(("RAMPART_SERVER_PUBLIC_URL", "http://rampart.invalid".to_owned()));
    let said = doctor(settings).await;
    said.has("mail", "warning", "reach nobody");
    said.has("canaries", "warning", "every app is counted as failing");
    said.has("public_url", "warning", "in the open");
    said.has(
        "clock",
        "warning",
        "could not be compared with that of http://rampart.invalid",
    );
    assert_eq!(said.code, Some(0), "{}", said.all);
}

#[tokio::test]
async fn a_canary_that_fails_and_a_clock_that_is_wrong_are_errors() {
    let test = TestDatabase::sqlite().await;
    let mut settings = database(&test.settings);
    let canaries = [
        canary("200 OK", TimeDelta::hours(-1)).await,
        canary("503 Service Unavailable", TimeDelta::zero()).await,
    ];
    settings.push(("RAMPART_PROBE_CANARIES", canaries.join(",")));
    let said = doctor(settings).await;
    assert_eq!(said.code, Some(1), "{}", said.all);
    said.has("canaries", "ok", &canaries[0]);
    said.has("canaries", "error", &canaries[1]);
    said.has("canaries", "error", "503");
    said.has("clock", "error", "s ahead of 127.0.0.1");
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_an_error() {
    // Nobody may make files there, whoever it is.
    let said = doctor(vec![("RAMPART_DATABASE_PATH", "/sys/rampart".to_owned())]).await;
    assert_eq!(said.code, Some(1), "{}", said.all);
    said.has("database", "error", "nothing can be written in /sys");

    let damaged = TestDatabase::sqlite().await;
    damaged.store.close().await;
    std::fs::write(damaged.settings.path.join("rampart.db"), "no database ".repeat(1_000)).unwrap();
    let said = doctor(database(&damaged.settings)).await;
    assert_eq!(said.code, Some(1), "{}", said.all);
    said.has("database", "error", "file is not a database");

    let standby = TestDatabase::postgres().await;
    let name = standby.settings.url.as_ref().unwrap().0.path().trim_start_matches('/');
    let read_only = format!("alter database {name} set default_transaction_read_only = on");
    sql(&standby.store.portal, &read_only).await.unwrap();
    let said = doctor(database(&standby.settings)).await;
    assert_eq!(said.code, Some(1), "{}", said.all);
    said.has("database", "error", "rampart_portal is not writable: it is read-only");
}

#[tokio::test]
async fn a_wrong_configuration_is_told_in_the_form_that_was_asked_for() {
    let settings = vec![
        ("RAMPART_SERVER_LISTEN", "here".to_owned()),
        ("RAMPART_DATABASE_URL", "mysql://me:hunter2@db".to_owned()),
    ];
    let said = doctor(settings.clone()).await;
    assert_eq!(said.code, Some(2), "{}", said.all);
    said.has("configuration", "error", "RAMPART_SERVER_LISTEN: must be an address");
    said.has(
        "configuration",
        "error",
        "RAMPART_DATABASE_URL: must begin with postgres://",
    );
    assert!(!said.all.contains("hunter2"), "{}", said.all);

    let output = run(&["doctor"], &settings);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("2 problem(s)"));
}
