//! Connecting to the first of several addresses that answers (RFC 8305, without its finer points).

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Permitted;

/// How long an address is waited for before the next one is tried beside it (RFC 8305 section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// A connection that did not come about.
#[derive(Debug)]
pub struct FailedAttempt {
    pub address: SocketAddr,
    pub error: io::Error,
}

/// All attempts to reach one host, each of which failed; at least one.
#[derive(Debug)]
pub struct FailedAttempts(pub Vec<FailedAttempt>);

impl FailedAttempts {
    /// Whether an attempt failed because the portal itself ran short, which says nothing about the other side.
    pub fn local(&self) -> bool {
        self.0.iter().any(|attempt| is_shortage(&attempt.error))
    }
}

impl fmt::Display for FailedAttempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 3;
        for (i, FailedAttempt { address, error }) in self.0.iter().take(SHOWN).enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{} {}", address.ip(), cause(error))?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// The addresses without repetitions, IPv6 and IPv4 by turns, beginning with the family that the resolver prefers.
pub(super) fn alternate_families(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let mut distinct = Vec::new();
    for address in addresses.into_iter().map(|address| address.to_canonical()) {
        if !distinct.contains(&address) {
            distinct.push(address);
        }
    }
    let preferred = distinct.first().is_some_and(IpAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = distinct.into_iter().partition(|address| address.is_ipv6() == preferred);
    let longest = first.len().max(second.len());
    (0..longest)
        .flat_map(|i| [first.get(i), second.get(i)])
        .flatten()
        .copied()
        .collect()
}

/// Tries the addresses in their order; the next one as soon as the one before failed or had its head start. The first
/// connection wins and the other attempts are given up, as all are when the future is dropped.
pub(super) async fn first_to_answer(addresses: &[Permitted]) -> Result<(TcpStream, SocketAddr), FailedAttempts> {
    let mut waiting = addresses.iter();
    let mut attempts = JoinSet::new();
    let mut failed = Vec::new();
    loop {
        if let Some(&Permitted(address)) = waiting.next() {
            attempts.spawn(async move { (address, TcpStream::connect(address).await) });
        }
        let ended = tokio::select! {
            ended = attempts.join_next() => ended,
            () = tokio::time::sleep(HEAD_START), if waiting.len() > 0 => continue,
        };
        match ended {
            Some(Ok((address, Ok(stream)))) => {
                // The request is one small write: waiting to fill a packet would only be measured as latency. Not
                // vital.
                let _ = stream.set_nodelay(true);
                return Ok((stream, address));
            }
            Some(Ok((address, Err(error)))) => failed.push(FailedAttempt { address, error }),
            Some(Err(_)) => {}
            None => return Err(FailedAttempts(failed)),
        }
    }
}

/// File handles (EMFILE, ENFILE), buffers (ENOBUFS), ports or memory have run out here.
fn is_shortage(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    const ENOBUFS: i32 = 105;
    matches!(
        error.kind(),
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::OutOfMemory
    ) || matches!(error.raw_os_error(), Some(ENFILE | EMFILE | ENOBUFS))
}

fn cause(error: &io::Error) -> &'static str {
    match error.kind() {
        _ if is_shortage(error) => "was not asked, since the portal itself ran out of sockets",
        io::ErrorKind::ConnectionRefused => "refused the connection (nothing listens there, or a firewall rejects it)",
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => "reset the connection",
        io::ErrorKind::HostUnreachable => "is not reachable (no route to the host)",
        io::ErrorKind::NetworkUnreachable => "is not reachable (the portal has no route to its network)",
        io::ErrorKind::TimedOut => "did not answer",
        io::ErrorKind::PermissionDenied => "may not be reached (a firewall on the way forbids it)",
        _ => "did not accept the connection",
    }
}
