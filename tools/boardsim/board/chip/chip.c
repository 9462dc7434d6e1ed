/* SPDX-License-Identifier: MIT */
#include "tools/boardsim/board/chip/chip.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/boardsim/board/chip/unmapped.h"
#include "tools/boardsim/board/flash/nor.h"
#include "tools/boardsim/board/observer/observer.h"

#define IO          0x60000000u
#define IO_SPI0     0x200u
#define DPORT       0x3ff00000u
#define DPORT_CLOCK 0x14u /* bit 0: the CPU runs at twice the clock */
#define DPORT_EFUSE 0x50u

/* The one word of ROM data that anyone looks at: it tells an ESP8266 from its relatives. */
#define ROM_MAGIC_AT 0x40001000u
#define ROM_MAGIC    0xfff0c101u

static int bus_load(void *context, uint32_t address, unsigned size, uint32_t *value);
static int bus_store(void *context, uint32_t address, unsigned size, uint32_t value);
static int bus_fetch(void *context, uint32_t address, uint8_t line[LX106_LINE]);

void chip_init(struct chip *chip)
{
    chip->cpu.dram = chip->dram;
    chip->cpu.iram = chip->iram;
    chip->cpu.bus = (struct lx106_bus){.load = bus_load, .store = bus_store, .fetch = bus_fetch, .context = chip};
    chip->wake = CHIP_NEVER;
    chip_assert_reset(chip);
}

void chip_assert_reset(struct chip *chip)
{
    chip->mode = CHIP_OFF;
    uart_reset(&chip->uart);
    spi_reset(&chip->spi);
    cache_reset(&chip->cache);
    lx106_reset(&chip->cpu);
    memset(chip->io, 0, sizeof chip->io);
    memset(chip->dport, 0, sizeof chip->dport);
    memcpy(chip->dport + DPORT_EFUSE / 4, chip->efuse, sizeof chip->efuse);
    chip->cpu_shift = 0;
    chip->stalled = 0;
    chip->spinning = false;
    chip->wake = CHIP_NEVER;
}

void chip_release_reset(struct chip *chip, enum chip_reset_cause cause, unsigned straps)
{
    chip->cause = cause;
    chip->straps = straps;
    chip->exception[0] = '\0';
    chip->boots++;
    chip_enter_rom(chip);
}

void chip_enter_rom(struct chip *chip)
{
    chip->mode = CHIP_ROM;
    chip->wake = chip->now;
}

void chip_start_cpu(struct chip *chip, uint32_t entry)
{
    lx106_reset(&chip->cpu);
    chip->cpu.pc = entry;
    chip->stalled = 0;
    chip->spinning = false;
    chip->mode = CHIP_CODE;
    chip->wake = CHIP_NEVER;
}

void chip_stop(struct chip *chip, const char *format, ...)
{
    va_list args;

    chip->mode = CHIP_STOPPED;
    chip->wake = CHIP_NEVER;
    if (chip->exception[0])
        return;
    va_start(args, format);
    vsnprintf(chip->exception, sizeof chip->exception, format, args);
    va_end(args);
    if (chip->crashes++ == 0)
        memcpy(chip->first_crash, chip->exception, sizeof chip->first_crash);
}

const char *chip_state(const struct chip *chip)
{
    switch (chip->mode) {
    case CHIP_OFF: return "off";
    case CHIP_ROM: return "rom";
    case CHIP_CODE: return chip->cpu.waiting ? "asleep" : "running";
    case CHIP_STOPPED: break;
    }
    return "stopped";
}

/* Memory and peripherals. */

/* The time at the instruction being executed; outside of lx106_run() it is just now. */
static uint64_t bus_time(const struct chip *chip)
{
    return chip->slice_end - (uint64_t)(chip->cpu.left >> chip->cpu_shift);
}

/* What was stored may have made an event earlier than the end of this run: end it here. */
static void end_slice(struct chip *chip)
{
    chip->slice_end = bus_time(chip);
    chip->cpu.granted -= chip->cpu.left;
    chip->cpu.left = 0;
}

