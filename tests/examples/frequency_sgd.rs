//! The example `frequency_sgd` as its users run it: the built program, its report and its exit codes.

use std::fs;
use std::process::Output;

use approx::assert_abs_diff_eq;
use serde_json::Value;

use crate::common;
use crate::example;

fn run(args: &[&str]) -> Output {
    example::run("frequency_sgd", args)
}

/// The last line of a run that must end with this code.
fn json(args: &[&str], code: i32) -> Value {
    let output = run(&[args, &["--json"]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

/// One short training of every method.
const TINY: [&str; 6] = ["--device", "cpu", "--grid", "1", "--horizons", "200"];

#[test]
fn a_run_says_and_draws_what_it_came_to() {
    let folder = tempfile::tempdir().unwrap();
    let plot = folder.path().join("curves.png");
    let summary = json(&[&TINY[..], &["--plot", plot.to_str().unwrap()]].concat(), 0);
    assert!(fs::read(&plot).unwrap().starts_with(b"\x89PNG"));
    assert_eq!((&summary["passed"], &summary["grid"]), (&true.into(), &1.into()));
    assert_eq!(summary["seeds"], serde_json::json!([1, 2, 3]));
    assert_eq!(summary["driver"], "rayon");

    let results = summary["results"].as_array().unwrap();
    let of = |tokens: &str, method: &str| {
        results.iter().find(|row| row["tokens"] == tokens && row["method"] == method).unwrap()
    };
    assert_eq!(results.len(), 5 + 4);
    for row in results {
        let [best, last] = ["best_loss", "last_loss"].map(|key| row[key].as_f64().unwrap());
        assert!(best <= last && last < 0.72, "{row}");
        assert_eq!(row["horizon"], 200);
    }
    let sgd = of("Zipf 1.1", "SGD");
    assert_eq!(
        (&sgd["rate"], &sgd["steps_to_sgd"], &sgd["ratio"]),
        (&20.0.into(), &200.0.into(), &1.0.into())
    );
    // the rate of a typical token: 45 * sqrt(200 * 256 / 5000)
    let lr = of("Zipf 1.1", "CF-SGD, occurrences")["lr"].as_f64().unwrap();
    assert_abs_diff_eq!(lr, 144.0, epsilon = 1e-4);
    // what is known of uniform tokens says nothing: only rounding differs
    let [sgd, known] = ["SGD", "FA-SGD"].map(|method| of("uniform", method)["last_loss"].as_f64().unwrap());
    assert_abs_diff_eq!(sgd, known, epsilon = 1e-5);

    let criteria = summary["criteria"].as_array().unwrap();
    assert_eq!(criteria.len(), 4, "FA against CF, and the control: {criteria:?}");
    assert!(criteria.iter().all(|criterion| criterion["holds"] == true));
}

#[test]
fn a_criterion_that_fails_is_code_1() {
    // too few steps for the gain that is claimed
    let summary = json(&["--device", "cpu", "--grid", "1", "--horizons", "1000"], 1);
    assert_eq!(summary["passed"], false);
    let criteria = summary["criteria"].as_array().unwrap();
    let failed: Vec<_> = criteria.iter().filter(|criterion| criterion["holds"] == false).collect();
    assert!(!failed.is_empty());
    for criterion in failed {
        assert!(criterion["name"].as_str().unwrap().starts_with("T 1000: share of the steps"), "{criterion}");
    }
}

#[test]
fn cpu_and_gpu_end_alike() {
    if common::gpu().is_none() {
        return;
    }
    let args = ["--grid", "1", "--horizons", "100", "--device"];
    let [cpu, gpu] = ["cpu", "gpu"].map(|device| json(&[&args[..], &[device]].concat(), 0));
    assert_ne!(cpu["device"], gpu["device"]);
    for (cpu, gpu) in cpu["results"].as_array().unwrap().iter().zip(gpu["results"].as_array().unwrap()) {
        let [cpu, gpu] = [cpu, gpu].map(|result| result["last_loss"].as_f64().unwrap());
        assert_abs_diff_eq!(cpu, gpu, epsilon = 1e-3);
    }
}

#[test]
fn mistakes_end_with_a_line() {
    let output = run(&["--horizons", "150"]);
    assert_eq!(output.status.code(), Some(2));
    let output = run(&["--device", "cpu", "--plot", "no/such/curves.png"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.starts_with("error: --plot: cannot write `no/such/curves.png`"), "{text}");
}
