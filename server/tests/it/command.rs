//! The command line, as somebody at a terminal sees it.

use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

fn rampart(folder: &TempDir, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rampart"))
        .args(arguments)
        .env_clear()
        .env("RAMPART_DATABASE_PATH", folder.path())
        .envs(settings.iter().copied())
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_wrong_configuration_lists_every_problem_and_exits_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        ("RAMPART_SERVER_LISTEN", "here"),
        ("RAMPART_MAIL_FORM", "me"),
        ("RAMPART_PROBE_TIMEOUT_MS", "9000"),
    ];
    for arguments in [&["serve", "--check"][..], &["serve"], &["migrate"]] {
        let output = rampart(&folder, arguments, &settings);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        let said = said(&output);
        assert!(
            said.contains("3 problem(s)") && said.contains("RAMPART_SERVER_LISTEN: must be an address"),
            "{said}"
        );
        assert!(
            said.contains("did you mean RAMPART_MAIL_FROM?") && said.contains("must be 100 to 3000"),
            "{said}"
        );
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn a_configuration_that_is_fine_is_printed_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let output = rampart(
        &folder,
        &["serve", "--check"],
        &[("RAMPART_MAIL_RELAY", "smtps://me:hunter2@mail.example.com")],
    );
    assert!(output.status.success(), "{}", said(&output));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        printed.contains("the configuration is fine") && !printed.contains("hunter2"),
        "{printed}"
    );
}

#[test]
fn the_first_administrator_gets_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let add = [
        "user",
        "add",
        "--mail",
        "a@b.test",
        "--name",
        "Ada",
        "--role",
        "administrator",
    ];
    let output = rampart(
        &folder,
        &add,
        &[("RAMPART_SERVER_PUBLIC_URL", "https://rampart.example")],
    );
    assert!(output.status.success(), "{}", said(&output));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.starts_with("https://rampart.example/invitation/"), "{printed}");

    let output = rampart(
        &folder,
        &["user", "add", "--mail", "nobody", "--name", "", "--role", "king"],
        &[],
    );
    assert_eq!(output.status.code(), Some(2));
    let said = said(&output);
    assert!(
        said.contains("--mail: ") && said.contains("--name: ") && said.contains("--role: there is no role \"king\""),
        "{said}"
    );
}

#[test]
fn wrong_usage_exits_with_2_and_every_command_has_help() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(rampart(&folder, &["fly"], &[]).status.code(), Some(2));
    for arguments in [
        &["--help"][..],
        &["serve", "--help"],
        &["migrate", "--help"],
        &["doctor", "--help"],
        &["user", "--help"],
        &["user", "add", "--help"],
        &["jwt", "--help"],
        &["replay", "--help"],
    ] {
        assert!(rampart(&folder, arguments, &[]).status.success(), "{arguments:?}");
    }
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    assert!(rampart(&folder, &["migrate"], &[]).status.success());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        use sqlx::Connection;
        let mut connection = sqlx::SqliteConnection::connect(&format!("sqlite://{}/rampart.db", folder.path().display())).await.unwrap();
        let row = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) values (99990101000000, 'later', true, x'00', 1)";
        sqlx::query(row).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
    let output = rampart(&folder, &["serve"], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("written by a newer version of Rampart"),
        "{}",
        said(&output)
    );
}

#[test]
fn an_app_without_figures_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = rampart(&folder, &["slo", "com.example.none"], &[]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("no app with the key \"com.example.none\""),
        "{}",
        said(&output)
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn events_are_exported_and_imported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("events.ndjson");
    std::fs::write(&file, "{\"app\":\"com.example.none\"}\n").unwrap();
    let import = |file: &std::path::Path| rampart(&folder, &["import", "events", file.to_str().unwrap()], &[]);
    let output = import(&file);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("line 1: missing field") && said(&output).contains("none from it on"),
        "{}",
        said(&output)
    );
    std::fs::write(&file, "").unwrap();
    let output = import(&file);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "0 lines counted, 0 counted before\n"
    );
    let output = import(&folder.path().join("none"));
    assert!(
        !output.status.success() && said(&output).contains("cannot read"),
        "{}",
        said(&output)
    );
    let output = rampart(&folder, &["export", "events"], &[]);
    assert!(output.status.success() && output.stdout.is_empty(), "{}", said(&output));
    let output = rampart(&folder, &["export", "events", "--app", "com.example.none"], &[]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
}

