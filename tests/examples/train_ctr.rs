//! The example `train_ctr` as its users run it: the built program, its output, its exit codes and its
//! checkpoints.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use approx::assert_abs_diff_eq;
use serde_json::Value;

use crate::census::census;
use crate::common;
use crate::example;

fn run(args: &[&str]) -> Output {
    example::run("train_ctr", args)
}

fn json(args: &[&str]) -> Value {
    example::json("train_ctr", args)
}

fn error(args: &[&str]) -> String {
    example::error("train_ctr", args)
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn two_epochs_are_one_epoch_and_another_resumed_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let train = census(folder.path(), 3000);
    let [two, one, more] = ["two", "one", "more"].map(|name| path(folder.path(), name));
    let stacked = ["--model", "dhen", "--modules", "dot,linear,mlp", "--tokens", "6", "--ensemble", "concat"];
    for (optimizer, precision, model) in [
        ("sgd", "f32", &[][..]),
        ("adagrad", "bf16", &[]),
        ("rowwise-adagrad", "f32", &[]),
        ("adam", "f16", &["--model", "dhen", "--ensemble", "weighted"]),
        ("adagrad", "f32", &stacked),
        ("adagrad", "f32", &["--model", "dcnv2", "--layers", "3"]),
        ("adagrad", "f32", &["--model", "wukong", "--layers", "1", "--tokens", "5"]),
        ("frequency-sgd", "f32", &[]),
    ] {
        let common =
            ["--device", "cpu", "--format", "adult", "--train", &train, "--batch", "128", "--epochs"];
        let new = ["--seed", "9", "--optimizer", optimizer, "--precision", precision];
        let new = [&new[..], model, &["--checkpoint"]].concat();
        let whole = json(&[&common[..], &["2"], &new, &[&two]].concat());
        json(&[&common[..], &["1"], &new, &[&one]].concat());
        let resumed = json(&[&common[..], &["2", "--resume", &one, "--checkpoint", &more]].concat());
        for key in ["epochs", "auc", "logloss", "ne", "test_examples"] {
            assert_eq!(whole[key], resumed[key], "{optimizer} {key}");
        }
        assert_eq!(whole["epochs"], 2);
        assert!(whole["auc"].as_f64().unwrap() > 0.8, "{whole}");
        // all weights, optimizer state, steps, reports and vocabularies
        assert_eq!(fs::read(&two).unwrap(), fs::read(&more).unwrap(), "{optimizer}");
        assert_ne!(fs::read(&one).unwrap(), fs::read(&more).unwrap());
    }
}

/// Chunked tables of a size, which adjust a few times in an epoch of a small census.
fn chunked<'a>(size: &[&'a str]) -> Vec<&'a str> {
    let schedule = ["--adjust-every", "8", "--warm-up", "8"];
    let kind = ["--embedding", "chunked", "--chunk", "4"];
    match size {
        ["--prune" | "--budget", ..] => [&kind, size, &schedule].concat(),
        _ => [&kind, size].concat(),
    }
}

