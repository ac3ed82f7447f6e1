-- Statements of Flink's own test programs (Apache License 2.0), one or two of each kind.


CREATE TABLE t (
  a INT,
  b BIGINT,
  c VARCHAR
);

CREATE TABLE t (
  b BIGINT,
  cnt BIGINT,
  avg_a DOUBLE,
  min_c VARCHAR,
  PRIMARY KEY (b) NOT ENFORCED
);

INSERT INTO sink_t SELECT /*+ STATE_TTL('source_t' = '1s') */b, COUNT(*) AS cnt, AVG(a) FILTER (WHERE a > 1) AS avg_a, MIN(c) AS min_c FROM source_t GROUP BY b;

CREATE TABLE t (
  `ext` ROW<`nested` STRING NOT NULL>
);

CREATE TABLE t (
  `ext` ROW<`nested` ROW<`nested1` ROW<`nested2` STRING NOT NULL>>>
);

CREATE TABLE t (
  output STRING
);

INSERT INTO sink_t SELECT t2.ext.nested.nested1.nested2 FROM source_t2 t2 WHERE NOT EXISTS (SELECT 1 FROM source_t1 t1 WHERE t1.ext.nested = t2.ext.nested.nested1.nested2);

CREATE TABLE t (
  a DECIMAL(2, 1),
  b DECIMAL(4, 2),
  c TIMESTAMP(0),
  d TIMESTAMP(3)
);

CREATE TABLE t (
  x DECIMAL(4, 2),
  y TIMESTAMP(3)
);

INSERT INTO sink_t SELECT COALESCE(a, b) AS x, COALESCE(c, d) AS y FROM t;

CREATE TABLE t (
  a BIGINT,
  b DOUBLE
);

INSERT INTO sink_t SELECT a, b FROM source_t WHERE a > CAST(420 AS BIGINT);

CREATE TABLE t (
  a VARCHAR,
  b INT NOT NULL,
  c VARCHAR,
  PRIMARY KEY(a) NOT ENFORCED
);

CREATE TABLE t (
  a VARCHAR,
  b INT,
  c VARCHAR
);

INSERT INTO sink_t SELECT a, b, c FROM source_t;

CREATE TABLE t (
  a VARCHAR,
  b INT NOT NULL,
  c VARCHAR,
  d TIMESTAMP_LTZ(3),
  WATERMARK FOR d AS d,
  PRIMARY KEY(a) NOT ENFORCED
);

INSERT INTO sink_t SELECT a, b, c FROM source_t WHERE b < 10 AND CURRENT_WATERMARK(d) IS NULL OR CURRENT_WATERMARK(d) >= TIMESTAMP '1970-01-01 00:00:00';

CREATE TABLE t (
  id INT,
  vals ARRAY<INT NOT NULL>
);

CREATE TABLE t (
  id INT,
  val INT
);

INSERT INTO sink_t SELECT id, val FROM source_t CROSS JOIN UNNEST(vals) AS u(val);

CREATE TABLE t (
  a INTEGER,
  b BIGINT,
  c STRING
);

CREATE TABLE t (
  d INTEGER,
  e BIGINT,
  f STRING
);

CREATE TABLE t (
  i INTEGER,
  j BIGINT,
  k STRING
);

CREATE TABLE t (
  b BIGINT
);

INSERT INTO sink_t SELECT b FROM source_t1  WHERE (CASE WHEN a IN (SELECT 1 FROM source_t3) THEN 1 ELSE 2 END)  IN (SELECT d FROM source_t2 WHERE source_t1.c = source_t2.f);

CREATE TABLE t (
  order_id bigint,
  `user` varchar,
  product varchar,
  order_time bigint ,
  event_time as TO_TIMESTAMP(FROM_UNIXTIME(order_time)) ,
  proctime AS PROCTIME() 
);

CREATE TABLE t (
  order_id bigint,
  `user` varchar,
  product varchar,
  order_time bigint,
  primary key(product) not enforced
);

