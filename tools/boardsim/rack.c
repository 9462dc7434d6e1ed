/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/rack.h"

#include "tools/boardsim/board/line/rng.h"
#include "tools/boardsim/sim_board.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SECOND 1000000000u
/* How long a person's finger stays on reset, and on the flash button after that. */
#define TAP_NS    (SECOND / 10)
#define LINGER_NS (SECOND / 2)
/* An adapter that lost its contact for a moment: the hub finds it again. */
#define BOUNCE_NS (SECOND / 2)
/* What makes a person believe that the host has finished: the port is closed for so long; nothing moves on an idle
 * board; nothing moves at all. The last two are longer than what a board computes in silence. */
#define CLOSED_NS (3 * SECOND / 2)
#define IDLE_NS   (15 * (uint64_t)SECOND)
#define STILL_NS  (60 * (uint64_t)SECOND)

/* Serial numbers of adapters that come without a board are counted down from here: boards never reach it. */
#define EMPTY_FIXTURE 0x1000000u

struct rack_slot {
    struct spec spec;
    struct sim_adapter *adapter;
    int plug;              /* of backend_type.plug() */
    struct sim_board *sim; /* on the adapter, or in the hand */
    bool seated;
    int lid; /* the line of the fixture's lid, as spec.lid */
    bool lid_closed;
    uint64_t bounce_at; /* when the board in the hand comes back by itself; 0: it does not */
    int bounce_tty;     /* the number that it had */
    /* When fingers leave the buttons; 0: they are not on them, or stay there. */
    uint64_t release_reset, release_flash;
};

struct rack {
    const struct rack_options *options;
    struct backend *backend;
    int event_fd;
    uint64_t started;
    struct rng rng;
    struct rack_slot slots[BACKEND_SLOTS_MAX + 1];
    struct sim_board *first, **last; /* every board that was ever in, in the order of their coming */
    struct sim_board *latest;        /* NULL: none yet */
    unsigned boards;
};

static int fail(char *error, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static int fail(char *error, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error, size, format, args);
    va_end(args);
    return -1;
}

/* In one piece: the program writes to the same terminal. */
static void tell(const struct rack *rack, unsigned slot, const char *what, const struct sim_board *sim)
{
    if (!rack->options->verbose)
        return;
    char board[SPEC_WORDS + 40] = "";
    if (sim)
        snprintf(board, sizeof board, ", board " SIM_BOARD_MAC "%s%s", SIM_BOARD_MAC_ARGS(sim),
                 *sim->spec.faults ? ", " : "", sim->spec.faults);
    char line[sizeof board + 100];
    snprintf(line, sizeof line, "boardsim: %8.3f slot %u: %s%s\n", rack_time(rack), slot, what, board);
    fputs(line, stderr);
}

struct rack *rack_new(const struct rack_options *options, char *error, size_t size)
{
    struct rack *rack = calloc(1, sizeof *rack);
    int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!rack || event_fd < 0)
        fail(error, size, "%s", strerror(errno));
    else
        rack->backend = options->backend->open(error, size);
    if (!rack || !rack->backend) {
        if (event_fd >= 0)
            close(event_fd);
        free(rack);
        return NULL;
    }
    rack->event_fd = event_fd;
    rack->options = options;
    rack->started = sim_adapter_clock();
    rack->rng.state = options->seed;
    rack->last = &rack->first;
    for (unsigned i = 1; i <= BACKEND_SLOTS_MAX; i++)
        rack->slots[i].spec = options->board;
    return rack;
}

void rack_free(struct rack *rack)
{
    rack_unplug_all(rack);
    rack->backend->type->close(rack->backend);
    struct sim_board *next;
    for (struct sim_board *sim = rack->first; sim; sim = next) {
        next = sim->next;
        sim_board_free(sim);
    }
    close(rack->event_fd);
    free(rack);
}

int rack_event_fd(const struct rack *rack)
{
    return rack->event_fd;
}

double rack_time(const struct rack *rack)
{
    return (double)(sim_adapter_clock() - rack->started) / SECOND;
}

struct spec *rack_slot_spec(struct rack *rack, unsigned slot)
{
    return &rack->slots[slot].spec;
}

const struct spec *rack_plain_spec(const struct rack *rack)
{
    return &rack->options->board;
}

