use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::{Extensions, HeaderMap};
use ipnet::IpNet;

/// The address a request came from. `X-Forwarded-For` is believed as far as the proxies that wrote it are trusted
/// (SPEC section 9): from the right, the first address that is none of them.
pub(super) fn address(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(peer)| peer.ip().to_canonical())?;
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    if !is_trusted(peer) {
        return Some(peer);
    }
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .collect();
    let mut nearest = peer;
    for text in forwarded.into_iter().rev() {
        let Ok(address) = text.trim().parse::<IpAddr>() else {
            break;
        };
        nearest = address.to_canonical();
        if !is_trusted(nearest) {
            break;
        }
    }
    Some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: Option<&str>) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        let mut headers = HeaderMap::new();
        if let Some(forwarded) = forwarded {
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        }
        address(&extensions, &headers, &["10.0.0.0/8".parse().unwrap()])
            .unwrap()
            .to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(seen("203.0.113.9", Some("198.51.100.1")), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", Some("198.51.100.1")), "198.51.100.1");
        assert_eq!(
            seen("10.0.0.1", Some("1.2.3.4, 198.51.100.1, 10.0.0.2")),
            "198.51.100.1"
        );
        assert_eq!(seen("10.0.0.1", Some("nonsense")), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", None), "10.0.0.1");
    }
}
