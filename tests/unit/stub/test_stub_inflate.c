/* SPDX-License-Identifier: MIT */
/* The stub's inflate against zlib: same output, same refusals, however the stream is cut into pieces. */
#include "stub/inflate.h"
#include "tests/be32.h"
#include "tests/runner.h"

#include <libdeflate.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zopfli/zopfli.h>

#define ROOM (600 * 1024)

static uint32_t seed;

static uint32_t draw(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

struct result {
    enum inflate_status status;
    size_t n, left;       /* output, input not used */
    const uint8_t *bytes; /* until the next call */
};

static struct inflate z;
/* What was met since they were reset, as far as it shows between two calls: */
static unsigned farthest; /* distance of a match */
static bool longest_code; /* a code of 15 bits for a literal or a length */
static uint8_t our_bytes[ROOM], their_bytes[ROOM];

/* Feeds `in` in pieces of at most `piece` bytes (0: of random size). Stops, like the stub, at more output than fits. */
static struct result ours(const uint8_t *in, size_t n_in, size_t piece)
{
    struct result r = {.status = INFLATE_WANTS_INPUT, .bytes = our_bytes};
    inflate_start(&z);
    size_t at = 0;
    while (r.status == INFLATE_WANTS_INPUT && at < n_in) {
        size_t n = piece ? piece : 1 + draw() % 700;
        if (n > n_in - at)
            n = n_in - at;
        /* A copy of the exact size, so that the sanitizer sees any look beyond it. */
        uint8_t *copy = malloc(n);
        memcpy(copy, in + at, n);
        const uint8_t *p = copy;
        do {
            const uint8_t *out;
            size_t n_out;
            r.status = inflate_run(&z, &p, copy + n, &out, &n_out);
            if (z.distance > farthest)
                farthest = z.distance;
            longest_code |= z.literal_code.count[INFLATE_MAX_BITS] > 0;
            if (n_out > INFLATE_STRETCH || r.n + n_out > ROOM)
                ck_abort_msg("%zu bytes after %zu", n_out, r.n);
            if (r.status == INFLATE_BROKEN)
                break;
            memcpy(our_bytes + r.n, out, n_out);
            r.n += n_out;
        } while (r.status == INFLATE_HAS_OUTPUT);
        at += (size_t)(p - copy);
        free(copy);
    }
    r.left = n_in - at;
    return r;
}

static struct result theirs(const uint8_t *in, size_t n_in)
{
    struct result r = {.bytes = their_bytes};
    z_stream s = {.next_in = (Bytef *)in, .avail_in = (uInt)n_in, .next_out = their_bytes, .avail_out = ROOM};
    ck_assert_int_eq(inflateInit(&s), Z_OK);
    int result = inflate(&s, Z_NO_FLUSH);
    ck_assert_uint_gt(s.avail_out, 0);
    r.n = s.total_out;
    r.left = s.avail_in;
    r.status = result == Z_STREAM_END                    ? INFLATE_DONE
               : result == Z_OK || result == Z_BUF_ERROR ? INFLATE_WANTS_INPUT
                                                         : INFLATE_BROKEN;
    inflateEnd(&s);
    return r;
}

static void check_same(const uint8_t *in, size_t n_in, size_t piece)
{
    struct result a = ours(in, n_in, piece), b = theirs(in, n_in);
    /* zlib looks at the checksum when all four bytes are there; ours says so after two wrong ones. */
    bool earlier = a.status == INFLATE_BROKEN && b.status == INFLATE_WANTS_INPUT;
    ck_assert(a.status == b.status || earlier);
    if (a.status != INFLATE_BROKEN) {
        ck_assert_uint_eq(a.n, b.n);
        ck_assert_mem_eq(a.bytes, b.bytes, a.n);
        ck_assert_uint_eq(a.left, b.left);
    }
}

/* Content of several kinds: blank, random, text-like with matches near and far. */
static void fill(uint8_t *bytes, size_t n, unsigned kind)
{
    for (size_t i = 0; i < n;) {
        size_t run = 1 + draw() % 400;
        unsigned what = kind < 4 ? kind : draw() % 4;
        for (; run > 0 && i < n; run--, i++) {
            size_t back = what == 3 ? 32768 - draw() % 3 : 1 + draw() % 2000;
            switch (what) {
            case 0: bytes[i] = 0xff; break;
            case 1: bytes[i] = (uint8_t)draw(); break;
            case 2: bytes[i] = "etaoin shrdlu\n"[(draw() % 14 * (draw() % 14)) / 14]; break;
            default: bytes[i] = i >= back ? bytes[i - back] : (uint8_t)i; break;
            }
        }
    }
}

static size_t deflate_it(const uint8_t *bytes, size_t n, int level, int strategy, int window_bits, uint8_t *out,
                         size_t room)
{
    z_stream s = {.next_in = (Bytef *)bytes, .avail_in = (uInt)n, .next_out = out, .avail_out = (uInt)room};
    ck_assert_int_eq(deflateInit2(&s, level, Z_DEFLATED, window_bits, 8, strategy), Z_OK);
    ck_assert_int_eq(deflate(&s, Z_FINISH), Z_STREAM_END);
    deflateEnd(&s);
    return s.total_out;
}

static const int strategies[] = {Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED, Z_FILTERED};

START_TEST(test_streams)
{
    static uint8_t plain[300 * 1024], packed[310 * 1024];
    seed = (uint32_t)_i;
    size_t n = _i < 4 ? (size_t)_i : draw() % (_i % 8 == 0 ? sizeof(plain) : 9000);
    fill(plain, n, draw() % 6);
    int level = (int)(draw() % 10), bits = 9 + (int)(draw() % 7);
    size_t n_packed = deflate_it(plain, n, level, strategies[draw() % 5], bits, packed, sizeof(packed));

    struct result r = ours(packed, n_packed, _i % 3 == 0 ? 1 : _i % 3 == 1 ? 0 : 16384);
    ck_assert_int_eq(r.status, INFLATE_DONE);
    ck_assert_uint_eq(r.n, n);
    ck_assert_mem_eq(r.bytes, plain, n);
    ck_assert_uint_eq(r.left, 0);
}
END_TEST

/* Content that drives an encoder to its limits. Each fills `bytes` and returns how many there are. */

#define HARD_MAX (120 * 1024)

static size_t nothing(uint8_t *bytes)
{
    (void)bytes;
    return 0;
}

static size_t noise(uint8_t *bytes)
{
    fill(bytes, HARD_MAX, 1);
    return HARD_MAX;
}

/* The same noise again and again, so far away that only the longest distance reaches it. */
static size_t repeat_from_afar(uint8_t *bytes, size_t distance)
{
    fill(bytes, distance, 1);
    for (size_t i = distance; i < HARD_MAX; i++)
        bytes[i] = bytes[i - distance];
    return HARD_MAX;
}

static size_t window_away(uint8_t *bytes)
{
    return repeat_from_afar(bytes, 32768);
}

static size_t almost_a_window_away(uint8_t *bytes)
{
    return repeat_from_afar(bytes, 32767);
}

static size_t beyond_the_window(uint8_t *bytes)
{
    return repeat_from_afar(bytes, 32769);
}

static size_t long_runs(uint8_t *bytes)
{
    size_t n = 0;
    for (size_t run = 250; n + run < HARD_MAX; run = run * 11 / 10, n += run)
        memset(bytes + n, (int)run & 0xFF, run);
    return n;
}

/* Each symbol occurs about 1.6 times as often as the one before: the rarest would have a code of 18 bits. Mixed, so
 * that there are few matches. */
static size_t fibonacci(uint8_t *bytes)
{
    size_t n = 0;
    for (size_t symbol = 0, f = 1, next = 2; symbol < 18; symbol++) {
        memset(bytes + n, (int)symbol * 11, f);
        n += f;
        size_t sum = f + next;
        f = next;
        next = sum;
    }
    for (size_t i = n - 1; i > 0; i--) {
        size_t other = (draw() ^ draw() << 9) % (i + 1);
        uint8_t byte = bytes[i];
        bytes[i] = bytes[other];
        bytes[other] = byte;
    }
    return n;
}

/* Stored, fixed and dynamic blocks in turn, of all sizes. */
static size_t mixture(uint8_t *bytes)
{
    size_t n = 0;
    for (size_t stretch = 1; n + stretch < HARD_MAX; stretch = stretch * 3 / 2 + 1, n += stretch)
        fill(bytes + n, stretch, draw() % 4);
    return n;
}

static size_t (*const hard_contents[])(uint8_t *bytes) = {
    nothing, noise, window_away, almost_a_window_away, beyond_the_window, long_runs, fibonacci, mixture,
};
#define N_HARD (sizeof(hard_contents) / sizeof(hard_contents[0]))

/* The compressors: libdeflate's levels 0 (stored blocks alone) to 12, zopfli as gangd uses it, and zlib without
 * matches, whose codes are longer than libdeflate's. */
enum { STORED, ZOPFLI = 13, HUFFMAN, N_COMPRESSORS };

static size_t by_libdeflate(const uint8_t *bytes, size_t n, int level, uint8_t *packed)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(level);
    ck_assert_ptr_nonnull(compressor);
    size_t n_packed = libdeflate_zlib_compress(compressor, bytes, n, packed, ROOM);
    libdeflate_free_compressor(compressor);
    ck_assert_uint_gt(n_packed, 0);
    return n_packed;
}

