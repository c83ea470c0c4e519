use std::net::IpAddr;

use url::{Host, Url};

use super::Finding;

const CHECK: &str = "public_url";

/// Passwords and sessions cross the network, so people need https unless they sit at this machine.
pub(super) fn check(url: &Url) -> [Finding; 1] {
    [if url.scheme() == "https" {
        Finding::ok(CHECK, url.as_str())
    } else if is_loopback(url) {
        Finding::ok(CHECK, format!("{url} is for this machine alone"))
    } else {
        Finding::warning(
            CHECK,
            format!("{url} is not https: passwords and sessions cross the network in the open"),
            "put a proxy that does TLS in front and set server.public_url to its https address",
        )
    }]
}

pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).to_canonical().is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::report::Level, *};

    #[test]
    fn only_loopback_goes_without_https() {
        let level = |url: &str| check(&url.parse().unwrap())[0].level;
        for fine in [
            "https://rampart.example",
            "http://127.0.0.1:3000",
            "http://[::1]:3000",
            "http://localhost",
        ] {
            assert_eq!(level(fine), Level::Ok, "{fine}");
        }
        for open in ["http://rampart.example", "http://192.0.2.1", "http://localhost.example"] {
            assert_eq!(level(open), Level::Warning, "{open}");
        }
    }
}
