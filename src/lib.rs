//! Embedding bags on any GPU: sparse lookup, pooling and fused-optimizer backward in WGSL compute shaders,
//! with a CPU twin for every kernel that gives the same answer.
//!
//! This is the sparse half of a recommender model, for authors of Rust trainers and for people who serve
//! quantised models: rows are looked up by jagged lists of ids and pooled, gradients come back, and just the
//! rows that were touched are updated. It works through wgpu on Vulkan, Metal and DX12, on a device of your
//! own if you like, and on the CPU; the README says which of them are tested.
//!
//! The guide:
//! [first steps](#first-steps) ·
//! [choosing a kind of table](#choosing-a-kind-of-table) ·
//! [batches and bad ids](#batches-and-bad-ids) ·
//! [exactness](#exactness) ·
//! [limits](#limits) ·
//! [your own device](#your-own-device) ·
//! [first use compiles shaders](#first-use-compiles-shaders) ·
//! [checkpoints](#checkpoints)
//!
//! # First steps
//!
//! A [`Context`] is the device: [`Context::auto`] takes a hardware GPU, else the CPU; [`Context::open`] takes
//! the best adapter, software ones too, and is an error where there is none; [`Context::cpu`] always works.
//! [`EmbeddingBags`] are the tables, the features that look ids up in them, and the
//! [`Optimizer`](optim::Optimizer). A batch has a list of ids (a bag) for each feature and example.
//!
//! ```
//! use embag::optim::RowwiseAdagrad;
//! use embag::{Context, EmbeddingBags, Matrix, Pooling, Table};
//!
//! let ctx = Context::cpu();
//! let mut bags = EmbeddingBags::builder(&ctx)
//!     .table("user", Table::rows(2_000).dim(16))
//!     .table("movie", Table::rows(500).dim(16))
//!     .feature("user", "user", Pooling::Sum)
//!     .feature("liked", "movie", Pooling::Mean)
//!     .feature("movie", "movie", Pooling::Sum) // two features may share a table
//!     .optimizer(RowwiseAdagrad::new(0.05))
//!     .build()?;
//! let batch = bags
//!     .batch()
//!     .feature("user", &[17u32, 4]) // one id for each of the two examples
//!     .bags("liked", &[5u32, 31, 90], &[2, 1]) // two for the first, one for the second
//!     .feature("movie", &[90u32, 31])
//!     .build()?;
//! let pooled = bags.forward(&batch)?; // on the device: 2 examples x (16 + 16 + 16) columns
//! let values = pooled.to_vec(&ctx)?;
//! # assert_eq!(values.len(), 2 * 48);
//! // The gradient of your loss, in memory of its own; here of the sum of (value - 1)^2 / 2.
//! let grad: Vec<f32> = values.iter().map(|value| value - 1.0).collect();
//! let grad = Matrix::from_slice(&ctx, &grad, pooled.rows(), pooled.cols())?;
//! let before = bags.read_row("movie", 31)?;
//! bags.backward(&batch, &grad)?; // row 31 occurs three times and is updated once
//! assert_ne!(bags.read_row("movie", 31)?, before);
//! # Ok::<(), embag::Error>(())
//! ```
//!
//! `forward` and `backward` each submit their work and wait for it. Methods that begin with `record_` put it
//! into a [`Recorder`] instead, and so do the layers of [`dense`], so that a whole training step is one
//! submission:
//!
//! ```
//! use embag::dense::{Activation, Mlp, record_bce_with_logits};
//! use embag::optim::{Adagrad, Sgd};
//! use embag::{Context, EmbeddingBags, Matrix, Pooling, Recorder, Table};
//!
//! let ctx = Context::cpu();
//! let mut bags = EmbeddingBags::builder(&ctx)
//!     .table("movie", Table::rows(500).dim(16))
//!     .feature("liked", "movie", Pooling::Mean)
//!     .optimizer(Adagrad::new(0.05))
//!     .build()?;
//! let sgd = Sgd::new(0.1);
//! let mut mlp = Mlp::new(&ctx, &[16, 8, 1], Activation::None, 2, sgd, 7)?;
//! // room for two examples: what lies between the layers, and its gradients
//! let [pooled, pooled_grad] = [Matrix::zeros(&ctx, 2, 16)?, Matrix::zeros(&ctx, 2, 16)?];
//! let [logits, loss, logits_grad] = [(); 3].map(|()| Matrix::zeros(&ctx, 2, 1));
//! let (logits, loss, logits_grad) = (logits?, loss?, logits_grad?);
//!
//! let batch = bags.batch().bags("liked", &[5u32, 31, 90], &[2, 1]).build()?;
//! let clicks = Matrix::from_slice(&ctx, &[1.0, 0.0], 2, 1)?;
//! let mut rec = Recorder::new(&ctx);
//! bags.record_forward(&mut rec, &batch, &pooled)?;
//! mlp.record_forward(&mut rec, &pooled, &logits)?;
//! record_bce_with_logits(&mut rec, &logits, &clicks, &loss, &logits_grad)?;
//! mlp.record_backward(&mut rec, &pooled, &logits, &logits_grad, Some(&pooled_grad))?;
//! mlp.record_step(&mut rec)?;
//! bags.record_backward(&mut rec, &batch, &pooled_grad)?;
//! rec.run()?; // or `submit`, which does not wait
//! assert!(loss.to_vec(&ctx)?.iter().all(|loss| loss.is_finite()));
//! # Ok::<(), embag::Error>(())
//! ```
//!
//! Steps of optimizers count when their recorder is submitted, in the order of submissions. A recorder that
//! is dropped, or refused, leaves tables, state, schedules and counters as they were.
//!
//! Outputs lie side by side in one matrix, or in a matrix for each feature
//! ([`EmbeddingBags::forward_features`], and sequences and batches with different numbers of examples
//! always); both, and outputs of 16 bits, are what [`Outputs`] stands for, and gradients come back in the
//! same forms.
//!
//! Cloning a [`Matrix`] or a [`Buffer`] shares its memory: a clone of an output is not a copy of it. The same
//! goes for a [`Context`] and a [`JaggedBatch`].
//!
//! The examples of the repository are whole programs: `train_ctr` trains click models on MovieLens, Adult,
//! Criteo or LIBSVM files or on data that it makes up; `two_tower` learns what a user will like next,
//! `live_serving` follows a stream.
//!
//! # Choosing a kind of table
//!
//! | you have, or want | use |
//! |---|---|
//! | rows that fit device memory | [`EmbeddingBags`]; [`Table::precision`] keeps rows in 16 bits |
//! | more rows than device memory | [`CachedBags`]: all rows on the host, those in use on the device |
//! | raw 64-bit ids without a vocabulary | [`Table::raw_ids`] in any of the two; [`IdDirectory`] by itself, for rows of any other table |
//! | the same, and fewer bytes than whole rows take | [`ChunkedTables`]: as many columns as a row is worth |
//! | rows of differing dimensions, known before | [`VariableRows`] |
//! | serving in few bits | [`QuantizedBags`]; dense layers: [`quant::QuantizedMlp`] |
//! | serving what is still trained | [`delta`]: rows that changed, taken up while they serve |
//! | rows on several devices, or processes | [`sharded::ShardedBags`] |
//! | gradients for an optimizer of your own, or from several workers | [`EmbeddingBags::sparse_grad`] and [`SparseGradient`] |
//!
//! What each kind does (`-`: it only serves):
//!
//! | | bags | cached | chunked | pruned | quantised | variable |
//! |---|---|---|---|---|---|---|
//! | sums, means, sequences; per-sample weights; padding; some of the features, a number of examples for each | yes | yes | yes | yes | yes | yes |
//! | maxima | yes | yes | yes | yes | yes | no: rows of differing dimensions have none |
//! | gradient of the weights | yes | yes | yes | - | - | yes |
//! | ids from device memory | yes | no: rows are fetched for ids that the host knows | yes | yes | yes | yes |
//! | raw ids | [`Table::raw_ids`] | [`Table::raw_ids`] | always | always | of tables that have them | no: a row has its number, and its columns |
//! | rows of 16 bits; outputs of 16 bits | yes | yes, to the nearest | yes | yes | yes | yes, but not to be moved as they are |
//! | files | yes | yes | yes | yes | yes | yes |
//! | [deltas](delta) | gives | gives | gives | takes | takes | no |
//! | [`SparseGradient`] | yes | yes | no: steps are by chunk | - | - | no: [`VariableRows::update`] takes gradients of rows |
//!
//! All have the same five operations (`forward`, `forward_features`, `record_forward`, `backward`,
//! `record_backward`; those that only serve, the first three). Code that takes any of them uses the traits
//! [`Embeddings`] and [`Lookup`].
//!
//! All take their optimizer from [`optim`]: [`Optimizer`](optim::Optimizer) has a table of them, with what
//! each keeps for a row. [`UpdateRules`](optim::UpdateRules) says what is done around its step (clipping,
//! scaling, max-norm, rounding), [`Schedule`](optim::Schedule) changes the learning rate.
//!
//! Around the tables: [`jagged`] tensors, [`dense`] layers (linear, DLRM's interaction, DCN-v2's cross
//! layers), products, rows of length one and losses (binary cross-entropy, softmax over candidates),
//! [`metrics`], and [`sort`], with the largest scores of rows.
//! The feature `decide` adds a module of that name: decisions of many small problems at once, within constraints.
//!
//! # Batches and bad ids
//!
//! [`EmbeddingBags::batch`] takes bags by lengths, offsets, starts, rows of a matrix or nested lists, with
//! per-sample weights, and a batch size for each feature ([`BatchBuilder`](bag::BatchBuilder)).
//! [`EmbeddingBags::batch_from_lengths`] takes the whole layout of a KeyedJaggedTensor at once,
//! [`EmbeddingBags::batch_from_device`] ids that are in device memory already ([`DeviceBatch`]). [`Pooling`]
//! says what a feature makes of its bags. Batches of [raw ids](Table::raw_ids) are not built but
//! [admitted](EmbeddingBags::admit), to train, or [found](EmbeddingBags::find), to serve.
//!
//! An id must be a row of its table or the feature's padding id. Anything else is an error that names
//! feature, example, position, id and row count, and when it is returned nothing has been written to tables,
//! state or outputs.
//!
//! - Batches from the host are checked by `build`, before anything is uploaded.
//! - Batches from the device are checked by the first kernels. All later operations on a bad batch do
//!   nothing, and waiting for the submission, or for a readback of it, gives the error of the lowest
//!   position.
//! - With [`Bounds::Skip`] such ids are left out, like the padding id, and counted
//!   ([`JaggedBatch::skipped`]). Ids that are left out do not count for a mean and get no gradient.
//!
//! ```
//! use embag::{Bounds, Context, EmbeddingBags, Pooling, Table};
//!
//! let ctx = Context::cpu();
//! let described =
//!     EmbeddingBags::builder(&ctx).table("movie", Table::rows(500)).feature("liked", "movie", Pooling::Mean);
//! let bags = described.clone().build()?;
//! let error = bags.batch().bags("liked", &[5i64, 900, -3], &[2, 1]).build().unwrap_err();
//! let expected = "feature \"liked\", example 0, position 1: id 900 out of range for 500 rows";
//! assert_eq!(error.to_string(), expected);
//!
//! let tolerant = described.bounds(Bounds::Skip).build()?;
//! let batch = tolerant.batch().bags("liked", &[5i64, 900, -3], &[2, 1]).build()?;
//! assert_eq!(batch.skipped()?, 2);
//! # Ok::<(), embag::Error>(())
//! ```
//!
//! Every [`Error`] says which argument, what was expected and what was got. There are no panics on bad input.
//!
//! # Exactness
//!
//! - All arithmetic is `f32`, whatever type tables are kept in.
//! - Updates are exact and deterministic: each touched row is updated once, with the sum of all its
//!   gradients, and gets the same bits on every run.
//! - A row's new bits depend on its own occurrences alone (and, where 16 bits are rounded at random, on seed,
//!   step, table, row and column): not on its neighbours in the batch, nor on the number of threads, nor on
//!   how tables are cut into bindings.
//! - On devices that round every operation by itself, such as Mesa's lavapipe, a GPU gives the CPU's bits,
//!   matrix products and the loss aside. Real GPUs may contract products into sums, and differ by a few units
//!   in the last place.
//! - The forward of a table that is larger than one binding adds the sums of its parts in their order.
//! - What NaN, infinities and overflow do in a step is said at [`Optimizer`](optim::Optimizer).
//! - Matrix products are within 1e-5 of the sum of the terms' absolute values, and repeatable on one machine.
//!   The sums of [`quant::Int8Linear`] are exact in 32 bits and never saturate.
//!
//! # Limits
//!
//! - A table has at most 2^32 - 2 rows ([`MAX_ROWS`]) of any dimension. It may be larger than one binding and
//!   one buffer of the device.
//! - What tables, their state and what rows are found with take is added up before any of it is made, and
//!   refused if the machine, or the control group of the process, has not that much left
//!   ([`Error::OutOfMemory`]): on the CPU, on software adapters and on integrated GPUs. Other drivers refuse
//!   by themselves ([`Error::Device`]).
//! - The gradient of one table's features must fit one binding (128 MiB by default); the whole gradient and
//!   outputs need not. Batches from the device without counts need all of it in one.
//! - The values of a jagged tensor must fit one binding; dense outputs made of them need not. So must those
//!   of a batch of [`VariableRows`], where rows are moved as they are: then ids come from the host and values
//!   are `f32`. Their features are no maxima, and they have no raw ids.
//! - Software adapters end long loops: bags of more than 32,250 ids, for example, are an error there, not on
//!   the CPU or on real GPUs.
//! - In [`ChunkedTables`] the gradient of one table's features must fit one binding, and so must, for each
//!   table, its directory (9 bytes a row), a word for each chunk of its rows, 4 bytes for each column of each
//!   id of a batch in a backward, and 16 bytes for each chunk of each id of a batch with new ids; for an
//!   adjustment a word for each chunk of all tables together. So must, for a maximum and for the gradient of
//!   per-sample weights, the rows of one feature's ids, which are gathered first.
//! - [`CachedBags`] take batches from the host, and round 16 bits to the nearest only. All their rows must
//!   fit host memory, and a row with its state one binding.
//! - Tables, state, outputs and their gradients may be `f16` or `bf16`; gradients of 16 bits are widened
//!   first.
//! - The weights of linear layers are quantised on the host; int8 layers have at most 65,536 inputs. Rows are
//!   quantised on the device; a greedy range is the CPU's on devices that do not contract products into sums,
//!   and may be its neighbour on others.
//! - [`EmbeddingBags::record_backward`] says how much scratch memory a backward takes.
//!
//! # Your own device
//!
//! [`Context::from_wgpu`] takes a device and a queue of [`wgpu`] (this crate exports the one that it uses).
//! It needs nothing beyond `wgpu::Limits::default()`, and no features. [`Buffer::from_wgpu`] takes a range of
//! your buffer as ids, offsets, weights, outputs, gradients or table rows, without a copy (usage `STORAGE`,
//! to which copies add their own; offset a multiple of `min_storage_buffer_offset_alignment`);
//! [`Buffer::as_wgpu`] gives the buffer of anything back. Ranges of one buffer may be read and written by one
//! call as long as they do not overlap. Your submissions and embag's run in the order of the queue.
//!
//! [`Recorder::encode`] puts recorded work into an encoder of yours, between your own passes, for a
//! submission that is yours; the example `own_encoder` of the repository is a whole program. Whether work is
//! done, and what was wrong with its batches, tells [`Submission::wait`], or [`Submission::poll`], which
//! never blocks. [`EmbeddingBags::batches`] makes batches in the threads that load your data.
//!
//! ```
//! use embag::{Buffer, Context, Matrix, Result, Table, wgpu};
//!
//! /// A table whose 1,000 rows of 16 columns are in a buffer of yours, and an output in another one.
//! fn yours(
//!     device: wgpu::Device,
//!     queue: wgpu::Queue,
//!     rows: wgpu::Buffer,
//!     out: wgpu::Buffer,
//! ) -> Result<(Context, Table, Matrix)> {
//!     let ctx = Context::from_wgpu(device, queue)?;
//!     let rows = Buffer::from_wgpu(&ctx, rows, 0, 1_000 * 16 * 4)?;
//!     let out = Buffer::from_wgpu(&ctx, out, 0, 64 * 16 * 4)?;
//!     let (table, out) = (Table::rows(1_000).dim(16).storage(rows), Matrix::new(out, 64, 16, 16)?);
//!     Ok((ctx, table, out))
//! }
//! ```
//!
//! [`Context::open`] takes the best adapter; `WGPU_BACKEND` and `WGPU_ADAPTER_NAME` narrow the choice, and
//! `println!("{ctx}")` shows adapter, driver, limits and optional features.
//!
//! # Where the time goes
//!
//! [`Recorder::profile`] in place of `run` gives the device time of every kernel of a step, with calls and
//! bytes, as a table; profiles of several steps add up.
//!
//! [`Context::tune`] measures, once for a machine, which of several kernels with the same bits is the fastest
//! on a GPU; its [`Tuning`] can be kept in a file.
//!
//! # First use compiles shaders
//!
//! On a GPU the first use of a kernel compiles its shader, so the first step of a program takes longer than
//! the second. What a step needs is built side by side. [`Context::warm_up`] builds the pipelines of every
//! kernel for the device and its tuning ahead of time: all of them, many more than one model uses;
//! [`Context::build_times`] says how long each took. Drivers may keep compiled shaders on disk, and those that
//! leave that to the program do so with [`ContextOptions::pipeline_cache`]. Some compile to machine code no
//! earlier than at the first dispatch: to be sure, run one step on a small batch before the clock matters.
//!
//! What it costs, with the tables of the README's example (2026-11-29, two cores of an AMD EPYC shared with
//! other work, release build; ranges of three runs):
//!
//! | | `warm_up` | first forward | first backward | later calls |
//! |---|---|---|---|---|
//! | lavapipe (Mesa 22.3.6), nothing on disk | not called | 53 to 58 ms | 1.9 to 2.1 s | 0.2 to 1.4 ms |
//! | the same | 14 s | 51 to 54 ms | 1.8 s | 0.2 to 1.3 ms |
//! | lavapipe with Mesa's cache of an earlier run | not called | 3 to 4 ms | 0.2 s | 0.1 to 1.1 ms |
//! | the same | 14 s | 1 ms | 10 to 13 ms | 0.2 to 1.2 ms |
//! | [`Context::cpu`] | nothing to do | 0.2 ms | 0.2 ms | 0.02 to 0.1 ms |
//!
//! So on lavapipe `warm_up` takes little of the wait from a first run, since Mesa compiles at the first
//! dispatch, and its 218 pipelines (the longest takes 1.5 s) take longer than those of one model. On an NVIDIA
//! H100 (2026-11-27) building all variants of all kernels and checking them took 26 s with the optional
//! features that the card has; without these its driver was still busy with one pipeline after 110 s.
//!
//! # Checkpoints
//!
//! [`EmbeddingBags::save`] writes all tables, their optimizer state, the learning rate and the number of
//! steps into one safetensors file, and [`EmbeddingBags::load`] takes them back, to the bit;
//! [`EmbeddingBags::export`] and [`EmbeddingBags::import`] put them into a [`Checkpoint`] beside other parts
//! of a model. [`CachedBags`] write and read the same files. A file is written beside its target and renamed
//! over it, and has a checksum; nothing is loaded unless everything fits.
//!
//! ```
//! use embag::optim::Adagrad;
//! use embag::{Context, EmbeddingBags, Pooling, Table};
//!
//! let ctx = Context::cpu();
//! let described = EmbeddingBags::builder(&ctx)
//!     .table("movie", Table::rows(500).dim(16))
//!     .feature("liked", "movie", Pooling::Mean)
//!     .optimizer(Adagrad::new(0.05));
//! let bags = described.clone().seed(7).build()?;
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("movies.safetensors");
//! # let path = path.to_str().unwrap();
//! bags.save(path)?;
//!
//! let mut again = described.build()?; // other first values
//! again.load(path)?;
//! assert_eq!(again.read_row("movie", 31)?, bags.read_row("movie", 31)?);
//! # Ok::<(), embag::Error>(())
//! ```

