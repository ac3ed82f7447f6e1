-- What the lab leaves to a Lambda function: an e-mail for every anomaly, through SNS. The connector `sns` is weir's own.
DROP TEMPORARY TABLE IF EXISTS notifications;
CREATE TEMPORARY TABLE notifications (
  rowtime       TIMESTAMP,
  ctrpercent    DOUBLE,
  anomaly_score DOUBLE
) WITH (
  'connector' = 'sns',
  'topic' = 'ClickStreamEvent2',
  'aws.region' = 'us-east-1',
  'subject' = 'Anomaly Detected',
  'message' = 'Anomaly detected with a click through rate of ${ctrpercent}% and an anomaly score of ${anomaly_score}'
);

INSERT INTO notifications SELECT * FROM anomalydetectionstream;
