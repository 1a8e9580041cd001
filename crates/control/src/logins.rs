//! Who says to be somebody, and whether he is: the password, and the waits after wrong ones. Nothing that is said, and
//! no time that is taken, tells whether there is such a person.

use std::net::{IpAddr, Ipv6Addr};

use http::StatusCode;
use ownkey_domain::person::Mail;
use ownkey_store::Account;

use crate::backoff::{Backoff, Growth};
use crate::control::Control;
use crate::passwords::{Compared, NewPassword, Password, Passwords};
use crate::problem::Problem;
use crate::throttle::Wait;

/// A person forgets which password it was. The most is short: others can make him wait, too.
const ACCOUNT: Growth = Growth { free: 5, first_ms: 4_000, most_ms: 60_000 };
/// An office is one address.
const ADDRESS: Growth = Growth { free: 20, first_ms: 4_000, most_ms: 900_000 };
/// Bits of an IPv6 address that one customer of a network usually has to himself.
const IPV6_HOST_BITS: u32 = 64;

/// Checks passwords. What is made anew from a configuration goes on with it.
pub struct Logins {
    passwords: Passwords,
    accounts: Backoff<Mail>,
    addresses: Backoff<IpAddr>,
}

impl Logins {
    /// Nobody has tried yet.
    pub fn new(passwords: Passwords) -> Self {
        Self { passwords, accounts: Backoff::new(ACCOUNT), addresses: Backoff::new(ADDRESS) }
    }

    /// The account, if that is its password.
    pub(crate) async fn check(
        &self,
        control: &Control,
        (mail, password): (&Mail, Password),
        address: IpAddr,
    ) -> Result<Account, Problem> {
        let (place, now, address) = (self.passwords.place()?, control.now(), network(address));
        self.addresses.begin(address, now).map_err(too_often)?;
        self.accounts.begin(mail.clone(), now).map_err(too_often)?;
        let account = control.store().account(mail).await?;
        let kept = account.as_ref().map(|account| account.password.clone());
        let compared = self.passwords.compare(place, password, kept).await?;
        let (Some(mut account), Compared::Right(anew)) = (account, compared) else { return Err(wrong()) };
        self.addresses.succeeded(&address, false);
        self.accounts.succeeded(mail, true);
        if let Some(anew) = anew {
            control.store().rehash_password(account.user.id, (&account.password, &anew)).await?;
            account.password = anew;
        }
        Ok(account)
    }

    /// The hash to keep of a new password.
    pub(crate) async fn hash(&self, password: NewPassword) -> Result<String, Problem> {
        self.passwords.hash(self.passwords.place()?, password).await
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> IPV6_HOST_BITS << IPV6_HOST_BITS).into(),
    }
}

fn too_often(Wait(seconds): Wait) -> Problem {
    Problem::rate_limited("Too many wrong passwords. Wait before the next try.", seconds)
}

fn wrong() -> Problem {
    let detail = "The mail address or the password is wrong.";
    Problem::new(StatusCode::UNAUTHORIZED, "wrong_login", "Not signed in", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customers_ipv6_addresses_are_one() {
        let net = |text: &str| network(text.parse().unwrap());
        assert_eq!(net("2001:db8:1:2::3"), net("2001:db8:1:2:9::"));
        assert_ne!(net("2001:db8:1:2::3"), net("2001:db8:1:3::3"));
        assert_eq!(net("::ffff:192.0.2.1"), net("192.0.2.1"));
        assert_ne!(net("192.0.2.1"), net("192.0.2.2"));
    }
}
