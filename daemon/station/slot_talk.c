/* SPDX-License-Identifier: MIT */
/* Between port and session: does what the session wants, tells it what happened. */
#include "daemon/base/clock.h"
#include "daemon/station/slot_internal.h"

#include <math.h>

#define TICK_MS 250
/* The slowest honest answers of a kernel driver are around a second (architecture.md, "Stuck adapters"). */
#define STUCK_NS (3 * 1000000000ULL)

static void tell_progress(struct slot *slot)
{
    uint64_t now = steady_clock_us();
    unsigned percent = program_percent(&slot->program, now);
    unsigned seconds = (unsigned)lround(fmax(program_seconds_left(&slot->program, now), 0));
    bool new_state = slot->told_state != slot->program.state;
    if (!new_state && slot->told_percent == percent && slot->told_seconds == seconds)
        return;
    slot->told_state = slot->program.state;
    slot->told_percent = percent;
    slot->told_seconds = seconds;
    slot->world->changed(slot->world->data, slot);
}

static void on_deadline(uv_timer_t *timer);

static void set_deadline(struct slot *slot)
{
    uint64_t deadline = session_deadline(&slot->session), now = steady_clock_us();
    if (deadline == SESSION_NEVER)
        uv_timer_stop(&slot->deadline);
    else
        uv_timer_start(&slot->deadline, on_deadline, deadline > now ? (deadline - now + 999) / 1000 : 0, 0);
}

static bool talks(const struct slot *slot)
{
    return slot->stage == STAGE_FLASHING || slot->seat.looking;
}

static bool recipe_ended(const struct slot *slot)
{
    return slot->stage == STAGE_FLASHING ? program_ended(&slot->program) : presence_ended(&slot->seat.look);
}

/* Begins what the session wants until it wants something that takes time. */
static void talk(struct slot *slot)
{
    struct session *session = &slot->session;
    while (!recipe_ended(slot)) {
        const struct session_want *want = session_want(session);
        if (want->kind == SESSION_WANTS_SEND) {
            size_t n = tty_write(slot->tty, want->bytes, want->len);
            if (n == 0)
                break;
            session_sent(session, n, steady_clock_us());
            continue;
        }
        if (want->kind != SESSION_WANTS_NOTHING && slot->order == PORT_IDLE) {
            slot->order = PORT_SETTING;
            if (want->kind == SESSION_WANTS_LINES)
                tty_lines(slot->tty, want->dtr, want->rts);
            else
                tty_baud(slot->tty, want->baud);
        }
        break;
    }
    if (recipe_ended(slot)) {
        if (slot->stage == STAGE_FLASHING)
            slot_finish(slot);
        else
            slot_presence_looked(slot);
        return;
    }
    set_deadline(slot);
    if (slot->stage == STAGE_FLASHING && slot->told_state != slot->program.state) {
        slot_note(slot);
        tell_progress(slot);
    }
}

static void on_deadline(uv_timer_t *timer)
{
    struct slot *slot = timer->data;
    tty_read(slot->tty);
    if (!talks(slot))
        return;
    session_expired(&slot->session, steady_clock_us());
    talk(slot);
}

void slot_talk_abort(struct slot *slot, enum cause cause, const char *detail)
{
    program_abort(&slot->program, cause, detail, steady_clock_us());
    slot_finish(slot);
}

static void on_tick(uv_timer_t *timer)
{
    struct slot *slot = timer->data;
    uint64_t busy_since = tty_busy_since(slot->tty);
    bool overdue = busy_since != 0 && uv_hrtime() - busy_since > STUCK_NS;
    /* Not at the first look: perhaps it was gangd that was kept from its work, and the answer is on its way to it. */
    bool stuck = overdue && slot->overdue;
    slot->overdue = overdue;
    if (slot->stage == STAGE_FLASHING) {
        if (stuck)
            slot_talk_abort(slot, CAUSE_ADAPTER_STUCK, slot->adapter.devnode);
        else
            tell_progress(slot);
    } else if (stuck) {
        uv_timer_stop(timer);
        slot_port_stuck(slot);
    }
}

static void open_port(struct slot *slot);

static void on_closed(void *data)
{
    struct slot *slot = data;
    tty_close(slot->tty);
    slot->tty = NULL;
    if (slot->open_next)
        open_port(slot);
}

static void on_opened(void *data, int error, enum cause cause, const char *detail)
{
    struct slot *slot = data;
    if (error)
        slot_port_trouble(slot, cause, detail);
    else
        slot_opened(slot);
}

static void on_done(void *data, int error)
{
    struct slot *slot = data;
    bool ours = slot->order == PORT_SETTING;
    slot->order = PORT_IDLE;
    if (ours)
        session_done(&slot->session, error, steady_clock_us());
    if (talks(slot))
        talk(slot);
}

static void on_modem(void *data, int error, unsigned lines)
{
    struct slot *slot = data;
    slot->order = PORT_IDLE;
    slot_presence_read(slot, error, lines);
    if (talks(slot))
        talk(slot);
}

/* What comes before the recipe runs is the firmware's chatter. */
static void on_received(void *data, const uint8_t *bytes, size_t n)
{
    struct slot *slot = data;
    if (!talks(slot))
        return;
    session_received(&slot->session, bytes, n, steady_clock_us());
    talk(slot);
}

static void on_writable(void *data)
{
    struct slot *slot = data;
    if (talks(slot))
        talk(slot);
}

static void on_gone(void *data, int error)
{
    struct slot *slot = data;
    if (slot->stage == STAGE_FLASHING)
        slot_talk_abort(slot, CAUSE_UNPLUGGED, uv_strerror(error));
    else
        slot_port_gone(slot, uv_strerror(error));
}

static void open_port(struct slot *slot)
{
    static const struct tty_events events = {.opened = on_opened,
                                             .done = on_done,
                                             .modem = on_modem,
                                             .received = on_received,
                                             .writable = on_writable,
                                             .gone = on_gone,
                                             .closed = on_closed};
    slot->open_next = false;
    slot->order = PORT_IDLE;
    slot->tty = tty_open(slot->world->loop, slot->adapter.devnode, &events, slot);
}

void slot_talk_open(struct slot *slot)
{
    if (slot->tty)
        slot->open_next = true;
    else
        open_port(slot);
    uv_timer_start(&slot->tick, on_tick, TICK_MS, TICK_MS);
}

void slot_talk_start(struct slot *slot)
{
    tty_flush_input(slot->tty);
    slot->told_state = slot->program.state;
    slot->told_percent = 0;
    talk(slot);
}

void slot_talk_drop(struct slot *slot)
{
    uv_timer_stop(&slot->deadline);
    slot->seat.looking = false;
    if (slot->order == PORT_SETTING)
        slot->order = PORT_STALE;
}

void slot_talk_hang_up(struct slot *slot)
{
    slot_talk_drop(slot);
    slot_presence_stop(slot);
    uv_timer_stop(&slot->tick);
    slot->open_next = slot->port = false;
    if (slot->tty)
        tty_hang_up(slot->tty);
}

void slot_talk_close(struct slot *slot)
{
    slot_talk_hang_up(slot);
    if (slot->tty)
        tty_close(slot->tty);
    slot->tty = NULL;
}
