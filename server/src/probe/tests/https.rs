//! TLS and HTTP/2.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{
    AMPLE, ErrorClass, LOCALHOST, SHORT, assert_good, closed, ended, failure, prober_resolving, read_request, serve,
    settings, url,
};
use crate::probe::{Probe, ProbeSettings, Prober};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nup";

/// An authority that the prober trusts.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Each authority has a name of its own: by default every certificate seems to be issued by every other one.
        params.distinguished_name.push(
            DnType::CommonName,
            format!("authority {}", NEXT.fetch_add(1, Ordering::Relaxed)),
        );
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        roots
    }

    fn certify(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap().der().clone();
        Identity {
            certificate,
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        }
    }
}

/// What a server shows.
struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    fn acceptor(self, alpn: &[&[u8]]) -> TlsAcceptor {
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate], self.key);
        acceptor(config.unwrap(), alpn)
    }
}

fn acceptor(mut config: ServerConfig, alpn: &[&[u8]]) -> TlsAcceptor {
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

fn named(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
}

/// Serves one TLS connection, if the handshake ends well.
async fn serve_tls<Answer, Answering>(acceptor: TlsAcceptor, answer: Answer) -> (u16, JoinHandle<()>)
where
    Answer: FnOnce(TlsStream<TcpStream>) -> Answering + Send + 'static,
    Answering: Future<Output = ()> + Send + 'static,
{
    serve(async move |stream| {
        if let Ok(stream) = acceptor.accept(stream).await {
            answer(stream).await;
        }
    })
    .await
}

async fn answer_http1(mut stream: TlsStream<TcpStream>) {
    read_request(&mut stream).await;
    stream.write_all(OK).await.unwrap();
    stream.flush().await.unwrap();
    closed(stream).await;
}

/// Answers every request over HTTP/2; returns when the connection has ended.
async fn answer_http2<B>(stream: TlsStream<TcpStream>, answer: fn(Request<Incoming>) -> Response<B>)
where
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let service = service_fn(move |request| std::future::ready(Ok::<_, Infallible>(answer(request))));
    let _ = http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn probe(port: u16, timeout: Duration, roots: RootCertStore, host: &str) -> Probe {
    let settings = ProbeSettings {
        timeout,
        ..settings(port)
    };
    prober_resolving(settings, roots, |_| Ok(vec![LOCALHOST]))
        .probe(&url(&format!("https://{host}:{port}/health?deep=1")))
        .await
}

async fn probe_certificate(identity: Identity, roots: RootCertStore) -> Probe {
    let (port, serving) = serve_tls(identity.acceptor(&[]), answer_http1).await;
    let probe = probe(port, AMPLE, roots, "app.example").await;
    ended(serving).await;
    probe
}

async fn probe_http2<B>(timeout: Duration, answer: fn(Request<Incoming>) -> Response<B>) -> Probe
where
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let authority = Authority::new();
    let acceptor = authority
        .certify(named(&["app.example"]))
        .acceptor(&[b"h2", b"http/1.1"]);
    let (port, serving) = serve_tls(acceptor, move |stream| answer_http2(stream, answer)).await;
    let probe = probe(port, timeout, authority.roots(), "app.example").await;
    ended(serving).await;
    probe
}

#[tokio::test]
async fn http1_over_tls() {
    for alpn in [&[b"http/1.1".as_slice()] as &[_], &[]] {
        let authority = Authority::new();
        let acceptor = authority.certify(named(&["app.example"])).acceptor(alpn);
        let (port, serving) = serve_tls(acceptor, answer_http1).await;
        let probe = probe(port, AMPLE, authority.roots(), "app.example.").await;
        assert_good(&probe);
        assert_eq!(probe.http_version, Some("HTTP/1.1"));
        let timings = probe.timings;
        let phases = [timings.dns, timings.connect, timings.tls, timings.first_byte].map(Option::unwrap);
        assert!(phases.iter().sum::<Duration>() <= timings.total, "{timings:?}");
        ended(serving).await;
    }
}

#[tokio::test]
async fn other_settings_keep_the_authorities() {
    let authority = Authority::new();
    let acceptor = authority.certify(named(&["localhost"])).acceptor(&[]);
    let (port, serving) = serve_tls(acceptor, answer_http1).await;
    let strict = ProbeSettings {
        allow_ports: Vec::new(),
        ..settings(port)
    };
    let prober = Prober::with_roots(strict, authority.roots()).with_settings(settings(port));
    assert_good(&prober.probe(&url(&format!("https://localhost:{port}/health"))).await);
    ended(serving).await;
}

