/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/reset.h"

void reset_init(struct reset *reset, bool wired, bool gpio0_wired)
{
    *reset = (struct reset){.wired = wired, .gpio0_wired = gpio0_wired, .held = true, .rising = UINT64_MAX};
}

bool reset_update(struct reset *reset, uint64_t now, uint64_t rc)
{
    bool low = !reset->powered || reset->button_reset || (reset->wired && reset->rts && !reset->dtr);
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
    return reset->button_gpio0 || (reset->wired && reset->gpio0_wired && reset->dtr && !reset->rts);
}
