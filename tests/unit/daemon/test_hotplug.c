/* SPDX-License-Identifier: MIT */
/* Against real libudev in umockdev's world. */
#include "daemon/base/utf8.h"
#include "daemon/port/hotplug.h"
#include "tests/preload.h"
#include "tests/runner.h"

#include <stdbool.h>
#include <umockdev.h>

static UMockdevTestbed *testbed;
static uv_loop_t loop;
static struct hotplug *hotplug;

static struct {
    struct adapter added[16];
    char removed[16][256];
    unsigned n_added, n_removed;
} seen;

static void on_added(void *data, const struct adapter *adapter)
{
    ck_assert_ptr_eq(data, &seen);
    ck_assert_uint_lt(seen.n_added, 16);
    seen.added[seen.n_added++] = *adapter;
}

static void on_removed(void *data, const char *syspath)
{
    ck_assert_ptr_eq(data, &seen);
    ck_assert_uint_lt(seen.n_removed, 16);
    snprintf(seen.removed[seen.n_removed++], sizeof(seen.removed[0]), "%s", syspath);
}

static const struct hotplug_events events = {.added = on_added, .removed = on_removed};

static void set_up(void)
{
    testbed = umockdev_testbed_new();
    ck_assert_int_eq(uv_loop_init(&loop), 0);
}

static void start(void)
{
    char error[256];
    hotplug = hotplug_start(&loop, &events, &seen, error, sizeof(error));
    ck_assert_msg(hotplug, "%s", error);
}

static void tear_down(void)
{
    if (hotplug)
        hotplug_stop(hotplug);
    hotplug = NULL;
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    g_object_unref(testbed);
}

#define RUN_UNTIL(condition)                                                                                           \
    while (!(condition))                                                                                               \
    uv_run(&loop, UV_RUN_ONCE)

/* An adapter in the tree as the kernel builds it: usb_device, usb_interface, usb-serial port, tty. */
struct plug {
    gchar *usb, *interface, *port, *tty;
};

struct kind {
    const char *place, *interface; /* "1-1.2", "00" */
    const char *tty;               /* "ttyUSB0" */
    const char *port_number;
    const char *model, *serial; /* as udev encodes them; may be NULL */
    const char *id_path;        /* may be NULL: udev's rules did not run */
    bool acm;                   /* no usb-serial port in between */
};

static gchar *add(const char *subsystem, const char *name, const char *parent, const char **attributes,
                  const char **properties)
{
    gchar *path =
        umockdev_testbed_add_devicev(testbed, subsystem, name, parent, (gchar **)attributes, (gchar **)properties);
    ck_assert_ptr_nonnull(path);
    return path;
}

static struct plug plug_in(const struct kind *kind)
{
    struct plug plug = {0};
    const char *usb_attributes[] = {"idVendor", "10c4", "idProduct", "ea60", NULL};
    const char *usb_properties[] = {"DEVTYPE", "usb_device", NULL};
    plug.usb = add("usb", kind->place, NULL, usb_attributes, usb_properties);

    char name[64];
    snprintf(name, sizeof(name), "%s:1.%lu", kind->place, strtoul(kind->interface, NULL, 16));
    const char *interface_attributes[] = {"bInterfaceNumber", kind->interface, NULL};
    const char *interface_properties[] = {"DEVTYPE", "usb_interface", NULL};
    plug.interface = add("usb", name, plug.usb, interface_attributes, interface_properties);

    const char *none[] = {NULL};
    if (!kind->acm) {
        const char *port_attributes[] = {"port_number", kind->port_number, NULL};
        plug.port = add("usb-serial", kind->tty, plug.interface, port_attributes, none);
    }
    umockdev_testbed_set_attribute_link(testbed, plug.port ? plug.port : plug.interface, "driver",
                                        kind->acm ? "../../drivers/cdc_acm" : "../../drivers/cp210x");

