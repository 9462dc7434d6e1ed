/* SPDX-License-Identifier: MIT */
/*
 * gangctl doctor: finds what keeps a bench from working. Each check tests one thing, and notes its result and what to
 * do. All files are read under a root: "", or the directory of a tree that stands for the machine. Checks block.
 */
#ifndef TOOLS_GANGCTL_DOCTOR_DOCTOR_H
#define TOOLS_GANGCTL_DOCTOR_DOCTOR_H

#include "daemon/config/config.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum doctor_level { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor_note {
    const char *check;
    enum doctor_level level;
    char text[600];
    char remedy[400]; /* "" if there is nothing to do */
};

#define DOCTOR_NOTES_MAX 256

struct doctor {
    const char *root;
    const char *socket; /* of gangd; NULL: the one that its configuration names */
    struct doctor_note notes[DOCTOR_NOTES_MAX];
    size_t n;
};

/* `text` is a format; NULL as `remedy` for none. Both become printable UTF-8. What comes after DOCTOR_NOTES_MAX is
 * dropped. */
void doctor_note(struct doctor *doctor, enum doctor_level level, const char *check, const char *remedy,
                 const char *text, ...) __attribute__((format(printf, 5, 6)));

/* Whether a check has noted anything, or what fails. */
bool doctor_has_noted(const struct doctor *doctor, const char *check);
bool doctor_has_failed(const struct doctor *doctor, const char *check);

/* ROOT and the path that `format` makes, which begins with '/'. */
void doctor_path(const struct doctor *doctor, char path[PATH_MAX], const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The first line of a file there, without its end; false if it cannot be read. */
bool doctor_read(const struct doctor *doctor, char *text, size_t size, const char *format, ...)
    __attribute__((warn_unused_result, format(printf, 4, 5)));

/* The same of a file whose whole path is known. */
bool doctor_read_line(const char *path, char *text, size_t size) __attribute__((warn_unused_result));

bool doctor_exists(const struct doctor *doctor, const char *path);

/* The number of a process of that name (as in /proc/PID/comm); 0 if there is none. */
int doctor_process(const struct doctor *doctor, const char *name);

/* The number of a group of the machine, -1 if there is none; and the name of a number, or the number. */
long doctor_group(const struct doctor *doctor, const char *name);
void doctor_group_name(const struct doctor *doctor, gid_t number, char *name, size_t size);

/* The groups that have `user` as a member, up to `max`; returns how many. */
size_t doctor_groups_of(const struct doctor *doctor, const char *user, gid_t *groups, size_t max);

/* The last value of a key in gangd.service and in what "systemctl edit" adds to it; "" if there is none. rights.c */
void doctor_unit_value(const struct doctor *doctor, const char *key, char *value, size_t size);

#define DOCTOR_GROUPS_MAX 64

/* The user that the service runs as: User= of gangd.service, by default gangd. */
struct doctor_user {
    char name[64];
    uid_t uid;
    gid_t gid;
    gid_t groups[DOCTOR_GROUPS_MAX]; /* with `gid` */
    size_t n_groups;
};

/* False, with a note, if the machine has no such user. rights.c */
bool doctor_service_user(struct doctor *doctor, struct doctor_user *user) __attribute__((warn_unused_result));

/* Notes it if `user` may not do `mode` (R_OK, W_OK, X_OK) with `path`, or if that is not known, and returns whether it
 * may as far as is known. Root asks the kernel, as that user; anybody else derives it from owner, group and mode. A
 * path that does not exist is not noted. */
bool doctor_check_right(struct doctor *doctor, const char *check, const struct doctor_user *user, const char *path,
                        int mode);

/* A serial port of a USB adapter. */
struct doctor_port {
    char name[32];         /* ttyUSB0 */
    char driver[32];       /* of the port or its interface: cp210x, ch341-uart, ftdi_sio, cdc_acm */
    char device[PATH_MAX]; /* of the usb_device under /sys: ROOT/sys/devices/…/1-1.2 */
};

#define DOCTOR_PORTS_MAX 256

/* Finds up to `max` of them, in the order of their numbers; returns how many. */
size_t doctor_ports(const struct doctor *doctor, struct doctor_port *ports, size_t max);

/* The checks. */
void doctor_check_service(struct doctor *doctor);       /* station.c */
void doctor_check_configuration(struct doctor *doctor); /* and the golden image, the book's place, and what user
                                                         * gangd may do with them */
/* Whether the unit's settings hide the image, the stub or the dashboard's files from the service. The paths are without
 * the root. sandbox.c */
void doctor_check_sandbox(struct doctor *doctor, const struct config *config);
/* Compares the status of the gangd that runs with the configuration and with the MD5 of its image ("": unknown). Notes
 * nothing if none runs, or if it cannot be reached because the machine is a tree of files. gangd.c */
void doctor_check_gangd(struct doctor *doctor, const struct config *config, const char *socket, const char *md5);
void doctor_check_group(struct doctor *doctor); /* system.c */
void doctor_check_clock(struct doctor *doctor);
void doctor_check_modem_manager(struct doctor *doctor);
void doctor_check_brltty(struct doctor *doctor);
void doctor_check_holders(struct doctor *doctor); /* ports.c */
void doctor_check_rates(struct doctor *doctor, const struct config *config);
void doctor_check_latency(struct doctor *doctor);
void doctor_check_power(struct doctor *doctor);
void doctor_check_controllers(struct doctor *doctor); /* controllers.c */
void doctor_check_hubs(struct doctor *doctor);
void doctor_check_ch340(struct doctor *doctor);

#endif
