use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri},
};
use chrono::{DateTime, Utc};
use rampart_server::clock::Clock;
use tokio::{net::TcpListener, sync::watch};

/// Whether the next request is answered well.
pub type Script = Box<dyn FnMut() -> bool + Send>;

/// The apps whose health is checked, one at each path. It answers as the script of the path says, well without one, and
/// remembers every request.
pub struct Target {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    clock: Clock,
    scripts: Mutex<HashMap<String, Script>>,
    requests: Mutex<Vec<Request>>,
    seen: watch::Sender<usize>,
    holds: watch::Sender<bool>,
}

/// A request as the target saw it.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    /// By the clock of the server that is tested.
    pub at: DateTime<Utc>,
    pub status: u16,
}

impl Target {
    pub async fn start(clock: Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            clock,
            scripts: Mutex::default(),
            requests: Mutex::default(),
            seen: watch::Sender::new(0),
            holds: watch::Sender::new(false),
        });
        let router = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { port, shared }
    }

    /// Answers at `path` as the script says from now on.
    pub fn follow(&self, path: &str, script: Script) {
        self.shared.scripts.lock().unwrap().insert(path.to_owned(), script);
    }

    /// Answers well from now on.
    pub fn heal(&self) {
        self.shared.scripts.lock().unwrap().clear();
    }

    /// Lets whoever asks wait for the answer, or answers them all.
    pub fn hold(&self, holds: bool) {
        self.shared.holds.send_replace(holds);
    }

    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    pub fn seen(&self) -> usize {
        *self.shared.seen.borrow()
    }

    /// Returns once so many more requests came.
    pub async fn more(&self, requests: usize) {
        let mut seen = self.shared.seen.subscribe();
        let wanted = *seen.borrow() + requests;
        let waiting = seen.wait_for(|seen| *seen >= wanted);
        let waited = tokio::time::timeout(super::PATIENCE, waiting).await;
        assert!(waited.is_ok(), "no {requests} more probes came");
    }
}

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri) -> StatusCode {
    let status = shared.note(uri.path());
    let _ = shared.holds.subscribe().wait_for(|holds| !holds).await;
    status
}

impl Shared {
    fn note(&self, path: &str) -> StatusCode {
        let good = self.scripts.lock().unwrap().get_mut(path).is_none_or(|script| script());
        let mut requests = self.requests.lock().unwrap();
        // Failures differ from one to the next, so that a stored one can be told from its neighbours.
        let status = if good { 200 } else { 500 + (requests.len() % 100) as u16 };
        requests.push(Request {
            path: path.to_owned(),
            at: self.clock.now(),
            status,
        });
        self.seen.send_replace(requests.len());
        StatusCode::from_u16(status).unwrap()
    }
}
