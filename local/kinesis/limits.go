package kinesis

import "time"

// AWS's limits (Kinesis API reference and "Quotas and limits" of the developer guide, as of 2026).
const (
	maxPutRecords        = 500
	maxPutBytes          = 10 << 20 // of one PutRecords: data and partition keys together
	maxRecordBytes       = 10 << 20 // of one record, if the stream allows it
	defaultRecordKiB     = 1024     // what a stream allows unless told otherwise
	maxPartitionKeyChars = 256
	maxGetRecords        = 10_000
	maxGetBytes          = 10 << 20
	maxTags              = 50
	maxConsumers         = 20     // of a stream
	maxShards            = 20_000 // of the account, in the large regions
	maxStreamShards      = 10_000 // of one stream, by UpdateShardCount
	onDemandShards       = 4      // of a new on-demand stream
	maxWarmMiBps         = 10 << 10
	onDemandStreams      = 50
	defaultRetention     = 24 // hours
	maxRetention         = 8760
	iteratorAge          = 5 * time.Minute
	defaultListConsumers = 100
	nextTokenAge         = 5 * time.Minute
)

// maxReads bounds how many answers of GetRecords, of up to 14 MB, are built at a time.
const maxReads = 16

// Bodies are bounded before they are decoded. Ten MiB of data take 14 MB as base64, a NextToken may have a MiB of
// characters; everything else is small.
const (
	maxDataBody = 16 << 20
	maxBody     = 2 << 20
)
