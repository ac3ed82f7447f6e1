package kinesis

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/internal/awsclient"
	"github.com/weirsql/weir/connectors/kinesis/internal/kpl"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
)

// source implements connectors.Source.
type source struct {
	*stream
	initial   initial
	end       end
	discovery time.Duration
	lineage   *lineage
	consumer  *consumer // of enhanced fan-out; nil with polling
	pushed    bool      // its subscriptions are used

	begun  bool              // Splits has been called, or the job goes on from a checkpoint: other shards are new
	latest map[string]string // shard → iterator of LATEST, from the start of the job
	kept   retention
	ranges ranges
}

var (
	_ connectors.Source    = (*source)(nil)
	_ connectors.Restorer  = (*source)(nil)
	_ connectors.Releaser  = (*source)(nil)
	_ connectors.Forgetter = (*source)(nil)
)

func newSource(env *connectors.Env, t *connectors.Table) (connectors.Source, error) {
	str, err := newStream(env, t, "", false)
	if err != nil {
		return nil, err
	}
	v := t.Options
	s := &source{stream: str, lineage: newLineage(), latest: map[string]string{},
		discovery: v.Duration("scan.shard.discovery.intervalmillis")}
	if s.initial, err = s.readInitial(); err != nil {
		return nil, err
	}
	if s.end, err = s.readEnd(s.initial); err != nil {
		return nil, err
	}
	if s.consumer, err = s.readConsumer(); err != nil {
		return nil, err
	}
	// Nobody can wait in time that jumps for what a server pushes, so there the same records are asked for.
	_, real := env.Clock.(clock.Real)
	s.pushed = s.consumer != nil && real
	switch {
	case v.Int("scan.shard.idle.interval") != -1:
		err := s.refuse("scan.shard.idle.interval", "-1").(*option.Error)
		err.Hint = "use 'scan.watermark.idle-timeout' to let a quiet shard not hold back the watermark"
		return nil, err
	case v.Duration("scan.watermark.lookahead.millis") != 0:
		err := s.refuse("scan.watermark.lookahead.millis", "0").(*option.Error)
		err.Hint = "use 'scan.watermark.alignment.group' and 'scan.watermark.alignment.max-drift' to hold back shards that are far ahead"
		return nil, err
	}
	if a := v.String("scan.shard-assigner"); !strings.EqualFold(a, "default") && !strings.EqualFold(a, "uniform") {
		return nil, s.refuse("scan.shard-assigner", "default or uniform")
	}
	if err := s.between("scan.shard.getrecords.maxrecordcount", 1, maxRecords); err != nil {
		return nil, err
	}
	if t.Format.NewDecoder == nil {
		return nil, option.Errorf("format", "the format %q cannot be read", t.Format.Name)
	}
	fields := s.columns()
	needed := make([]int, len(fields))
	for i := range needed {
		needed[i] = i
	}
	if _, err := s.decoder(needed, nil); err != nil { // finds what the format refuses before a job starts
		return nil, err
	}
	return s, nil
}

func (s *source) decoder(needed []int, ignored func(int)) (format.Decoder, error) {
	return s.table.Format.NewDecoder(format.Config{Columns: s.columns(), Needed: needed, Options: s.table.Options, Ignored: ignored})
}

// Mode implements connectors.Source.
func (s *source) Mode() types.ChangelogMode { return s.table.Format.Mode }

// Bounded implements connectors.Source.
func (s *source) Bounded() bool { return s.end.kind != "NONE" }

// DiscoveryInterval implements connectors.Source.
func (s *source) DiscoveryInterval() time.Duration { return s.discovery }

// ForgetAfter implements connectors.Forgetter: a shard is no longer listed when its last record has expired.
func (s *source) ForgetAfter() time.Duration { return 24 * time.Hour }

// Describe implements connectors.Source.
func (s *source) Describe() string {
	d := "stream=" + s.name + ", start=" + s.initial.kind
	if s.initial.kind == "AT_TIMESTAMP" {
		d += " " + s.initial.at.UTC().Format(time.RFC3339Nano)
	}
	switch s.end.kind {
	case "LATEST":
		d += ", end=LATEST"
	case "AT_TIMESTAMP":
		d += ", end=" + s.end.at.UTC().Format(time.RFC3339Nano)
	}
	if s.consumer != nil {
		d += ", consumer=" + s.consumer.String()
	}
	return d
}

// Restored implements connectors.Restorer.
func (s *source) Restored(splits []connectors.Split, ended []string) {
	s.begun = true
	for _, split := range splits {
		s.lineage.found(split.ID)
	}
	for _, id := range ended {
		s.lineage.drain(id)
	}
}

// Release implements connectors.Releaser.
func (s *source) Release(ctx context.Context) {
	if s.pushed {
		s.consumer.deregister(ctx)
	}
}

