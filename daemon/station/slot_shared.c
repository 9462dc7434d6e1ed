/* SPDX-License-Identifier: MIT */
#include "daemon/station/slot_shared.h"

const char *slot_shared_hindrance(const struct slot_shared *shared)
{
    if (shared->paused)
        return "gangd is paused: no attempt begins";
    if (shared->blocked)
        return shared->blocked;
    return shared->product ? NULL : "There is no golden image";
}
