// Package sns is the connector `sns`, weir's own: a table whose rows become messages of an Amazon SNS topic, one each,
// with subject and text made from templates over the columns. Rows are published in order, at least once.
package sns
