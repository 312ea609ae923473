// Rows whose dimension, column and stride are multiples of 4.
alias Elem = vec4<f32>;
