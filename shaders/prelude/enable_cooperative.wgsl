// For devices with 16-bit floats and cooperative matrices of them.
enable f16;
enable wgpu_cooperative_matrix;
