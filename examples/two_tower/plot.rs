//! The hit rate after each epoch as a PNG.

use std::path::Path;

use kuva::plot::{LegendPosition, LinePlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;

use crate::picture::{self, PlotError, theme};
use crate::report::Report;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 440.0;
/// Pixels per unit: the file stays small.
const SCALE: f32 = 1.0;

pub fn write(path: &Path, report: &Report) -> Result<(), PlotError> {
    picture::write("--plot", path, draw(report, SCALE))
}

fn draw(report: &Report, scale: f32) -> Result<Vec<u8>, String> {
    let last = report.epochs.iter().map(|epoch| f64::from(epoch.epoch)).fold(1.0, f64::max);
    let line = |name: &str, color: &'static str, width, points: Vec<(f64, f64)>| -> Plot {
        let line = LinePlot::new().with_data(points).with_color(color).with_stroke_width(width);
        line.with_legend(name).into()
    };
    let level = |rate: f64| vec![(0.0, rate), (last, rate)];
    let epochs = report.epochs.iter().map(|epoch| (f64::from(epoch.epoch), epoch.hit_rate));
    let plots = vec![
        line("the most popular movies", "#8a8f98", 2.0, level(report.popularity)),
        line("int8, after the last epoch", "#8fc1ea", 2.0, level(report.int8_hit_rate)),
        line("two towers", "#1f6fb4", 2.5, epochs.collect()),
    ];
    let highest = report.epochs.iter().map(|epoch| epoch.hit_rate).fold(report.popularity, f64::max);
    let layout = Layout::auto_from_plots(&plots)
        .with_x_label("epoch")
        .with_y_label("hit rate at 10")
        .with_x_axis_min(0.0)
        .with_x_axis_max(last)
        .with_y_axis_min(0.0)
        .with_y_axis_max(highest * 1.25)
        .with_x_tick_format(TickFormat::Integer)
        .with_y_tick_format(TickFormat::Fixed(2))
        .with_legend_position(LegendPosition::InsideBottomRight)
        .with_legend_box(false)
        .with_theme(theme());
    let title = "Users whose next like is among the ten movies shown";
    picture::render((title, 16), (WIDTH, HEIGHT), vec![(plots, layout)], scale)
}
