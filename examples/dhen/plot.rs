//! Each net's normalised entropy by epoch as a PNG.

use std::path::Path;

use kuva::plot::{LegendPosition, LinePlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;

use crate::output::check_folder;
use crate::picture::{self, PlotError, theme};
use crate::report::Row;

const SIZE: (f64, f64) = (640.0, 440.0);
const COLORS: [&str; 4] = ["#1f6fb4", "#d1582b", "#2a9d5c", "#8a8f98"];

/// Whether the file can be written, found before the training rather than after it.
pub fn check(path: &Path) -> Result<(), PlotError> {
    check_folder(path).map_err(|cause| PlotError::Write { argument: "--plot", path: path.to_owned(), cause })
}

/// Draws the curves and writes them to `path`.
pub fn write(path: &Path, rows: &[Row]) -> Result<(), PlotError> {
    picture::write("--plot", path, draw(rows))
}

fn draw(rows: &[Row]) -> Result<Vec<u8>, String> {
    let plots: Vec<Plot> = rows.iter().zip(COLORS).map(|(row, color)| line(row, color)).collect();
    let layout = Layout::auto_from_plots(&plots)
        .with_x_label("epoch")
        .with_y_label("normalised entropy of the test")
        .with_x_tick_step(1.0)
        .with_x_tick_format(TickFormat::Integer)
        .with_y_tick_format(TickFormat::Fixed(2))
        .with_legend_position(LegendPosition::InsideTopRight)
        .with_legend_box(false)
        .with_theme(theme());
    picture::render(
        ("A product of three values, found by stacked interactions", 18),
        SIZE,
        vec![(plots, layout)],
        1.0,
    )
}

fn line(row: &Row, color: &str) -> Plot {
    let points = row.ne.iter().enumerate().map(|(epoch, &ne)| ((epoch + 1) as f64, ne));
    LinePlot::new()
        .with_data(points.filter(|(_, ne)| ne.is_finite()).collect::<Vec<_>>())
        .with_color(color)
        .with_stroke_width(2.0)
        .with_legend(row.net)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_drawn_even_if_there_is_none() -> Result<(), String> {
        let row = |ne| Row { net: "one", parameters: 1, ne };
        for rows in [vec![], vec![row(vec![f64::NAN])], vec![row(vec![0.9, 0.8]), row(vec![0.9, 0.7])]] {
            assert!(draw(&rows)?.starts_with(b"\x89PNG"));
        }
        Ok(())
    }
}
