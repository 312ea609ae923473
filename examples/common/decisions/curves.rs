//! Curves of some methods side by side, as a PNG.

use std::path::Path;

use kuva::plot::{LegendPosition, LinePlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;

use crate::output::check_folder;
use crate::picture::{self, PlotError, theme};

/// The size of a panel.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 440.0;
/// Points of a curve.
const POINTS: usize = 400;

const COLORS: [&str; 5] = ["#1f6fb4", "#d1582b", "#8a8f98", "#3f8f4f", "#7a4fa3"];

/// A method's values, by how far a run had come.
#[derive(Debug)]
pub struct Curve {
    pub name: &'static str,
    pub points: Vec<(f64, f64)>,
}

/// Curves under a title.
#[derive(Debug)]
pub struct Panel {
    pub title: &'static str,
    pub curves: Vec<Curve>,
}

/// Whether the file can be written, found before the run rather than after it.
pub fn check(path: &Path) -> Result<(), PlotError> {
    check_folder(path).map_err(|cause| PlotError::Write { argument: "--plot", path: path.to_owned(), cause })
}

/// Draws panels side by side and writes them to `path`.
pub fn write(path: &Path, title: &str, x_label: &str, panels: &[Panel]) -> Result<(), PlotError> {
    picture::write("--plot", path, draw(title, x_label, panels))
}

fn draw(title: &str, x_label: &str, panels: &[Panel]) -> Result<Vec<u8>, String> {
    let drawn = panels.iter().map(|panel| {
        let lines: Vec<Plot> =
            panel.curves.iter().zip(COLORS).map(|(curve, color)| line(curve, color)).collect();
        let layout = Layout::auto_from_plots(&lines)
            .with_title(panel.title)
            .with_x_label(x_label)
            .with_x_tick_format(TickFormat::Integer)
            .with_legend_position(LegendPosition::InsideTopLeft)
            .with_legend_box(false)
            .with_theme(theme());
        (lines, layout)
    });
    picture::render((title, 18), (WIDTH * panels.len() as f64, HEIGHT), drawn.collect(), 1.0)
}

fn line(curve: &Curve, color: &str) -> Plot {
    let every = curve.points.len().div_ceil(POINTS).max(1);
    LinePlot::new()
        .with_data(curve.points.iter().copied().step_by(every).collect::<Vec<_>>())
        .with_color(color)
        .with_stroke_width(2.0)
        .with_legend(curve.name)
        .into()
}
