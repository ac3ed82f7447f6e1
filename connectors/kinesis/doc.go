// Package kinesis is Flink's `kinesis` connector: streams of Amazon Kinesis Data Streams, or of weir's embedded server,
// which is reached by the same SDK over the same protocol.
//
// Reading takes each shard as a split whose position is a sequence number (source.go, position.go, lineage.go). A goroutine
// of the reader's asks for records (fetch.go), or has them pushed to a consumer (consumer.go, subscribe.go), unpacks aggregated
// ones (page.go, internal/kpl), and queues them; Poll turns them into columns (reader.go). Writing encodes
// rows into requests, which a goroutine of the writer's sends one after the other (sink.go, writer.go, request.go); with
// aggregation many rows go into one record (packer.go). Records may be compressed (compress.go).
// Start reading at Spec.
package kinesis
