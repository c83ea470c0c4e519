//! Probes against real sockets on the loopback network.

mod addresses;
mod connector;
mod http1;
mod https;
mod limits;
mod outcome;

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use ipnet::IpNet;
use rustls::RootCertStore;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

use super::guard::{Guard, Lookup, Resolve};
use super::{ErrorClass, Probe, ProbeSettings, Prober};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Long enough never to matter.
const AMPLE: Duration = Duration::from_secs(20);

/// For tests that run into the limit.
const SHORT: Duration = Duration::from_millis(150);

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

/// Settings that permit loopback addresses and `port`.
fn settings(port: u16) -> ProbeSettings {
    ProbeSettings {
        timeout: AMPLE,
        user_agent: "Rampart (https://portal.example/contact)".to_owned(),
        allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
        allow_ports: vec![port],
        ..ProbeSettings::default()
    }
}

fn prober(settings: ProbeSettings) -> Prober {
    Prober::with_roots(settings, RootCertStore::empty())
}

/// A prober for which names resolve as `answer` says.
fn prober_resolving<F>(settings: ProbeSettings, roots: RootCertStore, answer: F) -> Prober
where
    F: Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
{
    let guard = guard(&settings.allow_networks, &settings.allow_ports).with_resolver(Answers(answer));
    Prober::with_guard(settings, roots, guard)
}

fn guard(allow_networks: &[IpNet], allow_ports: &[u16]) -> Guard {
    Guard::new(allow_networks.to_vec(), allow_ports.to_vec())
}

struct Answers<F>(F);

impl<F: Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync> Resolve for Answers<F> {
    fn resolve<'a>(&'a self, name: &'a str) -> Lookup<'a> {
        Box::pin(std::future::ready((self.0)(name)))
    }
}

/// Hands one connection to `answer`; gives the port and a handle to what `answer` returns.
async fn serve<Answer, Answering>(answer: Answer) -> (u16, JoinHandle<Answering::Output>)
where
    Answer: FnOnce(TcpStream) -> Answering + Send + 'static,
    Answering: Future<Output: Send + 'static> + Send + 'static,
{
    let listener = TcpListener::bind((LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        answer(stream).await
    });
    (port, serving)
}

/// Reads up to the end of a request's header.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(request).unwrap()
}

/// Returns when the other side has closed the connection.
async fn closed(mut stream: impl AsyncRead + Unpin) {
    while matches!(stream.read(&mut [0; 1024]).await, Ok(1..)) {}
}

/// Waits for what the server found out; fails when the connection is left open.
async fn ended<T>(serving: JoinHandle<T>) -> T {
    tokio::time::timeout(AMPLE, serving)
        .await
        .expect("the prober left its connection open")
        .unwrap()
}

/// Answers one request over plain http with `answer`, and probes it.
async fn probe_answered(answer: impl AsRef<[u8]> + Send + Sync + 'static) -> Probe {
    let (port, serving) = serve(async move |mut stream| {
        read_request(&mut stream).await;
        stream.write_all(answer.as_ref()).await.unwrap();
        stream.shutdown().await.unwrap();
        closed(stream).await;
    })
    .await;
    let probe = prober(settings(port))
        .probe(&url(&format!("http://127.0.0.1:{port}/health")))
        .await;
    ended(serving).await;
    probe
}

/// The class and the sentence of a bad probe.
fn failure(probe: &Probe) -> (ErrorClass, &str) {
    let failure = probe.failure.as_ref().expect("the probe should be bad");
    assert!(!probe.is_good());
    (failure.class, &failure.reason)
}

fn assert_good(probe: &Probe) {
    assert_eq!(probe.failure, None);
    assert!(probe.is_good());
    assert_eq!(probe.status, Some(200));
}
