-- Visits: clicks of one person with no more than a minute between them, and how long each visit was.
--
--   weir run queries/examples/sessions.sql
CREATE TEMPORARY TABLE clicks (
  who  STRING,
  site STRING,
  ts   TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'filesystem', 'path' = 'queries/examples/data/clicks.jsonl', 'format' = 'json');

SELECT who, MIN(ts) AS came, TIMESTAMPDIFF(SECOND, MIN(ts), MAX(ts)) AS seconds, COUNT(*) AS clicks
FROM TABLE(SESSION(TABLE clicks PARTITION BY who, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, who
ORDER BY who, came;

-- Gives:
-- +-----+-------------------------+---------+--------+
-- | who | came                    | seconds | clicks |
-- +-----+-------------------------+---------+--------+
-- | ann | 2024-05-01 12:00:01.000 |      16 |      3 |
-- | ann | 2024-05-01 12:02:41.000 |      24 |      2 |
-- | bob | 2024-05-01 12:00:04.000 |       4 |      2 |
-- | bob | 2024-05-01 12:02:40.000 |       0 |      1 |
-- | cid | 2024-05-01 12:00:11.000 |       0 |      1 |
-- +-----+-------------------------+---------+--------+
-- 5 rows
