/* SPDX-License-Identifier: MIT */
#include "daemon/config/product.h"

#include "daemon/base/file.h"
#include "daemon/base/memory.h"
#include "daemon/config/hint.h"
#include "daemon/config/image_check.h"
#include "daemon/config/image_patch.h"

#include <errno.h>
#include <sha2.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Of one load. */
struct load {
    const struct config *config;
    struct error_list errors, warnings;
    bool share_dead; /* a file did not answer: no other is waited for */
};

__attribute__((format(printf, 3, 4))) static void fail(struct load *load, unsigned line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    config_vcomplain(&load->errors, load->config, line, format, arguments);
    va_end(arguments);
}

/* The file's bytes, malloc()ed. `hint` is shown behind the error if there is no such file. */
static char *read_file(struct load *load, unsigned line, const char *path, const char *hint, size_t *len)
{
    if (load->share_dead)
        return NULL;
    char *bytes = file_read(path, GOLDEN_END_MAX, len);
    if (bytes)
        return bytes;
    int error = errno;
    const char *why = error == EFBIG ? "larger than 16 MB" : file_error(error == EISDIR ? EINVAL : error);
    fail(load, line, "%s: %s%s", path, why, error == ENOENT || error == ENOTDIR ? hint : "");
    load->share_dead = error == ETIMEDOUT;
    return NULL;
}

/* Whether these are the bytes that `sha256 =` names. */
static bool check_digest(struct load *load, const struct config_file *file, const uint8_t *bytes, size_t len)
{
    char digest[SHA256_DIGEST_STRING_LENGTH];
    if (file->sha256[0] == '\0')
        return true;
    SHA256Data(bytes, len, digest);
    if (strcmp(digest, file->sha256) == 0)
        return true;
    fail(load, file->line, "%s: is another file: its SHA-256 is %s, not %s as sha256 says", file->path, digest,
         file->sha256);
    return false;
}

static void add_file(struct load *load, struct golden *golden, const struct config_file *file)
{
    size_t len = 0;
    char why[1024];
    char *bytes = read_file(load, file->line, file->path, config_file_hint(file->path), &len);
    if (!bytes)
        return;
    if (check_digest(load, file, (const uint8_t *)bytes, len) &&
        golden_add(golden, file->path, file->offset, (const uint8_t *)bytes, len, why, sizeof(why)) != 0)
        fail(load, file->line, "%s", why);
    free(bytes);
}

static void check_end(struct load *load, const struct golden *golden)
{
    const struct config *config = load->config;
    const struct golden_part *last = &golden->parts[golden->n_parts - 1];
    if (config->min_flash_size != 0 && golden->end > config->min_flash_size)
        fail(load, config_file_line(config, last->offset), "%s: ends at 0x%x, beyond the %u KB of flash_size",
             last->name, golden->end, config->min_flash_size / 1024);
}

static void seal(struct load *load, struct golden *golden)
{
    char why[1024];
    if (golden_seal(golden, why, sizeof(why)) != 0)
        fail(load, 0, "%s", why);
    else
        check_end(load, golden);
}

/* NULL when out of memory. */
static struct golden *load_golden(struct load *load)
{
    struct golden *golden = golden_new();
    if (!golden) {
        fail(load, 0, "out of memory");
        return NULL;
    }
    for (size_t i = 0; i < load->config->n_files; i++)
        add_file(load, golden, &load->config->files[i]);
    if (load->errors.count == 0)
        image_patch(load->config, golden, &load->errors);
    if (load->errors.count == 0 && load->config->check_image)
        image_check(load->config, golden, &load->errors, &load->warnings);
    if (load->errors.count == 0)
        seal(load, golden);
    return golden;
}

static struct stub_image *load_stub(struct load *load)
{
    const char *path = load->config->stub;
    if (path[0] == '\0' || strcmp(path, "builtin") == 0)
        return stub_image_builtin();
    size_t len = 0;
    unsigned line = config_key_line(load->config, "product", "stub");
    char *json = read_file(load, line, path, config_hint(path), &len);
    if (!json)
        return NULL;
    const char *slash = strrchr(path, '/');
    char why[200];
    struct stub_image *stub = stub_image_parse(json, len, slash ? slash + 1 : path, why, sizeof(why));
    if (!stub)
        fail(load, line, "%s: not a stub: %s", path, why);
    free(json);
    return stub;
}

struct product *product_load(const struct config *config, char *error, size_t error_size)
{
    struct load load = {.config = config};
    struct product *product = must_calloc(1, sizeof(*product));
    error_list_init(&load.errors, error, error_size);
    error_list_init(&load.warnings, product->warnings, sizeof(product->warnings));
    product->golden = load_golden(&load);
    product->stub = load_stub(&load);
    product->references = 1;
    if (load.errors.count == 0)
        return product;
    product_unref(product);
    return NULL;
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