#[test]
fn chunked_tables_learn_keep_to_their_size_and_resume_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let train = census(folder.path(), 3000);
    let [two, one, more] = ["two", "one", "more"].map(|name| path(folder.path(), name));
    for (size, optimizer) in [
        (&[][..], "adagrad"),
        (&["--rows", "2000"], "adam"),
        (&["--prune", "0.5"], "rowwise-adagrad"),
        (&["--budget", "6000"], "adagrad"),
        // fewer than there are: rows leave
        (&["--budget", "5000", "--rows", "40"], "sgd"),
    ] {
        let common =
            ["--device", "cpu", "--format", "adult", "--train", &train, "--batch", "128", "--epochs"];
        let new = [&["--optimizer", optimizer, "--checkpoint"][..], &chunked(size)].concat();
        let (new, kind) = new.split_at(3);
        let whole = json(&[&common[..], &["2"], new, &[&two], kind].concat());
        json(&[&common[..], &["1"], new, &[&one], kind].concat());
        let resumed = json(&[&common[..], &["2", "--resume", &one, "--checkpoint", &more]].concat());
        for key in ["epochs", "auc", "logloss", "ne"] {
            assert_eq!(whole[key], resumed[key], "{size:?} {key}");
        }
        assert_eq!(fs::read(&two).unwrap(), fs::read(&more).unwrap(), "{size:?}");
        assert!(whole["auc"].as_f64().unwrap() > 0.75, "{whole}");

        let kept = &whole["chunked"];
        let number = |key: &str| kept[key].as_u64().unwrap();
        let bytes: u64 = kept["bytes"].as_object().unwrap().values().map(|part| part.as_u64().unwrap()).sum();
        assert_eq!(whole["embedding_bytes"], bytes);
        let rows: Vec<u64> =
            kept["rows_by_chunks"].as_array().unwrap().iter().map(|rows| rows.as_u64().unwrap()).collect();
        assert_eq!(rows.iter().sum::<u64>(), number("rows"));
        assert_eq!((0..).zip(&rows).map(|(n, rows)| n * rows).sum::<u64>(), number("resident"));
        let adjustments = kept["adjustments"].as_array().unwrap();
        // 19 steps an epoch
        let steps: Vec<u64> = adjustments.iter().map(|adjusted| adjusted["step"].as_u64().unwrap()).collect();
        match *size {
            ["--prune", _] => {
                assert_eq!(number("resident"), number("chunks").div_ceil(2), "{kept}");
                assert!(adjustments.iter().any(|adjusted| adjusted["evicted"].as_u64() > Some(0)), "{kept}");
                assert_eq!(steps, [8, 16, 19, 24, 32, 38]);
            }
            ["--budget", budget, ..] => {
                assert!(number("peak_bytes") <= budget.parse().unwrap(), "{kept}");
                assert!(number("resident") < number("chunks"), "{kept}");
                assert_eq!(steps, [8, 16, 19, 24, 32, 38]);
            }
            _ => {
                assert_eq!(number("resident"), number("chunks"));
                assert!(steps.is_empty());
            }
        }
    }
}

/// Lines whose first id of two decides the label; `value` is that of the second.
fn lines_of_ids(value: &str) -> String {
    let line = |i: u32| {
        let id = i.wrapping_mul(2_654_435_761) >> 20;
        format!("{} {}:1 {}:{value}\n", id % 3 / 2, id % 3, id % 50 + 100)
    };
    (0..4000).map(line).collect()
}

#[test]
fn raw_ids_of_a_stream_are_learnt_without_weights() {
    let folder = tempfile::tempdir().unwrap();
    let lines = lines_of_ids("1");
    let train = path(folder.path(), "ids.svm");
    fs::write(&train, &lines).unwrap();
    let common = ["--device", "cpu", "--format", "libsvm", "--train", &train, "--batch", "64"];
    let kind = ["--embedding", "chunked", "--dim", "4", "--chunk", "4"];
    let report = json(&[&common[..], &kind].concat());
    assert!(report["auc"].as_f64().unwrap() > 0.99, "{report}");
    // of the two positions
    assert_eq!(report["chunked"]["rows"], 3 + 50);
    fs::write(&train, lines + "1 1:0.5\n").unwrap();
    let expected = format!(
        "error: {train}:4001: field `value`: expected 1, as --embedding chunked takes no weights, found `0.5`"
    );
    assert_eq!(error(&[&common[..], &kind].concat()), expected);
}

#[test]
fn files_without_numbers_are_learnt_and_resumed_too() {
    let folder = tempfile::tempdir().unwrap();
    let lines = lines_of_ids("0.5");
    let train = path(folder.path(), "ids.svm");
    fs::write(&train, lines).unwrap();
    let [two, one] = ["two", "one"].map(|name| path(folder.path(), name));
    let common = ["--device", "cpu", "--format", "libsvm", "--train", &train, "--batch", "64", "--epochs"];
    let rows = ["--hash-rows", "1000"];
    let whole = json(&[&common[..], &["2", "--checkpoint", &two], &rows].concat());
    json(&[&common[..], &["1", "--checkpoint", &one], &rows].concat());
    json(&[&common[..], &["2", "--resume", &one, "--checkpoint", &one]].concat());
    assert_eq!(fs::read(&two).unwrap(), fs::read(&one).unwrap());
    assert!(whole["auc"].as_f64().unwrap() > 0.99, "{whole}");
    assert_eq!(whole["embedding_bytes"], 1000 * 16 * 4);
}

