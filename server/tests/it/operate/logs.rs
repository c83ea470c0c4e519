use rampart_server::store::{Scope, outbox};
use serde_json::Value;

use crate::support::{
    database::{TestDatabase, sql},
    portal::new_app,
    server::{Server, Visitor, database, run},
    smtp::{MailServer, Mood},
};

const PASSWORD: &str = "correct horse battery staple";
const WRONG_PASSWORD: &str = "wrong horse battery staple";

/// The last part of the link in the latest mail to an address.
async fn token_in_mail_to(database: &TestDatabase, address: &str) -> String {
    let mails = outbox::list(&database.store.portal, Scope::system(), outbox::Shown::All, 0, 100)
        .await
        .unwrap();
    let mail = mails
        .iter()
        .find(|m| m.recipients.0.iter().any(|r| r == address))
        .unwrap();
    let mut words = mail.body_text.split_whitespace();
    let link = words.find(|word| word.starts_with("http://127.0.0.1")).unwrap();
    link.rsplit('/').next().unwrap().to_owned()
}

fn accept(visitor: &mut Visitor<'_>, token: &str) {
    let path = format!("/invitation/{token}");
    assert_eq!(visitor.get(&path).status, 200);
    let fields = [("name", "Ada"), ("password", PASSWORD), ("password_again", PASSWORD)];
    assert_eq!(visitor.post(&path, &fields).status, 303);
}

/// Goes through everything that has to do with a secret, with the most talkative filter, and looks for each in the log.
#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_written_and_every_line_is_an_object() {
    let test = TestDatabase::postgres().await;
    let mails = MailServer::start(Mood::Takes).await;
    let mut database_url = test.settings.url.clone().unwrap().0;
    database_url.set_password(Some("password-of-database")).unwrap();
    let mut relay = mails.url();
    relay.set_username("relay-user").unwrap();
    relay.set_password(Some("password-of-relay")).unwrap();
    let settings = [
        ("RAMPART_DATABASE_URL", database_url.to_string()),
        ("RAMPART_MAIL_RELAY", relay.to_string()),
        ("RAMPART_METRICS_TOKEN", "token-of-the-figures".to_owned()),
        ("RAMPART_LOG_FILTER", "debug".to_owned()),
        ("RAMPART_LOG_FORMAT", "json".to_owned()),
    ];
    let add = [
        "user",
        "add",
        "--mail",
        "a@b.test",
        "--name",
        "Ada",
        "--role",
        "administrator",
        "--role",
        "reviewer",
    ];
    let output = run(&add, &settings);
    let (link, added) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    let staff_token = link.trim().rsplit('/').next().unwrap().to_owned();

    let mut server = Server::start(&settings);
    let mut ada = Visitor::new(&server);
    accept(&mut ada, &staff_token);
    let first_cookie = ada.cookie.clone();
    let wrong = ada.post("/sign-in", &[("mail", "a@b.test"), ("password", WRONG_PASSWORD)]);
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    let signed_in = ada.post("/sign-in", &[("mail", "a@b.test"), ("password", PASSWORD)]);
    assert_eq!(signed_in.status, 303);

    let made = ada.post("/partners/new", &[("name", "One"), ("owner_mail", "owner@one.test")]);
    let partner = made.header("location").strip_prefix("/partners/").unwrap().to_owned();
    assert!(mails.next().await.contains("owner@one.test"), "the relay let us in");
    let owner_token = token_in_mail_to(&test, "owner@one.test").await;
    let mut owner = Visitor::new(&server);
    accept(&mut owner, &owner_token);
    let registered = owner.post("/apps/new", &new_app(&partner, "com.example.app"));
    assert_eq!(registered.status, 303, "{}", registered.body);
    let address_token = token_in_mail_to(&test, "on-call@example.com").await;
    let path = format!("/alert-address/{address_token}");
    assert_eq!(owner.get(&path).status, 200);
    assert_eq!(owner.post(&path, &[]).status, 303);
    // Somebody's mail program may break a link.
    owner.get(&format!("{path}/"));
    owner.get(&format!("/Invitation/{owner_token}?{owner_token}"));
    for token in ["token-of-the-figures", "token-that-is-guessed"] {
        let bearer = format!("Bearer {token}");
        server.ask("GET", "/metrics", &[("authorization", &bearer)], "");
    }
    // Nor when something fails.
    sql(&test.store.portal, "alter table app rename to gone").await.unwrap();
    let failed = ada.get("/apps");
    assert_eq!(failed.status, 500);
    let failed_form = owner.post("/apps/new", &new_app(&partner, "com.example.other"));
    assert_eq!(failed_form.status, 500);
    let cookies = [first_cookie, ada.cookie.clone(), owner.cookie.clone()];
    server.terminate();
    assert_eq!(server.ended(), Some(0));

    let log = server.log();
    let everything = format!("{log}{added}");
    let secrets = [
        PASSWORD,
        WRONG_PASSWORD,
        "password-of-database",
        "password-of-relay",
        "token-of-the-figures",
        "token-that-is-guessed",
        &staff_token,
        &owner_token,
        &address_token,
    ];
    let sessions = cookies.iter().map(|cookie| cookie.split('=').nth(1).unwrap());
    for secret in secrets.into_iter().chain(sessions) {
        let line = everything.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} is in the log: {}", line.unwrap());
    }

    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered = |route: &str, status: u16| {
        let mut lines = lines.iter().filter(|line| line["message"] == "answered");
        lines
            .find(|line| line["request"]["route"] == route && line["status"] == status)
            .unwrap_or_else(|| panic!("no line about {route} with {status}:\n{log}"))
    };
    let line = answered("/invitation/{token}", 303);
    assert_eq!(
        (&line["level"], &line["request"]["method"]),
        (&"INFO".into(), &"POST".into())
    );
    assert!(
        line["request"]["path"].is_null() && line["duration_ms"].is_number(),
        "{line}"
    );
    assert_eq!(answered("unmatched", 404)["request"]["path"], Value::Null);
    assert_eq!(answered("/metrics", 401)["level"], "DEBUG");
    assert_eq!(answered("/apps", 500)["request"]["path"], "/apps");
    for answer in [failed, failed_form] {
        let id = answer.header("x-request-id");
        let mut errors = lines
            .iter()
            .filter(|line| line["level"] == "ERROR" && line["request"]["id"] == id);
        let error = errors.next().unwrap_or_else(|| panic!("nothing about {id}:\n{log}"));
        assert!(
            error["error"].as_str().unwrap().contains("\"app\" does not exist"),
            "{error}"
        );
        assert!(errors.next().is_none(), "once is enough:\n{log}");
    }
}

#[tokio::test]
async fn a_request_is_one_line_and_static_files_are_none() {
    let test = TestDatabase::sqlite().await;
    let server = Server::start(&database(&test.settings));
    let ids: Vec<String> = [
        "/healthz",
        "/readyz",
        "/metrics",
        "/robots.txt",
        "/pkg/nothing.js",
        "/sign-in?next=x",
    ]
    .into_iter()
    .map(|path| server.get(path).header("x-request-id").to_owned())
    .collect();
    let line = server.wait_for(|line| line.contains("answered"));
    assert!(
        line.contains(&ids[5]) && line.contains("route=\"/sign-in\"") && line.contains("status=200"),
        "{line}"
    );
    assert!(!line.contains("next=x"), "{line}");
    for quiet in &ids[..5] {
        assert!(!server.log().contains(quiet), "{}", server.log());
    }
}
