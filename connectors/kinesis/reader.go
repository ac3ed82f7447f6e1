package kinesis

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/types"
)

// reader reads one shard: its fetcher's pages, decoded.
type reader struct {
	*fetcher
	rc       connectors.ReaderContext
	decoder  format.Decoder
	position position // behind the last record that Poll is done with

	polled  []part // what the last Poll has decoded
	page    *page  // being decoded, or nil
	next    int    // in it
	last    *page  // the one that the split ended with, or nil
	drained bool   // all rows have been given
	bytes   int64  // of the data of the records so far
	unpack  unpacker

	direct   bool  // the decoder fills all columns of the batch, in their order
	stored   []int // else, which ones it fills
	view     types.Batch
	metadata []metadataColumn
}

// part is records of a page.
type part struct {
	page     *page
	from, to int
	done     bool // the page is to be released
}

type metadataColumn struct {
	column int
	key    string
}

var (
	_ connectors.Reader         = (*reader)(nil)
	_ connectors.Lagger         = (*reader)(nil)
	_ connectors.ByteCounter    = (*reader)(nil)
	_ connectors.RequestCounter = (*reader)(nil)
	_ connectors.Locator        = (*reader)(nil)
)

func newReader(s *source, client *kinesis.Client, shard string, p position, rc connectors.ReaderContext) (*reader, error) {
	r := &reader{rc: rc, position: p}
	if err := r.bind(s); err != nil {
		return nil, err
	}
	r.fetcher = newFetcher(s, client, shard, p, rc.Wake, rc.Retried)
	return r, nil
}

// bind finds out which columns come from the decoder.
func (r *reader) bind(s *source) (err error) {
	fields := s.columns()
	type source struct{ column, stored int }
	var decoded []source
	for i, c := range r.rc.Columns {
		if c.MetadataKey != "" {
			r.metadata = append(r.metadata, metadataColumn{i, c.MetadataKey})
		} else if k := slices.IndexFunc(fields, func(f types.Field) bool { return f.Name == c.Name }); k >= 0 {
			decoded = append(decoded, source{i, k})
		} else {
			return fmt.Errorf("the table has no column %q", c.Name)
		}
	}
	slices.SortFunc(decoded, func(a, b source) int { return a.stored - b.stored })
	needed := make([]int, len(decoded))
	r.view.Schema = &types.Schema{}
	for k, d := range decoded {
		needed[k] = d.stored
		r.stored = append(r.stored, d.column)
		r.view.Schema.Fields = append(r.view.Schema.Fields, fields[d.stored])
	}
	r.direct = slices.IsSorted(r.stored) && len(r.metadata) == 0
	r.view.Cols = make([]*types.Vector, len(r.stored))
	r.unpack.off = !s.unpacks()
	r.decoder, err = s.decoder(needed, r.rc.Ignored)
	return err
}

// begin starts fetching.
func (r *reader) begin(ctx context.Context) {
	r.source.lineage.open(r.shard, func() {
		r.worker.Wake()
		r.rc.Wake()
	})
	r.fetcher.begin(ctx)
}

// Poll implements connectors.Reader.
func (r *reader) Poll(out *types.Batch, most int) (connectors.PollStatus, error) {
	for _, p := range r.polled { // nobody asks for their rows any more
		if p.done {
			r.release(p.page)
		}
	}
	r.polled = r.polled[:0]
	rows := out
	if !r.direct {
		for k, i := range r.stored {
			r.view.Cols[k] = out.Cols[i]
		}
		r.view.N, r.view.Kinds = out.N, out.Kinds
		rows = &r.view
	}
	status, err := r.poll(rows, out, out.N+most)
	if !r.direct {
		out.N, out.Kinds = r.view.N, r.view.Kinds
	}
	return status, err
}

