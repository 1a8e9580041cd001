//! Connections that carry nothing at the moment. Of those to an address the one used last is taken first, so that those
//! that aren't needed grow old.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use http::uri::{Authority, Scheme};
use http::{HeaderValue, Uri};

use super::Unanswered;
use super::line::Line;

/// Idle connections kept per provider.
const IDLE_PER_HOST_MAX: usize = 256;
/// Sweeps in the time that a connection may be idle: by them it is told how old one is, and not by clocks.
const SWEEPS: u32 = 6;

/// All of them.
pub struct Pool {
    shelves: Mutex<HashMap<Address, Arc<Shelf>>>,
    idle_max: Duration,
}

/// Where connections lead. Two ways to write a name are two addresses: that is cheaper than to see that they are one.
#[derive(Debug)]
pub struct Address {
    scheme: Scheme,
    authority: Authority,
}

/// Those to one address.
pub struct Shelf {
    idle: Mutex<Vec<Idle>>,
    address: Uri,
    host: HeaderValue,
}

struct Idle {
    line: Box<Line>,
    /// Sweeps that it has seen.
    age: u32,
}

impl Pool {
    /// An empty pool of connections that may be idle for so long.
    pub fn new(idle_max: Duration) -> Self {
        Self { shelves: Mutex::default(), idle_max }
    }

    /// The connections to an address.
    pub fn shelf(&self, address: Address) -> Result<Arc<Shelf>, Unanswered> {
        let mut shelves = locked(&self.shelves);
        if let Some(shelf) = shelves.get(&address) {
            return Ok(Arc::clone(shelf));
        }
        let shelf = Arc::new(Shelf::new(&address)?);
        shelves.insert(address, Arc::clone(&shelf));
        Ok(shelf)
    }

    /// How many addresses are known.
    #[cfg(test)]
    pub fn addresses(&self) -> usize {
        locked(&self.shelves).len()
    }

    /// Closes what is old or dead, and forgets addresses that nobody asks.
    fn sweep(&self) {
        // Nobody else waits for an address meanwhile.
        let shelves: Vec<_> = locked(&self.shelves).values().cloned().collect();
        shelves.iter().for_each(|shelf| shelf.sweep());
        drop(shelves);
        locked(&self.shelves).retain(|_, shelf| Arc::strong_count(shelf) > 1 || !locked(&shelf.idle).is_empty());
    }
}

/// Sweeps now and then, as long as there is a pool.
pub async fn sweep(pool: Weak<Pool>) {
    while let Some(pause) = pool.upgrade().map(|pool| pool.idle_max / SWEEPS) {
        tokio::time::sleep(pause).await;
        if let Some(pool) = pool.upgrade() {
            pool.sweep();
        }
    }
}

impl Shelf {
    fn new(address: &Address) -> Result<Self, Unanswered> {
        let Address { scheme, authority } = address;
        let host = HeaderValue::try_from(host(scheme, authority)).map_err(|_| Unanswered::NoAddress)?;
        let address = Uri::builder().scheme(scheme.clone()).authority(authority.clone()).path_and_query("/").build();
        Ok(Self { idle: Mutex::default(), address: address.map_err(|_| Unanswered::NoAddress)?, host })
    }

    /// Where it leads.
    pub fn address(&self) -> Uri {
        self.address.clone()
    }

    /// The same as it stands in the `Host` of a request.
    pub fn host(&self) -> HeaderValue {
        self.host.clone()
    }

    /// The connection that was used last.
    pub fn take(&self) -> Option<Box<Line>> {
        Some(locked(&self.idle).pop()?.line)
    }

    /// Keeps a connection, if there is room.
    pub fn put(&self, line: Box<Line>) {
        line.forget();
        let mut idle = locked(&self.idle);
        if idle.len() < IDLE_PER_HOST_MAX {
            idle.push(Idle { line, age: 0 });
        }
    }

    fn sweep(&self) {
        let mut idle = locked(&self.idle);
        let is_over = |idle: &mut Idle| {
            idle.age += 1;
            idle.age >= SWEEPS || !idle.line.is_alive()
        };
        let over: Vec<_> = idle.extract_if(.., is_over).collect();
        // They are closed while nobody waits for the others.
        drop(idle);
        drop(over);
    }
}

impl Address {
    /// What an address names, if it is absolute.
    pub fn new(scheme: Option<Scheme>, authority: Option<Authority>) -> Result<Self, Unanswered> {
        let (scheme, authority) = scheme.zip(authority).ok_or(Unanswered::NoAddress)?;
        Ok(Self { scheme, authority })
    }

    fn as_strs(&self) -> (&str, &str) {
        (self.scheme.as_str(), self.authority.as_str())
    }
}

impl PartialEq for Address {
    fn eq(&self, other: &Self) -> bool {
        self.as_strs() == other.as_strs()
    }
}

impl Eq for Address {}

impl Hash for Address {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_strs().hash(state);
    }
}

/// A port that everybody expects is not told.
fn host(scheme: &Scheme, authority: &Authority) -> String {
    let expected = if *scheme == Scheme::HTTPS { 443 } else { 80 };
    match authority.port().filter(|port| port.as_u16() != expected) {
        Some(port) => format!("{}:{port}", authority.host()),
        None => authority.host().to_owned(),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
