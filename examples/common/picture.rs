//! What the examples' pictures share: how they look, and how they are written.

use std::io;
use std::path::{Path, PathBuf};

use kuva::PngBackend;
use kuva::render::figure::Figure;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::theme::Theme;

/// A failure to draw a picture.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// The picture was not drawn.
    #[error("cannot draw the curves: {0}")]
    Draw(String),
    /// The file was not written.
    #[error("{argument}: cannot write `{}`: {cause}", .path.display())]
    Write { argument: &'static str, path: PathBuf, cause: io::Error },
}

/// Writes a picture that was drawn to `path`, which an argument named.
pub fn write(argument: &'static str, path: &Path, png: Result<Vec<u8>, String>) -> Result<(), PlotError> {
    let png = png.map_err(PlotError::Draw)?;
    std::fs::write(path, png).map_err(|cause| PlotError::Write { argument, path: path.to_owned(), cause })
}

/// Panels side by side under a title, in a picture of `size` (width and height) times `scale` pixels.
pub fn render(
    title: (&str, u32),
    size: (f64, f64),
    panels: Vec<(Vec<Plot>, Layout)>,
    scale: f32,
) -> Result<Vec<u8>, String> {
    let (plots, layouts): (Vec<_>, Vec<_>) = panels.into_iter().unzip();
    let scene = Figure::new(1, plots.len())
        .with_title(title.0)
        .with_title_size(title.1)
        .with_figure_size(size.0, size.1)
        .with_plots(plots)
        .with_layouts(layouts)
        .render();
    PngBackend::new().with_scale(scale).render_scene(&scene)
}

/// Text in near black, lines that stay behind the curves.
pub fn theme() -> Theme {
    Theme {
        axis_color: "#555".to_owned(),
        grid_color: "#e4e4e4".to_owned(),
        tick_color: "#555".to_owned(),
        text_color: "#222".to_owned(),
        ..Theme::light()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let error = write("--dims", Path::new("no/such/curves.png"), Ok(vec![1]));
        let error = error.err().map(|error| error.to_string());
        assert!(error.is_some_and(|text| text.starts_with("--dims: cannot write `no/such/curves.png`: ")));
    }
}