/* A board as ordered. What the dice say depends on the seed and on how many boards came before, not on the time. */
static struct sim_board *make_board(struct rack *rack, unsigned slot, const struct spec *spec, char *error, size_t size)
{
    static const uint8_t ouis[][3] = {{0x18, 0xfe, 0x34}, {0xac, 0xd0, 0x74}, {0x5c, 0xcf, 0x7f}};
    const struct spec *ordered = spec ? spec : &rack->slots[slot].spec;
    if (rack->options->backend->wire && (*ordered->faults || *ordered->image)) {
        fail(error, size, "slot %u: a wire-level board has no faults and no image from the start", slot);
        return NULL;
    }
    struct sim_board *sim = sim_board_new(ordered);
    if (!sim) {
        fail(error, size, "out of memory");
        return NULL;
    }
    uint64_t dice = rng_next(&rack->rng);
    sim->number = rack->boards + 1;
    sim->slot = slot;
    sim->spec.config.seed = dice;
    sim->spec.config.wire = rack->options->backend->wire;
    if (rng_unit(&rack->rng) < rack->options->faulty && !*sim->spec.faults)
        spec_add_random_fault(&sim->spec, dice);
    if (!sim->spec.has_mac) {
        uint8_t *mac = sim->spec.config.mac;
        memcpy(mac, ouis[dice % 3], 3);
        mac[3] = (uint8_t)(rack->options->seed * 37 + 1);
        mac[4] = (uint8_t)(sim->number >> 8);
        mac[5] = (uint8_t)sim->number;
    }
    if (sim->spec.clone_mac && rack->latest)
        memcpy(sim->spec.config.mac, rack->latest->spec.config.mac, sizeof sim->spec.config.mac);
    if (sim_board_make_board(sim, error, size) != 0) {
        sim_board_free(sim);
        return NULL;
    }
    *rack->last = sim;
    rack->last = &sim->next;
    rack->latest = sim;
    rack->boards++;
    return sim;
}

static int tty_of(const struct rack *rack, const struct rack_slot *slot)
{
    return slot->adapter ? rack->backend->type->tty(rack->backend, slot->plug) : -1;
}

static void move_lid(struct rack_slot *slot, bool closed)
{
    slot->lid_closed = closed;
    sim_adapter_set_inputs(slot->adapter, slot->seated && closed ? slot->lid : 0);
}

static void seat(struct rack *rack, unsigned index, struct sim_board *sim)
{
    struct rack_slot *slot = &rack->slots[index];
    slot->sim = sim;
    slot->seated = true;
    sim->in = rack_time(rack);
    sim->out = -1;
    sim->plugs++;
    sim->slot = index;
    sim->kind = sim_adapter_kind_of(slot->adapter);
    sim_adapter_seat(slot->adapter, sim->board, sim->time, &sim->spec.adapter);
    slot->lid = sim->spec.lid;
    move_lid(slot, true);
}

static void note_path(const struct rack *rack, const struct rack_slot *slot)
{
    struct sim_board *sim = slot->sim;
    rack->backend->type->name(rack->backend, slot->plug, sim->path, sizeof sim->path);
    size_t used = strlen(sim->path);
    if (sim->kind->ports)
        snprintf(sim->path + used, sizeof sim->path - used, ":1.%u",
                 adapter_kind_place(sim->kind, sim->slot).interface);
}

/* Takes the board into the hand and writes down what became of it. */
static void lift(struct rack *rack, unsigned index)
{
    struct rack_slot *slot = &rack->slots[index];
    struct sim_board *sim = slot->sim;
    if (!slot->seated)
        return;
    move_lid(slot, false);
    slot->seated = false;
    sim->tty = tty_of(rack, slot);
    note_path(rack, slot);
    slot->release_reset = slot->release_flash = 0;
    sim_adapter_lift(slot->adapter, &sim->time);
    sim_adapter_state(slot->adapter, &sim->wire);
    sim->out = rack_time(rack);
}

/* May take a while: the board is out of the host's sight by then. */
static void examine(struct rack *rack, struct sim_board *sim)
{
    char error[256];
    if (sim_board_examine(sim, rack->options->dump_dir, error, sizeof error) != 0)
        fprintf(stderr, "boardsim: %s\n", error);
}

static const struct adapter_kind *kind_for(const struct rack *rack, unsigned slot)
{
    return rack->options->kind ? rack->options->kind : adapter_kind_mixed(slot - 1);
}