static uint32_t uart_bus_load(struct chip *chip, uint32_t offset)
{
    uint32_t value = uart_load(&chip->uart, bus_time(chip), offset);

    if (offset == UART_FIFO) {
        chip->cpu.active = true;
        end_slice(chip); /* the timeout counts anew */
    }
    return value;
}

/* Looking at a busy controller takes until it is done, or until something else happens: nothing is lost by sleeping. */
static uint32_t spi_bus_load(struct chip *chip, uint32_t offset)
{
    uint64_t now = bus_time(chip);

    if (offset == SPI_CMD && spi_busy(&chip->spi, now)) {
        uint64_t until = chip->spi.done < chip->slice_end ? chip->spi.done : chip->slice_end;

        if (until > now) {
            observe(chip->observer, BOARD_ACTIVITY_CPU, chip->computes_from, now);
            chip->computes_from = until;
            chip->cpu.left -= (int64_t)(until - now) << chip->cpu_shift;
            now = until;
        }
    }
    return spi_load(&chip->spi, now, offset);
}

static bool is_cache_register(uint32_t offset)
{
    return offset == CACHE_CONTROL || offset == CACHE_BLOCKS;
}

static bool in_window(uint32_t address)
{
    return address - CACHE_WINDOW < CACHE_WINDOW_SIZE;
}

/* The flash through the cache, and the time of its transfer. Nothing drives the bus when the cache is off: what comes
 * then is not known. Code that runs into it meets an illegal instruction: zeros decode to one. */
static const uint8_t *window(struct chip *chip, uint32_t address)
{
    static const uint8_t off[CACHE_LINE];
    uint64_t then, fills = chip->cache.fills;
    const uint8_t *line = cache_line(&chip->cache, &chip->spi, chip->iram, bus_time(chip), address, &then);

    if (chip->cache.fills != fills)
        lx106_wrote(&chip->cpu, (uint32_t)(line - chip->iram), CACHE_LINE);
    if (then > bus_time(chip)) {
        end_slice(chip);
        chip->stalled = then;
    }
    return line ? line : off;
}

static int bus_fetch(void *context, uint32_t address, uint8_t line[LX106_LINE])
{
    if (!in_window(address))
        return LX106_FETCH_PROHIBITED;
    memcpy(line, window(context, address), LX106_LINE);
    return 0;
}

static int bus_load(void *context, uint32_t address, unsigned size, uint32_t *value)
{
    struct chip *chip = context;

    if (address - LX106_IRAM < LX106_IRAM_SIZE)
        return LX106_LOAD_STORE_ERROR;
    if (address - LX106_ROM < LX106_ROM_SIZE) {
        *value = address == ROM_MAGIC_AT ? ROM_MAGIC : 0;
    } else if (address - IO < sizeof chip->io) {
        uint32_t at = address - IO;

        if (size == 4 && at < UART_SIZE)
            *value = uart_bus_load(chip, at);
        else if (size == 4 && at - IO_SPI0 < SPI_SIZE)
            *value = spi_bus_load(chip, at - IO_SPI0);
        else
            *value = chip->io[at / 4];
    } else if (address - DPORT < sizeof chip->dport) {
        uint32_t at = address - DPORT;

        *value = is_cache_register(at) ? cache_load(&chip->cache, at) : chip->dport[at / 4];
    } else if (in_window(address)) {
        if (size == 4)
            memcpy(value, window(chip, address) + address % CACHE_LINE, 4);
    } else {
        int cause = unmapped_load(address, value);

        if (cause)
            return cause;
    }
    return size == 4 ? 0 : LX106_LOAD_STORE_ERROR;
}