static size_t by_zopfli(const uint8_t *bytes, size_t n, uint8_t *packed)
{
    ZopfliOptions options;
    unsigned char *out = NULL;
    size_t n_packed = 0;
    ZopfliInitOptions(&options);
    options.blocksplittingmax = 0;
    ZopfliCompress(&options, ZOPFLI_FORMAT_ZLIB, bytes, n, &out, &n_packed);
    ck_assert_uint_le(n_packed, ROOM);
    memcpy(packed, out, n_packed);
    free(out);
    return n_packed;
}

static size_t compress_by(int compressor, const uint8_t *bytes, size_t n, uint8_t *packed)
{
    switch (compressor) {
    case ZOPFLI: return by_zopfli(bytes, n, packed);
    case HUFFMAN: return deflate_it(bytes, n, 9, Z_HUFFMAN_ONLY, 15, packed, ROOM);
    default: return by_libdeflate(bytes, n, compressor, packed);
    }
}

/* All streams of the compressors that gangd uses, however they come. */
START_TEST(test_hard_streams)
{
    static uint8_t plain[HARD_MAX], packed[ROOM];
    int compressor = _i / (int)N_HARD;
    size_t content = (size_t)_i % N_HARD;
    seed = 4711;
    size_t n = hard_contents[content](plain);
    size_t n_packed = compress_by(compressor, plain, n, packed);
    static const size_t pieces[] = {0, 16384};
    for (size_t i = 0; i < 2; i++) {
        farthest = 0;
        longest_code = false;
        struct result r = ours(packed, n_packed, pieces[i]);
        ck_assert_int_eq(r.status, INFLATE_DONE);
        ck_assert_uint_eq(r.n, n);
        ck_assert_mem_eq(r.bytes, plain, n);
        ck_assert_uint_eq(r.left, 0);
    }
    /* The content does what it is for. */
    if (hard_contents[content] == almost_a_window_away && compressor != STORED && compressor != HUFFMAN)
        ck_assert_uint_eq(farthest, 32767);
    if (hard_contents[content] == fibonacci && compressor == HUFFMAN)
        ck_assert(longest_code);
}
END_TEST

