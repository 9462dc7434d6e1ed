/* SPDX-License-Identifier: MIT */
/*
 * The protocol between host and chip: the only header that proto/ and stub/ share.
 *
 * Frames are SLIP. A request is 00 op len16 chk32 data, a reply 01 op len16 val32 data and two status bytes, all little
 * endian. Both 0: done. Otherwise the ROM sends 1 and the error, a stub the error and 0.
 *
 * The data of FLASH_DATA, MEM_DATA and FLASH_DEFL_DATA begins with four words (payload length, sequence number, 0, 0);
 * chk is WIRE_CHECKSUM_SEED XORed with every byte of the payload behind them, and 0 in all other requests.
 */
#ifndef PROTO_LINK_WIRE_H
#define PROTO_LINK_WIRE_H

#include <stdint.h>

#define SLIP_END     0xC0
#define SLIP_ESC     0xDB
#define SLIP_ESC_END 0xDC
#define SLIP_ESC_ESC 0xDD

#define WIRE_REQUEST 0x00
#define WIRE_REPLY   0x01

#define WIRE_HEADER_SIZE      8  /* of a request or reply, before its data */
#define WIRE_DATA_HEADER_SIZE 16 /* length, sequence, 0, 0 */
#define WIRE_CHECKSUM_SEED    0xEF

#define WIRE_SYNC_VALUE 0x20120707 /* val of the ROM's SYNC reply; a running stub answers 0 */
#define WIRE_GREETING   "OHAI"     /* one frame, sent by a stub when it has started */

#define WIRE_MEM_BLOCK   0x1800 /* largest MEM_DATA payload the ROM takes */
#define WIRE_FLASH_BLOCK 0x4000 /* largest FLASH_DATA or FLASH_DEFL_DATA payload a stub takes */

#define WIRE_OPS(X)                                                                                                    \
    X(FLASH_BEGIN, 0x02) /* erase size, blocks, block size, offset; to a stub a fifth word may follow: 0 */            \
    X(FLASH_DATA, 0x03)                                                                                                \
    X(FLASH_END, 0x04) /* 0: reboot, 1: stay */                                                                        \
    X(MEM_BEGIN, 0x05) /* size, blocks, block size, address */                                                         \
    X(MEM_END, 0x06)   /* 0: jump, 1: stay; entry */                                                                   \
    X(MEM_DATA, 0x07)                                                                                                  \
    X(SYNC, 0x08)             /* 07 07 12 20, 32 x 55 */                                                               \
    X(WRITE_REG, 0x09)        /* tuples of address, value, mask, delay in us (first) */                                \
    X(READ_REG, 0x0A)         /* address; the answer is val */                                                         \
    X(SPI_SET_PARAMS, 0x0B)   /* id, total size, block size, sector size, page size, status mask */                    \
    X(CHANGE_BAUDRATE, 0x0F)  /* new, old; answered at the old */                                                      \
    X(FLASH_DEFL_BEGIN, 0x10) /* inflated size, blocks, block size, offset; a fifth word as above */                   \
    X(FLASH_DEFL_DATA, 0x11)                                                                                           \
    X(FLASH_DEFL_END, 0x12)                                                                                            \
    X(SPI_FLASH_MD5, 0x13) /* address, size, 0, 0; the answer is 16 raw bytes */                                       \
    X(ERASE_FLASH, 0xD0)                                                                                               \
    X(ERASE_REGION, 0xD1) /* offset, size: both multiples of 4096 */                                                   \
    X(READ_FLASH, 0xD2)   /* offset, length, block size, blocks in flight */                                           \
    X(RUN_USER_CODE, 0xD3)                                                                                             \
    /* Ours. Other stubs answer with WIRE_ERR_UNIMPLEMENTED. */                                                        \
    X(STUB_INFO, 0xE0)    /* no data; val = capabilities, data = version as text, and WIRE_TELLS_CRC */                \
    X(STREAM_BEGIN, 0xE1) /* offset, size, flags; val = the number of frames that may be sent, data = the request's */ \
    X(DIGEST_SECTORS, 0xE2) /* offset, size, flags; val = offset, data = MD5, and the sum of each sector */

enum wire_op {
#define X(name, value) WIRE_##name = (value),
    WIRE_OPS(X)
#undef X
};

/* Capabilities that STUB_INFO announces. */
/* A data block that repeats the last accepted sequence number is acknowledged again, not applied; and the reply to a
 * data block carries its sequence number in val, so that a late answer is not taken for the next one. */
#define WIRE_CAN_RESEND 0x1
/* The reply to SPI_FLASH_MD5 carries in val the address that it was asked for: neither a late answer nor one to a
 * request whose address was damaged on the line is taken for that of another range. */
#define WIRE_TELLS_ADDRESS 0x2

/* STREAM_BEGIN and the frames of a stream are understood. */
#define WIRE_CAN_STREAM 0x4

/* DIGEST_SECTORS is understood: the MD5 of a region, and a word for each sector that it touches, the sum of the whole
 * sector. For each of its 1024 little-endian words w in order: a += w, then b += a, modulo 2^32 and both 0 at first;
 * the sum is a ^ (b rotated by 16 bits). It is cheap, not strong: it tells what to write, and never proves what was
 * written. */
