use crate::device::Device;
use clap::Parser;
use std::path::PathBuf;

#[derive(Debug, Clone, Copy, PartialEq, clap::Args)]
pub struct Settings {
    #[arg(long, default_value_t = 32)]
    pub dim: u32,
    #[arg(long, default_value_t = 0.05)]
    pub lr: f32,
    #[arg(long, default_value_t = 0.001)]
    pub dense_lr: f32,
    #[arg(long, default_value_t = 0.1)]
    pub temperature: f32,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    #[arg(long, default_value_t = 10)]
    pub epochs: u32,
    #[arg(long, default_value_t = 512)]
    pub batch: usize,
    #[arg(long, default_value_t = 512)]
    pub negatives: usize,
    #[arg(long, default_value_t = 50)]
    pub history: usize,
    #[arg(long, default_value_t = 1.0)]
    pub decay: f32,
    #[arg(long, default_value_t = 0.05)]
    pub init: f32,
    #[arg(long)]
    pub share: bool,
    #[arg(long)]
    pub deep: bool,
    #[arg(long)]
    pub causal: bool,
    #[arg(long, default_value_t = 1.0)]
    pub q: f32,
    #[arg(long)]
    pub valid: bool,
}

#[derive(Debug, Parser)]
pub struct Args {
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    pub device: Device,
    #[arg(long)]
    pub train: Option<PathBuf>,
    #[command(flatten)]
    pub settings: Settings,
}