/// Signed by the reference client, the npm package atlassian-jwt; see end2end/support/jwt-vectors.mjs.
#[test]
fn a_signature_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let vectors = include_str!("../../../domain/tests/jwt-vectors.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let token = |name: &str| {
        text(
            &vectors["tokens"]
                .as_array()
                .unwrap()
                .iter()
                .find(|t| t["name"] == name)
                .unwrap()["token"],
        )
    };
    let secret_file = folder.path().join("secret");
    std::fs::write(&secret_file, format!("{}\n", text(&vectors["secret"]))).unwrap();
    let (secret, at) = (text(&vectors["secret"]), vectors["at"].to_string());
    let url = format!("https://rampart.example{}", text(&vectors["path"]));
    // What is wrong with a configuration has nothing to do with this.
    let jwt = |arguments: &[&str]| {
        let arguments = [&["jwt", "--method", "PUT"], arguments].concat();
        rampart(&folder, &arguments, &[("RAMPART_SERVER_LISTEN", "nowhere")])
    };
    let answered = |output: &Output| -> Value { serde_json::from_slice(&output.stdout).unwrap() };

    let good = token("good");
    let given = ["--secret", &secret, "--url", &url, "--token", &good, "--at", &at];
    let output = jwt(&given);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let answer = answered(&output);
    assert_eq!(answer["canonical"], format!("PUT&{}&", text(&vectors["path"])));
    assert_eq!(answer["qsh"], answer["claims"]["qsh"]);
    assert_eq!(
        (&answer["signature"], &answer["verdict"], &answer["problems"]),
        (&json!("valid"), &json!("accepted"), &json!([]))
    );

    // The same token from the URL, the secret from a file, the time as people write it.
    let with_token = format!("{url}?jwt={good}");
    let file = secret_file.to_str().unwrap();
    let output = jwt(&[
        "--secret-file",
        file,
        "--url",
        &with_token,
        "--at",
        "2027-01-15T08:00:00Z",
    ]);
    assert_eq!(answered(&output), answer);

    for (arguments, signature, problem) in [
        (
            vec!["--secret", "other", "--url", &url, "--token", &good, "--at", &at],
            "invalid",
            "signature",
        ),
        (
            vec!["--secret", &secret, "--url", &url, "--token", &good],
            "valid",
            "exp",
        ),
        (
            vec!["--secret", &secret, "--url", "/other", "--token", &good, "--at", &at],
            "valid",
            "qsh",
        ),
        (
            vec!["--secret", &secret, "--url", &url, "--at", &at],
            "invalid",
            "no token",
        ),
        (
            vec!["--secret", &secret, "--url", &url, "--token", "a.b", "--at", &at],
            "invalid",
            "three parts",
        ),
    ] {
        let output = jwt(&arguments);
        assert_eq!(output.status.code(), Some(1), "{problem}: {}", said(&output));
        let answer = answered(&output);
        assert_eq!(
            (&answer["signature"], &answer["verdict"]),
            (&json!(signature), &json!("rejected"))
        );
        assert!(
            matches!(answer["problems"].as_array().map(Vec::as_slice), Some([one]) if text(one).contains(problem)),
            "{answer:#}"
        );
    }
    for wrong in [
        &["--url", &url][..],
        &["--secret", &secret, "--secret-file", file, "--url", &url],
        &["--secret-file", "/nowhere", "--url", &url],
        &["--secret", "", "--url", &url],
        &["--secret", &secret, "--url", "rampart.example/x"],
        &["--secret", &secret, "--url", &url, "--at", "soon"],
        &["--secret", &secret],
    ] {
        assert_eq!(jwt(wrong).status.code(), Some(2), "{wrong:?}");
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "no database was made"
    );
}
