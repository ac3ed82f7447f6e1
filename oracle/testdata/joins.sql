-- Regular joins of two bounded inputs: the table that remains. The changelog depends on which side is read first.

CREATE TABLE orders (id INT, customer INT, item STRING, price DECIMAL(10, 2))
  WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/orders.jsonl');
CREATE TABLE customers (id BIGINT, name STRING, code STRING)
  WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/customers.jsonl');
CREATE TABLE changes (id INT, city STRING)
  WITH ('connector' = 'filesystem', 'format' = 'changelog-json', 'path' = '$DIR/in/changes.jsonl');

-- equality of INT and BIGINT keys; NULL keys match nothing; duplicates multiply
-- @fold
SELECT o.id, o.item, c.name FROM orders o [[JOIN | LEFT JOIN | RIGHT JOIN | FULL JOIN]] customers c ON o.customer = c.id;
-- @fold
SELECT o.id, c.name FROM orders o [[JOIN | LEFT JOIN | RIGHT JOIN | FULL JOIN]] customers c ON o.customer = c.id AND o.price > 1;
-- @fold
SELECT o.id, c.name FROM orders o [[JOIN | LEFT JOIN | FULL JOIN]] customers c ON o.customer IS NOT DISTINCT FROM c.id;
-- @fold
SELECT a.id AS a, b.id AS b FROM orders a [[JOIN | LEFT JOIN]] orders b ON a.customer IS NOT DISTINCT FROM b.customer AND a.id < b.id;
-- @fold
SELECT o.id, c.name FROM orders o LEFT JOIN customers c ON o.customer = c.id WHERE c.name IS NULL;
-- @fold
SELECT o.id, c.name FROM orders o, customers c WHERE o.customer = c.id AND c.name <> 'ann';
-- @fold
SELECT o.id, c.name FROM orders o [[JOIN | LEFT JOIN | FULL JOIN]] customers c ON o.price < c.id AND o.id = 1;
-- @fold
SELECT o.id, c.name FROM orders o CROSS JOIN customers c WHERE o.id = 1;
-- @fold
SELECT o.id, c.name FROM orders o JOIN customers c ON CAST(o.customer AS STRING) = c.code;
-- @fold
SELECT * FROM orders o JOIN customers c ON o.customer = c.id WHERE o.id = 2;
-- @fold
SELECT * FROM orders JOIN customers USING (id);
-- @fold
SELECT * FROM orders NATURAL JOIN customers;
-- @fold
SELECT a.id AS a, b.id AS b FROM orders a JOIN orders b ON a.item = b.item AND a.id < b.id;
-- @fold
SELECT o.id, c.name, d.city FROM orders o LEFT JOIN customers c ON o.customer = c.id LEFT JOIN changes d ON o.customer = d.id;

-- over a changelog
-- @fold
SELECT o.id, d.city FROM orders o [[JOIN | LEFT JOIN | RIGHT JOIN | FULL JOIN]] changes d ON o.customer = d.id;
SELECT id, city FROM changes;
SELECT id, UPPER(city) AS city FROM changes WHERE city <> 'Oslo';
SELECT id, COUNT(*) AS n, MAX(city) AS m, MIN(city) AS mi FROM changes GROUP BY id;
SELECT COUNT(*) AS n, COUNT(DISTINCT city) AS nd, SUM(id) AS s, AVG(id) AS a FROM changes;
SELECT city, LAST_VALUE(id) AS lv, FIRST_VALUE(id) AS fv, LISTAGG(city) AS la FROM changes GROUP BY city;

-- aggregates on either side and above
-- @fold
SELECT c.name, t.n, t.total FROM customers c LEFT JOIN (SELECT customer, COUNT(*) AS n, SUM(price) AS total FROM orders GROUP BY customer) t ON c.id = t.customer;
-- @fold
SELECT c.name, COUNT(*) AS n, COUNT(o.id) AS nr, SUM(o.price) AS s FROM customers c LEFT JOIN orders o ON c.id = o.customer GROUP BY c.name;

-- semi and anti joins
-- @fold
SELECT id FROM orders WHERE customer IN (SELECT CAST(id AS INT) FROM customers);
-- @fold
SELECT id FROM orders WHERE customer NOT IN (SELECT CAST(id AS INT) FROM customers WHERE id IS NOT NULL);
-- @fold
SELECT id FROM orders WHERE customer NOT IN (SELECT CAST(id AS INT) FROM customers);
-- @fold
SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM customers c WHERE c.id = o.customer);
-- @fold
SELECT id FROM orders o WHERE NOT EXISTS (SELECT 1 FROM customers c WHERE c.id = o.customer);
-- @fold
SELECT id, (SELECT MAX(price) FROM orders) AS m FROM orders WHERE id < 3;
-- @fold
SELECT id FROM orders WHERE price = (SELECT MAX(price) FROM orders);
-- @fold
SELECT o.id, t.tag FROM orders o CROSS JOIN UNNEST(ARRAY['a', 'b']) AS t (tag) WHERE o.id = 1;

-- refused
SELECT o.id FROM orders o JOIN customers c ON o.customer = c.code;
SELECT id FROM orders o JOIN customers c ON o.customer = c.id;
SELECT o.id FROM orders o JOIN nowhere c ON o.customer = c.id;
SELECT o.id FROM orders o JOIN customers c ON o.nothing = c.id;
SELECT o.id, c.name FROM orders o CROSS JOIN customers c ON o.customer = c.id;
SELECT o.id FROM orders o JOIN customers c;

-- interval join over event time: rows are append-only, padded when the watermark has passed
SET 'pipeline.auto-watermark-interval' = '0';
CREATE TABLE sent (id INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/sent.jsonl');
CREATE TABLE seen (id INT, seen_at TIMESTAMP(3), WATERMARK FOR seen_at AS seen_at) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/seen.jsonl');
-- @fold
SELECT s.id, s.ts, v.seen_at FROM sent s [[JOIN | LEFT JOIN | FULL JOIN]] seen v ON s.id = v.id AND v.seen_at BETWEEN s.ts AND s.ts + INTERVAL '10' SECOND;