/// A file in `folder`.
fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = path(folder, name);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn libsvm_ids_are_their_indices_wherever_they_stand() {
    let folder = tempfile::tempdir().unwrap();
    let train = file(folder.path(), "train", "+1 1:1 10:1\n-1 1:1 11:1\n");
    let test = file(folder.path(), "test", "+1 10:1\n-1 11:1\n");
    let args = ["--device", "cpu", "--format", "libsvm", "--train", &train, "--test", &test];
    assert_eq!(json(&args)["auc"], 1.0);
    let said = |args: &[&str]| String::from_utf8(run(args).stderr).unwrap();
    assert!(said(&args).contains("libsvm: 2 slots, as every line has one id of each of these columns"));
    assert!(said(&[&args[..], &["--slots"]].concat()).contains("libsvm: 2 slots, the places in the line"));

    // in no order, and with zeros left out
    let line = |i: u32| {
        let (id, other) = (i.wrapping_mul(2_654_435_761) >> 20, i.wrapping_mul(0x9e37_79b1) >> 24);
        let (label, known) = (id % 2, 10 + id % 2);
        match other % 3 {
            0 => format!("{label} {known}:1\n"),
            1 => format!("{label} {}:1 {known}:1\n", 100 + other % 7),
            _ => format!("{label} {known}:1 {}:1 3:1\n", 100 + other % 5),
        }
    };
    let train = file(folder.path(), "bags", &(0..4000).map(line).collect::<String>());
    let args = ["--device", "cpu", "--format", "libsvm", "--train", &train, "--batch", "64"];
    assert!(json(&args)["auc"].as_f64().unwrap() > 0.999);
    assert!(said(&args).contains("libsvm: one bag of all ids of a line"));
}

/// Only pairs of indices say anything: no sum of what they say one by one has this parity.
#[test]
fn pairs_within_a_bag_are_learnt() {
    let folder = tempfile::tempdir().unwrap();
    let line = |i: u32| {
        let bits = i.wrapping_mul(2_654_435_761) >> 20;
        let (a, b) = (bits % 8, bits / 8 % 8);
        format!("{} {}:1 {}:1\n", (a & b).count_ones() % 2, 30 + b, 10 + a)
    };
    let train = file(folder.path(), "pairs", &(0..8000).map(line).collect::<String>());
    let args = ["--device", "cpu", "--format", "libsvm", "--train", &train, "--batch", "64"];
    let report = json(&[&args[..], &["--epochs", "6"]].concat());
    assert!(report["auc"].as_f64().unwrap() > 0.98, "{report}");
}

#[test]
fn cpu_and_gpu_end_alike() {
    if common::gpu().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let train = census(folder.path(), 5000);
    let args = ["--format", "adult", "--train", &train, "--epochs", "2", "--batch", "128", "--device"];
    for kind in [vec![], chunked(&["--prune", "0.5"]), chunked(&["--budget", "6000"])] {
        let [cpu, gpu] = ["cpu", "gpu"].map(|device| json(&[&args[..], &[device], &kind].concat()));
        assert_abs_diff_eq!(cpu["auc"].as_f64().unwrap(), gpu["auc"].as_f64().unwrap(), epsilon = 1e-3);
        assert_ne!(cpu["device"], gpu["device"]);
        assert_eq!(cpu["chunked"]["resident"], gpu["chunked"]["resident"]);
    }
}

