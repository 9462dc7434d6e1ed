/* SPDX-License-Identifier: MIT */
#include "tests/unit/daemon/http_harness.h"
#include "tests/runner.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

char http_harness_dir[64];
uint16_t http_harness_port, http_harness_watch_port;
char http_harness_socket[108];
enum control_mode http_harness_control = CONTROL_YES;

static struct {
    pthread_t thread;
    bool running;
    uv_loop_t loop;
    uv_async_t call;
    void (*function)(void);
    sem_t done;
    struct station station;
    struct events *events;
    struct http *http;
    char error[512];
    char book[128];
    int first, count, pad;
    int loop_left; /* of uv_loop_close() */
} harness;

static void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", http_harness_dir, name);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void run_command(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void run_command(const char *format, ...)
{
    char command[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    ck_assert_int_eq(system(command), 0);
}

void http_harness_make_dir(void)
{
    char path[128];
    snprintf(http_harness_dir, sizeof(http_harness_dir), "/tmp/test-http-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(http_harness_dir));
    snprintf(path, sizeof(path), "%s/web", http_harness_dir);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    write_file("web/index.html", "<!doctype html><title>bench</title>");
    write_file("web/app.js", "'use strict';");
    write_file("web/notes.txt", "not for the page");
    write_file("web/.hidden.html", "not for anybody");
    write_file("secret.html", "outside");
    write_file("token", HARNESS_TOKEN "\n");
    snprintf(http_harness_socket, sizeof(http_harness_socket), "%s/gangd.sock", http_harness_dir);
    snprintf(harness.book, sizeof(harness.book), "%s/gangd.db", http_harness_dir);
}

void http_harness_config(struct config *config)
{
    memset(config, 0, sizeof(*config));
    snprintf(config->socket, sizeof(config->socket), "%s", http_harness_socket);
    snprintf(config->address, sizeof(config->address), "127.0.0.1");
    snprintf(config->hosts, sizeof(config->hosts), "127.0.0.1:9000 bench.example");
    config->control = http_harness_control;
    snprintf(config->watch_address, sizeof(config->watch_address), "127.0.0.1");
    snprintf(config->watch_token_file, sizeof(config->watch_token_file), "%s/token", http_harness_dir);
    snprintf(config->web, sizeof(config->web), "%s/web", http_harness_dir);
}

const char *http_harness_book(void)
{
    return harness.book;
}

int http_harness_starts(void)
{
    return harness.station.starts;
}

int http_harness_held(void)
{
    return harness.station.held;
}

static void on_health(void *data, const char *error)
{
    (void)data;
    (void)error;
}

/* The book that is copied for each test: each of its rows is two commits, and costs the disk's time. */

static struct {
    char path[64]; /* "": none, the book begins empty */
    uv_loop_t loop;
    struct book *book;
    int rows, begun, ended;
} pattern;

static void book_next(void);

static void on_ended(void *data)
{
    (void)data;
    pattern.ended++;
    book_next();
}

static void on_begun(void *data, int64_t id)
{
    struct attempt *attempt = data;
    attempt->id = id;
    attempt->ended = attempt->started + 1000000;
    attempt->verdict = pattern.begun % 3 == 0 ? VERDICT_FAIL : VERDICT_PASS;
    attempt->cause = attempt->verdict == VERDICT_FAIL ? CAUSE_MD5_MISMATCH : CAUSE_NONE;
    book_end(pattern.book, attempt, on_ended, NULL);
}

static void book_next(void)
{
    static struct attempt attempt;
    if (pattern.begun == pattern.rows)
        return;
    int n = ++pattern.begun;
    memset(&attempt, 0, sizeof(attempt));
    attempt.started = INT64_C(1772442904120000) + n * INT64_C(1000000);
    snprintf(attempt.slot, sizeof(attempt.slot), "%s", n % 2 ? "A1" : "B2");
    snprintf(attempt.mac, sizeof(attempt.mac), "18:fe:34:%02x:%02x:%02x", n >> 16 & 0xFF, n >> 8 & 0xFF, n & 0xFF);
    book_begin(pattern.book, &attempt, on_begun, &attempt);
}

void http_harness_fill(int rows)
{
    char error[512] = "";
    strcpy(pattern.path, "/tmp/test-http-book-XXXXXX");
    int fd = mkstemp(pattern.path);
    ck_assert_int_ge(fd, 0);
    close(fd);
    uv_loop_init(&pattern.loop);
    pattern.book = book_open(&pattern.loop, pattern.path, on_health, NULL, error, sizeof(error));
    ck_assert_msg(pattern.book != NULL, "%s", error);
    pattern.rows = rows;
    pattern.begun = pattern.ended = 0;
    book_next();
    while (pattern.ended < rows)
        uv_run(&pattern.loop, UV_RUN_ONCE);
    ck_assert(book_close(pattern.book, 5));
    uv_run(&pattern.loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&pattern.loop), 0);
}

void http_harness_unfill(void)
{
    run_command("rm %s*", pattern.path);
    pattern.path[0] = '\0';
}

/* The loop's side: open the book and the sockets, then do what the test asks for. */

static void on_call(uv_async_t *async)
{
    (void)async;
    harness.function();
    sem_post(&harness.done);
}

static void *serve(void *unused)
{
    (void)unused;
    struct config config;
    http_harness_config(&config);
    uv_loop_init(&harness.loop);
    uv_async_init(&harness.loop, &harness.call, on_call);
    harness.events = events_new();
    harness.station.book =
        book_open(&harness.loop, harness.book, on_health, NULL, harness.error, sizeof(harness.error));
    if (harness.station.book) {
        harness.http =
            http_start(&harness.loop, &config, &harness.station, harness.events, harness.error, sizeof(harness.error));
    }
    http_harness_port = harness.http ? http_port(harness.http) : 0;
    http_harness_watch_port = harness.http ? http_watch_port(harness.http) : 0;
    sem_post(&harness.done);
    uv_run(&harness.loop, UV_RUN_DEFAULT);
    harness.loop_left = uv_loop_close(&harness.loop);
    return NULL;
}

static void on_loop(void (*function)(void))
{
    harness.function = function;
    ck_assert_int_eq(uv_async_send(&harness.call), 0);
    ck_assert_int_eq(sem_wait(&harness.done), 0);
}

void http_harness_start(void)
{
    http_harness_make_dir();
    if (pattern.path[0])
        run_command("cp %s %s", pattern.path, harness.book);
    sem_init(&harness.done, 0, 0);
    ck_assert_int_eq(pthread_create(&harness.thread, NULL, serve, NULL), 0);
    ck_assert_int_eq(sem_wait(&harness.done), 0);
    ck_assert_msg(harness.http != NULL, "%s", harness.error);
    harness.running = true;
}

static void stop_on_loop(void)
{
    http_stop(harness.http);
    ck_assert(book_close(harness.station.book, 5));
    events_free(harness.events);
    uv_close((uv_handle_t *)&harness.call, NULL);
}

void http_harness_stop(void)
{
    if (!harness.running)
        return;
    harness.running = false;
    on_loop(stop_on_loop);
    ck_assert_int_eq(pthread_join(harness.thread, NULL), 0);
    ck_assert_int_eq(harness.loop_left, 0);
    ck_assert_msg(access(http_harness_socket, F_OK) != 0, "the socket file was left behind");
    run_command("rm -r %s", http_harness_dir);
}

static void publish_on_loop(void)
{
    char *pad = calloc(1, (size_t)harness.pad + 1);
    memset(pad, 'x', (size_t)harness.pad);
    for (int i = 0; i < harness.count; i++)
        events_publish(harness.events, "slot", json_pack("{s:i,s:s}", "n", harness.first + i, "pad", pad));
    free(pad);
}

void http_harness_publish(int first, int count, int pad)
{
    harness.first = first;
    harness.count = count;
    harness.pad = pad;
    on_loop(publish_on_loop);
}

static void look_for_reload(void)
{
    harness.count = harness.station.waiter != NULL;
}

bool http_harness_reloads(void)
{
    on_loop(look_for_reload);
    return harness.count;
}

static const char *reload_errors, *reload_kept;

static void end_reload_on_loop(void)
{
    struct station_reload_waiter *waiter = harness.station.waiter;
    harness.station.waiter = NULL;
    waiter->done(waiter->data, reload_errors, reload_kept);
}

void http_harness_end_reload(const char *errors, const char *kept)
{
    while (!http_harness_reloads())
        usleep(1000);
    reload_errors = errors;
    reload_kept = kept;
    on_loop(end_reload_on_loop);
}

static void block_on_loop(void)
{
    usleep((useconds_t)harness.count * 1000);
}

void http_harness_block(int ms)
{
    harness.count = ms;
    on_loop(block_on_loop);
}

/* The client. */

static int connect_tcp(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

int client_tcp(void)
{
    return connect_tcp(http_harness_port);
}

int client_watch(void)
{
    return connect_tcp(http_harness_watch_port);
}

int client_unix(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", http_harness_socket);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

void client_send(int fd, const char *text)
{
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* the server has had enough; its answer tells why */
        text += n;
        len -= (size_t)n;
    }
}

void client_request(int fd, const char *method, const char *target, const char *headers)
{
    char request[16384];
    int len = snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n%s\r\n",
                       method, target, http_harness_port, headers);
    ck_assert_int_lt(len, (int)sizeof(request));
    client_send(fd, request);
}

struct received {
    char *bytes;
    size_t len, capacity;
};

/* Appends what comes. False at the end of the connection. */
static bool receive(int fd, struct received *text)
{
    if (text->capacity - text->len < 4096) {
        text->capacity = 2 * text->capacity + 65536;
        char *bytes = realloc(text->bytes, text->capacity);
        ck_assert_ptr_nonnull(bytes);
        text->bytes = bytes;
    }
    ssize_t n = recv(fd, text->bytes + text->len, text->capacity - text->len - 1, 0);
    text->len += n > 0 ? (size_t)n : 0;
    text->bytes[text->len] = '\0';
    return n > 0;
}

char *client_read_until(int fd, const char *mark)
{
    struct received text = {0};
    size_t looked = 0;
    do {
        ck_assert_msg(receive(fd, &text), "the connection ended before \"%s\" came", mark);
        size_t from = looked > strlen(mark) ? looked - strlen(mark) : 0;
        if (strstr(text.bytes + from, mark))
            return text.bytes;
        looked = text.len;
    } while (true);
}

char *client_all(int fd)
{
    struct received text = {0};
    while (receive(fd, &text))
        ;
    close(fd);
    return text.bytes;
}

void client_read_some(int fd)
{
    char some[512];
    ck_assert_int_gt(recv(fd, some, sizeof(some), 0), 0);
}

void client_reset(int fd)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
    close(fd);
}

