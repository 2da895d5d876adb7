-- Version 1 of the schema (docs/spec/store-postgres.md). Run in a transaction, with the schema first in search_path.

CREATE TABLE store (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    id       uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO store DEFAULT VALUES;

CREATE TABLE logs (
    id     bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name   text COLLATE "C" NOT NULL UNIQUE,
    log_id bytea NOT NULL CHECK (octet_length(log_id) = 32)
);

-- Where a log ends is its last row: nothing here is ever changed to append.
CREATE TABLE receipts (
    log        bigint NOT NULL,
    seq        bigint NOT NULL CHECK (seq >= 0),
    sealed_at  bigint NOT NULL CHECK (sealed_at >= 0),
    kind       integer NOT NULL,
    hash       bytea NOT NULL CHECK (octet_length(hash) = 32),
    id         bytea NOT NULL CHECK (octet_length(id) = 16),
    trace_id   text COLLATE "C",
    session_id text COLLATE "C",
    sealed     bytea,
    PRIMARY KEY (log, seq),
    -- Whoever may write or delete bytes can put no others in a receipt's place: payload, then 64 bytes.
    CONSTRAINT receipts_bytes CHECK (
        sealed IS NULL
        OR hash = sha256('\x00'::bytea || substr(sealed, 1, octet_length(sealed) - 64))
    ),
    -- Control receipts are never deleted, and what was deleted is found by no name.
    CONSTRAINT receipts_control CHECK (
        sealed IS NOT NULL OR kind NOT IN (0,1,7,13,14,16,17,18,19,20,21,22,23,24)
    ),
    CONSTRAINT receipts_names CHECK (
        sealed IS NOT NULL OR (trace_id IS NULL AND session_id IS NULL)
    )
);
-- The checks above hold payloads. A signature has no check here, so bytes that are there are deleted or stay; and
-- names go and come with them.
CREATE FUNCTION receipts_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.sealed IS NOT NULL AND NEW.sealed IS NOT NULL AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'a receipt whose bytes are there does not change'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER receipts_stay BEFORE UPDATE ON receipts
    FOR EACH ROW EXECUTE FUNCTION receipts_stay();
-- Hashes and signatures do not get shorter.
ALTER TABLE receipts ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE INDEX receipts_id ON receipts (log, id);
CREATE INDEX receipts_other ON receipts (log, kind, seq) WHERE kind <> 2;
CREATE INDEX receipts_trace ON receipts (log, hashtextextended(trace_id, 0), seq)
    WHERE trace_id IS NOT NULL;
CREATE INDEX receipts_session ON receipts (log, hashtextextended(session_id, 0), seq)
    WHERE session_id IS NOT NULL;
CREATE INDEX receipts_deleted ON receipts (log, seq) WHERE sealed IS NULL;

CREATE TABLE nodes (
    log   bigint NOT NULL,
    level smallint NOT NULL CHECK (level > 0 AND level % 4 = 0),
    place bigint NOT NULL CHECK (place >= 0),
    hash  bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (log, level, place)
);

CREATE TABLE ciphertexts (
    log   bigint NOT NULL,
    seq   bigint NOT NULL,
    place integer NOT NULL,
    key   bytea NOT NULL CHECK (octet_length(key) = 16),
    bytes bytea NOT NULL,
    PRIMARY KEY (log, seq, place)
);
ALTER TABLE ciphertexts ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE INDEX ciphertexts_key ON ciphertexts (log, key);

-- A note with more signatures is a further row: the last revision of a size counts.
CREATE TABLE checkpoints (
    log      bigint NOT NULL,
    size     bigint NOT NULL CHECK (size > 0),
    revision integer NOT NULL CHECK (revision >= 0),
    note     text NOT NULL,
    PRIMARY KEY (log, size, revision)
);
