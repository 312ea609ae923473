//! What the command line says of the embeddings' kind, and of chunked tables.

use std::num::NonZeroU64;

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::ctr::{Chunked, Embedding, Name, Target, agree};
use crate::data::DataError;

/// The arguments. Where none is given, the checkpoint's hold.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
pub struct ChunkedArgs {
    /// What ids are looked up in [default: the checkpoint's, or fixed]
    #[arg(long, value_enum)]
    pub embedding: Option<Kind>,
    /// Chunked: columns of a chunk, a divisor of --dim [default: the checkpoint's, or 8]
    #[arg(long, value_name = "W", value_parser = widths())]
    pub chunk: Option<u32>,
    /// Chunked: distinct ids that there is room for at first, as it grows; with --budget it does not, and ids
    /// of least utility leave for others [default: the checkpoint's, or 64; with --budget what half of it can
    /// find]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub rows: Option<u32>,
    /// Chunked: the share of all chunks that each adjustment leaves without memory [default: the
    /// checkpoint's, or none]
    #[arg(long, value_name = "SHARE", value_parser = share, conflicts_with = "budget", allow_negative_numbers = true)]
    pub prune: Option<f64>,
    /// Chunked: bytes that tables never exceed, with all that chunks are found with, without the optimizer's
    /// state [default: the checkpoint's, or none]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..))]
    pub budget: Option<u64>,
    /// Chunked, with --prune or --budget: steps from one adjustment to the next; there is another at the end
    /// of each epoch [default: the checkpoint's, or 50]
    #[arg(long, value_name = "STEPS")]
    pub adjust_every: Option<NonZeroU64>,
    /// Chunked, with --prune or --budget: steps before the first adjustment [default: the checkpoint's, or
    /// 100]
    #[arg(long, value_name = "STEPS")]
    pub warm_up: Option<u64>,
}

/// What ids are looked up in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Tables of a row for each id of a vocabulary, or for each hash
    #[default]
    Fixed,
    /// Tables of raw 64-bit ids, whose rows have as many chunks of columns as they are worth
    Chunked,
}

impl Embedding {
    const fn kind(self) -> Kind {
        match self {
            Self::Fixed => Kind::Fixed,
            Self::Chunked(_) => Kind::Chunked,
        }
    }
}

const CHUNK: u32 = 8;
const ADJUST_EVERY: NonZeroU64 = NonZeroU64::new(50).unwrap();
const WARM_UP: u64 = 100;

impl Chunked {
    /// The values of [`ChunkedArgs::given`], as the command line has them.
    fn shown(&self) -> [String; 6] {
        let none = || "none".to_owned();
        let (prune, budget) = match self.target {
            Target::All => (none(), none()),
            Target::Prune(share) => (share.to_string(), none()),
            Target::Budget(bytes) => (none(), bytes.to_string()),
        };
        [
            self.chunk.to_string(),
            self.rows.map_or_else(none, |rows| rows.to_string()),
            prune,
            budget,
            self.adjust_every.to_string(),
            self.warm_up.to_string(),
        ]
    }
}

impl ChunkedArgs {
    /// The kind for vectors of `dim` columns; `saved` is that of the checkpoint that the run goes on from.
    pub fn embedding(&self, dim: usize, saved: Option<Embedding>) -> Result<Embedding, DataError> {
        if let Some(saved) = saved {
            agree("--embedding", self.embedding.map(Name), Name(saved.kind()))?;
        }
        let kind = self.embedding.or(saved.map(Embedding::kind)).unwrap_or_default();
        match (kind, saved) {
            (Kind::Fixed, _) => {
                self.refuse(|_| true, "none with --embedding fixed")?;
                Ok(Embedding::Fixed)
            }
            (Kind::Chunked, Some(Embedding::Chunked(saved))) => {
                for ((argument, given), saved) in self.given().into_iter().zip(saved.shown()) {
                    agree(argument, given, saved)?;
                }
                Ok(Embedding::Chunked(saved))
            }
            (Kind::Chunked, _) => self.chunked(dim).map(Embedding::Chunked),
        }
    }

    fn chunked(&self, dim: usize) -> Result<Chunked, DataError> {
        let target = match (self.prune, self.budget) {
            (Some(share), _) => Target::Prune(share),
            (None, Some(bytes)) => Target::Budget(bytes),
            (None, None) => {
                let adjusting = |argument: &str| ["--adjust-every", "--warm-up"].contains(&argument);
                self.refuse(adjusting, "--prune or --budget beside it")?;
                Target::All
            }
        };
        let chunk = self.chunk.unwrap_or(CHUNK);
        if !dim.is_multiple_of(chunk as usize) {
            let expected = format!("a divisor of --dim {dim}");
            return Err(DataError::argument("--chunk", expected, chunk.to_string()));
        }
        Ok(Chunked {
            chunk,
            rows: self.rows,
            target,
            adjust_every: self.adjust_every.unwrap_or(ADJUST_EVERY),
            warm_up: self.warm_up.unwrap_or(WARM_UP),
        })
    }

