//! Checkpoints of bags and of plain tensors: round trips, damage of every kind, and models that do not fit.

use std::fs;
use std::path::Path;

use embag::bag::EmbeddingBagsBuilder;
use embag::checkpoint::CheckpointReader;
use embag::dense::{Activation, DenseOptimizer, Linear, Mlp};
use embag::optim::{Adagrad, Adam, Optimizer, RowwiseAdagrad, Sgd, WeightDecay};
use embag::{Checkpoint, Context, ContextOptions, EmbeddingBags, Error, Matrix, Pooling, Recorder, Table};

use crate::common::devices_with;

const OPTIMIZERS: [fn() -> Optimizer; 3] = [
    || Sgd { lr: 0.1, ..Default::default() }.into(),
    || Adagrad { lr: 0.1, eps: 1e-7, weight_decay: WeightDecay::L2(0.01) }.into(),
    || RowwiseAdagrad { lr: 0.1, ..Default::default() }.into(),
];

fn describe(ctx: &Context, optimizer: Optimizer) -> EmbeddingBagsBuilder {
    EmbeddingBags::builder(ctx)
        .table("user", Table::rows(300).dim(4))
        .table("movie", Table::rows(37).dim(3))
        .table("none", Table::rows(0).dim(8))
        .feature("user", "user", Pooling::Sum)
        .feature("liked", "movie", Pooling::Mean)
        .feature("no", "none", Pooling::Sum)
        .optimizer(optimizer)
}

/// Bags of a seed after a step, so that there is state.
fn trained(ctx: &Context, optimizer: Optimizer, seed: u64) -> EmbeddingBags {
    let mut bags = describe(ctx, optimizer).seed(seed).build().unwrap();
    step(&mut bags);
    bags
}

fn step(bags: &mut EmbeddingBags) {
    let batch = bags.batch().feature("user", &[3u32, 299]).bags("liked", &[0u32, 36, 36], &[1, 2]);
    let batch = batch.bags::<u32>("no", &[], &[0, 0]).build().unwrap();
    let grad: Vec<f32> = (0..2 * 15).map(|i| i as f32 / 7.0 - 2.0).collect();
    let grad = Matrix::from_slice(bags.context(), &grad, 2, 15).unwrap();
    bags.backward(&batch, &grad).unwrap();
}

/// The bits of all weights and state.
fn content(bags: &EmbeddingBags) -> Vec<u32> {
    let tables = bags.tables().to_vec();
    let fields = bags.optimizer().map_or(&[][..], |optimizer| optimizer.states());
    let all = |table: &String| {
        let states = fields.iter().map(|field| bags.download_state(table, field.name).unwrap());
        std::iter::once(bags.download(table).unwrap()).chain(states).collect::<Vec<_>>().concat()
    };
    tables.iter().flat_map(all).map(f32::to_bits).collect()
}

fn reason(error: Error) -> String {
    match error {
        Error::Checkpoint { reason, .. } => reason,
        other => panic!("expected a checkpoint error, got {other}"),
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn bags_come_back_bit_for_bit_and_go_on_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bags.safetensors");
    // small windows cut the tables in pieces, and differently than they were saved from
    for options in [ContextOptions::new(), ContextOptions::new().max_binding(2048)] {
        for ctx in devices_with(&options) {
            for optimizer in OPTIMIZERS {
                let mut saved = trained(&ctx, optimizer(), 1);
                saved.set_lr(0.025).unwrap();
                saved.save(&path).unwrap();
                assert_eq!(names(folder.path()), ["bags.safetensors"]);
                let mut loaded = trained(&ctx, optimizer(), 2);
                assert_ne!(content(&loaded), content(&saved));
                loaded.load(&path).unwrap();
                assert_eq!(content(&loaded), content(&saved));
                assert_eq!(loaded.optimizer(), saved.optimizer());
                step(&mut saved);
                step(&mut loaded);
                assert_eq!(content(&loaded), content(&saved));
            }
        }
    }
}

#[test]
fn what_one_device_saved_another_loads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bags.safetensors");
    for from in devices_with(&ContextOptions::new()) {
        let saved = trained(&from, OPTIMIZERS[1](), 1);
        saved.save(&path).unwrap();
        for to in devices_with(&ContextOptions::new().max_binding(2048)) {
            let mut loaded = trained(&to, OPTIMIZERS[1](), 2);
            loaded.load(&path).unwrap();
            assert_eq!(content(&loaded), content(&saved));
        }
    }
}