insert into MySink select order_id, user, product, order_time 
FROM (  SELECT *,    ROW_NUMBER() OVER (PARTITION BY product ORDER BY proctime ASC) AS row_num
  FROM MyTable)WHERE row_num = 1;

CREATE TABLE t (
  order_id bigint,
  `user` varchar,
  product varchar,
  order_time bigint ,
  event_time as TO_TIMESTAMP(FROM_UNIXTIME(order_time)) ,
  watermark for event_time as event_time - INTERVAL '5' second 
);

insert into MySink select order_id, user, product, order_time 
FROM (  SELECT *,    ROW_NUMBER() OVER (PARTITION BY product ORDER BY event_time DESC) AS row_num
  FROM MyTable)WHERE row_num = 1;

CREATE TABLE t (
  a int,
  b bigint,
  c varchar
);

CREATE TABLE t (
  b bigint,
  a bigint,
  c varchar,
  primary key (b) not enforced
);

insert into MySink select a, count(distinct b) as b, first_value(c) c from MyTable group by a;

CREATE TABLE t (
  a INT,
  b BIGINT,
  c INT,
  d VARCHAR,
  e BIGINT
);

CREATE TABLE t (
  e BIGINT,
  cnt_a1 BIGINT,
  cnt_a2 BIGINT,
  sum_a BIGINT,
  sum_b BIGINT,
  avg_b DOUBLE,
  cnt_d BIGINT,
  PRIMARY KEY (e) NOT ENFORCED
);

INSERT INTO sink_t SELECT e, COUNT(DISTINCT a) FILTER (WHERE b > 10) AS cnt_a1, COUNT(DISTINCT a) AS cnt_a2, SUM(DISTINCT a) AS sum_a, SUM(DISTINCT b) AS sum_b, AVG(b) AS avg_b, COUNT(DISTINCT d) AS concat_d FROM source_t GROUP BY e;

CREATE TABLE t (
  ts STRING,
  a_int INT,
  b_double DOUBLE,
  c_float FLOAT,
  d_bigdec DECIMAL(10, 2),
  `comment` STRING,
  name STRING,
  `rowtime` AS TO_TIMESTAMP(`ts`),
  `proctime` AS PROCTIME(),
  WATERMARK for `rowtime` AS `rowtime` - INTERVAL '1' SECOND
);

CREATE TABLE t (
  name STRING,
  cnt BIGINT
);

INSERT INTO sink_t SELECT name, COUNT(*) FROM source_t GROUP BY name, HOP(rowtime, INTERVAL '5' SECOND, INTERVAL '10' SECOND);

INSERT INTO sink_t SELECT name, COUNT(*) FROM source_t GROUP BY name, HOP(proctime, INTERVAL '5' SECOND, INTERVAL '10' SECOND);

CREATE TABLE t (
  b BIGINT,
  sum_b BIGINT,
  cnt_distinct_b BIGINT,
  cnt_1 BIGINT
);

INSERT INTO sink_t SELECT
         b,
         SUM(b1) AS sum_b,
         COUNT(DISTINCT b1) AS cnt_distinct_b,
         COUNT(1) AS cnt_1
     FROM
         (
             SELECT
                     a,
                     COUNT(b) AS b,
                     MAX(b) AS b1
             FROM source_t GROUP BY a
         )
     GROUP BY b;

CREATE TABLE t (
  name STRING,
  score INT
);

CREATE TABLE t (
  name STRING,
  score BIGINT
);

INSERT INTO sink_t SELECT name, SUM(score) FROM source_t GROUP BY name;

CREATE TABLE t (
  id INT,
  order_ts_str STRING,
  order_ts AS TO_TIMESTAMP(order_ts_str),
  WATERMARK for `order_ts` AS `order_ts` - INTERVAL '1' SECOND
);

CREATE TABLE t (
  id INT,
  order_id INT,
  shipment_ts_str STRING,
  shipment_ts AS TO_TIMESTAMP(shipment_ts_str),
  WATERMARK for `shipment_ts` AS `shipment_ts` - INTERVAL '1' SECOND
);

