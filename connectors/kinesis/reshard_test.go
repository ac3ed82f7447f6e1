package kinesis_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
)

// fakeShard is a shard of a stream whose family a test makes up. Its iterators are
// `SHARD/INDEX`, its sequence numbers are indexes from 1 on.
type fakeShard struct {
	id      string
	parent  string
	records []string
	closed  bool
}

// resharded serves a stream of these shards, as far as a source asks.
func resharded(t *testing.T, shards ...*fakeShard) *httptest.Server {
	find := func(id string) *fakeShard {
		for _, s := range shards {
			if s.id == id {
				return s
			}
		}
		return nil
	}
	type object = map[string]any
	answer := func(action string, in map[string]any) (int, object) {
		text := func(key string) string { s, _ := in[key].(string); return s }
		switch action {
		case "ListShards":
			var out []object
			for _, s := range shards {
				numbers := object{"StartingSequenceNumber": "0"}
				if s.closed {
					numbers["EndingSequenceNumber"] = "1000"
				}
				shard := object{"ShardId": s.id, "SequenceNumberRange": numbers, "HashKeyRange": object{"StartingHashKey": "0", "EndingHashKey": "1"}}
				if s.parent != "" {
					shard["ParentShardId"] = s.parent
				}
				out = append(out, shard)
			}
			return 200, object{"Shards": out}
		case "DescribeStreamSummary":
			return 200, object{"StreamDescriptionSummary": object{"RetentionPeriodHours": 48}}
		case "GetShardIterator":
			s, at := find(text("ShardId")), 0
			if s == nil {
				return 400, object{"__type": "ResourceNotFoundException", "message": "no such shard"}
			}
			switch text("ShardIteratorType") {
			case "LATEST":
				at = len(s.records)
			case "AFTER_SEQUENCE_NUMBER":
				at, _ = strconv.Atoi(text("StartingSequenceNumber"))
			}
			return 200, object{"ShardIterator": fmt.Sprintf("%s/%d", s.id, at)}
		case "GetRecords":
			id, index, _ := strings.Cut(text("ShardIterator"), "/")
			s := find(id)
			at, _ := strconv.Atoi(index)
			records := []object{}
			if at < len(s.records) { // one at a time
				records = append(records, object{
					"Data": base64.StdEncoding.EncodeToString([]byte(s.records[at])), "PartitionKey": "k",
					"SequenceNumber": strconv.Itoa(at + 1), "ApproximateArrivalTimestamp": float64(connectortest.Start.Unix()) + 0.25,
				})
				at++
			}
			out := object{"Records": records, "MillisBehindLatest": len(s.records) - at, "NextShardIterator": fmt.Sprintf("%s/%d", id, at)}
			if s.closed && at == len(s.records) {
				delete(out, "NextShardIterator")
				children := []object{}
				for _, c := range shards {
					if c.parent == s.id {
						children = append(children, object{"ShardId": c.id, "ParentShards": []string{s.id}, "HashKeyRange": object{"StartingHashKey": "0", "EndingHashKey": "1"}})
					}
				}
				out["ChildShards"] = children
			}
			return 200, out
		}
		return 400, object{"__type": "UnknownOperationException"}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in := map[string]any{}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			if !errors.Is(err, io.ErrUnexpectedEOF) { // a reader that is closed breaks off what it is asking
				t.Error(err)
			}
			return
		}
		status, out := answer(strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "Kinesis_20131202."), in)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(out); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func reshardedEnv(s *httptest.Server) *connectortest.Env {
	env := connectortest.NewEnv()
	env.KinesisEndpoint = s.URL
	return env
}

func family() []*fakeShard {
	return []*fakeShard{
		{id: "parent", records: numbers(0, 3), closed: true},
		{id: "left", parent: "parent", records: numbers(3, 5)},
		{id: "right", parent: "parent", records: numbers(5, 6)},
	}
}

