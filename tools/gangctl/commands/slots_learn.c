/* SPDX-License-Identifier: MIT */
/* slots learn: reads udev's events and the keyboard, keeps gangd paused meanwhile, and writes the places down. */
#include "daemon/base/memory.h"
#include "daemon/config/paths.h"
#include "tools/gangctl/base/client.h"
#include "tools/gangctl/base/complain.h"
#include "tools/gangctl/base/options.h"
#include "tools/gangctl/base/print.h"
#include "tools/gangctl/commands/commands.h"
#include "tools/gangctl/commands/learn.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define DEFAULT_PREFIX "A"
/* The ports of one adapter come within some tens of milliseconds, as udev gets to them. */
#define QUIET_MS 600
/* The pause ends so long after its last renewal, also if gangctl is killed. */
#define PAUSE_SECONDS 15
#define PAUSE_MS      2000

struct learn_command {
    struct learn learn;
    const char *socket;
    uv_loop_t loop;
    uv_timer_t quiet, pause;
    uv_signal_t signals[3];
    int signal;    /* the one that ends it; 0: none came */
    bool watching; /* adapters that appear from now on were plugged in by the user */
    size_t there;  /* adapters that were plugged in before */
    struct adapter came[LEARN_PORTS_MAX];
    size_t n_came;
    char line[1024];
    size_t line_len;
    bool no_more_lines;
};

/* Adapters */

/* Its USB device: "1-1.2" of "1-1.2", "1-1.2:3" and "1-1.2-port1". */
static size_t device_len(const char *place)
{
    const char *port = strstr(place, "-port");
    size_t len = strcspn(place, ":");
    return port && (size_t)(port - place) < len ? (size_t)(port - place) : len;
}

static bool is_same_device(const struct adapter *a, const struct adapter *b)
{
    size_t len = device_len(a->place);
    return len == device_len(b->place) && strncmp(a->place, b->place, len) == 0;
}

/* Places of one device differ behind the same beginning. */
static int compare_places(const void *a, const void *b)
{
    return strverscmp(((const struct adapter *)a)->place, ((const struct adapter *)b)->place);
}

static void on_quiet(uv_timer_t *timer)
{
    struct learn_command *command = timer->data;
    size_t n = command->n_came;
    command->n_came = 0;
    for (size_t i = 1; i < n; i++)
        if (!is_same_device(&command->came[0], &command->came[i])) {
            fprintf(stderr, "Several adapters came at once (%s, %s): unplug them, and plug in one at a time.\n",
                    command->came[0].place, command->came[i].place);
            return;
        }
    qsort(command->came, n, sizeof(command->came[0]), compare_places);
    if (n > 0)
        learn_plugged(&command->learn, command->came, n);
}

static void on_added(void *data, const struct adapter *adapter)
{
    struct learn_command *command = data;
    if (!command->watching) {
        command->there++;
        return;
    }
    if (command->n_came < LEARN_PORTS_MAX)
        command->came[command->n_came++] = *adapter;
    uv_timer_start(&command->quiet, on_quiet, QUIET_MS, 0);
}

static void on_removed(void *data, const char *syspath)
{
    struct learn_command *command = data;
    for (size_t i = 0; i < command->n_came; i++)
        if (strcmp(command->came[i].syspath, syspath) == 0) {
            command->came[i] = command->came[--command->n_came];
            return;
        }
    learn_unplugged(&command->learn, syspath);
}

/* The pause: without it gangd would flash boards that are plugged in */

static bool drop(void *data, const char *text, size_t len)
{
    (void)data;
    (void)text;
    (void)len;
    return true;
}

static int pause_gangd(const struct learn_command *command, unsigned seconds, bool quiet)
{
    char target[64];
    snprintf(target, sizeof(target), "/api/v1/hold?seconds=%u", seconds);
    struct client_request request = {
        .socket = command->socket, .target = target, .post = true, .quiet = quiet, .take = drop};
    return client_finds(command->socket) ? client_run(&request) : DONE;
}

static void on_pause_timer(uv_timer_t *timer)
{
    /* A gangd that does not run flashes nothing, and is paused when it is back. */
    (void)!pause_gangd(timer->data, PAUSE_SECONDS, true);
}

/* The keyboard */

/* Of a line that is too long the bytes before its last one are dropped. */
static void read_lines(struct learn_command *command)
{
    char text[256];
    ssize_t n = read(STDIN_FILENO, text, sizeof(text));
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    command->no_more_lines = n <= 0;
    for (ssize_t i = 0; i < n && !command->learn.ended; i++) {
        if (text[i] != '\n') {
            command->line_len -= command->line_len == sizeof(command->line) - 1;
            command->line[command->line_len++] = text[i];
            continue;
        }
        command->line[command->line_len] = '\0';
        command->line_len = 0;
        learn_line(&command->learn, command->line);
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    ((struct learn_command *)handle->data)->signal = number;
}

/* libuv cannot poll regular files, which a script may use as standard input; poll() can. */
static void listen_to_all(struct learn_command *command)
{
    while (!command->learn.ended && !command->no_more_lines && !command->signal) {
        struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                               {.fd = uv_backend_fd(&command->loop), .events = POLLIN}};
        uv_run(&command->loop, UV_RUN_NOWAIT);
        if (command->learn.ended || command->signal ||
            (poll(fds, 2, uv_backend_timeout(&command->loop)) < 0 && errno != EINTR))
            return;
        if (fds[0].revents)
            read_lines(command);
    }
}

