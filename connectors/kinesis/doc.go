// Package kinesis is the connector `kinesis`: Amazon Kinesis Data Streams as a source, shards as splits, and as a sink.
//
// It reaches AWS and weir's embedded server alike, through aws-sdk-go-v2. Options carry the names of Flink's connector in
// both vocabularies (scan.… and source.…). Requests are repeated by the connector, on the job's clock; the SDK repeats
// nothing. Start reading at spec.go, then reader.go and writer.go.
package kinesis