    char node[64], tty[64];
    snprintf(node, sizeof(node), "/dev/%s", kind->tty);
    snprintf(tty, sizeof(tty), "tty/%s", kind->tty);
    const struct {
        const char *name, *value;
    } known[] = {{"ID_PATH", kind->id_path}, {"ID_MODEL_ENC", kind->model}, {"ID_SERIAL_SHORT", kind->serial}};
    const char *tty_properties[10] = {"DEVNAME", node};
    unsigned n = 2;
    for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].value) {
            tty_properties[n++] = known[i].name;
            tty_properties[n++] = known[i].value;
        }
    }
    plug.tty = add("tty", tty, plug.port ? plug.port : plug.interface, none, tty_properties);
    return plug;
}

static void yank(struct plug *plug)
{
    gchar *const parts[] = {plug->tty, plug->port, plug->interface, plug->usb};
    for (unsigned i = 0; i < 4; i++)
        if (parts[i]) {
            umockdev_testbed_uevent(testbed, parts[i], "remove");
            umockdev_testbed_remove_device(testbed, parts[i]);
        }
}

static void forget(struct plug *plug)
{
    g_free(plug->tty);
    g_free(plug->port);
    g_free(plug->interface);
    g_free(plug->usb);
}

static const struct kind cp2102n = {"1-1.2",
                                    "00",
                                    "ttyUSB0",
                                    "0",
                                    "CP2102N\\x20USB\\x20to\\x20UART\\x20Bridge\\x20Controller",
                                    "0001",
                                    "pci-0000:00:14.0-usb-0:1.2:1.0",
                                    false};

static void check_cp2102n(const struct adapter *adapter)
{
    ck_assert_str_eq(adapter->devnode, "/dev/ttyUSB0");
    ck_assert_str_eq(adapter->path, "pci-0000:00:14.0-usb-0:1.2:1.0");
    ck_assert_str_eq(adapter->place, "1-1.2");
    ck_assert_str_eq(adapter->driver, "cp210x");
    ck_assert_str_eq(adapter->model, "CP2102N USB to UART Bridge Controller");
    ck_assert_str_eq(adapter->serial, "0001");
    ck_assert_str_eq(adapter->vid, "10c4");
    ck_assert_str_eq(adapter->pid, "ea60");
}

START_TEST(finds_what_is_there)
{
    struct plug plug = plug_in(&cp2102n);
    start();
    ck_assert_uint_eq(seen.n_added, 1);
    check_cp2102n(&seen.added[0]);
    ck_assert_str_eq(seen.added[0].syspath, plug.tty);

    /* udev tells of it once more; the second adapter is how we know that the first event has come. */
    umockdev_testbed_uevent(testbed, plug.tty, "add");
    umockdev_testbed_uevent(testbed, plug.tty, "change");
    struct kind second = cp2102n;
    second.place = "1-1.3";
    second.tty = "ttyUSB1";
    struct plug other = plug_in(&second);
    RUN_UNTIL(seen.n_added >= 2);
    ck_assert_str_eq(seen.added[1].place, "1-1.3");
    ck_assert_uint_eq(seen.n_added, 2);
    ck_assert_uint_eq(seen.n_removed, 0);
    forget(&plug);
    forget(&other);
}
END_TEST

START_TEST(follows_plug_and_unplug)
{
    start();
    ck_assert_uint_eq(seen.n_added, 0);
    for (unsigned i = 1; i <= 3; i++) {
        struct plug plug = plug_in(&cp2102n);
        RUN_UNTIL(seen.n_added == i);
        check_cp2102n(&seen.added[i - 1]);
        yank(&plug);
        RUN_UNTIL(seen.n_removed == i);
        ck_assert_str_eq(seen.removed[i - 1], plug.tty);
        forget(&plug);
    }
}
END_TEST

/* Terminals that hang on no USB interface: the console, a board's own UART, a Bluetooth port. */
START_TEST(leaves_other_terminals_alone)
{
    const char *none[] = {NULL}, *node[] = {"DEVNAME", "/dev/ttyS0", NULL};
    gchar *uart = add("tty", "ttyS0", NULL, none, node);
    start();
    ck_assert_uint_eq(seen.n_added, 0);
    umockdev_testbed_uevent(testbed, uart, "add");
    umockdev_testbed_uevent(testbed, uart, "remove");
    struct plug plug = plug_in(&cp2102n);
    RUN_UNTIL(seen.n_added);
    check_cp2102n(&seen.added[0]);
    ck_assert_uint_eq(seen.n_removed, 0);
    g_free(uart);
    forget(&plug);
}
END_TEST

