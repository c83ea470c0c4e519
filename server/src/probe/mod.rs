//! One health-check probe: a single GET over a connection of its own, with the SSRF guard in the connector (SPEC
//! section 2.1).
//!
//! `guard` decides which URLs and addresses may be asked and is the only place that opens a socket; `tls` verifies
//! the server; `exchange` speaks HTTP; `outcome` is what the caller gets; `reason` turns each failure into one
//! sentence for a partner.

mod exchange;
pub mod guard;
mod outcome;
mod reason;
#[cfg(test)]
mod tests;
mod text;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use ipnet::IpNet;
use rustls::RootCertStore;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use url::Url;

pub use self::outcome::{ErrorClass, Failure, LATE, Probe, Timings, UnknownErrorClass};
pub use self::tls::TlsSetupError;
use self::{exchange::Exchange, guard::Guard};

/// How every probe is made. The defaults are those of SPEC section 2.1.
#[derive(Clone, Debug)]
pub struct ProbeSettings {
    /// The limit of the whole exchange, from the name lookup to the last byte that is read.
    pub timeout: Duration,
    /// How many bytes of the body are read, at most. An answer that goes on after them has answered: it is not read
    /// further and counts as it is.
    pub max_body: usize,
    /// The User-Agent header; it should name the portal and a contact URL. Characters outside printable ASCII are
    /// left out.
    pub user_agent: String,
    /// Networks that may be asked although they are not globally routable (`probe.allow_networks`).
    pub allow_networks: Vec<IpNet>,
    /// Ports that may be asked besides 80 and 443.
    pub allow_ports: Vec<u16>,
}

impl Default for ProbeSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(3),
            max_body: 64 * 1024,
            user_agent: "Rampart".to_owned(),
            allow_networks: Vec::new(),
            allow_ports: Vec::new(),
        }
    }
}

/// Makes probes. Cheap to clone; nothing is shared between two probes, neither connections nor TLS sessions,
/// so that each measures what a new visitor meets.
#[derive(Clone)]
pub struct Prober {
    shared: Arc<Shared>,
}

struct Shared {
    guard: Guard,
    tls: TlsConnector,
    user_agent: HeaderValue,
    timeout: Duration,
    max_body: usize,
}

impl Prober {
    /// A prober that trusts the certificate authorities of the system.
    ///
    /// # Errors
    /// When the system has no certificate authority that can be read.
    pub fn new(settings: ProbeSettings) -> Result<Self, TlsSetupError> {
        Ok(Self::with_roots(settings, tls::system_roots()?))
    }

    /// A prober that trusts `roots` and nothing else: for private authorities and tests.
    pub fn with_roots(settings: ProbeSettings, roots: RootCertStore) -> Self {
        let guard = Guard::new(settings.allow_networks.clone(), settings.allow_ports.clone());
        Self::with_guard(settings, roots, guard)
    }

    /// A prober with other settings that trusts the same authorities: reading those of the system takes its time.
    pub fn with_settings(&self, settings: ProbeSettings) -> Self {
        let guard = Guard::new(settings.allow_networks.clone(), settings.allow_ports.clone());
        Self::with_connector(settings, self.shared.tls.clone(), guard)
    }

    fn with_guard(settings: ProbeSettings, roots: RootCertStore, guard: Guard) -> Self {
        Self::with_connector(settings, tls::connector(roots), guard)
    }

    fn with_connector(settings: ProbeSettings, tls: TlsConnector, guard: Guard) -> Self {
        let shared = Shared {
            guard,
            tls,
            user_agent: text::header_value(&settings.user_agent),
            timeout: settings.timeout,
            max_body: settings.max_body,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Asks `url` once and says how it went. Every failure is in the result; when this returns, or is dropped, its
    /// connection is closed.
    ///
    /// Time is the monotonic time of tokio. An answer that is complete only after the limit is late even where the
    /// timer itself was late; `Timings::total` then shows by how much.
    pub async fn probe(&self, url: &Url) -> Probe {
        let Shared { timeout, .. } = *self.shared;
        let started = Instant::now();
        let mut exchange = Exchange::new(&self.shared, url);
        let ended = tokio::time::timeout(timeout, exchange.run()).await;
        let total = started.elapsed();
        let failure = match ended {
            Ok(Err(failure)) => Some(failure),
            Ok(Ok(())) if total <= timeout => None,
            Ok(Ok(())) | Err(_) => Some(reason::timeout(url, timeout, &exchange.seen)),
        };
        exchange.seen.into_probe(failure, total)
    }
}