#define WIRE_CAN_DIGEST_SECTORS 0x8
#define WIRE_DIGEST_SECTORS_MAX 1024 /* in one request: 4 MB */

/* In the reply to STUB_INFO a zero byte and a word follow the version: the CRC-32, as zlib's, of the stub's own code
 * and constants as they are in RAM, in the order in which stub.json has them. An uploaded block is protected by an XOR
 * of its bytes alone, so some damage on the line is not noticed. */
#define WIRE_TELLS_CRC 0x10

/*
 * A stream: the content of a region of flash in numbered frames, which need not be answered one by one.
 *
 * A frame to the stub:    02 poll seq16 payload crc32
 * A status from the stub: 02 error next16 limit16 poll state received32 erased32 written32 verified32 md5[16] crc32
 *
 * docs/stub-protocol.md describes both. The CRC-32 is that of all bytes before it.
 */
#define WIRE_STREAM             0x02 /* the first byte of both */
#define WIRE_STREAM_HEADER_SIZE 4
#define WIRE_STREAM_PAYLOAD     1024 /* at most */
#define WIRE_CRC_SIZE           4
#define WIRE_STATUS_SIZE        44
#define WIRE_STATUS_ERROR       1 /* enum wire_error: the job has ended */
#define WIRE_STATUS_NEXT        2 /* all frames before this one have been received */
#define WIRE_STATUS_LIMIT       4 /* frames from this one on must not be sent yet */
#define WIRE_STATUS_POLL        6 /* of the latest frame received that had one */
#define WIRE_STATUS_STATE       7
#define WIRE_STATUS_RECEIVED    8 /* bit i: frame next + 1 + i has been received */
#define WIRE_STATUS_ERASED      12
#define WIRE_STATUS_WRITTEN     16
#define WIRE_STATUS_VERIFIED    20
#define WIRE_STATUS_MD5         24 /* of the region, once the state is DONE */

#define WIRE_STREAM_RUNNING 0
#define WIRE_STREAM_DONE    1

/* Flags of STREAM_BEGIN. DIGEST_SECTORS takes DUAL and DIVIDER alone. */
#define WIRE_STREAM_SKIP_BLANK    0x1 /* sectors that read as blank are not erased */
#define WIRE_STREAM_DUAL          0x2 /* read by two data lines */
#define WIRE_STREAM_COPIES_LATE   0x4 /* data goes before copies: for a line that is slower than the flash */
#define WIRE_STREAM_DIVIDER_SHIFT 8   /* bits 8 to 15: the SPI clock is APB / n, 2 at least; 0: the loader's */
#define WIRE_STREAM_DIVIDER       (0xffu << WIRE_STREAM_DIVIDER_SHIFT)

/* The data of a stream is a zlib stream of the plan, one 16-bit word for each sector of the region, padded with zeros
 * to a multiple of WIRE_PLAN_ALIGN bytes, and of the content of each sector whose kind is DATA. */
#define WIRE_PLAN_ALIGN      64
#define WIRE_PLAN_KIND_SHIFT 12
#define WIRE_PLAN_SECTOR     0xfff /* COPY: the sector of the flash whose content is the same */
#define WIRE_PLAN_DATA       0
#define WIRE_PLAN_BLANK      1 /* all FF */
#define WIRE_PLAN_COPY       2
#define WIRE_PLAN_KEEP       3 /* neither erased nor written */

/* Error byte of a reply. The ROM's: docs/esp8266.md section 2; a stub's: section 5. */
enum wire_error {
    WIRE_OK = 0,
    WIRE_ROM_ERR_PARAMETER = 0x01,
    WIRE_ROM_ERR_MALLOC = 0x02,
    WIRE_ROM_ERR_SEND = 0x03,
    WIRE_ROM_ERR_RECEIVE = 0x04,
    WIRE_ROM_ERR_FORMAT = 0x05,
    WIRE_ROM_ERR_RESULT = 0x06,
    WIRE_ROM_ERR_CHECKSUM = 0x07,
    WIRE_ROM_ERR_FLASH_WRITE = 0x08,
    WIRE_ROM_ERR_FLASH_READ = 0x09,
    WIRE_ROM_ERR_READ_LENGTH = 0x0A,
    WIRE_ERR_LENGTH = 0xC0,
    WIRE_ERR_CHECKSUM = 0xC1,
    WIRE_ERR_BLOCK_SIZE = 0xC2,
    WIRE_ERR_INVALID = 0xC3,
    WIRE_ERR_SPI = 0xC4,
    WIRE_ERR_UNLOCK = 0xC5,
    WIRE_ERR_NOT_FLASHING = 0xC6,
    WIRE_ERR_INFLATE = 0xC7,
    WIRE_ERR_TOO_LITTLE = 0xC8,
    WIRE_ERR_TOO_MUCH = 0xC9,
    WIRE_ERR_SLOW = 0xE0, /* ours: the flash part does not finish in time */
    WIRE_ERR_UNIMPLEMENTED = 0xFF,
};

#endif
