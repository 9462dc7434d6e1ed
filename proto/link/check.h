/* SPDX-License-Identifier: MIT */
/* MUST_CHECK, before a declaration: the function can fail, and the compiler warns where its result is not used. */
#ifndef PROTO_LINK_CHECK_H
#define PROTO_LINK_CHECK_H

#define MUST_CHECK __attribute__((warn_unused_result))

#endif