static bool check(struct rack *rack, unsigned slot, bool has_adapter, char *error, size_t size)
{
    bool is = rack->slots[slot].adapter;
    if (slot > rack->options->backend->slots) {
        fail(error, size, "slot %u: there are %u", slot, rack->options->backend->slots);
        return false;
    }
    if (is != has_adapter)
        fail(error, size, "slot %u: %s", slot, is ? "there is an adapter already" : "there is no adapter");
    return is == has_adapter;
}

static bool check_seated(struct rack *rack, unsigned slot, bool has_board, char *error, size_t size)
{
    if (!check(rack, slot, true, error, size))
        return false;
    bool is = rack->slots[slot].seated;
    if (is != has_board)
        fail(error, size, "slot %u: %s", slot, is ? "there is a board already" : "there is no board");
    return is == has_board;
}

/* The board is put on its adapter before the adapter is plugged in. `sim` may be NULL. */
static int plug(struct rack *rack, unsigned index, struct sim_board *sim, int not_tty, char *error, size_t size)
{
    struct rack_slot *slot = &rack->slots[index];
    slot->adapter = rack->backend->type->adapter(rack->backend, kind_for(rack, index), rack->event_fd);
    if (!slot->adapter)
        return fail(error, size, "slot %u: no adapter: %s", index, strerror(errno));
    const struct spec *spec = sim ? &sim->spec : &slot->spec;
    if (sim)
        seat(rack, index, sim);
    else
        slot->lid = spec->lid;
    const struct backend_plug how = {.slot = index,
                                     .number = sim ? sim->number : EMPTY_FIXTURE - index,
                                     .hang = spec->hang_ioctl,
                                     .not_tty = not_tty};
    slot->plug = rack->backend->type->plug(rack->backend, slot->adapter, &how);
    if (slot->plug < 0) {
        if (sim) {
            sim_adapter_lift(slot->adapter, &sim->time);
            sim->plugs--;
        }
        sim_adapter_free(slot->adapter);
        slot->adapter = NULL;
        slot->seated = false;
        return fail(error, size, "slot %u: there is no room for another adapter", index);
    }
    tell(rack, index, sim ? "plugged" : "fixture plugged", sim);
    return 0;
}

/* The board in the hand is put away for good. */
static void forget_hand(struct rack_slot *slot)
{
    if (slot->sim && !slot->seated)
        sim_board_drop_board(slot->sim);
    slot->sim = NULL;
}

int rack_plug(struct rack *rack, unsigned slot, const struct spec *spec, char *error, size_t size)
{
    if (!check(rack, slot, false, error, size))
        return -1;
    struct sim_board *sim = make_board(rack, slot, spec, error, size);
    if (!sim)
        return -1;
    forget_hand(&rack->slots[slot]);
    rack->slots[slot].bounce_at = 0;
    return plug(rack, slot, sim, -1, error, size);
}

int rack_fixture(struct rack *rack, unsigned slot, char *error, size_t size)
{
    if (!check(rack, slot, false, error, size))
        return -1;
    forget_hand(&rack->slots[slot]);
    rack->slots[slot].bounce_at = 0;
    rack->slots[slot].lid_closed = false;
    return plug(rack, slot, NULL, -1, error, size);
}

/* The board in the hand comes back, as another tty than `not_tty`. */
static int replug(struct rack *rack, unsigned slot, int not_tty, char *error, size_t size)
{
    struct sim_board *sim = rack->slots[slot].sim;
    sim->spec.adapter.cut_after = 0; /* it happened, or did not */
    rack->slots[slot].bounce_at = 0;
    return plug(rack, slot, sim, not_tty, error, size);
}

int rack_replug(struct rack *rack, unsigned slot, char *error, size_t size)
{
    if (!check(rack, slot, false, error, size))
        return -1;
    if (!rack->slots[slot].sim)
        return fail(error, size, "slot %u: no board has been here that could come back", slot);
    return replug(rack, slot, -1, error, size);
}

static void unplug(struct rack *rack, unsigned index, bool detach)
{
    struct rack_slot *slot = &rack->slots[index];
    bool seated = slot->seated;
    lift(rack, index);
    rack->backend->type->unplug(rack->backend, slot->plug, detach);
    slot->adapter = NULL;
    tell(rack, index, "unplugged", slot->sim);
    if (seated)
        examine(rack, slot->sim);
}

int rack_unplug(struct rack *rack, unsigned slot, bool detach, char *error, size_t size)
{
    if (!check(rack, slot, true, error, size))
        return -1;
    unplug(rack, slot, detach);
    return 0;
}

