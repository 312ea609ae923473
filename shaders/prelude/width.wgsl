// Values of an element of the variant.
override WIDTH: u32;
