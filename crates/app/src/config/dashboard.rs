//! `[dashboard]`: what people see.

use anyhow::bail;
use serde::Deserialize;

const NAME_CHARS_MAX: usize = 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawDashboard {
    product_name: String,
}

impl Default for RawDashboard {
    fn default() -> Self {
        Self { product_name: "Ownkey".to_owned() }
    }
}

/// What people see.
#[derive(Debug, PartialEq, Eq)]
pub struct Dashboard {
    /// What the product is called.
    pub product_name: String,
}

impl RawDashboard {
    pub fn check(self) -> anyhow::Result<Dashboard> {
        let name = self.product_name.trim();
        let length = name.chars().count();
        if !(1..=NAME_CHARS_MAX).contains(&length) || name.chars().any(char::is_control) {
            bail!("`product_name` must be text of 1 to {NAME_CHARS_MAX} characters");
        }
        Ok(Dashboard { product_name: name.to_owned() })
    }
}