static int bus_store(void *context, uint32_t address, unsigned size, uint32_t value)
{
    struct chip *chip = context;
    bool unchanged = false;

    if (address - LX106_IRAM < LX106_IRAM_SIZE)
        return LX106_LOAD_STORE_ERROR;
    if (address - IO < sizeof chip->io) {
        uint32_t at = address - IO;

        if (size != 4)
            return LX106_LOAD_STORE_ERROR;
        if (at < UART_SIZE) {
            uart_store(&chip->uart, bus_time(chip), at, value);
        } else if (at - IO_SPI0 < SPI_SIZE) {
            unchanged = spi_store(&chip->spi, bus_time(chip), at - IO_SPI0, value);
        } else {
            unchanged = chip->io[at / 4] == value;
            chip->io[at / 4] = value;
        }
    } else if (address - DPORT < sizeof chip->dport) {
        uint32_t at = address - DPORT;

        if (size != 4)
            return LX106_LOAD_STORE_ERROR;
        if (is_cache_register(at))
            cache_store(&chip->cache, at, value);
        else if (at - DPORT_EFUSE >= sizeof chip->efuse)
            chip->dport[at / 4] = value;
        if (at == DPORT_CLOCK) {
            end_slice(chip);
            chip->cpu_shift = value & 1;
        }
    } else if (address - LX106_ROM < LX106_ROM_SIZE || in_window(address)) {
        return LX106_STORE_PROHIBITED;
    } else {
        int cause = unmapped_store(address);

        return cause || size == 4 ? cause : LX106_LOAD_STORE_ERROR;
    }
    chip->cpu.active |= !unchanged;
    end_slice(chip);
    return 0;
}

int chip_load(struct chip *chip, uint32_t address, uint32_t *value)
{
    if (address & 3)
        return LX106_UNALIGNED;
    if (chip_read(chip, address, value, 4))
        return 0;
    chip->cpu.left = 0;
    chip->slice_end = chip->now;
    return bus_load(chip, address, 4, value);
}

int chip_store(struct chip *chip, uint32_t address, uint32_t value)
{
    if (address & 3)
        return LX106_UNALIGNED;
    if (chip_write(chip, address, &value, 4))
        return 0;
    chip->cpu.left = 0;
    chip->slice_end = chip->now;
    return bus_store(chip, address, 4, value);
}

/* Where in RAM the range is, or NULL. */
static const uint8_t *ram(const struct chip *chip, uint32_t address, uint32_t n)
{
    uint32_t at = address - LX106_DRAM;

    if (at < LX106_DRAM_SIZE && n <= LX106_DRAM_SIZE - at)
        return chip->dram + at;
    at = address - LX106_IRAM;
    if (at < LX106_IRAM_SIZE && n <= LX106_IRAM_SIZE - at && !(address & 3) && !(n & 3))
        return chip->iram + at;
    return NULL;
}

bool chip_read(const struct chip *chip, uint32_t address, void *to, uint32_t n)
{
    const uint8_t *from = ram(chip, address, n);

    if (from)
        memcpy(to, from, n);
    return from != NULL;
}

bool chip_write(struct chip *chip, uint32_t address, const void *from, uint32_t n)
{
    uint8_t *to = (uint8_t *)ram(chip, address, n);

    if (!to)
        return false;
    memcpy(to, from, n);
    if (address - LX106_IRAM < LX106_IRAM_SIZE)
        lx106_wrote(&chip->cpu, address - LX106_IRAM, n);
    return true;
}

/* Time. */

/* Something outside of the CPU happened: waiting loops look again, ROM code goes on, interrupts are raised. */
static void stir(struct chip *chip)
{
    if (chip->mode == CHIP_CODE) {
        chip->spinning = false;
        lx106_stir(&chip->cpu);
    } else if (chip->mode == CHIP_ROM && chip->wake == CHIP_NEVER) {
        chip->wake = chip->now;
    }
}

static void raise_interrupts(struct chip *chip)
{
    uint32_t *pending = &chip->cpu.sr[LX106_INTSET];

    *pending = (*pending & ~(1u << UART_INTERRUPT)) | (uint32_t)uart_interrupts(&chip->uart) << UART_INTERRUPT;
}

void chip_measure(struct chip *chip, uint8_t byte, uint32_t bit)
{
    if (chip->mode != CHIP_OFF && uart_measure(&chip->uart, byte, bit))
        stir(chip);
}

void chip_receive(struct chip *chip, uint8_t byte, bool framing)
{
    if (chip->mode == CHIP_OFF)
        return;
    uart_receive(&chip->uart, chip->now, byte, framing);
    stir(chip);
}

uint8_t chip_sent(struct chip *chip)
{
    uint8_t byte = uart_sent(&chip->uart, chip->uart.sent_at);

    stir(chip);
    return byte;
}

