//! The columns that ids have against how often they occur, as a PNG.

use std::path::Path;

use kuva::plot::{LegendPosition, LinePlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;

use crate::picture::{self, PlotError, theme};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
/// Pixels per unit: the file stays small.
const SCALE: f32 = 1.0;

/// Ids in bins of frequency: the means of their occurrences and columns.
#[derive(Debug, Clone)]
pub struct Line {
    pub name: String,
    pub color: &'static str,
    pub width: f64,
    pub points: Vec<(f64, f64)>,
}

/// Draws the lines and writes them to `path`, which `--dims` named; `dim` columns are all.
pub fn write(path: &Path, occurrences: &str, dim: u32, lines: Vec<Line>) -> Result<(), PlotError> {
    picture::write("--dims", path, draw(occurrences, dim, lines, SCALE))
}

fn draw(occurrences: &str, dim: u32, lines: Vec<Line>, scale: f32) -> Result<Vec<u8>, String> {
    let line = |Line { name, color, width, points }| -> Plot {
        let line = LinePlot::new().with_data(points).with_color(color).with_stroke_width(width);
        line.with_legend(name).into()
    };
    let plots: Vec<Plot> = lines.into_iter().map(line).collect();
    let layout = Layout::auto_from_plots(&plots)
        .with_x_label(occurrences)
        .with_y_label("columns that an id has, mean of a bin")
        .with_log_x()
        .with_y_axis_min(0.0)
        .with_y_axis_max(f64::from(dim) * 1.125)
        .with_y_tick_step(f64::from(dim) / 4.0)
        .with_y_tick_format(TickFormat::Integer)
        .with_legend_position(LegendPosition::InsideBottomRight)
        .with_legend_box(false)
        .with_theme(theme());
    let title = "Columns that ids keep, by their frequency";
    picture::render((title, 16), (WIDTH, HEIGHT), vec![(plots, layout)], scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_drawn() -> Result<(), String> {
        let line = |points| Line { name: "ids".to_owned(), color: "#1f6fb4", width: 2.0, points };
        for lines in [vec![], vec![line(vec![(1.0, 4.0)])], vec![line(vec![(1.0, 0.0), (50.0, 16.0)])]] {
            assert!(draw("occurrences", 16, lines, 0.5)?.starts_with(b"\x89PNG"));
        }
        Ok(())
    }
}
