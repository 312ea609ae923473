//! Examples as their users run them: the built programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;

/// The program of an example. `cargo test --test NAME` alone does not build it, so that it is built here,
/// beside this test, once.
pub(crate) fn program(name: &'static str) -> PathBuf {
    static BUILT: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
    let test = std::env::current_exe().unwrap();
    // <target folder>/<profile>/deps/<test>
    let profile = test.parent().and_then(Path::parent).unwrap();
    let mut built = BUILT.lock().unwrap();
    if !built.contains(&name) {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--example", name, "--manifest-path"]);
        cargo.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
        cargo.arg("--target-dir").arg(profile.parent().unwrap());
        if cfg!(feature = "testing") {
            // this test was built with the whole workspace, and so was what is there already
            cargo.arg("--workspace");
        } else if cfg!(feature = "decide") {
            cargo.args(["--features", "decide"]);
        }
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success(), "the example {name} does not build");
        built.push(name);
    }
    profile.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

pub(crate) fn run(name: &'static str, args: &[&str]) -> Output {
    Command::new(program(name)).args(args).output().unwrap()
}

/// The last line of a run that must succeed.
#[allow(dead_code, reason = "not every example prints JSON")]
pub(crate) fn json(name: &'static str, args: &[&str]) -> serde_json::Value {
    let output = run(name, &[args, &["--json"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

/// The error of a run that must fail.
#[allow(dead_code, reason = "not every test has one")]
pub(crate) fn error(name: &'static str, args: &[&str]) -> String {
    let output = run(name, args);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{args:?}: {text}");
    text.lines().last().unwrap_or_default().to_owned()
}