#[test]
fn a_run_says_and_draws_what_it_came_to() {
    let folder = tempfile::tempdir().unwrap();
    let train = census(folder.path(), 500);
    let plot = path(folder.path(), "curves.png");
    let args = ["--device", "cpu", "--format", "adult", "--train", &train, "--plot", &plot, "--json"];
    let output = run(&args);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1 + 5 + 1, "{text}"); // a header, the epochs, the JSON
    let summary: Value = serde_json::from_str(lines[6]).unwrap();
    assert_eq!(
        (&summary["epochs"], &summary["train_examples"], &summary["test_examples"]),
        (&5.into(), &400.into(), &100.into())
    );
    for key in ["auc", "logloss", "ne", "examples_per_s", "embedding_bytes", "state_bytes"] {
        assert!(summary[key].as_f64().unwrap() > 0.0, "{key}: {summary}");
    }
    assert_eq!((summary["driver"].as_str(), summary.as_object().unwrap().len()), (Some("rayon"), 11));
    assert!(fs::read(&plot).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn mistakes_end_with_code_1_and_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let train = census(folder.path(), 300);
    let checkpoint = path(folder.path(), "model");
    let common = ["--device", "cpu", "--format", "adult", "--train", &train];
    let with = |args: &[&str]| error(&[&common[..], args].concat());
    json(&[&common[..], &["--epochs", "1", "--checkpoint", &checkpoint]].concat());
    let whole = fs::read(&checkpoint).unwrap();

    let resume = ["--resume", &checkpoint];
    for (args, expected) in [
        (&["--epochs", "1"][..], "error: --epochs: expected more than the checkpoint's 1, got 1"),
        (&["--dim", "8"], "error: --dim: expected the checkpoint's 16, got 8"),
        (&["--seed", "2"], "error: --seed: expected the checkpoint's 1, got 2"),
        (&["--optimizer", "sgd"], "error: --optimizer: expected the checkpoint's adagrad, got sgd"),
        (&["--model", "dhen"], "error: --model: expected the checkpoint's dlrm, got dhen"),
    ] {
        assert_eq!(with(&[&resume[..], args].concat()), expected);
    }
    for (args, expected) in [
        (&["--modules", "dot,mlp"][..], "error: --modules: expected none with --model dlrm, got dot,mlp"),
        (&["--model", "dcnv2", "--tokens", "4"], "error: --tokens: expected none with --model dcnv2, got 4"),
        (
            &["--model", "wukong", "--ensemble", "sum"],
            "error: --ensemble: expected none with --model wukong, got sum",
        ),
        (&["--chunk", "8"], "error: --chunk: expected none with --embedding fixed, got 8"),
        (
            &["--embedding", "chunked", "--chunk", "32"],
            "error: --chunk: expected a divisor of --dim 16, got 32",
        ),
        (
            &["--embedding", "chunked", "--precision", "f16"],
            "error: --precision: expected f32 with --embedding chunked, got f16",
        ),
        (
            &["--embedding", "chunked", "--hash-rows", "9"],
            "error: --hash-rows: expected none with --embedding chunked, got 9",
        ),
        (
            &["--resume", &checkpoint, "--embedding", "chunked"],
            "error: --embedding: expected the checkpoint's fixed, got chunked",
        ),
    ] {
        assert_eq!(with(args), expected);
    }
    let shares = with(&["--model", "dhen", "--ensemble", "concat", "--tokens", "3"]);
    assert!(
        shares.ends_with("tokens: expected a multiple of 2, the modules that share them, got 3"),
        "{shares}"
    );
    let deeper = path(folder.path(), "deeper");
    let stacked = ["--model", "dhen", "--epochs", "1"];
    json(&[&common[..], &stacked, &["--layers", "3", "--checkpoint", &deeper]].concat());
    assert_eq!(
        with(&["--resume", &deeper, "--layers", "2", "--epochs", "2"]),
        "error: --layers: expected the checkpoint's 3, got 2"
    );
    assert_eq!(
        with(&["--resume", &deeper, "--modules", "linear", "--epochs", "2"]),
        "error: --modules: expected the checkpoint's dot,linear, got linear"
    );
    let little = with(&["--embedding", "chunked", "--budget", "20"]);
    assert!(little.contains("budget: expected more than the ") && little.ends_with("got 20"), "{little}");
    let missing = path(folder.path(), "missing/file");
    assert!(with(&["--checkpoint", &missing]).starts_with("error: --checkpoint: cannot write"));
    assert!(with(&["--plot", &format!("{missing}.png")]).starts_with("error: --plot: cannot write"));
    assert!(with(&["--resume", &missing]).starts_with(&format!("error: {missing}: ")));
    assert_eq!(
        error(&["--device", "cpu", "--resume", &checkpoint]),
        "error: --format: expected the checkpoint's adult, got synthetic"
    );

    fs::write(&checkpoint, &whole[..whole.len() - 1]).unwrap();
    assert!(
        with(&resume).starts_with(&format!("error: checkpoint {checkpoint}: expected {} bytes", whole.len()))
    );
    let mut altered = whole;
    *altered.last_mut().unwrap() ^= 1;
    fs::write(&checkpoint, altered).unwrap();
    assert!(with(&resume).starts_with(&format!("error: checkpoint {checkpoint}: the file was altered")));

    let mut csv = fs::read_to_string(&train).unwrap();
    csv.push_str("old,w,1,e,9,m,o,r,x,y,0,0,40,c,>50K\n");
    fs::write(&train, csv).unwrap();
    let expected =
        format!("error: {train}:302: field `age`: expected a finite number of at least 0, found `old`");
    assert_eq!(with(&[]), expected);
    assert!(with(&["--lr", "1e30"]).contains("field `age`"), "data comes first");
}

