//! The example `pacing` as its users run it: the built program, its report and its picture.

use std::fs;

use serde_json::Value;

use crate::example;

const SHORT: [&str; 6] = ["--device", "cpu", "--groups", "64", "--days", "400"];

fn json(args: &[&str]) -> Value {
    example::json("pacing", &[&SHORT[..], args].concat())
}

/// A figure of a method.
fn of(report: &Value, method: &str, figure: &str) -> f64 {
    let row = report["methods"].as_array().unwrap().iter().find(|row| row["method"] == method).unwrap();
    row[figure].as_f64().unwrap()
}

#[test]
fn who_looks_at_fatigue_is_clicked_more_within_the_budget() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("pacing.png");
    for confidence in ["0", "0.1"] {
        let report = json(&["--confidence", confidence, "--plot", plot.to_str().unwrap()]);
        let regret = |method: &str| of(&report, method, "regret");
        assert!(regret("upper confidence") < 0.5 * regret("without state"), "{report}");
        assert!(regret("upper confidence") < 0.25 * regret("chance"), "{report}");
        assert!(of(&report, "upper confidence", "messages") < 1.75, "{report}");
        assert!(report["residual"].as_f64().unwrap() < 2e-5, "{report}");
    }
    assert!(fs::read(&plot).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn movielens_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["--train", folder.path().to_str().unwrap()];
    let error = example::error("pacing", &[&SHORT[..], &args].concat());
    assert!(error.contains("ratings.csv"), "{error}");
    let ratings: String = (0..60).map(|i| format!("{},{},{},{i}\n", i % 4, i % 2 + 1, 2 + i % 4)).collect();
    fs::write(folder.path().join("ratings.csv"), format!("userId,movieId,rating,timestamp\n{ratings}"))
        .unwrap();
    let report = json(&[&args[..], &["--quick"]].concat());
    assert_eq!((&report["groups"], &report["days"]), (&64.into(), &400.into()));
}
