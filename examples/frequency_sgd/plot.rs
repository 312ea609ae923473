//! The test losses of each method with its best rate as a PNG, a panel for each horizon.

use std::path::Path;

use kuva::plot::{LegendPosition, LinePlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;

use crate::method::Method;
use crate::model::TEST_EVERY;
use crate::output::check_folder;
use crate::picture::{self, PlotError, theme};
use crate::search::{Tuned, ZIPF};

/// The size of a panel, and the pixels per unit of it: the file stays small.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 440.0;
const SCALE: f32 = 1.0;

/// Whether the file can be written, found before the training rather than after it.
pub fn check(path: &Path) -> Result<(), PlotError> {
    check_folder(path).map_err(|cause| PlotError::Write { argument: "--plot", path: path.to_owned(), cause })
}

/// Draws the curves and writes them to `path`.
pub fn write(path: &Path, results: &[Tuned], horizons: &[u32]) -> Result<(), PlotError> {
    picture::write("--plot", path, draw(results, horizons, SCALE))
}

fn draw(results: &[Tuned], horizons: &[u32], scale: f32) -> Result<Vec<u8>, String> {
    let of_horizon = |horizon| {
        let drawn = results.iter().filter(move |r| r.setting == ZIPF.name && r.horizon == horizon);
        drawn.map(line).collect::<Vec<Plot>>()
    };
    let panel = |&horizon| {
        let plots = of_horizon(horizon);
        let layout = layout(&plots, horizon);
        (plots, layout)
    };
    let panels: Vec<_> = horizons.iter().map(panel).collect();
    let title = "Logistic matrix factorisation, tokens by Zipf 1.1, each method with its best rate";
    picture::render((title, 18), (WIDTH * panels.len() as f64, HEIGHT), panels, scale)
}

fn line(tuned: &Tuned) -> Plot {
    let steps = |test: usize| ((test + 1) * TEST_EVERY) as f64;
    let points = tuned.curve.iter().enumerate().map(|(test, &loss)| (steps(test), loss));
    let (color, width) = match tuned.method {
        Method::Sgd => ("#8a8f98", 2.0),
        // wide: that of counted occurrences lies upon it
        Method::Known => ("#8fc1ea", 6.0),
        Method::Occurrences => ("#1f6fb4", 2.0),
        Method::Steps => ("#d1582b", 2.0),
        Method::RowwiseAdagrad => ("#2a9d5c", 2.0),
    };
    LinePlot::new()
        .with_data(points.filter(|(_, loss)| loss.is_finite()).collect::<Vec<_>>())
        .with_color(color)
        .with_stroke_width(width)
        .with_legend(tuned.method.name())
        .into()
}

fn layout(plots: &[Plot], horizon: u32) -> Layout {
    Layout::auto_from_plots(plots)
        .with_title(format!("{horizon} steps"))
        .with_x_label("step")
        .with_y_label("test loss, median of the seeds")
        .with_x_axis_min(0.0)
        .with_x_axis_max(horizon.into())
        .with_x_tick_step(f64::from(horizon) / 4.0)
        .with_x_tick_format(TickFormat::Integer)
        .with_y_tick_format(TickFormat::Fixed(2))
        .with_legend_position(LegendPosition::InsideTopRight)
        .with_legend_box(false)
        .with_theme(theme())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_drawn_even_if_there_is_none() -> Result<(), String> {
        let tuned = |method, curve| Tuned {
            setting: ZIPF.name,
            method,
            horizon: 300,
            rate: 1.0,
            lr: 1.0,
            at_edge: false,
            best: 0.5,
            last: 0.5,
            steps_to_sgd: 300.0,
            curve,
        };
        let some = tuned(Method::Sgd, vec![0.7, 0.6, 0.5]);
        let lost = tuned(Method::Known, vec![f64::INFINITY; 3]);
        for results in [vec![], vec![lost.clone()], vec![some, lost]] {
            assert!(draw(&results, &[300, 600], 0.5)?.starts_with(b"\x89PNG"));
        }
        Ok(())
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let error = check(Path::new("no/such/curves.png")).err().map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.starts_with("--plot: cannot write `no/such/curves.png`: ")));
        assert!(check(Path::new("curves.png")).is_ok());
    }
}