START_TEST(tells_the_ports_of_one_adapter_apart)
{
    static const struct {
        struct kind kind;
        const char *place, *path, *driver;
    } cases[] = {
        {{"2-3", "00", "ttyUSB0", "0", NULL, NULL, "pci-usb-0:3:1.0", false}, "2-3", "pci-usb-0:3:1.0", "cp210x"},
        {{"2-4", "01", "ttyUSB1", "0", NULL, NULL, "pci-usb-0:4:1.1", false}, "2-4:1", "pci-usb-0:4:1.1", "cp210x"},
        {{"2-5", "00", "ttyUSB2", "3", NULL, NULL, "pci-usb-0:5:1.0", false},
         "2-5-port3",
         "pci-usb-0:5:1.0-port3",
         "cp210x"},
        {{"2-6", "0a", "ttyUSB3", "1", NULL, NULL, "pci-usb-0:6:1.10", false},
         "2-6:10-port1",
         "pci-usb-0:6:1.10-port1",
         "cp210x"},
        {{"2-7", "00", "ttyACM0", NULL, NULL, NULL, "pci-usb-0:7:1.0", true}, "2-7", "pci-usb-0:7:1.0", "cdc_acm"},
        /* Without udev's rules the kernel's name has to do. */
        {{"2-8", "01", "ttyUSB4", "2", NULL, NULL, NULL, false}, "2-8:1-port2", "2-8:1-port2", "cp210x"},
    };
    start();
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct plug plug = plug_in(&cases[i].kind);
        RUN_UNTIL(seen.n_added == i + 1);
        ck_assert_str_eq(seen.added[i].place, cases[i].place);
        ck_assert_str_eq(seen.added[i].path, cases[i].path);
        ck_assert_str_eq(seen.added[i].driver, cases[i].driver);
        ck_assert_str_eq(seen.added[i].model, "");
        ck_assert_str_eq(seen.added[i].serial, "");
        forget(&plug);
    }
}
END_TEST

/* USB strings come from whoever made the adapter. */
START_TEST(cleans_strings)
{
    char model[300];
    memset(model, 'M', sizeof(model) - 1);
    model[sizeof(model) - 1] = '\0';
    struct kind kind = cp2102n;
    kind.model = model;
    kind.serial = "A\\x1b[31m\\xff\\xC3\\xA9\\x2";
    struct plug plug = plug_in(&kind);
    start();
    ck_assert_uint_eq(seen.n_added, 1);
    ck_assert_uint_eq(strlen(seen.added[0].model), sizeof(seen.added[0].model) - 1);
    ck_assert_str_eq(seen.added[0].serial, "A?[31m?\xC3\xA9\\x2");
    forget(&plug);
}
END_TEST

START_TEST(stops_in_the_middle)
{
    struct plug plug = plug_in(&cp2102n);
    start();
    struct kind second = cp2102n;
    second.place = "1-1.3";
    second.tty = "ttyUSB1";
    struct plug other = plug_in(&second);
    hotplug_stop(hotplug);
    hotplug = NULL;
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(seen.n_added, 1);
    forget(&plug);
    forget(&other);
}
END_TEST

int main(int argc, char **argv)
{
    (void)argc;
    preload_umockdev(argv);
    TCase *tests = tcase_create("hotplug");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, finds_what_is_there);
    tcase_add_test(tests, follows_plug_and_unplug);
    tcase_add_test(tests, leaves_other_terminals_alone);
    tcase_add_test(tests, tells_the_ports_of_one_adapter_apart);
    tcase_add_test(tests, cleans_strings);
    tcase_add_test(tests, stops_in_the_middle);
    Suite *suite = suite_create("hotplug");
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
