/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/spec.h"

#include "tools/boardsim/board/nor.h"
#include "tools/boardsim/board/rng.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What follows the `=` of a word. */
enum argument { NONE, COUNT, RATE, FACTOR, HEX24 };

enum fault {
    SILENT,
    GPIO0_OPEN,
    SMALL_FLASH,
    STUCK_BITS,
    UNPLUG_AFTER,
    NOISE,
    TX_OPEN,
    RX_OPEN,
    CLONE_OUI,
    FLASH_ID,
    HANG_AFTER,
    RESET_AFTER,
    SLOW_FLASH,
    HANG_IOCTL,
    NO_AUTO_RESET,
};

/* The default of a fault with an argument makes it show in the middle of a 4 MB image. */
static const struct {
    const char *name;
    enum fault fault;
    enum argument argument;
    double preset;
} faults[] = {
    {"silent", SILENT, NONE, 0},
    {"gpio0-open", GPIO0_OPEN, NONE, 0},
    {"small-flash", SMALL_FLASH, NONE, 0},
    {"stuck-bits", STUCK_BITS, COUNT, 64},
    {"unplug-after", UNPLUG_AFTER, COUNT, 200000},
    {"noise", NOISE, RATE, 0.0003},
    {"tx-open", TX_OPEN, NONE, 0},
    {"rx-open", RX_OPEN, NONE, 0},
    {"clone-oui", CLONE_OUI, NONE, 0},
    {"flash-id", FLASH_ID, HEX24, 0xffffff},
    {"hang-after", HANG_AFTER, COUNT, 100000},
    {"reset-after", RESET_AFTER, COUNT, 100000},
    {"slow-flash", SLOW_FLASH, FACTOR, 8},
    {"hang-ioctl", HANG_IOCTL, NONE, 0},
    {"no-auto-reset", NO_AUTO_RESET, NONE, 0},
};

const char *spec_help(void)
{
    return "  silent            no power: sends nothing, hears nothing\n"
           "  gpio0-open        DTR does not reach GPIO0: always boots from flash\n"
           "  no-auto-reset     DTR and RTS lead nowhere: a person must press the buttons\n"
           "  tx-open, rx-open  the wire to the board, or from it, is open\n"
           "  small-flash       a 1 MB flash part\n"
           "  flash-id=HEX      what the part answers to RDID (default ffffff)\n"
           "  stuck-bits=N      flash bits that stay 0 (default 64)\n"
           "  slow-flash=F      erase and program take F times as long (default 8)\n"
           "  noise=P           each byte is lost, changed or doubled with probability P (default 0.0003)\n"
           "  reset-after=N     brown-out after N bytes from the host, once (default 100000)\n"
           "  hang-after=N      dead after N bytes from the host (default 100000)\n"
           "  unplug-after=N    pulled out after N bytes from the host (default 200000)\n"
           "  hang-ioctl        the adapter answers no control request until it is pulled out\n"
           "  clone-oui         efuses that give no known OUI\n";
}

bool spec_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
    if (*text < '0' || *text > '9') /* strtoull would take blanks and signs */
        return false;
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, strncmp(text, "0x", 2) == 0 ? 16 : 10);
    if (errno != 0 || *end != '\0' || number < min || number > max)
        return false;
    *value = number;
    return true;
}

bool spec_real(const char *text, double min, double max, double *value)
{
    if (*text < '0' || *text > '9')
        return false;
    char *end;
    double number = strtod(text, &end);
    if (*end != '\0' || !isfinite(number) || number < min || number > max)
        return false;
    *value = number;
    return true;
}

static bool parse_argument(enum argument kind, const char *text, double *value)
{
    uint64_t number;
    switch (kind) {
    case NONE: return false;
    case COUNT:
        if (!spec_number(text, 1, 1U << 31, &number))
            return false;
        *value = (double)number;
        return true;
    case RATE: return spec_real(text, 0, 1, value);
    case FACTOR: return spec_real(text, 0.01, 10000, value);
    case HEX24: {
        char *end;
        unsigned long id = strtoul(text, &end, 16);
        *value = (double)id;
        return strlen(text) == 6 && *end == '\0' && id != 0;
    }
    }
    return false;
}

