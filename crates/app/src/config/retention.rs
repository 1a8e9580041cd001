//! `[retention]`: how long what is written down is kept.

use anyhow::bail;
use serde::Deserialize;

/// Longer than anyone asks for: a hundred years.
const DAYS_MAX: u16 = 36_500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawRetention {
    #[serde(deserialize_with = "super::text::number")]
    receipts_days: u16,
    #[serde(deserialize_with = "super::text::number")]
    audit_days: u16,
}

impl Default for RawRetention {
    fn default() -> Self {
        Self { receipts_days: 400, audit_days: 400 }
    }
}

/// How long what is written down is kept; absent is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Days that receipts are kept. What they add up to stays.
    pub receipts_days: Option<u16>,
    /// Days that audit events are kept.
    pub audit_days: Option<u16>,
}

impl RawRetention {
    pub fn check(&self) -> anyhow::Result<Retention> {
        if self.receipts_days.max(self.audit_days) > DAYS_MAX {
            bail!("times are days up to {DAYS_MAX}, and 0 is for ever");
        }
        let days = |days: u16| Some(days).filter(|days| *days > 0);
        Ok(Retention { receipts_days: days(self.receipts_days), audit_days: days(self.audit_days) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_hundred_days_unless_it_is_said_otherwise() {
        let check = |receipts_days, audit_days| RawRetention { receipts_days, audit_days }.check();
        let retention = RawRetention::default().check().unwrap();
        assert_eq!((retention.receipts_days, retention.audit_days), (Some(400), Some(400)));
        let retention = check(0, 1).unwrap();
        assert_eq!((retention.receipts_days, retention.audit_days), (None, Some(1)));
        assert!(check(36_500, 36_501).is_err());
    }
}
