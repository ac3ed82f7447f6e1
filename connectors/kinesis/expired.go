package kinesis

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/weirsql/weir/connectors"
)

// A stream drops records that are older than its retention, 24 hours or more. Reading from a sequence number that is no longer
// there begins with the oldest record that is, and nothing in an answer of Kinesis tells. So a position carries the time up to
// which all has been read: when the stream has dropped what came later, records may be lost. A shard in which nothing
// happens is no false alarm, for its position is at the tip, and so is as new as the checkpoint.

const (
	minRetention = 24 * time.Hour // Kinesis has none shorter
	// offClock is by how much the clock of this machine may differ from that of Kinesis: an answer that says that nothing is
	// behind it is taken to have said so this much earlier.
	offClock = time.Minute
	// maxSubscription is how long a subscription lasts, and so how old an event can be that has waited for its reader.
	maxSubscription = 5 * time.Minute
)

// see notes what is known to have been read with the page: all that arrived with its last record or, at the tip, what had
// arrived by a time.
func (p *page) see(tip time.Time) {
	if n := len(p.records); n > 0 {
		p.seen = p.records[n-1].arrival
	}
	if p.behind == 0 {
		p.seen = max(p.seen, tip.UnixMilli())
	}
}

// retention is how long the source's stream keeps records, once that was asked for.
type retention struct {
	sync.Mutex
	time.Duration
}

func (s *source) retention(ctx context.Context, client *kinesis.Client) (time.Duration, error) {
	s.kept.Lock()
	defer s.kept.Unlock()
	if s.kept.Duration > 0 {
		return s.kept.Duration, nil
	}
	in := &kinesis.DescribeStreamSummaryInput{}
	in.StreamName, in.StreamARN = s.given()
	err := s.retrier("retention", nil).Do(ctx, "DescribeStreamSummary", policy(s.table.Options, "scan.stream.describe"), func(ctx context.Context) error {
		out, err := client.DescribeStreamSummary(ctx, in)
		if err == nil {
			s.kept.Duration = time.Duration(aws.ToInt32(out.StreamDescriptionSummary.RetentionPeriodHours)) * time.Hour
		}
		return err
	})
	if err != nil {
		return 0, s.explain(err, "ask how long records are kept by")
	}
	s.kept.Duration = max(s.kept.Duration, minRetention)
	return s.kept.Duration, nil
}

// expired is called before reading begins, or begins anew, at a position: when the stream has dropped records that came later,
// it fails or says so, as the table has it. A day is over soon enough that nothing is asked for in the usual case.
func (f *fetcher) expired(ctx context.Context) error {
	now := f.source.env.Clock.Now()
	seen := time.UnixMilli(f.fetched.Seen)
	if f.fetched.Seen == 0 || f.fetched.Seen == f.dropped || now.Sub(seen) < minRetention {
		return nil
	}
	kept, err := f.source.retention(ctx, f.client)
	if err != nil {
		return err
	}
	oldest := now.Add(-kept)
	if !seen.Before(oldest) {
		return nil
	}
	const option = "scan.expired-position"
	from, to := seen.UTC().Format(time.RFC3339), oldest.UTC().Format(time.RFC3339)
	if f.source.table.Options.Enum(option) == "fail" {
		return &connectors.Explained{Final: true, Msg: fmt.Sprintf("table %s: shard %s of stream %s has been read up to %s, at %s, but the stream keeps records for %v: "+
			"any that arrived between then and %s are lost; set '%s' = 'jump' to go on without them, with the oldest record there is",
			f.source.table.Path, f.shard, f.source.name, from, f.fetched, hours(kept), to, option)}
	}
	f.dropped = f.fetched.Seen // says it once
	f.lost.Add(1)
	f.retrier.Log.Warn("the position is older than the stream keeps records: what arrived in between is lost, if there was anything",
		"shard", f.shard, "position", f.fetched.String(), "from", from, "to", to)
	return nil
}

// hours writes a retention as AWS does.
func hours(d time.Duration) string { return fmt.Sprintf("%d hours", int(d.Hours())) }
