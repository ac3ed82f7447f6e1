//! How weir passes batches to a module: the frames of docs/udf-wasm.md. Nothing here is about one function; copy the file.

/// The section of the module that describes its functions.
macro_rules! signatures {
    ($text:expr) => {
        #[link_section = "weir"]
        #[used]
        static SIGNATURES: [u8; $text.len()] = *$text;
    };
}

use std::ptr::addr_of_mut;
use std::slice;

/// A column: validity bits, values or offsets, and for text the bytes.
#[repr(C)]
pub struct Column {
    valid: *mut u64,
    values: *mut u8,
    data: *const u8,
    size: u32,
}

/// A batch. The arguments' columns follow the result's in memory.
#[repr(C)]
pub struct Frame {
    pub rows: u32,
    pub columns: u32,
    /// The row at which the function is: weir blames it when the module gives up.
    pub row: u32,
    groups: *const u32,
    message: *const u8,
    message_size: u32,
    result: Column,
}

static mut BUFFER: Vec<u64> = Vec::new();
static mut BYTES: Vec<u8> = Vec::new();
static mut MESSAGE: String = String::new();

/// The memory that weir writes a batch to: one buffer, used again and again.
#[no_mangle]
pub extern "C" fn weir_buffer(size: u32) -> *mut u64 {
    let buffer = unsafe { &mut *addr_of_mut!(BUFFER) };
    let words = size as usize / 8 + 1;
    if buffer.len() < words {
        *buffer = vec![0; words];
    }
    buffer.as_mut_ptr()
}

impl Frame {
    fn argument(&self, k: usize) -> &'static Column {
        unsafe { &*(&self.result as *const Column).add(1 + k) }
    }

    /// The values of argument k, of a type with a width.
    pub fn values<T>(&self, k: usize) -> &'static [T] {
        unsafe { slice::from_raw_parts(self.argument(k).values as *const T, self.rows as usize) }
    }

    /// Argument k, which is STRING.
    pub fn texts(&self, k: usize) -> Texts {
        let column = self.argument(k);
        unsafe {
            Texts {
                offsets: slice::from_raw_parts(column.values as *const u32, self.rows as usize + 1),
                data: slice::from_raw_parts(column.data, column.size as usize),
            }
        }
    }

    /// The group of each row, for aggregates.
    pub fn groups(&self) -> &'static [u32] {
        unsafe { slice::from_raw_parts(self.groups, self.rows as usize) }
    }

    /// Whether row i of the result is NULL already, because an argument is.
    pub fn is_null(&self, i: usize) -> bool {
        unsafe { *self.result.valid.add(i / 64) >> (i % 64) & 1 == 0 }
    }

    pub fn set_null(&mut self, i: usize) {
        unsafe { *self.result.valid.add(i / 64) &= !(1 << (i % 64)) }
    }

    /// The places of results that have a width.
    pub fn out<T>(&mut self) -> &'static mut [T] {
        unsafe { slice::from_raw_parts_mut(self.result.values as *mut T, self.rows as usize) }
    }

    /// The place of results that are STRING or BYTES.
    pub fn out_bytes(&mut self) -> Bytes {
        let bytes = unsafe { &mut *addr_of_mut!(BYTES) };
        bytes.clear();
        let offsets = unsafe {
            slice::from_raw_parts_mut(self.result.values as *mut u32, self.rows as usize + 1)
        };
        Bytes { bytes, offsets }
    }

    /// Says where the bytes of the results are, once all rows have ended.
    pub fn give(&mut self, out: Bytes) {
        self.result.data = out.bytes.as_ptr();
        self.result.size = out.bytes.len() as u32;
    }

    /// The state that an aggregate is to take back.
    pub fn state(&self) -> &'static [u8] {
        let column = self.argument(0);
        unsafe { slice::from_raw_parts(column.data, column.size as usize) }
    }

    /// Fails the job because of row self.row; return what this returns.
    pub fn fail(&mut self, message: String) -> u32 {
        let kept = unsafe { &mut *addr_of_mut!(MESSAGE) };
        *kept = message;
        self.message = kept.as_ptr();
        self.message_size = kept.len() as u32;
        1
    }
}

pub struct Texts {
    offsets: &'static [u32],
    data: &'static [u8],
}

impl Texts {
    pub fn get(&self, i: usize) -> &'static str {
        let bytes = &self.data[self.offsets[i] as usize..self.offsets[i + 1] as usize];
        unsafe { std::str::from_utf8_unchecked(bytes) } // weir's texts are UTF-8
    }
}

/// Results that are text: append a row's bytes, then end the row. NULL rows are ended, too.
pub struct Bytes {
    pub bytes: &'static mut Vec<u8>,
    offsets: &'static mut [u32],
}

impl Bytes {
    pub fn end(&mut self, i: usize) {
        self.offsets[i + 1] = self.bytes.len() as u32;
    }
}