void chip_events(struct chip *chip)
{
    if (chip->uart.timeout_at <= chip->now) {
        uart_timeout(&chip->uart);
        stir(chip);
    }
    if (chip->spinning && chip->idle_until <= chip->now)
        chip->spinning = false;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When the CPU's own timer interrupts. */
static uint64_t timer_at(const struct chip *chip)
{
    const struct lx106 *cpu = &chip->cpu;
    uint64_t cycles = cpu->timer_at - cpu->cycles, up = (1u << chip->cpu_shift) - 1;

    if (chip->mode != CHIP_CODE || !(cpu->sr[LX106_INTENABLE] >> LX106_INTERRUPT_TIMER & 1))
        return CHIP_NEVER;
    return chip->now + ((cycles + up) >> chip->cpu_shift);
}

uint64_t chip_event(const struct chip *chip)
{
    uint64_t next = earlier(chip->uart.sent_at, chip->uart.timeout_at);
    uint64_t ready = nor_ready(chip->spi.nor);

    if (chip->spi.done > chip->now)
        next = earlier(next, chip->spi.done);
    if (ready > chip->now)
        next = earlier(next, ready);
    return earlier(next, timer_at(chip));
}

bool chip_in_rom(const struct chip *chip)
{
    return chip->mode == CHIP_CODE && chip->stalled <= chip->now && chip->cpu.pc - LX106_ROM < LX106_ROM_SIZE;
}

/* The CPU only waits for something outside. */
static bool idle(const struct chip *chip)
{
    return (chip->cpu.waiting || chip->spinning) && !lx106_interrupted(&chip->cpu);
}

uint64_t chip_next(const struct chip *chip)
{
    uint64_t next = chip_event(chip);

    switch (chip->mode) {
    case CHIP_OFF:
    case CHIP_STOPPED: break;
    case CHIP_ROM: next = earlier(next, chip->wake); break;
    case CHIP_CODE:
        if (chip->stalled > chip->now)
            next = earlier(next, chip->stalled);
        else if (!idle(chip))
            next = chip->now;
        break;
    }
    return next > chip->now ? next : chip->now;
}

void chip_pass(struct chip *chip, uint64_t until)
{
    lx106_pass(&chip->cpu, (until - chip->now) << chip->cpu_shift);
    chip->now = until;
}

static bool run_code(struct chip *chip, uint64_t end)
{
    struct lx106 *cpu = &chip->cpu;

    raise_interrupts(chip);
    if (chip->stalled > chip->now) {
        chip->now = earlier(end, chip->stalled);
        return true;
    }
    if (idle(chip)) {
        chip_pass(chip, end);
        return true;
    }
    chip->spinning = false;
    if (chip_in_rom(chip)) {
        if (lx106_interrupted(cpu))
            lx106_interrupt(cpu);
        return false;
    }
    chip->slice_end = end;
    chip->computes_from = chip->now;
    cpu->left = 0;
    enum lx106_stop why = lx106_run(cpu, (int64_t)((end - chip->now) << chip->cpu_shift));
    chip->spinning = why == LX106_SPIN;
    chip->now = bus_time(chip);
    observe(chip->observer, BOARD_ACTIVITY_CPU, chip->computes_from, chip->now);
    chip->idle_until = chip_event(chip);
    if (why == LX106_WAIT && lx106_in_break(cpu))
        chip_stop(chip, "break at 0x%08x, after exception %u at 0x%08x", cpu->sr[LX106_EPC1 + 1],
                  cpu->sr[LX106_EXCCAUSE], cpu->sr[LX106_EPC1]);
    return true;
}

bool chip_run(struct chip *chip, uint64_t end)
{
    switch (chip->mode) {
    case CHIP_OFF:
    case CHIP_STOPPED: chip->now = end; break;
    case CHIP_ROM:
        if (chip->wake <= chip->now) {
            chip->wake = CHIP_NEVER;
            return false;
        }
        chip->now = earlier(end, chip->wake);
        break;
    case CHIP_CODE: return run_code(chip, end);
    }
    return true;
}
