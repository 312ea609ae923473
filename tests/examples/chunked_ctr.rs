//! The example `chunked_ctr` as its users run it: the built program, its report and its exit codes.

use std::fs;
use std::process::Output;

use approx::{abs_diff_eq, assert_abs_diff_eq};
use serde_json::Value;

use crate::common;
use crate::example;

fn run(args: &[&str]) -> Output {
    example::run("chunked_ctr", args)
}

/// The JSON of a quick run of one seed, which must end well.
fn json(device: &str, more: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results.json");
    let args = ["--device", device, "--quick", "--seeds", "1", "--json", file.to_str().unwrap()];
    let output = run(&[&args, more].concat());
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{errors}");
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

fn number(row: &Value, key: &str) -> f64 {
    row[key].as_f64().unwrap_or_else(|| panic!("no {key} in {row}"))
}

#[test]
fn a_run_says_and_draws_what_it_came_to() {
    let folder = tempfile::tempdir().unwrap();
    let [plot, dims] = ["auc.png", "dims.png"].map(|name| folder.path().join(name));
    let summary = json("cpu", &["--plot", plot.to_str().unwrap(), "--dims", dims.to_str().unwrap()]);
    for picture in [plot, dims] {
        assert!(fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
    }
    assert_eq!((&summary["passed"], &summary["driver"]), (&true.into(), &"rayon".into()));
    assert_eq!((&summary["seeds"], &summary["ids"]), (&serde_json::json!([1]), &500.into()));
    let criteria = summary["criteria"].as_array().unwrap();
    assert_eq!(criteria.len(), 1, "the others are of what is learnt: {criteria:?}");
    assert_eq!((&criteria[0]["wanted"]["at_most"], &criteria[0]["holds"]), (&1.0.into(), &true.into()));
    assert_abs_diff_eq!(number(&summary, "best_auc"), 0.87, epsilon = 0.02);

    let results = summary["results"].as_array().unwrap();
    let of = |method: &str, pruned: f64| {
        results.iter().find(|row| row["method"] == method && row["pruned"] == pruned).unwrap()
    };
    let full = of("full", 0.0);
    for row in results {
        let [auc, lost, bytes] = ["auc", "auc_lost", "payload_bytes"].map(|key| number(row, key));
        assert!(abs_diff_eq!(number(full, "auc") - auc, lost, epsilon = 1e-12), "{row}");
        // shares are of the chunks of ids that occurred, and rounded; random ones are drawn
        let share = bytes / number(full, "payload_bytes");
        assert_abs_diff_eq!(share, 1.0 - number(row, "pruned"), epsilon = 0.02);
    }
    // there is something to learn, and what is kept by its worth is worth more than the rest
    let [full, chunks, uniform, random] =
        [full, of("FIITED k=4", 0.75), of("uniform D=4", 0.75), of("random chunks", 0.75)]
            .map(|row| number(row, "auc"));
    assert!(full > 0.7 && chunks > full - 0.05, "{full} {chunks}");
    assert!(chunks > uniform + 0.01 && uniform > random + 0.02, "{chunks} {uniform} {random}");
    // whole rows come and go as a whole
    assert_eq!(number(of("FIITED k=1", 0.9), "partial"), 0.0);
    assert!(number(of("FIITED k=4", 0.9), "partial") > 0.0);
    assert_eq!(number(of("uniform D=4", 0.75), "evicted"), 0.0);

    let drift = summary["drift"].as_array().unwrap();
    assert_eq!(drift.len(), 10);
    for row in drift {
        let new: Vec<f64> = row["new"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
        assert_eq!(new.len(), 1 + 5);
        assert!(number(row, "old") > new[0] + 0.1 && new[5] > new[0] + 0.03, "{row}");
    }
}

#[test]
fn cpu_and_gpu_end_alike() {
    if common::gpu().is_none() {
        return;
    }
    let [cpu, gpu] = ["cpu", "gpu"].map(|device| json(device, &["--only", "decay 0.98"]));
    assert_ne!(cpu["device"], gpu["device"]);
    assert_eq!(cpu["results"].as_array().unwrap().len(), 2, "full tables and the one that was asked for");
    for (cpu, gpu) in cpu["results"].as_array().unwrap().iter().zip(gpu["results"].as_array().unwrap()) {
        assert_abs_diff_eq!(number(cpu, "auc"), number(gpu, "auc"), epsilon = 2e-3);
    }
}

#[test]
fn mistakes_end_with_a_line() {
    for (args, expected) in [
        (["--seeds", "0"], "0 is not in 1..=99"),
        (["--only", "k=3"], "expected a part of a method's name"),
        (["--plot", "auc.svg"], "expected a file name ending in .png, got `auc.svg`"),
    ] {
        let output = run(&args);
        assert_eq!(output.status.code(), Some(2));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains(args[0]) && text.contains(expected), "{text}");
    }
    for (argument, file) in
        [("--plot", "no/such/auc.png"), ("--dims", "no/such/dims.png"), ("--json", "no/such/a")]
    {
        let output = run(&["--device", "cpu", argument, file]);
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.starts_with(&format!("error: {argument}: cannot write `{file}`")), "{text}");
    }
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("auc.png");
    let picture = picture.to_str().unwrap();
    for other in ["--dims", "--json"] {
        let output = run(&["--device", "cpu", "--plot", picture, other, picture]);
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let expected =
            format!("error: {other}: expected a file of its own, got that of --plot, `{picture}`\n");
        assert_eq!(text, expected);
    }
}