    /// The arguments that only chunked tables take.
    fn given(&self) -> [(&'static str, Option<String>); 6] {
        [
            ("--chunk", self.chunk.map(|value| value.to_string())),
            ("--rows", self.rows.map(|value| value.to_string())),
            ("--prune", self.prune.map(|value| value.to_string())),
            ("--budget", self.budget.map(|value| value.to_string())),
            ("--adjust-every", self.adjust_every.map(|value| value.to_string())),
            ("--warm-up", self.warm_up.map(|value| value.to_string())),
        ]
    }

    /// The error of the first of some arguments that is given.
    fn refuse(&self, which: impl Fn(&str) -> bool, expected: &str) -> Result<(), DataError> {
        match self.given().into_iter().find(|(argument, given)| given.is_some() && which(argument)) {
            Some((argument, Some(given))) => Err(DataError::argument(argument, expected, given)),
            _ => Ok(()),
        }
    }
}

/// Those that chunked tables take.
fn widths() -> impl TypedValueParser<Value = u32> {
    PossibleValuesParser::new(["4", "8", "16", "32"]).try_map(|text| text.parse::<u32>())
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..1.0).contains(share));
    share.ok_or_else(|| format!("expected a share of at least 0 and below 1, got `{text}`"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: ChunkedArgs,
    }

    fn parse(args: &[&str]) -> Result<ChunkedArgs, String> {
        let command = Command::try_parse_from(["train_ctr"].iter().chain(args));
        command.map(|command| command.args).map_err(|error| error.to_string())
    }

    fn embedding(args: &[&str], saved: Option<Embedding>) -> Result<Embedding, String> {
        parse(args)?.embedding(16, saved).map_err(|error| error.to_string())
    }

    fn chunked(args: &[&str]) -> Result<Embedding, String> {
        embedding(&[&["--embedding", "chunked"], args].concat(), None)
    }

    #[test]
    fn tables_are_fixed_and_chunked_ones_whole_unless_something_else_is_said() -> Result<(), String> {
        assert_eq!(embedding(&[], None)?, Embedding::Fixed);
        let whole = Chunked {
            chunk: 8,
            rows: None,
            target: Target::All,
            adjust_every: ADJUST_EVERY,
            warm_up: WARM_UP,
        };
        assert_eq!(chunked(&[])?, Embedding::Chunked(whole));
        let given = chunked(&["--chunk", "4", "--rows", "9", "--prune", ".5", "--warm-up", "0"])?;
        let target = Target::Prune(0.5);
        assert_eq!(
            given,
            Embedding::Chunked(Chunked { chunk: 4, rows: Some(9), target, warm_up: 0, ..whole })
        );
        Ok(())
    }

    #[test]
    fn arguments_that_would_be_of_no_effect_are_refused() {
        for (args, expected) in [
            (&["--chunk", "8"][..], "--chunk: expected none with --embedding fixed, got 8"),
            (&["--prune", "0.5"], "--prune: expected none with --embedding fixed, got 0.5"),
            (
                &["--embedding", "chunked", "--warm-up", "3"],
                "--warm-up: expected --prune or --budget beside it, got 3",
            ),
            (&["--embedding", "chunked", "--chunk", "32"], "--chunk: expected a divisor of --dim 16, got 32"),
        ] {
            assert_eq!(embedding(args, None).err().as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_checkpoint_s_kind_and_sizes_cannot_be_changed() -> Result<(), String> {
        let whole = chunked(&["--prune", "0.5"])?;
        let saved = Some(whole);
        assert_eq!(embedding(&["--chunk", "8"], saved)?, whole);
        for (args, expected) in [
            (["--embedding", "fixed"], "--embedding: expected the checkpoint's chunked, got fixed"),
            (["--prune", "0.6"], "--prune: expected the checkpoint's 0.5, got 0.6"),
            (["--budget", "60"], "--budget: expected the checkpoint's none, got 60"),
        ] {
            assert_eq!(embedding(&args, saved).err().as_deref(), Some(expected));
        }
        let fixed = embedding(&["--embedding", "chunked"], Some(Embedding::Fixed)).err();
        let expected = "--embedding: expected the checkpoint's fixed, got chunked";
        assert_eq!(fixed.as_deref(), Some(expected));
        Ok(())
    }

    #[test]
    fn errors_name_argument_expected_and_got() {
        for (args, expected) in [
            (&["--chunk", "5"][..], "[possible values: 4, 8, 16, 32]"),
            (&["--prune", "1"], "expected a share of at least 0 and below 1, got `1`"),
            (&["--prune", "-0.5"], "expected a share of at least 0 and below 1, got `-0.5`"),
            (&["--budget", "0"], "0 is not in 1.."),
            (&["--rows", "0"], "0 is not in 1.."),
            (&["--adjust-every", "0"], "--adjust-every <STEPS>"),
            (&["--prune", "0.5", "--budget", "9"], "cannot be used with '--budget <BYTES>'"),
        ] {
            let error = parse(args).err().unwrap_or_default();
            assert!(error.contains(args[0]) && error.contains(expected), "{error}");
        }
    }
}