int rack_seat(struct rack *rack, unsigned slot, const struct spec *spec, char *error, size_t size)
{
    if (!check_seated(rack, slot, false, error, size))
        return -1;
    struct sim_board *sim = make_board(rack, slot, spec, error, size);
    if (!sim)
        return -1;
    forget_hand(&rack->slots[slot]);
    seat(rack, slot, sim);
    bool hang = sim->spec.hang_ioctl;
    rack->backend->type->hang(rack->backend, rack->slots[slot].plug, hang, hang);
    tell(rack, slot, "board seated", sim);
    return 0;
}

int rack_lift(struct rack *rack, unsigned slot, char *error, size_t size)
{
    if (!check_seated(rack, slot, true, error, size))
        return -1;
    lift(rack, slot);
    tell(rack, slot, "board lifted", rack->slots[slot].sim);
    examine(rack, rack->slots[slot].sim);
    return 0;
}

int rack_lid(struct rack *rack, unsigned slot, bool closed, char *error, size_t size)
{
    if (!check(rack, slot, true, error, size))
        return -1;
    struct rack_slot *s = &rack->slots[slot];
    if (!s->lid)
        return fail(error, size, "slot %u: its fixture has no lid", slot);
    move_lid(s, closed);
    tell(rack, slot, closed ? "lid closed" : "lid opened", s->seated ? s->sim : NULL);
    return 0;
}

int rack_hold_buttons(struct rack *rack, unsigned slot, bool reset, bool flash, char *error, size_t size)
{
    if (!check_seated(rack, slot, true, error, size))
        return -1;
    struct rack_slot *s = &rack->slots[slot];
    s->release_reset = s->release_flash = 0;
    sim_adapter_buttons(s->adapter, reset, flash);
    tell(rack, slot, reset || flash ? "buttons held" : "buttons released", s->sim);
    return 0;
}

int rack_press(struct rack *rack, unsigned slot, bool flash, char *error, size_t size)
{
    if (!check_seated(rack, slot, true, error, size))
        return -1;
    struct rack_slot *s = &rack->slots[slot];
    sim_adapter_buttons(s->adapter, true, flash);
    s->release_reset = sim_adapter_clock() + TAP_NS;
    s->release_flash = flash ? s->release_reset + LINGER_NS : 0;
    tell(rack, slot, flash ? "reset pressed while flash is held" : "reset pressed", s->sim);
    return 0;
}

int rack_hang(struct rack *rack, unsigned slot, bool control, bool bytes, char *error, size_t size)
{
    if (!check(rack, slot, true, error, size))
        return -1;
    rack->backend->type->hang(rack->backend, rack->slots[slot].plug, control, bytes);
    tell(rack, slot, control || bytes ? "adapter hangs" : "adapter lives again", rack->slots[slot].sim);
    return 0;
}

/* Lets go of the buttons whose time has come, and returns when the next one's comes. */
static uint64_t move_fingers(struct rack_slot *slot, uint64_t now)
{
    if (slot->release_reset && slot->release_reset <= now) {
        slot->release_reset = 0;
        sim_adapter_buttons(slot->adapter, false, slot->release_flash != 0);
    }
    if (slot->release_reset)
        return slot->release_reset;
    if (slot->release_flash && slot->release_flash <= now) {
        slot->release_flash = 0;
        sim_adapter_buttons(slot->adapter, false, false);
    }
    return slot->release_flash ? slot->release_flash : UINT64_MAX;
}

static bool is_cut(const struct rack_slot *slot)
{
    struct sim_adapter_state state;
    sim_adapter_state(slot->adapter, &state);
    return state.cut;
}

static void cut(struct rack *rack, unsigned index, uint64_t now)
{
    struct rack_slot *slot = &rack->slots[index];
    slot->bounce_tty = tty_of(rack, slot);
    unplug(rack, index, false);
    slot->bounce_at = slot->sim->spec.bounces ? now + BOUNCE_NS : 0;
}

/* Brings a board back whose time has come, and returns when that will be. */
static uint64_t bounce(struct rack *rack, unsigned index, uint64_t now)
{
    struct rack_slot *slot = &rack->slots[index];
    char error[128];
    if (slot->bounce_at == 0 || slot->bounce_at > now)
        return slot->bounce_at ? slot->bounce_at : UINT64_MAX;
    if (replug(rack, index, slot->bounce_tty, error, sizeof error) == 0)
        return UINT64_MAX;
    /* There may be no room until some program closes the port that it had. */
    slot->bounce_at = now + BOUNCE_NS;
    return slot->bounce_at;
}