#[test]
fn bags_without_an_optimizer_take_the_weights_of_any() {
    let ctx = Context::cpu();
    let mut checkpoint = Checkpoint::new();
    let saved = trained(&ctx, OPTIMIZERS[2](), 1);
    saved.export(&mut checkpoint, "bags").unwrap();
    let mut serving = EmbeddingBags::builder(&ctx)
        .table("none", Table::rows(0).dim(8))
        .table("movie", Table::rows(37).dim(3))
        .table("user", Table::rows(300).dim(4))
        .feature("user", "user", Pooling::Sum)
        .build()
        .unwrap();
    serving.import(&checkpoint, "bags").unwrap();
    assert_eq!(serving.download("movie").unwrap(), saved.download("movie").unwrap());

    let mut without = Checkpoint::new();
    serving.export(&mut without, "bags").unwrap();
    let mut bags = trained(&ctx, OPTIMIZERS[2](), 2);
    let error = bags.import(&without, "bags").unwrap_err();
    assert_eq!(reason(error), "optimizer: expected rowwise_adagrad, got none");
}

#[test]
fn bags_that_do_not_fit_are_told_why_and_left_alone() {
    let ctx = Context::cpu();
    let rowwise = || OPTIMIZERS[2]();
    let cases: [(EmbeddingBagsBuilder, Optimizer, &str); 8] = [
        (
            EmbeddingBags::builder(&ctx)
                .table("user", Table::rows(300).dim(4))
                .table("movie", Table::rows(37).dim(3)),
            rowwise(),
            "table \"none\": expected only tables [\"user\", \"movie\"], got one more",
        ),
        (
            describe(&ctx, rowwise()).table("extra", Table::rows(5).dim(2)),
            rowwise(),
            "table \"extra\": expected 5 rows x 2 columns, got only tables [\"user\", \"movie\", \"none\"]",
        ),
        (
            EmbeddingBags::builder(&ctx).table("user", Table::rows(300).dim(8)),
            rowwise(),
            "table \"user\": expected 300 rows x 8 columns, got 300 rows x 4 columns",
        ),
        (
            EmbeddingBags::builder(&ctx).table("user", Table::rows(301).dim(4)),
            rowwise(),
            "table \"user\": expected 301 rows x 4 columns, got 300 rows x 4 columns",
        ),
        (describe(&ctx, rowwise()), Sgd::default().into(), "optimizer: expected sgd, got rowwise_adagrad"),
        (describe(&ctx, rowwise()), OPTIMIZERS[1](), "optimizer: expected adagrad, got rowwise_adagrad"),
        (
            describe(&ctx, rowwise()),
            RowwiseAdagrad { eps: 1e-3, ..Default::default() }.into(),
            "rowwise_adagrad eps: expected 0.001, got 1e-8",
        ),
        (
            describe(&ctx, rowwise()),
            RowwiseAdagrad { weight_decay: WeightDecay::L2(0.5), ..Default::default() }.into(),
            "rowwise_adagrad weight_decay: expected {\"l2\":0.5}, got none",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bags.safetensors");
    trained(&ctx, rowwise(), 1).save(&path).unwrap();
    for (described, optimizer, expected) in cases {
        let mut bags =
            described.feature("f", "user", Pooling::Sum).optimizer(optimizer).seed(2).build().unwrap();
        let before = (content(&bags), bags.optimizer().copied());
        let error = bags.load(&path).unwrap_err();
        assert_eq!(error.to_string(), format!("checkpoint {}: {expected}", path.display()));
        assert_eq!((content(&bags), bags.optimizer().copied()), before);
    }
}

#[test]
fn tensors_of_the_wrong_type_or_none_are_told() {
    let ctx = Context::cpu();
    let mut bags = trained(&ctx, OPTIMIZERS[2](), 1);
    let before = content(&bags);
    // the checkpoint of these bags, but for one tensor
    let altered = |name: &str, replacement: Option<(&[usize], Vec<u32>)>| {
        let mut whole = Checkpoint::new();
        trained(&ctx, OPTIMIZERS[2](), 3).export(&mut whole, "bags").unwrap();
        let mut part = Checkpoint::new();
        for key in ["bags.tables", "bags.optimizer", "bags.steps"] {
            part.set_metadata(key, whole.metadata(key).unwrap()).unwrap();
        }
        for tensor in whole.names().filter(|&tensor| tensor != name) {
            let shape = whole.shape(tensor).unwrap();
            part.insert(tensor, shape, whole.tensor::<f32>(tensor, shape).unwrap().to_vec()).unwrap();
        }
        if let Some((shape, values)) = replacement {
            part.insert(name, shape, values).unwrap();
        }
        part
    };
    let cases = [
        (altered("bags.user.weight", None), "tensor \"bags.user.weight\": expected F32 [300, 4], got none"),
        (
            altered("bags.user.weight", Some((&[300, 4], vec![0; 1200]))),
            "tensor \"bags.user.weight\": expected F32 [300, 4], got U32 [300, 4]",
        ),
        (
            altered("bags.user.weight", Some((&[1200], vec![0; 1200]))),
            "tensor \"bags.user.weight\": expected F32 [300, 4], got U32 [1200]",
        ),
        // the last thing that is read
        (altered("bags.movie.sum", None), "tensor \"bags.movie.sum\": expected F32 [37], got none"),
        (
            altered("bags.movie.sum", Some((&[37], vec![0; 37]))),
            "tensor \"bags.movie.sum\": expected F32 [37], got U32 [37]",
        ),
        (Checkpoint::new(), "metadata \"bags.tables\": expected an entry, got none"),
    ];
    for (checkpoint, expected) in cases {
        assert_eq!(reason(bags.import(&checkpoint, "bags").unwrap_err()), expected);
        assert_eq!(content(&bags), before);
    }
}

/// A small file with every type of tensor and metadata with quotes.
fn small(path: &Path) -> Checkpoint {
    let mut checkpoint = Checkpoint::new();
    checkpoint.insert("a", &[3], vec![1u32, 2, u32::MAX]).unwrap();
    checkpoint.insert("b", &[2, 2], vec![1.0f32, -0.0, f32::NAN, f32::MIN_POSITIVE / 2.0]).unwrap();
    checkpoint.insert("c", &[], vec![u64::MAX]).unwrap();
    checkpoint.insert::<f32>("empty \"name\"", &[0, 5], vec![]).unwrap();
    checkpoint.set_metadata("text", "\"embag.sha256\":\"é\n").unwrap();
    checkpoint.save(path).unwrap();
    checkpoint
}

#[test]
fn tensors_and_metadata_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small");
    let saved = small(&path);
    let loaded = Checkpoint::load(&path).unwrap();
    let bits = |c: &Checkpoint| {
        c.tensor::<f32>("b", &[2, 2]).unwrap().iter().map(|x| x.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(bits(&loaded), bits(&saved));
    assert_eq!(loaded.tensor::<u32>("a", &[3]).unwrap(), [1, 2, u32::MAX]);
    assert_eq!(loaded.tensor::<u64>("c", &[]).unwrap(), [u64::MAX]);
    assert_eq!(loaded.shape("empty \"name\""), Some(&[0, 5][..]));
    assert_eq!(loaded.metadata("text"), saved.metadata("text"));
    assert_eq!(loaded.metadata("embag.sha256"), None);
    assert!(loaded.names().eq(saved.names()));
    // the same content makes the same file, which other readers of the format understand
    let bytes = fs::read(&path).unwrap();
    loaded.save(folder.path().join("again")).unwrap();
    assert_eq!(fs::read(folder.path().join("again")).unwrap(), bytes);
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(tensors.tensor("a").unwrap().data()[..8], [1, 0, 0, 0, 2, 0, 0, 0]);
}

#[test]
fn an_empty_checkpoint_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty");
    Checkpoint::new().save(&path).unwrap();
    assert_eq!(Checkpoint::load(&path).unwrap().names().count(), 0);
}

#[test]
fn a_change_of_any_byte_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small");
    small(&path);
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        for change in [0x01, 0x20, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= change;
            fs::write(&path, &bytes).unwrap();
            let error = Checkpoint::load(&path).expect_err("a byte was changed");
            assert!(
                matches!(&error, Error::Checkpoint { path: named, .. } if *named == path),
                "{at}: {error}"
            );
        }
    }
    let last = whole.len() - 1;
    let mut bytes = whole;
    bytes[last] ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert!(
        reason(Checkpoint::load(&path).unwrap_err()).starts_with("the file was altered: its checksum is ")
    );
}

