//! TLS to the server that is probed: always verified, never resumed.

use std::io;
use std::sync::Arc;

use chrono::DateTime;
use rustls::client::Resumption;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, Error, RootCertStore};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::outcome::{ErrorClass, Failure};
use super::text::printable;

/// The name of HTTP/2 in ALPN (RFC 7540 section 3.3).
pub(super) const HTTP_2: &[u8] = b"h2";

const HTTP_1_1: &[u8] = b"http/1.1";

/// The system has no certificate authorities, so no server could be verified.
#[derive(Debug, thiserror::Error)]
#[error("no certificate authority of the system could be read ({detail}); install the package ca-certificates")]
pub struct TlsSetupError {
    detail: String,
}

/// The certificate authorities of the system; those that cannot be read are left out.
pub(super) fn system_roots() -> Result<RootCertStore, TlsSetupError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (_, ignored) = roots.add_parsable_certificates(found.certs);
    if !found.errors.is_empty() || ignored > 0 {
        tracing::warn!(errors = ?found.errors, ignored, "some certificate authorities of the system cannot be used");
    }
    if roots.is_empty() {
        let detail = found
            .errors
            .first()
            .map_or_else(|| "none found".to_owned(), ToString::to_string);
        return Err(TlsSetupError { detail });
    }
    Ok(roots)
}

/// TLS 1.2 and 1.3 with HTTP/2 and HTTP/1.1 on offer. Nothing is resumed: a resumed session would not show the
/// certificate again.
pub(super) fn connector(roots: RootCertStore) -> TlsConnector {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider ring has cipher suites for TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1_1.to_vec()];
    config.resumption = Resumption::disabled();
    TlsConnector::from(Arc::new(config))
}

/// The name that the certificate has to be valid for.
pub(super) fn server_name(url: &Url) -> Result<ServerName<'static>, Failure> {
    let name = match url.host() {
        Some(Host::Ipv4(address)) => Some(ServerName::from(std::net::IpAddr::from(address))),
        Some(Host::Ipv6(address)) => Some(ServerName::from(std::net::IpAddr::from(address))),
        Some(Host::Domain(name)) => ServerName::try_from(name.trim_end_matches('.').to_owned()).ok(),
        None => None,
    };
    name.ok_or_else(|| {
        Failure::new(
            ErrorClass::Tls,
            "No certificate can be valid for this host name; use a regular DNS name.",
        )
    })
}

/// Why the handshake failed.
pub(super) fn failure(error: &io::Error) -> Failure {
    if let Some(error) = rustls_error(error) {
        return tls_failure(error);
    }
    let what = match error.kind() {
        io::ErrorKind::UnexpectedEof => "closed the connection during the TLS handshake",
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
            "reset the connection during the TLS handshake"
        }
        _ => "broke off the TLS handshake",
    };
    Failure::new(
        ErrorClass::Tls,
        format!("The server {what}; check that it serves this name over TLS on this port."),
    )
}

/// The error of TLS itself inside an error of the stream.
pub(super) fn rustls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// The sentence for an error of TLS itself.
pub(super) fn tls_failure(error: &Error) -> Failure {
    let reason = match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::AlertReceived(alert) => format!(
            "The server refused the TLS connection (alert {alert:?}); \
             check that it has a certificate for this name and asks for none itself."
        ),
        Error::PeerIncompatible(_) => {
            "The server offers nothing that TLS 1.2 or 1.3 allow; update its TLS settings.".to_owned()
        }
        Error::InvalidMessage(_) => {
            "The server does not speak TLS on this port; check the port, or use http.".to_owned()
        }
        other => format!(
            "The TLS connection failed ({}); check the TLS settings of the server.",
            printable(other.to_string(), 200)
        ),
    };
    Failure::new(ErrorClass::Tls, reason)
}

fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("The certificate expired on {}; renew it.", date(*not_after))
        }
        CertificateError::Expired => "The certificate has expired; renew it.".to_owned(),
        CertificateError::NotValidYetContext { not_before, .. } => format!(
            "The certificate is valid only from {}; check the clock of whoever issued it, or wait.",
            date(*not_before)
        ),
        CertificateError::NotValidForNameContext { expected, presented } => format!(
            "The certificate is not valid for {}, only for {}; serve one that has this name.",
            printable(expected.to_str().as_ref(), 253),
            names(presented)
        ),
        CertificateError::NotValidForName => {
            "The certificate is not valid for this name; serve one that is.".to_owned()
        }
        CertificateError::UnknownIssuer => "The certificate is not issued by a known authority; \
             if it is not self-signed, the server must send the intermediate certificates too."
            .to_owned(),
        CertificateError::BadSignature => {
            "The certificate was not signed by the authority that it names; replace it.".to_owned()
        }
        CertificateError::Revoked => "The certificate was revoked; replace it.".to_owned(),
        other => format!(
            "The certificate cannot be accepted ({}); replace it.",
            printable(other.to_string(), 200)
        ),
    }
}

/// The names of a certificate as rustls gives them (`DnsName("a.example")`), a few of them.
fn names(presented: &[String]) -> String {
    const SHOWN: usize = 3;
    let bare = |name: &String| printable(name.split('"').nth(1).unwrap_or(name), 100);
    let mut shown: Vec<_> = presented.iter().take(SHOWN).map(bare).collect();
    if presented.len() > SHOWN {
        shown.push(format!("{} more", presented.len() - SHOWN));
    }
    if shown.is_empty() {
        "no name at all".to_owned()
    } else {
        shown.join(", ")
    }
}

fn date(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).ok();
    seconds
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .map_or_else(
            || "an impossible date".to_owned(),
            |time| time.format("%Y-%m-%d").to_string(),
        )
}
