//! A picture: what each part costs in each format.

use std::path::Path;

use kuva::plot::{BarPlot, LegendPosition};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

use crate::picture::{self, PlotError, theme};
use crate::report::Report;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 480.0;

/// The colours of the formats, from the widest to the narrowest: f16, int8, int4 of tables, f32, f16, int8 of
/// layers.
const NAMES: [&str; 3] = ["f16 (layers: f32)", "int8 (f16)", "int4 (int8)"];
const COLORS: [&str; 3] = ["#8a8f98", "#1f6fb4", "#d1582b"];

/// Draws the report and writes it to `path`.
pub fn write(path: &Path, report: &Report) -> Result<(), PlotError> {
    picture::write("--plot", path, draw(report))
}

fn draw(report: &Report) -> Result<Vec<u8>, String> {
    let bars = report.parts.iter().fold(BarPlot::new().with_legend(NAMES.to_vec()), |bars, part| {
        let costs = part.tried.iter().map(|&(_, _, percent)| percent);
        bars.with_group(part.name.trim_start_matches("table "), costs.zip(COLORS).collect::<Vec<_>>())
    });
    let plots: Vec<Plot> = vec![bars.into()];
    let layout = Layout::auto_from_plots(&plots)
        .with_y_label("growth of normalized entropy, percent")
        .with_x_tick_rotate(-45.0)
        .with_legend_position(LegendPosition::OutsideRightTop)
        .with_theme(theme());
    let title = format!("Each table and layer alone in each format, {} examples", report.chosen_on.examples);
    picture::render((&title, 18), (WIDTH, HEIGHT), vec![(plots, layout)], 1.0)
}
