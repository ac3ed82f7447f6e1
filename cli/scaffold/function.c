// A function for SQL. weir udf build mask_phone.c compiles it, weir udf test mask_phone.c runs the examples; to use it:
//
//     CREATE TEMPORARY FUNCTION mask_phone AS 'file:mask_phone.wasm' LANGUAGE WASM;

#include "weir.h"

SIGNATURES("abi 1\n"
           "scalar mask_phone(text STRING) STRING NOT NULL\n")

// Keeps the last four bytes of a text.
//
//     mask_phone('+49 170 1234567') = '***4567'
//     mask_phone('123') = '***'
//     mask_phone(NULL) = NULL
EXPORT(mask_phone)
uint32_t mask_phone(struct frame *f) {
    const uint32_t shown = 4;
    struct column *texts = argument(f, 0);
    for (uint32_t i = 0; i < f->rows; i++) {
        f->row = i;
        if (!is_null(f, i)) {
            uint32_t size = text_size(texts, i);
            put(f, "***", 3);
            if (size >= shown)
                put(f, text_at(texts, i) + size - shown, shown);
        }
        end_text(f, i);
    }
    return 0;
}