/// A good line of Criteo's.
fn criteo_line(label: u32) -> String {
    format!("{label}{}\n", "\t".repeat(39))
}

#[test]
fn a_pass_without_an_example_is_an_error_and_leaves_no_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = path(folder.path(), "model");
    let empty = file(folder.path(), "empty", "");
    let header = fs::read_to_string(census(folder.path(), 0)).unwrap();
    let [adult, criteo, libsvm] = [
        ("adult", format!("{header}{}", "30,w,1,e,9,m,o,r,x,y,0,0,40,c,>50K\n".repeat(4))),
        ("criteo", criteo_line(1).repeat(9)),
        ("libsvm", "1 1:1\n".repeat(9)),
    ]
    .map(|(name, text)| file(folder.path(), name, &text));
    let header = file(folder.path(), "header", &header);
    let training = "expected at least one training example, found none";
    let test = "expected at least one test example, found none";
    let held_out =
        "expected at least one test example that is held out (more lines, or a --test beside it), found none";
    for (format, args, named, expected) in [
        ("criteo", vec!["--train", &empty], &empty, training),
        ("criteo", vec!["--train", &empty, "--test", &criteo], &empty, training),
        ("criteo", vec!["--train", &criteo, "--test", &empty], &empty, test),
        ("criteo", vec!["--train", &criteo], &criteo, held_out),
        ("libsvm", vec!["--train", &empty], &empty, "expected at least one example with an id, found none"),
        ("libsvm", vec!["--train", &empty, "--test", &libsvm], &empty, training),
        ("libsvm", vec!["--train", &libsvm, "--test", &empty], &empty, test),
        ("libsvm", vec!["--train", &libsvm], &libsvm, held_out),
        ("adult", vec!["--train", &header], &header, "expected at least one training row, found none"),
        ("adult", vec!["--train", &adult, "--test", &header], &header, test),
        ("adult", vec!["--train", &adult], &adult, held_out),
    ] {
        let common = ["--device", "cpu", "--format", format, "--checkpoint", &checkpoint];
        assert_eq!(
            error(&[&common[..], &args].concat()),
            format!("error: `{named}`: {expected}"),
            "{format}"
        );
        assert!(!Path::new(&checkpoint).exists(), "{format} {args:?}");
    }
}

#[test]
fn a_file_of_bad_lines_is_refused_at_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let text = criteo_line(1).repeat(20) + &"what is this?\n".repeat(500);
    let train = file(folder.path(), "day_0", &text);
    let expected = format!("error: {train}:21: field `label`: expected 0 or 1, found `what is this?`");
    assert_eq!(error(&["--device", "cpu", "--format", "criteo", "--train", &train]), expected);
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let adult = fs::read_to_string(census(folder.path(), 100)).unwrap();
    let criteo = [1, 0].map(criteo_line).concat().repeat(20);
    for (format, text) in [("adult", adult), ("criteo", criteo), ("libsvm", lines_of_ids("1"))] {
        let train = file(folder.path(), format, &format!("\u{feff}{text}"));
        json(&["--device", "cpu", "--format", format, "--train", &train, "--epochs", "1"]);
    }
    let ratings: String = (0..20).map(|time| format!("1,10,4,{time}\n")).collect();
    file(folder.path(), "ratings.csv", &format!("\u{feff}userId,movieId,rating,timestamp\n{ratings}"));
    file(folder.path(), "movies.csv", "\u{feff}movieId,title,genres\n10,Ten (1990),Drama\n");
    json(&["--device", "cpu", "--format", "movielens", "--train", folder.path().to_str().unwrap()]);
}