CREATE TABLE t (
  order_id INT,
  order_ts_str STRING,
  shipment_ts_str STRING
);

INSERT INTO sink_t SELECT
     o.id AS order_id,
     o.order_ts_str,
     s.shipment_ts_str
 FROM orders_t o
 JOIN shipments_t s ON o.id = s.order_id
 WHERE o.order_ts BETWEEN s.shipment_ts - INTERVAL '5' SECOND AND s.shipment_ts + INTERVAL '5' SECOND;

CREATE TABLE t (
  deptno int,
  salary bigint,
  name varchar
);

CREATE TABLE t (
  department_num int,
  b2 bigint,
  b3 int,
  department_name varchar
);

CREATE TABLE t (
  name varchar
);

insert into MySink SELECT name FROM EMPLOYEE WHERE deptno NOT IN (SELECT department_num FROM DEPARTMENT);

CREATE TABLE t (
  a INT,
  b VARCHAR,
  c INT
);

CREATE TABLE t (
  a INT,
  b VARCHAR,
  c BIGINT
);

INSERT INTO sink_t SELECT * from source_t LIMIT 3;

CREATE TABLE t (
  id INT PRIMARY KEY NOT ENFORCED,
  name STRING,
  age INT,
  city STRING,
  state STRING,
  zipcode INT
);

CREATE TABLE t (
  order_id INT,
  customer_id INT,
  total DOUBLE,
  order_time STRING,
  proc_time AS PROCTIME()
);

CREATE TABLE t (
  order_id INT,
  total DOUBLE,
  id INT,
  name STRING,
  age INT,
  city STRING,
  state STRING,
  zipcode INT
);

INSERT INTO sink_t SELECT O.order_id, O.total, C.id, C.name, C.age, C.city, C.state, C.zipcode FROM orders_t as O JOIN customers_t FOR SYSTEM_TIME AS OF O.proc_time AS C ON O.customer_id = C.id AND C.age > 30;

INSERT INTO sink_t SELECT O.order_id, O.total, C.id, C.name, C.age, C.city, C.state, C.zipcode FROM orders_t as O LEFT JOIN customers_t FOR SYSTEM_TIME AS OF O.proc_time AS C ON O.customer_id = C.id AND CAST(O.total AS INT) < C.age;

CREATE TABLE t (
  ts STRING,
  price INT,
  sequence_num INT,
  `rowtime` AS TO_TIMESTAMP(`ts`),
  `proctime` AS PROCTIME(),
  WATERMARK for `rowtime` AS `rowtime` - INTERVAL '2' SECOND
);

CREATE TABLE t (
  first bigint,
  last bigint,
  up bigint
);

insert into MySink SELECT * FROM MyEventTimeTable MATCH_RECOGNIZE (
   ORDER BY rowtime
  MEASURES
    FIRST(DOWN.price) as first,
    LAST(DOWN.price) as last,
    UP.price as up
  ONE ROW PER MATCH
  AFTER MATCH SKIP PAST LAST ROW
  PATTERN (DOWN{2,} UP)
  DEFINE
    DOWN AS price < LAST(DOWN.price, 1) OR LAST(DOWN.price, 1) IS NULL,
    UP AS price > LAST(DOWN.price)
) AS T;

insert into MySink SELECT * FROM MyEventTimeTable MATCH_RECOGNIZE (
   ORDER BY rowtime, sequence_num
  MEASURES
    FIRST(DOWN.price) as first,
    LAST(DOWN.price) as last,
    UP.price as up
  ONE ROW PER MATCH
  AFTER MATCH SKIP PAST LAST ROW
  PATTERN (DOWN{2,} UP)
  DEFINE
    DOWN AS price < LAST(DOWN.price, 1) OR LAST(DOWN.price, 1) IS NULL,
    UP AS price > LAST(DOWN.price)
) AS T;

CREATE TABLE t (
  ts STRING,
  id STRING,
  num INT,
  name STRING,
  row_time AS TO_TIMESTAMP(`ts`),
  WATERMARK for `row_time` AS `row_time` - INTERVAL '1' SECOND
);

