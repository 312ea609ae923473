//! A picture: what each part costs in each format, bytes against normalized entropy.

use std::path::Path;

use kuva::PngBackend;
use kuva::plot::{LegendPosition, LinePlot};
use kuva::render::figure::Figure;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

use crate::picture::{self, PlotError, theme};
use crate::report::Report;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 480.0;

/// The formats, and their colours.
const FORMATS: [(&str, &str); 4] =
    [("f32", "#8a8f98"), ("f16", "#1f6fb4"), ("int8", "#2a9d5c"), ("int4", "#d1582b")];

/// Draws the report and writes it to `path`.
pub fn write(path: &Path, report: &Report) -> Result<(), PlotError> {
    picture::write(path, draw(report))
}

fn draw(report: &Report) -> Result<Vec<u8>, String> {
    let plots: Vec<Plot> =
        FORMATS.iter().filter_map(|&(format, color)| line(report, format, color)).collect();
    let names: Vec<String> = report.parts.iter().map(|part| part.name.clone()).collect();
    let layout = Layout::auto_from_plots(&plots)
        .with_x_label(format!("part: {}", names.join(", ")))
        .with_y_label("normalized entropy with the part alone so kept, percent")
        .with_legend_position(LegendPosition::InsideTopRight)
        .with_theme(theme());
    let scene = Figure::new(1, 1)
        .with_title("What each part costs in each format")
        .with_title_size(18)
        .with_figure_size(WIDTH, HEIGHT)
        .with_plots(vec![plots])
        .with_layouts(vec![layout])
        .render();
    PngBackend::new().with_scale(1.0).render_scene(&scene)
}

/// The costs of a format, part by part; nothing where no part was tried in it.
fn line(report: &Report, format: &str, color: &str) -> Option<Plot> {
    let points: Vec<(f64, f64)> = report
        .parts
        .iter()
        .enumerate()
        .filter_map(|(k, part)| {
            part.tried
                .iter()
                .find(|(name, ..)| name == format)
                .map(|&(_, _, percent)| ((k + 1) as f64, percent))
        })
        .collect();
    (!points.is_empty()).then(|| {
        LinePlot::new().with_data(points).with_color(color).with_stroke_width(2.0).with_legend(format).into()
    })
}
