//! The example `bidding_game` as its users run it: the built program, its report and its picture.

use std::fs;

use serde_json::Value;

use crate::example;

fn json(args: &[&str]) -> Value {
    example::json("bidding_game", &[&["--device", "cpu", "--games", "32"][..], args].concat())
}

/// A figure of a method.
fn of(report: &Value, method: &str, figure: &str) -> f64 {
    let row = report["methods"].as_array().unwrap().iter().find(|row| row["method"] == method).unwrap();
    row[figure].as_f64().unwrap()
}

#[test]
fn what_can_still_be_won_shrinks_and_budgets_hold_in_the_long_run() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("bids.png");
    let [short, long] = ["250", "2000"].map(|days| json(&["--days", days, "--plot", plot.to_str().unwrap()]));
    assert!(fs::read(&plot).unwrap().starts_with(b"\x89PNG"));
    for method in ["fictitious play", "within the budget"] {
        let [before, after] = [&short, &long].map(|report| of(report, method, "gap"));
        assert!(after > 0.0 && after < 0.7 * before, "{method}: {before} {after}");
        assert!(after < 0.7 * of(&long, "uniform", "gap"), "{long}");
    }
    // a price is found at which both bid high as often as they may
    assert!((of(&long, "within the budget", "high") - 2.5).abs() < 0.1, "{long}");
    assert!(of(&long, "within the budget", "price") > 0.0 && of(&long, "within the budget", "over") < 100.0);
    assert!(of(&long, "fictitious play", "over") > 1000.0, "{long}");
}

#[test]
fn movielens_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let args = ["--quick", "--games", "2", "--days", "100", "--train", path.to_str().unwrap()];
    fs::write(path.join("movies.csv"), "movieId,title,genres\n1,One,Drama\n2,Two,Comedy|Children\n").unwrap();
    fs::write(path.join("ratings.csv"), "userId,movieId,rating,timestamp\n1,3,4,9\n").unwrap();
    let error = example::error("bidding_game", &args);
    assert!(error.contains("expected at least one rating of a comedy or a drama"), "{error}");
    let ratings: String = (0..60).map(|i| format!("{},{},{},{i}\n", i % 4, i % 2 + 1, 2 + i % 4)).collect();
    fs::write(path.join("ratings.csv"), format!("userId,movieId,rating,timestamp\n{ratings}")).unwrap();
    let report = example::json("bidding_game", &args);
    assert_eq!((&report["games"], &report["days"]), (&2.into(), &100.into()));
}
