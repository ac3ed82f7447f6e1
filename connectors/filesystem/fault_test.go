package filesystem

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/connectors/format/json"
	"github.com/weirsql/weir/types"
)

// badDisk is a disk of which an operation fails. Nothing waits for a real one.
type badDisk struct {
	mu     sync.Mutex
	good   int // operations that succeed before
	err    error
	failed string // what failed
	block  chan struct{}
}

// op counts an operation and returns its error.
func (d *badDisk) op(name, path string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.good--; d.good != -1 || d.err == nil {
		return nil
	}
	d.failed = name
	return &fs.PathError{Op: name, Path: path, Err: d.err}
}

func (d *badDisk) under(s *sink) {
	real := realDisk()
	s.disk = disk{
		create: func(path string) (file, error) {
			if err := d.op("open", path); err != nil {
				return nil, err
			}
			f, err := real.create(path)
			return &badFile{f, d, path}, err
		},
		rename: func(from, to string) error {
			if err := d.op("rename", from); err != nil {
				return err
			}
			return real.rename(from, to)
		},
		syncFolder: func(path string) error { return d.op("sync the folder", path) },
		mark: func(path string) error {
			if err := d.op("mark", path); err != nil {
				return err
			}
			return real.mark(path)
		},
	}
}

type badFile struct {
	file
	disk *badDisk
	path string
}

// Write writes half of p when it fails, as a disk does that becomes full.
func (f *badFile) Write(p []byte) (int, error) {
	if err := f.disk.op("write", f.path); err != nil {
		n, _ := f.file.Write(p[:len(p)/2])
		return n, err
	}
	return f.file.Write(p)
}

func (f *badFile) Sync() error {
	if f.disk.block != nil {
		<-f.disk.block
	}
	return f.disk.op("sync", f.path)
}

func (f *badFile) Close() error { return errors.Join(f.file.Close(), f.disk.op("close", f.path)) }

// rows returns a batch of rows from to to-1, over three partitions.
func rowsOf(from, to int) *types.Batch {
	var rows [][]any
	for n := from; n < to; n++ {
		rows = append(rows, []any{int32(n), fmt.Sprint(n % 3)})
	}
	return batch(types.Insert, rows...)
}

// A disk that becomes full, or fails otherwise, at any operation: the error names the file, and the job that is restarted
// from its last checkpoint gives exactly what an undisturbed one does, whether its process lives on or not.
func TestFailingDisk(t *testing.T) {
	const rows, each = 30, 5
	var want []string
	for n := range rows {
		want = append(want, fmt.Sprintf(`text=%d {"id":%d}`, n%3, n))
	}
	slices.Sort(want)
	ops := map[string]int{}
	for _, dies := range []bool{false, true} {
		for good := 0; ; good++ {
			dir, env := filepath.Join(t.TempDir(), "out"), connectortest.NewEnv()
			d := &badDisk{good: good, err: syscall.ENOSPC}
			s := openSink(t, env, dir, json.Spec, []string{"text"}, "sink.partition-commit.policy.kind", "success-file")
			d.under(s)
			var saved [][]byte
			done, checkpoint := 0, int64(0)
			run := func() (err error) {
				w := s.start(t, 0, 1, saved...)
				if !dies {
					defer w.Close()
				} else {
					defer w.syncer.worker.Stop()
				}
				for n := done; n < rows; n += each {
					if err := w.Write(rowsOf(n, n+each)); err != nil {
						return err
					}
					if n/each%2 == 0 && n+each < rows {
						continue // two batches to a checkpoint
					}
					if checkpoint++; n+each >= rows {
						checkpoint = math.MaxInt64
						w.Watermark(math.MaxInt64)
					}
					if err := w.Barrier(checkpoint); err != nil {
						return err
					}
					for {
						state, ok, err := w.Prepared(checkpoint)
						if err != nil {
							return err
						}
						if ok {
							saved, done = [][]byte{state}, n+each
							break
						}
						w.waiter.Wait(t.Context(), time.Time{})
					}
					if err := w.Commit(checkpoint); err != nil {
						return err
					}
				}
				return nil
			}
			err := run()
			if err != nil {
				for _, part := range []string{dir, "no space left on device"} {
					if !strings.Contains(err.Error(), part) {
						t.Fatalf("%s failed: error %q lacks %q", d.failed, err, part)
					}
				}
				// What is visible has whole rows, each of them once.
				lines := visible(tree(t, dir))
				slices.Sort(lines)
				for i, line := range lines {
					if !slices.Contains(want, line) || i > 0 && lines[i-1] == line {
						t.Fatalf("%s failed: published %q", d.failed, lines)
					}
				}
				if done == rows { // only marks are missing
					done = 0
					w := s.start(t, 0, 1, saved...)
					must(t, w.Barrier(math.MaxInt64))
					w.Watermark(math.MaxInt64)
					w.prepared(t, math.MaxInt64)
					must(t, w.Commit(math.MaxInt64))
					must(t, w.Close())
				} else if err := run(); err != nil {
					t.Fatalf("after %s failed: %v", d.failed, err)
				}
			}
			files := tree(t, dir)
			got := visible(files)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s failed: %v\n%s", d.failed, err, diff)
			}
			for path := range files {
				if strings.HasSuffix(path, inProgress) {
					t.Errorf("%s failed: %s was left behind", d.failed, path)
				}
			}
			for n := range 3 {
				if _, ok := files[fmt.Sprintf("text=%d/_SUCCESS", n)]; !ok {
					t.Errorf("%s failed: partition %d is not marked", d.failed, n)
				}
			}
			if d.failed == "" {
				break
			}
			ops[d.failed]++
		}
	}
	for _, op := range []string{"open", "write", "sync", "close", "rename", "sync the folder", "mark"} {
		if ops[op] < 2 {
			t.Errorf("%s has failed %d times", op, ops[op])
		}
	}
}

