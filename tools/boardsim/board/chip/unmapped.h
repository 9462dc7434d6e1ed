/* SPDX-License-Identifier: MIT */
/*
 * Addresses with no memory and no peripheral behind them. The chip raises an exception for few of them: elsewhere a
 * load gives a constant that depends on the region, and a store has no effect. The constants were measured by others,
 * one address in each region (docs/boardsim-chip.md); that a region ends where the next one begins is assumed.
 */
#ifndef BOARDSIM_UNMAPPED_H
#define BOARDSIM_UNMAPPED_H

#include <stdint.h>

/* Aligned words. Returns 0, or the enum lx106_cause of the exception. */
__attribute__((warn_unused_result)) int unmapped_load(uint32_t address, uint32_t *value);
__attribute__((warn_unused_result)) int unmapped_store(uint32_t address);

#endif
