//! Regret and missed floors over the days, as a PNG.

use std::path::Path;

use kuva::plot::{LegendPosition, LinePlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;

use crate::output::check_folder;
use crate::picture::{self, PlotError, theme};
use crate::score::Score;

/// The size of a panel.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 440.0;
/// Points of a curve.
const POINTS: usize = 400;

const COLORS: [&str; 3] = ["#1f6fb4", "#d1582b", "#8a8f98"];

/// Whether the file can be written, found before the run rather than after it.
pub fn check(path: &Path) -> Result<(), PlotError> {
    check_folder(path).map_err(|cause| PlotError::Write { argument: "--plot", path: path.to_owned(), cause })
}

/// Draws the curves and writes them to `path`.
pub fn write(path: &Path, scores: &[Score<'_>]) -> Result<(), PlotError> {
    picture::write("--plot", path, draw(scores))
}

fn draw(scores: &[Score<'_>]) -> Result<Vec<u8>, String> {
    let panel = |(title, of): (&str, usize)| {
        let lines: Vec<Plot> =
            scores.iter().zip(COLORS).map(|(score, color)| line(score, of, color)).collect();
        let layout = Layout::auto_from_plots(&lines)
            .with_title(title)
            .with_x_label("day")
            .with_x_tick_format(TickFormat::Integer)
            .with_legend_position(LegendPosition::InsideTopLeft)
            .with_legend_box(false)
            .with_theme(theme());
        (lines, layout)
    };
    let panels = [("regret", 0), ("most that a floor was missed by, added up", 1)].map(panel);
    let title = "A mix of content with floors, means over the groups";
    picture::render((title, 18), (WIDTH * 2.0, HEIGHT), panels.into(), 1.0)
}

fn line(score: &Score<'_>, of: usize, color: &str) -> Plot {
    let every = score.days.len().div_ceil(POINTS).max(1);
    let points =
        score.days.iter().enumerate().step_by(every).map(|(day, values)| ((day + 1) as f64, values[of]));
    LinePlot::new()
        .with_data(points.collect::<Vec<_>>())
        .with_color(color)
        .with_stroke_width(2.0)
        .with_legend(score.name)
        .into()
}
