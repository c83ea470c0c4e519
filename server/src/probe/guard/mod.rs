//! The SSRF guard: which URLs and addresses may be asked on behalf of a partner, and the only place that opens a
//! socket to them (SPEC section 2.1). Addresses that administrators configure do not pass through here.

mod address;
mod dial;
mod resolve;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::net::TcpStream;
use tokio::time::Instant;
use url::{Host, Url};

pub use self::address::globally_routable;
pub use self::dial::{FailedAttempt, FailedAttempts};
pub use self::resolve::{Lookup, Resolve, SystemResolver};
use super::text::printable;

/// Ports that need no permission.
const PORTS: [u16; 2] = [80, 443];

/// A name with more addresses than this is tried at the first of them only: a probe is no port scan.
const MAX_ADDRESSES: usize = 8;

/// Decides what may be asked and connects to it. Cheap to clone.
#[derive(Clone)]
pub struct Guard {
    allow_networks: Arc<[IpNet]>,
    allow_ports: Arc<[u16]>,
    resolver: Arc<dyn Resolve>,
}

/// Why a URL or an address is not permitted, as a sentence for the person who entered it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    #[error("The URL begins with \"{}:\"; only http and https are allowed.", printable(.0, 20))]
    Scheme(String),
    #[error("The URL has no host name; give a complete one such as https://app.example/health.")]
    NoHost,
    #[error("The URL contains a user name or a password; remove it.")]
    UserInfo,
    #[error("Port {0} is not allowed; use 80 or 443, or ask the administrators of this portal to allow it.")]
    Port(u16),
    #[error("{address} is {kind}; only publicly reachable addresses are allowed.")]
    Address { address: IpAddr, kind: &'static str },
}

/// Why there is no connection, as a sentence for the person who entered the URL.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The addresses are left out of the sentence on purpose: they would show partners what names mean inside the
    /// portal's network.
    #[error(
        "{} resolves to {kind}; only publicly reachable addresses are allowed.",
        printable(host, 253)
    )]
    NotPermitted { host: String, kind: &'static str },
    #[error(
        "The name {} did not resolve ({}); check the name and its DNS records.",
        printable(host, 253),
        resolve::cause(source)
    )]
    Unresolved { host: String, source: std::io::Error },
    #[error("The name {} has no address; check its A and AAAA records.", printable(host, 253))]
    NoAddress { host: String },
    #[error("No connection to {}, port {port}: {attempts}.", printable(host, 253))]
    Refused {
        host: String,
        port: u16,
        attempts: FailedAttempts,
    },
    #[error(
        "The portal is looking up too many names at the moment; nothing was learned about {}.",
        printable(host, 253)
    )]
    Busy { host: String },
}

/// How long the phases of [`Guard::connect`] took; each is set when its phase has ended well.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConnectTimes {
    /// The name lookup; `None` for a literal address.
    pub dns: Option<Duration>,
    /// From the addresses being known to the connection.
    pub connect: Option<Duration>,
}

/// An address that has passed the guard. Only [`Guard::permit`] makes one, and only these are dialled: what was
/// checked is what is connected to, whatever the name resolves to a moment later.
#[derive(Clone, Copy, Debug)]
struct Permitted(SocketAddr);

impl Guard {
    /// A guard that permits globally routable addresses and `allow_networks`, and the ports 80, 443 and `allow_ports`.
    pub fn new(allow_networks: Vec<IpNet>, allow_ports: Vec<u16>) -> Self {
        Self {
            allow_networks: allow_networks.into(),
            allow_ports: allow_ports.into(),
            resolver: Arc::new(SystemResolver::default()),
        }
    }

    /// The same guard with another resolver.
    #[cfg(test)]
    pub fn with_resolver(self, resolver: impl Resolve + 'static) -> Self {
        Self {
            resolver: Arc::new(resolver),
            ..self
        }
    }

