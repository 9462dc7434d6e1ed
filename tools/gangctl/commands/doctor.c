/* SPDX-License-Identifier: MIT */
#include "tools/gangctl/doctor/doctor.h"
#include "daemon/base/memory.h"
#include "daemon/config/paths.h"
#include "tools/gangctl/base/options.h"
#include "tools/gangctl/base/print.h"
#include "tools/gangctl/commands/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void (*const checks[])(struct doctor *) = {
    doctor_check_service,       doctor_check_configuration, doctor_check_group,   doctor_check_clock,
    doctor_check_modem_manager, doctor_check_brltty,        doctor_check_holders, doctor_check_latency,
    doctor_check_hubs,          doctor_check_ch340,         doctor_check_power,   doctor_check_controllers,
};

static const struct {
    const char *word;
    enum colour colour;
} levels[] = {[DOCTOR_OK] = {"ok", GREEN}, [DOCTOR_WARN] = {"warn", YELLOW}, [DOCTOR_FAIL] = {"fail", RED}};

static void print_note(const struct doctor_note *note)
{
    print_text(levels[note->level].colour, levels[note->level].word);
    printf("%*s%s: ", (int)(6 - strlen(levels[note->level].word)), "", note->check);
    print_text(PLAIN, note->text);
    putchar('\n');
    if (note->remedy[0]) {
        printf("      ");
        print_text(PLAIN, note->remedy);
        putchar('\n');
    }
}

static int print_report(const struct doctor *doctor, bool healthy)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < doctor->n; i++) {
        const struct doctor_note *note = &doctor->notes[i];
        json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s*}", "check", note->check, "level",
                                              levels[note->level].word, "text", note->text, "remedy",
                                              note->remedy[0] ? note->remedy : NULL));
    }
    json_t *json = json_pack("{s:b, s:o}", "ok", healthy, "checks", rows);
    int result = json && json_dumpf(json, stdout, JSON_INDENT(2)) == 0 ? DONE : BROKEN;
    putchar('\n');
    json_decref(json);
    return result;
}

int command_doctor(const struct options *options, char **arguments)
{
    (void)arguments;
    struct doctor *doctor = must_calloc(1, sizeof(*doctor));
    doctor->root = options->root ? options->root : "";
    doctor->socket = strcmp(options->socket, CONFIG_DEFAULT_SOCKET) != 0 ? options->socket : NULL;
    bool healthy = true;
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        checks[i](doctor);
    for (size_t i = 0; i < doctor->n; i++)
        healthy = healthy && doctor->notes[i].level != DOCTOR_FAIL;
    int result = DONE;
    if (options->json)
        result = print_report(doctor, healthy);
    else
        for (size_t i = 0; i < doctor->n; i++)
            print_note(&doctor->notes[i]);
    free(doctor);
    return result != DONE ? result : healthy ? DONE : REFUSED;
}
