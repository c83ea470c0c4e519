//! Answers and non-answers over plain http.

use tokio::io::AsyncWriteExt;

use super::{
    ErrorClass, assert_good, closed, ended, failure, probe_answered, prober, read_request, serve, settings, url,
};
use crate::probe::{Probe, ProbeSettings};

#[tokio::test]
async fn a_200_is_good() {
    let probe = probe_answered("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nup").await;
    assert_good(&probe);
    assert_eq!(probe.http_version, Some("HTTP/1.1"));
    assert!(!probe.age_header);
    let timings = probe.timings;
    assert!(timings.dns.is_none() && timings.tls.is_none());
    let phases = timings.connect.unwrap() + timings.first_byte.unwrap();
    assert!(!phases.is_zero() && phases <= timings.total, "{timings:?}");
}

#[tokio::test]
async fn the_request_has_these_headers_and_no_others() {
    let (port, serving) = serve(async |mut stream| {
        let request = read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        request
    })
    .await;
    let target = url(&format!("http://127.0.0.1:{port}/a b|c?q={{1}}`#fragment"));
    let user_agent = "Rampart\r\nx-evil: 1 (é)".to_owned();
    assert_good(
        &prober(ProbeSettings {
            user_agent,
            ..settings(port)
        })
        .probe(&target)
        .await,
    );
    let expected = format!(
        "GET /a%20b|c?q={{1}}` HTTP/1.1\r\nuser-agent: Rampartx-evil: 1 ()\r\n\
         accept: */*\r\ncache-control: no-cache\r\nhost: 127.0.0.1:{port}\r\n\r\n"
    );
    assert_eq!(ended(serving).await, expected);
}

#[tokio::test]
async fn every_way_to_end_a_body_is_understood() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nup\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nuntil the end of the connection",
        "HTTP/1.0 200 OK\r\n\r\nup",
        "HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    ] {
        assert_good(&probe_answered(answer).await);
    }
}

#[tokio::test]
async fn other_statuses_are_bad() {
    for (status, reason) in [
        (204, "The server answered 204 instead of 200."),
        (304, "The server answered 304 instead of 200."),
        (
            404,
            "The server answered 404 instead of 200; check the path of the health check.",
        ),
        (503, "The server answered 503 instead of 200; see the logs of the app."),
        (999, "The server answered 999 instead of 200; see the logs of the app."),
    ] {
        let probe = probe_answered(format!("HTTP/1.1 {status} -\r\nconnection: close\r\n\r\n")).await;
        assert_eq!(failure(&probe), (ErrorClass::Status, reason));
        assert_eq!(probe.status, Some(status));
    }
}

