//! Two SQL functions in Rust: a scalar one and an aggregate. To compile: weir udf build slug.rs, which runs
//!
//!     rustc --edition 2021 --target wasm32-unknown-unknown --crate-type cdylib -O -C strip=symbols slug.rs
//!
//! slug('Hello, World!') = 'hello-world'
//! slug('  2 + 2 = 4') = '2-2-4'
//! half(-7) = -3
//! SELECT root_mean_square(x) FROM (VALUES (1e0), (7e0)) AS t (x) = 5.0

#[macro_use]
mod weir;
use weir::Frame;

signatures!(
    b"abi 1
scalar slug(title STRING) STRING NOT NULL
scalar half(x BIGINT) BIGINT NOT NULL
aggregate root_mean_square(x DOUBLE) DOUBLE retract
"
);

/// A title as a part of a URL: lower case, with a dash for everything that is no letter or digit.
#[no_mangle]
pub extern "C" fn slug(frame: &mut Frame) -> u32 {
    let titles = frame.texts(0);
    let mut out = frame.out_bytes();
    for i in 0..frame.rows as usize {
        frame.row = i as u32;
        if !frame.is_null(i) {
            let start = out.bytes.len();
            let mut dash = false;
            for c in titles.get(i).bytes() {
                if c.is_ascii_alphanumeric() {
                    if dash && out.bytes.len() > start {
                        out.bytes.push(b'-');
                    }
                    dash = false;
                    out.bytes.push(c.to_ascii_lowercase());
                } else {
                    dash = true;
                }
            }
        }
        out.end(i);
    }
    frame.give(out);
    0
}

/// Half of a number, towards zero.
#[no_mangle]
pub extern "C" fn half(frame: &mut Frame) -> u32 {
    let xs = frame.values::<i64>(0);
    let out = frame.out::<i64>();
    for i in 0..xs.len() {
        out[i] = xs[i] / 2;
    }
    0
}

/// The state of the root mean square of one group.
#[derive(Clone, Copy, Default)]
struct Mean {
    squares: f64,
    rows: i64,
}

static mut MEANS: Vec<Mean> = Vec::new();

fn means() -> &'static mut Vec<Mean> {
    unsafe { &mut *std::ptr::addr_of_mut!(MEANS) }
}

#[no_mangle]
pub extern "C" fn root_mean_square_grow(groups: u32) -> u32 {
    means().resize(groups as usize, Mean::default());
    0
}

#[no_mangle]
pub extern "C" fn root_mean_square_reset(group: u32) -> u32 {
    means()[group as usize] = Mean::default();
    0
}

fn add(frame: &mut Frame, sign: i64) -> u32 {
    let (groups, xs) = (frame.groups(), frame.values::<f64>(0));
    for i in 0..xs.len() {
        frame.row = i as u32;
        if !xs[i].is_finite() {
            return frame.fail(format!(
                "the root mean square is of finite numbers, found {}",
                xs[i]
            ));
        }
        let mean = &mut means()[groups[i] as usize];
        mean.squares += sign as f64 * xs[i] * xs[i];
        mean.rows += sign;
    }
    0
}

#[no_mangle]
pub extern "C" fn root_mean_square_add(frame: &mut Frame) -> u32 {
    add(frame, 1)
}

#[no_mangle]
pub extern "C" fn root_mean_square_retract(frame: &mut Frame) -> u32 {
    add(frame, -1)
}

#[no_mangle]
pub extern "C" fn root_mean_square_merge(frame: &mut Frame) -> u32 {
    let groups = frame.groups();
    let other = means()[groups[1] as usize];
    let mean = &mut means()[groups[0] as usize];
    mean.squares += other.squares;
    mean.rows += other.rows;
    0
}

#[no_mangle]
pub extern "C" fn root_mean_square_result(frame: &mut Frame) -> u32 {
    let (groups, out) = (frame.groups(), frame.out::<f64>());
    for i in 0..groups.len() {
        let mean = means()[groups[i] as usize];
        if mean.rows > 0 {
            out[i] = (mean.squares / mean.rows as f64).sqrt();
        } else {
            frame.set_null(i);
        }
    }
    0
}

#[no_mangle]
pub extern "C" fn root_mean_square_encode(frame: &mut Frame) -> u32 {
    let mean = means()[frame.groups()[0] as usize];
    let mut out = frame.out_bytes();
    out.bytes.extend_from_slice(&mean.squares.to_le_bytes());
    out.bytes.extend_from_slice(&mean.rows.to_le_bytes());
    out.end(0);
    frame.give(out);
    0
}

#[no_mangle]
pub extern "C" fn root_mean_square_decode(frame: &mut Frame) -> u32 {
    let (group, state) = (frame.groups()[0] as usize, frame.state());
    if state.len() != 16 {
        return frame.fail(format!("its state has {} bytes, expected 16", state.len()));
    }
    let (squares, rows) = state.split_at(8);
    means()[group] = Mean {
        squares: f64::from_le_bytes(squares.try_into().unwrap()),
        rows: i64::from_le_bytes(rows.try_into().unwrap()),
    };
    0
}