    /// Checks all that can be said without the network, for a form field as well as before a request: http or https,
    /// no userinfo, a permitted port, and, where the host is a literal address, a permitted address.
    ///
    /// # Errors
    /// The first rule that the URL breaks.
    pub fn check_url(&self, url: &Url) -> Result<(), GuardError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(GuardError::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(GuardError::UserInfo);
        }
        self.check_port(url.port_or_known_default().unwrap_or_default())?;
        match url.host() {
            None => Err(GuardError::NoHost),
            Some(Host::Domain(_)) => Ok(()),
            Some(Host::Ipv4(address)) => self.check_address(address.into()),
            Some(Host::Ipv6(address)) => self.check_address(address.into()),
        }
    }

    /// Checks one address; an IPv4-mapped IPv6 address is judged as the IPv4 address that it stands for.
    ///
    /// # Errors
    /// When it is neither globally routable nor in one of the allowed networks.
    pub fn check_address(&self, address: IpAddr) -> Result<(), GuardError> {
        let address = address.to_canonical();
        if globally_routable(address) || self.allow_networks.iter().any(|network| network.contains(&address)) {
            return Ok(());
        }
        Err(GuardError::Address {
            address,
            kind: address::kind(address),
        })
    }

    /// Connects to `host`: resolves it, drops every address that is not permitted, and tries the others one after the
    /// other, giving each a head start of 250 ms. It has no limit of its own; drop the future to give up. `times` is
    /// filled on the way.
    ///
    /// # Errors
    /// When the port or every address is not permitted, the name does not resolve, or no permitted address accepts
    /// the connection.
    pub async fn connect(
        &self,
        host: Host<&str>,
        port: u16,
        times: &mut ConnectTimes,
    ) -> Result<(TcpStream, SocketAddr), ConnectError> {
        self.check_port(port)?;
        let permitted = match host {
            Host::Ipv4(address) => vec![self.permit(address.into(), port)?],
            Host::Ipv6(address) => vec![self.permit(address.into(), port)?],
            Host::Domain(name) => {
                let began = Instant::now();
                let addresses = self.lookup(name).await?;
                times.dns = Some(began.elapsed());
                self.permit_some(name, addresses, port)?
            }
        };
        let began = Instant::now();
        let connection = dial::first_to_answer(&permitted)
            .await
            .map_err(|attempts| ConnectError::Refused {
                host: host.to_string(),
                port,
                attempts,
            })?;
        times.connect = Some(began.elapsed());
        Ok(connection)
    }

    fn check_port(&self, port: u16) -> Result<(), GuardError> {
        if PORTS.contains(&port) || self.allow_ports.contains(&port) {
            Ok(())
        } else {
            Err(GuardError::Port(port))
        }
    }

    fn permit(&self, address: IpAddr, port: u16) -> Result<Permitted, GuardError> {
        self.check_address(address)?;
        Ok(Permitted(SocketAddr::new(address.to_canonical(), port)))
    }

    async fn lookup(&self, name: &str) -> Result<Vec<IpAddr>, ConnectError> {
        let host = || name.to_owned();
        match self.resolver.resolve(name).await {
            Ok(addresses) if addresses.is_empty() => Err(ConnectError::NoAddress { host: host() }),
            Ok(addresses) => Ok(addresses),
            Err(source) if source.kind() == std::io::ErrorKind::ResourceBusy => {
                Err(ConnectError::Busy { host: host() })
            }
            Err(source) => Err(ConnectError::Unresolved { host: host(), source }),
        }
    }

    /// The permitted ones of `addresses`, in the order in which to try them; an error when there is none.
    fn permit_some(&self, name: &str, addresses: Vec<IpAddr>, port: u16) -> Result<Vec<Permitted>, ConnectError> {
        let mut permitted = Vec::new();
        let mut refused = None;
        for address in dial::alternate_families(addresses) {
            match self.permit(address, port) {
                Ok(address) => permitted.push(address),
                Err(error) => {
                    tracing::debug!(name, %error, "an address of a name is not permitted");
                    refused = Some(address::kind(address.to_canonical()));
                }
            }
        }
        match refused {
            Some(kind) if permitted.is_empty() => Err(ConnectError::NotPermitted {
                host: name.to_owned(),
                kind,
            }),
            _ => {
                permitted.truncate(MAX_ADDRESSES);
                Ok(permitted)
            }
        }
    }
}
