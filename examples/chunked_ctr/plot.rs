//! The AUC against the share that is pruned, as a PNG.

use std::path::Path;

use embag::chunked::Utility;
use kuva::plot::{LegendPosition, LinePlot, ScatterPlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;

use crate::compare::Results;
use crate::method::{CHUNK, DIM, Kind, Method};
use crate::picture::{self, PlotError, theme};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
/// Pixels per unit: the file stays small.
const SCALE: f32 = 1.0;

/// Draws the results and writes them to `path`.
pub fn write(path: &Path, results: &Results) -> Result<(), PlotError> {
    picture::write("--plot", path, draw(results, SCALE))
}

/// Chunks of this width with the default utility, and a store that is large enough.
fn plain(method: Method, columns: u32) -> bool {
    match method.kind {
        Kind::Chunks { width, utility, bounded } => {
            width == columns && utility == Utility::default() && !bounded
        }
        Kind::Full | Kind::Random | Kind::Uniform { .. } => false,
    }
}

fn draw(results: &Results, scale: f32) -> Result<Vec<u8>, String> {
    let full = |method: Method| method.kind == Kind::Full;
    let points = |of: &dyn Fn(Method) -> bool| -> Vec<(f64, f64)> {
        let of = results.compared.iter().filter(|compared| of(compared.method));
        of.map(|compared| (compared.method.pruned * 100.0, compared.auc)).collect()
    };
    let mut plots: Vec<Plot> = Vec::new();
    let mut push = |name: &str, color: &str, width: f64, points: Vec<(f64, f64)>| {
        let line = LinePlot::new().with_data(points.clone()).with_color(color).with_stroke_width(width);
        plots.push(line.with_legend(name).into());
        plots.push(ScatterPlot::new().with_data(points).with_color(color).with_size(width + 1.5).into());
    };
    // wide: the line of the chunks lies upon it
    push("whole rows, k = 1", "#8fc1ea", 5.0, points(&|m| full(m) || plain(m, DIM)));
    push("chunks, k = 4", "#1f6fb4", 2.0, points(&|m| full(m) || plain(m, CHUNK)));
    let uniform = |m: Method| full(m) || matches!(m.kind, Kind::Uniform { .. });
    push("uniform, D = 8 and 4", "#2a9d5c", 2.0, points(&uniform));
    push("random chunks", "#d1582b", 2.0, points(&|m| full(m) || m.kind == Kind::Random));
    let layout = Layout::auto_from_plots(&plots)
        .with_x_label("share of the columns that is pruned, %")
        .with_y_label("test AUC, median of the seeds")
        .with_x_axis_min(0.0)
        .with_x_axis_max(100.0)
        .with_x_tick_step(25.0)
        .with_x_tick_format(TickFormat::Integer)
        .with_y_tick_format(TickFormat::Fixed(2))
        .with_legend_position(LegendPosition::InsideBottomLeft)
        .with_legend_box(false)
        .with_theme(theme());
    let title = "Factorisation machine, ids by Zipf 1.1, chunks pruned while training";
    picture::render((title, 16), (WIDTH, HEIGHT), vec![(plots, layout)], scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Compared;
    use crate::method::{ALL, ROWS_90};

    #[test]
    fn what_is_plain() {
        assert_eq!(ALL.iter().filter(|m| plain(**m, CHUNK)).count(), 4);
        assert_eq!(ALL.iter().filter(|m| plain(**m, DIM)).count(), 4);
        assert!(plain(ROWS_90, DIM) && !plain(ROWS_90, CHUNK));
    }

    #[test]
    fn results_are_drawn_even_if_there_are_few() -> Result<(), String> {
        let compared = |method| Compared {
            method,
            auc: 0.8,
            log_loss: 0.5,
            lost: 0.0,
            payload: 1.0,
            evicted: 0.0,
            partial: 0.0,
            dims: Vec::new(),
        };
        for count in [1, ALL.len()] {
            let compared = ALL[..count].iter().map(|&method| compared(method)).collect();
            let results = Results { best_auc: 0.9, clicks: 0.4, compared, drifted: Vec::new() };
            assert!(draw(&results, 0.5)?.starts_with(b"\x89PNG"));
        }
        Ok(())
    }
}