#[test]
fn a_file_cut_short_or_longer_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small");
    small(&path);
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let error = Checkpoint::load(&path).expect_err("the file is short");
        assert!(matches!(error, Error::Checkpoint { .. }), "{length}: {error}");
    }
    let check = |bytes: &[u8], expected: String| {
        fs::write(&path, bytes).unwrap();
        assert_eq!(reason(Checkpoint::load(&path).unwrap_err()), expected);
    };
    let length = whole.len();
    check(&whole[..5], "expected a header, got 5 bytes".into());
    check(&whole[..length - 1], format!("expected {length} bytes, got {}", length - 1));
    check(&[&whole[..], b"x"].concat(), format!("expected {length} bytes, got {}", length + 1));
    let size = u64::from_le_bytes(whole[..8].try_into().unwrap());
    check(&whole[..100], format!("expected a header of at most 92 bytes, got one of {size}"));
}

#[test]
fn a_file_of_another_format_is_called_that() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other");
    let check = |bytes: &[u8], expected: &str| {
        fs::write(&path, bytes).unwrap();
        assert_eq!(reason(Checkpoint::load(&path).unwrap_err()), expected);
    };
    let zip = "expected a safetensors file, got a zip archive, as torch.save writes it";
    check(&[b"PK\x03\x04\0\0\0\0", &[0; 96][..]].concat(), zip);
    check(&[b"PK\x03\x04\0\0\x08\x08", &[0; 96][..]].concat(), zip);
    let other = "expected a safetensors file, got one of another format";
    check(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", other);
    check(b"\x93NUMPY\x01\0v\0{", other);
    let tensors =
        [("a", safetensors::tensor::TensorView::new(safetensors::Dtype::U8, vec![1], &[7]).unwrap())];
    let bytes = safetensors::serialize(tensors, None).unwrap();
    check(
        &bytes,
        "expected the checksum that embag writes, got none (`Checkpoint::read_foreign` needs none)",
    );
}

