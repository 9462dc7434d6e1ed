/* SPDX-License-Identifier: MIT */
#include "daemon/station/compressor.h"

#include "daemon/base/log.h"
#include "daemon/base/write_all.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void compressor_init(struct compressor *compressor, const char *program)
{
    *compressor = (struct compressor){.program = program};
    pthread_mutex_init(&compressor->lock, NULL);
}

void compressor_end(struct compressor *compressor)
{
    pthread_mutex_destroy(&compressor->lock);
}

void compressor_kill(struct compressor *compressor)
{
    pthread_mutex_lock(&compressor->lock);
    compressor->killed = true;
    if (compressor->process > 0)
        kill(compressor->process, SIGKILL);
    pthread_mutex_unlock(&compressor->lock);
}

/* The files have no name and are in memory. */

static uint8_t *read_whole(int fd, size_t *size)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return NULL;
    *size = (size_t)info.st_size;
    uint8_t *bytes = malloc(*size + 1);
    if (bytes && pread(fd, bytes, *size, 0) == info.st_size)
        return bytes;
    free(bytes);
    return NULL;
}

/* In a process group of its own: ^C at a terminal is for gangd. The environment is empty: nothing is preloaded. */
static int spawn_with(const char *program, posix_spawn_file_actions_t *files, posix_spawnattr_t *attributes,
                      pid_t *process)
{
    char name[] = "gangd", option[] = COMPRESSOR_OPTION, parent[16];
    char *const arguments[] = {name, option, parent, NULL}, *const environment[] = {NULL};
    sigset_t none, ignored_here;
    sigemptyset(&none);
    sigemptyset(&ignored_here);
    sigaddset(&ignored_here, SIGPIPE);
    sigaddset(&ignored_here, SIGXFSZ);
    snprintf(parent, sizeof(parent), "%d", (int)getpid());
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &ignored_here);
    return posix_spawn(process, program, files, attributes, arguments, environment);
}

static int spawn(const char *program, int in, int out, pid_t *process)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    int error = spawn_with(program, &files, &attributes, process);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

static bool start(struct compressor *compressor, int in, int out)
{
    pid_t process = 0;
    pthread_mutex_lock(&compressor->lock);
    bool killed = compressor->killed;
    int error = killed ? 0 : spawn(compressor->program, in, out, &process);
    compressor->process = error ? 0 : process;
    pthread_mutex_unlock(&compressor->lock);
    if (error)
        log_warning("golden", "not recompressed: %s: %s", compressor->program, strerror(error));
    return !killed && !error;
}

/* The process's number may be another's when it has been waited for. So it is forgotten before. Returns whether the
 * process was killed by us. */
static bool forget(struct compressor *compressor)
{
    pthread_mutex_lock(&compressor->lock);
    bool killed = compressor->killed;
    compressor->process = 0;
    pthread_mutex_unlock(&compressor->lock);
    return killed;
}

static bool finish(struct compressor *compressor)
{
    pid_t process = compressor->process;
    siginfo_t info = {0};
    while (waitid(P_PID, (id_t)process, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR)
        ;
    bool killed = forget(compressor), exited = info.si_code == CLD_EXITED;
    waitpid(process, NULL, 0);
    if (killed)
        return false;
    if (!exited || info.si_status != 0)
        log_warning("golden", "not recompressed: the process ended by %s %d", exited ? "status" : "signal",
                    info.si_status);
    return exited && info.si_status == 0;
}

uint8_t *compressor_run(struct compressor *compressor, const uint8_t *content, size_t n, size_t *size)
{
    int in = memfd_create("content", MFD_CLOEXEC), out = memfd_create("stream", MFD_CLOEXEC);
    uint8_t *stream = NULL;
    if (in < 0 || out < 0 || !write_all(in, content, n) || lseek(in, 0, SEEK_SET) != 0)
        log_warning("golden", "not recompressed: %s", strerror(errno));
    else if (start(compressor, in, out) && finish(compressor))
        stream = read_whole(out, size);
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return stream;
}
