package kinesis_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskinesis "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/connectors/kinesis"
	"github.com/weirsql/weir/connectors/kinesis/internal/kpl"
	"github.com/weirsql/weir/local"
)

// aggregate packs records, each with a key of its own of three.
func aggregate(records ...string) string {
	var e kpl.Encoder
	for i, r := range records {
		e.Add(fmt.Appendf(nil, "user-%d", i%3), nil, []byte(r))
	}
	return string(e.Append(nil))
}

// aggregated fills a stream with 60 records, 42 of them packed into three, of which one is no JSON; neither are the two that look
// like aggregated records and aren't, one with nothing in it and one whose digest is wrong.
func (w *world) aggregated(stream string) {
	records := numbers(0, 60)
	records[17] = "no JSON"
	broken := []byte(aggregate("{}"))
	broken[len(broken)-1] ^= 1
	w.put(stream, records[:10]...)
	w.put(stream, aggregate(records[10:40]...), aggregate(), aggregate(records[40:51]...), string(broken), aggregate(records[51:52]...))
	w.put(stream, records[52:]...)
}

// What every source must do, of aggregated records, whether they are asked for or pushed; in particular going on at every
// place within one.
func TestAggregatedSource(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	w.aggregated("clicks")
	w.faults(func(action string, _ []byte) *local.Fault {
		if action == "SubscribeToShard" {
			w.clock.advance(6 * time.Second) // after which a consumer may subscribe again
		}
		return nil
	})
	columns := []connectors.Column{n, meta("id", "sequence-number"), meta("sub", "sub-sequence-number"), meta("key", "partition-key"), meta("hash", "explicit-hash-key")}
	for name, options := range map[string]map[string]string{"polled": {"stream": "clicks"}, "pushed": pushing()} {
		t.Run(name, func(t *testing.T) {
			connectortest.Source(t, connectortest.SourceCase{
				New: func(t *testing.T, env *connectortest.Env) connectors.Source {
					src := source(t, w.bind(env), options, columns...)
					if name == "pushed" {
						kinesis.Subscribe(src)
					}
					return src
				},
				Columns: columns, Rows: 59, Bad: 3,
			})
		})
	}
}

// A user record has keys and a number of its own, and the time and sequence number of the record it is packed into. With few
// records to a request a page may end behind any.
func TestAggregatedMetadata(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 1)
	var e kpl.Encoder
	e.Add([]byte("ann"), nil, []byte(`{"n":1}`))
	e.Add([]byte("bob"), []byte("340282366920938463463374607431768211455"), []byte(`{"n":2}`))
	w.put("clicks", `{"n":0}`, string(e.Append(nil)), `{"n":3}`)
	records := w.get("clicks")
	columns := []connectors.Column{n, meta("id", "sequence-number"), meta("sub", "sub-sequence-number"), meta("key", "partition-key"), meta("hash", "explicit-hash-key"), meta("at", "timestamp")}
	env := w.env()
	env.Run(t, func() {
		src := source(t, env, map[string]string{"stream": "clicks", "scan.shard.getrecords.maxrecordcount": "1"}, columns...)
		r := open(t, env, src, splits(t, src)[0], columns...).until(4)
		defer r.close()
		at := connectortest.Start.UnixMilli()
		want := [][]any{
			{int32(0), *records[0].SequenceNumber, int64(0), "key0", nil, at},
			{int32(1), *records[1].SequenceNumber, int64(0), "ann", nil, at},
			{int32(2), *records[1].SequenceNumber, int64(1), "bob", "340282366920938463463374607431768211455", at},
			{int32(3), *records[2].SequenceNumber, int64(0), "key2", nil, at},
		}
		if diff := cmp.Diff(want, r.rows); diff != "" {
			t.Error(diff)
		}
		if where := r.reader.(connectors.Locator).Locate(r.last); !strings.HasSuffix(where, *records[2].SequenceNumber) {
			t.Errorf("the last row is at %s", where)
		}
	})
}

// A record that was packed for a shard that has been split meanwhile comes to one of the two. What is of the other's keys is
// left out, is counted and said, and comes when the producer puts it again; a restore in the middle stays exact.
func TestAggregatedAstray(t *testing.T) {
	w := newWorld(t)
	w.stream("clicks", 2)
	// MD5("a") is 0cc1…, MD5("b") is 92eb…, MD5("c") is 4a8a…: a and c are of the lower half of the keys.
	var e kpl.Encoder
	for i, key := range []string{"a", "b", "c", "b", "b"} {
		e.Add([]byte(key), nil, fmt.Appendf(nil, `{"n":%d}`, i))
	}
	put := func(shard string, data []byte) {
		t.Helper()
		if _, err := w.client.PutRecord(t.Context(), &awskinesis.PutRecordInput{
			StreamName: aws.String("clicks"), PartitionKey: aws.String("a"), ExplicitHashKey: &shard, Data: data,
		}); err != nil {
			t.Fatal(err)
		}
	}
	const lower, upper = "0", "340282366920938463463374607431768211455"
	put(lower, e.Append(nil))
	put(upper, e.Append(nil))
	put(lower, []byte(`{"n":5}`))
	put(upper, []byte(`{"n":6}`))
	env := w.env()
	var log bytes.Buffer
	env.Log = slog.New(slog.NewTextHandler(&log, nil))
	env.Run(t, func() {
		src := source(t, env, map[string]string{"stream": "clicks"}, n)
		all := splits(t, src)
		for i, want := range [][][]any{{{int32(0)}, {int32(2)}, {int32(5)}}, {{int32(1)}, {int32(3)}, {int32(4)}, {int32(6)}}} {
			r := open(t, env, src, all[i], n)
			out := connectortest.NewBatch(r.columns)
			for step := 0; len(r.rows) < len(want); step++ {
				out.Reset()
				if r.status, r.err = r.reader.Poll(out, 1); r.err != nil || step > 1000 {
					t.Fatalf("shard %d: %v after %v", i, r.err, r.rows)
				}
				if out.N == 0 {
					r.waiter.Wait(t.Context(), time.Time{})
					continue
				}
				r.rows = append(r.rows, connectortest.Row(out, 0)[1:])
				at := all[i]
				at.Position = r.reader.Position()
				rest := open(t, env, src, at, n).until(len(want) - len(r.rows))
				if diff := cmp.Diff(want, append(r.rows[:len(r.rows):len(r.rows)], rest.rows...)); diff != "" {
					t.Errorf("shard %d, restored at %s: %s", i, at.Position, diff)
				}
				rest.close()
			}
			if diff := cmp.Diff(want, r.rows); diff != "" {
				t.Errorf("shard %d: %s", i, diff)
			}
			if want := 3 - i; r.ignored != want {
				t.Errorf("shard %d: %d counted as left out, want %d", i, r.ignored, want)
			}
			r.close()
		}
	})
	if !strings.Contains(log.String(), "another shard's") || !strings.Contains(log.String(), "records=3") {
		t.Errorf("log: %s", log.String())
	}
}
