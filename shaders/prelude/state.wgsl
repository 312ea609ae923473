// The state of a row: ELEMENT_VALUES blocks of one value an element, then ROW_VALUES words for the row (if
// there are blocks, in the space of four). Places are counted in words.
struct ElementState {
    a: vec4<f32>,
    b: vec4<f32>,
}
