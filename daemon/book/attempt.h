/* SPDX-License-Identifier: MIT */
/*
 * An attempt as the book keeps it. Plain data without pointers, so that it can be copied to another thread.
 */
#ifndef DAEMON_BOOK_ATTEMPT_H
#define DAEMON_BOOK_ATTEMPT_H

#include "proto/chip/nor.h"
#include "proto/diagnosis/cause.h"
#include "proto/recipe/phase.h"
#include "proto/recipe/try_result.h"

#include <stdint.h>

enum verdict { VERDICT_OPEN, VERDICT_PASS, VERDICT_FAIL, VERDICT_INTERRUPTED };

/* "open", "pass", "fail", "interrupted"; and back (-1 for anything else). */
const char *verdict_name(enum verdict verdict);
int verdict_from_name(const char *name) __attribute__((warn_unused_result));

/* Whether the attempt began to erase and write. NO of a pass: the board held the image already. */
enum written { WRITTEN_UNKNOWN, WRITTEN_NO, WRITTEN_YES };

/* Members of struct attempt that are columns of the same name in the book: X(member) */
#define ATTEMPT_TEXTS(X)                                                                                               \
    X(slot)                                                                                                            \
    X(path)                                                                                                            \
    X(adapter)                                                                                                         \
    X(station)                                                                                                         \
    X(lot) X(operator) X(gangd) X(detail) X(mac) X(chip_id) X(chip) X(flash_id) X(stub) X(flash_unique_id) X(flash_note)
#define ATTEMPT_INTEGERS(X) X(flash_size) X(baud) X(tries)

struct attempt {
    int64_t id; /* given by the book when the row is opened; 0 before */

    /* Known at the start. Times are microseconds since 1970, UTC. */
    int64_t started;
    char slot[64];
    char path[160];    /* udev ID_PATH, with the interface or port number where there is more than one */
    char adapter[192]; /* driver, vid:pid, serial number: for people */
    char image_md5[33];
    char image_sha256[65];
    int64_t image_size;
    char station[64];
    char lot[64];
    char operator[64];
    char gangd[32];

    /* Known at the end. */
    int64_t ended; /* 0 while open */
    enum verdict verdict;
    enum cause cause;
    char detail[256];
    char mac[18];                    /* "18:fe:34:a1:b2:c3", or "" */
    char chip_id[9];                 /* eight hex digits, or "" */
    char chip[32];                   /* "ESP8266EX", "ESP8285", … */
    char flash_id[NOR_ID_TEXT_SIZE]; /* six or eight hex digits: "ef4016" */
    int64_t flash_size;
    char flash_unique_id[2 * NOR_UNIQUE_ID_MAX + 1]; /* hex digits; "": the part has none */
    char flash_note[NOR_NOTE_SIZE]; /* of nor_note(): what it took to find the part and its size; "" of most */
    char stub[64];
    int64_t baud; /* of the last try */
    int64_t tries;
    struct try_result try_results[TRIES_MAX]; /* of the tries that have ended, in their order */
    unsigned n_try_results;                   /* fewer than `tries` while one runs, or if gangd ended in it */
    enum written written;
    struct {
#define X(phase, label, word) double phase;
        PROGRAM_PHASES(X)
#undef X
    } seconds;
};

#endif
