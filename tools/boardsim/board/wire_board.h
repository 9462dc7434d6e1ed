/* SPDX-License-Identifier: MIT */
/*
 * A wire-level board: it answers as a board does that has gangd's stub, but has no CPU, and its flash takes no time. It
 * exists to load a host with more boards than a machine can execute, and proves nothing about a stub or a chip.
 *
 * It keeps what is written, and each MD5 is that of its flash. The line takes its time at the rate that is set; bytes
 * at another rate than the board's are lost. There is no noise, no fault and no firmware: after a reset without GPIO0
 * it says the ROM's banner and is silent.
 */
#ifndef BOARDSIM_WIRE_BOARD_H
#define BOARDSIM_WIRE_BOARD_H

#include "tools/boardsim/board/board_type.h"

/* As board_new(). Of `config` it takes MAC, chip, part, crystal and no_auto_reset. */
__attribute__((warn_unused_result)) struct board *wire_board_new(const struct board_config *config);

#endif
