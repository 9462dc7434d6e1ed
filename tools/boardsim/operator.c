/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/operator.h"

#include <stdlib.h>
#include <string.h>

#define SECOND 1000000000u
#define WORDS  16
/* A `wait` without a time. */
#define WAIT_SECONDS 60

/* For commands that only some slots can carry out, and only then. */
struct call {
    struct rack *rack; /* NULL: only check */
    unsigned slot;
    char **words; /* behind the slot */
    unsigned count;
    struct operator_wait *wait;
    char *answer;
};

enum { WAIT_NOTHING, WAIT_SLEEP, WAIT_DONE, WAIT_OPEN, WAIT_CLOSED, WAIT_SENT };

static enum operator_result refuse(char *answer, const char *what, const char *why)
{
    snprintf(answer, OPERATOR_ANSWER, "%s: %s", what, why);
    return OPERATOR_REFUSED;
}

static enum operator_result from_rack(int result)
{
    return result == 0 ? OPERATOR_DONE : OPERATOR_REFUSED;
}

/* The words behind the slot change what the slot's boards are like. */
static int read_spec(const struct call *call, const struct spec *base, struct spec *spec)
{
    if (base)
        *spec = *base;
    else
        memset(spec, 0, sizeof *spec);
    for (unsigned i = 0; i < call->count; i++)
        if (spec_add(spec, call->words[i], call->answer, OPERATOR_ANSWER) != 0)
            return -1;
    return 0;
}

static const struct spec *slot_spec(const struct call *call)
{
    return call->rack ? rack_slot_spec(call->rack, call->slot) : NULL;
}

typedef int bring(struct rack *rack, unsigned slot, const struct spec *spec, char *error, size_t size);

static enum operator_result bring_board(const struct call *call, bring *how)
{
    struct spec spec;
    if (read_spec(call, slot_spec(call), &spec) != 0)
        return OPERATOR_REFUSED;
    if (!call->rack)
        return OPERATOR_DONE;
    if (how(call->rack, call->slot, &spec, call->answer, OPERATOR_ANSWER) != 0)
        return OPERATOR_REFUSED;
    struct rack_view view;
    rack_view(call->rack, call->slot, &view);
    const uint8_t *mac = view.mac;
    snprintf(call->answer, OPERATOR_ANSWER, "ttyUSB%d %02x:%02x:%02x:%02x:%02x:%02x", view.tty, mac[0], mac[1], mac[2],
             mac[3], mac[4], mac[5]);
    return OPERATOR_DONE;
}

static enum operator_result do_plug(const struct call *call)
{
    return bring_board(call, rack_plug);
}

static enum operator_result do_fixture(const struct call *call)
{
    if (!call->rack)
        return OPERATOR_DONE;
    return from_rack(rack_fixture(call->rack, call->slot, call->answer, OPERATOR_ANSWER));
}

static enum operator_result do_seat(const struct call *call)
{
    return bring_board(call, rack_seat);
}

static enum operator_result unplug(const struct call *call, bool detach)
{
    if (!call->rack)
        return OPERATOR_DONE;
    return from_rack(rack_unplug(call->rack, call->slot, detach, call->answer, OPERATOR_ANSWER));
}

static enum operator_result do_unplug(const struct call *call)
{
    if (call->count && strcmp(call->words[0], "detach") != 0)
        return refuse(call->answer, call->words[0], "an adapter is unplugged, or unplugged by `detach`");
    return unplug(call, call->count);
}

static enum operator_result do_swap(const struct call *call)
{
    enum operator_result result = unplug(call, false);
    return result == OPERATOR_DONE ? do_plug(call) : result;
}

static enum operator_result do_replug(const struct call *call)
{
    if (!call->rack)
        return OPERATOR_DONE;
    return from_rack(rack_replug(call->rack, call->slot, call->answer, OPERATOR_ANSWER));
}

static enum operator_result do_lift(const struct call *call)
{
    if (!call->rack)
        return OPERATOR_DONE;
    return from_rack(rack_lift(call->rack, call->slot, call->answer, OPERATOR_ANSWER));
}

