package kinesis

import (
	"context"
	"encoding/base64"
	"encoding/json"
)

// ListShards: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html
//
// Every shard is open from its stream's creation on, so the filters by time select all shards of a stream that existed
// then; AFTER_SHARD_ID and ExclusiveStartShardId select by ID. Pages expire after five minutes, as iterators do.

type listShardsInput struct {
	ExclusiveStartShardId   string       `shape:"ShardId"`
	MaxResults              int64        `shape:"ListShardsInputLimit"`
	NextToken               string       `shape:"NextToken"`
	ShardFilter             *shardFilter `shape:"Struct"`
	StreamARN               string       `shape:"StreamARN"`
	StreamCreationTimestamp *millis      `shape:"Timestamp"`
	StreamName              string       `shape:"StreamName"`
}

type shardFilter struct {
	ShardId   string  `shape:"ShardId"`
	Timestamp *millis `shape:"Timestamp"`
	Type      string  `shape:"ShardFilterType,required"`
}

type listShardsOutput struct {
	NextToken string `json:",omitempty"`
	Shards    []shardOutput
}

// shardsToken is what NextToken carries, as JSON in base64.
type shardsToken struct {
	Issued        int64
	Stream, After string
}

const defaultListShards = 1000

func (s *Service) listShards(_ context.Context, in *listShardsInput) (*listShardsOutput, error) {
	name, after, err := s.shardsPage(in)
	if err != nil {
		return nil, err
	}
	st, m, err := s.activeStream(name, "")
	if err != nil {
		return nil, err
	}
	if at := in.StreamCreationTimestamp; at != nil && int64(*at)/1000 != m.CreatedMillis/1000 {
		return nil, s.noStream(name)
	}
	shards := shardsAfter(st.shards, after)
	if f := in.ShardFilter; f != nil {
		if shards, err = f.filter(shards, &m); err != nil {
			return nil, err
		}
	}
	limit := int(in.MaxResults)
	if limit == 0 {
		limit = defaultListShards
	}
	out := &listShardsOutput{}
	if len(shards) > limit {
		shards = shards[:limit]
		token, err := json.Marshal(shardsToken{s.env.Now(), name, shards[limit-1].id})
		if err != nil {
			return nil, err
		}
		out.NextToken = base64.StdEncoding.EncodeToString(token)
	}
	out.Shards = describeShards(shards)
	return out, nil
}

// shardsPage tells which stream is meant and after which shard to begin.
func (s *Service) shardsPage(in *listShardsInput) (name, after string, err error) {
	if in.NextToken == "" {
		if in.StreamName == "" && in.StreamARN == "" {
			return "", "", invalidArgument("Either NextToken or StreamName should be provided.")
		}
		name, err = refer(in.StreamName, in.StreamARN)
		return name, in.ExclusiveStartShardId, err
	}
	if in.StreamName != "" || in.StreamCreationTimestamp != nil {
		return "", "", invalidArgument("NextToken and StreamName cannot be provided together.")
	}
	if in.ExclusiveStartShardId != "" {
		return "", "", invalidArgument("NextToken and ExclusiveStartShardId cannot be provided together.")
	}
	var token shardsToken
	b, err := base64.StdEncoding.DecodeString(in.NextToken)
	if err != nil || json.Unmarshal(b, &token) != nil {
		return "", "", invalidArgument("NextToken is invalid.")
	}
	if s.env.Now()-token.Issued > nextTokenAge.Milliseconds() {
		return "", "", clientError("ExpiredNextTokenException", "NextToken has expired: it was issued at %s.", javaDate(token.Issued))
	}
	return token.Stream, token.After, nil
}

func (f *shardFilter) filter(shards []*shard, m *streamMeta) ([]*shard, error) {
	switch f.Type {
	case "AFTER_SHARD_ID":
		if f.ShardId == "" {
			return nil, invalidArgument("ShardId must be specified for the shard filter type AFTER_SHARD_ID.")
		}
		return shardsAfter(shards, f.ShardId), nil
	case "AT_TIMESTAMP", "FROM_TIMESTAMP":
		if f.Timestamp == nil {
			return nil, invalidArgument("Timestamp must be specified for the shard filter type %s.", f.Type)
		}
		if f.Type == "AT_TIMESTAMP" && int64(*f.Timestamp) < m.CreatedMillis/1000*1000 {
			return nil, nil
		}
	}
	return shards, nil
}
