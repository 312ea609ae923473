//! The example `two_tower` as its users run it: the built program, its report and its files.

use std::fs;

use serde_json::Value;

use crate::example;

const SHORT: [&str; 4] = ["--device", "cpu", "--epochs", "2"];

fn json(args: &[&str]) -> Value {
    example::json("two_tower", &[&SHORT[..], args].concat())
}

fn error(args: &[&str]) -> String {
    example::error("two_tower", &[&SHORT[..], args].concat())
}

#[test]
fn it_finds_more_than_the_most_popular_movies() {
    let folder = tempfile::tempdir().unwrap();
    let [plot, model] = ["curve.png", "model.safetensors"].map(|name| folder.path().join(name));
    let files = ["--plot", plot.to_str().unwrap(), "--checkpoint", model.to_str().unwrap()];
    let report = json(&files);
    let rate = |name: &str| report[name].as_f64().unwrap();
    assert!(rate("hit_rate") >= 1.5 * rate("popularity"), "{report}");
    assert!((rate("int8_hit_rate") - rate("hit_rate")).abs() < 0.01, "{report}");
    assert!(rate("ndcg") < rate("hit_rate"), "{report}");
    assert_eq!(report["epochs"].as_array().unwrap().len(), 2);
    assert_eq!(report["epochs"][1]["hit_rate"], report["hit_rate"]);
    assert!(report["epochs"][1]["loss"].as_f64() < report["epochs"][0]["loss"].as_f64());
    assert!(fs::read(&plot).unwrap().starts_with(b"\x89PNG"));

    let resumed = example::json("two_tower", &["--device", "cpu", "--epochs", "0", "--resume", files[3]]);
    assert_eq!(resumed["hit_rate"], report["hit_rate"]);
    assert_eq!(resumed["int8_hit_rate"], report["int8_hit_rate"]);
    assert!(
        error(&["--resume", files[3], "--dim", "16"])
            .ends_with("table \"user\": expected 600 rows x 16 columns, got 600 rows x 32 columns")
    );
    assert!(
        error(&["--resume", files[3], "--ids", "raw"])
            .ends_with("bags.user.ids: expected a directory of raw ids, got none")
    );
}

#[test]
fn raw_ids_are_rows_by_another_name() {
    let [rows, raw] = ["rows", "raw"].map(|ids| json(&["--ids", ids]));
    for epoch in 0..2 {
        for figure in ["loss", "hit_rate", "ndcg"] {
            assert_eq!(rows["epochs"][epoch][figure], raw["epochs"][epoch][figure], "{figure}");
        }
    }
    assert_eq!(rows["int8_hit_rate"], raw["int8_hit_rate"]);
}

#[test]
fn movielens_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut ratings = "userId,movieId,rating,timestamp\n".to_owned();
    let mut movies = "movieId,title,genres\n".to_owned();
    for movie in 0..30 {
        movies.push_str(&format!(
            "{},Movie {movie} (1990),{}\n",
            movie * 7,
            ["Drama", "Comedy|War"][movie % 2]
        ));
    }
    // users 0 to 9 have two likes or more; the others one, or none
    for user in 0..12 {
        for place in 0..(12usize - user).max(1) {
            let stars = if user == 11 { 3.0 } else { 4.5 };
            ratings.push_str(&format!("{user},{},{stars},{place}\n", (user * 3 + place) % 30 * 7));
        }
    }
    fs::write(folder.path().join("ratings.csv"), ratings).unwrap();
    fs::write(folder.path().join("movies.csv"), movies).unwrap();
    let report = json(&["--train", folder.path().to_str().unwrap(), "--negatives", "8"]);
    assert_eq!((&report["users"], &report["movies"]), (&11.into(), &30.into()));

    fs::write(folder.path().join("ratings.csv"), "userId,movieId,rating,timestamp\n1,7,3,0\n").unwrap();
    let text = error(&["--train", folder.path().to_str().unwrap()]);
    assert!(text.ends_with("ratings.csv`: expected at least one user with two likes, found none"), "{text}");
    assert!(error(&["--train", "no/such"]).contains("cannot open `no/such/movies.csv`"));
    assert!(error(&["--checkpoint", "no/such/model"]).starts_with("error: --checkpoint: cannot write"));
}
