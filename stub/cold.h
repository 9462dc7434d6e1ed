/* SPDX-License-Identifier: MIT */
#ifndef STUB_COLD_H
#define STUB_COLD_H

/* A function that is called seldom, in a file that is compiled for speed: it is compiled for size. */
#define COLD __attribute__((cold))

#endif
