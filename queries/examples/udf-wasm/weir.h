// How weir passes batches to a module: the frames of docs/udf-wasm.md. Nothing here is about one function; copy the file. It
// needs no C library: memory begins where the linker says and is never freed, results are written behind the batch.
#ifndef WEIR_H
#define WEIR_H

#include <stddef.h>
#include <stdint.h>

// A column: validity bits, values or offsets, and for text the bytes.
struct column {
    uint64_t *valid;
    void *values;
    uint8_t *data;
    uint32_t size;
};

// A batch. The arguments' columns follow the result's in memory.
struct frame {
    uint32_t rows, columns;
    uint32_t row; // at which the function is: weir blames it when the module gives up
    uint32_t *groups;
    const char *message;
    uint32_t message_size;
    struct column result;
};

#define EXPORT(name) __attribute__((export_name(#name)))

// The section of the module that describes its functions.
#define SIGNATURES(text) __asm__(".section .custom_section.weir,\"\",@\n.ascii " #text "\n");

extern uint8_t __heap_base;
static uint8_t *weir_batch_end;

// Has memory up to end.
static void weir_need(uint8_t *end) {
    size_t have = __builtin_wasm_memory_size(0) << 16, want = (size_t)end;
    if (want > have && __builtin_wasm_memory_grow(0, (want - have + 0xFFFF) >> 16) == (size_t)-1)
        __builtin_trap();
}

// The memory that weir writes a batch to; the results' bytes come behind it.
EXPORT(weir_buffer)
void *weir_buffer(uint32_t size) {
    uint8_t *start = (uint8_t *)(((size_t)&__heap_base + 7) & ~(size_t)7);
    weir_batch_end = start + ((size + 7) & ~7u);
    weir_need(weir_batch_end);
    return start;
}

static inline struct column *argument(struct frame *f, uint32_t k) { return &f->result + 1 + k; }

static inline uint32_t text_size(const struct column *c, uint32_t i) {
    const uint32_t *offsets = c->values;
    return offsets[i + 1] - offsets[i];
}

static inline const uint8_t *text_at(const struct column *c, uint32_t i) { return c->data + ((const uint32_t *)c->values)[i]; }

// Whether row i of the result is NULL already, because an argument is.
static inline int is_null(const struct frame *f, uint32_t i) { return !(f->result.valid[i / 64] >> (i % 64) & 1); }

static inline void set_null(struct frame *f, uint32_t i) { f->result.valid[i / 64] &= ~((uint64_t)1 << (i % 64)); }

// Appends to the text of the row in hand.
static inline void put(struct frame *f, const void *bytes, uint32_t size) {
    if (!f->result.data)
        f->result.data = weir_batch_end;
    uint8_t *to = f->result.data + f->result.size;
    weir_need(to + size);
    for (uint32_t i = 0; i < size; i++)
        to[i] = ((const uint8_t *)bytes)[i];
    f->result.size += size;
}

// Ends the text of row i, also of one that is NULL.
static inline void end_text(struct frame *f, uint32_t i) { ((uint32_t *)f->result.values)[i + 1] = f->result.size; }

// Fails the job because of row f->row; return what this returns.
static inline uint32_t fail(struct frame *f, const char *message, uint32_t size) {
    f->message = message;
    f->message_size = size;
    return 1;
}

#endif
