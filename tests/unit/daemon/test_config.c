/* SPDX-License-Identifier: MIT */
#include "daemon/base/utf8.h"
#include "daemon/config/config.h"
#include "daemon/config/restart.h"
#include "tests/runner.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct config config;
static char error[CONFIG_ERRORS_MAX];

static int parse(const char *text)
{
    error[0] = '\0';
    return config_parse(&config, "t.conf", text, strlen(text), error, sizeof(error));
}

#define FILE_KEY "[product]\nfile = /x\n"

START_TEST(defaults)
{
    ck_assert_msg(parse(FILE_KEY) == 0, "%s", error);
    char host[64] = "";
    gethostname(host, sizeof(host) - 1);
    ck_assert_str_eq(config.name, host);
    ck_assert_str_eq(config.operator, "");
    ck_assert_str_eq(config.lot, "");
    ck_assert_str_eq(config.book, "/var/lib/gangd/gangd.db");
    ck_assert_uint_eq(config.n_files, 1);
    ck_assert_str_eq(config.files[0].path, "/x");
    ck_assert_uint_eq(config.files[0].offset, 0);
    ck_assert_str_eq(config.stub, "");
    ck_assert(config.check_image);
    ck_assert(config.recompress);
    ck_assert_int_eq(config.flash_mode, -1);
    ck_assert_int_eq(config.flash_clock, -1);
    ck_assert_str_eq(config.header_size, "");
    ck_assert(!config.compare_first);
    static const uint32_t ladder[] = {921600, 460800, 230400, 115200};
    ck_assert_uint_eq(config.n_bauds, 4);
    ck_assert_mem_eq(config.bauds, ladder, sizeof(ladder));
    ck_assert_uint_eq(config.tries, 3);
    ck_assert_int_eq(config.reset, RESET_AUTO);
    ck_assert_uint_eq(config.settle_ms, 300);
    ck_assert(config.run);
    ck_assert(config.skip_blank_erase);
    ck_assert(!config.loader_clock);
    ck_assert(!config.mute_unknown);
    ck_assert_int_eq(config.presence, BY_PLUG);
    ck_assert_uint_eq(config.n_slots, 0);
    ck_assert_str_eq(config.socket, "/run/gangd/gangd.sock");
    ck_assert_str_eq(config.group, "gangd");
    ck_assert_str_eq(config.address, "127.0.0.1");
    ck_assert_int_eq(config.control, CONTROL_YES);
    ck_assert_uint_eq(config.port, 8266);
    ck_assert_str_eq(config.web, GANGD_DATADIR "/web");
}
END_TEST

