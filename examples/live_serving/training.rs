//! The process that trains: it sends what changed, and asks the other one for its answers.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use embag::metrics::normalized_entropy_from_logits;
use embag::quant::{RangeSearch, RowFormat};
use embag::{Checkpoint, Context, QuantizedBags};

use crate::RunError;
use crate::args::Args;
use crate::folder;
use crate::model::Trainer;
use crate::report::{Report, Window};
use crate::server::Answer;
use crate::stream::impressions;

/// The process that serves.
struct Server {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Server {
    fn start(args: &Args, folder: &Path) -> Result<Self, RunError> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--serve")
            .arg(folder)
            .args(["--device", args.device.name(), "--seed", &args.seed.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let Some((questions, answers)) = pipes else {
            return Err(RunError::Process("has no pipes".to_owned()));
        };
        Ok(Self { child, questions, answers: BufReader::new(answers) })
    }

    fn ask(&mut self, step: u32) -> Result<(), RunError> {
        Ok(writeln!(self.questions, "{step}")?)
    }

    fn answer(&mut self) -> Result<Answer, RunError> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(RunError::Process("ended before its answer".to_owned()));
        }
        Ok(serde_json::from_str(&line)?)
    }

    /// Lets it end.
    fn end(self) -> Result<(), RunError> {
        let Self { mut child, questions, .. } = self;
        drop(questions);
        match child.wait()? {
            status if status.success() => Ok(()),
            status => Err(RunError::Process(format!("ended with {status}"))),
        }
    }
}

/// Logits and clicks since a window began.
#[derive(Default)]
struct Seen {
    trainer: Vec<f32>,
    follows: Vec<f32>,
    stays: Vec<f32>,
    clicks: Vec<f32>,
    lags: Vec<u32>,
}

impl Seen {
    fn add(&mut self, other: &Self) {
        self.trainer.extend(&other.trainer);
        self.follows.extend(&other.follows);
        self.stays.extend(&other.stays);
        self.clicks.extend(&other.clicks);
        self.lags.extend(&other.lags);
    }

    fn window(&self, step: u32) -> Result<Window, RunError> {
        let entropy = |logits: &[f32]| normalized_entropy_from_logits(logits, &self.clicks);
        Ok(Window {
            step,
            trainer: entropy(&self.trainer)?,
            follows: entropy(&self.follows)?,
            stays: entropy(&self.stays)?,
            lag: self.lags.iter().map(|&lag| f64::from(lag)).sum::<f64>() / self.lags.len() as f64,
            most_lag: self.lags.iter().copied().max().unwrap_or(0),
        })
    }
}

pub fn run(args: &Args, ctx: &Context, folder: &Path) -> Result<Report, RunError> {
    let mut trainer = Trainer::new(ctx, args.seed)?;
    for step in 0..args.before {
        trainer.step(&impressions(args.seed, step))?;
    }
    let tables = QuantizedBags::of(&trainer.bags, |_table| (RowFormat::Int8, RangeSearch::MinMax))?;
    tables.save(folder::tables(folder))?;
    let mut layers = Checkpoint::new();
    trainer.mlp.export(ctx, &mut layers, "layers")?;
    layers.save(folder::layers(folder))?;
    let whole_bytes = std::fs::metadata(folder::tables(folder))?.len();

    let mut server = Server::start(args, folder)?;
    let start = Instant::now();
    let (mut all, mut window, mut windows) = (Seen::default(), Seen::default(), Vec::new());
    let mut sent = Vec::new();
    for step in args.before..args.before + args.steps {
        let of = impressions(args.seed, step);
        // it serves while this process trains
        server.ask(step)?;
        let logits = trainer.step(&of)?;
        let answer = server.answer()?;
        window.add(&Seen {
            trainer: logits,
            follows: answer.follows,
            stays: answer.stays,
            clicks: of.clicks,
            lags: vec![step - answer.served_step],
        });
        let trained = step + 1 - args.before;
        if trained.is_multiple_of(args.every) || trained == args.steps {
            let since = sent.last().map_or(args.before, |&(until, _)| until);
            let mut delta = trainer.bags.changed_since(since)?;
            trainer.mlp.export(ctx, delta.checkpoint_mut(), "layers")?;
            let path = folder::delta(folder, delta.until());
            delta.save(&path)?;
            sent.push((delta.until(), std::fs::metadata(path)?.len()));
            windows.push(window.window(step + 1)?);
            windows.last().into_iter().for_each(Window::print);
            all.add(&std::mem::take(&mut window));
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    server.end()?;
    let total = all.window(args.before + args.steps)?;
    Ok(Report {
        device: ctx.device_name().to_owned(),
        total,
        windows,
        deltas: sent.len(),
        delta_bytes: sent.iter().map(|&(_, bytes)| bytes).sum::<u64>() / sent.len().max(1) as u64,
        whole_bytes,
        seconds,
    })
}
