/* SPDX-License-Identifier: MIT */
#include "daemon/port/holder.h"

#include "daemon/base/utf8.h"
#include "proto/link/text.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The start of a file of /proc, NUL-terminated; returns its length, 0 if it cannot be read. */
static size_t read_proc(const char *pid, const char *name, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
    FILE *file = fopen(path, "re");
    size_t n = file ? fread(text, 1, size - 1, file) : 0;
    text[n] = '\0';
    if (file)
        fclose(file);
    return n;
}

static void name_process(const char *pid, const char *doubt, char *who, size_t size)
{
    char comm[64], text[128];
    if (read_proc(pid, "comm", comm, sizeof(comm)) == 0)
        snprintf(comm, sizeof(comm), "a program");
    comm[strcspn(comm, "\n")] = '\0';
    text_print(text, sizeof(text), "%s (pid %s)%s", comm, pid, doubt);
    utf8_copy(who, size, text);
}

/* By names within the directory: for a station with many ports this is most of the work of an open, and half of that is
 * the kernel's way from / to each name. The link's target comes first: a stat of what lies on a dead network share
 * would never return. */
static bool descriptor_reads(int directory, const char *name, dev_t terminal)
{
    char target[PATH_MAX];
    struct stat link, file;
    ssize_t n = readlinkat(directory, name, target, sizeof(target));
    return n > 5 && memcmp(target, "/dev/", 5) == 0 && fstatat(directory, name, &link, AT_SYMLINK_NOFOLLOW) == 0 &&
           (link.st_mode & S_IRUSR) && fstatat(directory, name, &file, 0) == 0 && S_ISCHR(file.st_mode) &&
           file.st_rdev == terminal;
}

static bool reads_terminal(const char *pid, dev_t terminal)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%s/fd", pid);
    DIR *directory = opendir(path);
    if (!directory)
        return false;
    int fd = dirfd(directory);
    bool found = false;
    for (struct dirent *entry; fd >= 0 && !found && (entry = readdir(directory));)
        found = descriptor_reads(fd, entry->d_name, terminal);
    closedir(directory);
    return found;
}

/* Whether one of its arguments is `devnode`, alone or after a '=' or ','. */
static bool command_names(const char *pid, const char *devnode)
{
    char text[4096];
    size_t length = read_proc(pid, "cmdline", text, sizeof(text)), name = strlen(devnode);
    for (const char *word = text; word < text + length; word += strlen(word) + 1) {
        const char *at = strstr(word, devnode);
        if (at && (at == word || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[name]))
            return true;
    }
    return false;
}

/* The owner of a flock on `node`, from /proc/locks: "3: FLOCK  ADVISORY  WRITE 812 00:05:1091 0 EOF"; but not process
 * `but`. */
static bool locked_by(const struct stat *node, int but, char *pid, size_t size)
{
    char wanted[64], line[256];
    snprintf(wanted, sizeof(wanted), " %02x:%02x:%llu ", major(node->st_dev), minor(node->st_dev),
             (unsigned long long)node->st_ino);
    FILE *file = fopen("/proc/locks", "re");
    bool found = false;
    while (file && !found && fgets(line, sizeof(line), file)) {
        int owner;
        found = strstr(line, wanted) && sscanf(line, "%*s FLOCK %*s %*s %d", &owner) == 1 && owner > 0 && owner != but;
        if (found)
            snprintf(pid, size, "%d", owner);
    }
    if (file)
        fclose(file);
    return found;
}

/* `but`: a process whose lock says nothing. */
static bool find(const char *devnode, bool certainly, int but, char *who, size_t size)
{
    /* O_PATH says what the node is without opening the port. */
    struct stat node;
    int fd = open(devnode, O_PATH | O_CLOEXEC);
    bool known = fd >= 0 && fstat(fd, &node) == 0;
    if (fd >= 0)
        close(fd);
    DIR *processes = known ? opendir("/proc") : NULL;
    if (!processes)
        return false;

    char self[16], pid[16], suspect[16] = "";
    snprintf(self, sizeof(self), "%d", (int)getpid());
    bool found = false;
    for (struct dirent *entry; !found && (entry = readdir(processes));) {
        if (!isdigit((unsigned char)entry->d_name[0]) || strcmp(entry->d_name, self) == 0 ||
            strlen(entry->d_name) >= sizeof(pid))
            continue;
        memcpy(pid, entry->d_name, strlen(entry->d_name) + 1);
        found = reads_terminal(pid, node.st_rdev);
        if (certainly && !found && suspect[0] == '\0' && command_names(pid, devnode))
            memcpy(suspect, pid, sizeof(suspect));
    }
    closedir(processes);

    const char *doubt = "";
    if (!found && certainly && !(found = locked_by(&node, but, pid, sizeof(pid))) && suspect[0]) {
        found = true;
        memcpy(pid, suspect, sizeof(pid));
        doubt = ", according to its command line";
    }
    if (found)
        name_process(pid, doubt, who, size);
    return found;
}

bool port_holder_find(const char *devnode, bool certainly, char *who, size_t size)
{
    return find(devnode, certainly, 0, who, size);
}

bool port_intruder_find(const char *devnode, char *who, size_t size)
{
    return find(devnode, true, (int)getpid(), who, size);
}
