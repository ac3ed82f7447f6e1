package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/runtime/state"
)

func entries(n int) []state.Entry {
	var all []state.Entry
	for i := range n {
		all = append(all, state.Entry{
			Group: uint16(i % state.KeyGroups), Name: "count", Key: fmt.Appendf(nil, "key%d", i), Value: bytes.Repeat([]byte{byte(i)}, i%300),
		})
	}
	return append(all, state.Entry{Group: state.OperatorState, Name: "", Key: []byte{}, Value: make([]byte, 200_000)})
}

func states(n int) []Subtask {
	return []Subtask{
		{ID: "a", Name: "Scan", Subtask: 0, Parallelism: 1, Entries: entries(3)},
		{ID: "b", Name: "GroupAggregate", Subtask: 0, Parallelism: 2, Entries: entries(n)},
		{ID: "b", Name: "GroupAggregate", Subtask: 1, Parallelism: 2, Entries: entries(5), Finished: true},
		{ID: "c", Name: "Sink", Subtask: 0, Parallelism: 1},
	}
}

func store(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := NewStore(dir, "job", "a name")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func write(t *testing.T, s *Store, n int) string {
	t.Helper()
	path, _, err := s.Write(s.NextID(), time.Unix(5, 0), false, states(n))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// What is written is read again, in the same order.
func TestRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 5000} {
		c, err := Open(write(t, store(t, t.TempDir()), n))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Entries("b"); !reflect.DeepEqual(got, [][]state.Entry{entries(n), entries(5)}) {
			t.Errorf("%d entries came back changed", n)
		}
		if c.Finished("b", 0, 2) || !c.Finished("b", 1, 2) || c.Finished("b", 0, 1) {
			t.Error("the finished subtask is another one")
		}
		if c.Manifest.Name != "a name" || c.Operator("c") == nil || c.Operator("d") != nil {
			t.Errorf("the manifest came back changed: %+v", c.Manifest)
		}
	}
}

// With another parallelism every entry goes to one subtask, keyed ones to the owner of their group.
func TestDeal(t *testing.T) {
	c, err := Open(write(t, store(t, t.TempDir()), 1000))
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for i := range 3 {
		for _, e := range c.Deal("b", i, 3) {
			total++
			if e.Group != state.OperatorState && state.Subtask(e.Group, 3) != i {
				t.Fatalf("subtask %d got group %d", i, e.Group)
			}
		}
	}
	if want := 1000 + 5 + 2; total != want {
		t.Errorf("%d entries were dealt out, want %d", total, want)
	}
}

// A checkpoint with one changed byte anywhere, one byte less or more, or a missing file is refused by name, and the one
// before is used.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	s := store(t, dir)
	older := write(t, s, 2)
	newer := write(t, s, 3)
	files, err := os.ReadDir(newer)
	if err != nil || len(files) != 4 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	expect := func(what, file string) {
		t.Helper()
		if _, err := Open(newer); err == nil || !strings.Contains(err.Error(), file) {
			t.Fatalf("%s: got %v, want an error that names %s", what, err, file)
		}
		c, skipped, err := Latest(dir, "job")
		if err != nil || c.Path != older || len(skipped) != 1 || !strings.Contains(skipped[0].Error(), file) {
			t.Fatalf("%s: the latest is %+v, skipped %v, %v", what, c, skipped, err)
		}
	}
	for _, f := range files {
		path := filepath.Join(newer, f.Name())
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		put := func(data []byte) {
			t.Helper()
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		step := max(1, len(good)/50)
		for at := 0; at < len(good); at += step {
			bad := bytes.Clone(good)
			bad[at] ^= 0x10
			put(bad)
			expect(fmt.Sprintf("byte %d of %s", at, f.Name()), f.Name())
		}
		put(good[:len(good)-1])
		expect("cut "+f.Name(), f.Name())
		put(append(bytes.Clone(good), 'x'))
		expect("longer "+f.Name(), f.Name())
		if f.Name() != manifestName {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			expect("missing "+f.Name(), f.Name())
		}
		put(good)
	}
	if _, err := Open(newer); err != nil {
		t.Fatalf("repaired: %v", err)
	}
}

// Remains of a crash are no checkpoints; when all are damaged that is said, and a job without any starts afresh.
func TestLatest(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := Latest(dir, "job"); !errors.Is(err, ErrNone) {
		t.Errorf("without a folder: %v", err)
	}
	s := store(t, dir)
	remains := write(t, s, 1)
	if err := os.Rename(filepath.Join(remains, manifestName), filepath.Join(remains, manifestName+".tmp")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Latest(dir, "job"); !errors.Is(err, ErrNone) {
		t.Errorf("with remains: %v", err)
	}
	if _, err := Open(remains); err == nil || !strings.Contains(err.Error(), "not complete") {
		t.Errorf("open remains: %v", err)
	}
	s = store(t, dir)
	if path := write(t, s, 1); filepath.Base(path) != "chk-2" {
		t.Errorf("the next checkpoint is %s", path)
	} else if err := os.Truncate(filepath.Join(path, manifestName), 10); err != nil {
		t.Fatal(err)
	}
	if _, skipped, err := Latest(dir, "job"); err == nil || errors.Is(err, ErrNone) || len(skipped) != 1 {
		t.Errorf("with a damaged one: %v, %v", skipped, err)
	}
}

func TestRetire(t *testing.T) {
	dir := t.TempDir()
	s := store(t, dir)
	var paths []string
	for range 5 {
		paths = append(paths, write(t, s, 1))
	}
	if err := os.Remove(filepath.Join(paths[3], manifestName)); err != nil { // incomplete ones don't count
		t.Fatal(err)
	}
	s = store(t, dir)
	if err := s.Retire(2); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "job", "*"))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{paths[2], paths[4]}; !reflect.DeepEqual(left, want) {
		t.Errorf("left are %v, want %v", left, want)
	}
}

// A checkpoint that can't be written leaves nothing behind.
func TestFailedWrite(t *testing.T) {
	dir := t.TempDir()
	s := store(t, dir)
	bad := states(1)
	bad = append(bad, bad[0]) // the same subtask twice: the file exists
	if _, _, err := s.Write(s.NextID(), time.Unix(0, 0), false, bad); err == nil || !strings.Contains(err.Error(), "chk-1") {
		t.Errorf("got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "job", "*")); len(left) > 0 {
		t.Errorf("left are %v", left)
	}
	write(t, s, 1)
}

func TestJobID(t *testing.T) {
	for _, id := range []string{"", ".", "..", "a/b"} {
		if _, err := NewStore(t.TempDir(), id, ""); err == nil {
			t.Errorf("job id %q was taken for a folder's name", id)
		}
	}
}
