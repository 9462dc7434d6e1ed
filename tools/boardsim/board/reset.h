/* SPDX-License-Identifier: MIT */
/* What decides over reset and boot mode: the two-transistor circuit behind DTR and RTS, the two buttons, the RC at EN.
 */
#ifndef BOARDSIM_RESET_H
#define BOARDSIM_RESET_H

#include <stdbool.h>
#include <stdint.h>

/* A typical board has 10 kohm and 1 µF at EN: the chip leaves reset one time constant after the pin is let go. This is
 * what lets DTR and RTS change one after the other without the chip seeing the state between. */
#define RESET_RC_US 10000

struct reset {
    struct reset_wiring {
        bool en, gpio0; /* the circuit reaches these pins */
        bool swapped;   /* DTR and RTS are mixed up */
    } wiring;
    bool dtr, rts, button_reset, button_gpio0, powered;
    bool held;       /* EN is low */
    uint64_t rising; /* when EN will be high for the chip, UINT64_MAX if nothing is under way */
};

void reset_init(struct reset *reset, const struct reset_wiring *wiring);

/* To be called after any input changed; rc is RESET_RC_US in cycles. True if EN just went low. */
bool reset_update(struct reset *reset, uint64_t now, uint64_t rc);

/* The strap that the chip samples when EN rises. */
bool reset_gpio0_low(const struct reset *reset);

#endif