static void apply(struct spec *spec, enum fault fault, double value)
{
    struct board_faults *board = &spec->config.faults;
    switch (fault) {
    case SILENT: board->silent = true; break;
    case GPIO0_OPEN: board->gpio0_open = true; break;
    case SMALL_FLASH: spec->config.part = nor_find("W25Q80"); break;
    case STUCK_BITS: board->stuck_bits = (uint32_t)value; break;
    case UNPLUG_AFTER: spec->unplug_after = (uint64_t)value; break;
    case NOISE: board->lose = board->corrupt = board->insert = value / 3; break;
    case TX_OPEN: board->tx_open = true; break;
    case RX_OPEN: board->rx_open = true; break;
    case CLONE_OUI: board->clone_oui = true; break;
    case FLASH_ID: board->flash_id = (uint32_t)value; break;
    case HANG_AFTER: board->hang_after = (uint64_t)value; break;
    case RESET_AFTER: board->reset_after = (uint64_t)value; break;
    case SLOW_FLASH: board->slow_flash = value; break;
    case HANG_IOCTL: spec->hang_ioctl = true; break;
    case NO_AUTO_RESET: spec->config.no_auto_reset = true; break;
    }
}

static bool parse_mac(const char *text, uint8_t mac[6])
{
    unsigned m[6];
    int end = 0;
    if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &m[0], &m[1], &m[2], &m[3], &m[4], &m[5], &end) != 6 || text[end])
        return false;
    for (int i = 0; i < 6; i++)
        mac[i] = (uint8_t)m[i];
    return true;
}

static int add_property(struct spec *spec, const char *word, char *error, size_t size)
{
    const char *value = strchr(word, '=');
    if (strncmp(word, "mac=", 4) == 0) {
        spec->has_mac = parse_mac(value + 1, spec->config.mac);
        if (spec->has_mac)
            return 0;
        snprintf(error, size, "%s: a MAC is six hexadecimal bytes: mac=18:fe:34:00:00:01", word);
    } else if (strncmp(word, "part=", 5) == 0) {
        spec->config.part = nor_find(value + 1);
        if (spec->config.part)
            return 0;
        snprintf(error, size, "%s: no such flash part", word);
    } else if (strncmp(word, "crystal=", 8) == 0) {
        uint64_t mhz;
        if (spec_number(value + 1, 26, 40, &mhz) && (mhz == 26 || mhz == 40)) {
            spec->config.crystal_mhz = (unsigned)mhz;
            return 0;
        }
        snprintf(error, size, "%s: a crystal has 26 or 40 MHz", word);
    } else if (strncmp(word, "image=", 6) == 0) {
        if (strlen(value + 1) < sizeof spec->image) {
            memcpy(spec->image, value + 1, strlen(value + 1) + 1);
            return 0;
        }
        snprintf(error, size, "%s: the path is too long", word);
    } else {
        snprintf(error, size, "%s: no such fault", word);
    }
    return -1;
}

int spec_add(struct spec *spec, const char *word, char *error, size_t size)
{
    size_t name = strcspn(word, "=");
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        if (strncmp(faults[i].name, word, name) != 0 || faults[i].name[name] != '\0')
            continue;
        double value = faults[i].preset;
        if (word[name] == '=' && !parse_argument(faults[i].argument, word + name + 1, &value)) {
            snprintf(error, size, faults[i].argument == NONE ? "%s: takes no argument" : "%s: bad argument", word);
            return -1;
        }
        size_t used = strlen(spec->faults);
        if (used + strlen(word) + 2 > sizeof spec->faults) {
            snprintf(error, size, "%s: too many faults", word);
            return -1;
        }
        snprintf(spec->faults + used, sizeof spec->faults - used, "%s%s", used ? " " : "", word);
        apply(spec, faults[i].fault, value);
        return 0;
    }
    return add_property(spec, word, error, size);
}

void spec_add_random_fault(struct spec *spec, uint64_t random)
{
    static const char *const usual[] = {"silent", "gpio0-open", "small-flash", "stuck-bits", "noise", "unplug-after"};
    struct rng rng = {random};
    const char *name = usual[rng_next(&rng) % (sizeof usual / sizeof *usual)];
    char word[64];
    if (strcmp(name, "unplug-after") == 0)
        snprintf(word, sizeof word, "%s=%u", name, (unsigned)(20000 + rng_next(&rng) % 1000000));
    else
        snprintf(word, sizeof word, "%s", name);
    char error[128];
    if (spec_add(spec, word, error, sizeof error) != 0)
        abort(); /* the list above names a fault that is not in the table */
}
