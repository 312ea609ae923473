//! The normalized entropy of the three models, step by step, as a PNG.

use std::path::Path;

use kuva::plot::{LegendPosition, LinePlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;

use crate::picture::{self, PlotError, theme};
use crate::report::{Report, Window};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
/// Pixels per unit: the file stays small.
const SCALE: f32 = 1.0;

pub fn write(path: &Path, report: &Report) -> Result<(), PlotError> {
    picture::write("--plot", path, draw(&report.windows, SCALE))
}

fn draw(windows: &[Window], scale: f32) -> Result<Vec<u8>, String> {
    let line = |name: &str, color: &'static str, width, of: fn(&Window) -> f64| -> Plot {
        let points: Vec<(f64, f64)> =
            windows.iter().map(|window| (f64::from(window.step), of(window))).collect();
        let line = LinePlot::new().with_data(points).with_color(color).with_stroke_width(width);
        line.with_legend(name).into()
    };
    let plots = vec![
        line("a server that never refreshes", "#d1582b", 2.0, |window| window.stays),
        // wide: the trainer's lies upon it
        line("a server that follows", "#8fc1ea", 6.0, |window| window.follows),
        line("the trainer", "#1f6fb4", 2.0, |window| window.trainer),
    ];
    let layout = Layout::auto_from_plots(&plots)
        .with_x_label("step")
        .with_y_label("normalized entropy")
        .with_x_tick_format(TickFormat::Integer)
        .with_y_tick_format(TickFormat::Fixed(2))
        .with_legend_position(LegendPosition::InsideTopLeft)
        .with_legend_box(false)
        .with_theme(theme());
    let title = "Impressions of each step, before the trainer learns from them";
    picture::render((title, 16), (WIDTH, HEIGHT), vec![(plots, layout)], scale)
}
