/* SPDX-License-Identifier: MIT */
/* The canonical name of a device node of the test bed. A tty there is a link to a pty, but for programs it is the node.
 */
#ifndef BOARDSIM_NODE_NAME_H
#define BOARDSIM_NODE_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* Of `path`, which is absolute, with `root` as what the program takes for /: follows links within `root`/dev, and takes
 * one that leads out of it for the node. False if `path` is no such node, or its name does not fit `name`. Only
 * readlink() is used. */
__attribute__((warn_unused_result)) bool node_name(const char *root, const char *path, char *name, size_t size);

#endif
