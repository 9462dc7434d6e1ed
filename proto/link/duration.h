/* SPDX-License-Identifier: MIT */
/* Times of a conversation are microseconds: 100 * MS, 2 * S. */
#ifndef PROTO_LINK_DURATION_H
#define PROTO_LINK_DURATION_H

#define MS 1000ULL
#define S  1000000ULL

#endif