START_TEST(every_key)
{
    const char *text = "\xEF\xBB\xBF# a comment\r\n"
                       "[station]\r\n"
                       "name = bench-1\n"
                       "  operator = Jo \xC3\x9Cnal\n" /* indented: not a continuation */
                       "lot = order #12 ; spring\n"
                       "book=/b.db\n"
                       "; another\n"
                       "[product]\n"
                       "file = /boot@2.bin\n"
                       "file = /app image.bin @ 0x10000\n"
                       "file = /data.bin\t@1048576\n"
                       "stub = /stub.json\n"
                       "flash_size = 4MB\n"
                       "flash_part_size = 2MB\n"
                       "flash_parts = ef4016, C84016 7f372015\n"
                       "flash_mode = dout\n"
                       "flash_freq = 80MHz\n"
                       "flash_size_header = 4MB-c1\n"
                       "image_check = no\n"
                       "recompress = no\n"
                       "compare = first\n"
                       "[slot A1]\n"
                       "path = /dev/serial/by-path/pci-0000:00:14.0-usb-0:1.1:1.0-port0\n"
                       "reset = auto\n"
                       "presence = dsr\n"
                       "[slot A2]\n"
                       "path = pci-0000:00:14.0-usb-0:1.2:1.0-port1\n"
                       "[flashing]\n"
                       "baud = 2000000, 115200\n"
                       "tries = 10\n"
                       "reset = manual\n"
                       "settle_ms = 0\n"
                       "after = stay\n"
                       "skip_blank_erase = no\n"
                       "spi_clock = loader\n"
                       "[slots]\n"
                       "unknown = ignore\n"
                       "presence = probe\n"
                       "[http]\n"
                       "socket = none\n"
                       "group =\n"
                       "listen = [::1]:80\n"
                       "watch = 0.0.0.0:8267\n"
                       "watch_token_file = /token\n"
                       "control = token\n"
                       "host =  127.0.0.1:9000\t bench-1.local  [::1]:9000 \n"
                       "web = /web"; /* no newline at the end */
    ck_assert_msg(parse(text) == 0, "%s", error);
    ck_assert_str_eq(config.name, "bench-1");
    ck_assert_str_eq(config.operator, "Jo \xC3\x9Cnal");
    ck_assert_str_eq(config.lot, "order #12 ; spring");
    ck_assert_str_eq(config.book, "/b.db");
    ck_assert_uint_eq(config.n_files, 3);
    ck_assert_str_eq(config.files[0].path, "/boot@2.bin");
    ck_assert_uint_eq(config.files[0].offset, 0);
    ck_assert_str_eq(config.files[1].path, "/app image.bin");
    ck_assert_uint_eq(config.files[1].offset, 0x10000);
    ck_assert_str_eq(config.files[2].path, "/data.bin");
    ck_assert_uint_eq(config.files[2].offset, 1048576);
    ck_assert_str_eq(config.stub, "/stub.json");
    ck_assert_uint_eq(config.min_flash_size, 4 << 20);
    ck_assert_uint_eq(config.stated_flash_size, 2 << 20);
    ck_assert_uint_eq(config.n_flash_parts, 3);
    ck_assert_uint_eq(config.flash_parts[1], 0xC84016);
    ck_assert_uint_eq(config.flash_parts[2], 0x7F372015);
    ck_assert_int_eq(config.flash_mode, 3);
    ck_assert_int_eq(config.flash_clock, 15);
    ck_assert_str_eq(config.header_size, "4MB-c1");
    ck_assert(!config.check_image);
    ck_assert(!config.recompress);
    ck_assert(config.compare_first);
    ck_assert_uint_eq(config.n_slots, 2);
    ck_assert_str_eq(config.slots[0].name, "A1");
    ck_assert_str_eq(config.slots[0].path, "pci-0000:00:14.0-usb-0:1.1:1.0");
    ck_assert_int_eq(config.slots[0].reset, RESET_AUTO);
    ck_assert_str_eq(config.slots[1].path, "pci-0000:00:14.0-usb-0:1.2:1.0-port1");
    ck_assert_int_eq(config.slots[1].reset, RESET_MANUAL); /* that of [flashing], which comes later in the file */
    ck_assert_uint_eq(config.n_bauds, 2);
    ck_assert_uint_eq(config.bauds[0], 2000000);
    ck_assert_uint_eq(config.bauds[1], 115200);
    ck_assert_uint_eq(config.tries, 10);
    ck_assert_int_eq(config.reset, RESET_MANUAL);
    ck_assert_uint_eq(config.settle_ms, 0);
    ck_assert(!config.run);
    ck_assert(!config.skip_blank_erase);
    ck_assert(config.loader_clock);
    ck_assert(config.mute_unknown);
    ck_assert_int_eq(config.presence, BY_PROBE);
    ck_assert_int_eq(config.slots[0].presence, BY_DSR);
    ck_assert_int_eq(config.slots[1].presence, BY_PROBE);
    ck_assert_str_eq(config.socket, "");
    ck_assert_str_eq(config.group, "");
    ck_assert_str_eq(config.address, "::1");
    ck_assert_uint_eq(config.port, 80);
    ck_assert_str_eq(config.watch_address, "0.0.0.0");
    ck_assert_uint_eq(config.watch_port, 8267);
    ck_assert_str_eq(config.watch_token_file, "/token");
    ck_assert_int_eq(config.control, CONTROL_TOKEN);
    ck_assert_str_eq(config.hosts, "127.0.0.1:9000 bench-1.local [::1]:9000");
    ck_assert_str_eq(config.web, "/web");
}
END_TEST

START_TEST(every_way_of_presence)
{
    static const struct {
        const char *word;
        enum presence_mode mode;
    } ways[] = {{"plug", BY_PLUG}, {"probe", BY_PROBE}, {"start", BY_START},
                {"cts", BY_CTS},   {"dsr", BY_DSR},     {"dcd", BY_DCD}};
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        char text[256];
        snprintf(text, sizeof(text),
                 FILE_KEY "[slot a]\npath = a\n[slot b]\npath = b\npresence = %s\n[slots]\npresence = start\n",
                 ways[i].word);
        ck_assert_msg(parse(text) == 0, "%s", error);
        ck_assert_int_eq(config.slots[0].presence, BY_START);
        ck_assert_int_eq(config.slots[0].reset, RESET_AUTO);
        ck_assert_int_eq(config.slots[1].presence, ways[i].mode);
        ck_assert_str_eq(presence_mode_word(ways[i].mode), ways[i].word);
    }
}
END_TEST

#define DIGEST "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"

