/** All tables are in a schema of this name, so that the database may hold other things too. */
export const schemaName = 'mayfly'

/**
 * How the schema came to be: entry n brings version n to n + 1. A released entry is never changed;
 * what is new is a new entry. The columns are those of the SQLite store, which `../columns` reads and writes.
 *
 * Text is ordered by its bytes, whatever the locale of the database.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE identity (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    version bigint NOT NULL,
    name text COLLATE "C" NOT NULL UNIQUE,
    profile text NOT NULL,
    names text NOT NULL,
    created_at bigint NOT NULL,
    suspended_at bigint,
    suspended_because text,
    suspended_addresses text,
    suspended_by text,
    lineages_begun bigint NOT NULL,
    joined_by_token_of bigint,
    lineage bigint,
    head_generation bigint,
    head_since bigint,
    newest_generation bigint,
    asked bytea,
    staged_spki bytea,
    staged_key bytea,
    staged_parent bigint,
    staged_at bigint,
    mint_at bigint,
    newest_serial bytea,
    newest_serial_generation bigint,
    newest_not_after bigint,
    seen_at bigint,
    seen_address text,
    report text,
    agent_version text,
    agent_bundle bigint,
    quota_day bigint NOT NULL,
    quota_count bigint NOT NULL,
    -- Which issuer has it in hand, and until when by the clock of the database.
    claimed_by bytea,
    claimed_until timestamptz
  );
  CREATE INDEX identity_due ON identity (mint_at, id) WHERE mint_at IS NOT NULL;
  CREATE INDEX identity_suspended ON identity (name) WHERE suspended_at IS NOT NULL;
  -- Certificates that wait for their hosts, by their end.
  CREATE INDEX identity_unfetched ON identity (newest_not_after)
    WHERE suspended_at IS NULL AND newest_serial_generation > head_generation;

  -- What the agents of all identities told last, counted where it changes: a look at it costs nothing.
  CREATE TABLE agent_count (
    version text COLLATE "C" NOT NULL,
    bundle_sequence bigint NOT NULL,
    agents bigint NOT NULL,
    PRIMARY KEY (version, bundle_sequence)
  );
  CREATE INDEX agent_count_frequent ON agent_count (agents DESC, version, bundle_sequence);
  CREATE FUNCTION count_agents() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    UPDATE agent_count SET agents = agents - 1
      WHERE version = OLD.agent_version AND bundle_sequence = OLD.agent_bundle;
    DELETE FROM agent_count
      WHERE version = OLD.agent_version AND bundle_sequence = OLD.agent_bundle AND agents = 0;
    INSERT INTO agent_count SELECT NEW.agent_version, NEW.agent_bundle, 1 WHERE NEW.agent_version IS NOT NULL
      ON CONFLICT (version, bundle_sequence) DO UPDATE SET agents = agent_count.agents + 1;
    RETURN NULL;
  END $$;
  CREATE TRIGGER agent_told AFTER UPDATE OF agent_version, agent_bundle ON identity FOR EACH ROW
    WHEN (OLD.agent_version IS DISTINCT FROM NEW.agent_version
      OR OLD.agent_bundle IS DISTINCT FROM NEW.agent_bundle)
    EXECUTE FUNCTION count_agents();

  CREATE TABLE token (
    jti text COLLATE "C" PRIMARY KEY,
    identity text COLLATE "C" NOT NULL REFERENCES identity (name),
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    revoked_at bigint,
    used_at bigint,
    used_key bytea
  );
  CREATE INDEX token_created ON token (created_at, jti);
  CREATE INDEX token_expiry ON token (expires_at);
  CREATE INDEX token_open ON token (expires_at) WHERE revoked_at IS NULL AND used_at IS NULL;

  CREATE TABLE issuance (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    serial bytea NOT NULL UNIQUE,
    key bytea NOT NULL,
    identity_id bigint NOT NULL REFERENCES identity (id),
    lineage bigint NOT NULL,
    generation bigint NOT NULL,
    parent bigint NOT NULL,
    state smallint NOT NULL CHECK (state IN (0, 1, 2)),
    intended_at bigint NOT NULL,
    not_after bigint NOT NULL
  );
  -- Whole values, where SQLite's indexes hold parts: here that would save 34 of 300 bytes a line (measured with 200,000),
  -- and the guards, which are decided in memory on whole values, would meet a constraint on parts.
  -- One key, one certificate. A burnt intent was never signed for anyone, so its key is free again.
  CREATE UNIQUE INDEX issuance_key ON issuance (key) WHERE state <> 2;
  CREATE INDEX issuance_pending ON issuance (intended_at) WHERE state = 0;

  CREATE TABLE chain (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fingerprint bytea NOT NULL UNIQUE,
    pem text NOT NULL
  );

  CREATE TABLE certificate (
    issuance_id bigint PRIMARY KEY REFERENCES issuance (id),
    der bytea NOT NULL,
    not_before bigint NOT NULL,
    not_after bigint NOT NULL,
    renew_at bigint NOT NULL,
    chain_id bigint NOT NULL REFERENCES chain (id)
  );
  CREATE INDEX certificate_expiry ON certificate (not_after);

  CREATE TABLE nonce (
    nonce bytea PRIMARY KEY,
    expires_at bigint NOT NULL
  );
  CREATE INDEX nonce_expiry ON nonce (expires_at);

  CREATE TABLE audit (
    number bigint PRIMARY KEY,
    hash bytea NOT NULL,
    text text NOT NULL
  );

  -- What is older, packed, by the number and the hash of its last record. Where the records were pruned, the last
  -- such row stays without them: the rest is chained to it.
  CREATE TABLE audit_segment (
    number bigint PRIMARY KEY,
    hash bytea NOT NULL,
    last_at bigint NOT NULL,
    packed bytea
  );
  -- It is packed already.
  ALTER TABLE audit_segment ALTER COLUMN packed SET STORAGE EXTERNAL;

  -- A few texts that are to outlive a restart, such as alarms until somebody has looked into them.
  CREATE TABLE note (
    name text COLLATE "C" PRIMARY KEY,
    text text NOT NULL
  );

  -- The end of the audit, the newest time that the store has seen, and what would take long to count. Whoever
  -- writes anything locks it first.
  CREATE TABLE head (
    id smallint PRIMARY KEY CHECK (id = 1),
    audit_number bigint NOT NULL,
    audit_hash bytea NOT NULL,
    newest_instant bigint,
    identities bigint NOT NULL,
    certificates bigint NOT NULL,
    issued bigint NOT NULL,
    burnt bigint NOT NULL
  );
  INSERT INTO head (id, audit_number, audit_hash, identities, certificates, issued, burnt)
    VALUES (1, 0, decode(repeat('00', 32), 'hex'), 0, 0, 0, 0);

  -- The last transaction of each issuer: who lost its connection sees here whether that came through.
  CREATE TABLE writer (
    id bytea PRIMARY KEY,
    transactions bigint NOT NULL,
    seen_at timestamptz NOT NULL
  );
  `,
  `
  -- Intermediates whose key may be in other hands.
  CREATE TABLE taint (
    fingerprint bytea PRIMARY KEY,
    tainted_at bigint NOT NULL
  );
  `,
]
