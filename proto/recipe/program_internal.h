/* SPDX-License-Identifier: MIT */
/* What the parts of the flash recipe share. Each handler gets one event of its state (SESSION_STARTED on entry) and
 * asks the session for one thing, enters another state, or fails the try. */
#ifndef PROTO_RECIPE_PROGRAM_INTERNAL_H
#define PROTO_RECIPE_PROGRAM_INTERNAL_H

#include "proto/link/duration.h"
#include "proto/recipe/program.h"

/* flash.c: the only way to change state, and the only way out of a try. After either the caller returns. */
void flash_enter(struct flash *flash, enum flash_state state);
void flash_fail(struct flash *flash, enum cause cause, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* True if the event is a good answer or a success. If not, fails the try: an error reply with `refused`, silence with
 * `silent`, a failed port operation by its errno. `what` is in the detail. */
bool flash_good(struct flash *flash, const struct session_event *event, const char *what, enum cause refused,
                enum cause silent);

/* What an errno of a port's operation means. -EIO, -ENODEV, -ENXIO: just pulled, the hang-up follows within
 * milliseconds. -ETIMEDOUT: the driver has waited in vain; the CH340's does for a second, others for many. */
enum cause flash_adapter_cause(int error);

void flash_request_words(struct flash *flash, enum wire_op op, const uint32_t *words, size_t n, uint64_t timeout,
                         unsigned tries);

/* flash_connect.c */
void flash_step_reset(struct flash *flash, const struct session_event *event);
void flash_step_sync(struct flash *flash, const struct session_event *event);
void flash_step_wait(struct flash *flash, const struct session_event *event);
void flash_step_diagnose(struct flash *flash, const struct session_event *event);
void flash_step_run(struct flash *flash, const struct session_event *event);

/* flash_identify.c */
void flash_step_identify(struct flash *flash, const struct session_event *event);
void flash_step_flash_id(struct flash *flash, const struct session_event *event);

/* flash_stub.c */
void flash_step_stub(struct flash *flash, const struct session_event *event);
void flash_step_baud(struct flash *flash, const struct session_event *event);

/* flash_write.c */
void flash_step_write(struct flash *flash, const struct session_event *event);

/* flash_verify.c */
void flash_step_compare(struct flash *flash, const struct session_event *event);
void flash_step_verify(struct flash *flash, const struct session_event *event);
/* `last`: nothing is asked for behind it, so a second answer does no harm. */
void flash_request_md5(struct flash *flash, uint32_t offset, uint32_t size, bool last);
void flash_fail_mismatch(struct flash *flash); /* of at.part */

/* flash_size.c */
void flash_step_size(struct flash *flash, const struct session_event *event);

/* flash_progress.c: what a block of the image costs in time, in µs, at this try's baud. */
uint64_t flash_block_cost(const struct flash *flash, const struct golden_block *block);

#endif