CREATE TABLE t (
  window_start TIMESTAMP(3),
  window_end TIMESTAMP(3),
  name STRING,
  L_id STRING,
  L_num INT,
  R_id STRING,
  R_num INT
);

INSERT INTO sink_t SELECT
L.window_start AS window_start,
L.window_end AS window_end,
L.name AS name,
L.id AS L_id,
L.num AS L_num,
R.id AS R_id,
R.num AS R_num
FROM
(
    SELECT * FROM TABLE(TUMBLE(TABLE source_one_t, DESCRIPTOR(row_time), INTERVAL '1' SECOND))
) L
JOIN
(
    SELECT * FROM TABLE(TUMBLE(TABLE source_two_t, DESCRIPTOR(row_time), INTERVAL '1' SECOND))
) R
ON L.name = R.name
AND L.window_start = R.window_start
AND L.window_end = R.window_end;

CREATE TABLE t (
  ts TIMESTAMP_LTZ(3),
  val INT
);

CREATE TABLE t (
  val INT,
  cnt BIGINT
);

INSERT INTO timestamp_ltz_range_sink SELECT val, COUNT(val) OVER (ORDER BY ts RANGE BETWEEN INTERVAL '10' SECOND PRECEDING AND CURRENT ROW) FROM timestamp_ltz_range_source;

CREATE TABLE t (
  ts STRING,
  b MAP<DOUBLE, DOUBLE>,
  `r_time` AS TO_TIMESTAMP(`ts`),
  WATERMARK for `r_time` AS `r_time`
);

CREATE TABLE t (
  ts STRING,
  b MAP<DOUBLE, DOUBLE>
);

INSERT INTO sink_t SELECT ts, LAG(b, 1) over (order by r_time) AS bLag FROM t;

CREATE TABLE t (
  a STRING,
  b INT,
  c INT,
  t as proctime()
);

CREATE TABLE t (
  a varchar,
  b int,
  c bigint
);

insert into `result1` select * from (select a, b, rank() over(partition by a order by b) as c from MyTable1) where c = 2;

insert into `result1` select * from (select a, b, row_number() over(partition by a order by t asc) as c from MyTable1) where c <= 2;

INSERT INTO sink_t SELECT * FROM source_t;

INSERT INTO sink_t SELECT * from source_t ORDER BY a;

INSERT INTO sink_t SELECT * from source_t ORDER BY a DESC;

INSERT INTO sink_t SELECT a, b, c FROM source_t LIMIT 2;

CREATE TABLE t (
  a INT,
  b BIGINT,
  c VARCHAR,
  ts TIMESTAMP(3) METADATA,
  watermark for ts as ts - interval '1' second
);

CREATE TABLE t (
  a INT
);

INSERT INTO sink_t SELECT a FROM source_t WHERE b = 2 AND a > 2;

CREATE TABLE t (
  amount bigint,
  nested_row ROW<currency STRING>,
  nested_map MAP<STRING NOT NULL, STRING>,
  order_time STRING,
  rowtime as TO_TIMESTAMP(order_time) ,
  WATERMARK FOR rowtime AS rowtime
);

CREATE TABLE t (
  currency STRING,
  rate bigint,
  rate_time STRING,
  rowtime as TO_TIMESTAMP(rate_time) ,
  WATERMARK FOR rowtime AS rowtime,
  PRIMARY KEY(currency) NOT ENFORCED
);

CREATE TABLE t (
  amount bigint
);

INSERT INTO MySink SELECT amount * r.rate FROM OrdersNestedId AS o JOIN RatesHistory FOR SYSTEM_TIME AS OF o.rowtime AS r ON o.nested_map['currency'] = r.currency;

INSERT INTO MySink SELECT amount * r.rate FROM OrdersNestedId AS o JOIN RatesHistory FOR SYSTEM_TIME AS OF o.rowtime AS r ON (case when o.nested_row.currency = 'usd' then upper(o.nested_row.currency) ELSE o.nested_row.currency END) = r.currency;

