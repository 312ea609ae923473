// What matrices.wgsl does, in the words of every device, for tests: 32 threads are a subgroup, each with eight
// values of a matrix of sums. Factors are named by where they lie in workgroup memory.
alias Half = f32;

struct MatrixA {
    at: u32,
}

struct MatrixB {
    at: u32,
}

struct MatrixC {
    values: array<f32, 8>,
}

fn half(value: vec4<f32>) -> vec4<f32> {
    return vec4<f32>(
        unpack2x16float(pack2x16float(value.xy)),
        unpack2x16float(pack2x16float(value.zw)),
    );
}

fn matrix_a(at: u32) -> MatrixA {
    return MatrixA(at);
}

fn matrix_b(at: u32) -> MatrixB {
    return MatrixB(at);
}

// All of them begin as zeros.
fn matrix_c(at: u32) -> MatrixC {
    return MatrixC();
}

fn multiplied(thread: u32, a: MatrixA, b: MatrixB, c: MatrixC) -> MatrixC {
    var sums = c;
    for (var i = 0u; i < 8u; i++) {
        let value = thread % 32u * 8u + i;
        for (var k = 0u; k < SIDE; k++) {
            let x = shared_a[a.at + value / SIDE * STRIDE + k];
            sums.values[i] += x * shared_b[b.at + value % SIDE * STRIDE + k];
        }
    }
    return sums;
}

fn store(thread: u32, c: MatrixC, at: u32) {
    for (var i = 0u; i < 8u; i++) {
        shared_c[at + thread % 32u * 8u + i] = c.values[i];
    }
}
