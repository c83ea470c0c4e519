//! The rules of the guard that need no network.

use url::Url;

use super::{guard, url};
use crate::probe::guard::{GuardError, globally_routable};

fn routable(address: &str) -> bool {
    globally_routable(address.parse().unwrap())
}

fn kind(address: &str) -> &'static str {
    match guard(&[], &[]).check_address(address.parse().unwrap()) {
        Err(GuardError::Address { kind, .. }) => kind,
        other => panic!("{address}: {other:?}"),
    }
}

/// First and last address of each special network, and their neighbours outside.
#[test]
fn ipv4_special_networks_are_not_routable() {
    for (first, last, expected) in [
        ("0.0.0.0", "0.255.255.255", "an address of \"this network\""),
        ("10.0.0.0", "10.255.255.255", "a private address"),
        (
            "100.64.0.0",
            "100.127.255.255",
            "a shared address of a provider (CGNAT)",
        ),
        ("127.0.0.0", "127.255.255.255", "a loopback address"),
        ("169.254.0.0", "169.254.255.255", "a link-local address"),
        ("172.16.0.0", "172.31.255.255", "a private address"),
        ("192.0.0.0", "192.0.0.255", "an address reserved for protocols"),
        ("192.0.2.0", "192.0.2.255", "an address for documentation"),
        ("192.88.99.0", "192.88.99.255", "a 6to4 relay address"),
        ("192.168.0.0", "192.168.255.255", "a private address"),
        ("198.18.0.0", "198.19.255.255", "an address for benchmarks"),
        ("198.51.100.0", "198.51.100.255", "an address for documentation"),
        ("203.0.113.0", "203.0.113.255", "an address for documentation"),
        ("224.0.0.0", "239.255.255.255", "a multicast address"),
        ("240.0.0.0", "255.255.255.254", "a reserved address"),
        ("255.255.255.255", "255.255.255.255", "the broadcast address"),
    ] {
        assert!(!routable(first), "{first}");
        assert!(!routable(last), "{last}");
        assert_eq!((kind(first), kind(last)), (expected, expected));
    }
}

#[test]
fn ipv4_neighbours_of_special_networks_are_routable() {
    for address in [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.255",
        "192.88.100.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "198.51.101.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        // In the registry, but marked as globally reachable.
        "192.31.196.1",
        "192.52.193.1",
        "192.175.48.1",
    ] {
        assert!(routable(address), "{address}");
    }
}

#[test]
fn ipv6_special_networks_are_not_routable() {
    for (first, last, expected) in [
        ("::", "::", "the unspecified address"),
        ("::1", "::1", "the loopback address"),
        ("::2", "::ffff:ffff", "an IPv4-compatible address"),
        ("::ffff:0:0:0", "::ffff:0:ffff:ffff", "a reserved address"),
        ("64:ff9b::", "64:ff9b::ffff:ffff", "a NAT64 address"),
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "a NAT64 address"),
        ("100::", "100::1:ffff:ffff:ffff:ffff", "a discard address"),
        ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", "a Teredo address"),
        (
            "2001:2::",
            "2001:2:0:ffff:ffff:ffff:ffff:ffff",
            "an address for benchmarks",
        ),
        (
            "2001:1::1",
            "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
            "an address reserved for protocols",
        ),
        (
            "2001:db8::",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            "an address for documentation",
        ),
        ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "a 6to4 address"),
        (
            "3fff::",
            "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
            "an address for documentation",
        ),
        (
            "5f00::",
            "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "a segment-routing address",
        ),
        (
            "fc00::",
            "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "a private (unique local) address",
        ),
        (
            "fe80::",
            "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "a link-local address",
        ),
        (
            "fec0::",
            "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "a site-local address",
        ),
        (
            "ff00::",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "a multicast address",
        ),
        (
            "4000::",
            "5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "not a public address",
        ),
    ] {
        assert!(!routable(first), "{first}");
        assert!(!routable(last), "{last}");
        assert_eq!((kind(first), kind(last)), (expected, expected));
    }
}

