// Functions that do what functions mustn't. To compile: weir udf build bad.c
#include "../../../queries/examples/udf-wasm/weir.h"

SIGNATURES("abi 1\n"
           "scalar good(x BIGINT) BIGINT NOT NULL\n"
           "scalar forever(x BIGINT) BIGINT\n"
           "scalar recurse(x BIGINT) BIGINT\n"
           "scalar hog(x BIGINT) BIGINT\n"
           "scalar crash(x BIGINT) BIGINT\n"
           "scalar status(x BIGINT) BIGINT\n"
           "scalar mumble(x BIGINT) BIGINT\n"
           "scalar blame(x BIGINT) BIGINT\n"
           "scalar wild(x BIGINT) STRING\n"
           "scalar falling(x BIGINT) STRING\n"
           "scalar latin(x BIGINT) STRING\n"
           "scalar halves(x BIGINT) STRING\n"
           "scalar lost(x BIGINT) BIGINT\n"
           "scalar fourth(x BIGINT) BOOLEAN\n")

static int64_t *longs(struct column *c) { return c->values; }

EXPORT(good) uint32_t good(struct frame *f) {
    for (uint32_t i = 0; i < f->rows; i++)
        longs(&f->result)[i] = longs(argument(f, 0))[i];
    return 0;
}

EXPORT(forever) uint32_t forever(struct frame *f) {
    f->row = 1;
    for (volatile int n = 0; n >= 0; n = 0)
        ;
    return 0;
}

static volatile int64_t depth;

__attribute__((noinline)) static int64_t down(int64_t n) {
    depth = n;
    return down(n + 1) + depth;
}

EXPORT(recurse) uint32_t recurse(struct frame *f) {
    f->row = 0;
    longs(&f->result)[0] = down(0);
    return 0;
}

EXPORT(hog) uint32_t hog(struct frame *f) {
    f->row = 0;
    while (__builtin_wasm_memory_grow(0, 16) != (size_t)-1)
        ;
    __builtin_trap();
}

EXPORT(crash) uint32_t crash(struct frame *f) {
    for (uint32_t i = 0; i < f->rows; i++) {
        f->row = i;
        volatile int64_t x = longs(argument(f, 0))[i];
        longs(&f->result)[i] = 10 / x;
    }
    return 0;
}

EXPORT(status) uint32_t status(struct frame *f) { return 7; }

EXPORT(mumble) uint32_t mumble(struct frame *f) { return fail(f, (const char *)0xFFFFFF00, 4000); }

EXPORT(blame) uint32_t blame(struct frame *f) {
    f->row = 1000000;
    return fail(f, "it was nobody", 13);
}

EXPORT(wild) uint32_t wild(struct frame *f) {
    f->result.data = (uint8_t *)0xFFFFFF00;
    f->result.size = 4000;
    return 0;
}

EXPORT(falling) uint32_t falling(struct frame *f) {
    put(f, "abcdef", 6);
    uint32_t *offsets = f->result.values;
    offsets[1] = 4;
    offsets[2] = 2;
    return 0;
}

EXPORT(latin) uint32_t latin(struct frame *f) {
    put(f, "a", 1);
    end_text(f, 0);
    put(f, "\xE9", 1);
    end_text(f, 1);
    return 0;
}

EXPORT(halves) uint32_t halves(struct frame *f) {
    put(f, "\xC3", 1);
    end_text(f, 0);
    put(f, "\xA9", 1);
    end_text(f, 1);
    return 0;
}

EXPORT(lost) uint32_t lost(struct frame *f) {
    f->result.values = (void *)0xFFFFFFF0;
    return 0;
}

// The results' bytes are no truth values of C.
EXPORT(fourth) uint32_t fourth(struct frame *f) {
    for (uint32_t i = 0; i < f->rows; i++)
        ((uint8_t *)f->result.values)[i] = longs(argument(f, 0))[i] % 4 ? 0 : 0xFE;
    return 0;
}
