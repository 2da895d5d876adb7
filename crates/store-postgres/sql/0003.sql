-- Version 3: where the writer takes what reached another instance (docs/spec/routing.md). It counts only while the session that
-- it names holds the writer's lock.

CREATE TABLE writer (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    address  text COLLATE "C" NOT NULL CHECK (octet_length(address) BETWEEN 1 AND 512),
    -- The server's process behind that session, and when it began, in microseconds: numbers of processes come again.
    pid      integer NOT NULL,
    since    bigint NOT NULL
);
