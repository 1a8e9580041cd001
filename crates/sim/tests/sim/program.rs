//! The program: its one line, its exit codes.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

fn program(openai: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ownkey-sim"));
    command.args(["--openai", openai, "--anthropic", "127.0.0.1:0", "--control", "127.0.0.1:0"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn it_says_where_it_listens_and_refuses_a_taken_port() {
    let mut first = program("127.0.0.1:0").spawn().expect("started");
    let mut line = String::new();
    BufReader::new(first.stdout.take().expect("stdout")).read_line(&mut line).expect("a line");
    let at: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    let openai = at["openai"].as_str().expect("an address");
    let port = openai.trim_start_matches("http://").trim_end_matches("/v1");
    let second = program(port).output().expect("run");
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("cannot listen on"));
    let ended = Command::new("kill").args(["-TERM", &first.id().to_string()]).status().expect("kill");
    assert!(ended.success());
    assert_eq!(first.wait().expect("ended").code(), Some(0));
}
