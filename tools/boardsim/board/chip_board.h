/* SPDX-License-Identifier: MIT */
/* A board that is true to its chip: it executes the ROM's and the uploaded code, and its flash part takes its time. */
#ifndef BOARDSIM_CHIP_BOARD_H
#define BOARDSIM_CHIP_BOARD_H

#include "tools/boardsim/board/board_type.h"

/* As board_new(). */
__attribute__((warn_unused_result)) struct board *chip_board_new(const struct board_config *config);

#endif