static void open_loop(struct learn_command *command)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    uv_loop_init(&command->loop);
    uv_timer_init(&command->loop, &command->quiet);
    uv_timer_init(&command->loop, &command->pause);
    command->quiet.data = command->pause.data = command;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        uv_signal_init(&command->loop, &command->signals[i]);
        command->signals[i].data = command;
        uv_signal_start(&command->signals[i], on_signal, numbers[i]);
    }
}

static void close_handle(uv_handle_t *handle, void *data)
{
    (void)data;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void close_loop(struct learn_command *command)
{
    uv_walk(&command->loop, close_handle, NULL);
    uv_run(&command->loop, UV_RUN_DEFAULT);
    uv_loop_close(&command->loop);
}

/* The result */

static void print_places(const struct learn *learn, bool json)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < learn->n; i++) {
        const struct config_place *place = &learn->places[i];
        json_array_append_new(rows, json_pack("{s:s, s:s}", "slot", place->name, "path", place->path));
        if (!json)
            printf("%s[slot %s]\npath = %s\n", i > 0 ? "\n" : "", place->name, place->path);
    }
    if (json)
        print_json(rows);
    json_decref(rows);
}

static void complain_of(const char *error)
{
    complain("%s", error);
}

static int write_places(const struct learn *learn, const struct options *options, const char *file)
{
    char errors[CONFIG_ERRORS_MAX] = "";
    int result = learn_left_one_without(learn) ? REFUSED : DONE;
    if (learn->n == 0)
        fputs("Nothing was learned.\n", stderr);
    else if (result == DONE && options->write) {
        if (config_edit_file(file, learn->places, learn->n, errors, sizeof(errors)) == 0) {
            fprintf(stderr,
                    "%s has the %zu place%s; the file before is %s~.\nTo use them: systemctl reload gangd\n"
                    "A board that came with its adapter is left alone until it is plugged in again.\n",
                    file, learn->n, learn->n == 1 ? "" : "s", file);
            return DONE;
        }
        error_list_each(errors, complain_of);
        result = NO_OUTPUT;
    }
    if (learn->n > 0 || options->json)
        print_places(learn, options->json);
    return result;
}

/* Reads the configuration; a missing one is empty unless it was asked for by --config or --write. */
static int read_config(const struct options *options, const char *file, struct config *config)
{
    char errors[CONFIG_ERRORS_MAX];
    bool needed = options->write || options->config;
    if (!needed && access(file, F_OK) != 0)
        return DONE;
    if (config_read(config, file, errors, sizeof(errors)) == 0 &&
        (!options->write || config_edit_allowed(file, errors, sizeof(errors)) == 0))
        return DONE;
    error_list_each(errors, complain_of);
    return REFUSED;
}

static int choose_names(const struct options *options, char **names, struct learn *learn)
{
    if (names[0] && (options->prefix || options->count)) {
        complain("slots learn takes names, or --prefix and --count");
        return USAGE;
    }
    learn->names = names;
    learn->prefix = options->prefix ? options->prefix : DEFAULT_PREFIX;
    learn->count = options->count ? options->count : CONFIG_SLOTS_MAX;
    if (names[0])
        for (learn->count = 0; names[learn->count];)
            learn->count++;
    if (learn->count > CONFIG_SLOTS_MAX)
        complain("there are more than %d names", CONFIG_SLOTS_MAX);
    return learn->count <= CONFIG_SLOTS_MAX && learn_check(learn) ? DONE : USAGE;
}

static int run(struct learn_command *command)
{
    static const struct hotplug_events events = {.added = on_added, .removed = on_removed};
    char error[512];
    int result = pause_gangd(command, PAUSE_SECONDS, false);
    if (result != DONE) {
        complain("gangd cannot be held, and would flash what is plugged in: stop it first");
        return result;
    }
    struct hotplug *hotplug = hotplug_start(&command->loop, &events, command, error, sizeof(error));
    if (hotplug) {
        uv_timer_start(&command->pause, on_pause_timer, PAUSE_MS, PAUSE_MS);
        fputs(client_finds(command->socket) ? "gangd is paused: no attempt begins until this ends.\n"
                                            : "gangd does not run.\n",
              stderr);
        if (command->there > 0)
            fprintf(stderr, "%zu port%s plugged in already: each is taken when it is plugged in again.\n",
                    command->there, command->there == 1 ? " is" : "s are");
        command->watching = true;
        learn_begin(&command->learn);
        listen_to_all(command);
        hotplug_stop(hotplug);
    } else {
        complain("%s", error);
        result = UNREACHABLE;
    }
    uv_timer_stop(&command->pause);
    (void)!pause_gangd(command, 0, true);
    return result;
}

int command_learn(const struct options *options, char **names)
{
    const char *file = options->config ? options->config : CONFIG_DEFAULT_PATH;
    struct learn_command *command = must_calloc(1, sizeof(*command));
    struct config *config = must_calloc(1, sizeof(*config));
    int number = 0;
    command->learn.config = config;
    command->socket = options->socket;
    int result = choose_names(options, names, &command->learn);
    if (result == DONE)
        result = read_config(options, file, config);
    if (result == DONE) {
        open_loop(command);
        result = run(command);
        number = command->signal;
        if (result == DONE && number)
            fputs("Given up: nothing is written.\n", stderr);
        else if (result == DONE)
            result = write_places(&command->learn, options, file);
        close_loop(command);
    }
    free(config);
    free(command);
    if (number) {
        signal(number, SIG_DFL);
        raise(number);
    }
    return result;
}
