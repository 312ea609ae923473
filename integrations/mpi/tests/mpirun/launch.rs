//! Programs under `mpirun`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a run came to.
pub struct Ended {
    pub success: bool,
    pub took: Duration,
    pub output: String,
}

/// Cargo puts examples beside the folder of tests.
pub fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a test has a path");
    let target = own.parent().and_then(Path::parent).expect("it lies in target/debug/deps");
    target.join("examples").join(name)
}

/// Runs an example on so many ranks; a run that takes a minute is killed.
pub fn mpirun(name: &str, ranks: usize, args: &[&str], options: &[&str]) -> Ended {
    let mut command = launcher();
    command.args(options).arg("-n").arg(ranks.to_string()).arg(program(name)).args(args);
    run(command, None)
}

/// `mpirun`, on machines as tests find them.
pub fn launcher() -> Command {
    let mut command = Command::new("mpirun");
    // as root, on fewer cores than ranks, through shared memory alone, in containers too
    command.env("OMPI_ALLOW_RUN_AS_ROOT", "1").env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    command.env("OMPI_MCA_rmaps_base_oversubscribe", "1").env("OMPI_MCA_btl", "self,vader");
    command.env("OMPI_MCA_btl_vader_single_copy_mechanism", "none").env("OMPI_MCA_oob_tcp_if_include", "lo");
    command
}

/// Runs a command, and interrupts it after a while if that is said.
pub fn run(mut command: Command, interrupted: Option<Duration>) -> Ended {
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
    let mut interrupted = interrupted;
    let success = loop {
        if interrupted.is_some_and(|after| begun.elapsed() > after) {
            interrupted = None;
            let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        }
        match child.try_wait().expect("a child can be waited for") {
            Some(status) => break status.success(),
            None if begun.elapsed() > Duration::from_secs(60) => {
                let _ = child.kill();
                panic!("{command:?} did not end");
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let took = begun.elapsed();
    let output = readers.into_iter().map(|reader| reader.join().expect("it reads")).collect();
    Ended { success, took, output }
}