static enum operator_result do_lid(const struct call *call)
{
    bool closed = strcmp(call->words[0], "closed") == 0;
    if (!closed && strcmp(call->words[0], "open") != 0)
        return refuse(call->answer, call->words[0], "a lid is `open` or `closed`");
    if (!call->rack)
        return OPERATOR_DONE;
    return from_rack(rack_lid(call->rack, call->slot, closed, call->answer, OPERATOR_ANSWER));
}

static int read_buttons(const struct call *call, bool *reset, bool *flash)
{
    *reset = *flash = false;
    for (unsigned i = 0; i < call->count; i++) {
        if (strcmp(call->words[i], "reset") == 0) {
            *reset = true;
        } else if (strcmp(call->words[i], "flash") == 0) {
            *flash = true;
        } else {
            refuse(call->answer, call->words[i], "the buttons are `reset` and `flash`");
            return -1;
        }
    }
    return 0;
}

static enum operator_result do_press(const struct call *call)
{
    bool reset;
    bool flash;
    if (read_buttons(call, &reset, &flash) != 0)
        return OPERATOR_REFUSED;
    if (!reset)
        return refuse(call->answer, "press", "only reset can be tapped; `hold` keeps fingers on the buttons");
    if (!call->rack)
        return OPERATOR_DONE;
    return from_rack(rack_press(call->rack, call->slot, flash, call->answer, OPERATOR_ANSWER));
}

static enum operator_result do_hold(const struct call *call)
{
    bool reset;
    bool flash;
    if (read_buttons(call, &reset, &flash) != 0)
        return OPERATOR_REFUSED;
    if (!call->rack)
        return OPERATOR_DONE;
    return from_rack(rack_hold_buttons(call->rack, call->slot, reset, flash, call->answer, OPERATOR_ANSWER));
}

static enum operator_result hang(const struct call *call, bool control, bool bytes)
{
    if (!call->rack)
        return OPERATOR_DONE;
    return from_rack(rack_hang(call->rack, call->slot, control, bytes, call->answer, OPERATOR_ANSWER));
}

static enum operator_result do_hang(const struct call *call)
{
    return hang(call, true, true);
}

static enum operator_result do_stall(const struct call *call)
{
    return hang(call, false, true);
}

static enum operator_result do_unhang(const struct call *call)
{
    return hang(call, false, false);
}

static enum operator_result do_fault(const struct call *call)
{
    struct spec spec;
    if (call->count == 1 && strcmp(call->words[0], "none") == 0) {
        if (call->rack)
            *rack_slot_spec(call->rack, call->slot) = *rack_plain_spec(call->rack);
        return OPERATOR_DONE;
    }
    if (read_spec(call, call->rack ? rack_plain_spec(call->rack) : NULL, &spec) != 0)
        return OPERATOR_REFUSED;
    if (call->rack)
        *rack_slot_spec(call->rack, call->slot) = spec;
    return OPERATOR_DONE;
}

static enum operator_result do_status(const struct call *call)
{
    if (!call->rack)
        return OPERATOR_DONE;
    struct rack_view view;
    rack_view(call->rack, call->slot, &view);
    if (!view.plugged) {
        snprintf(call->answer, OPERATOR_ANSWER, "empty");
        return OPERATOR_DONE;
    }
    char mac[18] = "none";
    if (view.seated)
        snprintf(mac, sizeof mac, "%02x:%02x:%02x:%02x:%02x:%02x", view.mac[0], view.mac[1], view.mac[2], view.mac[3],
                 view.mac[4], view.mac[5]);
    snprintf(call->answer, OPERATOR_ANSWER,
             "ttyUSB%d %s board=%s lid=%s open=%d dtr=%d rts=%d baud=%u to_board=%llu to_host=%llu overruns=%llu "
             "lag_ms=%.1f",
             view.tty, view.kind, mac, view.lid, view.wire.open, view.wire.dtr, view.wire.rts, view.wire.baud,
             (unsigned long long)view.wire.to_board, (unsigned long long)view.wire.to_host,
             (unsigned long long)view.wire.overruns, (double)view.wire.max_lag / 1e6);
    return OPERATOR_DONE;
}

