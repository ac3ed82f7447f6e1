-- Aggregates over insert-only input: result types, NULLs, overflow, FILTER, DISTINCT, and the changelog of a group.

CREATE TABLE numbers (
  k STRING, b BOOLEAN, t TINYINT, s SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE,
  n DECIMAL(10, 2), m DECIMAL(38, 0), c STRING, dt DATE, ts TIMESTAMP(3), bin BYTES
) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/numbers.jsonl');

-- result types and values per input type
-- @fold
SELECT k, COUNT(*) AS n_all, COUNT(i) AS n_i, COUNT(DISTINCT i) AS n_dist FROM numbers GROUP BY k;
-- @fold
SELECT k, SUM(t) AS t, SUM(s) AS s, SUM(i) AS i, SUM(l) AS l FROM numbers GROUP BY k;
-- @fold
SELECT k, SUM(f) AS f, SUM(d) AS d, SUM(n) AS n, SUM(m) AS m FROM numbers GROUP BY k;
-- @fold
SELECT k, AVG(t) AS t, AVG(s) AS s, AVG(i) AS i, AVG(l) AS l FROM numbers GROUP BY k;
-- @fold
SELECT k, AVG(f) AS f, AVG(d) AS d, AVG(n) AS n, AVG(m) AS m FROM numbers GROUP BY k;
-- @fold
SELECT k, MIN(b) AS b, MIN(t) AS t, MIN(s) AS s, MIN(i) AS i, MIN(l) AS l, MIN(f) AS f, MIN(d) AS d, MIN(n) AS n, MIN(m) AS m, MIN(c) AS c, MIN(dt) AS dt, MIN(ts) AS ts FROM numbers GROUP BY k;
-- @fold
SELECT k, MAX(b) AS b, MAX(t) AS t, MAX(s) AS s, MAX(i) AS i, MAX(l) AS l, MAX(f) AS f, MAX(d) AS d, MAX(n) AS n, MAX(m) AS m, MAX(c) AS c, MAX(dt) AS dt, MAX(ts) AS ts FROM numbers GROUP BY k;
-- @fold
SELECT k, SUM(i) FILTER (WHERE i > 1) AS s, COUNT(*) FILTER (WHERE b) AS n, AVG(d) FILTER (WHERE b IS NOT NULL) AS a, COUNT(DISTINCT c) FILTER (WHERE i < 4) AS dc FROM numbers GROUP BY k;
-- @fold
SELECT k, SUM(DISTINCT i) AS s, AVG(DISTINCT i) AS a, COUNT(DISTINCT c) AS c, COUNT(DISTINCT k) AS ck, MIN(DISTINCT i) AS mi FROM numbers GROUP BY k;
-- @fold
SELECT COUNT(DISTINCT k, c) AS n FROM numbers;
-- @fold
SELECT k, FIRST_VALUE(i) AS fv, LAST_VALUE(i) AS lv, LISTAGG(c) AS la, LISTAGG(c, '-') AS lb, COLLECT(c) AS co FROM numbers GROUP BY k;
-- @fold
SELECT k, STDDEV_POP(d) AS sp, STDDEV_SAMP(d) AS ss, VAR_POP(d) AS vp, VAR_SAMP(d) AS vs, STDDEV(i) AS si, VARIANCE(i) AS vi FROM numbers WHERE k = 'a' GROUP BY k;
-- @fold
SELECT k, VAR_POP(n) AS vp, VAR_SAMP(n) AS vs FROM numbers WHERE k = 'a' GROUP BY k;
-- @fold
SELECT SUM(1) AS a, SUM(1.5) AS b, SUM(CAST(1 AS BIGINT)) AS c, AVG(1) AS e, AVG(2.5) AS g, MAX('x') AS h, COUNT(1) AS j FROM numbers;
-- @fold
SELECT AVG(i) AS i, AVG(l) AS l FROM numbers WHERE k = 'b';
-- @fold
SELECT AVG(CAST(v AS INT)) AS i, AVG(CAST(v AS TINYINT)) AS t, AVG(CAST(v AS DECIMAL(5, 1))) AS d, SUM(CAST(v AS DECIMAL(5, 1))) AS sd FROM (VALUES (1), (2), (-4)) AS x(v);
-- @fold
SELECT SINGLE_VALUE(v) AS v FROM (VALUES (1)) AS x(v);
-- @fold
SELECT k, JSON_OBJECTAGG(KEY c VALUE i) AS o, JSON_ARRAYAGG(i) AS a FROM numbers WHERE k = 'a' AND c <> 'x' GROUP BY k;
-- @fold
SELECT k, ARRAY_AGG(i) AS a FROM numbers GROUP BY k;

