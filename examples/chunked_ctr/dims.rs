//! The columns that ids keep against their frequency, as a PNG: the first seed's ids, in bins of frequency.

use std::path::Path;

use kuva::PngBackend;
use kuva::plot::{LegendPosition, LinePlot};
use kuva::render::figure::Figure;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;

use crate::compare::{Compared, Results};
use crate::method::{DIM, Method, ROWS_90, fiited};
use crate::picture::{self, PlotError, theme};
use crate::problem::{FIELDS, Problem};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
/// Pixels per unit: the file stays small.
const SCALE: f32 = 1.0;
/// A bin ends where its last rank is so many times its first.
const BIN: f64 = 1.15;
/// Frequencies are drawn as occurrences in so many examples.
const EXAMPLES: f64 = 1e6;

const DRAWN: [(Method, &str, &str, f64); 5] = [
    (ROWS_90, "k = 1, 90 % pruned", "#f0b49e", 5.0),
    (fiited(0.95), "k = 4, 95 %", "#7a4fa3", 2.0),
    (fiited(0.9), "k = 4, 90 %", "#d1582b", 2.0),
    (fiited(0.75), "k = 4, 75 %", "#1f6fb4", 2.0),
    (fiited(0.5), "k = 4, 50 %", "#2a9d5c", 2.0),
];

/// Draws the columns and writes them to `path`.
pub fn write(path: &Path, results: &Results, problem: &Problem) -> Result<(), PlotError> {
    picture::write(path, draw(results, problem, SCALE))
}

/// The mean frequency and columns of the ids of each bin.
fn bins(dims: &[[u32; FIELDS]], problem: &Problem) -> Vec<(f64, f64)> {
    let (mut bins, mut first) = (Vec::new(), 0);
    while first < dims.len() {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank")]
        let end = (((first + 1) as f64 * BIN) as usize).clamp(first + 1, dims.len());
        let count = (end - first) as f64;
        let frequency = (first..end).map(|rank| problem.probability(rank)).sum::<f64>() / count;
        let columns = dims[first..end].as_flattened().iter().copied().map(f64::from).sum::<f64>();
        bins.push((frequency * EXAMPLES, columns / (count * FIELDS as f64)));
        first = end;
    }
    bins
}

fn draw(results: &Results, problem: &Problem, scale: f32) -> Result<Vec<u8>, String> {
    let line = |(method, name, color, width): (Method, &str, &str, f64)| -> Option<Plot> {
        let is = |compared: &&Compared| compared.method == method && !compared.dims.is_empty();
        let points = bins(&results.compared.iter().find(is)?.dims, problem);
        let line = LinePlot::new().with_data(points).with_color(color).with_stroke_width(width);
        Some(line.with_legend(name).into())
    };
    let plots: Vec<Plot> = DRAWN.into_iter().filter_map(line).collect();
    let layout = Layout::auto_from_plots(&plots)
        .with_x_label("occurrences of an id in a million examples")
        .with_y_label("columns that an id has, mean of a bin")
        .with_log_x()
        .with_y_axis_min(0.0)
        .with_y_axis_max(f64::from(DIM) + 2.0)
        .with_y_tick_step(4.0)
        .with_y_tick_format(TickFormat::Integer)
        .with_legend_position(LegendPosition::InsideBottomRight)
        .with_legend_box(false)
        .with_theme(theme());
    let scene = Figure::new(1, 1)
        .with_title("Columns that ids keep, by their frequency")
        .with_title_size(16)
        .with_figure_size(WIDTH, HEIGHT)
        .with_plots(vec![plots])
        .with_layouts(vec![layout])
        .render();
    PngBackend::new().with_scale(scale).render_scene(&scene)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_have_all_ids_once() {
        let problem = Problem::new(100, 1);
        let dims: Vec<_> = (0..100).map(|id| [if id < 10 { 16 } else { 4 }; FIELDS]).collect();
        let bins = bins(&dims, &problem);
        assert!((bins[0].0 - problem.probability(0) * EXAMPLES).abs() < 1e-6 && bins[0].1 == 16.0);
        assert_eq!(bins.last().map(|bin| bin.1), Some(4.0));
        assert!(bins.windows(2).all(|pair| pair[0].0 > pair[1].0));
    }

    #[test]
    fn columns_are_drawn() -> Result<(), String> {
        let problem = Problem::new(100, 1);
        let compared = Compared {
            method: fiited(0.75),
            auc: 0.8,
            log_loss: 0.5,
            lost: 0.0,
            payload: 1.0,
            evicted: 0.0,
            partial: 0.0,
            dims: vec![[4; FIELDS]; 100],
        };
        let results = Results { best_auc: 0.9, clicks: 0.4, compared: vec![compared], drifted: Vec::new() };
        assert!(draw(&results, &problem, 0.5)?.starts_with(b"\x89PNG"));
        Ok(())
    }
}