static enum operator_result do_md5(const struct call *call)
{
    if (!call->rack)
        return OPERATOR_DONE;
    char error[OPERATOR_ANSWER];
    int result = rack_md5(call->rack, call->slot, call->answer, error, sizeof error);
    if (result != 0)
        memcpy(call->answer, error, sizeof error);
    return from_rack(result);
}

static enum operator_result do_log(const struct call *call)
{
    if (!call->rack)
        return OPERATOR_DONE;
    return from_rack(rack_log(call->rack, call->slot, call->answer, OPERATOR_ANSWER));
}

static enum operator_result do_dump(const struct call *call)
{
    if (!call->rack)
        return OPERATOR_DONE;
    return from_rack(rack_dump(call->rack, call->slot, call->words[0], call->answer, OPERATOR_ANSWER));
}

static enum operator_result wait_for(const struct call *call, int what, const char *seconds)
{
    double time = WAIT_SECONDS;
    if (seconds && !spec_real(seconds, 0, 1e6, &time))
        return refuse(call->answer, seconds, "not a number of seconds");
    if (!call->rack)
        return OPERATOR_DONE;
    call->wait->what = what;
    call->wait->slot = call->slot;
    call->wait->until = sim_adapter_clock() + (uint64_t)(time * SECOND);
    return operator_wait(call->rack, call->wait, call->answer);
}

static enum operator_result do_wait(const struct call *call)
{
    static const struct {
        const char *name;
        int what;
    } conditions[] = {{"done", WAIT_DONE}, {"open", WAIT_OPEN}, {"closed", WAIT_CLOSED}};
    const char *word = call->words[0];
    if (strcmp(word, "sent") == 0) {
        if (call->count < 2 || !spec_number(call->words[1], 1, UINT64_MAX, &call->wait->bytes))
            return refuse(call->answer, word, "how many bytes?");
        return wait_for(call, WAIT_SENT, call->count > 2 ? call->words[2] : NULL);
    }
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++)
        if (strcmp(word, conditions[i].name) == 0)
            return wait_for(call, conditions[i].what, call->count > 1 ? call->words[1] : NULL);
    return refuse(call->answer, word, "nothing to wait for; there is `done`, `open`, `closed`, `sent BYTES`");
}

static enum operator_result do_sleep(const struct call *call)
{
    return wait_for(call, WAIT_SLEEP, call->words[0]);
}

static enum operator_result do_quit(const struct call *call)
{
    return call->rack ? OPERATOR_QUIT : OPERATOR_DONE;
}

static const struct command {
    const char *name;
    bool has_slot;
    unsigned min, max; /* words behind the slot */
    enum operator_result (*run)(const struct call *call);
    const char *help;
} commands[] = {
    {"plug", true, 0, WORDS, do_plug, "plug N [WORD…]         a new board with its adapter"},
    {"unplug", true, 0, 1, do_unplug,
     "unplug N [detach]      adapter and board go; with vhci, pulled or by the controller's detach"},
    {"swap", true, 0, WORDS, do_swap, "swap N [WORD…]         unplug, and plug a new board"},
    {"replug", true, 0, 0, do_replug, "replug N               the board that was unplugged comes back"},
    {"fixture", true, 0, 0, do_fixture, "fixture N              an adapter that waits for a board"},
    {"seat", true, 0, WORDS, do_seat, "seat N [WORD…]         a new board on the adapter that stays; the lid closes"},
    {"lift", true, 0, 0, do_lift, "lift N                 the lid opens, the board goes, the adapter stays"},
    {"lid", true, 1, 1, do_lid, "lid N open|closed      the fixture's lid alone"},
    {"press", true, 1, 2, do_press, "press N [flash] reset  tap reset, while flash is held"},
    {"hold", true, 0, 2, do_hold, "hold N [flash] [reset] keep fingers on these buttons, and on no others"},
    {"hang", true, 0, 0, do_hang, "hang N                 the adapter answers no control request until unplugged"},
    {"stall", true, 0, 0, do_stall,
     "stall N                it takes no more bytes and gives none, but is well otherwise"},
    {"unhang", true, 0, 0, do_unhang, "unhang N               it does again; those that hang fail"},
    {"fault", true, 1, WORDS, do_fault, "fault N WORD…|none     what boards put into slot N from now on are like"},
    {"wait", true, 1, 3, do_wait,
     "wait N COND [SECONDS]  until done, open, closed or `sent BYTES`; an error after 60 s"},
    {"sleep", false, 1, 1, do_sleep, "sleep SECONDS"},
    {"status", true, 0, 0, do_status, "status N               what is in the slot and on its wire"},
    {"log", true, 0, 0, do_log, "log N                  what its board has said since it last left reset"},
    {"md5", true, 0, 0, do_md5, "md5 N                  of the flash of the board in the slot"},
    {"dump", true, 1, 1, do_dump, "dump N FILE            its flash as a file"},
    {"quit", false, 0, 0, do_quit, "quit                   end the program with SIGTERM"},
};

