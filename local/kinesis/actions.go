package kinesis

import "context"

// action is one operation of the API.
type action struct {
	name    string
	maxBody int64
	serve   func(*Service, *call) error
}

// actions is the list of all operations served. To add one: a file action_x.go with its request and answer structs and a
// method of Service, a line here, a case in the conformance test, a line in the README's table.
var actions = []*action{
	{"AddTagsToStream", maxBody, op((*Service).addTagsToStream)},
	{"CreateStream", maxBody, op((*Service).createStream)},
	{"DecreaseStreamRetentionPeriod", maxBody, op((*Service).decreaseRetention)},
	{"DeleteResourcePolicy", maxBody, op((*Service).deleteResourcePolicy)},
	{"DeleteStream", maxBody, op((*Service).deleteStream)},
	{"DeregisterStreamConsumer", maxBody, op((*Service).deregisterConsumer)},
	{"DescribeAccountSettings", maxBody, op((*Service).describeAccountSettings)},
	{"DescribeLimits", maxBody, op((*Service).describeLimits)},
	{"DescribeStream", maxBody, op((*Service).describeStream)},
	{"DescribeStreamConsumer", maxBody, op((*Service).describeStreamConsumer)},
	{"DescribeStreamSummary", maxBody, op((*Service).describeStreamSummary)},
	{"DisableEnhancedMonitoring", maxBody, op((*Service).disableMonitoring)},
	{"EnableEnhancedMonitoring", maxBody, op((*Service).enableMonitoring)},
	{"GetRecords", maxBody, (*Service).getRecords},
	{"GetResourcePolicy", maxBody, op((*Service).getResourcePolicy)},
	{"GetShardIterator", maxBody, op((*Service).getShardIterator)},
	{"IncreaseStreamRetentionPeriod", maxBody, op((*Service).increaseRetention)},
	{"ListShards", maxBody, op((*Service).listShards)},
	{"ListStreamConsumers", maxBody, op((*Service).listStreamConsumers)},
	{"ListStreams", maxBody, op((*Service).listStreams)},
	{"ListTagsForResource", maxBody, op((*Service).listTagsForResource)},
	{"ListTagsForStream", maxBody, op((*Service).listTagsForStream)},
	{"MergeShards", maxBody, op((*Service).mergeShards)},
	{"PutRecord", maxDataBody, op((*Service).putRecord)},
	{"PutRecords", maxDataBody, (*Service).putRecords},
	{"PutResourcePolicy", maxBody, op((*Service).putResourcePolicy)},
	{"RegisterStreamConsumer", maxBody, op((*Service).registerConsumer)},
	{"RemoveTagsFromStream", maxBody, op((*Service).removeTagsFromStream)},
	{"SplitShard", maxBody, op((*Service).splitShard)},
	{"StartStreamEncryption", maxBody, op((*Service).startEncryption)},
	{"StopStreamEncryption", maxBody, op((*Service).stopEncryption)},
	{"SubscribeToShard", maxBody, (*Service).subscribeToShard},
	{"TagResource", maxBody, op((*Service).tagResource)},
	{"UntagResource", maxBody, op((*Service).untagResource)},
	{"UpdateAccountSettings", maxBody, op((*Service).updateAccountSettings)},
	{"UpdateMaxRecordSize", maxBody, op((*Service).updateMaxRecordSize)},
	{"UpdateShardCount", maxBody, op((*Service).updateShardCount)},
	{"UpdateStreamMode", maxBody, op((*Service).updateStreamMode)},
	{"UpdateStreamRecordDistributionStrategy", maxBody, op((*Service).updateDistribution)},
	{"UpdateStreamWarmThroughput", maxBody, op((*Service).updateWarmThroughput)},
}

var actionsByName = func() map[string]*action {
	m := make(map[string]*action, len(actions))
	for _, a := range actions {
		m[a.name] = a
	}
	return m
}()

// empty is the answer of operations that have none: a body of no bytes.
type empty = struct{}

// op wraps a method on decoded structs: decode, bind and validate, call, encode. The two operations that move records in
// bulk (GetRecords, PutRecords) don't use it; they read and write the bodies themselves, as does SubscribeToShard.
func op[In, Out any](method func(*Service, context.Context, *In) (*Out, error)) func(*Service, *call) error {
	return func(s *Service, c *call) error {
		in := new(In)
		if err := c.bind(in); err != nil {
			return err
		}
		out, err := method(s, c.ctx, in)
		if err != nil {
			return err
		}
		if _, none := any(*out).(empty); none {
			return nil
		}
		b, err := c.proto.encode(out)
		if err != nil {
			return err
		}
		c.reply.B = append(c.reply.B, b...)
		return nil
	}
}

// bind decodes the body into a request struct.
func (c *call) bind(in any) error {
	tree, err := c.proto.decode(c.body)
	if err != nil {
		return serializationError("%v", err)
	}
	return bind(tree, in)
}
