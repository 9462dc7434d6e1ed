/* SPDX-License-Identifier: MIT */
#include "daemon/api/http.h"
#include "daemon/api/listen.h"
#include "daemon/api/routes.h"
#include "daemon/base/log.h"
#include "daemon/base/memory.h"
#include "proto/link/text.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of each socket, so that a page gone wild does not lock out gangctl. */
#define CONNECTIONS_MAX 64
/* A client that neither sends nor takes a byte for so long is dropped. */
#define IDLE_SECONDS 30
/* Per connection, for the header (API_HEADER_MAX and what is parsed of it) and then for the answer under way. */
#define CONNECTION_MEMORY 32768

#define KEEP_ALIVE_MS 15000

/* How often late clients are looked for, and MHD runs at least. When a connection ends at the limit, MHD listens again
 * only in the MHD_run() after that, for which there is no event. */
#define TICK_MS 1000

/* One listening socket with its own MHD daemon. */
struct listener {
    struct http *http;
    struct endpoint endpoint;
    struct MHD_Daemon *mhd;
    int fd;           /* what it listens on; MHD closes it */
    uv_poll_t poll;   /* MHD's epoll descriptor */
    uv_timer_t timer; /* its time-outs, and connections that were resumed */
    bool polled;      /* these two are open */
    bool resumed;     /* since MHD_run() began */
};

struct http {
    struct routes routes;
    struct listener tcp, local, watch;
    uv_timer_t keep_alive, tick;
    char *path;            /* of the Unix socket, to be removed at the end; NULL if it is not ours */
    unsigned open_handles; /* of libuv; the last to close frees all */
};

/* What MHD says is of clients that went away or sent nonsense: for the debugger only. */
__attribute__((format(printf, 2, 0))) static void on_mhd_log(void *cls, const char *format, va_list arguments)
{
    (void)cls;
    char text[512];
    text_vprint(text, sizeof(text), format, arguments);
    text[strcspn(text, "\n")] = '\0';
    log_debug("http", "%s", text);
}

static void on_timer(uv_timer_t *timer);

static void run(struct listener *listener)
{
    listener->resumed = false;
    listener->endpoint.clients.now = uv_now(listener->timer.loop);
    MHD_run(listener->mhd);
    MHD_UNSIGNED_LONG_LONG ms = 0;
    if (listener->resumed || MHD_get_timeout(listener->mhd, &ms) == MHD_YES)
        uv_timer_start(&listener->timer, on_timer, ms, 0);
    else
        uv_timer_stop(&listener->timer);
}

static void on_timer(uv_timer_t *timer)
{
    run(timer->data);
}

static void run_soon(struct listener *listener)
{
    listener->resumed = true;
    if (listener->polled)
        uv_timer_start(&listener->timer, on_timer, 0, 0);
}

/* MHD does not wake its epoll descriptor for what is resumed while it has no thread of its own. */
static void on_resumed(void *data)
{
    struct http *http = data;
    run_soon(&http->local);
    run_soon(&http->tcp);
    run_soon(&http->watch);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run(poll->data);
}

static void on_keep_alive(uv_timer_t *timer)
{
    struct http *http = timer->data;
    routes_keep_alive(&http->routes);
}

static void tick(struct listener *listener)
{
    if (!listener->polled)
        return;
    listener->endpoint.clients.now = uv_now(listener->timer.loop);
    clients_drop_late(&listener->endpoint.clients);
    run(listener);
}

static void on_tick(uv_timer_t *timer)
{
    struct http *http = timer->data;
    tick(&http->local);
    tick(&http->tcp);
    tick(&http->watch);
}

