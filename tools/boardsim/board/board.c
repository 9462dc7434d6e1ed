/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/board.h"

#include "tools/boardsim/board/board_type.h"
#include "tools/boardsim/board/chip_board.h"
#include "tools/boardsim/board/wire_board.h"

struct board *board_new(const struct board_config *config)
{
    return config->wire ? wire_board_new(config) : chip_board_new(config);
}

void board_free(struct board *board)
{
    if (board)
        board->type->free(board);
}

void board_power(struct board *board, bool on)
{
    board->type->power(board, on);
}

void board_set_lines(struct board *board, bool dtr, bool rts)
{
    board->type->set_lines(board, dtr, rts);
}

void board_buttons(struct board *board, bool reset, bool gpio0)
{
    board->type->buttons(board, reset, gpio0);
}

uint64_t board_run(struct board *board, uint64_t until)
{
    return board->type->run(board, until);
}

uint64_t board_next(const struct board *board)
{
    return board->type->next(board);
}

void board_observe(struct board *board, const struct observer *observer)
{
    if (board->type->observe)
        board->type->observe(board, observer);
}

void board_send(struct board *board, uint32_t baud, const uint8_t *bytes, size_t n)
{
    board->type->send(board, baud, bytes, n);
}

void board_break(struct board *board, uint64_t ns)
{
    board->type->send_break(board, ns);
}

size_t board_sending(const struct board *board)
{
    return board->type->sending(board);
}

size_t board_receive(struct board *board, uint32_t baud, uint8_t *bytes, size_t n)
{
    return board->type->receive(board, baud, bytes, n);
}

size_t board_log(const struct board *board, const uint8_t **bytes)
{
    return board->type->log(board, bytes);
}

uint8_t *board_flash(struct board *board, size_t *size)
{
    return board->type->flash(board, size);
}

const struct board_stats *board_stats(const struct board *board)
{
    return board->type->stats(board);
}