#[cfg(unix)]
#[test]
fn pipes_are_neither_read_nor_replaced_and_links_are_followed() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
    let expected = format!("{}: expected a regular file, got a pipe or a device", at("pipe").display());
    assert_eq!(Checkpoint::new().save(at("pipe")).unwrap_err().to_string(), expected);
    assert_eq!(Checkpoint::load(at("pipe")).unwrap_err().to_string(), expected);
    symlink("model", at("link")).unwrap();
    for _ in 0..2 {
        let saved = small(&at("link"));
        assert!(at("link").is_symlink() && !at("model").is_symlink());
        assert!(Checkpoint::load(at("model")).unwrap().names().eq(saved.names()));
    }
    assert_eq!(names(folder.path()), ["link", "model", "pipe"]);
}

#[test]
fn hostile_headers_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile");
    let zeros = "0".repeat(64);
    let huge = u64::MAX.to_string();
    let headers = [
        String::new(),
        "{}".into(),
        "[".repeat(10_000),
        "{\"__metadata__\":{\"embag.sha256\":\"".into(),
        "{\"__metadata__\":{\"embag.sha256\":\"12\"}}".into(),
        format!("{{\"__metadata__\":{{\"embag.sha256\":\"{zeros}\"}}}}"),
        format!("{{\"a\":{{\"dtype\":\"F32\",\"shape\":[{huge},{huge}],\"data_offsets\":[0,{huge}]}}}}"),
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}".into(),
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1099511627776],\"data_offsets\":[0,4398046511104]}}".into(),
        format!(
            "{{\"__metadata__\":{{\"embag.sha256\":\"{zeros}\"}},\"a\":{{\"dtype\":\"F16\",\"shape\":[0],\"data_offsets\":[0,0]}}}}"
        ),
        "{\"a\":{\"dtype\":\"F99\",\"shape\":[0],\"data_offsets\":[0,0]}}".into(),
    ];
    for header in headers {
        let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
        fs::write(&path, bytes).unwrap();
        assert!(matches!(Checkpoint::load(&path), Err(Error::Checkpoint { .. })), "{header:.80}");
    }
    fs::write(&path, u64::MAX.to_le_bytes()).unwrap();
    let expected = format!("expected a header of at most 0 bytes, got one of {huge}");
    assert_eq!(reason(Checkpoint::load(&path).unwrap_err()), expected);
}

