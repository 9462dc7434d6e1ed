-- SPDX-License-Identifier: MIT
-- A book as the first gangd wrote it (schema 1): a board that passed, one that failed, and one that was at work when the
-- power went.
PRAGMA application_id = 0x67616e67;
PRAGMA user_version = 1;
CREATE TABLE images (
  id INTEGER PRIMARY KEY,
  sha256 TEXT NOT NULL UNIQUE,
  md5 TEXT NOT NULL,
  size INTEGER NOT NULL,
  first_used INTEGER NOT NULL
) STRICT;
INSERT INTO images VALUES(1,'2d7a2c5b40db6e6b5f62268b13e0e018fb92712035083cebc2bd0ae32a94faa3','fd9c8cd8dae5da6687633f3bd086676a',65536,1795255893960036);
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY,
  started INTEGER NOT NULL,
  ended INTEGER,
  verdict TEXT NOT NULL CHECK (verdict IN ('open', 'pass', 'fail', 'interrupted')),
  cause TEXT NOT NULL,
  detail TEXT NOT NULL,
  slot TEXT NOT NULL,
  path TEXT NOT NULL,
  adapter TEXT NOT NULL,
  image INTEGER REFERENCES images (id),
  mac TEXT NOT NULL,
  chip_id TEXT NOT NULL,
  chip TEXT NOT NULL,
  flash_id TEXT NOT NULL,
  flash_size INTEGER NOT NULL,
  stub TEXT NOT NULL,
  baud INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  seconds_reset REAL NOT NULL,
  seconds_sync REAL NOT NULL,
  seconds_identify REAL NOT NULL,
  seconds_stub REAL NOT NULL,
  seconds_baud REAL NOT NULL,
  seconds_write REAL NOT NULL,
  seconds_verify REAL NOT NULL,
  seconds_run REAL NOT NULL,
  station TEXT NOT NULL,
  lot TEXT NOT NULL,
  operator TEXT NOT NULL,
  gangd TEXT NOT NULL,
  CHECK ((verdict = 'open') = (ended IS NULL))
) STRICT;
CREATE TABLE units (
  mac TEXT PRIMARY KEY NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  last_attempt INTEGER NOT NULL REFERENCES attempts (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_by_time ON attempts (started);
CREATE INDEX attempts_by_end ON attempts (ended, verdict);
CREATE INDEX attempts_by_slot ON attempts (slot, started);
CREATE INDEX attempts_by_verdict ON attempts (verdict, started);
CREATE INDEX attempts_by_mac ON attempts (mac, started);
CREATE INDEX units_by_time ON units (first_seen, mac, last_seen);
INSERT INTO attempts VALUES
  (1, 1767258000000000, 1767258012000000, 'pass', 'none', '', '1-1.1', 'pci-0000:00:14.0-usb-0:1.1:1.0', 'cp210x 10c4:ea60', 1,
   '18:fe:34:00:00:01', '00000001', 'ESP8266EX', 'ef4016', 4194304, 'gangd 0.1.0', 921600, 1, 0.2, 0.1, 0.1, 1.0, 0.1, 6.0, 3.0,
   0.1, 'bench', '', '', '0.1.0'),
  (2, 1767258100000000, 1767258130000000, 'fail', 'md5-mismatch', '', '1-1.2', 'pci-0000:00:14.0-usb-0:1.2:1.0',
   'cp210x 10c4:ea60', 1, '18:fe:34:00:00:02', '00000002', 'ESP8266EX', 'ef4016', 4194304, 'gangd 0.1.0', 230400, 3, 0.2, 0.1,
   0.1, 1.0, 0.1, 6.0, 3.0, 0.0, 'bench', '', '', '0.1.0'),
  (3, 1767258200000000, NULL, 'open', '', '', '1-1.1', 'pci-0000:00:14.0-usb-0:1.1:1.0', 'cp210x 10c4:ea60', 1, '', '', '', '', 0,
   '', 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 'bench', '', '', '0.1.0');
INSERT INTO units VALUES
  ('18:fe:34:00:00:01', 1767258000000000, 1767258012000000, 1, 1),
  ('18:fe:34:00:00:02', 1767258100000000, 1767258130000000, 1, 2);