// Splits implements connectors.Source. What there is when the job begins is read from where the table says; shards that
// appear later, or have appeared since the checkpoint, from their first record.
//
// LATEST is the moment of the first call: its iterators are fetched here, and the time is what a job restored from a
// checkpoint before the first record goes by. For the server's clock decides which records are later, the time is taken
// from its answer; that is cut to a second, so at most a second of older records may come again then, but none is lost.
// Subscriptions, which know no iterators, begin at that time, too.
func (s *source) Splits(ctx context.Context) ([]connectors.Split, error) {
	client, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	if s.pushed {
		if err := s.consumer.register(ctx, client); err != nil {
			return nil, err
		}
	}
	shards, now, err := s.list(ctx, client)
	if err != nil {
		return nil, err
	}
	begin := !s.begun
	p := position{TrimHorizon: true}
	if begin {
		switch s.initial.kind {
		case "LATEST":
			p = position{Timestamp: now.earliest, Seen: now.earliest}
		case "AT_TIMESTAMP":
			if ms := s.initial.at.UnixMilli(); ms > 0 {
				p = position{Timestamp: ms}
			}
		}
	}
	p.Until = s.end.until(now)
	splits := make([]connectors.Split, len(shards))
	for i, shard := range shards {
		id, at := aws.ToString(shard.ShardId), p
		if begin && s.initial.kind == "LATEST" {
			if shard.SequenceNumberRange != nil && shard.SequenceNumberRange.EndingSequenceNumber != nil {
				at = position{End: true} // closed: nothing will come
			} else if s.pushed {
				// a subscription begins at the time
			} else if s.latest[id], err = s.iterator(ctx, client, s.retrier(id, nil), id, nil); err != nil {
				return nil, s.explain(err, "find the end of shard "+id+" of")
			}
		}
		splits[i] = connectors.Split{ID: id, Position: at.marshal()}
		var parents []string
		for _, parent := range []*string{shard.ParentShardId, shard.AdjacentParentShardId} {
			if parent != nil {
				parents = append(parents, *parent)
			}
		}
		s.lineage.found(id, parents...)
	}
	s.begun = true
	return splits, nil
}

// ranges are the hash keys of a source's shards.
type ranges struct {
	sync.Mutex
	of map[string]*kpl.Range
}

// hashKeys returns the hash keys of a shard, or nil if Kinesis doesn't tell. A job that reads no aggregated records needs them
// not, and a restored one that is bounded has not listed its shards.
func (s *source) hashKeys(ctx context.Context, client *kinesis.Client, shard string) (*kpl.Range, error) {
	s.ranges.Lock()
	defer s.ranges.Unlock()
	if keys, ok := s.ranges.of[shard]; ok {
		return keys, nil
	}
	shards, _, err := s.list(ctx, client)
	if err != nil {
		return nil, err
	}
	if s.ranges.of == nil {
		s.ranges.of = map[string]*kpl.Range{}
	}
	s.ranges.of[shard] = nil // unless it is listed: it may be gone
	for _, sh := range shards {
		s.ranges.of[aws.ToString(sh.ShardId)] = keysOf(sh)
	}
	return s.ranges.of[shard], nil
}

// keysOf is the hash keys of a shard, or nil if it doesn't say.
func keysOf(shard ktypes.Shard) *kpl.Range {
	if shard.HashKeyRange == nil {
		return nil
	}
	from, ok := kpl.ParseHash([]byte(aws.ToString(shard.HashKeyRange.StartingHashKey)))
	to, too := kpl.ParseHash([]byte(aws.ToString(shard.HashKeyRange.EndingHashKey)))
	if !ok || !too {
		return nil
	}
	return &kpl.Range{From: from, To: to}
}

// moment is a time of the server's, as exactly as it is known. Milliseconds since 1970.
type moment struct{ earliest, latest int64 }

// list returns the stream's shards, parents before children as AWS lists them, and when the first answer was given.
func (s *source) list(ctx context.Context, client *kinesis.Client) (shards []ktypes.Shard, at moment, err error) {
	in := &kinesis.ListShardsInput{}
	in.StreamName, in.StreamARN = s.given()
	retrier := s.retrier("shards", nil)
	for {
		var out *kinesis.ListShardsOutput
		asked := s.env.Clock.Now()
		err := retrier.Do(ctx, "ListShards", policy(s.table.Options, "scan.list.shards"), func(ctx context.Context) (err error) {
			asked = s.env.Clock.Now()
			out, err = client.ListShards(ctx, in)
			return err
		})
		if err != nil {
			return nil, at, s.explain(err, "list the shards of")
		}
		if at == (moment{}) {
			at = s.serverTime(asked, out.ResultMetadata)
		}
		shards = append(shards, out.Shards...)
		if out.NextToken == nil {
			return shards, at, nil
		}
		in = &kinesis.ListShardsInput{NextToken: out.NextToken}
	}
}

// serverTime tells when a request was answered by the server's clock. The embedded server goes by the job's.
func (s *source) serverTime(asked time.Time, answer middleware.Metadata) moment {
	if date, ok := awsmiddleware.GetServerTime(answer); ok && !s.settings.Embedded {
		return moment{date.UnixMilli(), date.UnixMilli() + 999}
	}
	return moment{asked.UnixMilli(), s.env.Clock.Now().UnixMilli()}
}

// iterator asks for an iterator: at p, or of LATEST if that is nil.
func (s *source) iterator(ctx context.Context, client *kinesis.Client, retrier *awsclient.Retrier, shard string, p *position) (string, error) {
	in := &kinesis.GetShardIteratorInput{ShardId: &shard, ShardIteratorType: ktypes.ShardIteratorTypeLatest}
	in.StreamName, in.StreamARN = s.given()
	if p != nil {
		p.start(in)
	}
	var iterator string
	err := retrier.Do(ctx, "GetShardIterator", policy(s.table.Options, "scan.shard.getiterator"), func(ctx context.Context) error {
		out, err := client.GetShardIterator(ctx, in)
		if err == nil {
			iterator = aws.ToString(out.ShardIterator)
		}
		return err
	})
	return iterator, err
}

// Open implements connectors.Source.
func (s *source) Open(ctx context.Context, split connectors.Split, rc connectors.ReaderContext) (connectors.Reader, error) {
	client, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	p, err := parsePosition(split.ID, split.Position)
	if err != nil {
		return nil, err
	}
	r, err := newReader(s, client, split.ID, p, rc)
	if err != nil {
		return nil, err
	}
	if p.Timestamp != 0 {
		r.iterator = s.latest[split.ID]
	}
	delete(s.latest, split.ID)
	r.begin(ctx)
	return r, nil
}
