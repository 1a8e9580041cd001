//! Holds the arrows of ARCHITECTURE.md: which crate may know which. Read from cargo itself, so that no import can
//! slip by.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

/// Each crate's folder, its name, and the only ones of ours that it may name.
const ARROWS: [(&str, &str, &[&str]); 13] = [
    ("crates/domain", "ownkey-domain", &[]),
    ("crates/vault", "ownkey-vault", &["ownkey-domain"]),
    ("crates/providers", "ownkey-providers", &["ownkey-domain"]),
    ("crates/store", "ownkey-store", &["ownkey-domain"]),
    ("crates/gateway", "ownkey-gateway", &["ownkey-domain", "ownkey-vault", "ownkey-providers"]),
    ("crates/connections", "ownkey-connections", &["ownkey-domain", "ownkey-vault", "ownkey-store"]),
    ("crates/webhooks", "ownkey-webhooks", &["ownkey-domain", "ownkey-vault", "ownkey-store"]),
    (
        "crates/control",
        "ownkey-control",
        &[
            "ownkey-domain",
            "ownkey-vault",
            "ownkey-providers",
            "ownkey-store",
            "ownkey-connections",
            "ownkey-mcp",
            "ownkey-webhooks",
        ],
    ),
    ("crates/mcp", "ownkey-mcp", &[]),
    ("crates/cli", "ownkey-cli", &["ownkey-domain"]),
    (
        "crates/app",
        "ownkey",
        &[
            "ownkey-domain",
            "ownkey-vault",
            "ownkey-providers",
            "ownkey-store",
            "ownkey-gateway",
            "ownkey-control",
            "ownkey-connections",
            "ownkey-cli",
            "ownkey-webhooks",
        ],
    ),
    ("crates/sim", "ownkey-sim", &[]),
    ("bench/tools", "ownkey-bench", &[]),
];

/// What a crate must not be built on, not even through others, and why.
const OUT_OF_REACH: [(&str, &[&str], &str); 6] = [
    ("ownkey-domain", &["tokio", "hyper", "sqlx", "reqwest"], "the rules need no I/O"),
    ("ownkey-vault", &["tokio", "hyper", "sqlx", "reqwest"], "key material stays away from network and database"),
    ("ownkey-providers", &["tokio", "hyper", "sqlx", "reqwest"], "bytes in, facts out, no sockets"),
    ("ownkey-gateway", &["sqlx", "reqwest", "axum"], "a call runs no SQL, and its HTTP is hyper's"),
    ("ownkey-mcp", &["sqlx", "reqwest", "ownkey-store", "ownkey-vault"], "a tool does what a request can, and no more"),
    ("ownkey-cli", &["sqlx", "axum", "ownkey-store", "ownkey-vault"], "a command is a request to a server"),
];

/// Libraries that only these may name.
const RESERVED: [(&str, &[&str]); 6] = [
    ("sqlx", &["ownkey-store"]),
    ("axum", &["ownkey-control", "ownkey-mcp", "ownkey"]),
    ("reqwest", &["ownkey-control", "ownkey-connections", "ownkey-cli", "ownkey-webhooks"]),
    ("rmcp", &["ownkey-mcp"]),
    ("oauth2", &["ownkey-connections"]),
    ("aws-lc-rs", &["ownkey-vault"]),
];

type Outcome = Result<(), Box<dyn Error>>;

fn metadata() -> cargo_metadata::Result<Metadata> {
    // For this machine only: what other systems need is not downloaded here.
    let options = ["--locked", "--filter-platform", "host-tuple"].map(str::to_owned);
    MetadataCommand::new().other_options(options).exec()
}

fn ours(metadata: &Metadata) -> BTreeMap<&str, &Package> {
    metadata.workspace_packages().into_iter().map(|package| (package.name.as_str(), package)).collect()
}

#[test]
fn every_folder_is_a_member_and_under_the_lints() -> Outcome {
    let metadata = metadata()?;
    let expected: BTreeSet<&str> = ARROWS.iter().filter_map(|(folder, ..)| folder.strip_prefix("crates/")).collect();
    let mut folders = BTreeSet::new();
    for entry in std::fs::read_dir(metadata.workspace_root.join("crates"))? {
        folders.insert(entry?.file_name().to_string_lossy().into_owned());
    }
    assert_eq!(folders.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected, "folders of crates/");
    let ours = ours(&metadata);
    assert_eq!(ours.len(), ARROWS.len(), "members of the workspace");
    for (folder, name, _) in ARROWS {
        let package = ours.get(name).ok_or(name)?;
        let at = metadata.workspace_root.join(folder).join("Cargo.toml");
        assert_eq!(package.manifest_path, at, "{name}");
        let manifest = std::fs::read_to_string(Path::new(&at))?;
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name} must take the workspace's lints");
    }
    Ok(())
}

#[test]
fn arrows_point_one_way() -> Outcome {
    let metadata = metadata()?;
    let ours = ours(&metadata);
    for (_, name, allowed) in ARROWS {
        let package = ours.get(name).ok_or(name)?;
        // Tests keep the arrows too.
        for dependency in package.dependencies.iter().filter(|d| ours.contains_key(d.name.as_str())) {
            assert!(allowed.contains(&dependency.name.as_str()), "{name} must not know {}", dependency.name);
        }
    }
    Ok(())
}

#[test]
fn reserved_libraries_are_named_by_their_owners_only() -> Outcome {
    let metadata = metadata()?;
    for (name, package) in ours(&metadata) {
        for (library, owners) in RESERVED {
            let named = package.dependencies.iter().any(|dependency| dependency.name == library);
            assert!(!named || owners.contains(&name), "{name} must not name {library}");
        }
    }
    Ok(())
}

#[test]
fn what_a_crate_must_not_do_is_out_of_its_reach() -> Outcome {
    let metadata = metadata()?;
    let ours = ours(&metadata);
    for (name, forbidden, why) in OUT_OF_REACH {
        let package = ours.get(name).ok_or(name)?;
        let reached = reach(&metadata, &package.id)?;
        assert!(reached.len() > 1, "{name} is built on something");
        let found: Vec<_> = forbidden.iter().filter(|library| reached.contains(**library)).collect();
        assert!(found.is_empty(), "{name} is built on {found:?}: {why}");
    }
    Ok(())
}

/// The names of all that a crate is built on.
fn reach<'m>(metadata: &'m Metadata, start: &'m PackageId) -> Result<BTreeSet<&'m str>, Box<dyn Error>> {
    let resolve = metadata.resolve.as_ref().ok_or("cargo resolved nothing")?;
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let mut seen = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(id) = open.pop() {
        let node = nodes.get(id).ok_or("cargo named a package that it does not have")?;
        for dependency in &node.deps {
            let is_built_on = dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            if is_built_on && seen.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    Ok(metadata
        .packages
        .iter()
        .filter(|package| seen.contains(&package.id))
        .map(|package| package.name.as_str())
        .collect())
}
