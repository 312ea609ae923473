//! The example `train_ctr_mpi` as its users run it.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::census::census;
use crate::launch::{Ended, launcher, mpirun, program, run};

const NAME: &str = "train_ctr_mpi";

fn train(ranks: usize, args: &[&str]) -> Ended {
    let ended = mpirun(NAME, ranks, &[&["--device", "cpu"], args].concat(), &[]);
    assert!(ended.success, "{args:?}: {}", ended.output);
    ended
}

fn error(ranks: usize, args: &[&str]) -> String {
    let ended = mpirun(NAME, ranks, &[&["--device", "cpu"], args].concat(), &[]);
    assert!(!ended.success && ended.took < Duration::from_secs(10), "{args:?}: {}", ended.output);
    ended.output
}

/// The line of JSON at the end.
fn json(ended: &Ended) -> Value {
    let line = ended.output.lines().rfind(|line| line.starts_with('{')).expect("a line of JSON");
    serde_json::from_str(line).expect("it is JSON")
}

/// The files of a folder, in the order of their names.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let read = |path: &Path| std::fs::read(path).expect("a file");
    let mut files: Vec<_> = entries
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), read(&entry.path())))
        .collect();
    files.sort();
    files
}

/// Every kind of placement, of the synthetic data's tables.
#[test]
fn ranks_learn_what_one_process_learns() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let data = census(folder.path(), 3000);
    // a batch that leaves some ranks nothing at the end of an epoch
    let args = ["--format", "adult", "--train", &data, "--epochs", "2", "--batch", "100", "--json"];
    let auc = |ended: &Ended| json(ended)["auc"].as_f64().expect("a number");
    let alone = train(1, &args);
    assert!(auc(&alone) > 0.8, "{}", alone.output);
    let plan = r#"{
        "workclass": {"row_wise": "rows"}, "education": {"row_wise": "sums"}, "marital-status": "data_parallel",
        "occupation": {"column_wise": 2}, "relationship": {"table_wise": 1}, "race": {"table_wise": 0},
        "sex": "data_parallel", "native-country": {"column_wise": 3}
    }"#;
    std::fs::write(at("plan.json"), plan).unwrap();
    for ranks in [2, 4] {
        for plan in ["auto", &at("plan.json")] {
            let ended = train(ranks, &[&args[..], &["--plan", plan]].concat());
            assert!((auc(&ended) - auc(&alone)).abs() < 0.001, "{} {}", auc(&ended), auc(&alone));
            assert_eq!(json(&ended)["ranks"], ranks);
        }
    }
    // two runs have the same bits
    let saved = |name: &str| {
        train(3, &[&args[..], &["--plan", &at("plan.json"), "--checkpoint", &at(name)]].concat());
        files(&folder.path().join(name))
    };
    let (first, second) = (saved("first"), saved("second"));
    assert_eq!(first.len(), 4);
    assert!(first == second, "two runs differ");
}

/// From one rank to four and to two, in the middle of training.
#[test]
fn runs_go_on_with_other_ranks_and_plans() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let data = census(folder.path(), 2000);
    let args = ["--format", "adult", "--train", &data, "--json"];
    let whole = json(&train(2, &[&args[..], &["--epochs", "3"]].concat()));
    train(1, &[&args[..], &["--epochs", "1", "--checkpoint", &at("one")]].concat());
    train(4, &[&args[..], &["--epochs", "2", "--resume", &at("one"), "--checkpoint", &at("four")]].concat());
    let plan_out = at("plan.json");
    let last = ["--epochs", "3", "--resume", &at("four"), "--plan-out", &plan_out];
    let last = json(&train(2, &[&args[..], &last].concat()));
    let difference = last["auc"].as_f64().unwrap() - whole["auc"].as_f64().unwrap();
    assert!(difference.abs() < 0.001, "{difference}");
    assert_eq!(last["epochs"], 3);
    // what was planned can be given
    let planned: Value = serde_json::from_slice(&std::fs::read(&plan_out).unwrap()).unwrap();
    std::fs::write(&plan_out, planned["plan"].to_string()).unwrap();
    train(2, &[&args[..], &["--epochs", "1", "--plan", &plan_out]].concat());

    let done = error(2, &[&args[..], &["--epochs", "2", "--resume", &at("four")]].concat());
    assert!(done.contains("--epochs: expected more than the checkpoint's 2, got 2"), "{done}");
    let other = error(2, &[&args[..], &["--seed", "9", "--resume", &at("four")]].concat());
    assert!(other.contains("--seed: expected the checkpoint's 1, got 9"), "{other}");
}

