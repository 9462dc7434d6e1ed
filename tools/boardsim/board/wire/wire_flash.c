/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/wire/wire_flash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BUCKETS 4096u

struct wire_sector {
    struct wire_sector *next; /* in the same bucket */
    unsigned bucket, users;
    uint8_t bytes[WIRE_SECTOR];
};

/* Of all boards, by the CRC-32 of the content. */
static struct wire_sector *buckets[BUCKETS];
static uint8_t blank[WIRE_SECTOR];
static pthread_once_t blank_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct wire_sector *find(unsigned bucket, const uint8_t bytes[WIRE_SECTOR])
{
    struct wire_sector *sector = buckets[bucket];

    while (sector && memcmp(sector->bytes, bytes, WIRE_SECTOR) != 0)
        sector = sector->next;
    return sector;
}

static struct wire_sector *add(unsigned bucket, const uint8_t bytes[WIRE_SECTOR])
{
    struct wire_sector *sector = malloc(sizeof *sector);

    if (!sector)
        return NULL;
    sector->bucket = bucket;
    sector->users = 0;
    memcpy(sector->bytes, bytes, WIRE_SECTOR);
    sector->next = buckets[bucket];
    buckets[bucket] = sector;
    return sector;
}

static struct wire_sector *share(const uint8_t bytes[WIRE_SECTOR])
{
    unsigned bucket = (unsigned)crc32(0, bytes, WIRE_SECTOR) % BUCKETS;

    pthread_mutex_lock(&lock);
    struct wire_sector *sector = find(bucket, bytes);
    if (!sector)
        sector = add(bucket, bytes);
    if (sector)
        sector->users++;
    pthread_mutex_unlock(&lock);
    return sector;
}

static void drop(struct wire_sector *sector)
{
    if (!sector)
        return;
    pthread_mutex_lock(&lock);
    if (--sector->users == 0) {
        struct wire_sector **at = &buckets[sector->bucket];
        while (*at != sector)
            at = &(*at)->next;
        *at = sector->next;
        free(sector);
    }
    pthread_mutex_unlock(&lock);
}

static void fill_blank(void)
{
    memset(blank, 0xff, sizeof blank);
}

bool wire_flash_init(struct wire_flash *flash, uint32_t size)
{
    pthread_once(&blank_once, fill_blank);
    flash->size = size;
    flash->sectors = calloc(size / WIRE_SECTOR, sizeof *flash->sectors);
    return flash->sectors;
}

void wire_flash_free(struct wire_flash *flash)
{
    for (uint32_t i = 0; i < flash->size / WIRE_SECTOR; i++)
        drop(flash->sectors[i]);
    free(flash->sectors);
}

const uint8_t *wire_flash_sector(const struct wire_flash *flash, uint32_t sector)
{
    return flash->sectors[sector] ? flash->sectors[sector]->bytes : blank;
}

void wire_flash_put(struct wire_flash *flash, uint32_t sector, const uint8_t bytes[WIRE_SECTOR])
{
    struct wire_sector *old = flash->sectors[sector];

    flash->sectors[sector] = memcmp(bytes, blank, WIRE_SECTOR) == 0 ? NULL : share(bytes);
    drop(old);
}

void wire_flash_digest(const struct wire_flash *flash, uint32_t address, uint32_t n, MD5_CTX *md5)
{
    while (n > 0) {
        uint32_t in_sector = address % WIRE_SECTOR;
        uint32_t take = n < WIRE_SECTOR - in_sector ? n : WIRE_SECTOR - in_sector;

        MD5Update(md5, wire_flash_sector(flash, address / WIRE_SECTOR) + in_sector, take);
        address += take;
        n -= take;
    }
}
