// The schema, as numbered steps. A step that has been released is never edited; a change is a new step.

/** Step n brings a database of version n - 1 (SQLite's user_version) to version n. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE apps (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    stopped INTEGER NOT NULL DEFAULT 0,
    live_release INTEGER,
    live_deployment INTEGER,
    last_release INTEGER NOT NULL DEFAULT 0,
    last_deployment INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE releases (
    app_id INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    state TEXT NOT NULL,
    cause TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    image TEXT,
    config TEXT NOT NULL,
    processes TEXT NOT NULL DEFAULT '[]',
    port INTEGER,
    who TEXT NOT NULL,
    created_at TEXT NOT NULL,
    ended_at TEXT,
    note TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (app_id, number)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE config (
    app_id INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (app_id, key)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE build_args (
    app_id INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (app_id, key)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE properties (
    app_id INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (app_id, key)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE formation (
    app_id INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (app_id, type)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE ports (
    host_port INTEGER PRIMARY KEY,
    app_id INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    scheme TEXT NOT NULL,
    container_port INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX ports_of_app ON ports (app_id);

  CREATE TABLE domains (
    domain TEXT PRIMARY KEY,
    app_id INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX domains_of_app ON domains (app_id);

  CREATE TABLE ssh_keys (
    name TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,
    public_key TEXT NOT NULL,
    created_at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE registries (
    server TEXT PRIMARY KEY,
    username TEXT NOT NULL,
    password TEXT NOT NULL,
    created_at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE image_sources (
    image TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    created_at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE made_images (
    key TEXT PRIMARY KEY,
    image TEXT NOT NULL,
    tag TEXT NOT NULL,
    reference TEXT NOT NULL,
    platform TEXT NOT NULL,
    how TEXT NOT NULL,
    size INTEGER NOT NULL,
    record TEXT NOT NULL,
    created_at TEXT NOT NULL,
    used_at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX made_images_by_name ON made_images (reference, platform);
  `,
]
