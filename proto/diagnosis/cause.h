/* SPDX-License-Identifier: MIT */
/*
 * Why an attempt did not pass. Each cause has a stable code (book, API, metrics), a sentence for the operator's tile
 * and a remedy for the engineer. Codes are never renamed or reused: books of years ago hold them.
 */
#ifndef PROTO_DIAGNOSIS_CAUSE_H
#define PROTO_DIAGNOSIS_CAUSE_H

#include "proto/link/check.h"

/* X(name, code, sentence, remedy) */
#define CAUSE_LIST(X)                                                                                                  \
    X(NONE, "none", "", "")                                                                                            \
    /* The board does not talk. */                                                                                     \
    X(BOARD_SILENT, "board-silent", "The board is silent",                                                             \
      "Not a byte came: no board, no power, RX and TX open or swapped, or no reset circuit: then set reset = manual.") \
    X(NO_BOARD, "no-board", "No board answers in the fixture",                                                         \
      "Put one in and start again. If one is in: no contact, no power, RX and TX open or swapped, or no reset "        \
      "circuit (then set reset = manual).")                                                                            \
    X(NOT_DOWNLOAD_MODE, "not-download-mode", "The board starts its firmware instead of the loader",                   \
      "GPIO0 was not low at reset: look at the auto-reset circuit, or set reset = manual for this slot.")              \
    X(TX_OPEN, "tx-open", "The board does not hear us",                                                                \
      "It is in download mode and answers nothing: the line from the adapter's TX to the board's RX is open.")         \
    X(LINE_NOISE, "line-noise", "Data is damaged on the line to the board",                                            \
      "Bytes arrive changed or not at all: bad cable, bad ground, weak supply, or an adapter that misses the rate.")   \
    /* It is not what the product wants. */                                                                            \
    X(WRONG_CHIP, "wrong-chip", "This is not an ESP8266", "The chip's magic word is that of another chip.")            \
    X(UNKNOWN_OUI, "unknown-oui", "The board's MAC address is not a genuine one",                                      \
      "The efuses give no known OUI: not a genuine ESP8266, or they cannot be read.")                                  \
    X(FLASH_ID_UNREADABLE, "flash-id-unreadable", "The flash chip does not answer",                                    \
      "The flash id reads as all ones or all zeros: flash not connected, or its SPI pins are loaded.")                 \
    X(FLASH_NOT_ACCEPTED, "flash-not-accepted", "The flash chip is not one that the product accepts",                  \
      "The detail names it. Another part is fitted than usual; if it is good, add its id to flash_parts.")             \
    X(FLASH_WORD_PROGRAM, "flash-word-program", "The flash chip cannot be written by an ESP8266",                      \
      "The detail names it. It programs bytes or words and no pages. Nothing was erased.")                             \
    X(FLASH_SIZE_UNKNOWN, "flash-size-unknown", "The flash chip is of an unknown size",                                \
      "gangd does not know the part of the detail, and it has no SFDP that tells. Set flash_part_size = in [product] " \
      "to the size that its data sheet says. Nothing was erased.")                                                     \
    X(FLASH_TOO_SMALL, "flash-too-small", "The flash chip is too small: wrong module?",                                \
      "The part is smaller than the product needs. Nothing was erased.")                                               \
    /* The stub. */                                                                                                    \
    X(ROM_REFUSED, "rom-refused", "The board refused a command",                                                       \
      "The ROM loader answered a request with an error; the detail names both.")                                       \
    X(STUB_SILENT, "stub-silent", "The flasher stub did not start",                                                    \
      "It was uploaded but never greeted: weak supply, or a stub that does not suit the chip.")                        \
    X(BAUD_FAILED, "baud-failed", "The board does not answer at the higher speed",                                     \
      "Nothing usable came after the baud change: an adapter or cable that cannot do it. Lower the ladder.")           \
    /* The work. */                                                                                                    \
    X(LINK_LOST, "link-lost", "The board stopped answering",                                                           \
      "It went silent in mid-work: bytes lost on the line, a reset by brown-out, or a crash.")                         \
    X(BOARD_RESET, "board-reset", "The board reset itself while it was flashed",                                       \
      "A boot message came in mid-work: brown-out or watchdog; look at the supply.")                                   \
    X(FLASH_PROTECTED, "flash-protected", "The flash chip is write-protected",                                         \
      "Its protection bits stay set or do not matter: locked by its status register or its WP pin, or a bad part.")    \
    X(FLASH_SLOW, "flash-slow", "The flash chip does not finish erasing or writing",                                   \
      "It is busy for longer than its work may take: worn out, a weak supply, a bad part, or an erase from before.")   \
    X(WRITE_FAILED, "write-failed", "The flash chip could not be erased or written",                                   \
      "The detail names the error. A weak supply first, since erasing needs the most of it; else a bad flash part.")   \
    X(MD5_MISMATCH, "md5-mismatch", "The flash does not hold what was written",                                        \
      "Read back, its MD5 differs: bad flash, or a smaller chip than it claims to be.")                                \
    X(FLASH_READ_UNSTABLE, "flash-read-unstable", "The flash chip cannot be read at the firmware's speed",             \
      "Its content is right at 13 MHz, and not at the clock that the image's header asks for: bad joints or a bad "    \
      "part.")                                                                                                         \
    X(FLASH_SIZE_FALSE, "flash-size-false", "The flash chip is smaller than it claims",                                \
      "What is at its beginning shows in its middle too: a counterfeit part. Try another board of the lot.")           \
    X(REPLY_MALFORMED, "reply-malformed", "The board gave an answer that makes no sense",                              \
      "A reply of the wrong length or kind: noise, or a stub that does not speak the protocol.")                       \
    /* The adapter. */                                                                                                 \
    X(UNPLUGGED, "unplugged", "Unplugged before it was done", "The adapter went away in mid-work. Plug it in again.")  \
    X(BOARD_REMOVED, "board-removed", "The board was taken out before it was done",                                    \
      "The fixture was opened in mid-work, as its modem line tells. Put the board in again, and close it.")            \
    X(ADAPTER_ERROR, "adapter-error", "The adapter reports an error",                                                  \
      "The kernel refused an operation on the port; the detail names it.")                                             \
    X(ADAPTER_STUCK, "adapter-stuck", "The adapter does not answer: unplug it",                                        \
      "The kernel waits for the adapter: its USB side hangs. Another cable, port or hub.")                             \
    X(PORT_BUSY, "port-busy", "Another program holds the port",                                                        \
      "The detail names it. ModemManager is kept away by gangd's udev rules; brltty must be removed.")                 \
    X(PORT_SHARED, "port-shared", "Another program opened the port meanwhile",                                         \
      "It takes bytes that are for gangd; the detail names it. Only root can open a port that gangd has: end it.")     \
    X(PORT_FORBIDDEN, "port-forbidden", "gangd may not open the port",                                                 \
      "Its user must be in the group that the detail names.")                                                          \
    /* The station. */                                                                                                 \
    X(STOPPED, "stopped", "gangd was stopped before it was done", "Plug the board in again.")                          \
    X(POWER_CUT, "power-cut", "gangd ended before it was done",                                                        \
      "The attempt was open when gangd started: a power cut or a crash. Plug the board in again.")

enum cause {
#define X(name, code, sentence, remedy) CAUSE_##name,
    CAUSE_LIST(X)
#undef X
        CAUSE_COUNT
};

/* Static strings; never NULL. */
const char *cause_code(enum cause cause);
const char *cause_sentence(enum cause cause);
const char *cause_remedy(enum cause cause);

/* The cause with this code, or CAUSE_COUNT if there is none. */
MUST_CHECK enum cause cause_from_code(const char *code);

#endif