/* The message must name the line, the thing and what is wrong with it. */
static const char *const wrong[][2] = {
    /* text, message */
    {"", "t.conf: [product] names no image"},
    {"tries = 3\n", "t.conf:1: \"tries\" stands before the first [section]"},
    {FILE_KEY "[stations]\n", "t.conf:3: unknown section [stations]"},
    {FILE_KEY "[station]\nnmae = x\n", "t.conf:4: unknown key \"nmae\" in [station]"},
    {FILE_KEY "[flashing]\nname = x\n", "t.conf:4: unknown key \"name\" in [flashing]"},
    {FILE_KEY "[station]\njust words\n", "t.conf:4: is neither KEY = VALUE nor [SECTION]"},
    {FILE_KEY "[station\nname = x\n", "t.conf:3: a section is [NAME]"},
    {FILE_KEY "[station] x\n", "t.conf:3: a section is [NAME]"},
    {FILE_KEY "[flashing]\ntries = 1\n\ntries = 2\n", "t.conf:6: tries = 2: was given in line 4 already"},
    {FILE_KEY "[flashing]\ntries = 1\n[flashing]\ntries = 2\n", "t.conf:6: tries = 2: was given in line 4 already"},
    {FILE_KEY "[flashing]\ntries = 0\n", "t.conf:4: tries = 0: must be a number from 1 to 10"},
    {FILE_KEY "[flashing]\ntries = 11\n", "must be a number from 1 to 10"},
    {FILE_KEY "[flashing]\ntries = -1\n", "must be a number from 1 to 10"},
    {FILE_KEY "[flashing]\ntries = 3x\n", "must be a number from 1 to 10"},
    {FILE_KEY "[flashing]\ntries =\n", "must be a number from 1 to 10"},
    {FILE_KEY "[flashing]\ntries = 18446744073709551617\n", "must be a number from 1 to 10"},
    {FILE_KEY "[flashing]\nsettle_ms = 10001\n", "must be a number from 0 to 10000"},
    {FILE_KEY "[flashing]\nreset = Auto\n", "t.conf:4: reset = Auto: must be \"auto\" or \"manual\""},
    {FILE_KEY "[flashing]\nafter = jump\n", "must be \"run\" or \"stay\""},
    {FILE_KEY "[flashing]\nskip_blank_erase = 1\n", "t.conf:4: skip_blank_erase = 1: must be \"yes\" or \"no\""},
    {FILE_KEY "[flashing]\nspi_clock = 40\n", "t.conf:4: spi_clock = 40: must be \"loader\" or \"header\""},
    {FILE_KEY "[http]\ncontrol = maybe\n", "t.conf:4: control = maybe: must be yes, no or token"},
    {FILE_KEY "[slots]\npresence = rts\n", "t.conf:4: presence = rts: must be plug, probe, start, cts, dsr or dcd"},
    {FILE_KEY "[slot A]\npath = a\npresence =\n", "t.conf:5: presence = : must be plug, probe"},
    {FILE_KEY "[flashing]\nbaud = fast\n", "t.conf:4: baud = fast: \"fast\" is no baud rate from 9600 to 3000000"},
    {FILE_KEY "[flashing]\nbaud = 115200 9599\n", "\"9599\" is no baud rate"},
    {FILE_KEY "[flashing]\nbaud = 115200 115200\n", "115200 must be less than the rate before it"},
    {FILE_KEY "[flashing]\nbaud = ,\n", "must hold at least one baud rate"},
    {FILE_KEY "[flashing]\nbaud = 90000 80000 70000 60000 50000 40000 30000 20000 10000\n", "more than 8 baud rates"},
    {FILE_KEY "flash_size = 3MB\n",
     "t.conf:3: flash_size = 3MB: must be any, 256KB, 512KB, 1MB, 2MB, 4MB, 8MB or 16MB"},
    {FILE_KEY "flash_part_size = any\n",
     "t.conf:3: flash_part_size = any: must be unknown, 256KB, 512KB, 1MB, 2MB, 4MB, 8MB or 16MB"},
    {FILE_KEY "flash_parts =\n", "t.conf:3: flash_parts = : must not be empty"},
    {FILE_KEY "flash_parts = ,\n", "t.conf:3: flash_parts = ,: must be any, or flash ids such as ef4016"},
    {FILE_KEY "flash_parts = ef4016 W25Q32\n",
     "t.conf:3: flash_parts = ef4016 W25Q32: \"W25Q32\" is no flash id such as ef4016"},
    {FILE_KEY "flash_mode = SIO\n", "t.conf:3: flash_mode = SIO: must be keep, QIO, QOUT, DIO or DOUT"},
    {FILE_KEY "flash_freq = 40\n", "t.conf:3: flash_freq = 40: must be keep, 20MHz, 26MHz, 40MHz or 80MHz"},
    {FILE_KEY "flash_freq = 0MHz\n", "flash_freq = 0MHz: must be keep, 20MHz, 26MHz"},
    {FILE_KEY "flash_size_header = 3MB\n", "t.conf:3: flash_size_header = 3MB: must be keep, 256KB, 512KB, 1MB, 2MB"},
    {FILE_KEY "image_check = maybe\n", "t.conf:3: image_check = maybe: must be \"yes\" or \"no\""},
    {FILE_KEY "recompress = 1\n", "t.conf:3: recompress = 1: must be \"yes\" or \"no\""},
    {FILE_KEY "compare = yes\n", "t.conf:3: compare = yes: must be \"first\" or \"never\""},
    {FILE_KEY "compare = first\ncompare = never\n", "t.conf:4: compare = never: was given in line 3 already"},
    {FILE_KEY "file =\n", "t.conf:3: file = : must not be empty"},
    {FILE_KEY "file = /y @ 0x1001\n", "the offset must be a multiple of 0x1000 below 0x1000000"},
    {FILE_KEY "file = /y @ 0x1000000\n", "the offset must be a multiple of 0x1000 below 0x1000000"},
    {FILE_KEY "file = /y @ here\n", "what follows the '@' must be an offset"},
    {FILE_KEY "file = /y @\n", "what follows the '@' must be an offset"},
    {FILE_KEY "[slots]\nunknown = maybe\n", "must be \"ignore\" or \"flash\""},
    {FILE_KEY "[slot]\npath = p\n", "t.conf:3: a slot is [slot NAME]"},
    {FILE_KEY "[slot A/1]\npath = p\n", "t.conf:3: a slot is [slot NAME]"},
    {FILE_KEY "[slot ..]\npath = p\n", "t.conf:3: a slot is [slot NAME]"},
    {FILE_KEY "[slot A]\n[http]\n", "t.conf:3: [slot A] has no path"},
    {FILE_KEY "[slot A]\nreset = auto\n", "t.conf:3: [slot A] has no path"},
    {FILE_KEY "[slot A]\npath = p\n[slot A]\npath = q\n", "t.conf:5: there is a [slot A] already"},
    {FILE_KEY "[slot A]\npath = p\n[slot B]\npath = p\n", "t.conf:5: [slot B] has the same path as [slot A]: p"},
    {FILE_KEY "[slot A]\npath = p\n[slot B]\npath = p-port0\n", "t.conf:5: [slot B] has the same path as [slot A]"},
    {FILE_KEY "[slot A]\npath = p\npath = q\n", "t.conf:5: path = q: was given in line 4 already"},
    {FILE_KEY "[slot A]\npath = /dev/ttyUSB0\n", "must be a name as in /dev/serial/by-path"},
    {FILE_KEY "[slot A]\npath = \"1-1.4\"\n",
     "t.conf:4: path = \"1-1.4\": must be a name as in /dev/serial/by-path, or a place such as 1-1.4; write the value "
     "without quotes"},
    {FILE_KEY "[flashing]\nreset = 'auto'\n", "must be \"auto\" or \"manual\"; write the value without quotes"},
    {FILE_KEY "[flashing]\ntries = 3 # enough\n", "from 1 to 10; a comment needs a line of its own"},
    {FILE_KEY "[flashing]\ntries = 3 ; enough\n", "from 1 to 10; a comment needs a line of its own"},
    {FILE_KEY "file = /y @ 0x1000 # app\n", "must be an offset such as 0x10000; a comment needs a line of its own"},
    {"[product]\nsha256 = " DIGEST "\nfile = /x\n", "t.conf:2: sha256 = " DIGEST ": must follow the file"},
    {FILE_KEY "sha256 = " DIGEST "\nsha256 = " DIGEST "\n", "t.conf:4: sha256 = " DIGEST ": the file in line 2 has a"},
    {FILE_KEY "sha256 = 12\n", "t.conf:3: sha256 = 12: must be 64 hexadecimal digits"},
    {FILE_KEY "sha256 = " DIGEST "0\n", "must be 64 hexadecimal digits"},
    {FILE_KEY "sha256 =\n", "must be 64 hexadecimal digits"},
    {FILE_KEY "[slot A]\ntries = 3\n", "t.conf:4: unknown key \"tries\" in [slot A]"},
    {FILE_KEY "[http]\nlisten = 0.0.0.0:8266\n", "t.conf:4: listen = 0.0.0.0:8266: is not a loopback address"},
    {FILE_KEY "[http]\nlisten = [::]:8266\n", "is not a loopback address"},
    {FILE_KEY "[http]\nlisten = 192.168.1.2:80\n", "is not a loopback address"},
    {FILE_KEY "[http]\nlisten = localhost:80\n", "must be a numeric address"},
    {FILE_KEY "[http]\nlisten = [127.0.0.1]:80\n", "must be a numeric address"},
    {FILE_KEY "[http]\nlisten = ::1:80\n", "must be a numeric address"},
    {FILE_KEY "[http]\nlisten = 127.0.0.1\n", "must be ADDRESS:PORT"},
    {FILE_KEY "[http]\nlisten = 127.0.0.1:0\n", "must be ADDRESS:PORT"},
    {FILE_KEY "[http]\nlisten = 127.0.0.1:65536\n", "must be ADDRESS:PORT"},
    {FILE_KEY "[http]\nhost = a,b\n", "t.conf:4: host = a,b: \"a,b\" is not HOST or HOST:PORT"},
    {FILE_KEY "[http]\nhost = ok http://bench\n", "\"http://bench\" is not HOST or HOST:PORT"},
    {FILE_KEY "[http]\nwatch = 0.0.0.0:8267\n", "t.conf: [http] watch needs watch_token_file = PATH"},
    {FILE_KEY "[http]\nwatch = bench:8267\n", "must be a numeric address"},
    {FILE_KEY "[http]\nwatch = 0.0.0.0:0\n", "must be ADDRESS:PORT"},
    {FILE_KEY "[http]\nlisten = []:1\n", "must be a numeric address"},
    {FILE_KEY "[station]\nbook =\n", "book = : must not be empty"},
    {FILE_KEY "[station]\nlot = a\x01z\n", "t.conf:4: byte 0x01 is no printable UTF-8 text"},
    {FILE_KEY "[station]\nlot = \xFF\n", "t.conf:4: byte 0xff is no printable UTF-8 text"},
};

