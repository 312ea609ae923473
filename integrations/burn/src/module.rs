//! What burn asks of a module.

use burn::module::{
    Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor,
};
use burn::tensor::Device;

use crate::kind::Kind;
use crate::tables::Tables;

impl<T: Kind> Tables<T> {
    /// Tables stay where they are, and keep their autodiff settings, as burn's layers do on their way to a
    /// device.
    fn on(self, device: &Device) -> Self {
        assert!(
            &self.device == device,
            "the tables are on {:?}, and stay there: they cannot move to {device:?}",
            self.device
        );
        self
    }
}

impl<T: Kind> Module for Tables<T> {
    fn collect_devices(&self, mut devices: Devices) -> Devices {
        if !devices.contains(&self.device) {
            devices.push(self.device.clone());
        }
        devices
    }

    fn fork(self, device: &Device) -> Self {
        self.on(device)
    }

    fn to_device(self, device: &Device) -> Self {
        self.on(device)
    }

    fn train(mut self) -> Self {
        self.device = self.device.autodiff();
        self.active = self.active.train();
        self
    }

    fn valid(&self) -> Self {
        let device = self.device.clone().without_autodiff();
        Self { device, active: self.active.valid(), ..self.clone() }
    }

    fn materialize(self) -> Self {
        self
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        visitor.enter_module("active", "Tables");
        Module::visit(&self.active, visitor);
        visitor.exit_module("active", "Tables");
        visitor.enter_module("stamp", "Tables");
        visitor.visit_int(&self.stamp());
        visitor.exit_module("stamp", "Tables");
    }

    fn map<M: ModuleMapper>(mut self, mapper: &mut M) -> Self {
        mapper.enter_module("active", "Tables");
        self.active = Module::map(self.active, mapper);
        mapper.exit_module("active", "Tables");
        mapper.enter_module("stamp", "Tables");
        let stamp = mapper.map_int(self.stamp());
        mapper.exit_module("stamp", "Tables");
        self.stamped(&stamp)
    }
}

impl<T: Kind> ModuleDisplayDefault for Tables<T> {
    fn content(&self, content: Content) -> Option<Content> {
        let text =
            self.with(|tables| format!("tables of {:?}, {} columns", tables.shapes(), tables.output_cols()));
        content.add_formatted(&text).optional()
    }
}

impl<T: Kind> ModuleDisplay for Tables<T> {}
