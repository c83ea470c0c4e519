//! What a probe found out.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use super::guard::ConnectTimes;

/// How late a probe's own timer may wake (SPEC section 2.1).
pub const LATE: Duration = Duration::from_millis(250);

/// The outcome of one probe. What is `None` was not reached.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Why the probe is bad; `None` when it is good.
    pub failure: Option<Failure>,
    /// The status of the answer, also of one that is bad or was cut off while its body came.
    pub status: Option<u16>,
    /// How long each phase took.
    pub timings: Timings,
    /// The address that was connected to, which is the one the guard checked.
    pub address: Option<SocketAddr>,
    /// `HTTP/1.0`, `HTTP/1.1` or `HTTP/2`, as the server answered.
    pub http_version: Option<&'static str>,
    /// The answer had an `Age` header: it came from a cache and proves nothing about the app (SPEC section 2.1, a
    /// warning only).
    pub age_header: bool,
}

impl Probe {
    /// A good probe is one that was answered 200 in time (SPEC section 2, `availability`); everything else is bad.
    pub fn is_good(&self) -> bool {
        self.failure.is_none()
    }

    /// Whether it was cut off by a timer of our own that woke late, so that nothing was learned; `timeout` is that of the
    /// whole exchange (SPEC section 2.1).
    pub fn ended_late(&self, timeout: Duration) -> bool {
        let cut_off = self.failure.as_ref().is_some_and(|f| f.class == ErrorClass::Timeout);
        cut_off && self.timings.total > timeout + LATE
    }
}

/// The durations of the phases, each of that phase alone. A phase that did not end well, or was not needed, is `None`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
    /// The name lookup; `None` too when the URL has a literal address.
    pub dns: Option<Duration>,
    /// From the addresses being known to the TCP connection, over all addresses that were tried.
    pub connect: Option<Duration>,
    /// The TLS handshake; `None` too for plain http.
    pub tls: Option<Duration>,
    /// From the connection being ready for the request to the whole response header being there.
    pub first_byte: Option<Duration>,
    /// From the start of the probe to its end, good or bad. Where it exceeds the limit, the excess is how late the
    /// probe's own timer woke: more than 250 ms make the probe a data gap instead of a failure (SPEC section 2.1).
    pub total: Duration,
}

/// The kind of a failure, kept with each bad probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorClass {
    /// The guard does not permit the URL or the address.
    Forbidden,
    /// The name did not resolve.
    Dns,
    /// No TCP connection.
    Connect,
    /// No verified TLS connection.
    Tls,
    /// No complete answer within the limit.
    Timeout,
    /// The answer was not HTTP, too large a header, or it broke off.
    Protocol,
    /// An answer with a status other than 200.
    Status,
    /// An answer that points elsewhere, which is not followed.
    Redirect,
    /// The portal itself ran short (of file handles, ports, memory, lookups): nothing was learned about the app,
    /// so the caller should record a data gap.
    Local,
}

impl ErrorClass {
    /// Every class.
    pub const ALL: [Self; 9] = [
        Self::Forbidden,
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Timeout,
        Self::Protocol,
        Self::Status,
        Self::Redirect,
        Self::Local,
    ];

    /// The stable key under which the class is stored; `from_str` reads it back.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Status => "status",
            Self::Redirect => "redirect",
            Self::Local => "local",
        }
    }
}

/// The text is not the key of an [`ErrorClass`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown error class {0:?}")]
pub struct UnknownErrorClass(pub String);

impl FromStr for ErrorClass {
    type Err = UnknownErrorClass;

    fn from_str(key: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|class| class.as_str() == key)
            .ok_or_else(|| UnknownErrorClass(key.to_owned()))
    }
}

/// Why a probe is bad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub class: ErrorClass,
    /// One plain sentence for the partner: what happened exactly and what to do. It has nothing of the body in it,
    /// and what it quotes from the server is bounded and printable ASCII.
    pub reason: String,
}

impl Failure {
    pub(super) fn new(class: ErrorClass, reason: impl Into<String>) -> Self {
        Self {
            class,
            reason: reason.into(),
        }
    }
}

/// What an exchange has seen so far. It outlives an exchange that is cut off, so that a time-out can say how far it
/// came.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) connect: ConnectTimes,
    pub(super) tls: Option<Duration>,
    pub(super) first_byte: Option<Duration>,
    pub(super) address: Option<SocketAddr>,
    pub(super) status: Option<u16>,
    pub(super) http_version: Option<&'static str>,
    pub(super) age_header: bool,
    /// Bytes of the body that were read.
    pub(super) body: usize,
}

impl Seen {
    pub(super) fn into_probe(self, failure: Option<Failure>, total: Duration) -> Probe {
        let ConnectTimes { dns, connect } = self.connect;
        Probe {
            failure,
            status: self.status,
            timings: Timings {
                dns,
                connect,
                tls: self.tls,
                first_byte: self.first_byte,
                total,
            },
            address: self.address,
            http_version: self.http_version,
            age_header: self.age_header,
        }
    }
}
