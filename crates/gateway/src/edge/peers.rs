//! Connections by peer, so that one address can't take all of them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

/// Bits of an IPv6 address that one customer of a network usually has to himself.
const IPV6_HOST_BITS: u32 = 64;

/// How many connections each peer has.
pub struct Peers {
    each_max: usize,
    /// Who may have as many as there are.
    proxies: Vec<IpNet>,
    open: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection of a peer; counted until dropped.
pub struct Counted(Option<(Arc<Peers>, IpAddr)>);

impl Peers {
    /// Nobody yet.
    pub fn new(each_max: usize, proxies: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self { each_max, proxies, open: Mutex::default() })
    }

    /// Counts a connection, unless the peer has too many. Those of this machine and of
    /// trusted proxies are not counted.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Counted> {
        let address = address.to_canonical();
        if address.is_loopback() || self.proxies.iter().any(|proxy| proxy.contains(&address)) {
            return Some(Counted(None));
        }
        let peer = network(address);
        let mut open = self.open();
        let count = open.entry(peer).or_default();
        if *count >= self.each_max {
            return None;
        }
        *count += 1;
        Some(Counted(Some((Arc::clone(self), peer))))
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Some((peers, peer)) = self.0.take() else { return };
        let mut open = peers.open();
        if let Some(count) = open.get_mut(&peer) {
            *count -= 1;
            if *count == 0 {
                open.remove(&peer);
            }
        }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> IPV6_HOST_BITS << IPV6_HOST_BITS).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_peer_cannot_take_all_connections() {
        let peers = Peers::new(2, Vec::new());
        let admit = |address: &str| peers.admit(address.parse().unwrap());
        let first = admit("192.0.2.1").unwrap();
        let _second = admit("::ffff:192.0.2.1").unwrap();
        assert!(admit("192.0.2.1").is_none());
        let _other = admit("192.0.2.2").unwrap();
        drop(first);
        assert!(admit("192.0.2.1").is_some());
        let _net = [admit("2001:db8::1").unwrap(), admit("2001:db8::2").unwrap()];
        assert!(admit("2001:db8::3").is_none() && admit("2001:db8:0:1::1").is_some());
    }

    #[test]
    fn this_machine_has_no_such_bound_and_the_gone_are_forgotten() {
        let peers = Peers::new(1, Vec::new());
        let _proxies: Vec<_> = (0..9).map(|_| peers.admit("127.0.0.1".parse().unwrap()).unwrap()).collect();
        drop(peers.admit("192.0.2.1".parse().unwrap()));
        assert!(peers.open().is_empty());
    }

    #[test]
    fn trusted_proxies_have_no_such_bound() {
        let proxies = ["10.1.0.0/16", "2001:db8::/32"].map(|net| net.parse().unwrap()).to_vec();
        let peers = Peers::new(1, proxies);
        let admit = |address: &str| peers.admit(address.parse().unwrap());
        let trusted = ["10.1.2.3", "::ffff:10.1.2.3", "10.1.2.3", "2001:db8:1::1", "2001:db8:1::1"];
        let _proxies = trusted.map(|address| admit(address).unwrap());
        let _other = admit("10.2.0.1").unwrap();
        assert!(admit("10.2.0.1").is_none());
    }
}
