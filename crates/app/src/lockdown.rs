//! What the process settles with the system at start. It gives up core dumps and panics that quote values, because it
//! holds keys in memory; it takes all the file descriptors that it may have.

use std::io::Write;

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// Applies all of it. What the system refuses is not worth failing for.
pub fn apply() {
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // The usual soft limit of 1024 is meant for programs that use select(2).
    let files = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files });
    std::panic::set_hook(Box::new(|info| {
        // Only the place: the message may hold what was being worked on.
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        if tracing::dispatcher::has_been_set() {
            tracing::error!(place, "panic");
        } else {
            // Before the log is there. If standard error is gone there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "panic at {place}");
        }
    }));
}

/// The file descriptors that the process may have open.
pub fn descriptors() -> usize {
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Output};

    use super::*;

    /// Set for the process that a test starts to be one of its own.
    const CHILD: &str = "OWNKEY_TEST_CHILD";

    /// Runs a test of this file in a process of its own, because what it does holds for all of a process.
    fn in_a_child(test: &str) -> Option<Output> {
        if std::env::var_os(CHILD).is_some() {
            return None;
        }
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", &format!("lockdown::tests::{test}"), "--nocapture"]).env(CHILD, "1");
        Some(child.output().unwrap())
    }

    #[test]
    fn a_panic_before_the_log_is_there_tells_its_place_only() {
        let Some(output) = in_a_child("a_panic_before_the_log_is_there_tells_its_place_only") else {
            apply();
            panic!("sk-secret");
        };
        let said = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<_> = said.lines().filter(|line| line.starts_with("panic at ")).collect();
        assert!(matches!(&lines[..], [line] if line.contains("lockdown.rs:")), "{said}");
        assert!(!said.contains("sk-secret") && !output.status.success());
    }

    #[test]
    fn all_descriptors_are_taken() {
        let Some(output) = in_a_child("all_descriptors_are_taken") else {
            let files = getrlimit(Resource::Nofile);
            setrlimit(Resource::Nofile, Rlimit { current: Some(100), ..files }).unwrap();
            apply();
            let raised = getrlimit(Resource::Nofile);
            assert!(raised.current == files.maximum && descriptors() > 100);
            return;
        };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
}