// A shard that came from another is read when that one has been, and the split of a closed shard stays until those that
// came from it are open, lest the watermark run ahead of them.
func TestParentsFirst(t *testing.T) {
	env := reshardedEnv(resharded(t, family()...))
	env.Run(t, func() {
		src := source(t, env, map[string]string{"stream": "clicks"}, n)
		all := splits(t, src)
		if len(all) != 3 {
			t.Fatalf("%d splits, want 3", len(all))
		}
		left := open(t, env, src, all[1], n)
		parent := open(t, env, src, all[0], n)
		if err := sleep(env, time.Minute); err != nil {
			t.Fatal(err)
		}
		if left.until(0); len(left.rows) > 0 {
			t.Error("the child was read before its parent")
		}
		out := connectortest.NewBatch([]connectors.Column{n})
		if status, err := left.reader.Poll(out, 10); out.N != 0 || status != connectors.Idle || err != nil {
			t.Errorf("a child that waits: %d rows, status %v, %v", out.N, status, err)
		}
		parent.until(3)
		if status, err := parent.reader.Poll(out, 10); out.N != 0 || status != connectors.Idle || err != nil {
			t.Errorf("a parent with a child that isn't open: %d rows, status %v, %v", out.N, status, err)
		}
		right := open(t, env, src, all[2], n)
		if parent.until(100); parent.status != connectors.Ended {
			t.Errorf("with both children open the parent's status is %v", parent.status)
		}
		parent.close()
		left.until(2)
		right.until(1)
		left.close()
		right.close()
		if diff := cmp.Diff([][]any{{int32(3)}, {int32(4)}, {int32(5)}}, append(left.rows, right.rows...)); diff != "" {
			t.Error(diff)
		}
	})
}

// After a restore: a parent that had ended holds nothing up, and one that had been drained ends when its children are open.
func TestRestoredFamily(t *testing.T) {
	for _, drained := range []bool{false, true} {
		env := reshardedEnv(resharded(t, family()...))
		env.Run(t, func() {
			src := source(t, env, map[string]string{"stream": "clicks"}, n)
			all := splits(t, src)
			restored := source(t, env, map[string]string{"stream": "clicks"}, n)
			children := all[1:]
			if !drained {
				restored.(connectors.Restorer).Restored(children, []string{"parent"})
				splits(t, restored)
			} else {
				at := connectors.Split{ID: "parent", Position: []byte(`{"end":true}`)}
				restored.(connectors.Restorer).Restored(append([]connectors.Split{at}, children...), nil)
				splits(t, restored)
				parent := open(t, env, restored, at, n)
				defer func() {
					if parent.until(1); parent.status != connectors.Ended || len(parent.rows) > 0 {
						t.Errorf("the drained parent: status %v, %d rows", parent.status, len(parent.rows))
					}
					parent.close()
				}()
				out := connectortest.NewBatch([]connectors.Column{n})
				for range 2 {
					if status, err := parent.reader.Poll(out, 10); status == connectors.Ended || err != nil {
						t.Errorf("the drained parent: status %v, %v", status, err)
					}
					if err := sleep(env, time.Second); err != nil {
						t.Fatal(err)
					}
				}
			}
			for i, want := range []int{2, 1} {
				child := open(t, env, restored, children[i], n)
				defer child.close()
				if child.until(want); len(child.rows) != want {
					t.Errorf("drained %v: child %s gave %d rows (%v)", drained, children[i].ID, len(child.rows), child.err)
				}
			}
		})
	}
}

// A closed shard has no later records: with LATEST its split ends, and is not read from the beginning after a restore.
func TestClosedShardAtLatest(t *testing.T) {
	env := reshardedEnv(resharded(t, family()...))
	env.Run(t, func() {
		src := source(t, env, map[string]string{"stream": "clicks", "scan.stream.initpos": "LATEST"}, n)
		all := splits(t, src)
		for _, i := range []int{1, 2, 0} {
			r := open(t, env, src, all[i], n)
			defer r.close()
			if all[i].ID != "parent" {
				continue
			}
			if r.until(1); r.status != connectors.Ended || len(r.rows) > 0 {
				t.Errorf("status %v, %d rows", r.status, len(r.rows))
			}
		}
	})
}

// A shard of the checkpoint that AWS has forgotten since ends; the others are read on.
func TestForgottenShard(t *testing.T) {
	env := reshardedEnv(resharded(t, family()[1:]...))
	env.Run(t, func() {
		src := source(t, env, map[string]string{"stream": "clicks"}, n)
		old := connectors.Split{ID: "parent", Position: []byte(`{"sequence":"2"}`)}
		src.(connectors.Restorer).Restored([]connectors.Split{old}, nil)
		for _, s := range append(splits(t, src), old) {
			r := open(t, env, src, s, n)
			defer r.close()
			if s.ID == "parent" {
				if r.until(1); r.status != connectors.Ended || r.err != nil {
					t.Errorf("status %v, error %v", r.status, r.err)
				}
			}
		}
	})
}
