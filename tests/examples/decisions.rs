//! What the examples of decisions take from a model that `train_ctr` trained.

use std::fs;
use std::path::Path;

use crate::example;

/// Ratings of users who like one of two kinds of movies more than the other.
fn movielens(folder: &Path) {
    fs::write(folder.join("movies.csv"), "movieId,title,genres\n1,One,Drama\n2,Two,Comedy|Children\n")
        .unwrap();
    let ratings: String = (1..21u32)
        .flat_map(|user| (0..200u32).map(move |i| (user, i)))
        .map(|(user, i)| {
            let movie = (user * 31 + i * 17) % 7 % 2 + 1;
            let stars =
                if (i * 13 + user) % 10 < (if movie == user % 2 + 1 { 8 } else { 3 }) { 5 } else { 2 };
            format!("{user},{movie},{stars},{i}\n")
        })
        .collect();
    fs::write(folder.join("ratings.csv"), format!("userId,movieId,rating,timestamp\n{ratings}")).unwrap();
}

#[test]
fn predictions_of_a_trained_model_are_taken_for_likes() {
    let folder = tempfile::tempdir().unwrap();
    movielens(folder.path());
    let (train, path) = (folder.path().to_str().unwrap(), folder.path().join("model.safetensors"));
    let checkpoint = path.to_str().unwrap();
    let args = ["--device", "cpu", "--format", "movielens", "--train", train, "--checkpoint", checkpoint];
    example::json("train_ctr", &[&args[..], &["--epochs", "2"]].concat());
    for (name, more) in [
        ("exposure", &["--groups", "2", "--rounds", "50"][..]),
        ("pacing", &["--groups", "2", "--days", "50"]),
        ("bidding_game", &["--games", "2", "--days", "50"]),
        ("long_term_value", &["--samples", "1000"]),
    ] {
        let seen = [&["--device", "cpu", "--train", train][..], more].concat();
        let predicted = [&seen[..], &["--checkpoint", checkpoint]].concat();
        let [seen, first, second] =
            [&seen, &predicted, &predicted].map(|args| example::json(name, args)["methods"].clone());
        assert_eq!(first, second, "{name}");
        assert_ne!(first, seen, "{name}");
    }
    // without a folder there is nothing to predict
    let output = example::run("pacing", &["--checkpoint", checkpoint]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && error.contains("--train <FOLDER>"), "{error}");
    let error = example::error("pacing", &["--train", train, "--checkpoint", "no/such.safetensors"]);
    assert!(error.contains("no/such.safetensors"), "{error}");
}
