-- Read once, when the embedded server's data directory is made (single-user mode: a statement ends at
-- a semicolon followed by an empty line). Production has these two roles and the database from its
-- administrator: docs/ tells how.

-- Owns the schema and migrates it.
CREATE ROLE bookingd_owner LOGIN;

-- The daemon: reads and writes rows, changes no table.
CREATE ROLE bookingd LOGIN;

CREATE DATABASE bookingd OWNER bookingd_owner;

REVOKE ALL ON DATABASE bookingd FROM PUBLIC;

GRANT CONNECT, TEMPORARY ON DATABASE bookingd TO bookingd;
