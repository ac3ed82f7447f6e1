package kinesis_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/local"
)

// Whatever goes wrong for a while: every record comes just once and in order, and each repeated request is counted.
func TestReadThroughFaults(t *testing.T) {
	transient := map[string]local.Fault{
		"throttled":      {Code: "ProvisionedThroughputExceededException"},
		"limit":          {Code: "LimitExceededException"},
		"broken":         {Close: true},
		"server error":   {Code: "InternalFailure"},
		"unavailable":    {Code: "ServiceUnavailable", Status: http.StatusServiceUnavailable},
		"old credential": {Code: "ExpiredTokenException"},
		"old iterator":   {Code: "ExpiredIteratorException"},
	}
	var want [][]any
	for i := range 50 {
		want = append(want, []any{int32(i)})
	}
	for name, fault := range transient {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.stream("clicks", 1)
			w.put("clicks", numbers(0, 50)...)
			w.clock.advance(time.Minute)
			failed, asked := 0, 0
			w.faults(func(action string, _ []byte) *local.Fault {
				if asked++; asked%3 == 0 || action != "GetRecords" && fault.Code == "ExpiredIteratorException" {
					return nil
				}
				failed++
				return &fault
			})
			failures := func() int {
				w.mu.Lock()
				defer w.mu.Unlock()
				return failed
			}
			env := w.env()
			env.Run(t, func() {
				src := source(t, env, map[string]string{"stream": "clicks", "scan.shard.getrecords.maxrecordcount": "7"}, n)
				all := splits(t, src)
				before := failures()
				r := open(t, env, src, all[0], n).until(50)
				r.close()
				during := failures() - before
				if diff := cmp.Diff(want, r.rows); diff != "" {
					t.Errorf("%v: %s", r.err, diff)
				}
				if during == 0 {
					t.Error("nothing failed")
				}
				// One may have failed when the reader was closed.
				if counted := r.retries(); fault.Code != "ExpiredIteratorException" && counted != during && counted != during-1 {
					t.Errorf("%d requests failed, %d were counted as repeated", during, counted)
				}
				throttled := 0
				if name == "throttled" || name == "limit" {
					throttled = r.retries()
				}
				if got, want := r.reader.(connectors.RequestCounter).Requests(), (connectors.Requests{Throttled: int64(throttled), Retried: int64(r.retries())}); got != want {
					t.Errorf("counted %+v, want %+v", got, want)
				}
			})
		})
	}
}

// Trouble that lasts ends the job, throttling doesn't.
func TestLastingTrouble(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	w.put("clicks", numbers(0, 1)...)
	env := w.env()
	env.Run(t, func() {
		src := source(t, env, map[string]string{"stream": "clicks", "scan.shard.getrecords.maxretries": "5"}, n)
		all := splits(t, src)
		w.faults(func(string, []byte) *local.Fault {
			return &local.Fault{Code: "InternalFailure", Message: "out of order"}
		})
		r := open(t, env, src, all[0], n).until(1)
		r.close()
		if r.err == nil || !strings.Contains(r.err.Error(), "out of order") {
			t.Errorf("error %v after five attempts", r.err)
		}
		throttled := 0
		w.faults(func(string, []byte) *local.Fault {
			if throttled++; throttled > 500 {
				return nil
			}
			return &local.Fault{Code: "ProvisionedThroughputExceededException"}
		})
		r = open(t, env, src, all[0], n).until(1)
		r.close()
		if r.err != nil || len(r.rows) != 1 {
			t.Errorf("after 500 throttled requests: %d rows, error %v", len(r.rows), r.err)
		}
	})
}

// A shard whose reader has not been asked for five minutes goes on behind the last record: the embedded server really
// refuses iterators that old.
func TestExpiredIterator(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	w.put("clicks", numbers(0, 5)...)
	env := w.env()
	env.Run(t, func() {
		src := source(t, env, map[string]string{"stream": "clicks"}, n)
		r := open(t, env, src, splits(t, src)[0], n).until(5)
		defer r.close()
		w.clock.advance(10 * time.Minute)
		w.put("clicks", numbers(5, 10)...)
		r.until(10)
		var got []string
		for _, row := range r.rows {
			got = append(got, fmt.Sprint(row[0]))
		}
		if want := strings.Fields("0 1 2 3 4 5 6 7 8 9"); !slices.Equal(got, want) {
			t.Errorf("read %v (%v)", got, r.err)
		}
	})
}