#[tokio::test]
async fn http2_over_tls() {
    let probe = probe_http2(AMPLE, |request| {
        let uri = request.uri();
        let asked = (uri.host(), uri.path(), uri.query()) == (Some("app.example"), "/health", Some("deep=1"));
        let headers: Vec<_> = request.headers().keys().map(http::HeaderName::as_str).collect();
        let expected = asked && headers == ["user-agent", "accept", "cache-control"];
        Response::builder()
            .status(if expected { 200 } else { 400 })
            .header("age", "1")
            .body(Empty::<Bytes>::new())
            .unwrap()
    })
    .await;
    assert_good(&probe);
    assert_eq!(probe.http_version, Some("HTTP/2"));
    assert!(probe.age_header && probe.timings.first_byte.is_some());
}

#[tokio::test]
async fn a_redirect_over_http2_is_bad() {
    let probe = probe_http2(AMPLE, |_| {
        Response::builder()
            .status(302)
            .header("location", "/login")
            .body(Empty::<Bytes>::new())
            .unwrap()
    })
    .await;
    assert_eq!(
        failure(&probe),
        (
            ErrorClass::Redirect,
            "The answer was a redirect (302 to /login), which is not followed; give the final URL."
        )
    );
}

/// A body without end: of `x`, or of nothing at all.
struct Endless {
    silent: bool,
}

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.silent {
            std::task::Poll::Pending
        } else {
            std::task::Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1024])))))
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

fn endless(silent: bool) -> Response<BoxBody<Bytes, Infallible>> {
    Response::new(Endless { silent }.boxed())
}

#[tokio::test]
async fn an_endless_body_over_http2_counts_and_is_hung_up_on() {
    assert_good(&probe_http2(AMPLE, |_| endless(false)).await);
}

/// The server keeps the connection as long as the prober does: were it left open, this would not end.
#[tokio::test]
async fn a_body_that_does_not_come_over_http2_is_cut_off() {
    let probe = probe_http2(SHORT, |_| endless(true)).await;
    let (class, reason) = failure(&probe);
    assert_eq!(class, ErrorClass::Timeout);
    assert!(
        reason.ends_with(" ms, but the body did not end (0 bytes of it were read)."),
        "{reason}"
    );
}

/// The server agrees to HTTP/2 and then never says a word.
#[tokio::test]
async fn a_server_that_is_silent_over_http2_is_cut_off() {
    let authority = Authority::new();
    let acceptor = authority.certify(named(&["app.example"])).acceptor(&[b"h2"]);
    let (port, serving) = serve_tls(acceptor, closed).await;
    let probe = probe(port, SHORT, authority.roots(), "app.example").await;
    ended(serving).await;
    let (class, reason) = failure(&probe);
    assert_eq!(class, ErrorClass::Timeout);
    assert!(reason.ends_with(" ms, then no complete response header."), "{reason}");
}

#[tokio::test]
async fn too_large_a_header_over_http2_is_bad() {
    let probe = probe_http2(AMPLE, |_| {
        let mut response = Response::new(Empty::<Bytes>::new());
        for i in 0..100 {
            let name = http::HeaderName::try_from(format!("x-{i}")).unwrap();
            response.headers_mut().insert(name, "x".repeat(4000).parse().unwrap());
        }
        response
    })
    .await;
    assert_eq!(failure(&probe).0, ErrorClass::Protocol);
}

#[tokio::test]
async fn a_literal_address_needs_a_certificate_for_the_address() {
    let authority = Authority::new();
    let acceptor = authority.certify(named(&["127.0.0.1"])).acceptor(&[]);
    let (port, serving) = serve_tls(acceptor, answer_http1).await;
    assert_good(&probe(port, AMPLE, authority.roots(), "127.0.0.1").await);
    ended(serving).await;
}

