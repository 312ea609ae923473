//! What a checkpoint has of a method.

use super::affine::finite;
use crate::device::Buffer;
use crate::{Checkpoint, Context, Matrix, Result};

/// Tensors that are saved under a prefix.
pub(super) type Part<'a> = (String, Vec<Saved<'a>>);

/// One tensor.
pub(super) enum Saved<'a> {
    /// Words that say of what problem the others are.
    Problem(&'static str, Vec<u32>),
    Floats(&'static str, &'a Matrix),
    Words(&'static str, &'a Buffer),
}

/// Adds tensors to a checkpoint, each named `prefix.name`.
pub(super) fn export(ctx: &Context, checkpoint: &mut Checkpoint, parts: &[Part<'_>]) -> Result<()> {
    for (prefix, saved) in parts.iter().flat_map(|(prefix, all)| all.iter().map(move |saved| (prefix, saved)))
    {
        match saved {
            Saved::Problem(name, words) => {
                checkpoint.insert(&format!("{prefix}.{name}"), &[words.len()], words.clone())?;
            }
            Saved::Floats(name, matrix) => {
                let values = matrix.to_vec(ctx)?;
                checkpoint.insert(&format!("{prefix}.{name}"), &[matrix.rows(), matrix.cols()], values)?;
            }
            Saved::Words(name, buffer) => {
                let words: Vec<u32> = buffer.read(ctx)?;
                checkpoint.insert(&format!("{prefix}.{name}"), &[words.len()], words)?;
            }
        }
    }
    Ok(())
}

/// What is read before anything is written.
enum Read<'a> {
    Nothing,
    Floats(&'a Matrix, &'a [f32]),
    Words(&'a Buffer, &'a [u32]),
}

/// Puts back what [`export`] wrote, if all of it is there, of the same problem and shapes, and finite.
pub(super) fn import(ctx: &Context, checkpoint: &Checkpoint, parts: &[Part<'_>]) -> Result<()> {
    let all = parts.iter().flat_map(|(prefix, all)| all.iter().map(move |saved| (prefix, saved)));
    let all = all.map(|(prefix, saved)| saved.read(checkpoint, prefix)).collect::<Result<Vec<_>>>()?;
    for read in all {
        match read {
            Read::Floats(matrix, values) if matrix.rows() > 0 => matrix.write(ctx, values)?,
            Read::Words(buffer, words) => buffer.write(ctx, 0, words)?,
            Read::Nothing | Read::Floats(..) => {}
        }
    }
    Ok(())
}

impl Saved<'_> {
    fn read<'a>(&'a self, checkpoint: &'a Checkpoint, prefix: &str) -> Result<Read<'a>> {
        let (Self::Problem(name, _) | Self::Floats(name, _) | Self::Words(name, _)) = self;
        let name = format!("{prefix}.{name}");
        match self {
            Self::Problem(_, words) => {
                let got: &[u32] = checkpoint.tensor(&name, &[words.len()])?;
                let differs = || checkpoint.mismatch(&name, format!("{words:?}"), format!("{got:?}"));
                if got == &words[..] { Ok(Read::Nothing) } else { Err(differs()) }
            }
            Self::Floats(_, matrix) => {
                let values: &[f32] = checkpoint.tensor(&name, &[matrix.rows(), matrix.cols()])?;
                finite(&name, values).map_err(|error| checkpoint.mismatch(&name, "finite values", error))?;
                Ok(Read::Floats(matrix, values))
            }
            Self::Words(_, buffer) => {
                let len = usize::try_from(buffer.size() / 4).unwrap_or(usize::MAX);
                Ok(Read::Words(buffer, checkpoint.tensor(&name, &[len])?))
            }
        }
    }
}
