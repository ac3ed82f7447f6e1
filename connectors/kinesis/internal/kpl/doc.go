// Package kpl packs several user records into one record of Kinesis and unpacks them, in the format of the Kinesis Producer
// Library, which the Kinesis Client Library, Flink's older source and AWS's aggregation modules read:
//
//	F3 89 9A C2 | AggregatedRecord, as protobuf | MD5 of the protobuf, 16 bytes
//
//	message AggregatedRecord {
//	  repeated string partition_key_table     = 1;
//	  repeated string explicit_hash_key_table = 2;
//	  repeated Record records                 = 3;
//	}
//	message Record {
//	  required uint64 partition_key_index     = 1;  // into the table
//	  optional uint64 explicit_hash_key_index = 2;  // into the table
//	  required bytes  data                    = 3;
//	  repeated Tag    tags                    = 4;  // nobody writes them; they are passed over
//	}
//
// The format is described at https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md. It knows
// nothing of shards: Range tells which user records are whose. Start reading at Decoder.
package kpl
