/* SPDX-License-Identifier: MIT */
/* Checks of the gangd that runs: its status against its configuration. */
#include "tools/gangctl/base/client.h"
#include "tools/gangctl/base/options.h"
#include "tools/gangctl/base/print.h"
#include "tools/gangctl/doctor/doctor.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define RELOAD "systemctl reload gangd"

/* systemd makes the socket, and does not read gangd.conf. */
static void check_group(struct doctor *doctor, const struct config *config, const char *socket)
{
    static const char check[] = "socket";
    struct stat st;
    long wanted = doctor_group(doctor, config->group);
    if (config->group[0] == '\0' || wanted < 0 || stat(socket, &st) != 0)
        return;
    char remedy[256], name[64];
    doctor_group_name(doctor, st.st_gid, name, sizeof(name));
    snprintf(remedy, sizeof(remedy),
             "systemctl edit gangd.socket: SocketGroup=%s under [Socket], then restart it; or change [http] group",
             config->group);
    if (st.st_gid == (gid_t)wanted)
        doctor_note(doctor, DOCTOR_OK, check, NULL, "%s is for group %s", socket, config->group);
    else
        doctor_note(doctor, DOCTOR_WARN, check, remedy, "%s is for group %s, and [http] group says %s", socket, name,
                    config->group);
}

static bool has_slots(const json_t *slots, const struct config *config)
{
    for (size_t i = 0; i < config->n_slots; i++) {
        const json_t *slot = json_array_get(slots, i);
        if (strcmp(text_of(slot, "slot"), config->slots[i].name) != 0 ||
            strcmp(text_of(slot, "path"), config->slots[i].path) != 0)
            return false;
    }
    return true;
}

/* Slots that are blocked or stuck. */
static void check_slots(struct doctor *doctor, const json_t *slots)
{
    static const char check[] = "slots";
    for (size_t i = 0; i < json_array_size(slots); i++) {
        const json_t *slot = json_array_get(slots, i);
        const char *state = text_of(slot, "state");
        const char *remedy = json_is_object(json_object_get(slot, "adapter"))
                                 ? "plug its adapter in again; if that does not help, see what is said of ports here"
                                 : "remove one of the two, then: " RELOAD;
        if (strcmp(state, "blocked") == 0 || strcmp(state, "stuck") == 0)
            doctor_note(doctor, DOCTOR_WARN, check, remedy, "%s: %s", text_of(slot, "slot"), text_of(slot, "sentence"));
    }
    if (!doctor_has_noted(doctor, check))
        doctor_note(doctor, DOCTOR_OK, check, NULL, "none is blocked or stuck");
}

static void check_answer(struct doctor *doctor, const struct config *config, const char *md5, const json_t *status)
{
    static const char check[] = "gangd";
    const json_t *golden = json_object_get(status, "golden"), *book = json_object_get(status, "book");
    const json_t *slots = json_object_get(status, "slots");
    const char *version = text_of(status, "gangd"), *trouble = text_of(golden, "error");
    if (strcmp(version, GANGD_VERSION) != 0)
        doctor_note(doctor, DOCTOR_WARN, check, "systemctl restart gangd", "gangd is %s, gangctl " GANGD_VERSION,
                    version);
    if (!json_is_true(json_object_get(book, "ok")))
        doctor_note(doctor, DOCTOR_FAIL, check, "make the book writable again; it goes on by itself",
                    "no board is flashed: %s", text_of(book, "error"));
    bool has_golden = json_is_true(json_object_get(golden, "ok"));
    if (!has_golden && !doctor_has_failed(doctor, "golden"))
        doctor_note(doctor, DOCTOR_FAIL, check, RELOAD, "no board is flashed, gangd has no golden image: %s", trouble);
    else if (!has_golden)
        return; /* the file itself is wrong; that is noted already */
    else if (trouble[0])
        doctor_note(doctor, DOCTOR_WARN, check, "put that right, then: " RELOAD,
                    "gangd continues with the configuration and image before: %s", trouble);
    else if (md5[0] && strcmp(md5, text_of(golden, "md5")) != 0)
        doctor_note(doctor, DOCTOR_WARN, check, RELOAD, "gangd writes another image than the configuration names: %s",
                    text_of(golden, "md5"));
    else if (!has_slots(slots, config))
        doctor_note(doctor, DOCTOR_WARN, check, RELOAD, "gangd has other slots than the configuration names");
    if (json_is_true(json_object_get(status, "held")))
        doctor_note(doctor, DOCTOR_WARN, check, "end \"gangctl slots learn\"; without one it ends by itself",
                    "no attempt begins: gangd is paused");
    if (doctor_has_noted(doctor, check))
        return;
    doctor_note(doctor, DOCTOR_OK, check, NULL, "gangd %s has the configuration in force", version);
    check_slots(doctor, slots);
}

void doctor_check_gangd(struct doctor *doctor, const struct config *config, const char *socket, const char *md5)
{
    static const char check[] = "gangd";
    json_t *status = NULL;
    /* If gangd does not run, a connection would have systemd start it. */
    if (socket[0] == '\0' || strlen(socket) >= sizeof(config->socket) || !doctor_process(doctor, "gangd"))
        return;
    if (!client_finds(socket)) {
        if (doctor->root[0] == '\0')
            doctor_note(doctor, DOCTOR_FAIL, check, "systemctl restart gangd.socket gangd",
                        "gangd runs, but no process listens on %s", socket);
        return;
    }
    check_group(doctor, config, socket);
    int result = client_ask(socket, "/api/v1/status", &status);
    if (result == DONE)
        check_answer(doctor, config, md5, status);
    else
        doctor_note(doctor, DOCTOR_WARN, check, "ask again as root: sudo gangctl doctor",
                    "the status of gangd cannot be read");
    json_decref(status);
}