/* Takes listener->fd, in failure too. */
static bool listener_start(struct http *http, struct listener *listener)
{
    uv_loop_t *loop = http->keep_alive.loop;
    listener->http = http;
    listener->endpoint.routes = &http->routes;
    clients_init(&listener->endpoint.clients, CONNECTIONS_MAX);
    listener->mhd = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, routes_answer, &listener->endpoint,
        MHD_OPTION_URI_LOG_CALLBACK, routes_begin, &listener->endpoint, MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, listener->fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_NOTIFY_COMPLETED, routes_completed, &listener->endpoint,
        MHD_OPTION_NOTIFY_CONNECTION, clients_notify, &listener->endpoint.clients, MHD_OPTION_END);
    if (!listener->mhd) {
        close(listener->fd);
        return false;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(listener->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    if (!info || uv_poll_init(loop, &listener->poll, info->epoll_fd) != 0)
        return false;
    listener->poll.data = listener;
    uv_timer_init(loop, &listener->timer);
    listener->timer.data = listener;
    listener->polled = true;
    http->open_handles += 2;
    return uv_poll_start(&listener->poll, UV_READABLE, on_poll) == 0;
}

static bool start_local(struct http *http, const struct config *config, char *error, size_t error_size)
{
    bool passed;
    int fd = listen_unix(config->socket, config->group, &passed, error, error_size);
    if (fd < 0)
        return false;
    http->path = passed ? NULL : must_strdup(config->socket);
    http->local.fd = fd;
    http->local.endpoint.kind = LISTENER_LOCAL;
    http->local.endpoint.rules.any_host = true;
    if (!listener_start(http, &http->local)) {
        text_print(error, error_size, "socket %s: the HTTP server cannot be started", config->socket);
        return false;
    }
    log_info("http", "listening on %s", config->socket);
    return true;
}

static void print_url(char *url, size_t size, const struct rules *rules)
{
    bool ipv6 = strchr(rules->address, ':');
    text_print(url, size, "http://%s%s%s:%u/", ipv6 ? "[" : "", rules->address, ipv6 ? "]" : "", rules->port);
}

/* Listens on TCP; `port` as of listen_tcp(). */
static bool start_tcp(struct http *http, struct listener *listener, const char *key, const char *address, uint16_t port,
                      char *error, size_t error_size)
{
    struct rules *rules = &listener->endpoint.rules;
    char url[96];
    int fd = listen_tcp(key, address, &port, error, error_size);
    if (fd < 0)
        return false;
    rules->port = port;
    text_copy(rules->address, sizeof(rules->address), address);
    listener->fd = fd;
    if (!listener_start(http, listener)) {
        text_print(error, error_size, "%s = %s:%u: the HTTP server cannot be started", key, address, port);
        return false;
    }
    print_url(url, sizeof(url), rules);
    log_info("http", "listening on %s", url);
    return true;
}

static bool start_page(struct http *http, const struct config *config, char *error, size_t error_size)
{
    struct rules *rules = &http->tcp.endpoint.rules;
    http->tcp.endpoint.kind = LISTENER_DASHBOARD;
    text_copy(rules->hosts, sizeof(rules->hosts), config->hosts);
    if (!start_tcp(http, &http->tcp, "listen", config->address, config->port, error, error_size))
        return false;
    print_url(http->routes.dashboard, sizeof(http->routes.dashboard), rules);
    return true;
}

/* Whatever name led a browser here, it has the cookie for that name alone: the token takes the place of the Host. */
static bool start_watch(struct http *http, const struct config *config, char *error, size_t error_size)
{
    struct endpoint *endpoint = &http->watch.endpoint;
    endpoint->kind = LISTENER_WATCH;
    endpoint->rules.any_host = true;
    return token_read(config->watch_token_file, endpoint->token, error, error_size) &&
           start_tcp(http, &http->watch, "watch", config->watch_address, config->watch_port, error, error_size);
}

/* Boards are flashed without the page if the file system of its files does not answer, and if nobody is to see it. The
 * Unix socket shows it wherever it is there. */
static bool load_page(struct http *http, const struct config *config, char *error, size_t error_size)
{
    struct routes *routes = &http->routes;
    bool has_page = config->address[0] || config->watch_address[0];
    routes->files = static_files_load(config->web, routes->files_error, sizeof(routes->files_error));
    bool answers = errno != ETIMEDOUT;
    if (routes->files || !has_page)
        return true;
    text_copy(error, error_size, routes->files_error);
    if (answers)
        return false;
    log_error("http", "%s; starting without the dashboard: restart gangd when it can be read", error);
    return true;
}

struct http *http_start(uv_loop_t *loop, const struct config *config, struct station *station, struct events *events,
                        char *error, size_t error_size)
{
    struct http *http = must_calloc(1, sizeof(*http));
    uv_timer_init(loop, &http->keep_alive);
    uv_timer_init(loop, &http->tick);
    http->keep_alive.data = http->tick.data = http;
    http->open_handles = 2;
    http->routes.station = station;
    http->routes.events = events;
    control_init(&http->routes.control, config->control);
    LIST_INIT(&http->routes.streams.list);
    http->routes.streams.resumed = on_resumed;
    http->routes.streams.data = http;

    if (!load_page(http, config, error, error_size) ||
        (config->socket[0] && !start_local(http, config, error, error_size)) ||
        (config->address[0] && !start_page(http, config, error, error_size)) ||
        (config->watch_address[0] && !start_watch(http, config, error, error_size))) {
        http_stop(http);
        return NULL;
    }
    listen_close_others((const int[]){http->local.fd, http->tcp.fd, http->watch.fd}, 3);
    uv_timer_start(&http->keep_alive, on_keep_alive, KEEP_ALIVE_MS, KEEP_ALIVE_MS);
    uv_timer_start(&http->tick, on_tick, TICK_MS, TICK_MS);
    return http;
}

uint16_t http_port(const struct http *http)
{
    return http->tcp.endpoint.rules.port;
}

uint16_t http_watch_port(const struct http *http)
{
    return http->watch.endpoint.rules.port;
}

static void free_when_last(struct http *http)
{
    if (--http->open_handles == 0)
        free(http);
}

static void on_listener_closed(uv_handle_t *handle)
{
    const struct listener *listener = handle->data;
    free_when_last(listener->http);
}

static void on_http_timer_closed(uv_handle_t *handle)
{
    free_when_last(handle->data);
}

static void listener_stop(struct listener *listener)
{
    /* libuv must let go of the epoll descriptor before MHD closes it. */
    if (listener->polled) {
        uv_close((uv_handle_t *)&listener->poll, on_listener_closed);
        uv_close((uv_handle_t *)&listener->timer, on_listener_closed);
    }
    if (listener->mhd)
        MHD_stop_daemon(listener->mhd);
}

void http_stop(struct http *http)
{
    if (!http)
        return;
    routes_end_streams(&http->routes); /* MHD does not stop while a connection is suspended */
    listener_stop(&http->local);
    listener_stop(&http->tcp);
    listener_stop(&http->watch);
    if (http->path)
        unlink(http->path);
    free(http->path);
    static_files_free(http->routes.files);
    uv_close((uv_handle_t *)&http->keep_alive, on_http_timer_closed);
    uv_close((uv_handle_t *)&http->tick, on_http_timer_closed);
}
