-- What a sink takes: implicit casts per column, NOT NULL, lengths, changelogs, keys.

let types = BOOLEAN | TINYINT | INT | BIGINT | FLOAT | DOUBLE | DECIMAL(10, 2) | STRING | DATE | TIME | TIMESTAMP(3) | TIMESTAMP_LTZ(3) | BYTES;

CREATE TABLE source (
  `BOOLEAN` BOOLEAN, `TINYINT` TINYINT, `INT` INT, `BIGINT` BIGINT, `FLOAT` FLOAT, `DOUBLE` DOUBLE, `DECIMAL(10, 2)` DECIMAL(10, 2),
  `STRING` STRING, `DATE` DATE, `TIME` TIME, `TIMESTAMP(3)` TIMESTAMP(3), `TIMESTAMP_LTZ(3)` TIMESTAMP_LTZ(3), `BYTES` BYTES
) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/types.jsonl');
CREATE TABLE `to_[[$types]]` (v [[=1]]) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$OUT/v');

-- every pair of types
INSERT INTO `to_[[$types]]` SELECT `[[$types]]` FROM source;

-- the same within a type family
CREATE TABLE small (v TINYINT, w SMALLINT, x FLOAT, y DECIMAL(4, 1), z TIMESTAMP(0), c CHAR(3), d VARCHAR(3)) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$OUT/v');
INSERT INTO small (v) VALUES (1), (2);
INSERT INTO small (v) VALUES (1), (300);
INSERT INTO small (v) VALUES (CAST(1 AS BIGINT));
INSERT INTO small (w) SELECT `TINYINT` FROM source;
INSERT INTO small (x) VALUES (1.5);
INSERT INTO small (y) VALUES (1.25), (99.94);
INSERT INTO small (y) VALUES (12345.6);
INSERT INTO small (z) SELECT `TIMESTAMP(3)` FROM source;
INSERT INTO small (c, d) VALUES ('a', 'a'), ('abc', 'abc');
INSERT INTO small (c, d) SELECT 'abcdef', 'abcdef' FROM source;
INSERT INTO small (d) SELECT `STRING` FROM source;
-- TRIM_PAD, too, runs into a NullPointerException where the value is NULL
SET 'table.exec.sink.type-length-enforcer' = 'TRIM_PAD';
INSERT INTO small (d) SELECT `STRING` FROM source WHERE `STRING` IS NOT NULL;
INSERT INTO small (d) SELECT `STRING` FROM source;
INSERT INTO small (c, d) VALUES ('abc', 'a'), ('def', 'bcd');
CREATE TABLE fixed (c CHAR(6), d VARCHAR(2)) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$OUT/v');
INSERT INTO fixed SELECT CAST(`STRING` AS CHAR(6)), CAST(`STRING` AS VARCHAR(9)) FROM source;
SET 'table.exec.sink.type-length-enforcer' = 'IGNORE';

-- columns
CREATE TABLE pair (a BIGINT, b DOUBLE) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$OUT/v');
INSERT INTO pair VALUES (1, 2);
INSERT INTO pair VALUES (1);
INSERT INTO pair VALUES (1, 2, 3);
INSERT INTO pair (b) VALUES (2);
INSERT INTO pair (b, a) VALUES (2, 1);
INSERT INTO pair (a, nothing) VALUES (2, 1);
INSERT INTO pair SELECT 1 AS b, 2 AS a;
INSERT INTO pair SELECT 1, NULL;
INSERT INTO pair SELECT 1, CAST(NULL AS DOUBLE);
INSERT INTO pair SELECT 'one', 2;
INSERT INTO nowhere SELECT 1, 2;
INSERT INTO pair SELECT COUNT(*), 1 FROM source;
INSERT INTO pair SELECT a, COUNT(*) FROM (VALUES (1), (1)) AS x(a) GROUP BY a;

