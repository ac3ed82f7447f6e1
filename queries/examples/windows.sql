-- Clicks per site and ten seconds. One click comes after a later one, within the five seconds that the watermark allows.
--
--   weir run queries/examples/windows.sql
CREATE TEMPORARY TABLE clicks (
  who    STRING,
  site   STRING,
  amount DECIMAL(8, 2),
  ts     TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'filesystem', 'path' = 'queries/examples/data/clicks.jsonl', 'format' = 'json');

SELECT window_start, site, COUNT(*) AS clicks, COUNT(DISTINCT who) AS people, SUM(amount) AS spent
FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND))
GROUP BY window_start, window_end, site
ORDER BY window_start, site;

-- Gives:
-- +-------------------------+------+--------+--------+--------+
-- | window_start            | site | clicks | people |  spent |
-- +-------------------------+------+--------+--------+--------+
-- | 2024-05-01 12:00:00.000 | news |      2 |      2 | <NULL> |
-- | 2024-05-01 12:00:00.000 | shop |      2 |      2 |  15.50 |
-- | 2024-05-01 12:00:10.000 | shop |      2 |      2 | 107.15 |
-- | 2024-05-01 12:02:40.000 | news |      1 |      1 | <NULL> |
-- | 2024-05-01 12:02:40.000 | shop |      1 |      1 |   1.10 |
-- | 2024-05-01 12:03:00.000 | shop |      1 |      1 |  20.00 |
-- +-------------------------+------+--------+--------+--------+
-- 6 rows
