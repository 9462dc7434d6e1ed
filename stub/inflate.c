/* SPDX-License-Identifier: MIT */
#include "stub/inflate.h"

#include "stub/cold.h"

#define WINDOW_MASK  (INFLATE_WINDOW - 1)
#define FAST_MASK    ((1u << INFLATE_FAST_BITS) - 1)
#define END_OF_BLOCK 256

#define ADLER_BASE 65521
/* The Adler-32 sums of a stretch are reduced once at its end; they must not overflow before that. */
_Static_assert(INFLATE_STRETCH <= 5552, "too long for 32 bits");

enum state {
    ZLIB_HEADER,
    BLOCK_HEADER,
    STORED_LENGTH,
    STORED_COMPLEMENT,
    STORED_COPY,
    DYNAMIC_COUNTS,
    DYNAMIC_CODE_LENGTHS,
    DYNAMIC_LENGTHS,
    DYNAMIC_REPEAT,
    SYMBOL,
    LENGTH_EXTRA,
    DISTANCE_SYMBOL,
    DISTANCE_EXTRA,
    MATCH_COPY,
    TRAILER_A,
    TRAILER_B,
    ENDED,
    BROKEN,
};

/* Results of a step that cannot continue: input is missing, or the stream is invalid. Other results are 0 or a
 * symbol. */
#define STARVED (-1)
#define INVALID (-2)

