//! From a name to its addresses.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::probe::text::printable;

/// Lookups that may run at once. Each occupies a blocking thread, also after its probe has given up, and the pool of
/// those (512 in tokio) is shared with everything else that blocks: dead name servers must not stop sign-ins.
const MAX_LOOKUPS: usize = 128;

/// How long a lookup waits for its turn before it is the portal that is at fault.
const MAX_QUEUE: Duration = Duration::from_secs(1);

/// The future of a lookup.
pub type Lookup<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Looks names up. The guard checks whatever comes back.
pub trait Resolve: Send + Sync {
    /// The addresses of `name`, in order of preference. An error of the kind `ResourceBusy` means that the name was
    /// not looked up.
    fn resolve<'a>(&'a self, name: &'a str) -> Lookup<'a>;
}

/// The resolver of the operating system (hosts file, DNS), at most 128 lookups at once.
pub struct SystemResolver {
    turns: Arc<Semaphore>,
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(MAX_LOOKUPS)),
        }
    }
}

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> Lookup<'a> {
        let turns = Arc::clone(&self.turns);
        let name = name.to_owned();
        Box::pin(async move {
            let busy = |_| io::Error::from(io::ErrorKind::ResourceBusy);
            let turn = tokio::time::timeout(MAX_QUEUE, turns.acquire_owned())
                .await
                .map_err(busy)?
                .map_err(io::Error::other)?;
            // `tokio::net::lookup_host` does the same, but could not hold the turn until the thread is really free.
            let lookup = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                let addresses = (name.as_str(), 0).to_socket_addrs()?;
                Ok(addresses.map(|address| address.ip()).collect())
            });
            lookup.await.map_err(io::Error::other)?
        })
    }
}

/// What the resolver says, without the words that every such error begins with.
pub(super) fn cause(error: &io::Error) -> String {
    let text = error.to_string();
    printable(
        text.strip_prefix("failed to lookup address information: ")
            .unwrap_or(&text),
        120,
    )
}