// poll decodes into rows, and appends the metadata to the same rows of out, until there are limit rows or no more records.
func (r *reader) poll(rows, out *types.Batch, limit int) (connectors.PollStatus, error) {
	for rows.N < limit {
		if r.page == nil {
			if r.last != nil {
				return r.ended(), nil
			}
			p, err := r.take()
			if p == nil || err != nil {
				return connectors.Idle, err
			}
			r.page, r.next = p, 0
			if p.strays > 0 && r.rc.Ignored != nil {
				r.rc.Ignored(p.strays)
			}
		}
		from := r.next
		for r.next < len(r.page.records) && rows.N < limit {
			rec := &r.page.records[r.next]
			before := rows.N
			data, err := r.unpack.unpack(r.page.bytes(rec.data))
			if r.bytes += int64(len(data)); err == nil {
				err = r.decoder.Decode(data, rows)
			}
			if err != nil {
				if err := r.rc.BadRecord(r.page.bytes(rec.data), r.where(r.page, rec), err); err != nil {
					r.stand()
					return connectors.Ready, err
				}
			}
			for range rows.N - before {
				for _, m := range r.metadata {
					r.append(out.Cols[m.column], m.key, rec)
				}
			}
			r.next++
		}
		r.stand()
		done := r.next == len(r.page.records)
		r.polled = append(r.polled, part{r.page, from, r.next, done && !r.page.last})
		if !done {
			break
		}
		if r.page.last {
			r.last = r.page
		}
		r.page = nil
	}
	return connectors.Ready, nil
}

func (r *reader) where(p *page, rec *record) string {
	at := fmt.Sprintf("stream %s, shard %s, sequence number %s", r.source.name, r.shard, p.bytes(rec.sequence))
	if rec.sub > 0 || rec.more {
		at += fmt.Sprintf(", user record %d", rec.sub)
	}
	return at
}

// Locate implements connectors.Locator: it decodes what the last Poll has decoded once more, since a record may make several
// rows, or none.
func (r *reader) Locate(row int) string {
	rows := types.NewBatch(r.view.Schema)
	for _, p := range r.polled {
		for i := p.from; i < p.to; i++ {
			rec := &p.page.records[i]
			if data, err := r.unpack.unpack(p.page.bytes(rec.data)); err == nil {
				_ = r.decoder.Decode(data, rows) // bad records make no rows
			}
			if rows.N > row {
				return r.where(p.page, rec)
			}
		}
	}
	return fmt.Sprintf("stream %s, shard %s, up to %s", r.source.name, r.shard, r.position)
}

// append appends metadata of a record.
func (r *reader) append(v *types.Vector, key string, rec *record) {
	switch key {
	case "timestamp":
		v.I64 = append(v.I64, rec.arrival)
		v.N++
	case "sequence-number":
		v.AppendBytes(r.page.bytes(rec.sequence))
	case "partition-key":
		v.AppendBytes(r.page.bytes(rec.key))
	case "explicit-hash-key":
		if rec.hash.from == rec.hash.to {
			v.AppendNull()
		} else {
			v.AppendBytes(r.page.bytes(rec.hash))
		}
	case "sub-sequence-number":
		v.I64 = append(v.I64, int64(rec.sub))
		v.N++
	default:
		v.AppendString(r.shard)
	}
}

// stand moves the position behind the records that are done with.
func (r *reader) stand() {
	if r.next > 0 {
		rec := &r.page.records[r.next-1]
		r.position = position{Sequence: string(r.page.bytes(rec.sequence)), Seen: max(r.position.Seen, rec.arrival), Until: r.position.Until}
		if rec.more {
			r.position.Sub = rec.sub + 1
		}
	}
}

// ended is called when all rows have been given: see lineage for why the split may have to stay.
func (r *reader) ended() connectors.PollStatus {
	if !r.drained {
		r.drained = true
		r.position = position{End: true, Until: r.position.Until}
		r.source.lineage.drain(r.shard)
	}
	if r.source.Bounded() || r.source.discovery <= 0 || r.source.lineage.succeeded(r.shard, r.last.children) {
		return connectors.Ended
	}
	return connectors.Idle
}

// Position implements connectors.Reader.
func (r *reader) Position() []byte {
	if r.page == nil && !r.position.End {
		r.position.Seen = max(r.position.Seen, r.read())
	}
	return r.position.marshal()
}

// BytesRead implements connectors.ByteCounter.
func (r *reader) BytesRead() int64 { return r.bytes }

// Requests implements connectors.RequestCounter.
func (r *reader) Requests() connectors.Requests {
	return connectors.Requests{Throttled: r.throttled.Load(), Retried: r.repeated.Load(), Expired: r.lost.Load()}
}

// Lag implements connectors.Lagger: how far the last page was behind the tip of the shard.
func (r *reader) Lag() time.Duration { return time.Duration(r.behind.Load()) }

// Close implements connectors.Reader.
func (r *reader) Close() error {
	r.source.lineage.close(r.shard)
	r.end()
	r.unpack.close()
	return nil
}