#[test]
fn ipv6_global_unicast_is_routable() {
    for address in [
        "2000::1",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2003::1",
        "2606:4700::1111",
        "2620:4f:8000::1",
        "2a00::1",
        "3ffe::1",
    ] {
        assert!(routable(address), "{address}");
    }
}

#[test]
fn an_ipv4_mapped_address_is_judged_as_the_ipv4_address() {
    for (address, expected) in [
        ("::ffff:10.0.0.5", false),
        ("::ffff:127.0.0.1", false),
        ("::ffff:169.254.169.254", false),
        ("::ffff:8.8.8.8", true),
    ] {
        assert_eq!(routable(address), expected, "{address}");
    }
    let allowed = guard(&["10.0.0.0/8".parse().unwrap()], &[]);
    assert_eq!(allowed.check_address("::ffff:10.0.0.5".parse().unwrap()), Ok(()));
    // The IPv6 networks of the list say nothing about an IPv4 address in disguise.
    let ipv6_only = guard(&["::/0".parse().unwrap()], &[]);
    assert!(ipv6_only.check_address("::ffff:10.0.0.5".parse().unwrap()).is_err());
}

#[test]
fn only_the_allowed_networks_are_added() {
    let guard = guard(&["10.1.0.0/16".parse().unwrap(), "fd00:1::/32".parse().unwrap()], &[]);
    for (address, expected) in [
        ("10.1.2.3", true),
        ("10.2.0.1", false),
        ("fd00:1::5", true),
        ("fd00:2::5", false),
        ("192.168.0.1", false),
    ] {
        assert_eq!(
            guard.check_address(address.parse().unwrap()).is_ok(),
            expected,
            "{address}"
        );
    }
}

fn refusal(text: &str) -> String {
    guard(&[], &[8443]).check_url(&url(text)).expect_err(text).to_string()
}

#[test]
fn urls_that_may_be_asked() {
    for text in [
        "http://app.example/health",
        "https://app.example/",
        "https://app.example:443/?a=b#c",
        "http://app.example:443/",
        "https://app.example:8443/health",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
    ] {
        assert_eq!(guard(&[], &[8443]).check_url(&url(text)), Ok(()), "{text}");
    }
}

#[test]
fn urls_that_may_not_be_asked() {
    assert_eq!(
        refusal("ftp://app.example/health"),
        "The URL begins with \"ftp:\"; only http and https are allowed."
    );
    for text in [
        "file:///etc/passwd",
        "gopher://app.example/",
        "data:,x",
        "unix:/run/socket",
        "ws://app.example/",
    ] {
        assert!(
            matches!(guard(&[], &[]).check_url(&url(text)), Err(GuardError::Scheme(_))),
            "{text}"
        );
    }
    for text in [
        "https://me@app.example/",
        "https://me:secret@app.example/",
        "https://:secret@app.example/",
    ] {
        assert_eq!(refusal(text), "The URL contains a user name or a password; remove it.");
    }
    assert_eq!(
        refusal("https://app.example:22/"),
        "Port 22 is not allowed; use 80 or 443, or ask the administrators of this portal to allow it."
    );
    assert_eq!(
        refusal("http://10.0.0.5/health"),
        "10.0.0.5 is a private address; only publicly reachable addresses are allowed."
    );
    assert_eq!(
        refusal("http://[::1]/"),
        "::1 is the loopback address; only publicly reachable addresses are allowed."
    );
}

/// Every notation of an address that a browser understands is the same address here.
#[test]
fn disguised_literal_addresses_are_refused() {
    for text in [
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://0/",
        "http://①②⑦.0.0.1/",
        "http://127.0.0.1./",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::127.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "http://[fe80::1]/",
    ] {
        let url = Url::parse(text).unwrap();
        assert!(
            matches!(guard(&[], &[]).check_url(&url), Err(GuardError::Address { .. })),
            "{text} is {url}"
        );
    }
}