// The wait between attempts grows, with jitter, within the policy; the same seed waits the same.
func TestBackoff(t *testing.T) {
	took := func(seed int64) time.Duration {
		w := newWorld(t)
		w.stream("clicks", 1)
		w.put("clicks", numbers(0, 1)...)
		failed := 0
		env := w.env()
		env.Seed = seed
		var d time.Duration
		env.Run(t, func() {
			src := source(t, env, map[string]string{"stream": "clicks"}, n)
			all := splits(t, src)
			begun := env.Clock.Now()
			w.faults(func(action string, _ []byte) *local.Fault {
				if failed++; failed > 10 {
					return nil
				}
				return &local.Fault{Code: "InternalFailure"}
			})
			r := open(t, env, src, all[0], n).until(1)
			d = env.Clock.Now().Sub(begun)
			r.close()
		})
		return d
	}
	// 300, 450, 675, then seven times 1000 ms, of which up to a half is left out.
	const most = (300 + 450 + 675 + 7*1000) * time.Millisecond
	first := took(1)
	if first < most/2 || first > most {
		t.Errorf("ten failures took %v, want %v to %v", first, most/2, most)
	}
	if again := took(1); again != first {
		t.Errorf("the same seed took %v, then %v", first, again)
	}
	if other := took(2); other == first {
		t.Error("another seed took just as long")
	}
}

// A stream that doesn't exist, also one that is deleted under a reader, is told in the user's terms.
func TestUnknownStream(t *testing.T) {
	w := newWorld(t)
	env := w.env()
	check := func(when string, err error) {
		t.Helper()
		for _, part := range []string{"`c`.`d`.`t`", `stream "clicks" does not exist`, "us-east-1", w.server.KinesisEndpoint(), "weir stream create clicks --local"} {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: error %v lacks %q", when, err, part)
			}
		}
	}
	env.Run(t, func() {
		src := source(t, env, map[string]string{"stream": "clicks"}, n)
		_, err := src.Splits(t.Context())
		check("Splits", err)
		_, err = sink(t, env, map[string]string{"stream": "clicks"}, nil, n).NewWriter(t.Context(), connectors.WriterContext{Columns: []connectors.Column{n}})
		check("NewWriter", err)
		w.stream("clicks", 1)
		src = source(t, env, map[string]string{"stream": "clicks"}, n)
		all := splits(t, src)
		w.clear("clicks", 1)
		r := open(t, env, src, all[0], n).until(0)
		r.close()
		if _, err := w.client.DeleteStream(t.Context(), deletion("clicks")); err != nil {
			t.Fatal(err)
		}
		r = open(t, env, src, all[0], n).until(1)
		r.close()
		check("Poll", r.err)
	})
}

// What won't pass is not repeated.
func TestFatal(t *testing.T) {
	for code, want := range map[string]string{
		"AccessDeniedException":       "access denied",
		"UnrecognizedClientException": "doesn't take the credentials",
		"InvalidArgumentException":    "InvalidArgumentException",
	} {
		w := newWorld(t)
		w.stream("clicks", 1)
		env := w.env()
		env.Run(t, func() {
			src := source(t, env, map[string]string{"stream": "clicks"}, n)
			all := splits(t, src)
			w.faults(func(string, []byte) *local.Fault { return &local.Fault{Code: code, Message: "because"} })
			r := open(t, env, src, all[0], n).until(1)
			r.close()
			for _, part := range []string{want, "clicks", "us-east-1", "because"} {
				if r.err == nil || !strings.Contains(r.err.Error(), part) {
					t.Errorf("%s: error %v lacks %q", code, r.err, part)
				}
			}
			if r.retries() != 0 {
				t.Errorf("%s: %d requests were repeated", code, r.retries())
			}
		})
	}
}