#[test]
fn a_damaged_file_leaves_the_bags_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bags");
    for ctx in devices_with(&ContextOptions::new()) {
        trained(&ctx, OPTIMIZERS[1](), 1).save(&path).unwrap();
        let whole = fs::read(&path).unwrap();
        let mut bags = trained(&ctx, OPTIMIZERS[1](), 2);
        let before = content(&bags);
        for at in [0, 8, 100, whole.len() / 2, whole.len() - 1] {
            let mut bytes = whole.clone();
            bytes[at] ^= 4;
            fs::write(&path, bytes).unwrap();
            assert!(matches!(bags.load(&path), Err(Error::Checkpoint { .. })));
            fs::write(&path, &whole[..at]).unwrap();
            assert!(matches!(bags.load(&path), Err(Error::Checkpoint { .. })));
        }
        assert_eq!(content(&bags), before);
    }
}

#[test]
fn a_save_that_fails_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let bags = trained(&Context::cpu(), OPTIMIZERS[0](), 1);
    let taken = folder.path().join("folder");
    fs::create_dir(&taken).unwrap();
    for path in [taken.clone(), folder.path().join("missing/model")] {
        let error = bags.save(&path).unwrap_err();
        assert!(matches!(&error, Error::Io { path: named, .. } if *named == path), "{error}");
        assert!(matches!(Checkpoint::load(&path), Err(Error::Io { .. })));
    }
    assert_eq!(names(folder.path()), ["folder"]);
    assert!(names(&taken).is_empty());
}

#[test]
fn a_later_checkpoint_takes_the_place_of_an_earlier_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let ctx = Context::cpu();
    let (first, second) = (trained(&ctx, OPTIMIZERS[0](), 1), trained(&ctx, OPTIMIZERS[0](), 2));
    first.save(&path).unwrap();
    let opened = fs::File::open(&path).unwrap();
    second.save(&path).unwrap();
    assert_eq!(names(folder.path()), ["model"]);
    let mut bags = trained(&ctx, OPTIMIZERS[0](), 3);
    bags.load(&path).unwrap();
    assert_eq!(content(&bags), content(&second));
    // who had the first one open still reads it whole: the file was replaced, not overwritten
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut &opened, &mut bytes).unwrap();
    fs::write(&path, bytes).unwrap();
    bags.load(&path).unwrap();
    assert_eq!(content(&bags), content(&first));
}

fn adam() -> DenseOptimizer {
    Adam { lr: 0.01, ..Adam::default() }.into()
}

fn mlp(ctx: &Context, sizes: &[usize], optimizer: &DenseOptimizer, seed: u64) -> Mlp {
    Mlp::new(ctx, sizes, Activation::None, 2, *optimizer, seed).unwrap()
}

