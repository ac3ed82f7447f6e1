-- Functions in Go, called like any other.
--
--   go run ./queries/examples/udf run queries/examples/udf/clicks.sql

CREATE TEMPORARY TABLE visits (phone STRING, agent STRING, url STRING, seconds DOUBLE)
WITH ('connector' = 'filesystem', 'path' = 'queries/examples/udf/visits.jsonl', 'format' = 'json');

DESCRIBE FUNCTION MASK_PHONE;

SELECT MASK_PHONE(phone) AS phone, BROWSER(agent) AS browser FROM visits;

SELECT name, `value` FROM visits, LATERAL TABLE(QUERY_PARAMS(url));

SELECT BROWSER(agent) AS browser, ROUND(GEO_MEAN(seconds), 3) AS seconds
FROM visits
GROUP BY BROWSER(agent)
ORDER BY browser;
