/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/reset.h"

void reset_init(struct reset *reset, const struct reset_wiring *wiring)
{
    *reset = (struct reset){.wiring = *wiring, .held = true, .rising = UINT64_MAX};
}

/* One transistor conducts if its line is asserted and the other one is not. */
static bool pulls_en(const struct reset *reset)
{
    return reset->wiring.swapped ? reset->dtr && !reset->rts : reset->rts && !reset->dtr;
}

static bool pulls_gpio0(const struct reset *reset)
{
    return reset->wiring.swapped ? reset->rts && !reset->dtr : reset->dtr && !reset->rts;
}

bool reset_update(struct reset *reset, uint64_t now, uint64_t rc)
{
    bool low = !reset->powered || reset->button_reset || (reset->wiring.en && pulls_en(reset));
    bool fell = low && !reset->held;

    if (low)
        reset->rising = UINT64_MAX;
    else if (reset->held)
        reset->rising = now + rc;
    reset->held = low;
    return fell;
}

bool reset_gpio0_low(const struct reset *reset)
{
    return reset->button_gpio0 || (reset->wiring.gpio0 && pulls_gpio0(reset));
}
