/* SPDX-License-Identifier: MIT */
/*
 * The settings of gangd.conf as plain data. config.h reads them from a file.
 */
#ifndef DAEMON_CONFIG_SETTINGS_H
#define DAEMON_CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_FILES_MAX       16
#define CONFIG_BAUDS_MAX       8
#define CONFIG_FLASH_PARTS_MAX 32
#define CONFIG_SLOTS_MAX       128
#define CONFIG_KEYS_MAX        40

enum reset_mode { RESET_AUTO, RESET_MANUAL };

/* How gangd notices a new board. BY_PLUG: it comes with its adapter. The others are fixtures, whose adapter stays while
 * boards are changed: by probing, by an operator's start, or by the lid, which closes a modem line of the adapter.
 * X(NAME, word) */
#define PRESENCE_MODES(X) X(PLUG, plug) X(PROBE, probe) X(START, start) X(CTS, cts) X(DSR, dsr) X(DCD, dcd)

enum presence_mode {
#define X(name, word) BY_##name,
    PRESENCE_MODES(X)
#undef X
};

/* "plug", "probe", …: static; and back (-1 for anything else). */
const char *presence_mode_word(enum presence_mode mode);
int presence_mode_from_word(const char *word) __attribute__((warn_unused_result));

/* Whether the dashboard's listener takes commands. X(NAME, word) */
#define CONTROL_MODES(X) X(YES, yes) X(NO, no) X(TOKEN, token)

enum control_mode {
#define X(name, word) CONTROL_##name,
    CONTROL_MODES(X)
#undef X
};

/* "yes", "no", "token": static; and back (-1 for anything else). */
const char *control_mode_word(enum control_mode mode);
int control_mode_from_word(const char *word) __attribute__((warn_unused_result));

struct config_file {
    char path[512];
    uint32_t offset; /* below 16 MB, a multiple of 4096 */
    char sha256[65]; /* that the file must have: 64 lower-case digits; "": any */
    unsigned line;   /* of the configuration */
};

struct config_slot {
    char name[64];  /* letters, digits, '-', '_', '.' */
    char path[160]; /* of an adapter: its path or its place (struct adapter) */
    /* Those of the station unless the slot has its own. */
    enum reset_mode reset;
    enum presence_mode presence;
};

struct config {
    /* [station] */
    char name[64];     /* default: the host name */
    char operator[64]; /* default: "" */
    char lot[64];
    char book[512]; /* default: CONFIG_DEFAULT_BOOK, as all paths in paths.h */
    /* [product] */
    struct config_file files[CONFIG_FILES_MAX]; /* file = PATH [@ OFFSET], then its sha256 = DIGEST; at least one */
    size_t n_files;
    char stub[512];             /* "" or "builtin": ours; otherwise esptool's JSON form */
    uint32_t min_flash_size;    /* flash_size: bytes; 0: any that holds the image */
    uint32_t stated_flash_size; /* flash_part_size: bytes of a part that tells no size; 0: it is refused */
    /* flash_parts = ID …: ids as of proto/chip/nor.h; none: any part, the default */
    uint32_t flash_parts[CONFIG_FLASH_PARTS_MAX];
    size_t n_flash_parts;
    /* The header of the image at 0, in the words and codes of esp_header.h; -1 and "": as it is, the default. */
    int flash_mode;      /* flash_mode = keep|QIO|… */
    int flash_clock;     /* flash_freq = keep|40MHz|… */
    char header_size[8]; /* flash_size_header = keep|4MB|… */
    bool compare_first;  /* compare = first|never: default never */
    bool check_image;    /* image_check = yes|no: the files must be images that work; default yes */
    bool recompress;     /* recompress = yes|no: by zopfli, in the background; default yes */
    /* [flashing] */
    uint32_t bauds[CONFIG_BAUDS_MAX]; /* baud = 921600 460800 230400 115200 (the default): falling, 9600 to 3000000 */
    size_t n_bauds;
    unsigned tries;        /* 1 to 10, default 3 */
    enum reset_mode reset; /* auto (default) or manual */
    unsigned settle_ms;    /* 0 to 10000, default 300 */
    bool run;              /* after = run|stay: default run */
    bool skip_blank_erase; /* skip_blank_erase = yes|no: default yes */
    bool loader_clock;     /* spi_clock = header|loader: default header */
    /* [slots] */
    bool mute_unknown;           /* unknown = flash (default) | ignore */
    enum presence_mode presence; /* default plug */
    /* [slot NAME] path = …, reset = …, presence = … */
    struct config_slot slots[CONFIG_SLOTS_MAX];
    size_t n_slots;
    /* [http] */
    char socket[108]; /* default CONFIG_DEFAULT_SOCKET; "" = none */
    char group[32];   /* of the socket; default "gangd"; "" = leave */
    char address[64]; /* listen = ADDRESS:PORT, default 127.0.0.1:8266; loopback only; "none" = no TCP ("" here) */
    uint16_t port;
    enum control_mode control; /* whether it takes commands: control = yes (default) | no | token */
    char hosts[512]; /* host = HOST[:PORT] …: more values of Host that are accepted there, with single blanks between */
    char watch_address[64]; /* watch = ADDRESS:PORT, any numeric address; default "none" ("" here) */
    uint16_t watch_port;
    char watch_token_file[512]; /* default ""; not empty where `watch` is given */
    char web[512];              /* default CONFIG_DEFAULT_WEB */
    /* For messages. */
    char source[512];                /* the file that was read */
    unsigned lines[CONFIG_KEYS_MAX]; /* of the file, that gave config_keys[i] of keys.h; 0: none did */
};

#endif
