//! Which addresses belong to the public internet, by the IANA special-purpose registries.
//!
//! Sources: iana.org/assignments/iana-ipv4-special-registry, iana-ipv6-special-registry, ipv6-address-space (RFC
//! 6890, RFC 8190). Stricter than those in two places: of 192.0.0.0/24 and 2001::/23 nothing is permitted, not even
//! the few anycast services that are globally reachable, since none of them is a web server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), length)
}

const fn v6(a: u16, b: u16, c: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), length)
}

/// Networks of IPv4 that are not globally routable.
const SPECIAL_V4: [(Ipv4Net, &str); 16] = [
    (v4(0, 0, 0, 8), "an address of \"this network\""),
    (v4(10, 0, 0, 8), "a private address"),
    (v4(100, 64, 0, 10), "a shared address of a provider (CGNAT)"),
    (v4(127, 0, 0, 8), "a loopback address"),
    (v4(169, 254, 0, 16), "a link-local address"),
    (v4(172, 16, 0, 12), "a private address"),
    (v4(192, 0, 0, 24), "an address reserved for protocols"),
    (v4(192, 0, 2, 24), "an address for documentation"),
    (v4(192, 88, 99, 24), "a 6to4 relay address"),
    (v4(192, 168, 0, 16), "a private address"),
    (v4(198, 18, 0, 15), "an address for benchmarks"),
    (v4(198, 51, 100, 24), "an address for documentation"),
    (v4(203, 0, 113, 24), "an address for documentation"),
    (v4(224, 0, 0, 4), "a multicast address"),
    (BROADCAST, "the broadcast address"),
    (v4(240, 0, 0, 4), "a reserved address"),
];

const BROADCAST: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::BROADCAST, 32);

/// All of IPv6 that is assigned for global unicast; whatever lies outside is not routable.
const GLOBAL_UNICAST: Ipv6Net = v6(0x2000, 0, 0, 3);

/// Networks of IPv6 that are not globally routable: exceptions of [`GLOBAL_UNICAST`] and names for what is outside of
/// it. More specific ones come first.
const SPECIAL_V6: [(Ipv6Net, &str); 19] = [
    (v6(0x2001, 0, 0, 32), "a Teredo address"),
    (v6(0x2001, 2, 0, 48), "an address for benchmarks"),
    (v6(0x2001, 0, 0, 23), "an address reserved for protocols"),
    (v6(0x2001, 0xdb8, 0, 32), "an address for documentation"),
    (v6(0x2002, 0, 0, 16), "a 6to4 address"),
    (v6(0x3fff, 0, 0, 20), "an address for documentation"),
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), "the loopback address"),
    (
        Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 128),
        "the unspecified address",
    ),
    (v6(0, 0, 0, 96), "an IPv4-compatible address"),
    (v6(0x64, 0xff9b, 0, 96), "a NAT64 address"),
    (v6(0x64, 0xff9b, 1, 48), "a NAT64 address"),
    (v6(0x100, 0, 0, 63), "a discard address"),
    (v6(0x5f00, 0, 0, 16), "a segment-routing address"),
    (v6(0xfc00, 0, 0, 7), "a private (unique local) address"),
    (v6(0xfe80, 0, 0, 10), "a link-local address"),
    (v6(0xfec0, 0, 0, 10), "a site-local address"),
    (v6(0xff00, 0, 0, 8), "a multicast address"),
    (v6(0, 0, 0, 8), "a reserved address"),
    (v6(0x0200, 0, 0, 7), "a reserved address"),
];

/// Whether the address is part of the public internet. An IPv4-mapped IPv6 address is judged as its IPv4 address; the
/// other notations that carry an IPv4 address (NAT64, 6to4, Teredo, IPv4-compatible) are never routable, because a
/// gateway would unwrap them where this check cannot see it.
pub fn globally_routable(address: IpAddr) -> bool {
    match address.to_canonical() {
        address @ IpAddr::V4(_) => special(address).is_none(),
        IpAddr::V6(address) => GLOBAL_UNICAST.contains(&address) && special(address.into()).is_none(),
    }
}

/// What an address that is not globally routable is, to complete "it is …".
pub(super) fn kind(address: IpAddr) -> &'static str {
    special(address).unwrap_or("not a public address")
}

fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => SPECIAL_V4
            .iter()
            .find(|(network, _)| network.contains(&address))
            .map(|(_, kind)| *kind),
        IpAddr::V6(address) => SPECIAL_V6
            .iter()
            .find(|(network, _)| network.contains(&address))
            .map(|(_, kind)| *kind),
    }
}
