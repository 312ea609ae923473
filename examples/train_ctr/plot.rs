//! The curves of a run as a PNG, drawn with the font that the plotting crate carries, so that no
//! font need be installed.

use std::path::Path;

use kuva::plot::scatter::ScatterPlot;
use kuva::plot::{LegendPosition, LinePlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;

use crate::ctr::EpochReport;
use crate::picture::{self, PlotError, theme};

/// The size of the picture, and the pixels per unit of it: sharp on a dense screen.
const WIDTH: f64 = 1200.0;
const HEIGHT: f64 = 500.0;
const SCALE: f32 = 2.0;
/// More epochs than this get a label every few epochs.
const MAX_TICKS: f64 = 12.0;

/// A named curve of one number of the epochs.
struct Curve {
    name: &'static str,
    color: &'static str,
    value: fn(&EpochReport) -> f64,
}

const LOSSES: [Curve; 2] = [
    Curve { name: "train", color: "#8a8f98", value: |epoch| epoch.train_loss },
    Curve { name: "test", color: "#1f6fb4", value: |epoch| epoch.logloss },
];
const METRICS: [Curve; 2] = [
    Curve { name: "AUC", color: "#2a9d5c", value: |epoch| epoch.auc },
    Curve { name: "NE", color: "#d1582b", value: |epoch| epoch.ne },
];

/// Draws the log losses and the metrics of `epochs` over the epochs and writes them to `path`.
pub fn write_curves(path: &Path, title: &str, epochs: &[EpochReport]) -> Result<(), PlotError> {
    picture::write("--plot", path, draw(title, epochs, SCALE))
}

fn draw(title: &str, epochs: &[EpochReport], scale: f32) -> Result<Vec<u8>, String> {
    let panels = [
        ("Log loss per example", "log loss", &LOSSES[..]),
        ("Test AUC and normalised entropy (NE)", "AUC, NE", &METRICS),
    ];
    let panel = |(panel, y_label, curves): (&str, &str, &[Curve])| {
        let plots: Vec<Plot> = curves.iter().flat_map(|curve| plots(curve, epochs)).collect();
        let layout = layout(&plots, epochs, panel, y_label);
        (plots, layout)
    };
    picture::render((title, 20), (WIDTH, HEIGHT), panels.map(panel).into(), scale)
}

/// A curve's line and its points; the points alone show a run of one epoch.
fn plots(curve: &Curve, epochs: &[EpochReport]) -> [Plot; 2] {
    let points: Vec<(f64, f64)> = (epochs.iter())
        .map(|epoch| (epoch.epoch as f64, (curve.value)(epoch)))
        .filter(|(_, value)| value.is_finite())
        .collect();
    let line = LinePlot::new()
        .with_data(points.clone())
        .with_color(curve.color)
        .with_stroke_width(2.5)
        .with_legend(curve.name);
    let dots = ScatterPlot::new().with_data(points).with_color(curve.color).with_size(4.5);
    [line.into(), dots.into()]
}

fn layout(plots: &[Plot], epochs: &[EpochReport], title: &str, y_label: &str) -> Layout {
    let number = |epoch: Option<&EpochReport>| epoch.map_or(1.0, |epoch| epoch.epoch as f64);
    let (first, last) = (number(epochs.first()), number(epochs.last()));
    Layout::auto_from_plots(plots)
        .with_title(title)
        .with_x_label("epoch")
        .with_y_label(y_label)
        // Half an epoch on either side keeps the points off the frame, and one epoch drawable.
        .with_x_axis_min(first - 0.5)
        .with_x_axis_max(last + 0.5)
        .with_x_tick_step(((last - first) / MAX_TICKS).ceil().max(1.0))
        .with_x_tick_format(TickFormat::Integer)
        .with_y_tick_format(TickFormat::Fixed(3))
        .with_legend_position(LegendPosition::OutsideRightTop)
        .with_legend_box(false)
        .with_theme(theme())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(epoch: usize, auc: f64) -> EpochReport {
        EpochReport {
            epoch,
            train_loss: 0.6 / epoch as f64,
            logloss: 0.6,
            auc,
            ne: 0.9,
            seconds: 1.0,
            examples_per_s: 1.0,
        }
    }

    /// The picture's width and height, from the PNG header.
    fn size(png: &[u8]) -> Option<(u32, u32)> {
        let number = |at: usize| Some(u32::from_be_bytes(png.get(at..at + 4)?.try_into().ok()?));
        png.starts_with(b"\x89PNG\r\n").then_some(())?;
        Some((number(16)?, number(20)?))
    }

    #[test]
    fn one_epoch_many_epochs_and_missing_values_are_drawn() -> Result<(), String> {
        let runs = [
            vec![],
            vec![epoch(1, 0.7)],
            vec![epoch(1, f64::NAN)],
            vec![epoch(3, f64::NAN), epoch(4, 0.7)],
            (1..=100).map(|number| epoch(number, 0.7)).collect(),
        ];
        for epochs in runs {
            assert_eq!(size(&draw("a run", &epochs, 0.5)?), Some((600, 250)));
        }
        Ok(())
    }
}
