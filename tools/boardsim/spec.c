/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/spec.h"

#include "tools/boardsim/board/chip/efuse.h"
#include "tools/boardsim/board/flash/nor.h"
#include "tools/boardsim/board/line/rng.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* What a word sets, and what may stand behind its `=`. */
enum kind {
    FLAG,   /* bool; takes no argument */
    COUNT,  /* uint64_t, from 1 */
    FEW,    /* the same as uint32_t */
    RATE,   /* double, 0 to 1 */
    FACTOR, /* double */
    SIZE,   /* uint32_t: a power of two, as 512K or 1M */
    PACE,   /* enum nor_pace */
    HEX24,  /* six hexadecimal digits */
};

static void set_small_flash(struct spec *spec, double value)
{
    (void)value;
    spec->config.part = nor_find("W25Q80");
}

static void set_flash_id(struct spec *spec, double value)
{
    spec->config.faults.flash.wrong_id = true;
    spec->config.faults.flash.id = (uint32_t)value;
}

static void set_protected(struct spec *spec, double value)
{
    spec->config.faults.flash.status |= (uint32_t)value;
}

static void set_locked(struct spec *spec, double value)
{
    set_protected(spec, value);
    spec->config.faults.flash.wp_low = true;
}

static void set_noise(struct spec *spec, double value)
{
    struct board_noise noise = {value / 3, value / 3, value / 3};
    spec->config.faults.in = spec->config.faults.out = noise;
}

static void set_flaky_rate(struct spec *spec, double value)
{
    spec->config.faults.flaky = (struct board_noise){value / 3, value / 3, value / 3};
}

/* Without a word about how flaky it is, a block of 4 KB has no chance. */
static void set_flaky_above(struct spec *spec, double value)
{
    spec->config.faults.flaky_above = (uint32_t)value;
    if (spec->config.faults.flaky.lose == 0)
        set_flaky_rate(spec, 0.003);
}

static void set_bounce_after(struct spec *spec, double value)
{
    spec->adapter.cut_after = (uint64_t)value;
    spec->bounces = true;
}

/* Whether spec_add_random_fault() draws a word. */
enum { RARE, USUAL };

