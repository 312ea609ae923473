// What is added: the numbers of `Params::addend`.
const ADDEND_B: u32 = 1u;
const ADDEND_OUT: u32 = 2u;