/* Takes the chunk marks out of the body, in place. */
static void dechunk(struct answer *answer)
{
    const char *in = answer->body, *end = answer->body + answer->len;
    char *out = answer->body;
    answer->len = 0;
    while (in < end) {
        char *after;
        size_t size = strtoul(in, &after, 16);
        if (strncmp(after, "\r\n", 2) != 0)
            break;
        after += 2;
        answer->whole = size == 0;
        if (size == 0 || size + 2 > (size_t)(end - after))
            break;
        memmove(out, after, size);
        out += size;
        in = after + size + 2;
    }
    *out = '\0';
    answer->len = (size_t)(out - answer->body);
}

void client_answer(int fd, struct answer *answer)
{
    struct received text = {0};
    while (receive(fd, &text))
        ;
    close(fd);

    memset(answer, 0, sizeof(*answer));
    answer->headers = text.bytes;
    answer->body = text.bytes + text.len;
    char *body = strstr(text.bytes, "\r\n\r\n");
    if (!body || sscanf(text.bytes, "HTTP/1.1 %d ", &answer->status) != 1)
        return;
    body[2] = '\0';
    answer->body = body + 4;
    answer->len = text.len - (size_t)(answer->body - text.bytes);

    char value[64];
    if (strcmp(answer_header(answer, "Transfer-Encoding", value, sizeof(value)), "chunked") == 0)
        dechunk(answer);
    else
        answer->whole = strtoul(answer_header(answer, "Content-Length", value, sizeof(value)), NULL, 10) == answer->len;
}

