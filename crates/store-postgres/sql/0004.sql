-- Version 4: batched receipts (docs/spec/batch-seals.md), whose bytes are the payload alone. The byte that says which of both a receipt
-- is stands behind numbers of one to nine bytes, whose lengths follow from the row. Bytes that end before it are nobody's receipt, and
-- answered by this rule too, not by an error of the function that reads them: so it is substr, which may reach beyond the end.

ALTER TABLE receipts DROP CONSTRAINT receipts_bytes;
ALTER TABLE receipts ADD CONSTRAINT receipts_bytes CHECK (
    sealed IS NULL
    OR octet_length(sealed) > 64
    AND hash = sha256('\x00'::bytea || substr(sealed, 1, greatest(0, octet_length(sealed) - CASE substr(
        sealed,
        -- Counted from one: behind version, log_id, seq, prev, sealed_at, id, key_id.
        1 + 1 + 32 + 32 + 16 + 8
            + 1 + width_bucket(seq, '{128,16384,2097152,268435456,34359738368,4398046511104,562949953421312,72057594037927936}'::bigint[])
            + 1 + width_bucket(sealed_at, '{128,16384,2097152,268435456,34359738368,4398046511104,562949953421312,72057594037927936}'::bigint[]),
        1
    ) WHEN '\x01'::bytea THEN 0 ELSE 64 END)))
) NOT VALID;
-- Rows that are there were held to the same, since none of them could be batched. Reading them again would keep everybody out; where there
-- are none it costs nothing, and a dump then holds what it restores to the rule.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM receipts) THEN
        ALTER TABLE receipts VALIDATE CONSTRAINT receipts_bytes;
    END IF;
END
$$;
