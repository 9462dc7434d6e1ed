/* SPDX-License-Identifier: MIT */
/*
 * Hints at mistakes in writing that the grammar of gangd.conf cannot tell from a name. They are shown only where the
 * value has been found wrong, because a file's name may contain each of these characters.
 */
#ifndef DAEMON_CONFIG_HINT_H
#define DAEMON_CONFIG_HINT_H

/* The rest of an error's sentence, beginning with "; "; "" if there is nothing to hint at. Static. */
const char *config_hint(const char *value);

/* The same for the path of `file = PATH @ OFFSET`. */
const char *config_file_hint(const char *path);

#endif