CREATE TABLE t (
  ts STRING,
  `int` INT,
  `double` DOUBLE,
  `rowtime` AS TO_TIMESTAMP(`ts`),
  WATERMARK for `rowtime` AS `rowtime` - INTERVAL '1' SECOND
);

insert into sink_t SELECT `int` FROM source_t order by rowtime, `double`;

CREATE TABLE t (
  a BIGINT,
  b INT NOT NULL,
  c VARCHAR,
  d TIMESTAMP(3)
);

CREATE TABLE t (
  d BIGINT,
  e INT NOT NULL
);

CREATE TABLE t (
  a BIGINT,
  b INT
);

INSERT INTO sink_t1_union_t2 SELECT * FROM (SELECT a, b FROM source_t1) UNION (SELECT d, e FROM source_t2);

CREATE TABLE t (
  b INT,
  a INT,
  c VARCHAR
);

INSERT INTO sink_t SELECT * FROM (VALUES (1, 2, 'Hi'), (3, 4, 'Hello'));

CREATE TABLE t (
  i INT,
  b BIGINT,
  s STRING,
  ts AS TO_TIMESTAMP_LTZ(b, 3),
  WATERMARK for ts AS ts - INTERVAL '1' SECOND
);

CREATE TABLE t (
  i INT,
  s STRING,
  ts TIMESTAMP_LTZ(3),
  w TIMESTAMP_LTZ(3)
);

INSERT INTO sink_t SELECT i, s, ts, CURRENT_WATERMARK(ts) as w FROM source_t;

CREATE TABLE t (
  a INT,
  b BYTES,
  ts AS TO_TIMESTAMP(DECODE(b, 'UTF-8')),
  WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
);

CREATE TABLE t (
  a INT,
  ts TIMESTAMP(3)
);

INSERT INTO sink_t SELECT a, ts FROM source_t;

CREATE TABLE t (
  name STRING,
  window_start TIMESTAMP(3),
  window_end TIMESTAMP(3),
  cnt BIGINT,
  sum_int INT,
  distinct_cnt BIGINT
);

INSERT INTO window_sink_t SELECT name, window_start, window_end, COUNT(*), SUM(a_int), COUNT(DISTINCT `comment`) FROM TABLE(CUMULATE(TABLE window_source_t, DESCRIPTOR(rowtime), INTERVAL '5' SECOND, INTERVAL '15' SECOND))
GROUP BY name, window_start, window_end;

INSERT INTO window_sink_t SELECT name, window_start, window_end, COUNT(*), SUM(a_int), COUNT(DISTINCT `comment`) FROM TABLE(CUMULATE(TABLE window_source_t, DESCRIPTOR(rowtime), INTERVAL '5' SECOND, INTERVAL '15' SECOND, INTERVAL '1' SECOND))
GROUP BY name, window_start, window_end;

CREATE TABLE t (
  ts STRING,
  price DECIMAL(10,2),
  item STRING,
  supplier_id STRING,
  `bid_time` AS TO_TIMESTAMP(`ts`),
  `proc_time` AS PROCTIME(),
  WATERMARK for `bid_time` AS `bid_time` - INTERVAL '1' SECOND
);

CREATE TABLE t (
  bid_time TIMESTAMP(3),
  price DECIMAL(10,2),
  item STRING,
  supplier_id STRING,
  window_start TIMESTAMP(3),
  window_end TIMESTAMP(3),
  row_num BIGINT
);

INSERT INTO sink_t SELECT *
  FROM (
    SELECT
         bid_time,
         price,
         item,
         supplier_id,
         window_start,
         window_end, 
         ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY bid_time ASC) AS row_num
    FROM TABLE(CUMULATE(TABLE bid_t, DESCRIPTOR(bid_time), INTERVAL '5' SECOND, INTERVAL '10' SECOND))
  ) WHERE row_num <= 1;

