//! Where every tensor of burn has a buffer of its own.

mod random_shapes;

use burn::tensor::Device;
use burn::tensor::wgpu::MemoryConfiguration;

#[test]
fn random_shapes_give_embags_bits() {
    let options = Device::wgpu_options().memory_config(MemoryConfiguration::ExclusivePages);
    let (device, ctx) = embag_burn::init(options).expect("a wgpu device");
    random_shapes::random_shapes(&device, &ctx, 1, 60, None).unwrap();
}
