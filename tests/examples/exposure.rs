//! The example `exposure` as its users run it: the built program, its report and its picture.

use std::fs;

use serde_json::Value;

use crate::example;

const SHORT: [&str; 4] = ["--device", "cpu", "--groups", "64"];

fn json(args: &[&str]) -> Value {
    example::json("exposure", &[&SHORT[..], args].concat())
}

/// Regret and missed floors of a method.
fn of(report: &Value, method: &str) -> [f64; 2] {
    let row = report["methods"].as_array().unwrap().iter().find(|row| row["method"] == method).unwrap();
    ["regret", "missed"].map(|figure| row[figure].as_f64().unwrap())
}

#[test]
fn floors_are_met_and_regret_stays_small() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("regret.png");
    let [short, long] = ["1000", "4000"].map(|rounds| {
        json(&["--rounds", rounds, "--floors", "0.3,0.25,0.2", "--plot", plot.to_str().unwrap()])
    });
    assert!(fs::read(&plot).unwrap().starts_with(b"\x89PNG"));
    for report in [&short, &long] {
        let [[regret, missed], [even, _], [_, missed_by_descent]] =
            ["mirror prox", "even mix", "dual descent"].map(|method| of(report, method));
        assert!(regret > 0.0 && regret < 0.2 * even, "{report}");
        assert!(missed < 0.5 && missed_by_descent > 2.0, "{report}");
    }
    // losses that vary by the week and by chance
    assert!(of(&long, "mirror prox")[0] < 2.0 * of(&short, "mirror prox")[0], "{short} {long}");
}

#[test]
fn movielens_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let error = || {
        let folder = folder.path().to_str().unwrap();
        example::error("exposure", &[&SHORT[..], &["--train", folder]].concat())
    };
    assert!(error().contains("ratings.csv"), "{}", error());
    fs::write(folder.path().join("movies.csv"), "movieId,title,genres\n1,One,Drama\n2,Two,Comedy|Children\n")
        .unwrap();
    fs::write(folder.path().join("ratings.csv"), "userId,movieId,rating,timestamp\n1,3,4,9\n").unwrap();
    assert!(
        error().ends_with("ratings.csv`: expected at least one rating of a movie with a genre, found none")
    );
    let ratings: String = (0..60).map(|i| format!("{},{},{},{i}\n", i % 4, i % 2 + 1, 2 + i % 4)).collect();
    fs::write(folder.path().join("ratings.csv"), format!("userId,movieId,rating,timestamp\n{ratings}"))
        .unwrap();
    let report = json(&["--train", folder.path().to_str().unwrap(), "--rounds", "20"]);
    assert_eq!(report["kinds"], serde_json::json!(["suspense", "drama", "light"]));
    assert_eq!((&report["groups"], &report["rounds"]), (&64.into(), &20.into()));
}
