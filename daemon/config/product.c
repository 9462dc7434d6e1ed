/* SPDX-License-Identifier: MIT */
#include "daemon/config/product.h"

#include "daemon/base/file.h"
#include "daemon/base/memory.h"
#include "proto/link/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file's bytes, malloc()ed; NULL and a sentence in `error`. */
static char *read_file(const char *path, size_t *len, char *error, size_t error_size)
{
    char *bytes = file_read(AT_FDCWD, path, GOLDEN_END_MAX, len);
    if (bytes)
        return bytes;
    const char *why = errno == EFBIG ? "larger than 16 MB" : file_error(errno == EISDIR ? EINVAL : errno);
    text_print(error, error_size, "%s: %s", path, why);
    return NULL;
}

static struct golden *load_golden(const struct config *config, char *error, size_t error_size)
{
    struct golden *golden = golden_new();
    if (!golden) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    int result = 0;
    for (size_t i = 0; i < config->n_files && result == 0; i++) {
        const struct config_file *file = &config->files[i];
        size_t len = 0;
        char *bytes = read_file(file->path, &len, error, error_size);
        result =
            bytes ? golden_add(golden, file->path, file->offset, (const uint8_t *)bytes, len, error, error_size) : -1;
        free(bytes);
    }
    if (result == 0)
        result = golden_seal(golden, config->check_image, error, error_size);
    if (result == 0 && config->min_flash_size != 0 && golden->end > config->min_flash_size) {
        text_print(error, error_size, "%s: ends at 0x%x, beyond the %u KB of flash_size",
                   golden->parts[golden->n_parts - 1].name, golden->end, config->min_flash_size / 1024);
        result = -1;
    }
    if (result != 0) {
        golden_free(golden);
        return NULL;
    }
    return golden;
}

static struct stub_image *load_stub(const struct config *config, char *error, size_t error_size)
{
    const char *path = config->stub;
    if (path[0] == '\0' || strcmp(path, "builtin") == 0)
        return stub_image_builtin();
    size_t len = 0;
    char *json = read_file(path, &len, error, error_size);
    if (!json)
        return NULL;
    const char *slash = strrchr(path, '/');
    char why[200];
    struct stub_image *stub = stub_image_parse(json, len, slash ? slash + 1 : path, why, sizeof(why));
    if (!stub)
        text_print(error, error_size, "%s: not a stub: %s", path, why);
    free(json);
    return stub;
}

struct product *product_load(const struct config *config, char *error, size_t error_size)
{
    struct golden *golden = load_golden(config, error, error_size);
    if (!golden)
        return NULL;
    struct stub_image *stub = load_stub(config, error, error_size);
    if (!stub) {
        golden_free(golden);
        return NULL;
    }
    struct product *product = must_calloc(1, sizeof(*product));
    *product = (struct product){.golden = golden, .stub = stub, .references = 1};
    return product;
}

struct product *product_ref(struct product *product)
{
    product->references++;
    return product;
}

void product_unref(struct product *product)
{
    if (!product || --product->references > 0)
        return;
    golden_free(product->golden);
    stub_image_free(product->stub);
    free(product);
}