START_TEST(wrong_input)
{
    ck_assert_int_eq(parse(wrong[_i][0]), -1);
    ck_assert_msg(strstr(error, wrong[_i][1]), "\"%s\" does not say \"%s\"", error, wrong[_i][1]);
}
END_TEST

START_TEST(all_errors_are_named)
{
    ck_assert_int_eq(parse("lot = x\n"
                           "[station]\n"
                           "nmae = x\n"
                           "just words\n"
                           "[prodct]\n"
                           "file = /passed/over\n"
                           "[product]\n"
                           "file = /x @ 1\n"
                           "file = /y @ 2\n"
                           "[slot A]\n"
                           "presence = never\n"
                           "[slot A]\n"
                           "path = passed-over\n"
                           "[slot B]\n"
                           "path = \"b\"\n"
                           "\x01\n"
                           "[flashing\n"
                           "tries = 0\n"
                           "[http]\n"
                           "listen = 0.0.0.0:1"),
                     -1);
    static const unsigned lines[] = {1, 3, 4, 5, 8, 9, 11, 10, 12, 15, 16, 17, 20};
    const char *at = error;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char start[32];
        int length = snprintf(start, sizeof(start), "t.conf:%u: ", lines[i]);
        ck_assert_msg(strncmp(at, start, (size_t)length) == 0, "%s is missing in:\n%s", start, error);
        at += strcspn(at, "\n");
        at += *at == '\n';
    }
    ck_assert_str_eq(at, "");
}
END_TEST

