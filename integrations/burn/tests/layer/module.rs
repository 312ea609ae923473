//! What burn does to modules: records, clones, devices.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::Device;
use embag::optim::Sgd;
use embag::quant::{RangeSearch, RowFormat};
use embag::{Context, Pooling, Table};
use embag_burn::{EmbeddingBags, QuantizedBags};

use crate::common::opened;

#[derive(Module, Debug)]
struct Model {
    bags: EmbeddingBags,
    top: Linear,
}

#[derive(Module, Debug)]
struct Served {
    bags: QuantizedBags,
    top: Linear,
}

fn bags(ctx: &Context, rows: usize) -> embag::EmbeddingBags {
    embag::EmbeddingBags::builder(ctx)
        .table("t", Table::rows(rows).dim(4))
        .feature("f", "t", Pooling::Sum)
        .optimizer(Sgd { lr: 0.5, ..Default::default() })
        .seed(4)
        .build()
        .unwrap()
}

fn model(rows: usize, device: &Device, ctx: &Context) -> Model {
    let bags = EmbeddingBags::new(bags(ctx, rows), device).unwrap();
    Model { bags, top: LinearConfig::new(4, 1).init(device) }
}

fn train(model: &Model) {
    let batch = model.bags.batches().batch().feature("f", &[1u32, 3]).build().unwrap();
    drop(model.top.forward(model.bags.forward(&batch).unwrap()).sum().backward());
    model.bags.step(0.5).unwrap();
}

#[test]
fn a_record_without_its_tables_is_noticed() {
    let (device, ctx) = opened();
    let device = device.autodiff();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tables.safetensors");
    let trained = model(10, &device, &ctx);
    train(&trained);
    train(&trained);
    trained.bags.save_tables(&path).unwrap();
    let record = trained.clone().into_record();

    let fresh = model(10, &device, &ctx).load_record(record.clone());
    let batch = fresh.bags.batches().batch().feature("f", &[1u32]).build().unwrap();
    for layer in [fresh.bags.clone(), fresh.bags.valid()] {
        assert_eq!(
            layer.forward(&batch).unwrap_err().to_string(),
            "tables: expected those of step 2 with sizes [10, 4], of the record that was loaded (`load_tables`, or `accept_tables`), got \
             those of step 0 with sizes [10, 4]"
        );
    }
    fresh.bags.load_tables(&path).unwrap();
    fresh.bags.forward(&batch).unwrap();
    // what trains on is right, and so is what had its tables before the record
    train(&fresh);
    let other = model(10, &device, &ctx);
    other.bags.load_tables(&path).unwrap();
    let other = other.load_record(record.clone());
    let batch = other.bags.batches().batch().feature("f", &[1u32]).build().unwrap();
    other.bags.forward(&batch).unwrap();
    // still so after other mappers, until a record comes whose tables are there
    let mapped = model(10, &device, &ctx).load_record(record.clone()).freeze().unfreeze();
    let batch = mapped.bags.batches().batch().feature("f", &[1u32]).build().unwrap();
    assert!(mapped.bags.forward(&batch).is_err());
    let untrained = model(10, &device, &ctx).into_record();
    mapped.load_record(untrained).bags.forward(&batch).unwrap();
    // tables that are meant to be others
    let older = model(10, &device, &ctx).load_record(record.clone());
    older.bags.accept_tables();
    let batch = older.bags.batches().batch().feature("f", &[1u32]).build().unwrap();
    older.bags.forward(&batch).unwrap();
    // a clone that loads a record leaves the module alone
    let untouched = model(10, &device, &ctx);
    let loaded = untouched.clone().load_record(record.clone());
    let batch = untouched.bags.batches().batch().feature("f", &[1u32]).build().unwrap();
    assert!(loaded.bags.forward(&batch).is_err());
    untouched.bags.forward(&batch).unwrap();
    // tables that do not train have no steps
    let quantized = {
        let trained = bags(&ctx, 10);
        embag::QuantizedBags::of(&trained, |_| (RowFormat::Int8, RangeSearch::MinMax)).unwrap()
    };
    let served = Served { bags: QuantizedBags::new(quantized, &device).unwrap(), top: trained.top.clone() };
    let served = served.load_record(record.clone());
    let batch = served.bags.batches().batch().feature("f", &[1u32]).build().unwrap();
    served.bags.forward(&batch).unwrap();
    // tables of other sizes
    let smaller = model(9, &device, &ctx).load_record(record);
    let batch = smaller.bags.batches().batch().feature("f", &[1u32]).build().unwrap();
    let error = smaller.bags.forward(&batch).unwrap_err().to_string();
    assert!(error.contains("sizes [10, 4]") && error.contains("sizes [9, 4]"), "{error}");
}

#[test]
fn records_go_through_files() {
    let (device, ctx) = opened();
    let device = device.autodiff();
    let folder = tempfile::tempdir().unwrap();
    let trained = model(10, &device, &ctx);
    train(&trained);
    trained.bags.save_tables(folder.path().join("tables.safetensors")).unwrap();
    trained.clone().save_file(folder.path().join("model")).unwrap();
    let loaded = model(10, &device, &ctx).load_file(folder.path().join("model"));
    let batch = loaded.bags.batches().batch().feature("f", &[1u32]).build().unwrap();
    assert!(loaded.bags.forward(&batch).is_err());
    loaded.bags.load_tables(folder.path().join("tables.safetensors")).unwrap();
    let values = |model: &Model, batch| crate::common::bits(model.valid().bags.forward(batch).unwrap());
    let own = trained.bags.batches().batch().feature("f", &[1u32]).build().unwrap();
    assert_eq!(values(&loaded, &batch), values(&trained, &own));
}

#[test]
fn clones_share_tables_and_only_training_tracks() {
    let (device, ctx) = opened();
    let plain = model(10, &device, &ctx);
    let batch = plain.bags.batches().batch().feature("f", &[1u32]).build().unwrap();
    assert!(!plain.bags.forward(&batch).unwrap().device().is_autodiff());
    let training = plain.clone().train();
    assert!(training.bags.forward(&batch).unwrap().device().is_autodiff());
    assert!(!training.valid().bags.forward(&batch).unwrap().device().is_autodiff());
    // as of burn's layers, the autodiff settings are the module's own
    let plainly = |model: &Model| !model.bags.forward(&batch).unwrap().device().is_autodiff();
    assert!(plainly(&plain.clone().fork(&device.clone().autodiff())));
    assert!(plainly(&training.valid().fork(&device.clone().autodiff())));
    assert!(plainly(&training.clone().freeze()));
    assert!(!plainly(&training.clone().freeze().unfreeze()));
    assert!(!plainly(&training.valid().train()));
    let forked = training.fork(&device);
    train(&forked);
    assert_eq!(plain.bags.with(|bags| bags.steps()), 1);
    assert_eq!(plain.devices().len(), 1);
    let shown = format!("{plain}");
    assert!(shown.contains("tables of [[10, 4]], 4 columns"), "{shown}");
}

#[test]
#[should_panic(expected = "they cannot move to")]
fn modules_stay_on_their_device() {
    let (device, ctx) = opened();
    drop(model(10, &device, &ctx).bags.to_device(&Device::flex()));
}
