//! The example `dhen` as its users run it: the built program, its report and its exit codes.

use std::fs;

use crate::census::census;
use crate::common;
use crate::example;

#[test]
fn a_quick_run_says_and_draws_what_it_came_to() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("curves.png");
    let args = ["--quick", "--plot", plot.to_str().unwrap(), "--device"];
    let devices = if common::gpu().is_some() { vec!["cpu", "gpu"] } else { vec!["cpu"] };
    let mut entropies = Vec::new();
    for device in devices {
        let summary = example::json("dhen", &[&args[..], &[device]].concat());
        assert!(fs::read(&plot).unwrap().starts_with(b"\x89PNG"));
        assert_eq!((&summary["seeds"], &summary["train_examples"]), (&1.into(), &12_000.into()));
        assert!(summary["criteria"].as_array().unwrap().is_empty(), "{summary}");
        let nets = summary["nets"].as_array().unwrap();
        assert_eq!(nets.len(), 4, "{summary}");
        // even so little shows what one kind of interaction cannot find
        let last = |i: usize| nets[i]["ne"][3].as_f64().unwrap();
        assert!(last(0) < 0.9 && last(3) > last(0) + 0.05, "{summary}");
        assert!(nets.iter().all(|net| net["parameters"].as_u64().unwrap() > 100), "{summary}");
        entropies.push(last(0));
    }
    assert!(entropies.iter().all(|ne| (ne - entropies[0]).abs() < 0.01), "{entropies:?}");
}

#[test]
fn a_study_compares_modules_and_depths() {
    let folder = tempfile::tempdir().unwrap();
    let train = census(folder.path(), 2000);
    let plot = folder.path().join("study.png");
    let args = [
        "--device",
        "cpu",
        "--quick",
        "--format",
        "adult",
        "--train",
        &train,
        "--plot",
        plot.to_str().unwrap(),
    ];
    let summary = example::json("dhen", &args);
    assert!(fs::read(&plot).unwrap().starts_with(b"\x89PNG"));
    assert_eq!(
        (&summary["format"], &summary["seeds"], &summary["epochs"]),
        (&"adult".into(), &1.into(), &5.into())
    );
    let nets = summary["nets"].as_array().unwrap();
    let described = |i: usize| (nets[i]["modules"].as_str().unwrap(), nets[i]["layers"].as_u64().unwrap());
    let of = |modules: &'static str| [(modules, 1), (modules, 2), (modules, 3)];
    assert_eq!(
        (0..nets.len()).map(described).collect::<Vec<_>>(),
        [of("linear"), of("dot, linear")].concat()
    );
    for net in nets.chunks(3) {
        let parameters: Vec<u64> = net.iter().map(|net| net["parameters"].as_u64().unwrap()).collect();
        assert!(parameters.is_sorted_by(|a, b| a < b), "{summary}");
    }
    // the census is made so that it can be learnt
    assert!(nets.iter().all(|net| net["ne"].as_f64().unwrap() < 0.9), "{summary}");
    assert!(nets.iter().all(|net| net["auc"].as_f64().unwrap() > 0.75), "{summary}");
}

#[test]
fn mistakes_end_with_a_line() {
    let message = example::error("dhen", &["--device", "cpu", "--quick", "--plot", "no/such/curves.png"]);
    assert!(message.starts_with("error: --plot: cannot write `no/such/curves.png`: "), "{message}");
    let none = ["--format", "movielens", "--train", "no/such"];
    let message = example::error("dhen", &none);
    assert!(message.starts_with("error: ") && message.contains("no/such"), "{message}");
    let folder = tempfile::tempdir().unwrap();
    let train = census(folder.path(), 50);
    std::fs::rename(&train, folder.path().join("census.png")).unwrap();
    let train = folder.path().join("census.png").display().to_string();
    let message = example::error("dhen", &["--format", "adult", "--train", &train, "--plot", &train]);
    assert!(message.contains("--plot: expected a file of its own, got that of --train"), "{message}");
}