#[tokio::test]
async fn a_self_signed_certificate_is_bad() {
    let key = KeyPair::generate().unwrap();
    let certificate = named(&["app.example"]).self_signed(&key).unwrap().der().clone();
    let identity = Identity {
        certificate,
        key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
    };
    let probe = probe_certificate(identity, Authority::new().roots()).await;
    let reason = "The certificate is not issued by a known authority; \
        if it is not self-signed, the server must send the intermediate certificates too.";
    assert_eq!(failure(&probe), (ErrorClass::Tls, reason));
    assert!(probe.timings.connect.is_some() && probe.timings.tls.is_none() && probe.status.is_none());
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_bad() {
    let probe = probe_certificate(
        Authority::new().certify(named(&["app.example"])),
        Authority::new().roots(),
    )
    .await;
    assert!(
        failure(&probe)
            .1
            .starts_with("The certificate is not issued by a known authority; ")
    );
}

#[tokio::test]
async fn a_certificate_for_another_name_is_bad() {
    let authority = Authority::new();
    let identity = authority.certify(named(&[
        "other.example",
        "*.other.example",
        "c.example",
        "d.example",
        "e.example",
    ]));
    let probe = probe_certificate(identity, authority.roots()).await;
    let reason = "The certificate is not valid for app.example, \
        only for other.example, *.other.example, c.example, 2 more; serve one that has this name.";
    assert_eq!(failure(&probe), (ErrorClass::Tls, reason));
}

#[tokio::test]
async fn a_certificate_outside_its_time_is_bad() {
    let authority = Authority::new();
    let mut expired = named(&["app.example"]);
    (expired.not_before, expired.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2024, 2, 29));
    let probe = probe_certificate(authority.certify(expired), authority.roots()).await;
    assert_eq!(
        failure(&probe),
        (ErrorClass::Tls, "The certificate expired on 2024-02-29; renew it.")
    );

    let mut early = named(&["app.example"]);
    (early.not_before, early.not_after) = (date_time_ymd(3000, 1, 1), date_time_ymd(3001, 1, 1));
    let probe = probe_certificate(authority.certify(early), authority.roots()).await;
    assert!(
        failure(&probe)
            .1
            .starts_with("The certificate is valid only from 3000-01-01; ")
    );
}

/// With TLS 1.3 the refusal comes after the handshake, in place of the answer.
#[tokio::test]
async fn a_server_that_asks_for_a_client_certificate_is_bad() {
    let authority = Authority::new();
    let identity = authority.certify(named(&["app.example"]));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authority.roots()), Arc::clone(&provider))
        .build()
        .unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![identity.certificate], identity.key)
        .unwrap();
    let (port, serving) = serve_tls(acceptor(config, &[]), answer_http1).await;
    let probe = probe(port, AMPLE, authority.roots(), "app.example").await;
    ended(serving).await;
    let reason = "The server refused the TLS connection (alert CertificateRequired); \
        check that it has a certificate for this name and asks for none itself.";
    assert_eq!(failure(&probe), (ErrorClass::Tls, reason));
}

#[tokio::test]
async fn a_port_without_tls_is_bad() {
    let (port, serving) = serve(async |mut stream: TcpStream| {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        closed(stream).await;
    })
    .await;
    let without_tls = probe(port, AMPLE, RootCertStore::empty(), "app.example").await;
    assert_eq!(
        failure(&without_tls),
        (
            ErrorClass::Tls,
            "The server does not speak TLS on this port; check the port, or use http."
        )
    );
    ended(serving).await;

    let (port, serving) = serve(async |stream| drop(stream)).await;
    let hung_up = probe(port, AMPLE, RootCertStore::empty(), "app.example").await;
    let (class, reason) = failure(&hung_up);
    assert_eq!(class, ErrorClass::Tls);
    assert!(reason.contains("during the TLS handshake"), "{reason}");
    ended(serving).await;
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_cut_off() {
    let (port, serving) = serve(closed).await;
    let probe = probe(port, SHORT, RootCertStore::empty(), "app.example").await;
    let (class, reason) = failure(&probe);
    assert_eq!(class, ErrorClass::Timeout);
    assert!(reason.ends_with(" ms, then the TLS handshake did not end."), "{reason}");
    ended(serving).await;
}

/// The end of the connection is the end of this body; that TLS was not ended properly is common and harmless here,
/// but not where a length was promised.
#[tokio::test]
async fn tls_that_is_cut_off_ends_only_a_body_without_length() {
    for (answer, good) in [
        ("HTTP/1.1 200 OK\r\n\r\nup", true),
        ("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nup", false),
    ] {
        let authority = Authority::new();
        let acceptor = authority.certify(named(&["app.example"])).acceptor(&[]);
        let (port, serving) = serve_tls(acceptor, async move |mut stream| {
            read_request(&mut stream).await;
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            let (mut stream, _) = stream.into_inner();
            stream.shutdown().await.unwrap();
            closed(stream).await;
        })
        .await;
        let probe = probe(port, AMPLE, authority.roots(), "app.example").await;
        ended(serving).await;
        assert_eq!(probe.is_good(), good, "{probe:?}");
        assert_eq!(
            probe.failure.map(|failure| failure.class),
            (!good).then_some(ErrorClass::Protocol)
        );
    }
}
