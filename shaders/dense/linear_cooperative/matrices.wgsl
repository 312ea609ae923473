// Matrices of 16 x 16 values that a subgroup holds and multiplies together, by the units that devices have for
// it. In workgroup memory `a` lies by rows; `b`, whose columns are rows of weights, by columns.
alias Half = f16;
alias MatrixA = coop_mat16x16<f16, A>;
alias MatrixB = coop_mat16x16<f16, B>;
alias MatrixC = coop_mat16x16<f32, C>;

fn half(value: vec4<f32>) -> vec4<f16> {
    return vec4<f16>(value);
}

fn matrix_a(at: u32) -> MatrixA {
    return coopLoadT<MatrixA>(&shared_a[at], STRIDE);
}

fn matrix_b(at: u32) -> MatrixB {
    return coopLoad<MatrixB>(&shared_b[at], STRIDE);
}

fn matrix_c(at: u32) -> MatrixC {
    return coopLoadT<MatrixC>(&shared_c[at], SIDE);
}

fn multiplied(thread: u32, a: MatrixA, b: MatrixB, c: MatrixC) -> MatrixC {
    return coopMultiplyAdd(a, b, c);
}

fn store(thread: u32, c: MatrixC, at: u32) {
    coopStoreT(c, &shared_c[at], SIDE);
}