void answer_free(struct answer *answer)
{
    free(answer->headers);
}

void ask(struct answer *answer, const char *method, const char *target, const char *headers)
{
    int fd = client_tcp();
    client_request(fd, method, target, headers);
    client_answer(fd, answer);
}

const char *answer_header(const struct answer *answer, const char *name, char *value, size_t size)
{
    value[0] = '\0';
    size_t len = strlen(name);
    for (const char *line = strstr(answer->headers, "\r\n"); line; line = strstr(line + 2, "\r\n")) {
        const char *text = line + 2;
        if (strncasecmp(text, name, len) == 0 && strncmp(text + len, ": ", 2) == 0) {
            snprintf(value, size, "%.*s", (int)strcspn(text + len + 2, "\r"), text + len + 2);
            break;
        }
    }
    return value;
}

void expect_error(struct answer *answer, int status, const char *part)
{
    ck_assert_msg(answer->status == status, "%d instead of %d: %s", answer->status, status, answer->body);
    ck_assert(answer->whole);
    json_t *json = json_loads(answer->body, 0, NULL);
    const char *error = json_string_value(json_object_get(json, "error"));
    ck_assert_msg(error && strstr(error, part), "\"%s\" does not say \"%s\"", error ? error : answer->body, part);
    json_decref(json);
    answer_free(answer);
}

void expect_status(struct answer *answer, int status)
{
    ck_assert_msg(answer->status == status, "%d instead of %d: %s", answer->status, status, answer->body);
    ck_assert(answer->whole);
    answer_free(answer);
}

void ask_raw(struct answer *answer, bool tcp, const char *request)
{
    int fd = tcp ? client_tcp() : client_unix();
    client_send(fd, request);
    client_answer(fd, answer);
}
