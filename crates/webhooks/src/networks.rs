//! The addresses that messages may go to. An address of the inside, of whatever network this machine stands in, is none,
//! unless the operator says so: whoever names one could have us knock at doors that are shut to him.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// What the registries of special addresses (IANA) keep from the public internet.
const SPECIAL_V4: [Ipv4Net; 15] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
];
/// All that is public of IPv6 lies in it.
const PUBLIC_V6: Ipv6Net = v6([0x2000, 0], 3);
/// What of it is not: protocols, which lead to other addresses (Teredo, 6to4), and documentation.
const SPECIAL_V6: [Ipv6Net; 4] =
    [v6([0x2001, 0], 23), v6([0x2001, 0xdb8], 32), v6([0x2002, 0], 16), v6([0x3fff, 0], 20)];

/// The networks that messages may go to though they are not public. Plain HTTP goes to these only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    /// Those.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether the operator names any.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the operator names it.
    pub(crate) fn name(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether messages may go there.
    pub(crate) fn allow(&self, address: IpAddr) -> bool {
        self.name(address) || is_public(address.to_canonical())
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => {
            PUBLIC_V6.contains(&address) && !SPECIAL_V6.iter().any(|network| network.contains(&address))
        }
    }
}

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6([a, b]: [u16; 2], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(networks: &Networks, addresses: &[&str], allowed: bool) {
        for address in addresses {
            assert_eq!(networks.allow(address.parse().unwrap()), allowed, "{address}");
        }
    }

    #[test]
    fn addresses_of_the_inside_are_none_however_they_are_written() {
        let usual = Networks::default();
        all(
            &usual,
            &[
                "127.0.0.1",
                "127.255.255.254",
                "0.0.0.0",
                "10.1.2.3",
                "100.64.0.1",
                "169.254.169.254",
                "172.16.0.1",
                "172.31.255.255",
                "192.0.0.8",
                "192.168.1.1",
                "198.19.0.1",
                "224.0.0.1",
                "255.255.255.255",
                "::",
                "::1",
                "::ffff:127.0.0.1",
                "::ffff:10.0.0.1",
                "::ffff:169.254.169.254",
                "::127.0.0.1",
                "64:ff9b::7f00:1",
                "64:ff9b:1::a00:1",
                "fe80::1",
                "fc00::1",
                "fd12::1",
                "ff02::1",
                "2001::1",
                "2001:db8::1",
                "2002:7f00:1::",
                "3fff::1",
                "100::1",
                "fec0::1",
            ],
            false,
        );
        all(
            &usual,
            &[
                "1.1.1.1",
                "172.15.0.1",
                "172.32.0.1",
                "100.128.0.1",
                "::ffff:8.8.8.8",
                "2606:4700::1111",
                "2001:4860::8",
            ],
            true,
        );
    }

    #[test]
    fn the_operator_may_name_networks() {
        let named = Networks::new(vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
        all(&named, &["10.9.9.9", "::ffff:10.9.9.9", "::1", "1.1.1.1"], true);
        all(&named, &["127.0.0.1", "192.168.0.1", "169.254.169.254"], false);
        assert!(named.name("10.9.9.9".parse().unwrap()) && !named.name("1.1.1.1".parse().unwrap()));
    }
}
