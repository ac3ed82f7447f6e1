package kinesis_test

import (
	"context"
	"testing"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/connectors/kinesis"
	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/runtime/clock"
)

// A server on this machine is asked for more often than AWS would answer, by its name as well as when it is weir's own,
// unless the table says how often.
func TestPaceOnThisMachine(t *testing.T) {
	credentials := func(w *world, more map[string]string) map[string]string {
		options := map[string]string{"aws.endpoint": w.server.KinesisEndpoint(), "aws.credentials.basic.accesskeyid": "a", "aws.credentials.basic.secretkey": "b"}
		for k, v := range more {
			options[k] = v
		}
		return options
	}
	for name, c := range map[string]struct {
		options func(*world) map[string]string
		slow    bool
	}{
		"embedded": {options: func(*world) map[string]string { return map[string]string{} }},
		"named":    {options: func(w *world) map[string]string { return credentials(w, nil) }},
		"embedded, as it was": {slow: true, options: func(*world) map[string]string {
			return map[string]string{"source.reader.empty-records-fetch-interval": "250"}
		}},
		"named, as it was": {slow: true, options: func(w *world) map[string]string {
			return credentials(w, map[string]string{"source.reader.empty-records-fetch-interval": "250"})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.stream("clicks", 1)
			asked := make(chan time.Time, 1000)
			w.faults(func(action string, _ []byte) *local.Fault {
				if action == "GetRecords" {
					asked <- time.Now()
				}
				return nil
			})
			env := w.env()
			env.Env.Clock = clock.Real{}
			options := c.options(w)
			options["stream"] = "clicks"
			src := source(t, env, options, n)
			r := open(t, env, src, splits(t, src)[0], n)
			defer r.close()
			// The shortest of several times: each can only be longer than meant.
			least, last := time.Hour, <-asked
			for range 6 {
				at := <-asked
				least, last = min(least, at.Sub(last)), at
			}
			if slow := least > 150*time.Millisecond; slow != c.slow {
				t.Errorf("%v from one request to the next", least)
			}
		})
	}
}

// Close waits for the reader's goroutine as every participant of a simulation must.
func TestCloseInSimulation(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	for seed := range uint64(20) {
		sim := clock.NewSimulated(clock.SimulatedOptions{Seed: seed, Start: connectortest.Start, Blocked: 20 * time.Second})
		env := w.env()
		env.Env.Clock = sim
		err := sim.Run(func() {
			src := source(t, env, map[string]string{"stream": "clicks"}, n)
			r, err := src.Open(context.Background(), splits(t, src)[0], connectors.ReaderContext{Columns: []connectors.Column{n}, Wake: func() {}, Retried: func() {}})
			if err != nil {
				t.Error(err)
				return
			}
			if seed%2 == 0 {
				if err := clock.Sleep(context.Background(), sim, time.Second); err != nil {
					t.Error(err)
				}
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A shard in which nothing happens is asked less and less often, but often enough.
func TestPaceOfQuietShard(t *testing.T) {
	for quiet, want := range map[time.Duration]time.Duration{
		0: 20 * time.Millisecond, 10 * time.Second: 20 * time.Millisecond, 25 * time.Second: 50 * time.Millisecond, time.Hour: 100 * time.Millisecond,
	} {
		if got := kinesis.PauseOnThisMachine(quiet); got != want {
			t.Errorf("quiet for %v: asked after %v, want %v", quiet, got, want)
		}
	}
}
