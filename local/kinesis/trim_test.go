package kinesis

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/weirsql/weir/local/internal/service"
)

type testClock struct{ millis atomic.Int64 }

func (c *testClock) Now() time.Time { return time.UnixMilli(c.millis.Load()) }

// chunks counts the chunks in the store.
func chunks(t *testing.T, s *Service) (n int) {
	t.Helper()
	if err := s.env.Store.Scan([]byte("kr"), func(_, _ []byte) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

// What is past the retention leaves the disk; the numbering goes on where it was, also after a restart with nothing left to
// read.
func TestTrim(t *testing.T) {
	fs := vfs.NewMem()
	clock := &testClock{}
	clock.millis.Store(1_772_366_400_000)
	open := func() (*Service, func()) {
		store, err := service.OpenStore(service.StoreOptions{FS: fs, Dir: "data"})
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(&service.Env{Store: store, Clock: clock, IDs: service.NewIDs(1), Account: "0"}, 0)
		if err != nil {
			t.Fatal(err)
		}
		return s, func() {
			s.Close()
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	s, done := open()
	if _, err := s.createStream(t.Context(), &createStreamInput{StreamName: "s", ShardCount: 2}); err != nil {
		t.Fatal(err)
	}
	put := func() string {
		t.Helper()
		out, err := s.putRecord(t.Context(), &putRecordInput{StreamName: "s", PartitionKey: "k", Data: []byte("x")})
		if err != nil {
			t.Fatal(err)
		}
		return out.SequenceNumber
	}
	for range 10 {
		put()
		clock.millis.Add(time.Hour.Milliseconds())
	}
	trim := func(want int) {
		t.Helper()
		if err := s.trim(); err != nil {
			t.Fatal(err)
		}
		if got := chunks(t, s); got != want {
			t.Errorf("%d chunks left, want %d", got, want)
		}
	}
	trim(10)
	clock.millis.Add((18*time.Hour + time.Millisecond).Milliseconds())
	trim(5) // those of the hours 5 to 9
	last := put()
	clock.millis.Add((100 * time.Hour).Milliseconds())
	trim(1)
	trim(1)
	if n := len(contents(t, s)); n != 0 {
		t.Errorf("%d records are still read", n)
	}
	done()

	s, done = open()
	if next := put(); next <= last {
		t.Errorf("after a restart %s does not follow %s", next, last)
	}
	if n := len(contents(t, s)); n != 1 {
		t.Errorf("%d records, want the new one", n)
	}
	// A closed shard that has expired leaves nothing.
	if _, err := s.mergeShards(t.Context(), &mergeShardsInput{StreamName: "s", ShardToMerge: shardID(0), AdjacentShardToMerge: shardID(1)}); err != nil {
		t.Fatal(err)
	}
	clock.millis.Add((25 * time.Hour).Milliseconds())
	trim(0)
	done()
}

// fullDisk is a file system whose room a test sets.
type fullDisk struct {
	vfs.FS
	avail atomic.Uint64
}

func (d *fullDisk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: d.avail.Load()}, nil
}

// On a full disk writes fail, reads go on, deleting works, and with room everything does.
func TestDiskFull(t *testing.T) {
	disk := &fullDisk{FS: vfs.NewMem()}
	disk.avail.Store(1 << 40)
	s := open(t, disk)
	for _, name := range []string{"s", "other"} {
		if _, err := s.createStream(t.Context(), &createStreamInput{StreamName: name, ShardCount: 2}); err != nil {
			t.Fatal(err)
		}
	}
	put := func(data string) error {
		_, err := s.putRecord(t.Context(), &putRecordInput{StreamName: "s", PartitionKey: "k", Data: []byte(data)})
		return err
	}
	if err := put("one"); err != nil {
		t.Fatal(err)
	}
	disk.avail.Store(16 << 20)
	for range 3 {
		err := put("lost")
		if e := asError(err); err == nil || !errors.Is(err, service.ErrDiskFull) || e.Type != "ServiceUnavailable" || e.Status != 503 {
			t.Errorf("full: %v", err)
		}
	}
	if _, err := s.createStream(t.Context(), &createStreamInput{StreamName: "more", ShardCount: 1}); !errors.Is(err, service.ErrDiskFull) {
		t.Errorf("a stream on a full disk: %v", err)
	}
	if got := fmt.Sprint(len(contents(t, s))); got != "1" {
		t.Errorf("%s records are read", got)
	}
	if _, err := s.deleteStream(t.Context(), &deleteStreamInput{StreamName: "other"}); err != nil {
		t.Errorf("deleted: %v", err)
	}
	disk.avail.Store(1 << 40)
	if err := put("two"); err != nil {
		t.Errorf("with room: %v", err)
	}
	// What failed left no gap for a reader to wait in.
	if sh := s.streams["s"].layout.Load().locate(hashPartitionKey([]byte("k"))); sh.next != 3 || sh.durable.Load() != 3 {
		t.Errorf("the shard goes on at %d, and is durable up to %d, want 3", sh.next, sh.durable.Load())
	}
	got := map[string]bool{}
	for _, data := range contents(t, s) {
		got[data] = true
	}
	if len(got) != 2 || !got["one"] || !got["two"] {
		t.Errorf("stored: %v", got)
	}
}
