//go:build slow

package cli

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/weirsql/weir/local"
)

// A Kinesis that throttles, fails and drops connections before and after it has done what it was asked: a run through it
// loses nothing and counts nothing twice.
func TestThrottled(t *testing.T) {
	bin := buildWeir(t)
	var unkind atomic.Bool
	var mu sync.Mutex
	rng := rand.New(rand.NewPCG(7, 8))
	faults := map[string]int{}
	server, err := local.Start(context.Background(), local.Options{Dir: t.TempDir(), NoSync: true, Intercept: func(action string, _ []byte) *local.Fault {
		if !unkind.Load() {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		kind, fault := "none", (*local.Fault)(nil)
		switch rng.IntN(20) {
		case 0, 1:
			kind, fault = "throttled", &local.Fault{Code: "ProvisionedThroughputExceededException"}
		case 2:
			kind, fault = "failed", &local.Fault{Code: "InternalFailure"}
		case 3:
			kind, fault = "dropped", &local.Fault{Close: true}
		case 4:
			if action == "PutRecords" || action == "GetRecords" {
				kind, fault = "served and dropped", &local.Fault{Close: true, Apply: true}
			}
		case 5:
			if action == "PutRecords" {
				kind, fault = "half throttled", &local.Fault{Code: "ProvisionedThroughputExceededException", Entries: []int{0}}
			}
		case 6:
			if action == "GetRecords" {
				kind, fault = "expired", &local.Fault{Code: "ExpiredIteratorException"}
			}
		}
		faults[action+" "+kind]++
		return fault
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	fillJoin(t, bin, server.KinesisEndpoint())
	p := joinPipeline(bin, server.KinesisEndpoint())
	calm, dir := t.TempDir(), t.TempDir()
	p.begin(t, calm)
	runWeir(t, bin, calm, p.args...)
	want, _ := p.result(t, calm)

	p.begin(t, dir)
	unkind.Store(true)
	runWeir(t, bin, dir, p.args...)
	unkind.Store(false)
	got, duplicates := p.result(t, dir)
	if missing, extra := difference(got, want); len(missing)+len(extra) > 0 {
		t.Errorf("%d rows are missing, such as\n%s%d are too many, such as\n%s", len(missing), firstRows(missing), len(extra), firstRows(extra))
	}
	t.Logf("%d rows, %d duplicates; requests: %v", len(got), duplicates, faults)
}
