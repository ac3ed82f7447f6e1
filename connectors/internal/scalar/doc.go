// Package scalar turns the text of single values into the integers of types.Vector and back, by the rules of Flink's
// formats: what stands in a JSON string, a CSV field or the name of a partition's folder.
//
// These rules are stricter than those of CAST, which live in types/temporal and udf/builtin: a format's timestamp has all
// its digits, a cast's may lack some. Nothing here allocates on the usual path. Start reading at Timestamps.
package scalar