/// The target of the redirect is a listener of the system, where a connection would show up.
#[tokio::test]
async fn a_redirect_is_named_and_not_followed() {
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let location = format!("http://{}/login", elsewhere.local_addr().unwrap());
    for status in [301, 302, 303, 307, 308] {
        let probe = probe_answered(format!(
            "HTTP/1.1 {status} -\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
        ))
        .await;
        let reason =
            format!("The answer was a redirect ({status} to {location}), which is not followed; give the final URL.");
        assert_eq!(failure(&probe), (ErrorClass::Redirect, reason.as_str()));
        assert_eq!(probe.status, Some(status));
    }
    assert_eq!(elsewhere.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_location_is_shown_harmless_and_short() {
    let override_and_tab = "/\u{202e}\t";
    let probe = probe_answered(format!(
        "HTTP/1.1 302 -\r\nlocation: {override_and_tab}{}\r\n\r\n",
        "a".repeat(9000)
    ))
    .await;
    let (class, reason) = failure(&probe);
    assert_eq!(class, ErrorClass::Redirect);
    assert!(
        reason.contains("302 to /??aaa") && reason.contains("aaa...)"),
        "{reason}"
    );
    assert!(
        reason.len() < 300 && reason.is_ascii() && !reason.contains(char::is_control),
        "{reason}"
    );
}

#[tokio::test]
async fn an_age_header_is_noticed() {
    assert!(
        probe_answered("HTTP/1.1 200 OK\r\nage: 0\r\ncontent-length: 0\r\n\r\n")
            .await
            .age_header
    );
    assert!(
        probe_answered("HTTP/1.1 404 -\r\nage: 60\r\ncontent-length: 0\r\n\r\n")
            .await
            .age_header
    );
}

fn assert_protocol(probe: &Probe, reason: &str) {
    assert_eq!(failure(probe), (ErrorClass::Protocol, reason));
}

#[tokio::test]
async fn something_other_than_http_is_bad() {
    let reason = "What the server sent is not a valid HTTP answer; check that the port belongs to a web server.";
    for answer in [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "\0\u{1}\u{2}\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    ] {
        assert_protocol(&probe_answered(answer).await, reason);
    }
}

/// As SSH and SMTP do.
#[tokio::test]
async fn a_server_that_speaks_first_is_bad() {
    let (port, serving) = serve(async |mut stream| {
        stream.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
        closed(stream).await;
    })
    .await;
    let probe = prober(settings(port))
        .probe(&url(&format!("http://127.0.0.1:{port}/")))
        .await;
    assert_protocol(
        &probe,
        "What the server sent is not a valid HTTP answer; check that the port belongs to a web server.",
    );
    ended(serving).await;
}

#[tokio::test]
async fn a_header_that_is_too_large_is_bad() {
    let reason = "The response header is larger than 64 KiB or has more than 100 fields; make it smaller.";
    let (port, serving) = serve(async |mut stream| {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nx: ").await.unwrap();
        while stream.write_all(&[b'x'; 1024]).await.is_ok() {}
    })
    .await;
    let probe = prober(settings(port))
        .probe(&url(&format!("http://127.0.0.1:{port}/")))
        .await;
    assert_protocol(&probe, reason);
    ended(serving).await;
    assert_protocol(
        &probe_answered(format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(101))).await,
        reason,
    );
}

#[tokio::test]
async fn a_connection_that_ends_within_the_header_is_bad() {
    let reason =
        "The server closed the connection before the response header was complete; see the logs of the server.";
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-le"] {
        assert_protocol(&probe_answered(answer).await, reason);
    }
}

#[tokio::test]
async fn a_reset_within_the_header_is_bad() {
    let (port, serving) = serve(async |mut stream| {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200").await.unwrap();
        stream.set_zero_linger().unwrap();
    })
    .await;
    let probe = prober(settings(port))
        .probe(&url(&format!("http://127.0.0.1:{port}/")))
        .await;
    assert_protocol(
        &probe,
        "The server reset the connection before the response header was complete; see the logs of the server.",
    );
    ended(serving).await;
}

/// Whether the prober meets the end before or after it asked is a matter of luck.
#[tokio::test]
async fn a_server_that_hangs_up_at_once_is_bad() {
    for reset in [false, true] {
        let (port, serving) = serve(async move |stream| {
            if reset {
                stream.set_zero_linger().unwrap();
            }
        })
        .await;
        let probe = prober(settings(port))
            .probe(&url(&format!("http://127.0.0.1:{port}/")))
            .await;
        let (class, reason) = failure(&probe);
        match class {
            ErrorClass::Connect if reset => assert!(reason.ends_with(" reset the connection."), "{reason}"),
            ErrorClass::Protocol => assert!(
                reason.contains("the connection before the response header was complete"),
                "{reason}"
            ),
            other => panic!("{other:?}: {reason}"),
        }
        ended(serving).await;
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_bad() {
    let probe = probe_answered("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsecret").await;
    let (class, reason) = failure(&probe);
    assert_eq!(class, ErrorClass::Protocol);
    assert!(
        reason.starts_with("The server answered 200, but the body broke off after 6 bytes ("),
        "{reason}"
    );
    assert!(!reason.contains("secret"));
    assert_eq!(probe.status, Some(200));
}
