/** Marks the file as ours: `sqlite3` and `file` show it, and a database of something else is refused. */
export const applicationId = 0x4d79666c

/**
 * How the schema came to be: entry n brings version n to n + 1. A released entry is never changed;
 * what is new is a new entry.
 *
 * Times are milliseconds since the Unix epoch, hashes and serials BLOBs. `issuance` is the log that grows for
 * ever, so its rows and indexes are small; what is heavy is in `certificate` and goes after the retention.
 *
 * Serials begin with the time, so their index grows at its end. Keys are random: each falls on another page of theirs,
 * which holds half of the hash only. Equal values have equal parts, so a unique index on the part refuses all that one
 * on the whole would. To hit half of a key's hash takes 2^64 keys, and is the finder's own loss.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE identity (
    id INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    name TEXT NOT NULL UNIQUE,
    profile TEXT NOT NULL,
    names TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    suspended_at INTEGER,
    suspended_because TEXT,
    suspended_addresses TEXT,
    suspended_by TEXT,
    lineages_begun INTEGER NOT NULL,
    joined_by_token_of INTEGER,
    lineage INTEGER,
    head_generation INTEGER,
    head_since INTEGER,
    newest_generation INTEGER,
    asked BLOB,
    staged_spki BLOB,
    staged_key BLOB,
    staged_parent INTEGER,
    staged_at INTEGER,
    mint_at INTEGER,
    newest_serial BLOB,
    newest_serial_generation INTEGER,
    newest_not_after INTEGER,
    seen_at INTEGER,
    seen_address TEXT,
    report TEXT,
    agent_version TEXT,
    agent_bundle INTEGER,
    quota_day INTEGER NOT NULL,
    quota_count INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX identity_due ON identity (mint_at, id) WHERE mint_at IS NOT NULL;
  CREATE INDEX identity_suspended ON identity (name, suspended_at) WHERE suspended_at IS NOT NULL;
  -- Certificates that wait for their hosts, by their end.
  CREATE INDEX identity_unfetched ON identity (newest_not_after)
    WHERE suspended_at IS NULL AND newest_serial_generation > head_generation;

  -- What the agents of all identities told last, counted where it changes: a look at it costs nothing.
  CREATE TABLE agent_count (
    version TEXT NOT NULL,
    bundle_sequence INTEGER NOT NULL,
    agents INTEGER NOT NULL,
    PRIMARY KEY (version, bundle_sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX agent_count_frequent ON agent_count (agents DESC, version, bundle_sequence);
  CREATE TRIGGER agent_told AFTER UPDATE OF agent_version, agent_bundle ON identity
  WHEN OLD.agent_version IS NOT NEW.agent_version OR OLD.agent_bundle IS NOT NEW.agent_bundle
  BEGIN
    UPDATE agent_count SET agents = agents - 1
      WHERE version = OLD.agent_version AND bundle_sequence = OLD.agent_bundle;
    DELETE FROM agent_count
      WHERE version = OLD.agent_version AND bundle_sequence = OLD.agent_bundle AND agents = 0;
    INSERT INTO agent_count SELECT NEW.agent_version, NEW.agent_bundle, 1 WHERE NEW.agent_version IS NOT NULL
      ON CONFLICT DO UPDATE SET agents = agents + 1;
  END;

  CREATE TABLE token (
    jti TEXT PRIMARY KEY,
    identity TEXT NOT NULL REFERENCES identity (name),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    used_at INTEGER,
    used_key BLOB
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX token_created ON token (created_at, jti);
  CREATE INDEX token_expiry ON token (expires_at);
  CREATE INDEX token_open ON token (expires_at) WHERE revoked_at IS NULL AND used_at IS NULL;

  CREATE TABLE issuance (
    id INTEGER PRIMARY KEY,
    serial BLOB NOT NULL,
    key BLOB NOT NULL,
    identity_id INTEGER NOT NULL REFERENCES identity (id),
    lineage INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    parent INTEGER NOT NULL,
    state INTEGER NOT NULL CHECK (state IN (0, 1, 2)),
    burnt INTEGER CHECK ((state = 2) = (burnt IS NOT NULL)),
    intended_at INTEGER NOT NULL,
    not_after INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX issuance_serial ON issuance (serial);
  -- One key, one certificate. A burnt intent was never signed for anyone, so its key is free again.
  -- By a column of its own: one that moves with each certificate would have SQLite write the index each time.
  CREATE UNIQUE INDEX issuance_key ON issuance (substr(key, 1, 16)) WHERE burnt IS NULL;
  CREATE INDEX issuance_pending ON issuance (intended_at) WHERE state = 0;

  CREATE TABLE chain (
    id INTEGER PRIMARY KEY,
    fingerprint BLOB NOT NULL UNIQUE,
    pem TEXT NOT NULL
  ) STRICT;

  CREATE TABLE certificate (
    issuance_id INTEGER PRIMARY KEY REFERENCES issuance (id),
    der BLOB NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    renew_at INTEGER NOT NULL,
    chain_id INTEGER NOT NULL REFERENCES chain (id)
  ) STRICT;
  CREATE INDEX certificate_expiry ON certificate (not_after);

  CREATE TABLE nonce (
    nonce BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX nonce_expiry ON nonce (expires_at);

  CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    text TEXT NOT NULL
  ) STRICT;

  -- What is older, packed, by the number and the hash of its last record. Where the records were pruned, the last
  -- such row stays without them: the rest is chained to it.
  CREATE TABLE audit_segment (
    number INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    last_at INTEGER NOT NULL,
    packed BLOB
  ) STRICT;

  -- In its one row: the end of the audit, the newest time that the store has seen, what would take long to count.
  CREATE TABLE head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    audit_number INTEGER NOT NULL,
    audit_hash BLOB NOT NULL,
    newest_instant INTEGER,
    identities INTEGER NOT NULL,
    certificates INTEGER NOT NULL,
    issued INTEGER NOT NULL,
    burnt INTEGER NOT NULL
  ) STRICT;
  INSERT INTO head (id, audit_number, audit_hash, identities, certificates, issued, burnt)
    VALUES (1, 0, zeroblob(32), 0, 0, 0, 0);
  `,
  `
  -- A few texts that are to outlive a restart, such as alarms until somebody has looked into them.
  CREATE TABLE note (
    name TEXT PRIMARY KEY,
    text TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Intermediates whose key may be in other hands.
  CREATE TABLE taint (
    fingerprint BLOB PRIMARY KEY,
    tainted_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
]
