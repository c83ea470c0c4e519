//! The sentence and the class of every failure: what happened exactly, and what to do.

use std::error::Error;
use std::io;
use std::time::Duration;

use http::{HeaderValue, StatusCode};
use url::{Host, Url};

use super::exchange::MAX_HEADER;
use super::guard::{ConnectError, ConnectTimes, GuardError};
use super::outcome::{ErrorClass, Failure, Seen};
use super::text::printable;
use super::tls;

impl From<GuardError> for Failure {
    fn from(error: GuardError) -> Self {
        Self::new(ErrorClass::Forbidden, error.to_string())
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let class = match &error {
            ConnectError::Guard(_) | ConnectError::NotPermitted { .. } => ErrorClass::Forbidden,
            ConnectError::Unresolved { .. } | ConnectError::NoAddress { .. } => ErrorClass::Dns,
            ConnectError::Refused { attempts, .. } if !attempts.local() => ErrorClass::Connect,
            ConnectError::Refused { .. } | ConnectError::Busy { .. } => ErrorClass::Local,
        };
        Self::new(class, error.to_string())
    }
}

/// The URL cannot be written into a request.
pub(super) fn unaskable() -> Failure {
    Failure::new(
        ErrorClass::Forbidden,
        "The URL cannot be sent in an HTTP request; shorten it and percent-encode its special characters.",
    )
}

/// An answer with a status other than 200.
pub(super) fn status(status: StatusCode) -> Failure {
    let advice = match status.as_u16() {
        401 | 403 | 407 => "; the health check must answer without signing in, also to the portal's User-Agent",
        404 | 410 => "; check the path of the health check",
        405 => "; the health check must answer GET",
        429 => "; exempt the portal's User-Agent from the rate limit",
        500.. => "; see the logs of the app",
        _ => "",
    };
    Failure::new(
        ErrorClass::Status,
        format!("The server answered {} instead of 200{advice}.", status.as_u16()),
    )
}

/// An answer that points to `location`.
pub(super) fn redirect(status: StatusCode, location: &HeaderValue) -> Failure {
    let location = printable(location.as_bytes(), 200);
    let status = status.as_u16();
    Failure::new(
        ErrorClass::Redirect,
        format!("The answer was a redirect ({status} to {location}), which is not followed; give the final URL."),
    )
}

/// The limit passed; says which phase it cut off and how far the exchange had come by then.
pub(super) fn timeout(url: &Url, limit: Duration, seen: &Seen) -> Failure {
    let ConnectTimes { dns, connect } = seen.connect;
    let connected = dns.unwrap_or_default() + connect.unwrap_or_default();
    let encrypted = connected + seen.tls.unwrap_or_default();
    let how_far = if dns.is_none() && connect.is_none() && matches!(url.host(), Some(Host::Domain(_))) {
        "the name was still being looked up; check its name servers".to_owned()
    } else if connect.is_none() {
        "no connection came about; check that the server runs and that no firewall drops the portal's packets"
            .to_owned()
    } else if seen.tls.is_none() && url.scheme() == "https" {
        format!(
            "connected after {}, then the TLS handshake did not end",
            in_ms(connected)
        )
    } else if let Some(first_byte) = seen.first_byte {
        let header = in_ms(encrypted + first_byte);
        format!(
            "the response header came after {header}, but the body did not end ({} bytes of it were read)",
            seen.body
        )
    } else {
        format!("connected after {}, then no complete response header", in_ms(encrypted))
    };
    Failure::new(
        ErrorClass::Timeout,
        format!("No complete answer within {}: {how_far}.", in_seconds(limit)),
    )
}

/// The connection failed before the response header was complete.
pub(super) fn broken_header(error: &hyper::Error) -> Failure {
    if let Some(error) = tls_error(error) {
        return tls::tls_failure(error);
    }
    let what = if error.is_parse_too_large() {
        format!(
            "The response header is larger than {} KiB or has more than 100 fields; make it smaller",
            MAX_HEADER / 1024
        )
    } else if error.is_parse() || spoke_first(error) {
        "What the server sent is not a valid HTTP answer; check that the port belongs to a web server".to_owned()
    } else if is_reset(error) {
        "The server reset the connection before the response header was complete; see the logs of the server".to_owned()
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() || is_unannounced_end(error) {
        "The server closed the connection before the response header was complete; see the logs of the server"
            .to_owned()
    } else {
        format!(
            "The exchange failed before the response header was complete ({})",
            innermost(error)
        )
    };
    Failure::new(ErrorClass::Protocol, format!("{what}."))
}

/// The connection failed after `read` bytes of the body of a 200 answer.
pub(super) fn broken_body(error: &hyper::Error, read: usize) -> Failure {
    let cause = if is_reset(error) {
        "the connection was reset".to_owned()
    } else {
        innermost(error)
    };
    Failure::new(
        ErrorClass::Protocol,
        format!("The server answered 200, but the body broke off after {read} bytes ({cause})."),
    )
}

/// The connection ended without the closing message of TLS.
pub(super) fn is_unannounced_end(error: &hyper::Error) -> bool {
    io_error(error).is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof)
}

/// The server sent something before it was asked; hyper wraps that into the request being given up.
fn spoke_first(error: &hyper::Error) -> bool {
    let unasked =
        |cause: &hyper::Error| !cause.is_incomplete_message() && !cause.is_closed() && io_error(cause).is_none();
    error.is_canceled()
        && causes(error)
            .find_map(|cause| cause.downcast_ref())
            .is_some_and(unasked)
}

fn is_reset(error: &hyper::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    io_error(error).is_some_and(|error| matches!(error.kind(), ConnectionReset | ConnectionAborted | BrokenPipe))
}

fn io_error(error: &hyper::Error) -> Option<&io::Error> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// An alert of TLS 1.3 that follows the handshake, as when the server asks for a client certificate.
fn tls_error(error: &hyper::Error) -> Option<&rustls::Error> {
    io_error(error).and_then(tls::rustls_error)
}

fn innermost(error: &hyper::Error) -> String {
    causes(error).last().map_or_else(
        || printable(error.to_string(), 200),
        |cause| printable(cause.to_string(), 200),
    )
}

fn causes(error: &hyper::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

fn in_ms(time: Duration) -> String {
    format!("{} ms", time.as_micros().div_ceil(1000))
}

fn in_seconds(time: Duration) -> String {
    if time.subsec_millis() == 0 {
        format!("{} s", time.as_secs())
    } else {
        in_ms(time)
    }
}
