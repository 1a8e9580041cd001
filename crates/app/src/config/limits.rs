//! `[limits]`: bounds and time-outs; what is absent has its default.

use std::time::Duration;

use anyhow::bail;
use ownkey_gateway::limits::Limits;
use serde::Deserialize;

use crate::lockdown;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct RawLimits {
    body_mib: Option<usize>,
    bodies_mib: Option<usize>,
    connections: Option<usize>,
    connections_per_peer: Option<usize>,
    header_read_s: Option<f64>,
    connection_idle_s: Option<f64>,
    body_idle_s: Option<f64>,
    connect_s: Option<f64>,
    response_head_s: Option<f64>,
    stream_idle_s: Option<f64>,
    call_s: Option<f64>,
    drain_s: Option<f64>,
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
        Ok(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
