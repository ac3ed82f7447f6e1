package kinesis

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// position is where reading a shard goes on. Exactly one of the first four says where.
type position struct {
	Sequence    string `json:"sequence,omitempty"`    // behind the record of this number, or within it: see Sub
	Timestamp   int64  `json:"timestamp,omitempty"`   // with the first record that arrived then or later; milliseconds since 1970
	TrimHorizon bool   `json:"trimHorizon,omitempty"` // with the oldest record
	End         bool   `json:"end,omitempty"`         // nowhere: the shard is closed and has been read
	// Sub is how many user records of the aggregated record of this Sequence have been read, when others have not; else 0.
	Sub uint32 `json:"sub,omitempty"`
	// Seen is when all that had arrived had been read, 0 as long as that isn't known: what the stream drops of later times is
	// lost. Milliseconds since 1970.
	Seen int64 `json:"seen,omitempty"`
	// Until ends the split behind the last record that arrived before or at this time; 0 is never. Milliseconds since 1970.
	Until int64 `json:"until,omitempty"`
}

func (p position) marshal() []byte {
	b, err := json.Marshal(p)
	if err != nil {
		return []byte("null") // never happens: there is nothing in it that JSON lacks
	}
	return b
}

func parsePosition(shard string, raw []byte) (position, error) {
	var p position
	err := json.Unmarshal(raw, &p)
	places := 0
	for _, given := range []bool{p.Sequence != "", p.Timestamp != 0, p.TrimHorizon, p.End} {
		if given {
			places++
		}
	}
	if err != nil || places != 1 {
		return p, fmt.Errorf("shard %s: position %s does not say where to go on", shard, raw)
	}
	return p, nil
}

// start fills in the request for an iterator.
func (p position) start(in *kinesis.GetShardIteratorInput) {
	switch {
	case p.Sequence != "":
		in.ShardIteratorType = ktypes.ShardIteratorTypeAfterSequenceNumber
		if p.Sub > 0 {
			in.ShardIteratorType = ktypes.ShardIteratorTypeAtSequenceNumber
		}
		in.StartingSequenceNumber = aws.String(p.Sequence)
	case p.Timestamp != 0:
		in.ShardIteratorType = ktypes.ShardIteratorTypeAtTimestamp
		in.Timestamp = aws.Time(time.UnixMilli(p.Timestamp))
	default:
		in.ShardIteratorType = ktypes.ShardIteratorTypeTrimHorizon
	}
}

// subscribe is the place for a subscription.
func (p position) subscribe() *ktypes.StartingPosition {
	var in kinesis.GetShardIteratorInput
	p.start(&in)
	return &ktypes.StartingPosition{Type: in.ShardIteratorType, SequenceNumber: in.StartingSequenceNumber, Timestamp: in.Timestamp}
}

func (p position) String() string {
	switch {
	case p.Sequence != "":
		if p.Sub > 0 {
			return fmt.Sprintf("sequence number %s, user record %d", p.Sequence, p.Sub)
		}
		return "sequence number " + p.Sequence
	case p.Timestamp != 0:
		return time.UnixMilli(p.Timestamp).UTC().Format(time.RFC3339Nano)
	}
	return "the beginning"
}
