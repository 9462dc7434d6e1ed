/* SPDX-License-Identifier: MIT */
#include "daemon/api/events.h"
#include "daemon/api/http.h"
#include "daemon/api/publish.h"
#include "daemon/base/log.h"
#include "daemon/base/memory.h"
#include "daemon/config/check.h"
#include "daemon/config/config.h"
#include "daemon/config/paths.h"
#include "daemon/config/product.h"
#include "daemon/port/tty.h"
#include "daemon/recompress_child.h"
#include "daemon/station/compressor.h"
#include "daemon/station/recompress.h"
#include "daemon/station/station.h"
#include "daemon/supervisor.h"

#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <uv.h>

#define LINGER_MS 1000 /* at the end, for handles to close; a worker on a stuck adapter is not waited for */

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct gangd {
    uv_loop_t loop;
    struct events *events;
    struct station *station;
    struct publisher publisher;
    struct http *http;
    uv_signal_t hangup, interrupt, terminate;
    uv_timer_t watchdog;
};

static void print_help(void)
{
    printf("Usage: gangd [OPTION]...\n"
           "Flashes every ESP8266 board that is plugged in, and books it.\n\n"
           "  -c, --config=FILE   read FILE (default " CONFIG_DEFAULT_PATH ")\n"
           "  -t, --check-config  check the configuration and the files that it names, and exit\n"
           "  -v, --verbose       log more: each step of the conversation with a board\n"
           "  -V, --version       print the version and exit\n"
           "  -h, --help          print this help and exit\n\n"
           "SIGHUP reloads configuration, golden image and stub; SIGTERM and SIGINT end gangd.\n"
           "Exit status: 0 ended as asked, 1 could not start or the configuration is wrong, 2 wrong usage.\n");
}

static void print_error(const char *line)
{
    fprintf(stderr, "gangd: %s\n", line);
}

static void print_warning(const char *line)
{
    fprintf(stderr, "gangd: warning: %s\n", line);
}

static int check_config(const struct config *config, const char *path)
{
    char files[CONFIG_ERRORS_MAX], places[CONFIG_ERRORS_MAX];
    struct error_list errors;
    error_list_init(&errors, places, sizeof(places));
    config_check_places(config, &errors);
    struct product *product = product_load(config, files, sizeof(files));
    if (!product)
        error_list_each(files, print_error);
    error_list_each(places, print_error);
    if (!product || errors.count > 0) {
        product_unref(product);
        return EXIT_FAILED;
    }
    error_list_each(product->warnings, print_warning);
    printf("%s: no errors; golden image of %llu bytes, md5 %s, stub %s\n", path,
           (unsigned long long)product->golden->size, product->golden->md5, product->stub->name);
    product_unref(product);
    return EXIT_SUCCESS;
}

static void on_hangup(uv_signal_t *handle, int signum)
{
    struct gangd *gangd = handle->data;
    (void)signum;
    station_reload(gangd->station);
}

static void on_end(uv_signal_t *handle, int signum)
{
    struct gangd *gangd = handle->data;
    log_info("gangd", "ending on %s", signum == SIGTERM ? "SIGTERM" : "SIGINT");
    sd_notify(0, "STOPPING=1");
    uv_stop(&gangd->loop);
}

static void on_watchdog(uv_timer_t *timer)
{
    (void)timer;
    sd_notify(0, "WATCHDOG=1");
}

static void watch_signal(struct gangd *gangd, uv_signal_t *handle, uv_signal_cb callback, int signum)
{
    uv_signal_init(&gangd->loop, handle);
    handle->data = gangd;
    uv_signal_start(handle, callback, signum);
}

/* The loop itself says that it is alive: systemd restarts a loop that hangs (sd_watchdog_enabled(3)). */
static void feed_watchdog(struct gangd *gangd)
{
    uint64_t interval_us = 0;
    uv_timer_init(&gangd->loop, &gangd->watchdog);
    if (sd_watchdog_enabled(0, &interval_us) > 0)
        uv_timer_start(&gangd->watchdog, on_watchdog, 0, interval_us / 2000);
}