static const struct word {
    const char *name;
    enum kind kind;
    bool usual;
    size_t at; /* offset of what it sets in struct spec */
    double preset;
    void (*set)(struct spec *spec, double value); /* in place of `at` */
    unsigned low, high;                           /* the argument is drawn from here; 0: the preset is taken */
    const char *argument, *help;
} words[] = {
#define FAULT(field) offsetof(struct spec, config.faults.field)
#define SPEC(field)  offsetof(struct spec, field)
    /* The preset makes a fault show in the middle of a 4 MB image. */
    {"silent", FLAG, USUAL, FAULT(silent), .help = "no power: sends nothing, hears nothing"},
    {"tx-open", FLAG, USUAL, FAULT(tx_open), .help = "the wire to the board is open"},
    {"rx-open", FLAG, USUAL, FAULT(rx_open), .help = "the wire from the board is open"},
    {"gpio0-open", FLAG, USUAL, FAULT(gpio0_open), .help = "DTR does not reach GPIO0: always boots from flash"},
    {"en-open", FLAG, USUAL, FAULT(en_open), .help = "RTS does not reach EN: only power and the button reset it"},
    {"lines-swapped", FLAG, RARE, FAULT(lines_swapped), .help = "DTR and RTS are mixed up"},
    {"drop-lines", RATE, RARE, FAULT(drop_lines), 0.2, .argument = "P",
     .help = "a change of DTR and RTS is lost with probability P (0.2)"},
    {"gpio15-high", FLAG, RARE, FAULT(gpio15_high), .help = "GPIO15 is not pulled down: waits for a host on SDIO"},
    {"gpio2-low", FLAG, RARE, FAULT(gpio2_low), .help = "GPIO2 is pulled down: a boot mode that leads nowhere"},
    {"no-auto-reset", FLAG, RARE, SPEC(config.no_auto_reset),
     .help = "DTR and RTS lead nowhere: a person must press the buttons"},
    {"small-flash", FLAG, USUAL, .set = set_small_flash, .help = "a 1 MB flash part"},
    {"flash-id", HEX24, USUAL, .preset = 0xffffff, .set = set_flash_id, .argument = "HEX",
     .help = "what the part answers to RDID (ffffff)"},
    {"stuck-bits", FEW, USUAL, FAULT(flash.stuck_bits), 64, .argument = "N", .help = "flash bits that stay 0 (64)"},
    {"half-erases", FLAG, RARE, FAULT(flash.half_erases),
     .help = "what an erase that lost power leaves reads as blank, until power goes again"},
    {"fast-reads-fail", FLAG, USUAL, FAULT(flash.fast_reads_fail),
     .help = "the flash cannot be read at a higher clock than the loader's"},
    {"flash-time", PACE, RARE, FAULT(flash.pace), .argument = "HOW",
     .help = "of the flash's times: typ, max or random"},
    {"slow-flash", FACTOR, RARE, FAULT(flash.slow), 8, .argument = "F",
     .help = "erase and program take F times as long (8)"},
    {"protected", HEX24, RARE, .preset = 0x00001c, .set = set_protected, .argument = "HEX",
     .help = "the flash's status registers 3, 2, 1 at the start (00001c: all protected)"},
    {"locked", FLAG, USUAL, .preset = 0x009c, .set = set_locked, .help = "protected, and the part's WP pin is low"},
    {"deep-sleep", FEW, RARE, FAULT(flash.sleeps), 3, .argument = "N",
     .help = "the flash answers nothing until it has had ABh N times since power-on (3)"},
    {"hung-flash", FLAG, RARE, FAULT(flash.hung), .help = "the flash answers nothing until it is reset by 66h, 99h"},
    {"counterfeit", SIZE, USUAL, FAULT(flash.size), 1 << 20, .argument = "SIZE",
     .help = "the flash is smaller than its id says, and wraps (1M)"},
    {"noise", RATE, USUAL, .preset = 0.0003, .set = set_noise, .argument = "P",
     .help = "each byte is lost, changed or followed by a stray one with probability P (0.0003)"},
#define NOISE_HELP(what, way) .argument = "P", .help = "a byte " way " " what " with probability P (0.0003)"
    {"lose-in", RATE, RARE, FAULT(in.lose), 0.0003, NOISE_HELP("is lost", "to the board")},
    {"lose-out", RATE, RARE, FAULT(out.lose), 0.0003, NOISE_HELP("is lost", "from the board")},
    {"corrupt-in", RATE, RARE, FAULT(in.corrupt), 0.0003, NOISE_HELP("has a flipped bit", "to the board")},
    {"corrupt-out", RATE, RARE, FAULT(out.corrupt), 0.0003, NOISE_HELP("has a flipped bit", "from the board")},
    {"insert-in", RATE, RARE, FAULT(in.insert), 0.0003, NOISE_HELP("has a stray one behind it", "to the board")},
    {"insert-out", RATE, RARE, FAULT(out.insert), 0.0003, NOISE_HELP("has a stray one behind it", "from the board")},
#undef NOISE_HELP
    {"flaky-above", COUNT, USUAL, .preset = 460800, .set = set_flaky_above, .argument = "BAUD",
     .help = "the adapter has noise of its own at higher rates (460800)"},
    {"flaky-rate", RATE, RARE, .preset = 0.003, .set = set_flaky_rate, .argument = "P",
     .help = "how much of it, as for noise (0.003)"},
    {"noisy-boot", FLAG, USUAL, FAULT(noisy_boot),
     .help = "sends garbage before and between what its ROM says at boot"},
    {"reset-after", COUNT, USUAL, FAULT(reset_after), 100000, .low = 2000, .high = 1000000, .argument = "N",
     .help = "brown-out after N bytes from the host, once (100000)"},
    {"hang-after", COUNT, USUAL, FAULT(hang_after), 100000, .low = 2000, .high = 1000000, .argument = "N",
     .help = "dead after N bytes from the host (100000)"},
    {"unplug-after", COUNT, USUAL, SPEC(adapter.cut_after), 200000, .low = 20000, .high = 1020000, .argument = "N",
     .help = "pulled out after N bytes from the host (200000)"},
    {"bounce-after", COUNT, USUAL, .preset = 200000, .set = set_bounce_after, .low = 20000, .high = 1020000,
     .argument = "N", .help = "pulled out after N bytes, and back in half a second, as another ttyUSB (200000)"},
    {"max-baud", FEW, USUAL, SPEC(adapter.max_baud), 460800, .argument = "N",
     .help = "the adapter can do no more than this, and is set to that instead (460800)"},
    {"hang-ioctl", FLAG, USUAL, SPEC(hang_ioctl),
     .help = "the adapter answers no control request until it is pulled out"},
    {"clone-mac", FLAG, USUAL, SPEC(clone_mac), .help = "has the MAC of the board before it"},
    {"clone-oui", FLAG, USUAL, FAULT(clone_oui), .help = "efuses that give no known OUI"},
#undef FAULT
#undef SPEC
};

#define WORD_COUNT (sizeof words / sizeof *words)

