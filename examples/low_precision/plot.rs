//! Errors of rows by dim, and differences of normalized entropy by bytes, as a PNG.

use std::path::Path;

use kuva::plot::{LegendPosition, LinePlot, ScatterPlot};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

use crate::picture::{self, PlotError, theme};
use crate::report::Summary;
use crate::rows::RowErrors;

/// The size of a panel, and the pixels per unit of it: the file stays small.
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 420.0;
const SCALE: f32 = 1.0;
/// Colours of what is drawn, one after the other.
const COLORS: [&str; 9] =
    ["#1f6fb4", "#8fc1ea", "#2a9d5c", "#8bc34a", "#d1582b", "#e9a23b", "#8a8f98", "#7b4ea3", "#111111"];
/// Differences below this, in percent, are drawn here: a logarithmic axis has no 0.
const LEAST: f64 = 1e-5;

/// Draws a run and writes it to `path`.
pub fn write(path: &Path, summary: &Summary) -> Result<(), PlotError> {
    picture::write("--plot", path, draw(summary, SCALE))
}

pub fn draw(summary: &Summary, scale: f32) -> Result<Vec<u8>, String> {
    let line = |name: &str, color: &str, of: fn(&RowErrors) -> f64| -> Plot {
        let points: Vec<(f64, f64)> = summary.rows.iter().map(|row| (row.dim as f64, of(row))).collect();
        LinePlot::new().with_data(points).with_color(color).with_stroke_width(2.0).with_legend(name).into()
    };
    let rows = vec![
        line("int4", COLORS[4], |row| row.int4),
        line("int4 greedy", COLORS[5], |row| row.int4_greedy),
        line("int8", COLORS[2], |row| row.int8),
    ];
    let dot = |name: &str, color: &str, bytes: u64, percent: f64| -> Plot {
        let point = vec![(bytes as f64 / 1e6, percent.abs().max(LEAST))];
        ScatterPlot::new().with_data(point).with_color(color).with_size(6.0).with_legend(name).into()
    };
    let mut tables: Vec<Plot> = (summary.formats.iter().zip(COLORS))
        .map(|(format, color)| dot(format.name, color, format.bytes, format.difference.percent))
        .collect();
    if let Some(found) = &summary.selected.selection {
        tables.push(dot("selected", COLORS[8], found.choice.bytes, found.measured.percent));
    }
    let of_rows = layout(&rows, "Rows of normal numbers", "dim", "relative L2 error").with_log_x();
    let of_tables = layout(&tables, "Tables of a trained factorisation machine", "MB", "difference of NE, %");
    let panels = vec![(rows, of_rows), (tables, of_tables)];
    picture::render(("What low precision costs", 18), (2.0 * WIDTH, HEIGHT), panels, scale)
}

fn layout(plots: &[Plot], title: &str, x: &str, y: &str) -> Layout {
    Layout::auto_from_plots(plots)
        .with_title(title)
        .with_x_label(x)
        .with_y_label(y)
        .with_log_y()
        .with_legend_position(LegendPosition::OutsideRightTop)
        .with_legend_box(false)
        .with_theme(theme())
}