/// What a program says that reads `text` from a pipe.
#[cfg(target_os = "linux")]
fn piped(args: &[&str], text: &str) -> Output {
    use std::io::Write;
    use std::process::Stdio;

    let mut child = Command::new(example::program("train_ctr"))
        .args(["--device", "cpu", "--epochs", "2"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // who refuses the pipe leaves it unread
    let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
    child.wait_with_output().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_is_kept_in_memory_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (criteo, libsvm) = ([1, 0].map(criteo_line).concat().repeat(20), "1 1:1\n0 2:1\n".repeat(20));
    for (format, text) in [("criteo", &criteo), ("libsvm", &libsvm)] {
        let regular = file(folder.path(), format, text);
        let pipe = "/dev/stdin";
        for args in [&["--train", pipe][..], &["--train", &regular, "--test", pipe]] {
            let checkpoint = path(folder.path(), "model");
            let output = piped(&[&["--format", format, "--checkpoint", &checkpoint], args].concat(), text);
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{said}");
            let expected = "error: cannot open `/dev/stdin`: expected a regular file, as it is read more than \
                            once, got a pipe or a device";
            assert_eq!(said.lines().last(), Some(expected));
            assert!(!Path::new(&checkpoint).exists());
        }
    }
    let adult = fs::read_to_string(census(folder.path(), 300)).unwrap();
    let output = piped(&["--format", "adult", "--train", "/dev/stdin", "--json"], &adult);
    let text = String::from_utf8(output.stdout).unwrap();
    let summary: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!((&summary["train_examples"], &summary["test_examples"]), (&240.into(), &60.into()));
}

#[test]
fn what_is_read_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let train = census(folder.path(), 300);
    let test = file(folder.path(), "test.png", &fs::read_to_string(&train).unwrap());
    let [model, plot] = ["model.png", "plot.png"].map(|name| path(folder.path(), name));
    let args = ["--device", "cpu", "--format", "adult", "--train", &train, "--test", &test, "--epochs"];
    json(&[&args[..], &["1", "--checkpoint", &model]].concat());
    let read = [&train, &test, &model].map(|path| fs::read(path).unwrap());
    let by_another_name = path(folder.path(), "./census.csv");
    for (args, output, path, of) in [
        (&["--checkpoint", &train][..], "--checkpoint", &train, "--train"),
        (&["--checkpoint", &by_another_name], "--checkpoint", &by_another_name, "--train"),
        (&["--checkpoint", &test], "--checkpoint", &test, "--test"),
        (&["--plot", &test], "--plot", &test, "--test"),
        (&["--dims", &test], "--dims", &test, "--test"),
        (&["--plot", &model, "--resume", &model], "--plot", &model, "--resume"),
        (&["--plot", &plot, "--dims", &plot], "--dims", &plot, "--plot"),
        (&["--checkpoint", &plot, "--plot", &plot], "--plot", &plot, "--checkpoint"),
    ] {
        let all =
            [&["--device", "cpu", "--format", "adult", "--train", &train, "--test", &test], args].concat();
        let expected = format!("error: {output}: expected a file of its own, got that of {of}, `{path}`");
        assert_eq!(error(&all), expected);
    }
    let ratings = file(folder.path(), "ratings.csv", "untouched");
    let args =
        ["--format", "movielens", "--train", folder.path().to_str().unwrap(), "--checkpoint", &ratings];
    assert!(error(&args).starts_with("error: --checkpoint: expected a file of its own, got that of --train"));
    assert_eq!([&train, &test, &model].map(|path| fs::read(path).unwrap()), read);
    assert!(!Path::new(&plot).exists());
}

#[cfg(unix)]
#[test]
fn a_checkpoint_replaces_what_a_link_leads_to_and_no_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let train = census(folder.path(), 300);
    let [model, link, pipe] = ["model", "link", "pipe"].map(|name| path(folder.path(), name));
    std::os::unix::fs::symlink("model", &link).unwrap();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let args = ["--device", "cpu", "--format", "adult", "--train", &train, "--epochs", "1", "--checkpoint"];
    json(&[&args[..], &[&link]].concat());
    assert!(Path::new(&link).is_symlink() && Path::new(&model).is_file());
    let expected =
        format!("error: --checkpoint: expected a regular file or none, got a pipe or a device, `{pipe}`");
    assert_eq!(error(&[&args[..], &[&pipe]].concat()), expected);
    assert!(!Path::new(&pipe).is_file());
}

