//! The commands, as somebody at a terminal uses them.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
};

use tempfile::TempDir;

fn rampart(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rampart"));
    command
        .args(arguments)
        .env_clear()
        .env("RAMPART_DATABASE_PATH", folder.path())
        .env("RAMPART_SERVER_LISTEN", "127.0.0.1:0");
    command
}

fn run(folder: &TempDir, arguments: &[&str]) -> Output {
    rampart(folder, arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_empty_database_is_filled_once() {
    let folder = tempfile::tempdir().unwrap();
    let demo = ["demo", "--days", "40", "--until", "2025-06-02T11:00:00Z"];
    let output = run(&folder, &demo);
    assert!(output.status.success(), "{}", said(&output));
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    for expected in [
        "FOR DEMONSTRATION ONLY",
        "rampart-demo-only",
        "priya@platform.example",
        "Program manager",
    ] {
        assert!(printed.contains(expected), "{expected} in {printed}");
    }
    let output = run(&folder, &demo);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("holds a demonstration already") && said(&output).contains("Nothing was changed"));
}

#[test]
fn wrong_usage_exits_with_2_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, expected) in [
        (&["demo", "--until", "9999-01-01T00:00:00Z"][..], "in the future"),
        (&["demo", "--days", "3"], "3 is not in 40"),
        (&["serve", "--seed", "3"], "what --demo fills"),
    ] {
        let output = run(&folder, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said(&output).contains(expected), "{}", said(&output));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A server; it ends with the value.
struct Server {
    child: Child,
    /// What it printed before it listened.
    printed: String,
    address: String,
}

impl Server {
    fn start(folder: &TempDir, arguments: &[&str]) -> Self {
        let mut command = rampart(folder, arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut server = Self {
            child,
            printed: String::new(),
            address: String::new(),
        };
        for line in BufReader::new(server.child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some(address) = line.strip_prefix("listening on http://") {
                address.clone_into(&mut server.address);
                return server;
            }
            server.printed.push_str(&line);
            server.printed.push('\n');
        }
        panic!("it ended: {}", server.printed);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The whole answer.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_demonstration_is_served_with_its_apps_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let apps = format!("127.0.0.1:{port}");
    let server = Server::start(
        &folder,
        &["serve", "--demo", "--days", "40", "--apps-port", &port.to_string()],
    );
    assert!(server.printed.contains("priya@platform.example"), "{}", server.printed);
    assert!(get(&server.address, "/sign-in").contains("Demonstration data"));
    assert!(get(&apps, "/example.kestrel.timesheets/health").starts_with("HTTP/1.1 200"));
    assert!(get(&apps, "/example.paperlantern.diagrams/health").starts_with("HTTP/1.1 503"));
    drop(server);

    // Once more: on the port that its apps have.
    let server = Server::start(&folder, &["serve", "--demo"]);
    assert!(
        server.printed.contains("goes on with the demonstration"),
        "{}",
        server.printed
    );
    assert!(get(&apps, "/example.kestrel.timesheets/health").starts_with("HTTP/1.1 200"));
}
