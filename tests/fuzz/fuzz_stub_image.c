/* SPDX-License-Identifier: MIT */
#include "proto/image/stub_image.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char error[100] = "";
    struct stub_image *stub = stub_image_parse((const char *)bytes, len, "fuzz", error, sizeof(error));
    assert((stub == NULL) == (error[0] != '\0'));
    if (stub) {
        for (size_t i = 0; i < stub->n_segments; i++)
            assert(stub->segments[i].size % 4 == 0 && stub->segments[i].size < 0x10000 + 4);
        stub_image_free(stub);
    }
    return 0;
}
