//! The commands as they are given, run as processes.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output};

fn ownkey(folder: &Path, arguments: &[&str], variables: &[(&str, &[u8])]) -> (Output, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ownkey"));
    command.args(arguments).current_dir(folder);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_bytes().starts_with(b"OWNKEY_")) {
        command.env_remove(name);
    }
    let output = command.envs(variables.iter().map(|(n, v)| (n, OsStr::from_bytes(v)))).output().unwrap();
    let text = String::from_utf8([output.stdout.as_slice(), &output.stderr].concat()).unwrap();
    (output, text)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn check_after_init_works_from_anywhere_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let name = "it's \"a\" \\ folder";
    let (made, text) = ownkey(folder.path(), &["init", "--dir", name], &[]);
    assert!(made.status.success(), "{text}");
    let within = folder.path().join(name);
    // The command that is printed, as a shell takes it.
    let next = text.lines().find_map(|line| line.strip_prefix("Next: ownkey serve --config ")).unwrap();
    let word = Command::new("sh").args(["-c", &format!("printf %s {next}")]).output().unwrap().stdout;
    let config = String::from_utf8(word).unwrap();
    assert_eq!(Path::new(&config), within.join("ownkey.toml"));

    for cwd in [folder.path(), &within, Path::new("/")] {
        let (checked, text) = ownkey(cwd, &["check", "--config", &config], &[]);
        assert!(checked.status.success() && text.contains("vault: ok") && text.contains("none yet"), "{text}");
    }
    assert_eq!(
        (names(&within), names(folder.path())),
        (vec!["ownkey.kek".into(), "ownkey.toml".into()], vec![name.into()])
    );
}

#[test]
fn check_tells_what_serve_would_refuse_or_ignore() {
    let folder = tempfile::tempdir().unwrap();
    ownkey(folder.path(), &["init"], &[]);
    let check = |name: &str, value: &[u8]| {
        let (output, text) = ownkey(folder.path(), &["check"], &[(name, value)]);
        (output.status.code(), text)
    };
    let (code, text) = check("OWNKEY_SERVER_LISTEN", b"127.0.0.1:1");
    assert_eq!(code, Some(0));
    assert!(text.contains("OWNKEY_SERVER_LISTEN has no effect") && !text.contains("127.0.0.1:1"), "{text}");
    let (code, text) = check("OWNKEY_PROVIDERS__OPENAI__MANAGED_KEY", b"sk-\x07secret");
    assert!(code == Some(1) && text.contains("managed_key") && !text.contains("secret"), "{text}");
    let (code, text) = check("OWNKEY_OPERATOR__TOKEN", b"secret\xff");
    assert!(code == Some(1) && text.contains("OWNKEY_OPERATOR__TOKEN") && !text.contains("secret"), "{text}");
    assert_eq!(check("SOMEBODY_ELSES", b"\xff").0, Some(0));
}