uint64_t rack_tick(struct rack *rack)
{
    eventfd_t count;
    eventfd_read(rack->event_fd, &count);
    uint64_t next = UINT64_MAX;
    uint64_t now = sim_adapter_clock();
    for (unsigned i = 1; i <= BACKEND_SLOTS_MAX; i++) {
        struct rack_slot *slot = &rack->slots[i];
        uint64_t due = slot->seated ? move_fingers(slot, now) : bounce(rack, i, now);
        if (slot->seated && is_cut(slot)) {
            cut(rack, i, now);
            due = bounce(rack, i, now);
        }
        if (due < next)
            next = due;
    }
    if (next == UINT64_MAX)
        return next;
    return next > now ? next - now : 0;
}

void rack_view(struct rack *rack, unsigned index, struct rack_view *view)
{
    const struct rack_slot *slot = &rack->slots[index];
    memset(view, 0, sizeof *view);
    view->plugged = slot->adapter;
    view->seated = slot->seated;
    view->bounces = slot->bounce_at != 0;
    view->tty = tty_of(rack, slot);
    view->kind = kind_for(rack, index)->name;
    view->lid = !slot->lid ? "none" : slot->lid_closed ? "closed" : "open";
    view->faults = slot->seated ? slot->sim->spec.faults : "";
    if (slot->seated)
        memcpy(view->mac, slot->sim->spec.config.mac, sizeof view->mac);
    if (slot->adapter)
        sim_adapter_state(slot->adapter, &view->wire);
}

bool rack_finished(struct rack *rack, unsigned slot)
{
    struct rack_view view;
    rack_view(rack, slot, &view);
    if (!view.seated || !view.wire.touched)
        return false;
    uint64_t still = sim_adapter_clock() - view.wire.active_at;
    if (!view.wire.open)
        return still > CLOSED_NS;
    return still > STILL_NS || (view.wire.board_idle && still > IDLE_NS);
}

int rack_md5(struct rack *rack, unsigned slot, char md5[33], char *error, size_t size)
{
    if (!check_seated(rack, slot, true, error, size))
        return -1;
    sim_adapter_inspect(rack->slots[slot].adapter, sim_board_md5, md5);
    return 0;
}

int rack_log(struct rack *rack, unsigned slot, char *text, size_t size)
{
    if (!check_seated(rack, slot, true, text, size))
        return -1;
    char log[SIM_BOARD_LOG];
    sim_adapter_inspect(rack->slots[slot].adapter, sim_board_log, log);
    snprintf(text, size, "%s", log);
    return 0;
}

static void copy_flash(struct board *board, void *data)
{
    struct sim_board_flash *copy = data;
    const uint8_t *bytes = board_flash(board, &copy->size);
    copy->bytes = malloc(copy->size);
    if (copy->bytes)
        memcpy(copy->bytes, bytes, copy->size);
}

int rack_dump(struct rack *rack, unsigned slot, const char *path, char *error, size_t size)
{
    if (!check_seated(rack, slot, true, error, size))
        return -1;
    struct sim_board_flash copy;
    sim_adapter_inspect(rack->slots[slot].adapter, copy_flash, &copy);
    if (!copy.bytes)
        return fail(error, size, "out of memory");
    int result = sim_board_write_flash(&copy, path, error, size);
    free(copy.bytes);
    return result;
}

void rack_unplug_all(struct rack *rack)
{
    for (unsigned i = 1; i <= BACKEND_SLOTS_MAX; i++)
        if (rack->slots[i].adapter)
            unplug(rack, i, false);
}

void rack_enter(const struct rack *rack)
{
    rack->backend->type->enter();
}

double rack_lag(const struct rack *rack)
{
    uint64_t worst = 0;
    for (const struct sim_board *sim = rack->first; sim; sim = sim->next)
        if (sim->wire.max_lag > worst)
            worst = sim->wire.max_lag;
    return (double)worst / 1e6;
}

void rack_report(const struct rack *rack, FILE *file)
{
    fprintf(file, "{\n  \"seed\": %llu,\n  \"seconds\": %.3f,\n  \"max_lag_ms\": %.1f,\n  \"boards\": [",
            (unsigned long long)rack->options->seed, rack_time(rack), rack_lag(rack));
    for (const struct sim_board *sim = rack->first; sim; sim = sim->next) {
        fputs(sim == rack->first ? "\n" : ",\n", file);
        sim_board_report(sim, file);
    }
    fputs("\n  ]\n}\n", file);
}
