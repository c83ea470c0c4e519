use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use ::http::{HeaderMap, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::watch, time::timeout};

use crate::support::portal::{Answer, Browser};

/// Longer than the server lets any request take.
const ANSWERED_WITHIN: Duration = Duration::from_secs(40);

/// The real program, serving.
pub struct Server {
    child: Child,
    address: SocketAddr,
    log: Arc<Log>,
}

/// What the program said, line by line.
struct Log {
    lines: Mutex<Vec<String>>,
    count: watch::Sender<usize>,
}

impl Server {
    /// Starts it with these settings and waits until it listens. A write beyond a limit of the size of files fails instead
    /// of killing it.
    pub async fn start(settings: &[(String, String)]) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" serve", env!("CARGO_BIN_EXE_rampart")])
            .env_clear()
            .envs(settings.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Log {
            lines: Mutex::default(),
            count: watch::Sender::new(0),
        });
        log.follow(child.stdout.take().unwrap());
        log.follow(child.stderr.take().unwrap());
        let mut server = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            log,
        };
        let line = server.says("listening on http://").await;
        server.address = line.rsplit("http://").next().unwrap().parse().unwrap();
        server
    }

    /// Returns once it says so; the line.
    pub async fn says(&self, text: &str) -> String {
        self.log.says(text).await
    }

    /// Returns once it says so after what it has said up to this call.
    pub fn says_again(&self, text: &str) -> impl Future<Output = ()> {
        self.log
            .clone()
            .says_after(self.log.lines.lock().unwrap().len(), text.to_owned())
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it as an operator does.
    pub async fn stop(mut self) {
        let sent = Command::new("kill").args(["-TERM", &self.id().to_string()]).status();
        assert!(sent.unwrap().success());
        assert!(self.ended().await.success());
    }

    async fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        super::until("the server ends", async || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status.unwrap()
    }

    pub async fn get(&self, browser: &mut Browser, path: &str) -> Answer {
        self.send(browser, Method::GET, path, String::new()).await
    }

    /// Sends a form as a browser on one of our own pages does.
    pub async fn post(&self, browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string(fields).unwrap();
        self.send(browser, Method::POST, path, body).await
    }

    async fn send(&self, browser: &mut Browser, method: Method, path: &str, body: String) -> Answer {
        let mut request = Request::new(Full::<bytes::Bytes>::from(body));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap();
        let mut headers: HeaderMap = [
            (header::HOST, "rampart.test"),
            (header::ACCEPT, "text/html"),
            (header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
        ]
        .map(|(name, value)| (name, HeaderValue::from_static(value)))
        .into_iter()
        .collect();
        headers.insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
        if let Some(cookie) = &browser.cookie {
            headers.insert(header::COOKIE, cookie.parse().unwrap());
        }
        *request.headers_mut() = headers;
        let exchange = async {
            let stream = TcpStream::connect(self.address).await.unwrap();
            let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
                .await
                .unwrap();
            tokio::spawn(connection);
            let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            (parts, String::from_utf8_lossy(&body).into_owned())
        };
        let (parts, body) = timeout(ANSWERED_WITHIN, exchange).await.expect("an answer in time");
        browser.keep(&parts.headers);
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

impl Log {
    fn follow(self: &Arc<Self>, output: impl Read + Send + 'static) {
        let log = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                log.lines.lock().unwrap().push(line);
                log.count.send_modify(|count| *count += 1);
            }
        });
    }

    async fn says(&self, text: &str) -> String {
        self.wait_for(0, text).await
    }

    async fn says_after(self: Arc<Self>, line: usize, text: String) {
        self.wait_for(line, &text).await;
    }

    async fn wait_for(&self, from: usize, text: &str) -> String {
        let lines = || self.lines.lock().unwrap();
        let find = || lines().iter().skip(from).find(|line| line.contains(text)).cloned();
        let mut count = self.count.subscribe();
        let waiting = count.wait_for(|_| find().is_some());
        let waited = timeout(super::PATIENCE, waiting).await.is_ok();
        assert!(waited, "it does not say \"{text}\"");
        find().unwrap()
    }
}

/// No process outlives its test; one that fails shows what the server said.
impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let lines = self.log.lines.lock().unwrap();
            let from = lines.len().saturating_sub(40);
            eprintln!("the server's last lines:\n{}", lines[from..].join("\n"));
        }
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
