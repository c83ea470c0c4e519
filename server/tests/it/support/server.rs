//! The real program as a process, with a browser that speaks to it over a socket.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use rampart_server::config::Database;
use rustix::process::{Pid, Signal, kill_process};

/// A line that does not come within this never will.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program with nothing but these settings.
pub fn rampart(arguments: &[&str], settings: &[(&str, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rampart"));
    command
        .args(arguments)
        .env_clear()
        .envs(settings.iter().map(|(name, value)| (*name, value.as_str())));
    command
}

/// Runs a command to its end.
pub fn run(arguments: &[&str], settings: &[(&str, String)]) -> Output {
    rampart(arguments, settings).output().unwrap()
}

/// The settings by which the program opens this database.
pub fn database(settings: &Database) -> Vec<(&'static str, String)> {
    match &settings.url {
        Some(url) => vec![("RAMPART_DATABASE_URL", url.0.to_string())],
        None => vec![("RAMPART_DATABASE_PATH", settings.path.display().to_string())],
    }
}

/// A port on which nobody listens.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// `rampart serve`; killed when the test ends before it does.
pub struct Server {
    child: Child,
    port: u16,
    written: Arc<Mutex<String>>,
    lines: mpsc::Receiver<String>,
}

impl Server {
    /// Starts it and waits until it listens.
    pub fn start(settings: &[(&str, String)]) -> Self {
        let port = free_port();
        let mut child = rampart(&["serve"], settings)
            .env("RAMPART_SERVER_LISTEN", format!("127.0.0.1:{port}"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let written = Arc::new(Mutex::new(String::new()));
        let (sender, lines) = mpsc::channel();
        let (stderr, kept) = (child.stderr.take().unwrap(), written.clone());
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                kept.lock().unwrap().push_str(&format!("{line}\n"));
                // The test may have read enough.
                let _ = sender.send(line);
            }
        });
        let mut listening = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut listening)
            .unwrap();
        let server = Self {
            child,
            port,
            written,
            lines,
        };
        assert!(listening.starts_with("listening on http"), "{}", server.log());
        server
    }

    /// What it has written to standard error so far.
    pub fn log(&self) -> String {
        self.written.lock().unwrap().clone()
    }

    /// The next line on standard error for which this holds.
    pub fn wait_for(&self, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if wanted(&line) => return line,
                Ok(_) => {}
                Err(_) => panic!("the line did not come:\n{}", self.log()),
            }
        }
    }

    pub fn terminate(&self) {
        let id = Pid::from_child(&self.child);
        kill_process(id, Signal::TERM).unwrap();
    }

    /// Its exit code, once it has ended by itself.
    pub fn ended(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Asks over a connection of its own.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        let headers: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer as it came over the wire.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value)
    }
}

/// Somebody at a server: keeps the cookie.
pub struct Visitor<'a> {
    pub server: &'a Server,
    pub cookie: String,
}

impl<'a> Visitor<'a> {
    pub fn new(server: &'a Server) -> Self {
        Self {
            server,
            cookie: String::new(),
        }
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, &[])
    }

    /// Sends a form as a page of ours does.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.ask("POST", path, fields)
    }

    fn ask(&mut self, method: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let answer = self
            .server
            .ask(method, path, &headers, &serde_urlencoded::to_string(fields).unwrap());
        if let Some(cookie) = answer.header("set-cookie").split(';').next().filter(|c| !c.is_empty()) {
            self.cookie = cookie.to_owned();
        }
        answer
    }
}
