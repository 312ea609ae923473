//! The example `serve_quantized` as its users run it, on a model that `train_ctr` trained.

use std::path::Path;

use serde_json::Value;

use crate::census::census;
use crate::common;
use crate::example;

/// A model that was trained on a census, and the census.
fn trained(folder: &Path, more: &[&str]) -> (String, String) {
    let train = census(folder, 4000);
    let model = folder.join("model.safetensors").to_str().unwrap().to_owned();
    let args =
        ["--device", "cpu", "--format", "adult", "--train", &train, "--epochs", "2", "--checkpoint", &model];
    example::json("train_ctr", &[&args[..], more].concat());
    (model, train)
}

fn devices() -> Vec<&'static str> {
    if common::gpu().is_some() { vec!["cpu", "gpu"] } else { vec!["cpu"] }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn a_model_is_quantised_within_its_budget_and_served() {
    let folder = tempfile::tempdir().unwrap();
    let (model, train) = trained(folder.path(), &[]);
    let [out, plot] = ["served.safetensors", "costs.png"].map(|name| folder.path().join(name));
    let [out, plot] = [&out, &plot].map(|path| path.to_str().unwrap());
    let runs = devices().into_iter().map(|device| (device, "dynamic"));
    for (device, activations) in runs.chain([("cpu", "min-max"), ("cpu", "l2"), ("cpu", "kl")]) {
        let args =
            ["--device", device, "--checkpoint", &model, "--train", &train, "--out", out, "--plot", plot];
        let more = ["--activations", activations, "--ne-budget", "0.3%", "--batch", "64", "--requests", "20"];
        let report = example::json("serve_quantized", &[&args[..], &more].concat());
        assert_eq!(report["activations"], activations);
        assert!(number(&report["chosen_on"]["percent"]) <= 0.3, "{report}");
        let held_out = &report["held_out"];
        assert_eq!(number(&report["chosen_on"]["examples"]) + number(&held_out["examples"]), 800.0);
        assert!(number(&held_out["lower"]) <= number(&held_out["percent"]));
        assert!(number(&held_out["percent"]) <= number(&held_out["upper"]));
        // at 16 columns int8 takes 24 of 64 bytes, int4 12
        assert!(number(&report["bytes"]) < 0.5 * number(&report["bytes_before"]), "{report}");
        // every way of making layers ready, of which the one with the least error is taken
        let treatments = report["treatments"].as_array().unwrap();
        for stack in ["bottom", "top"] {
            let of_stack: Vec<&Value> = treatments.iter().filter(|line| line["stack"] == stack).collect();
            assert_eq!(of_stack.len(), 5, "{report}");
            let errors = of_stack.iter().map(|line| number(&line["logit_error"]));
            let least = errors.fold(f64::INFINITY, f64::min);
            let taken: Vec<_> = of_stack.iter().filter(|line| line["taken"] == true).collect();
            assert!(taken.len() == 1 && number(&taken[0]["logit_error"]) == least && least > 0.0, "{report}");
        }
        let parts = report["parts"].as_array().unwrap();
        assert!(parts.iter().any(|part| part["name"] == "top.2") && parts.len() > 8, "{report}");
        for part in parts {
            let tried: Vec<f64> =
                part["tried"].as_array().unwrap().iter().map(|one| number(&one[1])).collect();
            assert_eq!(tried.len(), 3);
            assert!(tried.contains(&number(&part["bytes"])));
        }
        let serving = &report["serving"];
        assert_eq!((number(&serving["requests"]), number(&serving["batch"])), (20.0, 64.0));
        assert!(number(&serving["p50_ms"]) > 0.0 && number(&serving["p50_ms"]) <= number(&serving["p99_ms"]));
        assert_eq!(report["file_bytes"], std::fs::metadata(out).unwrap().len());
        assert_eq!(&std::fs::read(plot).unwrap()[1..4], b"PNG");
    }
}

#[test]
fn bad_input_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (model, train) =
        trained(folder.path(), &["--embedding", "chunked", "--chunk", "4", "--prune", "0.5"]);
    let error = |args: &[&str]| example::error("serve_quantized", &[&["--device", "cpu"], args].concat());
    let message = error(&["--checkpoint", &model, "--train", &train]);
    assert!(message.contains("embeddings: expected tables of fixed size"), "{message}");
    let (model, train) = trained(folder.path(), &["--model", "dhen"]);
    let message = error(&["--checkpoint", &model, "--train", &train]);
    assert!(
        message.ends_with("model: expected one that was trained with --model dlrm, got dhen"),
        "{message}"
    );
    let (model, train) = trained(folder.path(), &[]);
    let message = error(&["--checkpoint", &model]);
    assert_eq!(message, "error: --train: expected a path for --format adult, got none");
    let message = error(&["--checkpoint", "no/model", "--train", &train]);
    assert!(message.starts_with("error: no/model: "), "{message}");
    let message = error(&["--checkpoint", &model, "--train", &train, "--out", "no/folder/x"]);
    assert!(message.contains("--out") && message.contains("no/folder/x"), "{message}");
    for output in ["--out", "--plot"] {
        // a picture must be named as one
        let model_png = format!("{model}.png");
        std::fs::copy(&model, &model_png).unwrap();
        let args = ["--checkpoint", &model_png, "--train", &train, output, &model_png];
        let expected =
            format!("error: {output}: expected a file of its own, got that of --checkpoint, `{model_png}`");
        assert_eq!(error(&args), expected);
    }
    let message = error(&["--checkpoint", &model, "--train", &train, "--out", &train]);
    assert!(message.contains("--out: expected a file of its own, got that of --train"), "{message}");
}

#[test]
fn one_test_example_is_too_few() {
    let folder = tempfile::tempdir().unwrap();
    let (model, train) = trained(folder.path(), &[]);
    let test = folder.path().join("one.csv");
    let two: Vec<String> =
        std::fs::read_to_string(&train).unwrap().lines().take(2).map(str::to_owned).collect();
    std::fs::write(&test, two.join("\n")).unwrap();
    let args =
        ["--device", "cpu", "--checkpoint", &model, "--train", &train, "--test", test.to_str().unwrap()];
    let expected = "error: --test: expected at least two test examples, one for each half, got 1";
    assert_eq!(example::error("serve_quantized", &args), expected);
}
