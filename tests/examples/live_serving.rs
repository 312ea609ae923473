//! The example `live_serving` as its users run it: two processes, a report and a picture.

use std::fs;

use crate::example;

#[test]
fn a_server_that_follows_is_nearer_to_the_trainer() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("fresh.png");
    let args = ["--device", "cpu", "--before", "400", "--steps", "1200", "--every", "40", "--plot"];
    let report = example::json("live_serving", &[&args[..], &[plot.to_str().unwrap()]].concat());
    assert!(fs::read(&plot).unwrap().starts_with(b"\x89PNG"));
    let of = |name: &str| report["total"][name].as_f64().unwrap();
    let (trainer, follows, stays) = (of("trainer"), of("follows"), of("stays"));
    assert!(trainer < 0.95 && follows < trainer * 1.01, "{report}");
    assert!(stays - trainer > 3.0 * (follows - trainer), "{report}");
    assert_eq!(report["deltas"], 30);
    assert_eq!(report["windows"].as_array().unwrap().len(), 30);
    // it works off deltas as they come, which takes some steps on a busy machine
    assert!(of("lag") >= 19.0 && of("lag") < 200.0, "{report}");
    assert!(report["delta_bytes"].as_u64() < report["whole_bytes"].as_u64(), "{report}");
}

#[test]
fn mistakes_are_named() {
    let missing = ["--device", "cpu", "--plot", "no/such/fresh.png"];
    assert!(example::error("live_serving", &missing).starts_with("error: --plot: cannot write"));
    let nothing = ["--device", "cpu", "--serve", "no/such/folder"];
    assert!(example::error("live_serving", &nothing).contains("no/such/folder/layers.safetensors"));
}
