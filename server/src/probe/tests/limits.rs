//! The limits of time and size, and that nothing is left behind.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    AMPLE, ErrorClass, SHORT, assert_good, closed, ended, failure, prober, read_request, serve, settings, url,
};
use crate::probe::{Probe, ProbeSettings};

/// Sends `start` and then one of `more` every 10 ms, until the prober hangs up. Returns whether it did.
async fn probe_trickling(start: &'static str, more: &'static [u8]) -> Probe {
    let (port, serving) = serve(async move |mut stream| {
        read_request(&mut stream).await;
        stream.write_all(start.as_bytes()).await.unwrap();
        let mut pace = tokio::time::interval(Duration::from_millis(10));
        while stream.write_all(more).await.is_ok() {
            pace.tick().await;
        }
    })
    .await;
    let probe = prober(ProbeSettings {
        timeout: SHORT,
        ..settings(port)
    })
    .probe(&url(&format!("http://127.0.0.1:{port}/")))
    .await;
    ended(serving).await;
    assert!(probe.timings.total >= SHORT && probe.timings.total < AMPLE);
    probe
}

fn assert_timeout(probe: &Probe, contains: &str) {
    let (class, reason) = failure(probe);
    assert_eq!(class, ErrorClass::Timeout);
    assert!(
        reason.starts_with("No complete answer within 150 ms: ") && reason.contains(contains),
        "{reason}"
    );
}

#[tokio::test]
async fn a_header_that_trickles_is_cut_off() {
    let probe = probe_trickling("HTTP/1.1 200 OK\r\nx: ", b"x").await;
    assert_timeout(&probe, " ms, then no complete response header.");
    assert_eq!((probe.status, probe.timings.first_byte), (None, None));
}

/// Interim answers do not prolong the limit.
#[tokio::test]
async fn interim_answers_without_end_are_cut_off() {
    let probe = probe_trickling("", b"HTTP/1.1 103 Early Hints\r\n\r\n").await;
    assert_timeout(&probe, "then no complete response header.");
}

#[tokio::test]
async fn a_body_that_trickles_is_cut_off() {
    let probe = probe_trickling("HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n", b"x").await;
    assert_timeout(&probe, " ms, but the body did not end (");
    assert_eq!(probe.status, Some(200));
    assert!(probe.timings.first_byte.is_some());
}

#[tokio::test]
async fn a_server_that_says_nothing_is_cut_off() {
    let (port, serving) = serve(closed).await;
    let target = url(&format!("http://127.0.0.1:{port}/"));
    let probe = prober(ProbeSettings {
        timeout: SHORT,
        ..settings(port)
    })
    .probe(&target)
    .await;
    assert_timeout(&probe, "connected after ");
    ended(serving).await;
}

#[tokio::test]
async fn a_body_without_end_counts_and_is_read_to_the_limit_only() {
    let (port, serving) = serve(async |mut stream| {
        read_request(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            .await
            .unwrap();
        let chunk = [b"400\r\n".as_slice(), &[b'x'; 1024], b"\r\n"].concat();
        while stream.write_all(&chunk).await.is_ok() {}
    })
    .await;
    assert_good(
        &prober(settings(port))
            .probe(&url(&format!("http://127.0.0.1:{port}/")))
            .await,
    );
    ended(serving).await;
}

/// The server sends exactly what may be read and then waits: the prober must not wait for more.
#[tokio::test]
async fn nothing_is_read_beyond_the_limit() {
    for max_body in [0, 1, 1000] {
        let (port, serving) = serve(async move |mut stream| {
            read_request(&mut stream).await;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
                .await
                .unwrap();
            stream.write_all(&vec![b'x'; max_body]).await.unwrap();
            closed(stream).await;
        })
        .await;
        assert_good(
            &prober(ProbeSettings {
                max_body,
                ..settings(port)
            })
            .probe(&url(&format!("http://127.0.0.1:{port}/")))
            .await,
        );
        ended(serving).await;
    }
}

#[tokio::test]
async fn a_probe_that_is_dropped_closes_its_connection() {
    let (asked, request) = tokio::sync::oneshot::channel();
    let (port, serving) = serve(async |mut stream| {
        read_request(&mut stream).await;
        asked.send(()).unwrap();
        assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
    })
    .await;
    let probing = tokio::spawn(async move {
        prober(settings(port))
            .probe(&url(&format!("http://127.0.0.1:{port}/")))
            .await
    });
    request.await.unwrap();
    probing.abort();
    ended(serving).await;
}

/// Two probes share nothing, even where the server would keep the connection.
#[tokio::test]
async fn every_probe_has_a_connection_of_its_own() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n")
                .await
                .unwrap();
            closed(stream).await;
        }
    });
    let prober = prober(settings(port));
    for _ in 0..2 {
        assert_good(&prober.probe(&url(&format!("http://127.0.0.1:{port}/"))).await);
    }
    ended(serving).await;
}
