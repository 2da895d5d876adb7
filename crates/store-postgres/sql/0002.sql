-- Version 2: leases (docs/spec/leases.md), the one table whose rows change. No log hangs on it: what is wrong here
-- costs a wait.

CREATE TABLE leases (
    log        text COLLATE "C" PRIMARY KEY,
    holder     text COLLATE "C" NOT NULL CHECK (holder ~ '^[!-~]{1,128}$'),
    changes    bigint NOT NULL CHECK (changes BETWEEN 0 AND 4294967295),
    length     integer NOT NULL CHECK (length BETWEEN 0 AND 600000),
    fence      bigint NOT NULL CHECK (fence >= 0),
    -- By this server's clock, for who looks at the table. Nobody compares it with another time.
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
-- A row is changed every few seconds: in its page there is room for that, and no index is touched.
) WITH (fillfactor = 50);