fn dense_step(ctx: &Context, mlp: &mut Mlp) {
    let x = Matrix::from_slice(ctx, &[1.0, -2.0, 0.5, 3.0, 0.25, -1.0], 2, 3).unwrap();
    let out = Matrix::zeros(ctx, 2, 1).unwrap();
    let grad = Matrix::from_slice(ctx, &[0.5, -0.25], 2, 1).unwrap();
    let mut rec = Recorder::new(ctx);
    mlp.record_forward(&mut rec, &x, &out).unwrap();
    mlp.record_backward(&mut rec, &x, &out, &grad, None).unwrap();
    mlp.record_step(&mut rec).unwrap();
    rec.run().unwrap();
}

#[test]
fn dense_layers_come_back_bit_for_bit_and_go_on_alike() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dense.safetensors");
    let optimizers = [
        Sgd { lr: 0.1, weight_decay: WeightDecay::L2(0.01) }.into(),
        Adagrad { lr: 0.1, eps: 1e-10, ..Adagrad::default() }.into(),
        adam(),
    ];
    for ctx in devices_with(&ContextOptions::new()) {
        for optimizer in &optimizers {
            let mut saved = mlp(&ctx, &[3, 5, 1], optimizer, 1);
            dense_step(&ctx, &mut saved);
            saved.set_lr(0.003).unwrap();
            let mut checkpoint = Checkpoint::new();
            saved.export(&ctx, &mut checkpoint, "top").unwrap();
            checkpoint.save(&path).unwrap();
            let mut loaded = mlp(&ctx, &[3, 5, 1], optimizer, 2);
            loaded.import(&ctx, &Checkpoint::load(&path).unwrap(), "top").unwrap();
            assert_eq!(loaded.optimizer(), saved.optimizer());
            dense_step(&ctx, &mut saved);
            dense_step(&ctx, &mut loaded);
            assert_eq!(loaded.tensors(&ctx).unwrap(), saved.tensors(&ctx).unwrap());
        }
    }
}

#[test]
fn dense_layers_that_do_not_fit_are_told_why_and_left_alone() {
    let ctx = Context::cpu();
    let mut checkpoint = Checkpoint::new();
    mlp(&ctx, &[3, 5, 1], &adam(), 1).export(&ctx, &mut checkpoint, "top").unwrap();
    let adagrad = Adagrad { lr: 0.1, eps: 1e-10, ..Adagrad::default() }.into();
    let cases = [
        (&[3, 4, 1][..], &adam(), "tensor \"top.0.weight\": expected F32 [4, 3], got F32 [5, 3]"),
        (&[3, 5, 7, 1], &adam(), "tensor \"top.1.weight\": expected F32 [7, 5], got F32 [1, 5]"),
        (&[3, 5, 1, 1], &adam(), "tensor \"top.2.weight\": expected F32 [1, 1], got none"),
        (&[3, 5], &adam(), "layers of \"top\": expected 1 layers, got more"),
        (
            &[3, 5, 1],
            &adagrad,
            "top.optimizer: expected Adagrad { lr: 0.1, eps: 1e-10, weight_decay: None }, got Adam { lr: 0.01, ",
        ),
    ];
    for (sizes, optimizer, expected) in cases {
        let mut other = mlp(&ctx, sizes, optimizer, 2);
        let before = other.tensors(&ctx).unwrap();
        let told = reason(other.import(&ctx, &checkpoint, "top").unwrap_err());
        assert!(told.starts_with(expected), "{told}");
        assert_eq!(other.tensors(&ctx).unwrap(), before);
    }
    let mut other = mlp(&ctx, &[3, 5, 1], &adam(), 2);
    let error = other.import(&ctx, &checkpoint, "bottom").unwrap_err();
    assert_eq!(reason(error), "metadata \"bottom.optimizer\": expected an entry, got none");
}

