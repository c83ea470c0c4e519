//! The time by somebody else's clock, from the `Date` of an HTTP answer.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, Method, Request, header};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::clock::Between;
use crate::clock::Clock;

const PATIENCE: Duration = Duration::from_secs(5);

/// When the answer was made, by our clock and by theirs.
///
/// # Errors
/// When nobody answers, or the answer has no date.
pub(super) async fn ask(url: &Url) -> anyhow::Result<(Between, Between)> {
    let (before, headers, after) = tokio::time::timeout(PATIENCE, head(url))
        .await
        .context("no answer within 5 s")??;
    Ok(((before, after), date(&headers)?))
}

/// The headers of the answer, with our time just before the request and after the answer.
async fn head(url: &Url) -> anyhow::Result<(DateTime<Utc>, HeaderMap, DateTime<Utc>)> {
    let host = url.host().context("the URL has no host")?;
    let port = url.port_or_known_default().context("the URL has no port")?;
    let stream = match host {
        Host::Domain(name) => TcpStream::connect((name, port)).await,
        Host::Ipv4(address) => TcpStream::connect((address, port)).await,
        Host::Ipv6(address) => TcpStream::connect((address, port)).await,
    }
    .context("no connection")?;
    if url.scheme() == "https" {
        let name = match host {
            Host::Domain(name) => ServerName::try_from(name.to_owned())?,
            Host::Ipv4(address) => ServerName::from(std::net::IpAddr::from(address)),
            Host::Ipv6(address) => ServerName::from(std::net::IpAddr::from(address)),
        };
        let stream = tls()?.connect(name, stream).await.context("no TLS connection")?;
        exchange(url, stream).await
    } else {
        exchange(url, stream).await
    }
}

async fn exchange(
    url: &Url,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> anyhow::Result<(DateTime<Utc>, HeaderMap, DateTime<Utc>)> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the sender; whatever fails is told by the answer.
    let connection = tokio::spawn(connection);
    let request = Request::builder()
        .method(Method::HEAD)
        .uri(&url[url::Position::BeforePath..url::Position::AfterQuery])
        .header(header::HOST, &url[url::Position::BeforeHost..url::Position::AfterPort])
        .header(header::USER_AGENT, concat!("Rampart/", env!("CARGO_PKG_VERSION")))
        .body(Empty::<Bytes>::new())?;
    let clock = Clock::system();
    let before = clock.now();
    let answer = sender.send_request(request).await;
    let after = clock.now();
    connection.abort();
    Ok((before, answer?.headers().clone(), after))
}

fn tls() -> anyhow::Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// A date is cut to the second (RFC 9110 section 6.6.1), and a cache keeps it while the `Age` grows.
fn date(headers: &HeaderMap) -> anyhow::Result<Between> {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    let date = text(header::DATE).context("the answer has no date")?;
    let date = DateTime::parse_from_rfc2822(date).context("the date of the answer makes no sense")?;
    let age = text(header::AGE).and_then(|age| age.parse().ok()).unwrap_or_default();
    let from = date.to_utc() + TimeDelta::try_seconds(age).unwrap_or_default();
    Ok((from, from + TimeDelta::seconds(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_a_cache_is_as_old_as_it_says() {
        let mut headers = HeaderMap::new();
        assert!(date(&headers).is_err());
        headers.insert("date", "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
        let (from, to) = date(&headers).unwrap();
        assert_eq!(from.to_rfc3339(), "1994-11-06T08:49:37+00:00");
        assert_eq!(to - from, TimeDelta::seconds(1));
        headers.insert("age", "60".parse().unwrap());
        assert_eq!(date(&headers).unwrap().0 - from, TimeDelta::seconds(60));
    }
}
