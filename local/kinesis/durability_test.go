package kinesis

import (
	"encoding/json"
	"fmt"
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

// contents reads the stream s, both shards from the beginning.
func contents(t *testing.T, s *Service) map[string]string {
	all := map[string]string{}
	for shard := range uint32(2) {
		it := iterator{issued: time.Now().UnixMilli(), stream: 1, shard: shard, name: "s"}
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
			}
			if err := json.Unmarshal(c.reply.B, &out); err != nil {
				t.Error(err)
				return nil
			}
			for _, r := range out.Records {
				all[r.SequenceNumber] = string(r.Data)
			}
			if token = out.NextShardIterator; len(out.Records) < maxGetRecords {
				break
			}
		}
	}
	return all
}
