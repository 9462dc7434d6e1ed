/* SPDX-License-Identifier: MIT */
#include "tools/demo/content.h"

#include <stdbool.h>
#include <stdio.h>

#define PAGE 256u

static uint64_t random_state;

void content_seed(uint64_t seed)
{
    random_state = seed;
}

/* SplitMix64. */
static uint32_t draw(void)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (uint32_t)((z ^ z >> 31) >> 32);
}

static uint32_t below(uint32_t n)
{
    return draw() % n;
}

/* Three-byte instructions of uneven frequency, repeated sequences, and occasional constants. */
void content_code(uint8_t *bytes, uint32_t n)
{
    for (uint32_t i = 0; i < n;) {
        uint32_t kind = below(100);
        if (kind < 9 && i > 4000) {
            uint32_t back = 3 + below(i < 30000 ? i - 3 : 30000), run = 6 + below(12);
            for (; run > 0 && i < n; run--, i++)
                bytes[i] = bytes[i - back];
        } else {
            static const uint8_t opcodes[] = {0x21, 0x31, 0x42, 0x52, 0x22, 0x0c, 0x1d,
                                              0xc0, 0x16, 0x46, 0x86, 0x01, 0x05};
            uint8_t instruction[3] = {(uint8_t)draw(), (uint8_t)(below(4) ? below(64) * 4 : draw()),
                                      (uint8_t)below(256)};
            if (below(5) < 2)
                instruction[0] = opcodes[below(sizeof(opcodes))];
            if (below(3) == 0)
                instruction[2] = (uint8_t)(0xff - below(4));
            for (unsigned j = 0; j < 3 && i < n; j++)
                bytes[i++] = instruction[j];
        }
    }
}

static void write_text(uint8_t *bytes, uint32_t n)
{
    static const char *const words[] = {
        "relay",  "sensor", "network", "update", "the",    "and",   "config", "value",  "name",
        "true",   "false",  "null",    "status", "button", "light", "timer",  "start",  "stop",
        "reset",  "hour",   "minute",  "class",  "style",  "width", "color",  "margin", "script",
        "return", "event",  "click",   "form",   "submit", "label", "input",  "text",   "page",
    };
    static const char *const joints[] = {" ", " ", " ", " ", ", ", ".\n", "\": \"", "\",\n  \"", "=", "-"};
    char piece[32];
    for (uint32_t i = 0; i < n;) {
        int len = below(9) == 0 ? snprintf(piece, sizeof(piece), "%u ", (unsigned)below(10000))
                                : snprintf(piece, sizeof(piece), "%s%s", words[below(sizeof(words) / sizeof(words[0]))],
                                           joints[below(sizeof(joints) / sizeof(joints[0]))]);
        for (int j = 0; j < len && i < n; j++)
            bytes[i++] = (uint8_t)piece[j];
    }
}

static void write_compressed(uint8_t *bytes, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)draw();
}

void content_files(uint8_t *bytes, uint32_t n)
{
    bool text = true;
    for (uint32_t i = 0; i + PAGE <= n; text = !text) {
        uint32_t size = PAGE * (4 + below(text ? 170 : 120)) - below(PAGE);
        if (size > n - i)
            size = n - i;
        if (text)
            write_text(bytes + i, size);
        else
            write_compressed(bytes + i, size);
        i = (i + size + PAGE - 1) / PAGE * PAGE + (below(3) == 0 ? PAGE : 0);
    }
}
