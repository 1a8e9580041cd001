//! A new provider is one module of `providers` and its models in the catalogue. So nothing else may branch on which
//! provider it has before it, and to be sure of that, nothing else may name one.
//!
//! The protocols bear the providers' names too and are another matter: they are what callers speak, and a third
//! provider will speak one of the two. Where an answer takes its shape from the protocol called, [`SHAPES`] lets it.
//! Sources are read as text, without comments and tests.

use std::error::Error;
use std::path::{Path, PathBuf};

/// Where what is known of a provider belongs: its module, its name, its models, its address and key.
const KNOWS_PROVIDERS: [&str; 5] =
    ["providers/src/", "domain/src/provider.rs", "domain/src/catalogue.rs", "domain/src/catalogue/", "app/src/config/"];

/// Simulated providers, which are nothing of ours.
const NOT_OURS: &str = "sim/src/";

/// Where answers of Ownkey's own get the shape of the protocol called, and what of them.
const SHAPES: [(&str, &str); 4] = [
    ("gateway/src/error.rs", "errors"),
    ("gateway/src/failure.rs", "errors about the request that pass from managed calls"),
    ("gateway/src/models.rs", "lists of models"),
    ("gateway/src/rates.rs", "headers of rate limits"),
];

/// What the providers are called.
const NAMES: [&str; 2] = ["anthropic", "openai"];

type Outcome = Result<(), Box<dyn Error>>;

/// Every line of production code outside of the places that know providers: its file, and what it says.
fn lines() -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&crates)? {
        collect(&entry?.path().join("src"), &mut files)?;
    }
    let mut lines = Vec::new();
    for file in files {
        let name = file.strip_prefix(&crates)?.to_string_lossy().into_owned();
        if !name.starts_with(NOT_OURS) && !KNOWS_PROVIDERS.iter().any(|known| name.starts_with(known)) {
            let text = std::fs::read_to_string(&file)?;
            lines.extend(production(&text).map(|line| (name.clone(), line.to_owned())));
        }
    }
    Ok(lines)
}

/// The Rust files of a folder and below, but those that hold tests alone.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|end| end == "rs") && !stem.starts_with("tests") {
            files.push(path);
        }
    }
    Ok(())
}

/// The lines before a file's tests, without comments. (A module of tests in a file of its own is one line.)
fn production(text: &str) -> impl Iterator<Item = &str> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// Whether a line names a provider or a protocol, in a text or in the code.
fn names_one(line: &str) -> bool {
    let line = line.to_lowercase();
    NAMES.iter().any(|name| line.contains(name))
}

#[test]
fn niyra_n12_nothing_branches_on_which_provider_it_is() -> Outcome {
    let lines = lines()?;
    assert!(lines.len() > 5_000, "the sources were found");
    let shapes = |file: &str| SHAPES.iter().any(|(shape, _)| *shape == file);
    let named: Vec<_> = lines.iter().filter(|(file, line)| names_one(line) && !shapes(file)).collect();
    assert!(named.is_empty(), "move what differs into `providers::Facts`: {named:#?}");
    let branches: Vec<_> = lines.iter().filter(|(_, line)| names_one(line) && line.contains("Provider::")).collect();
    assert!(branches.is_empty(), "shapes are the protocol's and not the provider's: {branches:#?}");
    Ok(())
}

#[test]
fn every_file_that_may_look_at_the_protocol_does() -> Outcome {
    let lines = lines()?;
    for (file, what) in SHAPES {
        let looks = lines.iter().any(|(at, line)| at == file && line.contains("Protocol::") && names_one(line));
        assert!(looks, "{file} makes no {what}: take it off the list");
    }
    Ok(())
}
