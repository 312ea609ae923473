//! The example `check_bits` under `mpirun`: bits, bytes, and ranks that fail.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a run came to.
struct Ended {
    success: bool,
    took: Duration,
    output: String,
}

/// Cargo puts examples beside the folder of tests.
fn program() -> PathBuf {
    let own = std::env::current_exe().expect("a test has a path");
    let target = own.parent().and_then(Path::parent).expect("it lies in target/debug/deps");
    target.join("examples").join("check_bits")
}

/// Runs the example on so many ranks; a run that takes a minute is killed.
fn mpirun(ranks: usize, fault: &[&str], options: &[&str]) -> Ended {
    let mut command = Command::new("mpirun");
    // as root, on fewer cores than ranks, through shared memory alone, in containers too
    command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    command.env("OMPI_MCA_rmaps_base_oversubscribe", "1").env("OMPI_MCA_btl", "self,vader");
    command.env("OMPI_MCA_btl_vader_single_copy_mechanism", "none").env("OMPI_MCA_oob_tcp_if_include", "lo");
    command.args(options).arg("-n").arg(ranks.to_string()).arg(program());
    command.args(fault);
    let begun = Instant::now();
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("mpirun (openmpi-bin) is there");
    let readers = [
        child.stdout.take().map(|out| Box::new(out) as Box<dyn Read + Send>),
        child.stderr.take().map(|out| Box::new(out) as Box<dyn Read + Send>),
    ];
    let readers = readers.into_iter().flatten().map(|mut reader| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = reader.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        })
    });
    let readers: Vec<_> = readers.collect();
    let success = loop {
        match child.try_wait().expect("a child can be waited for") {
            Some(status) => break status.success(),
            None if begun.elapsed() > Duration::from_secs(60) => {
                let _ = child.kill();
                panic!("mpirun of {fault:?} did not end");
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let took = begun.elapsed();
    let output = readers.into_iter().map(|reader| reader.join().expect("it reads")).collect();
    Ended { success, took, output }
}

#[test]
fn ranks_have_the_bits_of_one_process() {
    for ranks in [1, 2, 4] {
        let ended = mpirun(ranks, &[], &[]);
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
        ("settings", "rank 1: expected the tables, features, optimizers and plan of rank 0, got others"),
    ] {
        let ended = mpirun(2, &[fault], &[]);
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
    let ended = mpirun(2, &["save", &path], &[]);
    assert!(!ended.success && ended.took < Duration::from_secs(5), "{:?}: {}", ended.took, ended.output);
    let before = saved(&ended.output, "saved").expect("it was saved once");
    let ended = mpirun(2, &["load", &path], &[]);
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
    let ended = mpirun(3, &[], &options);
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
