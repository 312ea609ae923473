struct Params {
    len: u32,
    // keys in a tile, and tiles
    tile: u32,
    tiles: u32,
    // the digit is (key >> shift) & (digits - 1)
    shift: u32,
    digits: u32,
    // 1: the values are the positions, and `values_in` is not read
    first: u32,
}
