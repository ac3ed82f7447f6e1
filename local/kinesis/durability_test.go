package kinesis

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/weirsql/weir/local/internal/service"
)

// The power fails: everything that was not synced is gone. What was acknowledged by then is there, and so is what readers
// had seen; nothing is there under a number that means another record.
func TestPowerFailure(t *testing.T) {
	disk := vfs.NewCrashableMem()
	s := open(t, disk)
	if _, err := s.createStream(t.Context(), &createStreamInput{StreamName: "s", ShardCount: 2}); err != nil {
		t.Fatal(err)
	}
	var (
		mu    sync.Mutex
		grown = sync.NewCond(&mu)
		known = map[string]string{} // sequence number → data: acknowledged to a writer, or shown to a reader
		done  = make(chan struct{})
		wg    sync.WaitGroup
	)
	for w := range 4 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				in := &putRecordInput{StreamName: "s", PartitionKey: fmt.Sprint("key", n%3), Data: fmt.Appendf(nil, "%d.%d", w, n)}
				out, err := s.putRecord(t.Context(), in)
				if err != nil {
					t.Error(err)
					grown.Signal()
					return
				}
				mu.Lock()
				known[out.SequenceNumber] = string(in.Data)
				grown.Signal()
				mu.Unlock()
			}
		})
	}
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			seen := contents(t, s)
			mu.Lock()
			for seq, data := range seen {
				known[seq] = data
			}
			mu.Unlock()
		}
	})
	rng := rand.New(rand.NewPCG(1, 1))
	for crash := range 5 {
		mu.Lock()
		for len(known) < (crash+1)*50 && !t.Failed() {
			grown.Wait()
		}
		want := make(map[string]string, len(known))
		for seq, data := range known {
			want[seq] = data
		}
		mu.Unlock()
		after := disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 0, RNG: rng})
		got := contents(t, open(t, after))
		wrong := 0
		for seq, data := range want {
			if got[seq] != data {
				if wrong++; wrong == 1 {
					t.Errorf("crash %d: %s was %q, is %q", crash, seq, data, got[seq])
				}
			}
		}
		if wrong > 0 {
			t.Errorf("crash %d: %d of %d records are wrong", crash, wrong, len(want))
		}
	}
	close(done)
	wg.Wait()
}

// The power fails while shards are split and merged under writers: what was acknowledged is there, whatever shard it went to, and
// the open shards cover the ring.
func TestPowerFailureWhileResharding(t *testing.T) {
	disk := vfs.NewCrashableMem()
	s := open(t, disk)
	if _, err := s.createStream(t.Context(), &createStreamInput{StreamName: "s", ShardCount: 2}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	known := map[string]string{}
	var wg sync.WaitGroup
	done := make(chan struct{})
	for w := range 3 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				in := &putRecordInput{StreamName: "s", PartitionKey: fmt.Sprint(w, n), Data: fmt.Appendf(nil, "%d.%d", w, n)}
				out, err := s.putRecord(t.Context(), in)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				known[out.SequenceNumber] = string(in.Data)
				mu.Unlock()
			}
		})
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for crash := range 8 {
		for range 5 {
			open := s.streams["s"].layout.Load().open
			var err error
			if len(open) < 4 {
				m := open[0].meta.Load()
				middle := hashKey{hi: m.First.hi + (m.Last.hi-m.First.hi)/2}
				_, err = s.splitShard(t.Context(), &splitShardInput{StreamName: "s", ShardToSplit: open[0].id, NewStartingHashKey: middle.String()})
			} else {
				_, err = s.mergeShards(t.Context(), &mergeShardsInput{StreamName: "s", ShardToMerge: open[0].id, AdjacentShardToMerge: open[1].id})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		mu.Lock()
		want := maps.Clone(known)
		mu.Unlock()
		shards := len(s.streams["s"].layout.Load().shards)
		after := open(t, disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rng}))
		l := after.streams["s"].layout.Load()
		if len(l.shards) < shards {
			t.Errorf("crash %d: %d shards, %d were acknowledged", crash, len(l.shards), shards)
		}
		var next hashKey
		for _, sh := range l.open {
			if sh.meta.Load().First != next {
				t.Errorf("crash %d: the open shards have a gap at %s", crash, next)
			}
			next = sh.meta.Load().Last.next()
		}
		if next != (hashKey{}) {
			t.Errorf("crash %d: the open shards end at %s", crash, next)
		}
		got := contents(t, after)
		for seq, data := range want {
			if got[seq] != data {
				t.Fatalf("crash %d: %s was %q, is %q", crash, seq, data, got[seq])
			}
		}
	}
	close(done)
	wg.Wait()
	if len(known) == 0 {
		t.Error("nothing was written meanwhile")
	}
}

func open(t *testing.T, fs vfs.FS) *Service {
	store, err := service.OpenStore(service.StoreOptions{FS: fs, Dir: "data"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	s, err := New(&service.Env{Store: store, Clock: service.SystemClock{}, IDs: service.NewIDs(1), Account: "0"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// contents reads the stream s, all shards from the beginning.
func contents(t *testing.T, s *Service) map[string]string {
	all := map[string]string{}
	for shard := range s.streams["s"].layout.Load().shards {
		it := iterator{issued: time.Now().UnixMilli(), stream: 1, shard: uint32(shard), name: "s"}
		for token := it.String(); ; {
			c := &call{ctx: t.Context(), body: fmt.Appendf(nil, `{"ShardIterator":%q}`, token), reply: &service.Buffer{}}
			if err := s.getRecords(c); err != nil {
				t.Error(err)
				return nil
			}
			var out struct {
				Records []struct {
					SequenceNumber string
					Data           []byte
				}
				NextShardIterator string
				ChildShards       []childShard
			}
			if err := json.Unmarshal(c.reply.B, &out); err != nil {
				t.Error(err)
				return nil
			}
			for _, r := range out.Records {
				all[r.SequenceNumber] = string(r.Data)
			}
			if token = out.NextShardIterator; token == "" && len(out.ChildShards) == 0 {
				t.Errorf("shard %d ended without children", shard)
			}
			if token == "" || len(out.Records) < maxGetRecords {
				break
			}
		}
	}
	return all
}
