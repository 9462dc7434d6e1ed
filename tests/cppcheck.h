/* SPDX-License-Identifier: MIT */
/*
 * Macros of libraries that cppcheck does not read, in a form that it understands, and those that the Makefile gives. No
 * compiler sees this file. */
#define GANGD_VERSION                           "0"
#define GANGD_SYSCONFDIR                        "/etc"
#define GANGD_DATADIR                           "/usr/share/gangd"
#define json_array_foreach(array, index, value) for (index = 0; (value = json_array_get(array, index)); index++)
#define json_object_foreach(object, key, value)                                                                        \
    for (key = json_object_iter_key(json_object_iter(object)); key && (value = json_object_get(object, key));          \
         key = json_object_iter_key(json_object_iter_next(object, json_object_key_to_iter(key))))
#define LIST_HEAD(name, type)                                                                                          \
    struct name {                                                                                                      \
        struct type *lh_first;                                                                                         \
    }
#define LIST_ENTRY(type)                                                                                               \
    struct {                                                                                                           \
        struct type *le_next, **le_prev;                                                                               \
    }
#define LIST_FOREACH(item, head, field) for (item = (head)->lh_first; item; item = item->field.le_next)
