package kinesis_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/connectors/kinesis"
	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/runtime/clock"
)

// A server on this machine is asked for more often than AWS would answer, by its name as well as when it is weir's own,
// unless the table says how often, or time jumps.
func TestPaceOnThisMachine(t *testing.T) {
	w := newWorld(t)
	named := map[string]string{"aws.endpoint": w.server.KinesisEndpoint()}
	aws := map[string]string{"aws.endpoint": "https://kinesis.us-east-1.amazonaws.com"}
	for name, c := range map[string]struct {
		options map[string]string
		empty   string
		virtual bool
		want    time.Duration
	}{
		"embedded":            {want: 20 * time.Millisecond},
		"embedded, with time": {virtual: true, want: 200 * time.Millisecond},
		"embedded, as said":   {empty: "250", want: 250 * time.Millisecond},
		"named":               {options: named, want: 20 * time.Millisecond},
		"named, as said":      {options: named, empty: "250", want: 250 * time.Millisecond},
		"AWS":                 {options: aws, want: 200 * time.Millisecond},
		"AWS, as said":        {options: aws, empty: "1 s", want: time.Second},
	} {
		env := w.real()
		if c.virtual {
			env.Env.Clock = env.Clock
		}
		options := polling()
		for k, v := range c.options {
			options[k] = v
		}
		if c.empty != "" {
			options["source.reader.empty-records-fetch-interval"] = c.empty
		}
		if got := kinesis.PauseOf(source(t, env, options, n)); got != c.want {
			t.Errorf("%s: asked after %v, want %v", name, got, c.want)
		}
	}
}

// A server on this machine that has refused an answer is asked as seldom as AWS: it may be one that holds to AWS's limits.
func TestPaceAfterRefusal(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	asked := make(chan time.Time, 1000)
	first := true
	w.faults(func(action string, _ []byte) *local.Fault {
		if action != "GetRecords" {
			return nil
		}
		asked <- time.Now()
		if !first {
			return nil
		}
		first = false
		return &local.Fault{Code: "ProvisionedThroughputExceededException"}
	})
	src := source(t, w.real(), map[string]string{"stream": "clicks", "scan.shard.getrecords.backoff.base": "1"}, n)
	pushed(t, src, splits(t, src)[0], n)
	<-asked
	from := <-asked
	<-asked
	// Two pauses, of which a busy machine can shorten the sum only by keeping the first request under way.
	if took := (<-asked).Sub(from); took < 150*time.Millisecond {
		t.Errorf("two pauses took %v in all, want 400 ms", took)
	}
}

// limited is a world whose server enforces AWS's limits by the clock of an environment, and the options that mean it as AWS.
func limited(t *testing.T) (*world, *connectortest.Env, map[string]string) {
	env := connectortest.NewEnv()
	w := newWorld(t, func(o *local.Options) { o.Clock, o.Limits = env.Clock, true })
	w.stream("clicks", 1)
	return w, env, map[string]string{"stream": "clicks", "aws.endpoint": w.server.KinesisEndpoint(), "aws.region": "us-east-1",
		"aws.credentials.basic.accesskeyid": "a", "aws.credentials.basic.secretkey": "b"}
}

// Several tables that read one shard share what it may be asked: at rest none is refused, each gets its part, and the one
// that is left gets all.
func TestSharedShard(t *testing.T) {
	w, env, options := limited(t)
	env.Run(t, func() {
		var readers []*reading
		for range 4 {
			src := source(t, env, options, n)
			readers = append(readers, open(t, env, src, splits(t, src)[0], n))
		}
		asked := func(d time.Duration) int {
			before := w.count("GetRecords")
			if err := sleep(env, d); err != nil {
				t.Fatal(err)
			}
			return w.count("GetRecords") - before
		}
		if got := asked(20 * time.Second); got < 98 || got > 102 {
			t.Errorf("four readers asked %d times in 20 s, want 100", got)
		}
		w.put("clicks", numbers(0, 10)...)
		at := env.Clock.Now()
		for _, r := range readers {
			if r.until(10); env.Clock.Now().Sub(at) > 800*time.Millisecond {
				t.Errorf("rows came after %v, and the fourth reader's turn is after 800 ms", env.Clock.Now().Sub(at))
			}
		}
		for i, r := range readers {
			if r.retries() > 0 {
				t.Errorf("reader %d was refused %d times", i, r.retries())
			}
			if i > 0 {
				r.close()
			}
		}
		if got := asked(20 * time.Second); got < 95 || got > 102 { // the turns that the others had taken pass
			t.Errorf("the one that is left asked %d times in 20 s, want 100", got)
		}
		readers[0].close()
	})
}

// Catching up with a shard takes what its 2 MiB/s allow, without one refusal; with adaptive reads the answers are no larger
// than what the shard gives until the next.
func TestPaceBehind(t *testing.T) {
	for name, want := range map[string]int{"false": 10_000, "true": 42} {
		t.Run(name, func(t *testing.T) {
			w, env, options := limited(t)
			options["scan.shard.adaptivereads"] = name
			env.Run(t, func() {
				record := `{"n":1,"text":"` + strings.Repeat("x", 10_000) + `"}`
				const records = 1200 // 12 MB
				for range records / 100 {
					w.put("clicks", slices.Repeat([]string{record}, 100)...)
					if err := sleep(env, time.Second); err != nil {
						t.Fatal(err)
					}
				}
				largest := int32(0)
				w.faults(func(action string, body []byte) *local.Fault {
					var in struct{ Limit int32 }
					if err := json.Unmarshal(body, &in); action == "GetRecords" && err == nil {
						largest = max(largest, in.Limit)
					}
					return nil
				})
				src := source(t, env, options, n)
				from := env.Clock.Now()
				r := open(t, env, src, splits(t, src)[0], n)
				r.until(42)
				largest = 0 // the first request doesn't know the size of records
				r.until(records)
				r.close()
				if took := env.Clock.Now().Sub(from); took > 8*time.Second || r.retries() > 0 || r.err != nil {
					t.Errorf("%d records in %v with %d refusals (%v); 2 MiB/s are 6 s", len(r.rows), took, r.retries(), r.err)
				}
				if int(largest) > want {
					t.Errorf("asked for %d records, want %d at most", largest, want)
				}
			})
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
