//! The exchange itself: connect, encrypt, ask, read (SPEC section 2.1).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::{ACCEPT, AGE, CACHE_CONTROL, CONTENT_LENGTH, HOST, LOCATION, TRANSFER_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, Version};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::rt::Executor;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;
use url::{Position, Url};

use super::outcome::{Failure, Seen};
use super::{Shared, reason, tls};

/// The response header may have this many bytes, in either version of HTTP.
pub(super) const MAX_HEADER: u32 = 64 * 1024;

/// HTTP/2 lets the server send this much before it has to wait for the prober.
const WINDOW: u32 = 64 * 1024;

/// One exchange. It may be dropped at any point; `seen` then says how far it came.
pub(super) struct Exchange<'a> {
    shared: &'a Shared,
    url: &'a Url,
    pub(super) seen: Seen,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(shared: &'a Shared, url: &'a Url) -> Self {
        Self {
            shared,
            url,
            seen: Seen::default(),
        }
    }

    /// Ends well when the answer was 200 and its body was read to its end or to the limit.
    pub(super) async fn run(&mut self) -> Result<(), Failure> {
        self.shared.guard.check_url(self.url)?;
        let stream = self.connect().await?;
        let tasks = Tasks::default();
        let response = if self.url.scheme() == "https" {
            let stream = self.encrypt(stream).await?;
            match stream.get_ref().1.alpn_protocol() {
                Some(tls::HTTP_2) => self.ask_http2(stream, &tasks).await?,
                _ => self.ask_http1(stream, &tasks).await?,
            }
        } else {
            self.ask_http1(stream, &tasks).await?
        };
        self.judge_header(&response)?;
        self.read_body(response).await
    }

    async fn connect(&mut self) -> Result<TcpStream, Failure> {
        let (Some(host), Some(port)) = (self.url.host(), self.url.port_or_known_default()) else {
            return Err(Failure::from(super::guard::GuardError::NoHost));
        };
        let (stream, address) = self.shared.guard.connect(host, port, &mut self.seen.connect).await?;
        self.seen.address = Some(address);
        Ok(stream)
    }

    async fn encrypt(&mut self, stream: TcpStream) -> Result<TlsStream<TcpStream>, Failure> {
        let name = tls::server_name(self.url)?;
        let began = Instant::now();
        let stream = self
            .shared
            .tls
            .connect(name, stream)
            .await
            .map_err(|error| tls::failure(&error))?;
        self.seen.tls = Some(began.elapsed());
        Ok(stream)
    }

    async fn ask_http1(&mut self, stream: impl Stream, tasks: &Tasks) -> Result<Response<Incoming>, Failure> {
        let began = Instant::now();
        let mut http = http1::Builder::new();
        http.max_buf_size(MAX_HEADER as usize);
        let (mut sender, connection) = http
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| reason::broken_header(&error))?;
        let mut request = self.request(self.url[Position::BeforePath..Position::AfterQuery].parse())?;
        let authority = HeaderValue::from_str(&self.url[Position::BeforeHost..Position::AfterPort]);
        request
            .headers_mut()
            .insert(HOST, authority.map_err(|_| reason::unaskable())?);
        // The request waits before the connection is driven, so that it is told what went wrong, whatever the server
        // does first.
        let response = sender.send_request(request);
        tasks.drive(connection);
        let response = response.await.map_err(|error| reason::broken_header(&error))?;
        self.seen.first_byte = Some(began.elapsed());
        Ok(response)
    }

    async fn ask_http2(&mut self, stream: impl Stream, tasks: &Tasks) -> Result<Response<Incoming>, Failure> {
        let began = Instant::now();
        let mut http = http2::Builder::new(tasks.spawner());
        http.initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .max_header_list_size(MAX_HEADER);
        let (mut sender, connection) = http
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| reason::broken_header(&error))?;
        let request = self.request(self.url[..Position::AfterQuery].parse())?;
        let response = sender.send_request(request);
        tasks.drive(connection);
        let response = response.await.map_err(|error| reason::broken_header(&error))?;
        self.seen.first_byte = Some(began.elapsed());
        Ok(response)
    }

    fn request(&self, target: Result<Uri, http::uri::InvalidUri>) -> Result<Request<Empty<Bytes>>, Failure> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = target.map_err(|_| reason::unaskable())?;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, self.shared.user_agent.clone());
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        Ok(request)
    }

    /// Notes what the header says. Every status but 200 ends the exchange here: its body would change nothing.
    fn judge_header(&mut self, response: &Response<Incoming>) -> Result<(), Failure> {
        let (status, headers) = (response.status(), response.headers());
        self.seen.status = Some(status.as_u16());
        self.seen.http_version = Some(version_name(response.version()));
        self.seen.age_header = headers.contains_key(AGE);
        match headers.get(LOCATION) {
            _ if status == StatusCode::OK => Ok(()),
            Some(location) if status.is_redirection() => Err(reason::redirect(status, location)),
            _ => Err(reason::status(status)),
        }
    }

    async fn read_body(&mut self, response: Response<Incoming>) -> Result<(), Failure> {
        let ends_with_connection = ends_with_connection(response.version(), response.headers());
        let mut body = response.into_body();
        while self.seen.body < self.shared.max_body {
            match body.frame().await {
                None => break,
                Some(Ok(frame)) => self.seen.body += frame.data_ref().map_or(0, Bytes::len),
                // Many servers cut TLS off without its closing message; where that is the end of the body anyway,
                // nothing is missing.
                Some(Err(error)) if ends_with_connection && reason::is_unannounced_end(&error) => break,
                Some(Err(error)) => return Err(reason::broken_body(&error, self.seen.body)),
            }
        }
        Ok(())
    }
}

/// What HTTP is spoken over: TCP, or TLS over it.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

/// The tasks that drive one connection. They end with the value that the exchange owns, which closes the connection at
/// once in whatever state it is, without a farewell that the server could delay.
#[derive(Default)]
struct Tasks(Spawner);

/// Starts tasks for hyper, which wants a value to keep. It does not hold the tasks: those end with [`Tasks`].
#[derive(Clone, Default)]
struct Spawner(Arc<Mutex<JoinSet<()>>>);

impl Tasks {
    fn spawner(&self) -> Spawner {
        self.0.clone()
    }

    /// Drives `connection`. How it ends is of no interest: what went wrong is told to the request, too.
    fn drive(&self, connection: impl Future<Output = hyper::Result<()>> + Send + 'static) {
        self.0.execute(async { drop(connection.await) });
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.lock().abort_all();
    }
}

impl Spawner {
    fn lock(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Spawner {
    fn execute(&self, task: F) {
        self.lock().spawn(task);
    }
}

fn version_name(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    }
}

/// Whether the body has no other end than that of the connection (RFC 9112 section 6.3).
fn ends_with_connection(version: Version, headers: &HeaderMap) -> bool {
    version < Version::HTTP_2 && !headers.contains_key(CONTENT_LENGTH) && !headers.contains_key(TRANSFER_ENCODING)
}
