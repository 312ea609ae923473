//! Whether gradients of dense layers are thresholded.

use clap::ValueEnum;
use embag::Precision;
use embag::sharded::{Dct, Downlink};

use crate::data::DataError;

/// The arguments.
#[derive(Debug, Clone, PartialEq, clap::Args)]
pub struct DctArgs {
    /// Send this share of the gradients of dense layers, the largest, and keep the others for the next step
    #[arg(long, value_name = "SHARE", value_parser = share, allow_negative_numbers = true)]
    pub dct_dp: Option<f32>,
    /// With --dct-dp: steps for which thresholds are kept [default: 500]
    #[arg(long, value_name = "STEPS", value_parser = clap::value_parser!(u32).range(1..))]
    pub dct_lifespan: Option<u32>,
    /// With --dct-dp: what of the sums is sent back [default: union]
    #[arg(long, value_enum)]
    pub dct_downlink: Option<DownlinkName>,
    /// With --dct-dp: what gradients travel as [default: f16]
    #[arg(long, value_enum)]
    pub dct_values: Option<Values>,
}

/// What of the sums is sent back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DownlinkName {
    /// All that are not zero
    Union,
    /// The largest, by thresholds of their own
    Thresholded,
}

/// What gradients travel as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Values {
    /// 32 bits
    F32,
    /// 16 bits; what rounding takes away is kept
    F16,
}

impl DctArgs {
    /// What was asked for.
    pub fn dct(&self) -> Result<Option<Dct>, DataError> {
        let Some(share) = self.dct_dp else {
            let given = [
                ("--dct-lifespan", self.dct_lifespan.map(|steps| steps.to_string())),
                ("--dct-downlink", self.dct_downlink.map(|name| format!("{name:?}").to_lowercase())),
                ("--dct-values", self.dct_values.map(|name| format!("{name:?}").to_lowercase())),
            ];
            return match given.into_iter().find_map(|(argument, given)| Some((argument, given?))) {
                Some((argument, given)) => Err(DataError::argument(argument, "--dct-dp beside it", given)),
                None => Ok(None),
            };
        };
        let mut dct = Dct { values: Precision::F16, ..Dct::new(share) };
        if let Some(steps) = self.dct_lifespan {
            dct.lifespan = steps;
        }
        if self.dct_downlink == Some(DownlinkName::Thresholded) {
            dct.downlink = Downlink::Thresholded;
        }
        if self.dct_values == Some(Values::F32) {
            dct.values = Precision::F32;
        }
        Ok(Some(dct))
    }
}

fn share(text: &str) -> Result<f32, String> {
    let share = text.parse().ok().filter(|share: &f32| *share > 0.0 && *share <= 1.0);
    share.ok_or_else(|| format!("expected a share above 0, of at most 1, got `{text}`"))
}
