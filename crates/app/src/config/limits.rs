//! `[limits]`: bounds and time-outs; what is absent has its default.

use std::ops::RangeInclusive;
use std::time::Duration;

use anyhow::bail;
use ownkey_gateway::limits::Limits;
use serde::Deserialize;

use crate::lockdown;

/// A stream asks for more before its slice is used up, so a small one asks at every piece; no answer is longer than a large
/// one.
const HOLD_SLICE: RangeInclusive<u64> = 256..=1_000_000;

/// With fewer, calls under way crowd out each other; more than this is more memory than anyone has meant.
const WORKSPACES_IN_MEMORY: RangeInclusive<usize> = 1_000..=10_000_000;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RawLimits {
    #[serde(deserialize_with = "super::text::whole")]
    body_mib: Option<usize>,
    #[serde(deserialize_with = "super::text::whole")]
    bodies_mib: Option<usize>,
    #[serde(deserialize_with = "super::text::whole")]
    connections: Option<usize>,
    #[serde(deserialize_with = "super::text::whole")]
    connections_per_peer: Option<usize>,
    header_read_s: Option<f64>,
    connection_idle_s: Option<f64>,
    body_idle_s: Option<f64>,
    connect_s: Option<f64>,
    response_head_s: Option<f64>,
    stream_idle_s: Option<f64>,
    call_s: Option<f64>,
    drain_s: Option<f64>,
    #[serde(deserialize_with = "super::text::whole")]
    workspaces_in_memory: Option<usize>,
    #[serde(deserialize_with = "super::text::whole")]
    hold_slice: Option<u64>,
}

impl RawLimits {
    pub fn check(self) -> anyhow::Result<Limits> {
        let mut limits = Limits { descriptors_max: lockdown::descriptors(), ..Limits::default() };
        let mib = |value: Option<usize>, limit: &mut usize| -> anyhow::Result<()> {
            match value {
                None => Ok(()),
                Some(n @ 1..=65_536) => {
                    *limit = n << 20;
                    Ok(())
                }
                Some(_) => bail!("sizes are whole MiB from 1 to 65536"),
            }
        };
        mib(self.body_mib, &mut limits.body_bytes_max)?;
        mib(self.bodies_mib, &mut limits.bodies_bytes_max)?;
        for (value, limit) in [
            (self.header_read_s, &mut limits.header_read),
            (self.connection_idle_s, &mut limits.connection_idle),
            (self.body_idle_s, &mut limits.body_idle),
            (self.connect_s, &mut limits.connect),
            (self.response_head_s, &mut limits.response_head),
            (self.stream_idle_s, &mut limits.stream_idle),
            (self.call_s, &mut limits.call),
            (self.drain_s, &mut limits.drain),
        ] {
            match value.map(Duration::try_from_secs_f64) {
                None => {}
                Some(Ok(duration)) if !duration.is_zero() => *limit = duration,
                Some(_) => bail!("times are seconds above 0"),
            }
        }
        if limits.bodies_bytes_max < limits.body_bytes_max {
            bail!("`bodies_mib` must be at least `body_mib`");
        }
        if let Some(connections) = self.connections {
            limits.connections_max = connections.max(1);
        }
        limits.connections_per_peer_max = self.connections_per_peer;
        match self.workspaces_in_memory {
            None => {}
            Some(count) if WORKSPACES_IN_MEMORY.contains(&count) => limits.workspaces_in_memory = count,
            Some(_) => {
                let (least, most) = WORKSPACES_IN_MEMORY.into_inner();
                bail!("`workspaces_in_memory` is a number from {least} to {most}")
            }
        }
        match self.hold_slice {
            None => {}
            Some(tokens) if HOLD_SLICE.contains(&tokens) => limits.hold_slice = tokens,
            Some(_) => bail!("`hold_slice` is a number of tokens from {} to {}", HOLD_SLICE.start(), HOLD_SLICE.end()),
        }
        Ok(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_of_a_stream_at_a_time_is_a_number_of_tokens() {
        let slice = |tokens| RawLimits { hold_slice: tokens, ..RawLimits::default() }.check().map(|l| l.hold_slice);
        assert_eq!([slice(None).unwrap(), slice(Some(256)).unwrap()], [2_048, 256]);
        assert!([0, 255, 1_000_001].iter().all(|tokens| slice(Some(*tokens)).is_err()));
    }

    #[test]
    fn workspaces_in_memory_are_some_and_not_all_the_memory_there_is() {
        let kept = |count| {
            let raw = RawLimits { workspaces_in_memory: count, ..RawLimits::default() };
            raw.check().map(|limits| limits.workspaces_in_memory)
        };
        assert_eq!([kept(None).unwrap(), kept(Some(1_000)).unwrap()], [110_000, 1_000]);
        assert!([0, 999, 10_000_001].into_iter().all(|count| kept(Some(count)).is_err()));
    }

    #[test]
    fn connections_are_bounded_by_what_is_written_and_what_the_system_allows() {
        let raw = RawLimits {
            connections: Some(usize::MAX),
            connections_per_peer: Some(7),
            connection_idle_s: Some(9.5),
            ..RawLimits::default()
        };
        let limits = raw.check().unwrap();
        assert_eq!((limits.connections_per_peer(), limits.connection_idle), (7, Duration::from_millis(9_500)));
        assert!(limits.descriptors_max == lockdown::descriptors() && limits.connections() <= lockdown::descriptors());
    }
}
