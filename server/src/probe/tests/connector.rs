//! The guard at work: what is connected to and what is not.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt;
use url::Host;

use super::{
    AMPLE, ErrorClass, LOCALHOST, SHORT, assert_good, closed, ended, failure, guard, prober, prober_resolving,
    read_request, serve, settings, url,
};
use crate::probe::guard::{ConnectError, ConnectTimes, FailedAttempt, FailedAttempts, GuardError, Lookup, Resolve};
use crate::probe::{Failure, Probe, ProbeSettings, Prober};
use rustls::RootCertStore;

const NEIGHBOUR: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// A listener of the system: a connection attempt shows up in it without anybody accepting.
fn listen(address: IpAddr, port: u16) -> TcpListener {
    let listener = TcpListener::bind((address, port)).unwrap();
    listener.set_nonblocking(true).unwrap();
    listener
}

fn assert_untouched(listener: &TcpListener) {
    assert_eq!(
        listener.accept().expect_err("somebody connected").kind(),
        io::ErrorKind::WouldBlock
    );
}

fn port_of(listener: &TcpListener) -> u16 {
    listener.local_addr().unwrap().port()
}

/// Answers 200 on a free port of 127.0.0.1.
async fn healthy() -> (u16, tokio::task::JoinHandle<()>) {
    serve(async |mut stream| {
        read_request(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
        closed(stream).await;
    })
    .await
}

async fn probe_name(settings: ProbeSettings, addresses: &[IpAddr]) -> Probe {
    let port = settings.allow_ports[0];
    let addresses = addresses.to_vec();
    let prober = prober_resolving(settings, RootCertStore::empty(), move |_| Ok(addresses.clone()));
    prober.probe(&url(&format!("http://app.example:{port}/health"))).await
}

#[tokio::test]
async fn a_private_literal_is_refused_before_any_connection() {
    let listener = listen(LOCALHOST, 0);
    let port = port_of(&listener);
    let strict = prober(ProbeSettings {
        allow_networks: Vec::new(),
        ..settings(port)
    });
    for host in ["127.0.0.1", "[::ffff:127.0.0.1]", "2130706433"] {
        let probe = strict.probe(&url(&format!("http://{host}:{port}/"))).await;
        let reason = "127.0.0.1 is a loopback address; only publicly reachable addresses are allowed.";
        let (class, said) = failure(&probe);
        assert_eq!(
            (class, said.replace("::ffff:", "")),
            (ErrorClass::Forbidden, reason.to_owned()),
            "{host}"
        );
        assert!(probe.address.is_none() && probe.timings.connect.is_none());
    }
    assert_untouched(&listener);
}

/// The connector checks on its own, also for callers that forgot `check_url`.
#[tokio::test]
async fn the_connector_refuses_literals_and_ports_itself() {
    let listener = listen(LOCALHOST, 0);
    let port = port_of(&listener);
    let strict = guard(&[], &[port]);
    for host in [
        Host::Ipv4(Ipv4Addr::LOCALHOST),
        Host::Ipv6(Ipv4Addr::LOCALHOST.to_ipv6_mapped()),
        Host::Ipv6(Ipv6Addr::LOCALHOST),
    ] {
        let refused = strict.connect(host, port, &mut ConnectTimes::default()).await;
        assert!(
            matches!(refused, Err(ConnectError::Guard(GuardError::Address { .. }))),
            "{refused:?}"
        );
    }
    let lenient = guard(&["127.0.0.0/8".parse().unwrap()], &[]);
    let refused = lenient
        .connect(Host::Ipv4(Ipv4Addr::LOCALHOST), port, &mut ConnectTimes::default())
        .await;
    assert!(
        matches!(refused, Err(ConnectError::Guard(GuardError::Port(p))) if p == port),
        "{refused:?}"
    );
    assert_untouched(&listener);
}

#[tokio::test]
async fn a_name_that_resolves_to_a_private_address_is_refused() {
    let listener = listen(LOCALHOST, 0);
    let strict = ProbeSettings {
        allow_networks: Vec::new(),
        ..settings(port_of(&listener))
    };
    let probe = probe_name(strict, &[LOCALHOST]).await;
    let reason = "app.example resolves to a loopback address; only publicly reachable addresses are allowed.";
    assert_eq!(failure(&probe), (ErrorClass::Forbidden, reason));
    assert!(probe.timings.dns.is_some());
    assert_untouched(&listener);
}

#[tokio::test]
async fn of_mixed_answers_only_the_permitted_are_used() {
    let (port, serving) = healthy().await;
    let forbidden = listen(NEIGHBOUR, port);
    let settings = ProbeSettings {
        allow_networks: vec!["127.0.0.1/32".parse().unwrap()],
        ..settings(port)
    };
    let probe = probe_name(settings, &[NEIGHBOUR, IpAddr::V6(Ipv6Addr::LOCALHOST), LOCALHOST]).await;
    assert_good(&probe);
    assert_eq!(probe.address, Some(SocketAddr::new(LOCALHOST, port)));
    ended(serving).await;
    assert_untouched(&forbidden);
}

/// DNS rebinding: the name is resolved once for each probe, and what was checked is what is connected to.
#[tokio::test]
async fn a_name_that_changes_its_address_is_checked_again() {
    let (port, serving) = healthy().await;
    let forbidden = listen(NEIGHBOUR, port);
    let answers = Arc::new(Mutex::new(VecDeque::from([LOCALHOST, NEIGHBOUR])));
    let resolver = {
        let answers = Arc::clone(&answers);
        move |_: &str| Ok(vec![answers.lock().unwrap().pop_front().unwrap()])
    };
    let settings = ProbeSettings {
        allow_networks: vec!["127.0.0.1/32".parse().unwrap()],
        ..settings(port)
    };
    let prober = prober_resolving(settings, RootCertStore::empty(), resolver);
    let target = url(&format!("http://app.example:{port}/"));

    assert_good(&prober.probe(&target).await);
    ended(serving).await;
    assert_eq!(answers.lock().unwrap().len(), 1, "one lookup for each probe");
    assert_eq!(failure(&prober.probe(&target).await).0, ErrorClass::Forbidden);
    assert_untouched(&forbidden);
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_refuses() {
    let (port, serving) = healthy().await;
    let probe = probe_name(settings(port), &[NEIGHBOUR, LOCALHOST]).await;
    assert_good(&probe);
    assert_eq!(probe.address, Some(SocketAddr::new(LOCALHOST, port)));
    ended(serving).await;
}

/// 192.0.2.1 drops packets or is refused at once, depending on the machine; either way the next address answers.
#[tokio::test]
async fn the_next_address_is_tried_when_one_is_silent() {
    let (port, serving) = healthy().await;
    let mut settings = settings(port);
    settings.allow_networks.push("192.0.2.0/24".parse().unwrap());
    let probe = probe_name(settings, &["192.0.2.1".parse().unwrap(), LOCALHOST]).await;
    assert_good(&probe);
    assert_eq!(probe.address, Some(SocketAddr::new(LOCALHOST, port)));
    ended(serving).await;
}

#[tokio::test]
async fn a_refused_connection_names_the_address() {
    let port = port_of(&listen(LOCALHOST, 0));
    let probe = probe_name(settings(port), &[LOCALHOST, NEIGHBOUR, LOCALHOST]).await;
    let refused = "refused the connection (nothing listens there, or a firewall rejects it)";
    let reason = format!("No connection to app.example, port {port}: 127.0.0.1 {refused}; 127.0.0.2 {refused}.");
    assert_eq!(failure(&probe), (ErrorClass::Connect, reason.as_str()));
    assert!(probe.timings.dns.is_some() && probe.timings.connect.is_none());
}

#[tokio::test]
async fn an_ipv4_mapped_literal_is_connected_to_as_ipv4() {
    let (port, serving) = healthy().await;
    let probe = prober(settings(port))
        .probe(&url(&format!("http://[::ffff:127.0.0.1]:{port}/")))
        .await;
    assert_good(&probe);
    assert_eq!(probe.address, Some(SocketAddr::new(LOCALHOST, port)));
    ended(serving).await;
}

#[tokio::test]
async fn names_that_do_not_resolve() {
    let gone = |_: &str| {
        Err(io::Error::other(
            "failed to lookup address information: Name or service not known",
        ))
    };
    let empty = |_: &str| Ok(Vec::new());
    let busy = |_: &str| Err(io::Error::from(io::ErrorKind::ResourceBusy));
    let ask = async |prober: Prober| prober.probe(&url("http://app.example/")).await;

    let probe = ask(prober_resolving(settings(80), RootCertStore::empty(), gone)).await;
    let reason =
        "The name app.example did not resolve (Name or service not known); check the name and its DNS records.";
    assert_eq!(failure(&probe), (ErrorClass::Dns, reason));
    let probe = ask(prober_resolving(settings(80), RootCertStore::empty(), empty)).await;
    assert_eq!(
        failure(&probe),
        (
            ErrorClass::Dns,
            "The name app.example has no address; check its A and AAAA records."
        )
    );
    let probe = ask(prober_resolving(settings(80), RootCertStore::empty(), busy)).await;
    assert_eq!(failure(&probe).0, ErrorClass::Local);
}

#[tokio::test]
async fn a_lookup_that_hangs_is_cut_off() {
    struct Hanging;
    impl Resolve for Hanging {
        fn resolve<'a>(&'a self, _: &'a str) -> Lookup<'a> {
            Box::pin(std::future::pending())
        }
    }
    let prober = Prober::with_guard(
        ProbeSettings {
            timeout: SHORT,
            ..settings(80)
        },
        RootCertStore::empty(),
        guard(&[], &[]).with_resolver(Hanging),
    );
    let probe = prober.probe(&url("http://app.example/")).await;
    let reason = "No complete answer within 150 ms: the name was still being looked up; check its name servers.";
    assert_eq!(failure(&probe), (ErrorClass::Timeout, reason));
}

/// `localhost` is in every hosts file: the resolver of the system, and its answer being checked like any other.
#[tokio::test]
async fn the_system_resolves_names() {
    let (port, serving) = healthy().await;
    let target = url(&format!("http://localhost:{port}/"));
    let strict = prober(ProbeSettings {
        allow_networks: Vec::new(),
        ..settings(port)
    });
    assert_eq!(failure(&strict.probe(&target).await).0, ErrorClass::Forbidden);
    assert_good(&prober(settings(port)).probe(&target).await);
    ended(serving).await;

    let times = &mut ConnectTimes::default();
    let missing = tokio::time::timeout(AMPLE, guard(&[], &[]).connect(Host::Domain("no such name"), 80, times))
        .await
        .unwrap();
    assert!(matches!(missing, Err(ConnectError::Unresolved { .. })), "{missing:?}");
}

/// When the portal runs out of sockets, nothing was learned about the app.
#[test]
fn a_shortage_here_is_not_the_fault_of_the_app() {
    const EMFILE: i32 = 24;
    let attempt = |error| FailedAttempt {
        address: SocketAddr::new(LOCALHOST, 80),
        error,
    };
    let refused = |attempts| {
        Failure::from(ConnectError::Refused {
            host: "app.example".to_owned(),
            port: 80,
            attempts: FailedAttempts(attempts),
        })
    };
    let unreachable = || io::Error::from(io::ErrorKind::NetworkUnreachable);
    assert_eq!(refused(vec![attempt(unreachable())]).class, ErrorClass::Connect);
    assert_eq!(
        refused(vec![
            attempt(unreachable()),
            attempt(io::Error::from_raw_os_error(EMFILE))
        ])
        .class,
        ErrorClass::Local
    );
    let many = refused((0..5).map(|_| attempt(unreachable())).collect());
    assert!(many.reason.ends_with("; and 2 more."), "{}", many.reason);
}
