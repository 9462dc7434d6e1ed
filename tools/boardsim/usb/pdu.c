/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/usb/pdu.h"

#include <string.h>

enum { SUBMIT = 1, UNLINK, RETURN_SUBMIT, RETURN_UNLINK };
/* Offsets in the header. */
enum { COMMAND = 0, NUMBER = 4, DIRECTION = 12, ENDPOINT = 16, VICTIM = 20, LENGTH = 24, SETUP = 40 };
enum { STATUS = 20, ACTUAL = 24 };

static uint32_t get(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void put(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

long pdu_read(const uint8_t *bytes, size_t n, struct pdu *pdu)
{
    if (n < PDU_HEADER)
        return 0;
    memset(pdu, 0, sizeof *pdu);
    pdu->number = get(bytes + NUMBER);
    uint32_t command = get(bytes + COMMAND);
    if (command == UNLINK) {
        pdu->unlink = true;
        pdu->victim = get(bytes + VICTIM);
        return PDU_HEADER;
    }
    uint32_t endpoint = get(bytes + ENDPOINT);
    pdu->in = get(bytes + DIRECTION) != 0;
    pdu->length = get(bytes + LENGTH);
    if (command != SUBMIT || endpoint > 15 || pdu->length > PDU_DATA)
        return -1;
    pdu->endpoint = (uint8_t)endpoint;
    memcpy(pdu->setup, bytes + SETUP, sizeof pdu->setup);
    if (pdu->in)
        return PDU_HEADER;
    pdu->data = bytes + PDU_HEADER;
    return n - PDU_HEADER < pdu->length ? 0 : (long)(PDU_HEADER + pdu->length);
}

static void write_header(uint8_t *header, uint32_t command, uint32_t number, int status)
{
    memset(header, 0, PDU_HEADER);
    put(header + COMMAND, command);
    put(header + NUMBER, number);
    put(header + STATUS, (uint32_t)status);
}

void pdu_write_return(uint8_t header[PDU_HEADER], uint32_t number, int status, uint32_t length)
{
    write_header(header, RETURN_SUBMIT, number, status);
    put(header + ACTUAL, length);
}

void pdu_write_unlinked(uint8_t header[PDU_HEADER], uint32_t number, int status)
{
    write_header(header, RETURN_UNLINK, number, status);
}