/* By hand, because none of these compressors uses this distance: a window full of noise, stored, and matches of the
 * longest length from exactly a window away. */

struct bit_writer {
    uint8_t *to;
    unsigned n; /* bits */
};

static void put_bits(struct bit_writer *writer, unsigned value, unsigned n)
{
    for (unsigned i = 0; i < n; i++, writer->n++)
        writer->to[writer->n / 8] |= (uint8_t)((value >> i & 1) << writer->n % 8);
}

/* The bits of a Huffman code come in the other order. */
static void put_code(struct bit_writer *writer, unsigned code, unsigned n)
{
    while (n-- > 0)
        put_bits(writer, code >> n, 1);
}

/* One block with fixed codes, the last. Returns its size. */
static size_t put_longest_matches(uint8_t *to, unsigned n)
{
    struct bit_writer writer = {to, 0};
    put_bits(&writer, 3, 3);
    for (unsigned i = 0; i < n; i++) {
        put_code(&writer, 0xC5, 8); /* 285: length 258 */
        put_code(&writer, 29, 5);   /* distance 24577 and 13 more bits */
        put_bits(&writer, 8191, 13);
    }
    put_code(&writer, 0, 7);
    return (writer.n + 7) / 8;
}

START_TEST(test_longest_distance)
{
    enum { MATCHES = 1000, MATCH = 258, N = INFLATE_WINDOW + MATCHES * MATCH };
    static const uint8_t head[] = {0x78, 0x9C, 0, 0x00, 0x80, 0xFF, 0x7F}; /* a stored block of 32768 bytes follows */
    static uint8_t plain[N], packed[INFLATE_WINDOW + 4 * MATCHES];
    seed = 8;
    fill(plain, INFLATE_WINDOW, 1);
    for (size_t i = INFLATE_WINDOW; i < N; i++)
        plain[i] = plain[i - INFLATE_WINDOW];
    memcpy(packed, head, sizeof(head));
    memcpy(packed + sizeof(head), plain, INFLATE_WINDOW);
    size_t n = sizeof(head) + INFLATE_WINDOW;
    n += put_longest_matches(packed + n, MATCHES);
    put_be32(packed + n, (uint32_t)adler32(1, plain, N));
    struct result r = ours(packed, n + 4, 0);
    ck_assert_int_eq(r.status, INFLATE_DONE);
    ck_assert_uint_eq(r.n, N);
    ck_assert_mem_eq(r.bytes, plain, N);
    ck_assert_uint_eq(farthest, INFLATE_WINDOW);
    check_same(packed, n + 4, 16384);
}
END_TEST

