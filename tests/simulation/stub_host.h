/* SPDX-License-Identifier: MIT */
/*
 * A small host for the stub on the virtual board, in virtual time. It implements only the wire protocol and does not
 * use proto's session or recipes, so that an error common to these and the stub is found. One conversation at a time; a
 * function fails the running test when it cannot do what it says. */
#ifndef TESTS_SIMULATION_STUB_HOST_H
#define TESTS_SIMULATION_STUB_HOST_H

#include "proto/link/wire.h"
#include "tools/boardsim/board/board.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MS        1000000ULL
#define SECOND    (1000 * MS)
#define BLOCK     WIRE_FLASH_BLOCK
#define DATA_MAX  (WIRE_DATA_HEADER_SIZE + BLOCK)
#define PART_SIZE (4u << 20)
#define DATA_SIZE (256u * 1024)

#define NO_REPLY 0x100 /* in place of an error */

extern struct stub_host {
    struct board *board;
    uint64_t now; /* ns */
    uint32_t baud;
    /* Content to be written, compressed, and what the flash held before. */
    uint8_t data[DATA_SIZE + 64], packed[DATA_SIZE + 4096], before[PART_SIZE];
    size_t n_packed;
    struct {
        uint8_t bytes[DATA_MAX];
        size_t n;
    } in; /* the last frame from the board */
    struct {
        uint32_t value;
        const uint8_t *data;
        size_t n;
        unsigned error;
    } reply; /* the last one, in that frame */
} host;

/* Checked fixtures: a board with the stub running, at 115200 baud; after every test: no byte was lost, no flash rule
 * was violated, and no exception occurred. */
void host_setup(void);
void host_teardown(void);
/* The same with another board, in place of the one that is freed. */
void host_begin_with(const struct board_config *config);

/* Frames. host_receive() waits for the next one that is not empty; timeouts in ns. */
void host_send_frame(const uint8_t *bytes, size_t n);
bool host_receive(uint64_t timeout);
uint32_t host_word(const uint8_t *bytes);
void host_put_word(uint8_t *bytes, uint32_t value);

/* Requests. A result is the status byte, which is the error of a stub, or NO_REPLY; the ROM's error is 1. */
void host_send_request(enum wire_op op, uint32_t checksum, const void *bytes, size_t n);
unsigned host_take_reply(enum wire_op op, uint64_t timeout);
unsigned host_ask(enum wire_op op, const void *bytes, size_t n);
unsigned host_ask_words(enum wire_op op, unsigned n, uint32_t a, uint32_t b, uint32_t c, uint32_t d);

/* Blocks of data; `damage` is XORed into the checksum. host_blocks() writes all of it: a reply comes before its block
 * is written, so that the next block is sent meanwhile. It returns the first error. */
void host_send_block(enum wire_op op, uint32_t sequence, const uint8_t *payload, size_t n, uint8_t damage);
unsigned host_block(enum wire_op op, uint32_t sequence, const uint8_t *payload, size_t n);
unsigned host_blocks(enum wire_op op, const uint8_t *bytes, size_t n, size_t size);

void host_run_for(uint64_t duration);
void host_change_baud(uint32_t to);

/* Writing `n` bytes of host.data: compress them, begin, end, or all of it. */
void host_pack(size_t n);
unsigned host_defl_begin(uint32_t offset, uint32_t n);
unsigned host_end(enum wire_op op);
void host_write_deflated(uint32_t offset, uint32_t n);

uint8_t *host_flash(void);
/* [offset, offset + n) holds `content`, the rest of its sectors is blank, everything else is unchanged. */
void host_check_flash(const uint8_t *content, uint32_t offset, uint32_t n);
/* The stub says so too. */
void host_check_md5(const uint8_t *content, uint32_t offset, uint32_t n);

#endif
