/* SPDX-License-Identifier: MIT */
/* export: the book into a file, which is there when it is whole, and not before. */
#include "tools/gangctl/base/complain.h"
#include "tools/gangctl/base/options.h"
#include "tools/gangctl/base/rows.h"
#include "tools/gangctl/commands/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file under way beside the one that it shall become; "" when there is none. Static for the signal handler. */
static char unfinished[PATH_MAX];

static void on_signal(int signum)
{
    if (unfinished[0])
        unlink(unfinished);
    signal(signum, SIG_DFL);
    raise(signum);
}

struct sink {
    FILE *file;
    int error; /* errno of a write that failed, or 0 */
};

static bool take_text(void *data, const char *text, size_t len)
{
    struct sink *sink = data;
    if (fwrite(text, 1, len, sink->file) == len)
        return true;
    sink->error = errno;
    return false;
}

/* Opens a new file in the directory of `path`. NULL with errno set. */
static FILE *open_unfinished(const char *path)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    char name[PATH_MAX];
    int n = snprintf(name, sizeof(name), "%s.XXXXXX", path);
    if (n >= (int)sizeof(name)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0)
        return NULL;
    memcpy(unfinished, name, sizeof(unfinished));
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        signal(signals[i], on_signal);
    /* mkostemp() keeps it to ourselves; give it what any new file has. */
    mode_t mask = umask(0);
    umask(mask);
    FILE *file = fchmod(fd, 0666 & ~mask) == 0 ? fdopen(fd, "w") : NULL;
    if (!file)
        close(fd);
    return file;
}

/* Brings what was written to the disk and closes the file. Returns 0 or errno. */
static int close_file(FILE *file)
{
    int error = fflush(file) != 0 || fsync(fileno(file)) != 0 ? errno : 0;
    if (fclose(file) != 0 && error == 0)
        error = errno;
    return error;
}

static int export_to_file(const struct options *options)
{
    const char *path = options->output;
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
        complain("%s: is not a file that could be replaced", path);
        return NO_OUTPUT;
    }
    struct sink sink = {.file = open_unfinished(path)};
    int result = NO_OUTPUT;
    if (!sink.file) {
        sink.error = errno;
    } else {
        result = rows_read(options, take_text, &sink);
        int error = close_file(sink.file);
        sink.error = sink.error ? sink.error : error;
        if (result == DONE && sink.error == 0 && rename(unfinished, path) != 0)
            sink.error = errno;
    }
    if (sink.error) {
        complain("%s: %s", path, strerror(sink.error));
        result = NO_OUTPUT;
    }
    if (result != DONE && unfinished[0])
        unlink(unfinished);
    unfinished[0] = '\0';
    return result;
}

int command_export(const struct options *given, char **arguments)
{
    (void)arguments;
    struct options options = *given;
    options.query.filter.units = options.units;
    if (options.json)
        options.query.format = BOOK_JSON;
    if (options.output && strcmp(options.output, "-") != 0)
        return export_to_file(&options);
    struct sink sink = {.file = stdout};
    return rows_read(&options, take_text, &sink);
}