static const uint16_t length_base[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                         31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t length_extra[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                         2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint16_t distance_base[30] = {1,    2,    3,    4,    5,    7,    9,    13,    17,    25,
                                           33,   49,   65,   97,   129,  193,  257,  385,   513,   769,
                                           1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
static const uint8_t code_length_order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

/* Reads input until n <= 24 bits are in `hold`. Returns false if the input ends before. */
static inline bool need(struct inflate *z, unsigned n)
{
    while (z->n_hold < n) {
        if (z->in == z->in_end)
            return false;
        z->hold |= (uint32_t)*z->in++ << z->n_hold;
        z->n_hold += 8;
    }
    return true;
}

static inline uint32_t take(struct inflate *z, unsigned n)
{
    uint32_t bits = z->hold & ((1u << n) - 1);
    z->hold >>= n;
    z->n_hold -= n;
    return bits;
}

/* Builds the tables of a canonical code from the code length of each symbol; 0 means unused. Returns false if the
 * lengths are not a valid code: oversubscribed, or incomplete where zlib requires a complete code. */
COLD static bool build_code(struct inflate_code *code, const uint8_t *lengths, unsigned n, bool may_be_incomplete)
{
    for (unsigned i = 0; i <= INFLATE_MAX_BITS; i++)
        code->count[i] = 0;
    for (unsigned i = 0; i < n; i++)
        code->count[lengths[i]]++;
    code->count[0] = 0;

    uint16_t next_code[INFLATE_MAX_BITS + 1], next_index[INFLATE_MAX_BITS + 1];
    unsigned longest = 0, first = 0, index = 0;
    int left = 1;
    for (unsigned length = 1; length <= INFLATE_MAX_BITS; length++) {
        left = 2 * left - code->count[length];
        if (left < 0)
            return false;
        if (code->count[length] > 0)
            longest = length;
        next_code[length] = first;
        next_index[length] = index;
        first = (first + code->count[length]) << 1;
        index += code->count[length];
    }
    if (left > 0 && !(may_be_incomplete && longest <= 1))
        return false;

    for (unsigned i = 0; i <= FAST_MASK; i++)
        code->fast[i] = 0;
    for (unsigned symbol = 0; symbol < n; symbol++) {
        unsigned length = lengths[symbol];
        if (length == 0)
            continue;
        code->symbols[next_index[length]++] = symbol;
        unsigned bits = next_code[length]++;
        if (length > INFLATE_FAST_BITS)
            continue;
        /* Codes are packed highest bit first, all other fields lowest bit first. */
        unsigned reversed = 0;
        for (unsigned i = 0; i < length; i++)
            reversed |= ((bits >> i) & 1) << (length - 1 - i);
        for (unsigned i = reversed; i <= FAST_MASK; i += 1u << length)
            code->fast[i] = (uint16_t)(symbol << 4 | length);
    }
    return true;
}

/* Decodes the next symbol bit by bit, so that it reads no more input than the symbol has. */
static int decode_long(struct inflate *z, const struct inflate_code *code)
{
    unsigned bits = 0, first = 0, index = 0;
    for (unsigned length = 1; length <= INFLATE_MAX_BITS; length++) {
        if (!need(z, length))
            return STARVED;
        bits |= (z->hold >> (length - 1)) & 1;
        unsigned count = code->count[length];
        if (bits - first < count) {
            take(z, length);
            return code->symbols[index + bits - first];
        }
        index += count;
        first = (first + count) << 1;
        bits <<= 1;
    }
    return INVALID;
}

static inline int decode(struct inflate *z, const struct inflate_code *code)
{
    (void)need(z, INFLATE_MAX_BITS); /* near the end of the input, fewer bits may suffice */
    unsigned entry = code->fast[z->hold & FAST_MASK];
    unsigned length = entry & 15;
    if (entry == 0 || length > z->n_hold)
        return decode_long(z, code);
    take(z, length);
    return (int)(entry >> 4);
}

COLD static bool fixed_codes(struct inflate *z)
{
    for (unsigned i = 0; i < 288; i++)
        z->lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    bool built = build_code(&z->literal_code, z->lengths, 288, false);
    for (unsigned i = 0; i < 32; i++)
        z->lengths[i] = 5;
    return built && build_code(&z->distance_code, z->lengths, 32, false);
}

static bool dynamic_codes(struct inflate *z)
{
    return z->lengths[END_OF_BLOCK] != 0 && build_code(&z->literal_code, z->lengths, z->n_literal, true) &&
           build_code(&z->distance_code, z->lengths + z->n_literal, z->n_distance, true);
}

static void add_to_adler(struct inflate *z)
{
    uint32_t a = z->adler_a, b = z->adler_b;
    const uint8_t *bytes = z->window + (z->summed & WINDOW_MASK);
    const uint8_t *end = bytes + (z->produced - z->summed);
    while (bytes != end) {
        a += *bytes++;
        b += a;
    }
    z->adler_a = a % ADLER_BASE;
    z->adler_b = b % ADLER_BASE;
    z->summed = z->produced;
}

/* Each step does the work of one state. Returns 0 to continue in z->state, STARVED or INVALID. */

COLD static int zlib_header(struct inflate *z)
{
    if (!need(z, 16))
        return STARVED;
    unsigned method = take(z, 8), flags = take(z, 8);
    bool deflate = (method & 15) == 8 && method >> 4 <= 7;
    bool dictionary = flags & 0x20;
    if ((method << 8 | flags) % 31 != 0 || !deflate || dictionary)
        return INVALID;
    z->state = BLOCK_HEADER;
    return 0;
}

static int block_header(struct inflate *z)
{
    if (z->last_block) {
        add_to_adler(z);
        take(z, z->n_hold & 7);
        z->state = TRAILER_A;
        return 0;
    }
    if (!need(z, 3))
        return STARVED;
    z->last_block = take(z, 1);
    switch (take(z, 2)) {
    case 0:
        take(z, z->n_hold & 7);
        z->state = STORED_LENGTH;
        return 0;
    case 1: z->state = SYMBOL; return fixed_codes(z) ? 0 : INVALID;
    case 2: z->state = DYNAMIC_COUNTS; return 0;
    default: return INVALID;
    }
}

COLD static int stored_length(struct inflate *z)
{
    if (!need(z, 16))
        return STARVED;
    z->length = take(z, 16);
    z->state = STORED_COMPLEMENT;
    return 0;
}

COLD static int stored_complement(struct inflate *z)
{
    if (!need(z, 16))
        return STARVED;
    z->state = STORED_COPY;
    return (take(z, 16) ^ 0xffff) == z->length ? 0 : INVALID;
}

COLD static int dynamic_counts(struct inflate *z)
{
    if (!need(z, 14))
        return STARVED;
    z->n_literal = take(z, 5) + 257;
    z->n_distance = take(z, 5) + 1;
    z->n_lengths = take(z, 4) + 4;
    z->at_length = 0;
    for (unsigned i = 0; i < 19; i++)
        z->lengths[i] = 0;
    z->state = DYNAMIC_CODE_LENGTHS;
    return z->n_literal <= 286 && z->n_distance <= 30 ? 0 : INVALID;
}

COLD static int dynamic_code_lengths(struct inflate *z)
{
    for (; z->at_length < z->n_lengths; z->at_length++) {
        if (!need(z, 3))
            return STARVED;
        z->lengths[code_length_order[z->at_length]] = take(z, 3);
    }
    z->at_length = 0;
    z->state = DYNAMIC_LENGTHS;
    return build_code(&z->literal_code, z->lengths, 19, false) ? 0 : INVALID;
}

static int dynamic_lengths(struct inflate *z)
{
    while (z->at_length < z->n_literal + z->n_distance) {
        int symbol = decode(z, &z->literal_code);
        if (symbol < 0)
            return symbol;
        if (symbol >= 16) {
            z->symbol = (unsigned)symbol;
            z->state = DYNAMIC_REPEAT;
            return 0;
        }
        z->lengths[z->at_length++] = (uint8_t)symbol;
    }
    z->state = SYMBOL;
    return dynamic_codes(z) ? 0 : INVALID;
}

static int dynamic_repeat(struct inflate *z)
{
    static const uint8_t bits[3] = {2, 3, 7}, base[3] = {3, 3, 11};
    unsigned kind = z->symbol - 16;
    if (!need(z, bits[kind]))
        return STARVED;
    unsigned n = base[kind] + take(z, bits[kind]);
    if (n > z->n_literal + z->n_distance - z->at_length || (kind == 0 && z->at_length == 0))
        return INVALID;
    uint8_t length = kind == 0 ? z->lengths[z->at_length - 1] : 0;
    while (n-- > 0)
        z->lengths[z->at_length++] = length;
    z->state = DYNAMIC_LENGTHS;
    return 0;
}

/* Copies literals until a match, the end of the block or the end of the stretch. */
static int symbols(struct inflate *z, uint32_t stretch_end)
{
    while (z->produced != stretch_end) {
        int symbol = decode(z, &z->literal_code);
        if (symbol < 0)
            return symbol;
        if (symbol < END_OF_BLOCK) {
            z->window[z->produced++ & WINDOW_MASK] = (uint8_t)symbol;
            continue;
        }
        if (symbol == END_OF_BLOCK) {
            z->state = BLOCK_HEADER;
            return 0;
        }
        if (symbol > 285)
            return INVALID;
        z->symbol = (unsigned)symbol - 257;
        z->state = LENGTH_EXTRA;
        return 0;
    }
    return 0;
}

static int match_length(struct inflate *z)
{
    unsigned extra = length_extra[z->symbol];
    if (!need(z, extra))
        return STARVED;
    z->length = length_base[z->symbol] + take(z, extra);
    z->state = DISTANCE_SYMBOL;
    return 0;
}

static int distance_symbol(struct inflate *z)
{
    int symbol = decode(z, &z->distance_code);
    if (symbol < 0)
        return symbol;
    z->symbol = (unsigned)symbol;
    z->state = DISTANCE_EXTRA;
    return symbol < 30 ? 0 : INVALID;
}

static int distance_extra(struct inflate *z)
{
    unsigned extra = z->symbol < 2 ? 0 : z->symbol / 2 - 1;
    if (!need(z, extra))
        return STARVED;
    z->distance = distance_base[z->symbol] + take(z, extra);
    z->state = MATCH_COPY;
    return z->window_is_full || z->distance <= z->produced ? 0 : INVALID;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static void match_copy(struct inflate *z, uint32_t stretch_end)
{
    while (z->length > 0 && z->produced != stretch_end) {
        unsigned from = (z->produced - z->distance) & WINDOW_MASK;
        unsigned n = least(least(z->length, stretch_end - z->produced), INFLATE_WINDOW - from);
        /* Byte by byte: source and target may overlap; the bytes between them are then repeated. */
        const uint8_t *source = z->window + from;
        uint8_t *target = z->window + (z->produced & WINDOW_MASK);
        for (const uint8_t *end = target + n; target != end;)
            *target++ = *source++;
        z->produced += n;
        z->length -= n;
    }
    if (z->length == 0)
        z->state = SYMBOL;
}

static int stored_copy(struct inflate *z, uint32_t stretch_end)
{
    while (z->length > 0 && z->produced != stretch_end) {
        if (!need(z, 8))
            return STARVED;
        z->window[z->produced++ & WINDOW_MASK] = (uint8_t)take(z, 8);
        z->length--;
    }
    if (z->length == 0)
        z->state = BLOCK_HEADER;
    return 0;
}

/* Of the two Adler-32 sums B comes first, each with its high byte first. */
COLD static int trailer(struct inflate *z, uint32_t expected, int next)
{
    if (!need(z, 16))
        return STARVED;
    uint32_t high = take(z, 8);
    if ((high << 8 | take(z, 8)) != expected)
        return INVALID;
    z->state = next;
    return 0;
}

static int step(struct inflate *z, uint32_t stretch_end)
{
    switch (z->state) {
    case ZLIB_HEADER: return zlib_header(z);
    case BLOCK_HEADER: return block_header(z);
    case STORED_LENGTH: return stored_length(z);
    case STORED_COMPLEMENT: return stored_complement(z);
    case STORED_COPY: return stored_copy(z, stretch_end);
    case DYNAMIC_COUNTS: return dynamic_counts(z);
    case DYNAMIC_CODE_LENGTHS: return dynamic_code_lengths(z);
    case DYNAMIC_LENGTHS: return dynamic_lengths(z);
    case DYNAMIC_REPEAT: return dynamic_repeat(z);
    case SYMBOL: return symbols(z, stretch_end);
    case LENGTH_EXTRA: return match_length(z);
    case DISTANCE_SYMBOL: return distance_symbol(z);
    case DISTANCE_EXTRA: return distance_extra(z);
    case MATCH_COPY: match_copy(z, stretch_end); return 0;
    case TRAILER_A: return trailer(z, z->adler_b, TRAILER_B);
    case TRAILER_B: return trailer(z, z->adler_a, ENDED);
    default: return INVALID;
    }
}

void inflate_start(struct inflate *z)
{
    z->produced = z->summed = 0;
    z->hold = 0;
    z->n_hold = 0;
    z->state = ZLIB_HEADER;
    z->last_block = false;
    z->window_is_full = false;
    z->adler_a = 1;
    z->adler_b = 0;
}

enum inflate_status inflate_run(struct inflate *z, const uint8_t **in, const uint8_t *end, const uint8_t **out,
                                size_t *n_out)
{
    uint32_t begin = z->produced;
    uint32_t stretch_end = (begin & ~(uint32_t)(INFLATE_STRETCH - 1)) + INFLATE_STRETCH;
    z->in = *in;
    z->in_end = end;

    int result = 0;
    while (result == 0 && z->state != ENDED && z->produced != stretch_end)
        result = step(z, stretch_end);

    add_to_adler(z);
    *in = z->in;
    *out = z->window + (begin & WINDOW_MASK);
    *n_out = z->produced - begin;
    if (z->produced >= INFLATE_WINDOW)
        z->window_is_full = true;

    if (result == INVALID)
        z->state = BROKEN;
    if (result < 0)
        return result == STARVED ? INFLATE_WANTS_INPUT : INFLATE_BROKEN;
    return z->state == ENDED ? INFLATE_DONE : INFLATE_HAS_OUTPUT;
}
