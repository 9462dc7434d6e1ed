/* SPDX-License-Identifier: MIT */
/*
 * Where gangd's files are when nothing else is said. GANGD_SYSCONFDIR and GANGD_DATADIR are set by the Makefile.
 */
#ifndef DAEMON_CONFIG_PATHS_H
#define DAEMON_CONFIG_PATHS_H

#define CONFIG_DEFAULT_PATH GANGD_SYSCONFDIR "/gangd/gangd.conf"

/* Of the keys [station] book, [http] socket and [http] web. */
#define CONFIG_DEFAULT_BOOK   "/var/lib/gangd/gangd.db"
#define CONFIG_DEFAULT_SOCKET "/run/gangd/gangd.sock"
#define CONFIG_DEFAULT_WEB    GANGD_DATADIR "/web"

#endif