/// Thresholded gradients are fewer bytes, and what was kept of them is in checkpoints: a run that goes on is the run that
/// was not interrupted.
#[test]
fn gradients_are_thresholded() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let data = census(folder.path(), 2000);
    let args = ["--format", "adult", "--train", &data, "--json", "--batch", "64"];
    let dct = [&args[..], &["--dct-dp", "0.05", "--dct-downlink", "thresholded"]].concat();
    let bytes = |ended: &Value| ended["sent"]["gradients of layers"].as_u64().expect("a number");
    let exact = json(&train(2, &[&args[..], &["--epochs", "3"]].concat()));
    let whole = train(2, &[&dct[..], &["--epochs", "3", "--checkpoint", &at("whole")]].concat());
    assert!(bytes(&json(&whole)) * 8 < bytes(&exact), "{} {exact}", whole.output);
    assert!(json(&whole)["auc"].as_f64() > Some(0.75), "{}", whole.output);
    train(2, &[&dct[..], &["--epochs", "1", "--checkpoint", &at("part")]].concat());
    train(2, &[&dct[..], &["--epochs", "3", "--resume", &at("part"), "--checkpoint", &at("part")]].concat());
    let contents = |name: &str| -> Vec<Vec<u8>> {
        let files = files(&folder.path().join(name)).into_iter();
        files.filter(|(name, _)| name != "manifest.json").map(|(_, content)| content).collect()
    };
    assert!(contents("whole") == contents("part"), "the runs differ");
    // and on other ranks
    train(3, &[&dct[..], &["--epochs", "4", "--resume", &at("part")]].concat());

    let alone = error(2, &["--dct-lifespan", "9"]);
    assert!(alone.contains("--dct-lifespan: expected --dct-dp beside it, got 9"), "{alone}");
    let share = error(2, &["--dct-dp", "1.5"]);
    assert!(share.contains("expected a share above 0, of at most 1, got `1.5`"), "{share}");
}

#[test]
fn bad_arguments_are_told_once() {
    let none = error(2, &["--format", "adult"]);
    assert!(none.contains("ends: --train: expected a path for --format adult, got none"), "{none}");
    let zero = error(3, &["--dim", "0"]);
    assert_eq!(zero.matches("invalid value '0' for '--dim <N>'").count(), 1, "{zero}");
    let plan = error(2, &["--plan", "no/such"]);
    assert!(plan.contains("ends: `no/such`: No such file"), "{plan}");
    let small = error(2, &["--allowed", "10"]);
    assert!(small.contains("expected at most 10 bytes a rank, of 10 allowed, got"), "{small}");
}

/// Ranks that were told other things, or see other data, are refused before the first step.
#[test]
fn ranks_that_differ_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let more = tempfile::tempdir().unwrap();
    let (few, many) = (census(folder.path(), 200), census(more.path(), 300));
    for (first, second, says) in [
        (["--seed", "1"], ["--seed", "2"], "rank 1: seed: expected 1, as on rank 0, got 2"),
        (["--lr", "0.5"], ["--lr", "0.25"], "rank 1: lr: expected 0.5, as on rank 0, got 0.25"),
        (["--format", "adult"], ["--format", "adult"], "rank 1: data: expected {"),
    ] {
        let mut command = launcher();
        let data = |path| if first[0] == "--format" { vec!["--train", path] } else { Vec::new() };
        command.args(["-n", "1"]).arg(program(NAME)).args(["--device", "cpu"]).args(first).args(data(&few));
        command.arg(":");
        command.args(["-n", "1"]).arg(program(NAME)).args(["--device", "cpu"]).args(second).args(data(&many));
        let ended = run(command, None);
        assert!(!ended.success && ended.output.contains(says), "{says}: {}", ended.output);
    }
}

/// `mpirun` tells ranks of Ctrl-C by SIGTERM, and kills those that have not ended after a while.
#[test]
fn ctrl_c_stops_all_ranks_after_the_same_step() {
    let mut command = launcher();
    command.args(["--mca", "odls_base_sigkill_timeout", "2", "-n", "2"]).arg(program(NAME));
    command.args(["--device", "cpu", "--epochs", "100000", "--batch", "100"]);
    let ended = run(command, Some(Duration::from_secs(4)));
    assert!(!ended.success && ended.took < Duration::from_secs(15), "{:?}", ended.took);
    assert!(ended.output.contains(", all ranks after the same step"), "{}", ended.output);
    assert!(!ended.output.contains("MPI_ABORT"), "{}", ended.output);
}