const char *spec_help(void)
{
    static char text[8192];
    size_t used = 0;
    for (const struct word *word = words; word < words + WORD_COUNT; word++) {
        char form[32];
        snprintf(form, sizeof form, "%s%s%s", word->name, word->argument ? "=" : "",
                 word->argument ? word->argument : "");
        used += (size_t)snprintf(text + used, sizeof text - used, "%c %-18s%s\n", word->usual ? '*' : ' ', form,
                                 word->help);
    }
    return text;
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

static bool parse_hex24(const char *text, double *value)
{
    *value = (double)strtoul(text, NULL, 16);
    return strlen(text) == 6 && strspn(text, "0123456789abcdefABCDEF") == 6;
}

static bool parse_size(const char *text, double *value)
{
    char digits[8];
    uint64_t number;
    size_t n = strlen(text), shift = n > 0 && text[n - 1] == 'M' ? 20 : 10;
    if (n < 2 || n > sizeof digits || (text[n - 1] != 'K' && text[n - 1] != 'M'))
        return false;
    snprintf(digits, sizeof digits, "%.*s", (int)n - 1, text);
    if (!spec_number(digits, 1, 8192, &number))
        return false;
    number <<= shift;
    *value = (double)number;
    return number >= 64 << 10 && number <= 16 << 20 && (number & (number - 1)) == 0;
}

static bool parse_pace(const char *text, double *value)
{
    static const char *const names[] = {[NOR_TYPICAL] = "typ", [NOR_MAXIMUM] = "max", [NOR_RANDOM] = "random"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i]) == 0) {
            *value = (double)i;
            return true;
        }
    }
    return false;
}

static bool parse_argument(enum kind kind, const char *text, double *value)
{
    uint64_t number;
    switch (kind) {
    case FLAG: return false;
    case COUNT:
    case FEW:
        if (!spec_number(text, 1, 1U << 31, &number))
            return false;
        *value = (double)number;
        return true;
    case RATE: return spec_real(text, 0, 1, value);
    case FACTOR: return spec_real(text, 0.01, 10000, value);
    case SIZE: return parse_size(text, value);
    case PACE: return parse_pace(text, value);
    case HEX24: return parse_hex24(text, value);
    }
    return false;
}

static void apply(struct spec *spec, const struct word *word, double value)
{
    void *at = (char *)spec + word->at;
    if (word->set) {
        word->set(spec, value);
        return;
    }
    switch (word->kind) {
    case FLAG: *(bool *)at = true; break;
    case COUNT: *(uint64_t *)at = (uint64_t)value; break;
    case FEW:
    case SIZE: *(uint32_t *)at = (uint32_t)value; break;
    case PACE: *(enum nor_pace *)at = (enum nor_pace)value; break;
    case HEX24: break; /* these have a function */
    case RATE:
    case FACTOR: *(double *)at = value; break;
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

static bool parse_lid(const char *text, int *lid)
{
    static const struct {
        const char *name;
        int line;
    } lines[] = {{"cts", TIOCM_CTS}, {"dsr", TIOCM_DSR}, {"dcd", TIOCM_CAR}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (strcmp(text, lines[i].name) == 0) {
            *lid = lines[i].line;
            return true;
        }
    }
    return false;
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
    } else if (strncmp(word, "chip=", 5) == 0) {
        spec->config.chip = efuse_find(value + 1);
        if (spec->config.chip)
            return 0;
        snprintf(error, size, "%s: no such chip", word);
    } else if (strncmp(word, "crystal=", 8) == 0) {
        uint64_t mhz;
        if (spec_number(value + 1, 26, 40, &mhz) && (mhz == 26 || mhz == 40)) {
            spec->config.crystal_mhz = (unsigned)mhz;
            return 0;
        }
        snprintf(error, size, "%s: a crystal has 26 or 40 MHz", word);
    } else if (strncmp(word, "lid=", 4) == 0) {
        if (parse_lid(value + 1, &spec->lid))
            return 0;
        snprintf(error, size, "%s: a lid is on cts, dsr or dcd", word);
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

int spec_add(struct spec *spec, const char *text, char *error, size_t size)
{
    size_t name = strcspn(text, "=");
    const struct word *word = words;
    while (word < words + WORD_COUNT && (strncmp(word->name, text, name) != 0 || word->name[name] != '\0'))
        word++;
    if (word == words + WORD_COUNT)
        return add_property(spec, text, error, size);
    double value = word->preset;
    if (text[name] == '=' && !parse_argument(word->kind, text + name + 1, &value)) {
        snprintf(error, size, word->kind == FLAG ? "%s: takes no argument" : "%s: bad argument", text);
        return -1;
    }
    size_t used = strlen(spec->faults);
    if (used + strlen(text) + 2 > sizeof spec->faults) {
        snprintf(error, size, "%s: too many faults", text);
        return -1;
    }
    snprintf(spec->faults + used, sizeof spec->faults - used, "%s%s", used ? " " : "", text);
    apply(spec, word, value);
    return 0;
}

void spec_add_random_fault(struct spec *spec, uint64_t random)
{
    struct rng rng = {random};
    size_t usual = 0;
    for (size_t i = 0; i < WORD_COUNT; i++)
        usual += words[i].usual;
    size_t nth = rng_next(&rng) % usual;
    const struct word *word = words;
    while (!word->usual || nth-- > 0)
        word++;
    char text[64];
    char error[128];
    if (word->high)
        snprintf(text, sizeof text, "%s=%u", word->name,
                 (unsigned)(word->low + rng_next(&rng) % (word->high - word->low)));
    else
        snprintf(text, sizeof text, "%s", word->name);
    if (spec_add(spec, text, error, sizeof error) != 0)
        abort(); /* the table above has a preset that it does not take */
}
