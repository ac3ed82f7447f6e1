-- What was spent per city. Customers are a changelog: ann has moved and cid is gone, so the result is that of the table
-- as it is at the end. Try -o changelog to see how it came about.
--
--   weir run queries/examples/join.sql
CREATE TEMPORARY TABLE clicks (
  who    STRING,
  amount DECIMAL(8, 2)
) WITH ('connector' = 'filesystem', 'path' = 'queries/examples/data/clicks.jsonl', 'format' = 'json');

CREATE TEMPORARY TABLE customers (
  who  STRING,
  city STRING,
  PRIMARY KEY (who) NOT ENFORCED
) WITH ('connector' = 'filesystem', 'path' = 'queries/examples/data/customers.jsonl', 'format' = 'changelog-json');

SELECT COALESCE(city, '(unknown)') AS city, SUM(amount) AS spent
FROM clicks LEFT JOIN customers ON clicks.who = customers.who
GROUP BY COALESCE(city, '(unknown)');

-- Gives:
-- +-----------+-------+
-- | city      | spent |
-- +-----------+-------+
-- | Biel      | 39.75 |
-- | (unknown) | 99.90 |
-- | Bern      |  4.10 |
-- +-----------+-------+
-- 3 rows
