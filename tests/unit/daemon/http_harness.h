/* SPDX-License-Identifier: MIT */
/*
 * A harness for the local sockets: http_start() on a loop of its own thread, with a real book and a station of two
 * slots, and a client of plain sockets that can send what no decent client would. A function fails the running test
 * when it cannot do what it says.
 */
#ifndef TESTS_UNIT_DAEMON_HTTP_HARNESS_H
#define TESTS_UNIT_DAEMON_HTTP_HARNESS_H

#include "daemon/api/events.h"
#include "daemon/api/http.h"
#include "daemon/book/book.h"
#include "daemon/station/station.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HARNESS_TOKEN "0123456789abcdef-._~"

/* A directory for this test, removed by http_harness_stop(). Its page has index.html and app.js. */
extern char http_harness_dir[];
extern uint16_t http_harness_port, http_harness_watch_port;
extern char http_harness_socket[];
extern enum control_mode http_harness_control; /* of the next http_harness_start() */

/* What its station is (http_station.h): slot "A1" can be started, "B2" is empty, and there is no other. It can be held.
 */
struct station {
    struct book *book;
    int starts;
    int held;                             /* seconds asked for; -1: never */
    struct station_reload_waiter *waiter; /* for the reload that http_harness_end_reload() ends */
};

/* For an unchecked fixture: makes a book of `rows` attempts with which each http_harness_start() then begins. Every
 * third failed; row n is of slot A1 or B2 in turn and has the MAC 18:fe:34 and n. */
void http_harness_fill(int rows);
void http_harness_unfill(void);

/* Starts all; the book is empty if none was filled. */
void http_harness_start(void);

/* Stops http, then the book, then the loop; no handle of libuv may be left. Nothing if it is stopped already. */
void http_harness_stop(void);

/* Waits until a reload is asked for, and ends it so. */
void http_harness_end_reload(const char *errors, const char *kept);
bool http_harness_reloads(void);

int http_harness_starts(void);
int http_harness_held(void);
const char *http_harness_book(void);

/* Publishes `count` "slot" events on the loop's thread, with data {"n": first…, "pad": pad bytes}. */
void http_harness_publish(int first, int count, int pad);

/* Keeps the loop's thread from running for so many milliseconds. */
void http_harness_block(int ms);

/* A configuration as http_harness_start() uses it, with port 0 and the hosts 127.0.0.1:9000 and bench.example.
 * http_harness_dir must be there: http_harness_make_dir(). */
void http_harness_make_dir(void);
void http_harness_config(struct config *config);

int client_tcp(void);
int client_unix(void);
int client_watch(void); /* of the read-only listener, whose token is HARNESS_TOKEN */

void client_send(int fd, const char *text);
/* "METHOD TARGET HTTP/1.1", a right Host, `headers` (lines with \r\n, or "") and "Connection: close". */
void client_request(int fd, const char *method, const char *target, const char *headers);

/* Reads until `mark` has come (in all that came since the last call), and returns all that came: free() it. */
char *client_read_until(int fd, const char *mark);

/* Reads to the end of the connection, closes it, and returns all that came: free() it. */
char *client_all(int fd);

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

/* The same of `request` as given, without the Host that client_request() adds, over TCP or the Unix socket. */
void ask_raw(struct answer *answer, bool tcp, const char *request);

/* A whole answer with this status, and for an error with `part` in its sentence. Frees it. */
void expect_status(struct answer *answer, int status);
void expect_error(struct answer *answer, int status, const char *part);

/* The value of a header in `value`; "" if it is not there. */
const char *answer_header(const struct answer *answer, const char *name, char *value, size_t size);

#endif
