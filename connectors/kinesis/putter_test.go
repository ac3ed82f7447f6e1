package kinesis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/connectors/kinesis"
	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/runtime/clock"
)

// puts runs f in virtual time with a Putter into a stream of four shards.
func puts(t *testing.T, w *world, f func(p *kinesis.Putter)) {
	t.Helper()
	w.stream("clicks", 4)
	c := clock.NewVirtual(connectortest.Start)
	c.Run(func() { f(kinesis.NewPutter(w.client, "clicks", kinesis.PutterOptions{Clock: c})) })
}

// numbered are records of keys in turn, each with its number.
func numbered(keys int) func(i int) (data, key []byte) {
	return func(i int) (data, key []byte) {
		return fmt.Appendf(nil, "%d", i), fmt.Appendf(nil, "key %d", i%keys)
	}
}

// inOrder checks that a stream has each of n records once, those of a key in their order.
func inOrder(t *testing.T, w *world, n, keys int) {
	t.Helper()
	last, total := map[string]int{}, 0
	for _, r := range w.get("clicks") {
		var i int
		if _, err := fmt.Sscan(string(r.Data), &i); err != nil {
			t.Fatal(err)
		}
		if before, ok := last[*r.PartitionKey]; ok && i != before+keys {
			t.Fatalf("%s has record %d behind %d", *r.PartitionKey, i, before)
		}
		last[*r.PartitionKey] = i
		total++
	}
	if total != n {
		t.Errorf("%d records, want %d", total, n)
	}
}

// Few records are one request; many are several at a time, and those of a key arrive in order, whatever fails on the way.
func TestPutterKeepsKeysInOrder(t *testing.T) {
	for name, fault := range map[string]*local.Fault{
		"":             nil,
		"throttled":    {Code: "ProvisionedThroughputExceededException"},
		"broken":       {Close: true},
		"server error": {Code: "InternalFailure"},
	} {
		w := newWorld(t)
		asked := 0
		w.faults(func(action string, _ []byte) *local.Fault {
			if action != "PutRecords" {
				return nil
			}
			if asked++; asked%3 == 0 {
				return fault
			}
			return nil
		})
		puts(t, w, func(p *kinesis.Putter) {
			const n = 6000
			for from := 0; from < n; from += n / 2 {
				if failed, err := p.Put(t.Context(), n/2, func(i int) (data, key []byte) { return numbered(7)(from + i) }); failed != 0 || err != nil {
					t.Fatalf("%s: %d failed, %v", name, failed, err)
				}
			}
			inOrder(t, w, n, 7)
			c := p.Counts()
			if c.Taken != n || c.Failed != 0 || (c.Resent > 0) != (fault != nil) || c.Bytes != 22890+n*int64(len("key 0")) {
				t.Errorf("%s: %+v", name, c)
			}
		})
	}
	w := newWorld(t)
	puts(t, w, func(p *kinesis.Putter) {
		if _, err := p.Put(t.Context(), 500, numbered(9)); err != nil || w.count("PutRecords") != 1 {
			t.Errorf("500 records are %d requests, %v", w.count("PutRecords"), err)
		}
		if failed, err := p.Put(t.Context(), 0, nil); failed != 0 || err != nil || w.count("PutRecords") != 1 {
			t.Errorf("no records: %d failed, %v", failed, err)
		}
	})
}

// Several requests are under way at a time: none of three is answered before all are there.
func TestPutterSendsSideBySide(t *testing.T) {
	var waiting atomic.Int32
	all := make(chan struct{})
	w := newWorld(t, func(o *local.Options) {
		o.Intercept = func(action string, body []byte) *local.Fault {
			if action != "PutRecords" {
				return nil
			}
			if waiting.Add(1) == 3 {
				close(all)
			}
			select {
			case <-all:
			case <-time.After(20 * time.Second):
				t.Error("requests wait for each other")
			}
			return nil
		}
	})
	w.stream("clicks", 1)
	p := kinesis.NewPutter(w.client, "clicks", kinesis.PutterOptions{Clock: clock.Real{}, InFlight: 3})
	if failed, err := p.Put(t.Context(), 1500, numbered(100)); failed != 0 || err != nil {
		t.Errorf("%d failed, %v", failed, err)
	}
}