#[test]
fn a_single_layer_goes_on_from_its_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layer.safetensors");
    for ctx in devices_with(&ContextOptions::new()) {
        let layer = |seed| Linear::new(&ctx, 3, 2, Activation::Relu, Adam::new(0.01), seed).unwrap();
        let (x, dy) = (Matrix::zeros(&ctx, 4, 3).unwrap(), Matrix::zeros(&ctx, 4, 2).unwrap());
        x.write(&ctx, &(0..12).map(|k| k as f32 * 0.25 - 1.0).collect::<Vec<_>>()).unwrap();
        dy.write(&ctx, &[0.5; 8]).unwrap();
        let step = |layer: &mut Linear| {
            let y = Matrix::zeros(&ctx, 4, 2).unwrap();
            let mut rec = Recorder::new(&ctx);
            layer.record_forward(&mut rec, &x, &y).unwrap();
            layer.record_backward(&mut rec, &x, &y, &dy, None).unwrap();
            layer.record_step(&mut rec).unwrap();
            rec.run().unwrap();
        };
        let mut saved = layer(1);
        step(&mut saved);
        let mut checkpoint = Checkpoint::new();
        saved.export(&ctx, &mut checkpoint, "head").unwrap();
        checkpoint.save(&path).unwrap();
        let checkpoint = Checkpoint::load(&path).unwrap();
        assert_eq!(checkpoint.shape("head.weight"), Some(&[2, 3][..]));
        let mut loaded = layer(2);
        loaded.import(&ctx, &checkpoint, "head").unwrap();
        step(&mut saved);
        step(&mut loaded);
        assert_eq!(loaded.tensors(&ctx).unwrap(), saved.tensors(&ctx).unwrap());

        let wide = Linear::new(&ctx, 3, 5, Activation::Relu, Adam::new(0.01), 1).unwrap();
        let told = reason(wide.check_import(&checkpoint, "head").unwrap_err());
        assert_eq!(told, "tensor \"head.weight\": expected F32 [5, 3], got F32 [2, 3]");
    }
}

/// Rows that are read by themselves are those of the whole, whatever the type; what is not there is named.
#[test]
fn rows_are_read_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let halves: Vec<half::f16> = (0..30u8).map(|value| half::f16::from_f32(value.into())).collect();
    let mut checkpoint = Checkpoint::new();
    checkpoint.insert("wide", &[10, 3], (0..30u8).map(f32::from).collect()).unwrap();
    checkpoint.insert("half", &[10, 3], halves.clone()).unwrap();
    checkpoint.insert("count", &[7], (0..7u32).collect()).unwrap();
    checkpoint.set_json("steps", &5).unwrap();
    checkpoint.save(&path).unwrap();
    let mut reader = CheckpointReader::open(&path).unwrap();
    for rows in [0..10, 3..5, 9..10, 4..4, 0..1] {
        let values = rows.start * 3..rows.end * 3;
        let wide: Vec<f32> = checkpoint.tensor("wide", &[10, 3]).unwrap()[values.clone()].to_vec();
        assert_eq!(reader.rows::<f32>("wide", rows.clone()).unwrap(), wide, "{rows:?}");
        assert_eq!(reader.rows::<half::f16>("half", rows).unwrap(), halves[values]);
    }
    assert_eq!(reader.rows::<u32>("count", 2..4).unwrap(), [2, 3]);
    assert_eq!((reader.shape("count"), reader.shape("counts")), (Some(&[7][..]), None));
    assert_eq!(reader.json::<u32>("steps").unwrap(), 5);
    let missing = reader.json::<u32>("epochs").unwrap_err();
    assert_eq!(reason(missing), reason(checkpoint.json::<u32>("epochs").unwrap_err()));
    let mut refused = |expected: &str, name: &str, rows: std::ops::Range<usize>| {
        assert_eq!(reason(reader.rows::<f32>(name, rows).unwrap_err()), expected);
    };
    refused("tensor \"none\": expected F32, got none", "none", 0..1);
    refused("tensor \"wide\": expected rows 8 to 11 of F32, got F32 [10, 3]", "wide", 8..11);
    refused("tensor \"half\": expected rows 0 to 1 of F32, got F16 [10, 3]", "half", 0..1);
    // an altered byte anywhere is found when the file is opened
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = CheckpointReader::open(&path).unwrap_err();
    assert!(reason(error).starts_with("the file was altered: its checksum is "));
}
