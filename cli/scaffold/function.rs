//! A function for SQL. weir udf build mask_phone.rs compiles it, weir udf test mask_phone.rs runs the examples; to use it:
//!
//!     CREATE TEMPORARY FUNCTION mask_phone AS 'file:mask_phone.wasm' LANGUAGE WASM;

#[macro_use]
mod weir;
use weir::Frame;

signatures!(
    b"abi 1
scalar mask_phone(text STRING) STRING NOT NULL
"
);

/// Keeps the last four characters of a text.
///
///     mask_phone('+49 170 1234567') = '***4567'
///     mask_phone('123') = '***'
///     mask_phone(NULL) = NULL
#[no_mangle]
pub extern "C" fn mask_phone(frame: &mut Frame) -> u32 {
    let texts = frame.texts(0);
    let mut out = frame.out_bytes();
    for i in 0..frame.rows as usize {
        frame.row = i as u32;
        if !frame.is_null(i) {
            let text = texts.get(i);
            out.bytes.extend_from_slice(b"***");
            if let Some((at, _)) = text.char_indices().rev().nth(3) {
                out.bytes.extend_from_slice(text[at..].as_bytes());
            }
        }
        out.end(i);
    }
    frame.give(out);
    0
}