pub mod bag;
pub mod cached;
mod cast;
pub mod checkpoint;
pub mod chunked;
mod cpu;
#[cfg(feature = "decide")]
pub mod decide;
pub mod delta;
pub mod dense;
mod device;
pub mod directory;
mod disabled;
mod embeddings;
mod error;
pub mod jagged;
#[cfg(feature = "testing")]
pub mod kernel;
#[cfg(not(feature = "testing"))]
#[allow(unreachable_pub, reason = "public for tests")]
mod kernel;
#[cfg(feature = "testing")]
pub mod kernels;
#[cfg(not(feature = "testing"))]
#[allow(unreachable_pub, reason = "public for tests")]
mod kernels;
#[cfg(feature = "testing")]
pub mod measured;
pub mod metrics;
mod names;
mod numbers;
pub mod optim;
#[cfg(feature = "testing")]
pub mod parity;
pub mod quant;
pub mod sharded;
pub mod sort;
mod table;
mod tune;
mod update;
pub mod variable;

#[doc(inline)]
pub use bag::{
    Bounds, DeviceBatch, EmbeddingBags, Gradients, Id, JaggedBatch, Outputs, Pooling, SparseGradient,
};
#[doc(inline)]
pub use cached::CachedBags;
#[doc(inline)]
pub use checkpoint::Checkpoint;
#[doc(inline)]
pub use chunked::{ChunkedTables, PrunedTables};
pub use device::{
    Buffer, Context, ContextOptions, Counters, DeviceLimits, Encoded, KernelTime, MatmulTile, Matrix, Plan,
    Precision, Profile, Readback, Recorder, Shape, SortVariant, Submission, Tuning,
};
#[doc(inline)]
pub use directory::IdDirectory;
pub use embeddings::{Embeddings, Lookup};
pub use error::{Error, Result};
#[doc(inline)]
pub use quant::QuantizedBags;
pub use table::{Init, MAX_ROWS, Table};
pub use tune::Tuned;
#[doc(inline)]
pub use variable::VariableRows;
/// The wgpu whose devices, queues and buffers contexts work on.
pub use wgpu;

/// The README's example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
