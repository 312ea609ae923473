//! Every kernel's share of what the device can do, as bars.

use std::path::Path;

use kuva::plot::BarPlot;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

use crate::lines::{Bound, Line};
use crate::picture::{self, PlotError, theme};

const MEMORY: &str = "#1f6fb4";
const ARITHMETIC: &str = "#d1582b";
const WIDTH: f64 = 900.0;
/// Of a bar, and of what is around all bars.
const HEIGHT: f64 = 16.0;
const AROUND: f64 = 140.0;
const SCALE: f32 = 2.0;

/// Draws the lines, the one that loses most at the top.
pub(crate) fn write(path: &Path, device: &str, lines: &[Line]) -> Result<(), PlotError> {
    picture::write("--plot", path, draw(device, lines))
}

fn draw(device: &str, lines: &[Line]) -> Result<Vec<u8>, String> {
    // bars are drawn from the bottom up
    let bars = lines.iter().rev().fold(BarPlot::new().with_horizontal(true), |bars, line| {
        let color = if line.bound == Bound::Memory { MEMORY } else { ARITHMETIC };
        let name = if lines.iter().filter(|other| other.kernel == line.kernel).count() > 1 {
            format!("{}.{}: {}", line.kernel, line.variant, line.case)
        } else {
            line.kernel.to_owned()
        };
        bars.with_group(name, vec![(line.share * 100.0, color)])
    });
    let plots = vec![Plot::Bar(bars)];
    let layout = Layout::auto_from_plots(&plots)
        .with_theme(theme())
        .with_title("% of memory's rate (blue) or arithmetic's (orange); most time lost at the top");
    let size = (WIDTH, AROUND + HEIGHT * lines.len() as f64);
    picture::render((&format!("kernels on {device}"), 20), size, vec![(plots, layout)], SCALE)
}