// While files are brought to disk rows go on being written, and barriers drawn; the state of each checkpoint has what is
// before its barrier.
func TestSlowDisk(t *testing.T) {
	for _, restoreFrom := range []int{0, 1} {
		dir, env := t.TempDir(), connectortest.NewEnv()
		s := openSink(t, env, dir, json.Spec, nil)
		d := &badDisk{block: make(chan struct{})}
		d.under(s)
		w := s.start(t, 0, 1)
		expect := func(when string, lines ...string) {
			t.Helper()
			got := visible(tree(t, dir))
			slices.Sort(got)
			if !slices.Equal(got, lines) {
				t.Errorf("%s: %q, want %q", when, got, lines)
			}
		}
		row := func(n int) string { return fmt.Sprintf(`{"id":%d,"text":"%d"}`, n, n%3) }
		must(t, w.Write(rowsOf(0, 1)))
		must(t, w.Barrier(1))
		must(t, w.Write(rowsOf(1, 2)))
		must(t, w.Barrier(2))
		must(t, w.Write(rowsOf(2, 3)))
		for id := range int64(2) {
			if _, done, err := w.Prepared(id + 1); done || err != nil {
				t.Fatalf("checkpoint %d before an fsync has returned: %t, %v", id+1, done, err)
			}
		}
		close(d.block)
		states := [][]byte{w.prepared(t, 1), w.prepared(t, 2)}
		expect("before the commit")
		if restoreFrom == 1 {
			must(t, w.Commit(2))
			expect("with the second checkpoint", row(0), row(1))
		}
		// The process dies.
		w.syncer.worker.Stop()
		w = s.start(t, 0, 1, states[restoreFrom])
		must(t, w.Write(rowsOf(restoreFrom+1, 4)))
		publish(t, w, 3)
		expect("restored", row(0), row(1), row(2), row(3))
		must(t, w.Close())
	}
}

// An fsync that fails in the background is final: for Prepared, for later rows and barriers.
func TestFailingSync(t *testing.T) {
	dir, env := t.TempDir(), connectortest.NewEnv()
	s := openSink(t, env, dir, json.Spec, nil)
	d := &badDisk{good: 2, err: syscall.EIO}
	d.under(s)
	w := s.start(t, 0, 1)
	must(t, w.Write(rowsOf(0, 1)))
	must(t, w.Barrier(1))
	var err error
	for {
		if _, _, err = w.Prepared(1); err != nil {
			break
		}
		w.waiter.Wait(t.Context(), time.Time{})
	}
	for _, again := range []error{err, w.Flush(), w.Write(rowsOf(1, 2)), w.Barrier(2)} {
		if again == nil || !strings.Contains(again.Error(), "sync "+filepath.Join(dir, ".part-01234567-0-0.json.inprogress")+": input/output error") {
			t.Errorf("got %v", again)
		}
	}
	if err := w.Close(); err == nil {
		t.Error("Close says nothing of it")
	}
	if files := tree(t, dir); len(files) > 0 {
		t.Errorf("left behind: %v", files)
	}
}

// Names that are not on disk yet are lost with the machine's power: as long as they may be, checkpoints name their files.
func TestLostRenames(t *testing.T) {
	dir, env := t.TempDir(), connectortest.NewEnv()
	s := openSink(t, env, dir, json.Spec, nil)
	permit := make(chan struct{}, 10)
	s.disk.syncFolder = func(string) error {
		<-permit
		return nil
	}
	permit <- struct{}{}
	permit <- struct{}{}
	w := s.start(t, 0, 1)
	must(t, w.Write(rowsOf(0, 1)))
	prepare(t, w, 1)
	must(t, w.Write(rowsOf(1, 2)))
	must(t, w.Barrier(2))
	must(t, w.Commit(1))
	state := w.prepared(t, 2)
	const name = "part-01234567-0-0.json"
	must(t, os.Rename(filepath.Join(dir, name), filepath.Join(dir, "."+name+inProgress)))
	close(permit)
	w.syncer.worker.Stop()
	w = s.start(t, 0, 1, state)
	if lines := visible(tree(t, dir)); len(lines) != 2 {
		t.Errorf("restored: %q", lines)
	}
	must(t, w.Close())
}

// A job that fails between its checkpoint and the commit leaves the files that the checkpoint names, and no others.
func TestClosedBeforeTheCommit(t *testing.T) {
	dir, env := t.TempDir(), connectortest.NewEnv()
	s := openSink(t, env, dir, json.Spec, nil)
	w := s.start(t, 0, 1)
	must(t, w.Write(rowsOf(0, 1)))
	must(t, w.Barrier(1)) // given up
	must(t, w.Write(rowsOf(1, 2)))
	state := prepare(t, w, 2)
	must(t, w.Write(rowsOf(2, 3)))
	must(t, w.Barrier(3))
	must(t, w.Close())
	if files := tree(t, dir); len(files) != 2 {
		t.Errorf("left: %v", files)
	}
	w = s.start(t, 0, 1, state)
	if lines := visible(tree(t, dir)); len(lines) != 2 {
		t.Errorf("restored: %q", lines)
	}
	must(t, w.Close())
}