START_TEST(test_cut_off)
{
    static uint8_t plain[3000], packed[4000];
    seed = (uint32_t)_i + 77;
    fill(plain, sizeof(plain), 5);
    size_t n = deflate_it(plain, sizeof(plain), _i, Z_DEFAULT_STRATEGY, 15, packed, sizeof(packed));
    for (size_t cut = 0; cut < n; cut++) {
        struct result r = ours(packed, cut, 0);
        ck_assert_int_eq(r.status, INFLATE_WANTS_INPUT);
        ck_assert_mem_eq(r.bytes, plain, r.n);
    }
}
END_TEST

START_TEST(test_trailing_bytes_are_not_touched)
{
    uint8_t plain[100], packed[200];
    seed = 5;
    fill(plain, sizeof(plain), 2);
    size_t n = deflate_it(plain, sizeof(plain), 9, Z_DEFAULT_STRATEGY, 15, packed, sizeof(packed) - 3);
    struct result r = ours(packed, n + 3, 16384);
    ck_assert_int_eq(r.status, INFLATE_DONE);
    ck_assert_uint_eq(r.left, 3);
}
END_TEST

START_TEST(test_corrupt)
{
    static uint8_t plain[4000], packed[6000];
    seed = (uint32_t)_i + 12345;
    for (unsigned round = 0; round < 400; round++) {
        size_t n = 1 + draw() % sizeof(plain);
        fill(plain, n, draw() % 6);
        size_t n_packed =
            deflate_it(plain, n, 1 + (int)(draw() % 9), strategies[draw() % 5], 15, packed, sizeof(packed));
        for (unsigned flips = 1 + draw() % 3; flips > 0; flips--)
            packed[draw() % (draw() % 2 ? n_packed : 60 < n_packed ? 60 : n_packed)] ^= (uint8_t)(1 << draw() % 8);
        check_same(packed, n_packed, draw() % 2 ? 0 : 16384);
    }
}
END_TEST

/* Any bits as a block: most are no code at all, some are incomplete codes that zlib allows. */
START_TEST(test_random_blocks)
{
    seed = (uint32_t)_i + 999;
    for (unsigned round = 0; round < 4000; round++) {
        uint8_t bytes[300] = {0x78, 0x9c};
        for (size_t i = 2; i < sizeof(bytes); i++)
            bytes[i] = (uint8_t)draw() & (draw() % 3 == 0 ? (uint8_t)draw() : 0xff);
        bytes[2] = (uint8_t)((bytes[2] & ~7u) | (draw() % 3) << 1 | draw() % 2);
        check_same(bytes, sizeof(bytes), 0);
    }
}
END_TEST

START_TEST(test_headers)
{
    uint8_t plain[64] = "the header decides", packed[128];
    size_t n = deflate_it(plain, sizeof(plain), 9, Z_DEFAULT_STRATEGY, 15, packed, sizeof(packed));
    for (unsigned header = 0; header < 0x10000; header++) {
        packed[0] = (uint8_t)(header >> 8);
        packed[1] = (uint8_t)header;
        struct result r = ours(packed, n, 16384);
        bool good = (packed[0] & 15) == 8 && packed[0] >> 4 <= 7 && header % 31 == 0 && !(packed[1] & 0x20);
        if (r.status != (good ? INFLATE_DONE : INFLATE_BROKEN))
            ck_abort_msg("header %04x: %d", header, r.status);
    }
}
END_TEST

START_TEST(test_every_checksum_bit_counts)
{
    uint8_t plain[64] = "summed up", packed[128];
    size_t n = deflate_it(plain, sizeof(plain), 9, Z_DEFAULT_STRATEGY, 15, packed, sizeof(packed));
    for (unsigned bit = 0; bit < 32; bit++) {
        packed[n - 1 - bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct result r = ours(packed, n, 16384);
        ck_assert_int_eq(r.status, INFLATE_BROKEN);
        packed[n - 1 - bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stub inflate");
    TCase *cases = tcase_create("inflate");
    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, test_streams, 0, 120);
    tcase_add_loop_test(cases, test_hard_streams, 0, (int)(N_COMPRESSORS * N_HARD));
    tcase_add_test(cases, test_longest_distance);
    tcase_add_loop_test(cases, test_cut_off, 0, 10);
    tcase_add_test(cases, test_trailing_bytes_are_not_touched);
    tcase_add_loop_test(cases, test_corrupt, 0, 10);
    tcase_add_loop_test(cases, test_random_blocks, 0, 5);
    tcase_add_test(cases, test_headers);
    tcase_add_test(cases, test_every_checksum_bit_counts);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
