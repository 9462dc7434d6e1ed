/* SPDX-License-Identifier: MIT */
/*
 * A bench for the local sockets: http_start() on a loop of its own thread, with a real book and a station of two slots,
 * and a client of plain sockets that can send what no decent client would. A function fails the running test when it
 * cannot do what it says.
 */
#ifndef TESTS_UNIT_DAEMON_HTTP_BENCH_H
#define TESTS_UNIT_DAEMON_HTTP_BENCH_H

#include "daemon/api/events.h"
#include "daemon/api/http.h"
#include "daemon/book/book.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A directory for this test, removed by bench_stop(). Its page has index.html and app.js. */
extern char bench_dir[];
extern uint16_t bench_port;
extern char bench_socket[];

/* What its station is (http_station.h): slot "A1" can be started, "B2" is empty, and there is no other. It can be held.
 */
struct station {
    struct book *book;
    int starts;
    int held; /* seconds asked for; -1: never */
};

/* For an unchecked fixture: makes a book of `rows` attempts with which each bench_start() then begins. Every third
 * failed; row n is of slot A1 or B2 in turn and has the MAC 18:fe:34 and n. */
void bench_fill(int rows);
void bench_unfill(void);

/* Starts all; the book is empty if none was filled. */
void bench_start(void);

/* Stops http, then the book, then the loop; no handle of libuv may be left. Nothing if it is stopped already. */
void bench_stop(void);

int bench_starts(void);
int bench_held(void);
const char *bench_book(void);

/* Publishes `count` "slot" events on the loop's thread, with data {"n": first…, "pad": pad bytes}. */
void bench_publish(int first, int count, int pad);

/* A configuration as bench_start() uses it, with port 0. bench_dir must be there: bench_make_dir(). */
void bench_make_dir(void);
void bench_config(struct config *config);

int client_tcp(void);
int client_unix(void);

void client_send(int fd, const char *text);
/* "METHOD TARGET HTTP/1.1", a right Host, `headers` (lines with \r\n, or "") and "Connection: close". */
void client_request(int fd, const char *method, const char *target, const char *headers);

/* Reads until `mark` has come (in all that came since the last call), and returns all that came: free() it. */
char *client_read_until(int fd, const char *mark);

/* Reads a little, at least a byte. */
void client_read_some(int fd);

/* Closes with a reset, as a crashed program does. */
void client_reset(int fd);

struct answer {
    int status;    /* 0: the connection ended without an answer */
    char *headers; /* with the status line */
    char *body;    /* without chunk marks; NUL-terminated */
    size_t len;
    bool whole; /* the body came to its proper end */
};

/* Reads to the end of the connection and closes it. */
void client_answer(int fd, struct answer *answer);
void answer_free(struct answer *answer);

/* A request over TCP with its answer. */
void ask(struct answer *answer, const char *method, const char *target, const char *headers);

/* The value of a header in `value`; "" if it is not there. */
const char *answer_header(const struct answer *answer, const char *name, char *value, size_t size);

#endif
