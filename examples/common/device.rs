//! The argument `--device`.

use clap::ValueEnum;
use embag::{Context, Result};

/// Where to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Device {
    /// A hardware GPU if there is one, else the CPU
    Auto,
    /// Any GPU, a software one if there is no other
    Gpu,
    /// The CPU
    Cpu,
}

impl Device {
    /// The name on the command line.
    #[allow(dead_code, reason = "most programs only read it")]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Gpu => "gpu",
            Self::Cpu => "cpu",
        }
    }

    pub fn open(self) -> Result<Context> {
        match self {
            Self::Auto => Context::auto(),
            Self::Gpu => Context::open(),
            Self::Cpu => Ok(Context::cpu()),
        }
    }
}
