-- Step 9: what scores above 2 is an anomaly.
INSERT INTO tmpanomalydetectionstream
SELECT TO_TIMESTAMP(FROM_UNIXTIME(`time`)), ctr, score
FROM destinationstream
WHERE score > 2;
