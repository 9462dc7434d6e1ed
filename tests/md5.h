/* SPDX-License-Identifier: MIT */
/* The MD5 of bytes that lie in one piece. */
#ifndef TESTS_MD5_H
#define TESTS_MD5_H

#include <md5.h>
#include <stddef.h>
#include <stdint.h>

static inline void md5_of(const uint8_t *bytes, size_t n, uint8_t digest[16])
{
    MD5_CTX context;
    MD5Init(&context);
    MD5Update(&context, bytes, n);
    MD5Final(digest, &context);
}

#endif
