package kinesis

import "context"

// PutRecord: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html
//
// SequenceNumberForOrdering is checked for its form and otherwise has nothing to do: a record always follows those whose
// answers came before it was sent.

type putRecordInput struct {
	Data                      []byte `shape:"Data,required"`
	ExplicitHashKey           string `shape:"HashKey"`
	PartitionKey              string `shape:"PartitionKey,required"`
	SequenceNumberForOrdering string `shape:"SequenceNumber"`
	StreamARN                 string `shape:"StreamARN"`
	StreamName                string `shape:"StreamName"`
}

type putRecordOutput struct {
	EncryptionType string `json:",omitempty"` // as of each record in GetRecords: only of a stream that is encrypted
	SequenceNumber string
	ShardID        string `json:"ShardId"`
}

func (s *Service) putRecord(_ context.Context, in *putRecordInput) (*putRecordOutput, error) {
	st, m, err := s.writableStream(in.StreamName, in.StreamARN)
	if err != nil {
		return nil, err
	}
	e, err := newEntry(in.PartitionKey, in.ExplicitHashKey, in.Data)
	if err != nil {
		return nil, err
	}
	if !m.fits(&e) {
		var v violations
		m.tooLarge(&e, "data", &v)
		return nil, v.err()
	}
	if after := in.SequenceNumberForOrdering; after != "" {
		if seq, ok := parseSequence(after); !ok || seq.time*1000 > s.env.Now() {
			return nil, invalidArgument("ExclusiveMinimumSequenceNumber %s used in PutRecord on stream %s under account %s is invalid.",
				after, m.Name, s.env.Account)
		}
	}
	entries, out := [1]entry{e}, [1]placed{}
	st.distribute(&m, entries[:])
	if s.throttled(st, entries[:]); entries[0].failed {
		return nil, clientError(exceeded, "%s", s.rateExceeded(entries[0].throttled, m.Name))
	}
	if err := s.append(st, entries[:], out[:]); err != nil {
		return nil, err
	}
	reply := &putRecordOutput{SequenceNumber: out[0].seq.String(), ShardID: out[0].shard.id}
	if m.KeyID != "" {
		reply.EncryptionType = m.encryption()
	}
	return reply, nil
}