// Records that are refused go again, and alone; those that are never taken are given up and counted, and the others go on.
func TestPutterCountsWhatIsRefused(t *testing.T) {
	w := newWorld(t)
	times := 2
	w.faults(func(action string, body []byte) *local.Fault {
		if action != "PutRecords" || times == 0 {
			return nil
		}
		times--
		return &local.Fault{Code: "ProvisionedThroughputExceededException", Entries: []int{0, 2}}
	})
	puts(t, w, func(p *kinesis.Putter) {
		if failed, err := p.Put(t.Context(), 10, numbered(10)); failed != 0 || err != nil {
			t.Fatalf("%d failed, %v", failed, err)
		}
		// Of 10 records 2 are refused, of these the first, once more.
		if c := p.Counts(); c.Taken != 10 || c.Resent != 3 || len(w.get("clicks")) != 10 {
			t.Errorf("%+v", c)
		}
		times = 1 << 30
		failed, err := p.Put(t.Context(), 10, numbered(10))
		if failed != 1 || err != nil {
			t.Errorf("%d failed, %v; want 1, which is the first of every request", failed, err)
		}
		if c := p.Counts(); c.Taken != 19 || c.Failed != 1 || len(w.get("clicks")) != 19 {
			t.Errorf("%+v", c)
		}
	})
}

// Beyond a shard's limits records are taken as fast as these allow, and not sent again and again in between.
func TestPutterAtTheLimit(t *testing.T) {
	c := clock.NewVirtual(connectortest.Start)
	w := newWorld(t, func(o *local.Options) { o.Clock, o.Limits = c, true })
	w.stream("clicks", 1)
	c.Run(func() {
		p := kinesis.NewPutter(w.client, "clicks", kinesis.PutterOptions{Clock: c})
		const n = 8000 // of which a shard takes 1,000 a second
		failed, err := p.Put(t.Context(), n, numbered(1000))
		took := c.Now().Sub(connectortest.Start)
		if counts := p.Counts(); failed != 0 || err != nil || took > 9*time.Second || counts.Resent > 5*n {
			t.Errorf("%s for %+v, %d failed, %v", took, counts, failed, err)
		}
	})
}

// What concerns the stream is an error, and so is the end of the context; both say how much has not been taken.
func TestPutterErrors(t *testing.T) {
	w := newWorld(t)
	puts(t, w, func(p *kinesis.Putter) {
		w.faults(func(string, []byte) *local.Fault {
			return &local.Fault{Code: "AccessDeniedException", Message: "because"}
		})
		failed, err := p.Put(t.Context(), 1700, numbered(1000))
		if failed != 1700 || err == nil || !strings.Contains(err.Error(), "because") {
			t.Errorf("denied: %d failed, %v", failed, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		w.faults(func(string, []byte) *local.Fault {
			cancel()
			return &local.Fault{Code: "ProvisionedThroughputExceededException"}
		})
		failed, err = p.Put(ctx, 1700, numbered(1000))
		if failed != 1700 || !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %d failed, %v", failed, err)
		}
		if c := p.Counts(); c.Failed != 0 {
			t.Errorf("%d count as given up", c.Failed)
		}
		w.faults(nil)
		if failed, err := p.Put(t.Context(), 1700, numbered(1000)); failed != 0 || err != nil {
			t.Errorf("afterwards: %d failed, %v", failed, err)
		}
	})
}

// Requests stay below 10 MiB.
func TestPutterBytes(t *testing.T) {
	w := newWorld(t)
	puts(t, w, func(p *kinesis.Putter) {
		large := []byte(strings.Repeat("x", 1_000_000))
		if failed, err := p.Put(t.Context(), 12, func(int) (data, key []byte) { return large, []byte("k") }); failed != 0 || err != nil {
			t.Fatalf("%d failed, %v", failed, err)
		}
		if calls, records := w.count("PutRecords"), len(w.get("clicks")); calls != 2 || records != 12 {
			t.Errorf("%d requests with %d records, want 2 with 12", calls, records)
		}
	})
}

// BenchmarkPutter has both sides in this process, fsync included.
func BenchmarkPutter(b *testing.B) {
	w := newWorld(b, func(o *local.Options) { o.Dir, o.NoSync = b.TempDir(), false })
	w.stream("clicks", 4)
	p := kinesis.NewPutter(w.client, "clicks", kinesis.PutterOptions{Clock: clock.Real{}})
	data := []byte(`{"browseraction": "Click", "site": "https://www.mysite.com"}`)
	keys := make([][]byte, 1000)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "%d", i*7919%10000)
	}
	const n = 4000
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Put(b.Context(), n, func(i int) (d, key []byte) { return data, keys[i%len(keys)] }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "records/s")
}