START_TEST(an_error_for_which_there_is_no_room_is_counted)
{
    char text[64 * 1024] = FILE_KEY;
    for (size_t i = 0, at = strlen(text); i < 1000; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "nothing\n");
    for (size_t size = 1; size < 400; size++) {
        char small[400];
        ck_assert_int_eq(config_parse(&config, "t.conf", text, strlen(text), small, size), -1);
        ck_assert_uint_lt(strlen(small), size);
    }
    ck_assert_int_eq(parse(text), -1);
    unsigned lines = 0, more = 0;
    for (const char *at = error; (at = strchr(at, '\n')); at++)
        lines++;
    ck_assert_int_eq(sscanf(strrchr(error, '\n'), "\n%u more errors", &more), 1);
    ck_assert_uint_eq(lines + more, 1000);

    char summary[200], expected[200];
    error_list_summary(error, summary, sizeof(summary));
    snprintf(expected, sizeof(expected), "t.conf:3: is neither KEY = VALUE nor [SECTION] (and %u more errors)", lines);
    ck_assert_str_eq(summary, expected);
}
END_TEST

START_TEST(a_digest_belongs_to_the_file_before_it)
{
    ck_assert_msg(parse("[product]\nfile = /a\nsha256 = " DIGEST "\nfile = /b @ 0x1000\nfile = /c @ 0x2000\n"
                        "image_check = no\nsha256 = " DIGEST "\n") == 0,
                  "%s", error);
    ck_assert_str_eq(config.files[0].sha256, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    ck_assert_str_eq(config.files[1].sha256, "");
    ck_assert_str_eq(config.files[2].sha256, config.files[0].sha256);
}
END_TEST

static void expect_kept(const char *before, const char *after, const char *sentences)
{
    static struct config in_force;
    struct error_list list;
    char kept[1024];
    ck_assert_msg(parse(before) == 0, "%s", error);
    in_force = config;
    ck_assert_msg(parse(after) == 0, "%s", error);
    error_list_init(&list, kept, sizeof(kept));
    config_keep(&config, &in_force, &list);
    ck_assert_str_eq(kept, sentences);
    ck_assert_str_eq(config.book, in_force.book);
    ck_assert_str_eq(config.address, in_force.address);
    ck_assert_uint_eq(config.port, in_force.port);
}

START_TEST(keys_that_need_a_restart_are_named_and_keep_their_values)
{
    expect_kept(FILE_KEY, FILE_KEY "[flashing]\ntries = 5\n[station]\nlot = 7\n", "");
    ck_assert_uint_eq(config.tries, 5);
    expect_kept(FILE_KEY "[station]\nbook = /a.db\n[http]\nlisten = [::1]:1\nhost = a\n",
                FILE_KEY "[station]\nlot = 8\nbook = /b.db\n[http]\nlisten = [::1]:2\nwatch = 0.0.0.0:3\n"
                         "watch_token_file = /t\n",
                "t.conf:5: book in [station] needs a restart; until then it is /a.db\n"
                "t.conf:7: listen in [http] needs a restart; until then it is [::1]:1\n"
                "t.conf:8: watch in [http] needs a restart; until then it is none\n"
                "t.conf:9: watch_token_file in [http] needs a restart; until then it is empty\n"
                "t.conf: host in [http] needs a restart; until then it is a");
    ck_assert_str_eq(config.lot, "8");
    expect_kept(FILE_KEY "[http]\ncontrol = no\n", FILE_KEY "[http]\ncontrol = token\n",
                "t.conf:4: control in [http] needs a restart; until then it is no");
    expect_kept(FILE_KEY, FILE_KEY "[http]\ncontrol = no\n",
                "t.conf:4: control in [http] needs a restart; until then it is yes");
    expect_kept(FILE_KEY, FILE_KEY "[http]\nlisten = 127.0.0.1:1\n",
                "t.conf:4: listen in [http] needs a restart; until then it is 127.0.0.1:8266");
}
END_TEST

START_TEST(nul_byte)
{
    static const char text[] = FILE_KEY "[station]\nlot = a\0z\n";
    ck_assert_int_eq(config_parse(&config, "t.conf", text, sizeof(text) - 1, error, sizeof(error)), -1);
    ck_assert_str_eq(error, "t.conf:4: byte 0x00 is no printable UTF-8 text");
}
END_TEST

/* A malloc()ed text with `c` n times in it. */
static char *repeated(const char *before, char c, size_t n, const char *after)
{
    char *text;
    int length = asprintf(&text, "%s%*s%s", before, (int)n, "", after);
    ck_assert_int_ge(length, 0);
    memset(text + strlen(before), c, n);
    return text;
}

/* What just fits is taken whole; one byte more is refused, never cut off. */
START_TEST(lengths)
{
    static const struct {
        const char *before, *after, *message;
        size_t most;
    } cases[] = {
        {FILE_KEY "[station]\nname = ", "\n", "t.conf:4: name = aaa", 63},
        {FILE_KEY "[http]\nsocket = ", "\n", "is longer than 107 bytes", 107},
        {"[product]\nfile = ", "\n", "is longer than 511 bytes", 511},
        {FILE_KEY "[slot ", "]\npath = p\n", "t.conf:3: a slot is [slot NAME]", 63},
        {FILE_KEY "[slot A]\npath = ", "\n", "is longer than 159 bytes", 159},
        {FILE_KEY "#", "\n", "t.conf:3: the line is longer than 1021 bytes", 1020},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = repeated(cases[i].before, 'a', cases[i].most, cases[i].after);
        ck_assert_msg(parse(text) == 0, "%s", error);
        free(text);
        text = repeated(cases[i].before, 'a', cases[i].most + 1, cases[i].after);
        ck_assert_int_eq(parse(text), -1);
        ck_assert_msg(strstr(error, cases[i].message), "\"%s\" does not say \"%s\"", error, cases[i].message);
        free(text);
    }
}
END_TEST

START_TEST(counts)
{
    char text[32 * 1024] = "[product]\n";
    for (int i = 0; i < CONFIG_FILES_MAX; i++)
        sprintf(text + strlen(text), "file = /f%d @ %d\n", i, i * 4096);
    for (int i = 0; i < CONFIG_SLOTS_MAX; i++)
        sprintf(text + strlen(text), "[slot s%d]\npath = p%d\n", i, i);
    ck_assert_msg(parse(text) == 0, "%s", error);
    ck_assert_uint_eq(config.n_files, CONFIG_FILES_MAX);
    ck_assert_uint_eq(config.n_slots, CONFIG_SLOTS_MAX);
    ck_assert_str_eq(config.slots[CONFIG_SLOTS_MAX - 1].path, "p127");

    size_t full = strlen(text);
    snprintf(text + full, sizeof(text) - full, "[slot more]\npath = q\n");
    ck_assert_int_eq(parse(text), -1);
    ck_assert_ptr_nonnull(strstr(error, "there are more than 128 slots"));
    snprintf(text + full, sizeof(text) - full, "[product]\nfile = /more @ 0x100000\n");
    ck_assert_int_eq(parse(text), -1);
    ck_assert_ptr_nonnull(strstr(error, "there are more than 16 files"));
}
END_TEST

/* A long value in a message is cut between characters, so that the message can go into JSON. */
START_TEST(message_is_utf8)
{
    char text[600] = FILE_KEY "[flashing]\nreset = x";
    for (size_t at = strlen(text), i = 0; i < 200; i++)
        text[at + i] = "\xC3\x9C"[i % 2];
    for (size_t size = 1; size < 200; size++) {
        char small[200];
        ck_assert_int_eq(config_parse(&config, "t.conf", text, strlen(text), small, size), -1);
        ck_assert_uint_lt(strlen(small), size);
        for (const char *c = small; *c; c += utf8_char(c, strlen(c)))
            ck_assert_uint_gt(utf8_char(c, strlen(c)), 0);
    }
}
END_TEST

START_TEST(utf8)
{
    static const char *const good[] = {
        " ", "~", "\xC2\xA0", "\xDF\xBF", "\xE0\xA0\x80", "\xEF\xBF\xBD", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ck_assert_uint_eq(utf8_char(good[i], strlen(good[i])), strlen(good[i]));
    static const char *const bad[] = {"\x1F",
                                      "\x7F",
                                      "\x80",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC2\x9F",
                                      "\xC2",
                                      "\xC2 ",
                                      "\xE0\x9F\xBF",
                                      "\xED\xA0\x80",
                                      "\xE2\x82",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_uint_eq(utf8_char(bad[i], strlen(bad[i])), 0);
    char copy[8];
    utf8_copy(copy, sizeof(copy),
              "a\n\xFF\xC3\x9C"
              "b\xE2\x82\xAC");
    ck_assert_str_eq(copy, "a??\xC3\x9C"
                           "b");
}
END_TEST

START_TEST(files)
{
    char directory[] = "/tmp/test_config.XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_int_eq(config_read(&config, directory, error, sizeof(error)), -1);
    ck_assert_ptr_nonnull(strstr(error, ": cannot be read: Is a directory"));

    snprintf(path, sizeof(path), "%s/gangd.conf", directory);
    ck_assert_int_eq(config_read(&config, path, error, sizeof(error)), -1);
    ck_assert_ptr_nonnull(strstr(error, "gangd.conf: cannot be read: No such file"));

    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(FILE_KEY "[station]\nname = from-file\n", file);
    ck_assert_int_eq(fflush(file), 0);
    ck_assert_msg(config_read(&config, path, error, sizeof(error)) == 0, "%s", error);
    ck_assert_str_eq(config.name, "from-file");
    fputs("nmae = x\n", file);
    ck_assert_int_eq(fflush(file), 0);
    char message[128];
    snprintf(message, sizeof(message), "%s:5: unknown key \"nmae\" in [station]", path);
    ck_assert_int_eq(config_read(&config, path, error, sizeof(error)), -1);
    ck_assert_str_eq(error, message);

    /* Root reads everything: only others can see this error. */
    ck_assert_int_eq(chmod(path, 0), 0);
    if (access(path, R_OK)) {
        ck_assert_int_eq(config_read(&config, path, error, sizeof(error)), -1);
        ck_assert_ptr_nonnull(strstr(error, "cannot be read: Permission denied"));
    }
    ck_assert_int_eq(chmod(path, 0600), 0);
    ck_assert_int_eq(ftruncate(fileno(file), 2 << 20), 0);
    ck_assert_int_eq(config_read(&config, path, error, sizeof(error)), -1);
    ck_assert_ptr_nonnull(strstr(error, "cannot be read: File too large"));
    fclose(file);
    unlink(path);
    rmdir(directory);
}
END_TEST

/* The annotated file is the manual: it is valid as it is installed, and every default that it tells of is the true one.
 */
/* gangd -t -c <(…): the shell passes the name of a pipe. */
static int read_from_pipe(const char *text, size_t len)
{
    int ends[2];
    char path[32];
    error[0] = '\0';
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], text, len), (ssize_t)len);
    close(ends[1]);
    snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
    int result = config_read(&config, path, error, sizeof(error));
    close(ends[0]);
    return result;
}

