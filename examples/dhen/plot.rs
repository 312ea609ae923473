//! Curves of normalised entropy as a PNG.

use std::path::Path;

use kuva::plot::{LegendPosition, LinePlot, ScatterPlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;

use crate::picture::{self, PlotError, theme};

const SIZE: (f64, f64) = (640.0, 440.0);
const COLORS: [&str; 9] =
    ["#1f6fb4", "#d1582b", "#2a9d5c", "#8a8f98", "#8b5fbf", "#c2a022", "#c44f7f", "#3aa6b9", "#5c4b3b"];

/// What is drawn.
#[derive(Debug)]
pub struct Picture<'a> {
    pub title: &'a str,
    pub x_label: &'a str,
    /// Whether x is drawn by its logarithm.
    pub log: bool,
    pub curves: Vec<Curve<'a>>,
}

/// A name, and points of x and normalised entropy.
#[derive(Debug)]
pub struct Curve<'a> {
    pub name: &'a str,
    pub points: Vec<(f64, f64)>,
}

/// Draws the curves and writes them to `path`.
pub fn write(path: &Path, picture: &Picture<'_>) -> Result<(), PlotError> {
    picture::write("--plot", path, draw(picture))
}

fn draw(picture: &Picture<'_>) -> Result<Vec<u8>, String> {
    let lines = picture.curves.iter().zip(COLORS.iter().cycle());
    let plots: Vec<Plot> = lines.flat_map(|(curve, color)| line(curve, color)).collect();
    let mut layout = Layout::auto_from_plots(&plots)
        .with_x_label(picture.x_label)
        .with_y_label("normalised entropy of the test")
        .with_x_tick_format(TickFormat::Integer)
        .with_y_tick_format(TickFormat::Fixed(3))
        .with_legend_position(LegendPosition::OutsideRightTop)
        .with_legend_box(false)
        .with_theme(theme());
    if picture.log {
        layout = layout.with_log_x();
    }
    picture::render((picture.title, 18), SIZE, vec![(plots, layout)], 1.0)
}

/// A line, and a dot for each point.
fn line(curve: &Curve<'_>, color: &str) -> [Plot; 2] {
    let points: Vec<_> = curve.points.iter().copied().filter(|(_, ne)| ne.is_finite()).collect();
    let line = LinePlot::new().with_data(points.clone()).with_color(color).with_stroke_width(2.0);
    let dots = ScatterPlot::new().with_data(points).with_color(color).with_size(3.0);
    [line.with_legend(curve.name).into(), dots.into()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_drawn_even_if_there_is_none() -> Result<(), String> {
        let curve = |points| Curve { name: "one", points };
        for curves in [
            vec![],
            vec![curve(vec![(1.0, f64::NAN)])],
            vec![curve(vec![(1.0, 0.9), (2.0, 0.8)]), curve(vec![(1.0, 0.9), (1000.0, 0.7)])],
        ] {
            let mut picture = Picture { title: "curves", x_label: "epoch", log: false, curves };
            assert!(draw(&picture)?.starts_with(b"\x89PNG"));
            picture.log = true;
            assert!(draw(&picture)?.starts_with(b"\x89PNG"));
        }
        Ok(())
    }
}