-- refused
SELECT SUM(c) FROM numbers;
SELECT AVG(b) FROM numbers;
SELECT SUM(b) FROM numbers;
SELECT SUM(dt) FROM numbers;
SELECT AVG(ts) FROM numbers;
SELECT MAX(bin) FROM numbers;
SELECT k, i FROM numbers GROUP BY k;
SELECT k FROM numbers HAVING COUNT(*) > 1;
SELECT SUM(COUNT(*)) FROM numbers;
SELECT k, COUNT(*) FROM numbers WHERE COUNT(*) > 1 GROUP BY k;

-- nothing in: a global aggregate of a bounded stream emits no row
SELECT COUNT(*) AS n, SUM(i) AS s, AVG(i) AS a, MIN(i) AS mi, MAX(c) AS ma FROM numbers WHERE k = 'none';
SELECT k, COUNT(*) AS n FROM numbers WHERE k = 'none' GROUP BY k;
SELECT COUNT(*) AS n, COUNT(i) AS ni, SUM(i) AS s, AVG(i) AS a, MIN(i) AS mi, SUM(n) AS sn FROM numbers WHERE k = 'c';

-- changelogs
SELECT COUNT(*) AS n FROM numbers;
SELECT k, COUNT(*) AS n FROM numbers GROUP BY k;
SELECT k, SUM(i) AS s FROM numbers WHERE k = 'a' GROUP BY k;
SELECT k, MAX(i) AS m FROM numbers GROUP BY k;
SELECT k, MIN(dt) AS m, MAX(c) AS c FROM numbers GROUP BY k;
SELECT k, COUNT(DISTINCT c) AS n FROM numbers GROUP BY k;
SELECT k, AVG(i) AS a FROM numbers WHERE k = 'a' GROUP BY k;
SELECT DISTINCT k FROM numbers;
SELECT DISTINCT k, b FROM numbers;
SELECT k, COUNT(*) AS n FROM numbers GROUP BY k HAVING COUNT(*) > 1;
SELECT k, COUNT(*) AS n FROM numbers GROUP BY k HAVING COUNT(*) BETWEEN 2 AND 3;
SELECT n, COUNT(*) AS g FROM (SELECT k, COUNT(*) AS n FROM numbers GROUP BY k) AS x GROUP BY n;
SELECT SUM(n) AS total, MAX(n) AS most, MIN(n) AS least FROM (SELECT k, COUNT(*) AS n FROM numbers GROUP BY k) AS x;
SELECT UPPER(k) AS k, n * 2 AS n2 FROM (SELECT k, COUNT(*) AS n FROM numbers GROUP BY k) AS x WHERE n > 1;
SELECT b, k, COUNT(*) AS n FROM numbers GROUP BY GROUPING SETS ((b), (k), ());
SELECT b, GROUPING(b) AS g, COUNT(*) AS n FROM numbers GROUP BY ROLLUP (b);
SELECT COALESCE(k, '?') AS k, COUNT(*) AS n FROM numbers GROUP BY COALESCE(k, '?');
SELECT k, COUNT(*) AS n FROM numbers GROUP BY 1;
SELECT k AS kk, COUNT(*) AS n FROM numbers GROUP BY kk;

-- NaN and both zeros as keys and values
CREATE TABLE odd (v DOUBLE, f FLOAT) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/odd.jsonl');
SELECT v, COUNT(*) AS n FROM odd GROUP BY v;
SELECT f, COUNT(*) AS n FROM odd GROUP BY f;
SELECT MIN(v) AS mi, MAX(v) AS ma, SUM(v) AS s FROM odd;
SELECT MIN(v) AS mi, MAX(v) AS ma FROM odd WHERE v = v;
SELECT MIN(v) AS mi, MAX(v) AS ma FROM odd WHERE v <> 1 AND v <> 0;
SELECT COUNT(DISTINCT v) AS n FROM odd;

-- other operators that change what they emitted
SELECT k, i FROM numbers WHERE i IS NOT NULL ORDER BY i DESC LIMIT 2;
SELECT * FROM (SELECT k, i, ROW_NUMBER() OVER (PARTITION BY k ORDER BY i DESC) AS rn FROM numbers WHERE i IS NOT NULL) WHERE rn <= 1;
-- @fold
SELECT k FROM numbers WHERE i > 1 UNION SELECT k FROM numbers WHERE i < 0;
-- @fold
SELECT k FROM numbers WHERE i = 1 UNION ALL SELECT k FROM numbers WHERE i = -5;
-- @fold
SELECT k FROM numbers INTERSECT SELECT k FROM numbers WHERE i > 1;
-- @fold
SELECT k FROM numbers EXCEPT SELECT k FROM numbers WHERE i > 1;
-- @fold
SELECT k FROM numbers EXCEPT ALL SELECT k FROM numbers WHERE i > 1;