INSERT INTO sink_t SELECT *
  FROM (
    SELECT
         bid_time,
         price,
         item,
         supplier_id,
         window_start,
         window_end, 
         ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY bid_time ASC) AS row_num
    FROM TABLE(HOP(TABLE bid_t, DESCRIPTOR(bid_time), INTERVAL '5' SECOND, INTERVAL '10' SECOND))
  ) WHERE row_num <= 1;

INSERT INTO sink_t SELECT window_start, window_end, name, id, num, 'NOT_PRESENT', 0
           FROM (
               SELECT * FROM TABLE(TUMBLE(TABLE source_one_t, DESCRIPTOR(row_time), INTERVAL '5' SECOND))
           ) L WHERE NOT EXISTS (
             SELECT * FROM (   
               SELECT * FROM TABLE(TUMBLE(TABLE source_two_t, DESCRIPTOR(row_time), INTERVAL '5' SECOND))
             ) R              WHERE L.name = R.name AND L.window_start = R.window_start AND L.window_end = R.window_end);

INSERT INTO sink_t SELECT
L.window_start AS window_start,
L.window_end AS window_end,
L.name AS name,
L.id AS L_id,
L.num AS L_num,
R.id AS R_id,
R.num AS R_num
FROM
(
    SELECT * FROM TABLE(CUMULATE(TABLE source_one_t, DESCRIPTOR(row_time), INTERVAL '5' SECOND, INTERVAL '10' SECOND))
) L
JOIN
(
    SELECT * FROM TABLE(CUMULATE(TABLE source_two_t, DESCRIPTOR(row_time), INTERVAL '5' SECOND, INTERVAL '10' SECOND))
) R
ON L.name = R.name
AND L.window_start = R.window_start
AND L.window_end = R.window_end;

CREATE TABLE t (
  window_start TIMESTAMP(3),
  window_end TIMESTAMP(3),
  bid_time TIMESTAMP(3),
  supplier_id STRING,
  price DECIMAL(10,2),
  item STRING,
  row_num BIGINT
);

INSERT INTO sink_t SELECT *
  FROM (
    SELECT
         window_start,
         window_end, 
         bid_time,
         supplier_id,
         price,
         item,
         ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY price ASC) AS row_num
    FROM TABLE(CUMULATE(TABLE bid_t, DESCRIPTOR(bid_time), INTERVAL '5' SECOND, INTERVAL '10' SECOND))
  ) WHERE row_num <= 3;

CREATE TABLE t (
  window_start TIMESTAMP(3),
  window_end TIMESTAMP(3),
  supplier_id STRING,
  total_price DECIMAL(10,2),
  cnt BIGINT,
  row_num BIGINT
);

INSERT INTO sink_t SELECT *
  FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY price DESC) as row_num
    FROM (
      SELECT window_start, window_end, supplier_id, SUM(price) as price, COUNT(*) as cnt
      FROM TABLE(TUMBLE(TABLE bid_t, DESCRIPTOR(bid_time), INTERVAL '10' SECOND))
      GROUP BY window_start, window_end, supplier_id
    )
  ) WHERE row_num <= 3;

CREATE TABLE t (
  ts STRING,
  price DECIMAL(10,2),
  item STRING,
  `bid_time` AS TO_TIMESTAMP(`ts`),
  `proc_time` AS PROCTIME(),
  WATERMARK for `bid_time` AS `bid_time` - INTERVAL '1' SECOND
);

CREATE TABLE t (
  price DECIMAL(10,2)
);

INSERT INTO sink_t SELECT
     SUM(price)
 FROM
     TABLE(CUMULATE(TABLE bid_t, DESCRIPTOR(proc_time), INTERVAL '5' SECOND, INTERVAL '10' SECOND))
 GROUP BY window_start, window_end;

CREATE TABLE t (
  window_start TIMESTAMP(3),
  window_end TIMESTAMP(3),
  price DECIMAL(10,2)
);

INSERT INTO sink_t SELECT
     window_start,
     window_end,
     SUM(price)
 FROM
     TABLE(CUMULATE(TABLE bid_t, DESCRIPTOR(bid_time), INTERVAL '5' SECOND, INTERVAL '10' SECOND))
 GROUP BY window_start, window_end;