START_TEST(a_pipe_is_read_to_its_end)
{
    ck_assert_msg(read_from_pipe(FILE_KEY, strlen(FILE_KEY)) == 0, "%s", error);
    ck_assert_str_eq(config.files[0].path, "/x");
    ck_assert_int_eq(read_from_pipe("[product]\nno = 1\n", 17), -1);
    ck_assert_ptr_nonnull(strstr(error, ":2: "));
}
END_TEST

static void forget_lines(void)
{
    memset(config.lines, 0, sizeof(config.lines));
    config.files[0].line = 0;
}

START_TEST(shipped_file)
{
    ck_assert_msg(config_read(&config, "config/gangd.conf", error, sizeof(error)) == 0, "%s", error);

    char text[16 * 1024];
    FILE *file = fopen("config/gangd.conf", "r"), *defaults_given = fmemopen(text, sizeof(text), "w");
    ck_assert(file && defaults_given);
    int told = 0;
    for (char line[256]; fgets(line, sizeof(line), file);) {
        bool is_default = line[0] == '#' && islower((unsigned char)line[1]);
        told += is_default;
        fputs(is_default ? line + 1 : line, defaults_given);
    }
    fclose(file);
    ck_assert_int_eq(fclose(defaults_given), 0);
    ck_assert_int_eq(told, 31);
    ck_assert_msg(parse(text) == 0, "%s", error);
    forget_lines();
    struct config *shipped = malloc(sizeof(*shipped));
    ck_assert_ptr_nonnull(shipped);
    memcpy(shipped, &config, sizeof(config));

    ck_assert_msg(parse("[station]\nname = bench-1\n[product]\nfile = /var/lib/gangd/golden.bin\n") == 0, "%s", error);
    forget_lines();
    ck_assert_mem_eq(shipped, &config, sizeof(config));
    free(shipped);
}
END_TEST

