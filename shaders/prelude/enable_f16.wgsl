// For devices with 16-bit floats.
enable f16;
