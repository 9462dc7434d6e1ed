#!/bin/sh
# SPDX-License-Identifier: MIT
#
# SQLite 3.46.1 (PyPI: pysqlite3-binary 0.5.4): when the connection that is closed last was opened read-only, the
# write-ahead log stays beside the database, with all that was committed since the latest checkpoint, although all
# programs have ended as they should. Closed in the other order it is copied into the database and removed.
#
# So `cp book.db` after the end of all programs may copy a database without its newest rows, and here without any table:
# the copy is valid, and nothing warns. It takes one dashboard or sqlite3 -readonly that is left open for longer than the
# program that writes. Copy with VACUUM INTO, or all of book.db, book.db-wal; in a program of one's own close the
# readers first, as daemon/book does.
#
# Seen:
#   the reader is closed last: book.db book.db-shm book.db-wal; in a copy of book.db: no such table: rows
#   the writer is closed last: book.db; in a copy of book.db: 1 row
#
# Needs python3 with venv, and PyPI. Fails if SQLite of this version does something else.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: pysqlite3-binary==0.5.4
"$work/venv/bin/python" - "$work" >"$work/seen" <<'PY'
import os
import shutil
import sys
from pysqlite3 import dbapi2 as sqlite3


def rows_of(path):
    try:
        return f"{sqlite3.connect(path).execute('SELECT count(*) FROM rows').fetchone()[0]} row"
    except sqlite3.Error as error:
        return str(error)


def close_last(which):
    directory = os.path.join(sys.argv[1], which)
    os.mkdir(directory)
    path = os.path.join(directory, "book.db")
    connections = {"writer": sqlite3.connect(path)}
    connections["writer"].execute("PRAGMA journal_mode = WAL")
    connections["writer"].execute("CREATE TABLE rows (x)")
    connections["reader"] = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    connections["reader"].execute("SELECT count(*) FROM rows").fetchone()
    connections["writer"].execute("INSERT INTO rows VALUES (1)")
    connections["writer"].commit()
    last = connections.pop(which)
    connections.popitem()[1].close()
    last.close()
    left = " ".join(sorted(os.listdir(directory)))
    copy = shutil.copy(path, os.path.join(sys.argv[1], f"copy-{which}.db"))
    print(f"the {which} is closed last: {left}; in a copy of book.db: {rows_of(copy)}")


print(f"SQLite {sqlite3.sqlite_version}")
close_last("reader")
close_last("writer")
PY
cat "$work/seen"
diff -u - "$work/seen" <<'SEEN'
SQLite 3.46.1
the reader is closed last: book.db book.db-shm book.db-wal; in a copy of book.db: no such table: rows
the writer is closed last: book.db; in a copy of book.db: 1 row
SEEN