-- NOT NULL
CREATE TABLE strict (a BIGINT NOT NULL, b STRING) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$OUT/v');
INSERT INTO strict SELECT `INT`, `STRING` FROM source;
INSERT INTO strict VALUES (1, 'x');
INSERT INTO strict (b) VALUES ('x');
SET 'table.exec.sink.not-null-enforcer' = 'DROP';
INSERT INTO strict SELECT `INT`, `STRING` FROM source;
SET 'table.exec.sink.not-null-enforcer' = 'ERROR';

-- changelogs: a sink of all four kinds, one that takes upserts by key
CREATE TABLE words (w STRING, n INT) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/words.jsonl');
CREATE TABLE retract (w STRING, n BIGINT) WITH ('connector' = 'filesystem', 'format' = 'changelog-json', 'path' = '$OUT/v');
CREATE TABLE keyed (w STRING, n BIGINT, PRIMARY KEY (w) NOT ENFORCED) WITH ('connector' = 'filesystem', 'format' = 'changelog-json', 'path' = '$OUT/v');
CREATE TABLE latest (w STRING, n BIGINT, PRIMARY KEY (w) NOT ENFORCED) WITH ('connector' = 'filesystem', 'format' = 'changelog-json', 'changelog-json.changelog-mode' = 'I,UA,D', 'path' = '$OUT/v');
CREATE TABLE latest_n (w STRING, n BIGINT, PRIMARY KEY (n) NOT ENFORCED) WITH ('connector' = 'filesystem', 'format' = 'changelog-json', 'changelog-json.changelog-mode' = 'I,UA,D', 'path' = '$OUT/v');
CREATE TABLE keyless (w STRING, n BIGINT) WITH ('connector' = 'filesystem', 'format' = 'changelog-json', 'changelog-json.changelog-mode' = 'I,UA,D', 'path' = '$OUT/v');
INSERT INTO [[retract | keyed | latest | keyless]] SELECT w, COUNT(*) FROM words GROUP BY w;
INSERT INTO [[retract | keyed | latest | latest_n]] SELECT w, n FROM words;
INSERT INTO [[retract | latest]] SELECT w, COUNT(*) FROM words GROUP BY w HAVING COUNT(*) < 2;
INSERT INTO latest_n SELECT w, COUNT(*) FROM words GROUP BY w;
INSERT INTO latest SELECT MAX(w), n FROM words GROUP BY n;

-- statement sets
CREATE TABLE ones (a INT) WITH ('connector' = 'blackhole');
CREATE TABLE twos (a INT) WITH ('connector' = 'blackhole');
EXECUTE STATEMENT SET BEGIN INSERT INTO ones SELECT 1; INSERT INTO twos SELECT 2; END;
EXECUTE STATEMENT SET BEGIN INSERT INTO ones SELECT 1; INSERT INTO twos SELECT 'x'; END;
INSERT INTO ones SELECT w FROM words;

-- what can't be a table
CREATE TABLE bad (a INT) WITH ('connector' = 'nothing');
INSERT INTO bad SELECT 1;
CREATE TABLE bad2 (a INT) WITH ('connector' = 'filesystem', 'format' = 'json');
INSERT INTO bad2 SELECT 1;
CREATE TABLE bad3 (a INT) WITH ('connector' = 'filesystem', 'format' = 'nothing', 'path' = '$OUT/v');
INSERT INTO bad3 SELECT 1;
CREATE TABLE bad4 (a INT) WITH ('connector' = 'blackhole', 'colour' = 'red');
INSERT INTO bad4 SELECT 1;
CREATE TABLE bad5 (a INT, a INT) WITH ('connector' = 'blackhole');
CREATE TABLE bad6 (a INT, PRIMARY KEY (a)) WITH ('connector' = 'blackhole');
CREATE TABLE bad7 (a NOTATYPE) WITH ('connector' = 'blackhole');
CREATE TABLE bad8 (a INT, b AS c + 1) WITH ('connector' = 'blackhole');
CREATE TABLE ones (a INT) WITH ('connector' = 'blackhole');
DROP TABLE nowhere;
DROP TABLE IF EXISTS nowhere;
DROP TEMPORARY TABLE ones;
DROP TABLE ones;
SELECT a FROM ones;
