/* SPDX-License-Identifier: MIT */
/*
 * Who is in a fixture, whose adapter stays while boards are swapped: inferred from probes (presence = probe) or from
 * the readings of the modem line that its lid closes (cts, dsr, dcd). With presence = start nothing is observed; a
 * person starts each attempt. Plain data and no I/O: it takes observations and answers what they mean; what is done
 * about it is the slot's decision.
 *
 * A board that passed under probes is left in its stub, which answers without being disturbed. To reset it, only to see
 * whether it is still there, could cut into the first writes of its firmware.
 */
#ifndef DAEMON_STATION_SLOT_PRESENCE_H
#define DAEMON_STATION_SLOT_PRESENCE_H

#include "proto/recipe/presence.h"

#include <stdbool.h>
#include <stdint.h>

/* Pauses before the next observation, in ms. A probe itself takes 0.2 to 1.5 s (recipe/presence.h). */
#define SLOT_PRESENCE_VACANT_MS 700
#define SLOT_PRESENCE_SHOWN_MS  500
#define SLOT_PRESENCE_LID_MS    200

/* Probes in a row before something that does not answer as a board should is believed to be one; probes in a row
 * before a board that has its verdict and does not answer is believed to have gone; readings in a row before a lid is
 * believed to be open: a person needs longer for taking a board out. */
#define SLOT_PRESENCE_UNIDENTIFIED 3
#define SLOT_PRESENCE_ABSENT       2
#define SLOT_PRESENCE_LID_OPEN     2

/* What the slot is doing with the fixture while it is observed. */
enum fixture_phase {
    FIXTURE_VACANT,  /* waits for a board */
    FIXTURE_CONTACT, /* one has come; its contacts may bounce */
    FIXTURE_WORKING, /* an attempt is at work or being booked */
    FIXTURE_SHOWN,   /* a verdict is shown; waits for the board to go */
};

/* What an observation means. */
enum slot_presence_change {
    SLOT_PRESENCE_NONE,      /* nothing new */
    SLOT_PRESENCE_ARRIVED,   /* a board has come: observe it again when its contacts have settled */
    SLOT_PRESENCE_CONFIRMED, /* a board is there: flash it */
    SLOT_PRESENCE_LEFT,      /* the fixture is empty */
    SLOT_PRESENCE_REPLACED,  /* another board than that of the verdict: as ARRIVED */
};

struct slot_presence {
    bool tight;            /* the reset of the latest probe; they alternate */
    uint32_t waiting_baud; /* at which the board of the verdict waits; 0: it does not */
    bool waiting_in_loader;
    bool verdict_is_pass; /* of the latest attempt */
    bool mac_valid;       /* `mac` is of the board that is here, or of the attempt at work */
    uint8_t mac[6];
    bool board_probed; /* probes have found the board that is here; a lid and a person's start prove none */
    unsigned unidentified_count, absent_count; /* probes in a row */
    enum { LID_OPEN, LID_CLOSED } lid;
    unsigned lid_open_count; /* readings in a row */
};

/* The result of an attempt. */
struct slot_presence_verdict {
    bool passed;
    const uint8_t *mac;    /* 6 bytes; NULL: the board did not say */
    uint32_t waiting_baud; /* at which it waits, in its stub or in the loader; 0: it does not */
    bool waiting_in_loader;
};

/* The port has been opened: nothing is known. */
void slot_presence_reset(struct slot_presence *presence);

/* The slot waits for a board from now on. */
void slot_presence_vacate(struct slot_presence *presence);

/* An attempt begins: as confirmed by an observation; or as a person has asked, with whoever is here now. */
void slot_presence_flash_confirmed(struct slot_presence *presence);
void slot_presence_flash_asked(struct slot_presence *presence);

/* A verdict is shown from now on. */
void slot_presence_take_verdict(struct slot_presence *presence, const struct slot_presence_verdict *verdict);

/* The next probe's job. */
struct presence_job slot_presence_next_probe(struct slot_presence *presence, bool manual_reset);

/* The observations. A probe has ended with any result but PRESENCE_ERROR, which says nothing of boards; the slot is
 * VACANT, in CONTACT or SHOWN. The lid's line has been read, in any phase. With CONFIRMED a probe says that contacts
 * have settled; a lid does not: it is enough that it has not LEFT for so long. */
enum slot_presence_change slot_presence_probed(struct slot_presence *presence, enum fixture_phase phase,
                                               const struct presence *probe) __attribute__((warn_unused_result));
enum slot_presence_change slot_presence_lid_read(struct slot_presence *presence, enum fixture_phase phase, bool closed)
    __attribute__((warn_unused_result));

#endif
