//! The example `long_term_value` as its users run it: the built program, its report and its picture.

use std::fs;

use serde_json::Value;

use crate::example;

/// Error of a method, over a constant's.
fn error_of(report: &Value, method: &str) -> f64 {
    let row = report["methods"].as_array().unwrap().iter().find(|row| row["method"] == method).unwrap();
    row["error"].as_f64().unwrap()
}

#[test]
fn the_steps_come_towards_least_squares() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("values.png");
    let args = ["--device", "cpu", "--seeds", "2", "--plot", plot.to_str().unwrap()];
    let [short, long] = ["20000", "60000"]
        .map(|samples| example::json("long_term_value", &[&args[..], &["--samples", samples]].concat()));
    assert!(fs::read(&plot).unwrap().starts_with(b"\x89PNG"));
    let least = error_of(&long, "least squares");
    assert!(least < 0.85, "{long}");
    for method in ["variance reduced", "momentum"] {
        let [before, after] = [&short, &long].map(|report| error_of(report, method));
        assert!(least < after && after < before && after < 1.0, "{method}: {least} {before} {after}");
    }
}

#[test]
fn movielens_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let args = ["--device", "cpu", "--samples", "1000", "--train", path.to_str().unwrap()];
    fs::write(path.join("movies.csv"), "movieId,title,genres\n1,One,Drama\n2,Two,Comedy|Children\n").unwrap();
    let users = |users: std::ops::Range<u32>| -> String {
        let of = |user: u32| (0..40).map(move |i| format!("{user},{},{},{i}\n", i % 2 + 1, 2 + i % 4));
        users.flat_map(of).collect()
    };
    let header = "userId,movieId,rating,timestamp\n";
    fs::write(path.join("ratings.csv"), format!("{header}{}", users(1..4))).unwrap();
    let error = example::error("long_term_value", &args);
    assert!(error.contains("user of each fifth with more than 30 ratings"), "{error}");
    fs::write(path.join("ratings.csv"), format!("{header}{}", users(1..11))).unwrap();
    let report = example::json("long_term_value", &[&args[..], &["--tanh", "2"]].concat());
    assert_eq!((&report["training"], &report["held_out"]), (&80.into(), &20.into()));
}
