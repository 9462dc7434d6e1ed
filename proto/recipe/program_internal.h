/* SPDX-License-Identifier: MIT */
/* What the parts of the flash recipe share. Each handler gets one event of its state (SESSION_STARTED on entry) and
 * asks the session for one thing, enters another state, or fails the try. */
#ifndef PROTO_RECIPE_PROGRAM_INTERNAL_H
#define PROTO_RECIPE_PROGRAM_INTERNAL_H

#include "proto/link/duration.h"
#include "proto/recipe/program.h"

/* program.c: the only way to change state, and the only way out of a try. After either the caller returns. */
void program_enter(struct program *program, enum program_state state);
void program_fail(struct program *program, enum cause cause, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* True if the event is a good answer or a success. If not, fails the try: an error reply with `refused`, silence with
 * `silent`, a failed port operation by its errno. `what` is in the detail. */
bool check_reply_or_fail(struct program *program, const struct session_event *event, const char *what,
                         enum cause refused, enum cause silent);

/* What an errno of a port's operation means. -EIO, -ENODEV, -ENXIO: just pulled, the hang-up follows within
 * milliseconds. -ETIMEDOUT: the driver has waited in vain; the CH340's does for a second, others for many. */
enum cause port_error_cause(int error);

void program_request_words(struct program *program, enum wire_op op, const uint32_t *words, size_t n, uint64_t timeout,
                           unsigned tries);

/* program_connect.c */
void program_step_reset(struct program *program, const struct session_event *event);
void program_step_sync(struct program *program, const struct session_event *event);
void program_step_wait(struct program *program, const struct session_event *event);
void program_step_diagnose(struct program *program, const struct session_event *event);
void program_step_run(struct program *program, const struct session_event *event);

/* nor_identify.c */
void program_step_identify(struct program *program, const struct session_event *event);
void program_step_flash_id(struct program *program, const struct session_event *event);

/* program_stub.c */
void program_step_stub(struct program *program, const struct session_event *event);
void program_step_baud(struct program *program, const struct session_event *event);

/* program_write.c */
void program_step_write(struct program *program, const struct session_event *event);

/* program_verify.c */
void program_step_compare(struct program *program, const struct session_event *event);
void program_step_verify(struct program *program, const struct session_event *event);
/* `last`: nothing is asked for behind it, so a second answer does no harm. */
void program_request_md5(struct program *program, uint32_t offset, uint32_t size, bool last);
void program_fail_mismatch(struct program *program); /* of at.part */

/* program_capacity.c */
void program_step_capacity(struct program *program, const struct session_event *event);

/* program_progress.c: what a block of the image costs in time, in µs, at this try's baud. */
uint64_t program_block_cost(const struct program *program, const struct golden_block *block);

#endif