static void close_handles(struct gangd *gangd)
{
    uv_close((uv_handle_t *)&gangd->hangup, NULL);
    uv_close((uv_handle_t *)&gangd->interrupt, NULL);
    uv_close((uv_handle_t *)&gangd->terminate, NULL);
    uv_close((uv_handle_t *)&gangd->watchdog, NULL);
    unsigned waited = 0;
    while ((uv_run(&gangd->loop, UV_RUN_NOWAIT) != 0 || tty_workers() > 0) && waited < LINGER_MS) {
        uv_sleep(10);
        waited += 10;
    }
    if (tty_workers() > 0)
        log_warning("gangd", "%u adapters do not answer; not waiting for them", tty_workers());
    events_free(gangd->events);
    uv_loop_close(&gangd->loop);
}

static void log_usage(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return;
    double seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    log_info("gangd", "ended; used %.2f s of CPU and %ld KB of memory", seconds, usage.ru_maxrss);
}

static int run(const struct config *config, const char *config_path)
{
    static struct gangd gangd;
    char error[512];
    uv_loop_init(&gangd.loop);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* at a file-size limit write() shall fail and be reported */
    watch_signal(&gangd, &gangd.hangup, on_hangup, SIGHUP);
    watch_signal(&gangd, &gangd.interrupt, on_end, SIGINT);
    watch_signal(&gangd, &gangd.terminate, on_end, SIGTERM);
    feed_watchdog(&gangd);

    gangd.events = events_new();
    bool all_booked = true, started = false;
    gangd.station = station_start(&gangd.loop, config, config_path, error, sizeof(error));
    if (gangd.station) {
        publish_start(&gangd.publisher, gangd.station, gangd.events);
        gangd.http = http_start(&gangd.loop, config, gangd.station, gangd.events, error, sizeof(error));
    }
    if (gangd.http) {
        started = true;
        if (config->address[0])
            log_info("gangd", "%s is ready: http://%s:%u", GANGD_VERSION, config->address, config->port);
        else
            log_info("gangd", "%s is ready: %s", GANGD_VERSION, config->socket);
        sd_notify(0, "READY=1");
        uv_run(&gangd.loop, UV_RUN_DEFAULT);
        http_stop(gangd.http);
    } else {
        log_error("gangd", "%s", error);
    }
    if (gangd.station)
        all_booked = station_stop(gangd.station);
    close_handles(&gangd);
    if (started)
        log_usage();
    log_flush();
    int status = started && all_booked ? EXIT_SUCCESS : EXIT_FAILED;
    supervisor_release(status);
    return status;
}

/* Where they are closed, the book or a board's port would get their numbers, and with them our messages. */
static void open_standard_files(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"check-config", no_argument, NULL, 't'},
        {"verbose", no_argument, NULL, 'v'},      {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    const char *path = CONFIG_DEFAULT_PATH;
    bool check = false;
    int option;
    open_standard_files();
    if (argc == 3 && strcmp(argv[1], COMPRESSOR_OPTION) == 0)
        return recompress_child(argv[2]);
    recompress_program = "/proc/self/exe";
    while ((option = getopt_long(argc, argv, "c:tvVh", options, NULL)) != -1) {
        switch (option) {
        case 'c': path = optarg; break;
        case 't': check = true; break;
        case 'v': log_set_level(LOG_LEVEL_DEBUG); break;
        case 'V': puts("gangd " GANGD_VERSION); return EXIT_SUCCESS;
        case 'h': print_help(); return EXIT_SUCCESS;
        default: fprintf(stderr, "Try 'gangd --help'.\n"); return EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "gangd: unexpected argument \"%s\". Try 'gangd --help'.\n", argv[optind]);
        return EXIT_USAGE;
    }
    memory_return_large();
    json_set_alloc_funcs(must_malloc, free);
    static struct config config;
    char errors[CONFIG_ERRORS_MAX];
    if (config_read(&config, path, errors, sizeof(errors)) != 0) {
        error_list_each(errors, print_error);
        return EXIT_FAILED;
    }
    if (check)
        return check_config(&config, path);
    supervisor_start();
    log_start_thread();
    return run(&config, path);
}
