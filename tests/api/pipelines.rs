//! How pipelines are built: which checks shaders have, how long it takes, and the cache on disk.

use embag::optim::Adagrad;
use embag::{Context, ContextOptions, EmbeddingBags, Error, Matrix, Pooling, Shape, Table};

use crate::common;

/// Rows after a step.
fn trained(ctx: &Context) -> Vec<f32> {
    let mut bags = EmbeddingBags::builder(ctx)
        .table("t", Table::rows(100).dim(8))
        .feature("f", "t", Pooling::Mean)
        .optimizer(Adagrad::default())
        .seed(3)
        .build()
        .unwrap();
    let ids: Vec<u32> = (0..64).map(|i| i * 7 % 100).collect();
    let batch = bags.batch().bags("f", &ids, &[16u32; 4]).build().unwrap();
    let grad = Matrix::from_slice(ctx, &[0.5; 32], 4, 8).unwrap();
    bags.backward(&batch, &grad).unwrap();
    bags.download("t").unwrap()
}

#[test]
fn shaders_without_checks_give_the_same_bits() {
    for shape in [Shape::Wide, Shape::Serial] {
        let open = |checked| common::gpu_with(&ContextOptions::new().shape(shape).checked_shaders(checked));
        let (Some(checked), Some(unchecked)) = (open(true), open(false)) else { return };
        common::assert_bits(&common::name_of(&checked), &trained(&unchecked), &trained(&checked));
        common::assert_agrees(&unchecked, "the CPU's", &trained(&unchecked), &trained(&Context::cpu()));
    }
}

#[test]
fn build_times_are_of_the_pipelines_that_were_built() {
    let Some(ctx) = common::gpu() else { return };
    trained(&ctx);
    let times = ctx.build_times();
    assert!(times.iter().any(|(name, _)| name.starts_with("row_update.adagrad.")), "{times:?}");
    assert!(times.is_sorted_by(|a, b| a.1 >= b.1), "{times:?}");
    assert!(Context::cpu().build_times().is_empty());
}

#[test]
fn compiled_pipelines_are_kept_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("of_embag");
    let options = ContextOptions::new().pipeline_cache(&inside);
    let Some(ctx) = common::gpu_with(&options) else { return };
    let expected = trained(&ctx);
    let has_cache = ctx.wgpu().unwrap().0.features().contains(wgpu::Features::PIPELINE_CACHE);
    drop(ctx);
    let files = || {
        std::fs::read_dir(&inside)
            .map_or(Vec::new(), |files| files.map(|file| file.unwrap().path()).collect())
    };
    assert_eq!(files().len(), usize::from(has_cache), "{:?}", files());

    // with what was kept, and with what no driver knows
    for spoilt in [false, true] {
        for file in files().iter().filter(|_| spoilt) {
            std::fs::write(file, "nothing that a driver wrote").unwrap();
        }
        let ctx = common::gpu_with(&options).unwrap();
        common::assert_bits("rows", &trained(&ctx), &expected);
    }
    if has_cache {
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = Context::open_with(&ContextOptions::new().pipeline_cache(&file)).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error}");
        assert!(error.to_string().starts_with(&file.display().to_string()), "{error}");
    }
}