#[test]
fn a_training_that_diverges_is_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let train = census(folder.path(), 300);
    let checkpoint = path(folder.path(), "model");
    let args =
        ["--device", "cpu", "--format", "adult", "--train", &train, "--optimizer", "sgd", "--lr", "1e38"];
    let text = error(&[&args[..], &["--checkpoint", &checkpoint]].concat());
    assert!(text.starts_with("error: the training diverged in epoch "), "{text}");
    assert!(!Path::new(&checkpoint).exists());
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_the_last_checkpoint_whole() {
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    let folder = tempfile::tempdir().unwrap();
    let train = census(folder.path(), 3000);
    let checkpoint = path(folder.path(), "model");
    let args = ["--device", "cpu", "--format", "adult", "--train", &train, "--batch", "16", "--checkpoint"];
    let child = Command::new(example::program("train_ctr"))
        .args(args)
        .args([&*checkpoint, "--epochs", "1000000"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !Path::new(&checkpoint).exists() {
        assert!(start.elapsed() < Duration::from_secs(120), "no checkpoint was written");
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = child.id().to_string();
    assert!(Command::new("sh").args(["-c", &format!("kill -INT {pid}")]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let text = String::from_utf8(output.stderr).unwrap();
    let last = text.lines().last().unwrap();
    assert!(last.starts_with("stopped in epoch ") && last.contains(&checkpoint), "{text}");
    let saved = embag::Checkpoint::load(&checkpoint).unwrap();
    let epochs = saved.json::<Vec<Value>>("reports").unwrap().len();
    assert!(last.contains(&format!("holds epoch {epochs},")), "{last}");
    // nothing is left beside it, and it can be gone on from
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    let more = (epochs + 1).to_string();
    let common = ["--device", "cpu", "--format", "adult", "--train", &train];
    assert_eq!(
        json(&[&common[..], &["--resume", &checkpoint, "--epochs", &more]].concat())["epochs"],
        epochs + 1
    );
}

#[test]
fn a_profile_says_what_each_kernel_took_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let train = census(folder.path(), 1000);
    let args = ["--device", "cpu", "--format", "adult", "--train", &train, "--epochs", "1", "--batch", "100"];
    let (plain, profiled) = (run(&args), run(&[&args[..], &["--profile"]].concat()));
    let without_times = |output: &Output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().map(|line| line.chars().take(50).collect()).collect::<Vec<String>>()
    };
    assert_eq!(without_times(&plain), without_times(&profiled));
    let text = String::from_utf8_lossy(&profiled.stderr).into_owned();
    let row =
        |kernel: &str| text.lines().find(|line| line.split(' ').next() == Some(kernel)).map(str::to_owned);
    let calls = |kernel| row(kernel).and_then(|row| row.split_whitespace().nth(1).map(str::to_owned));
    let steps = calls("bag_forward").unwrap_or_else(|| panic!("{text}"));
    assert_eq!((calls("row_update"), calls("bce")), (Some(steps.clone()), Some(steps.clone())), "{text}");
    let last = text.lines().last().unwrap().split_whitespace().nth_back(1).unwrap();
    assert_eq!(last, steps, "{text}");
    assert!(!String::from_utf8_lossy(&plain.stderr).contains("bag_forward"));
}
