//! `[webhooks]`: where messages may go beside the public internet, and how long receivers may take.

use std::time::Duration;

use anyhow::{Context, bail};
use ownkey_webhooks::Networks;
use serde::Deserialize;

use super::text::list;

const TIMEOUT_S_MAX: u32 = 60;
const NETWORKS_MAX: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawWebhooks {
    #[serde(deserialize_with = "list")]
    allowed_networks: Vec<String>,
    #[serde(deserialize_with = "super::text::number")]
    timeout_s: u32,
}

impl Default for RawWebhooks {
    fn default() -> Self {
        Self { allowed_networks: Vec::new(), timeout_s: 10 }
    }
}

/// The webhooks as configured.
#[derive(Debug)]
pub struct Webhooks {
    /// Where messages may go beside the public internet.
    pub networks: Networks,
    /// How long a receiver may take to answer.
    pub timeout: Duration,
}

impl RawWebhooks {
    pub fn check(self) -> anyhow::Result<Webhooks> {
        if !(1..=TIMEOUT_S_MAX).contains(&self.timeout_s) {
            bail!("`timeout_s` must be from 1 to {TIMEOUT_S_MAX}");
        }
        if self.allowed_networks.len() > NETWORKS_MAX {
            bail!("`allowed_networks` may have {NETWORKS_MAX} items");
        }
        let network = |text: &String| text.parse().context("an item of `allowed_networks` must be like \"10.0.0.0/8\"");
        let networks = self.allowed_networks.iter().map(network).collect::<anyhow::Result<_>>()?;
        Ok(Webhooks { networks: Networks::new(networks), timeout: Duration::from_secs(self.timeout_s.into()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_a_size_and_times_a_bound() {
        let check = |networks: &[&str], timeout_s| {
            let allowed_networks = networks.iter().map(|network| (*network).to_owned()).collect();
            RawWebhooks { allowed_networks, timeout_s }.check()
        };
        assert!(check(&["10.0.0.0/8", "fd00::/8"], 60).is_ok());
        assert!(check(&["10.0.0.1"], 10).is_err() && check(&["localhost"], 10).is_err());
        assert!(check(&[], 0).is_err() && check(&[], 61).is_err());
    }
}
