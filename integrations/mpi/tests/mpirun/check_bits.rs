//! The example `check_bits`: bits, bytes, and ranks that fail.

use std::time::Duration;

use crate::launch::mpirun;

#[test]
fn ranks_have_the_bits_of_one_process() {
    for ranks in [1, 2, 4] {
        let ended = mpirun("check_bits", ranks, &[], &[]);
        assert!(ended.success, "{}", ended.output);
        assert_eq!(ended.output.matches("same bits").count(), ranks, "{}", ended.output);
    }
}

#[test]
fn a_rank_that_fails_ends_all() {
    for (fault, says) in [
        ("error", "rank 1 ends: device error in rank 1: it has had enough"),
        ("panic", "rank 1 has had enough"),
        ("kill", "signal 9"),
        ("stall", "rank 0, exchange of headers: rank 1 did not answer within 2s"),
        ("id", "rank 0 ends: rank 1: batch: expected ids that are rows, got feature \"movie\""),
        ("settings", "rank 1: updates: expected Updates { optimizer: Some(Adagrad(Adagrad { lr: 0.1,"),
    ] {
        let ended = mpirun("check_bits", 2, &[fault], &[]);
        assert!(!ended.success, "{fault}: {}", ended.output);
        assert!(ended.output.contains(says), "{fault}: {}", ended.output);
        // what stalls is waited for, for two seconds
        let longest = Duration::from_secs(if fault == "stall" { 10 } else { 5 });
        assert!(ended.took < longest, "{fault} took {:?}", ended.took);
    }
}

/// A rank that is killed while the group saves ends all, and what was saved before is there.
#[test]
fn a_save_that_is_cut_short_leaves_the_one_before() {
    let folder = std::env::temp_dir().join(format!("embag-mpi-saved-{}", std::process::id()));
    let path = folder.to_string_lossy().into_owned();
    let saved = |output: &str, word: &str| -> Option<String> {
        output.lines().find_map(|line| line.strip_prefix(&format!("rank 0 of 2: {word} ")).map(str::to_owned))
    };
    let ended = mpirun("check_bits", 2, &["save", &path], &[]);
    assert!(!ended.success && ended.took < Duration::from_secs(5), "{:?}: {}", ended.took, ended.output);
    let before = saved(&ended.output, "saved").expect("it was saved once");
    let ended = mpirun("check_bits", 2, &["load", &path], &[]);
    assert!(ended.success, "{}", ended.output);
    let loaded = saved(&ended.output, "loaded").expect("it is loaded");
    // what was saved first or, whole, after the next step
    assert!(
        loaded.parse::<f32>().unwrap_or(0.0) >= before.parse::<f32>().unwrap_or(f32::MAX),
        "{before} {loaded}"
    );
    let _ = std::fs::remove_dir_all(folder);
}

/// What ranks say they sent is what Open MPI counts, to the byte.
#[test]
fn bytes_are_those_that_mpi_counts() {
    let folder = std::env::temp_dir().join(format!("embag-mpi-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the counts");
    let file = folder.join("sent");
    let monitoring = ["pml_monitoring_enable", "pml_monitoring_enable_output", "pml_monitoring_filename"];
    let values = ["2".to_owned(), "3".to_owned(), file.to_string_lossy().into_owned()];
    let options: Vec<&str> =
        monitoring.iter().zip(&values).flat_map(|(name, value)| ["--mca", name, value.as_str()]).collect();
    let ended = mpirun("check_bits", 3, &[], &options);
    assert!(ended.success, "{}", ended.output);
    for rank in 0..3 {
        let counts =
            std::fs::read_to_string(format!("{}.{rank}.prof", file.display())).expect("MPI wrote its counts");
        // E FROM TO BYTES: messages of the program, not of MPI itself
        let counted: u64 = counts
            .lines()
            .filter(|line| line.starts_with('E'))
            .filter_map(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok())
            .sum();
        let says = format!("rank {rank} of 3: same bits, {counted} bytes sent");
        assert!(counted > 0 && ended.output.contains(&says), "{says}? {}", ended.output);
    }
    let _ = std::fs::remove_dir_all(folder);
}
