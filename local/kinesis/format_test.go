package kinesis

import (
	"encoding/hex"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/weirsql/weir/local/internal/service"
)

// A folder as the first version wrote it, before shards could be closed: it is read, numbered on, and resharded.
func TestFirstFormat(t *testing.T) {
	fs := vfs.NewMem()
	store, err := service.OpenStore(service.StoreOptions{FS: fs, Dir: "data"})
	if err != nil {
		t.Fatal(err)
	}
	meta := `{"ID":7,"Name":"s","CreatedMillis":4000000000123,"RetentionHour":24,"MaxRecordKiB":1024,"Tags":{"a":"b"},"Shards":[` +
		`{"First":"0","Last":"170141183460469231731687303715884105727","CreatedSeconds":4000000000},` +
		`{"First":"170141183460469231731687303715884105728","Last":"340282366920938463463374607431768211455","CreatedSeconds":4000000000}]}`
	// Shard 1, records 1 and 2, arrived at 4000000001000: keys "k" and "kk", data "one" and "".
	chunk, err := hex.DecodeString("01" + "000003a3529443e8" + "00000002" + "016b" + "036f6e65" + "026b6b" + "00")
	if err != nil {
		t.Fatal(err)
	}
	b := store.DB.NewBatch()
	b.Set([]byte("kms"), []byte(meta), nil)
	b.Set([]byte("kr\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01"), chunk, nil)
	if err := store.Commit(b); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}

	if store, err = service.OpenStore(service.StoreOptions{FS: fs, Dir: "data"}); err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	clock := &testClock{}
	clock.millis.Store(4_000_000_002_000)
	s, err := New(&service.Env{Store: store, Clock: clock, IDs: service.NewIDs(1), Account: "0"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	last := "340282366920938463463374607431768211455"
	out, err := s.putRecord(t.Context(), &putRecordInput{StreamName: "s", PartitionKey: "k", ExplicitHashKey: last, Data: []byte("three")})
	if err != nil || out.ShardID != shardID(1) {
		t.Fatal(out, err)
	}
	if seq, ok := parseSequence(out.SequenceNumber); !ok || seq != (sequence{created: 4_000_000_000, shard: 1, index: 3, time: 4_000_000_002}) {
		t.Errorf("numbered %+v", seq)
	}
	if _, err := s.splitShard(t.Context(), &splitShardInput{StreamName: "s", ShardToSplit: shardID(1), NewStartingHashKey: "170141183460469231731687303715884105738"}); err != nil {
		t.Fatal(err)
	}
	var got []string
	st := s.streams["s"]
	w := newRecordsWriter(nil, protocolJSON)
	index := uint64(0)
	if _, err := s.read(st, st.layout.Load().shards[1], &index, w, readLimits{now: clock.millis.Load(), records: 10, bytes: 1000}); err != nil {
		t.Fatal(err)
	}
	if w.n != 3 || index != 4 || !st.layout.Load().shards[1].drained(index) {
		t.Errorf("%d records up to %d: %s", w.n, index, w.dst)
	}
	for _, sh := range describeShards(st.layout.Load().shards) {
		got = append(got, sh.ShardID[len("shardId-00000000000"):]+"<"+sh.ParentShardID)
	}
	if len(got) != 4 || got[3] != "3<shardId-000000000001" || st.snapshot().Tags["a"] != "b" {
		t.Errorf("shards %v, tags %v", got, st.snapshot().Tags)
	}
}