const char *operator_help(void)
{
    static char text[2048];
    size_t used = 0;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "  %s\n", commands[i].help);
    return text;
}

enum operator_result operator_wait(struct rack *rack, const struct operator_wait *wait, char answer[OPERATOR_ANSWER])
{
    *answer = '\0';
    bool over = sim_adapter_clock() >= wait->until;
    if (wait->what == WAIT_SLEEP)
        return over ? OPERATOR_DONE : OPERATOR_WAITS;
    struct rack_view view;
    rack_view(rack, wait->slot, &view);
    bool met = false;
    switch (wait->what) {
    case WAIT_DONE: met = rack_finished(rack, wait->slot); break;
    case WAIT_OPEN: met = view.wire.open; break;
    case WAIT_CLOSED: met = !view.wire.open; break;
    case WAIT_SENT: met = view.wire.to_board >= wait->bytes; break;
    default: met = true; break;
    }
    if (met)
        return OPERATOR_DONE;
    if (!over)
        return OPERATOR_WAITS;
    snprintf(answer, OPERATOR_ANSWER, "slot %u: waited in vain", wait->slot);
    return OPERATOR_REFUSED;
}

/* A blank line or a comment does nothing. */
enum operator_result operator_command(struct rack *rack, const char *line, struct operator_wait *wait,
                                      char answer[OPERATOR_ANSWER])
{
    char copy[512];
    char *words[WORDS + 3];
    unsigned count = 0;
    memset(wait, 0, sizeof *wait);
    *answer = '\0';
    if (strlen(line) >= sizeof copy)
        return refuse(answer, "line", "too long");
    memcpy(copy, line, strlen(line) + 1);
    copy[strcspn(copy, "#\r\n")] = '\0';
    char *rest;
    for (char *word = strtok_r(copy, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        if (count == sizeof words / sizeof *words)
            return refuse(answer, "line", "too many words");
        words[count++] = word;
    }
    if (count == 0)
        return OPERATOR_DONE;
    const struct command *command = commands;
    const struct command *end = commands + sizeof commands / sizeof *commands;
    while (command < end && strcmp(command->name, words[0]) != 0)
        command++;
    if (command == end)
        return refuse(answer, words[0], "no such command");
    unsigned skip = command->has_slot ? 2 : 1;
    uint64_t slot = 0;
    if (command->has_slot && (count < 2 || !spec_number(words[1], 1, BACKEND_SLOTS_MAX, &slot))) {
        snprintf(answer, OPERATOR_ANSWER, "%s: wants a slot from 1 to %d", words[0], BACKEND_SLOTS_MAX);
        return OPERATOR_REFUSED;
    }
    if (count - skip < command->min || count - skip > command->max)
        return refuse(answer, words[0], count - skip < command->min ? "too few words" : "too many words");
    struct call call = {rack, (unsigned)slot, words + skip, count - skip, wait, answer};
    return command->run(&call);
}