/* Debian 13 shows each port of an adapter by two names. */
START_TEST(a_path_that_names_the_usb_revision_is_the_same_place)
{
    static const struct {
        const char *given, *path;
    } cases[] = {
        {"/dev/serial/by-path/pci-0000:00:14.0-usbv2-0:1.1:1.0-port0", "pci-0000:00:14.0-usb-0:1.1:1.0"},
        {"pci-0000:00:14.0-usbv3-0:1.1:1.0", "pci-0000:00:14.0-usb-0:1.1:1.0"},
        {"platform-fd500000.pcie-pci-0000:01:00.0-usbv2-0:1.3:1.1-port1",
         "platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.3:1.1-port1"},
        {"platform-xhci-usbv-0:1:1.0", "platform-xhci-usbv-0:1:1.0"},
        {"platform-usbvbus-usbv2", "platform-usbvbus-usbv2"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text), FILE_KEY "[slot A]\npath = %s\n", cases[i].given);
        ck_assert_msg(parse(text) == 0, "%s", error);
        ck_assert_str_eq(config.slots[0].path, cases[i].path);
    }
    ck_assert_int_ne(parse(FILE_KEY "[slot A]\npath = x-usb-0:1:1.0\n[slot B]\npath = x-usbv2-0:1:1.0\n"), 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("config");
    tcase_add_test(tests, a_pipe_is_read_to_its_end);
    tcase_add_test(tests, a_path_that_names_the_usb_revision_is_the_same_place);
    tcase_add_test(tests, defaults);
    tcase_add_test(tests, every_key);
    tcase_add_test(tests, every_way_of_presence);
    tcase_add_loop_test(tests, wrong_input, 0, sizeof(wrong) / sizeof(wrong[0]));
    tcase_add_test(tests, all_errors_are_named);
    tcase_add_test(tests, an_error_for_which_there_is_no_room_is_counted);
    tcase_add_test(tests, a_digest_belongs_to_the_file_before_it);
    tcase_add_test(tests, keys_that_need_a_restart_are_named_and_keep_their_values);
    tcase_add_test(tests, nul_byte);
    tcase_add_test(tests, lengths);
    tcase_add_test(tests, counts);
    tcase_add_test(tests, message_is_utf8);
    tcase_add_test(tests, utf8);
    tcase_add_test(tests, files);
    tcase_add_test(tests, shipped_file);
    Suite *suite = suite_create("config");
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
