package kinesis

import (
	"context"
	"encoding/base64"
	"encoding/json"
)

// ListShards: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html
//
// All filters; without one, all shards that are open or have records left. A page's token keeps the filter, and expires after
// five minutes, as iterators do.

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
	Filter        string `json:",omitempty"`
	FilterShard   string `json:",omitempty"`
	FilterMillis  *int64 `json:",omitempty"`
}

const defaultListShards = 1000

func (s *Service) listShards(_ context.Context, in *listShardsInput) (*listShardsOutput, error) {
	page, err := s.shardsPage(in)
	if err != nil {
		return nil, err
	}
	st, m, err := s.settledStream(page.Stream, "")
	if err != nil {
		return nil, err
	}
	if at := in.StreamCreationTimestamp; at != nil && int64(*at)/1000 != m.CreatedMillis/1000 {
		return nil, s.noStream(page.Stream)
	}
	now := s.env.Now()
	shards := shardsAfter(st.layout.Load().listed(m.horizon(now)), page.After)
	if shards, err = page.filter(shards, &m, now); err != nil {
		return nil, err
	}
	limit := int(in.MaxResults)
	if limit == 0 {
		limit = defaultListShards
	}
	out := &listShardsOutput{}
	if len(shards) > limit {
		shards = shards[:limit]
		page.Issued, page.After = now, shards[limit-1].id
		token, err := json.Marshal(page)
		if err != nil {
			return nil, err
		}
		out.NextToken = base64.StdEncoding.EncodeToString(token)
	}
	out.Shards = describeShards(shards)
	return out, nil
}

// shardsPage tells which stream is meant, which of its shards, and after which one to begin.
func (s *Service) shardsPage(in *listShardsInput) (page shardsToken, err error) {
	if in.NextToken == "" {
		if in.StreamName == "" && in.StreamARN == "" {
			return page, invalidArgument("Either NextToken or StreamName should be provided.")
		}
		name, err := refer(in.StreamName, in.StreamARN)
		page = shardsToken{Stream: name, After: in.ExclusiveStartShardId}
		if f := in.ShardFilter; f != nil {
			page.Filter, page.FilterShard, page.FilterMillis = f.Type, f.ShardId, (*int64)(f.Timestamp)
		}
		return page, err
	}
	if in.StreamName != "" || in.StreamCreationTimestamp != nil {
		return page, invalidArgument("NextToken and StreamName cannot be provided together.")
	}
	if in.ExclusiveStartShardId != "" {
		return page, invalidArgument("NextToken and ExclusiveStartShardId cannot be provided together.")
	}
	b, err := base64.StdEncoding.DecodeString(in.NextToken)
	if err != nil || json.Unmarshal(b, &page) != nil || page.Stream == "" {
		return page, invalidArgument("NextToken is invalid.")
	}
	if s.env.Now()-page.Issued > nextTokenAge.Milliseconds() {
		return page, clientError("ExpiredNextTokenException", "NextToken has expired: it was issued at %s.", javaDate(page.Issued))
	}
	return page, nil
}

// filter selects the shards that the request's filter means.
func (p *shardsToken) filter(shards []*shard, m *streamMeta, now int64) ([]*shard, error) {
	var keep func(*shardMeta) bool
	switch p.Filter {
	case "AFTER_SHARD_ID":
		if p.FilterShard == "" {
			return nil, invalidArgument("ShardId must be specified for the shard filter type AFTER_SHARD_ID.")
		}
		return shardsAfter(shards, p.FilterShard), nil
	case "AT_TIMESTAMP", "FROM_TIMESTAMP":
		if p.FilterMillis == nil {
			return nil, invalidArgument("Timestamp must be specified for the shard filter type %s.", p.Filter)
		}
		at := *p.FilterMillis
		if p.Filter == "AT_TIMESTAMP" {
			keep = func(sm *shardMeta) bool { return sm.openAt(at) }
		} else {
			keep = func(sm *shardMeta) bool { return sm.ClosedMillis == 0 || at <= sm.ClosedMillis }
		}
	case "AT_TRIM_HORIZON":
		at := max(m.horizon(now), m.CreatedMillis)
		keep = func(sm *shardMeta) bool { return sm.openAt(at) }
	case "AT_LATEST":
		keep = func(sm *shardMeta) bool { return sm.ClosedMillis == 0 }
	default: // none, or FROM_TRIM_HORIZON
		return shards, nil
	}
	var out []*shard
	for _, sh := range shards {
		if keep(sh.meta.Load()) {
			out = append(out, sh)
		}
	}
	return out, nil
}
