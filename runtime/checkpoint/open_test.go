package checkpoint_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/checkpoint/faultfs"
	"github.com/weirsql/weir/runtime/state"
)

// What is written is read again, in the same order, wherever it is.
func TestRoundTrip(t *testing.T) {
	for name, place := range places(t) {
		s := store(t, place)
		for _, n := range []int{0, 1, 5000} {
			take(t, s, n)
			c, skipped, err := checkpoint.LatestIn(place, "job")
			if err != nil || len(skipped) > 0 {
				t.Fatalf("%s: skipped %v, %v", name, skipped, err)
			}
			if got := entries(t, c, "b"); !reflect.DeepEqual(got, [][]state.Entry{numbered(n), numbered(5)}) {
				t.Errorf("%s: %d entries came back changed", name, n)
			}
			if c.Finished("b", 0, 2) || !c.Finished("b", 1, 2) || c.Finished("b", 0, 1) {
				t.Errorf("%s: the finished subtask is another one", name)
			}
			if c.Manifest.Name != "a name" || c.Operator("c") == nil || c.Operator("d") != nil || c.Share("d", 0, 1) != nil {
				t.Errorf("%s: the manifest came back changed: %+v", name, c.Manifest)
			}
		}
	}
}

// A small job's checkpoint is its manifest.
func TestInline(t *testing.T) {
	mem := faultfs.NewMem()
	take(t, store(t, mem), 100)
	if names := mem.Names(); !slices.Equal(names, []string{"job/chk-1/manifest.json"}) {
		t.Errorf("there are the files %v", names)
	}
}

// A checkpoint is found by its URI, or by that of its manifest, in a renamed folder, too.
func TestOpenURI(t *testing.T) {
	dir := t.TempDir()
	uri := take(t, store(t, checkpoint.Dir(dir)), 1000)
	t.Chdir(filepath.Dir(uri))
	if err := os.Rename("chk-1", "kept"); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "job", "kept")
	for _, uri := range []string{folder, folder + "/", folder + "/manifest.json", "file://" + folder, "kept", "./kept"} {
		if c, err := checkpoint.OpenURI(uri); err != nil {
			t.Errorf("%s: %v", uri, err)
		} else if got := entries(t, c, "b")[0]; !reflect.DeepEqual(got, numbered(1000)) {
			t.Errorf("%s: entries came back changed", uri)
		}
	}
	for _, uri := range []string{"", "/", ".", "..", "s3://bucket", "s3://"} {
		if _, err := checkpoint.OpenURI(uri); err == nil || !strings.Contains(err.Error(), "can't be a checkpoint") {
			t.Errorf("%q: %v", uri, err)
		}
	}
	if _, err := checkpoint.OpenURI(dir); err == nil || !strings.Contains(err.Error(), "has no manifest.json") {
		t.Errorf("a folder of something else: %v", err)
	}
}

// A checkpoint with one changed byte anywhere, cut anywhere, longer, or without one of its files is refused naming the
// file, and the one before is used. That holds for the files of earlier checkpoints that it builds on.
func TestDamage(t *testing.T) {
	mem := faultfs.NewMem()
	s := store(t, mem)
	take(t, s, 2)
	take(t, s, 1000)
	base, err := checkpoint.OpenIn(mem, "job/chk-2")
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Begin(s.NextID(), epoch)
	if err != nil {
		t.Fatal(err)
	}
	all := subtasks(t, p, 900)
	for i := range all {
		if all[i].ID == "b" && all[i].Subtask == 0 {
			all[i].Parts = append(slices.Clone(base.Operator("b").Subtasks[0].Parts), all[i].Parts...)
		}
	}
	if _, _, err := p.Publish(false, all); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"job/chk-3/manifest.json", "job/chk-3/op-0001-00.state", "job/chk-2/op-0001-00.state"} {
		good, there := mem.Get(file)
		if !there {
			t.Fatalf("%s is not among %v", file, mem.Names())
		}
		latest := "mem:/job/chk-2"
		if strings.HasPrefix(file, "job/chk-2") {
			latest = "mem:/job/chk-1"
		}
		expect := func(what string) {
			t.Helper()
			if _, err := checkpoint.OpenIn(mem, "job/chk-3"); err == nil || !strings.Contains(err.Error(), file) {
				t.Fatalf("%s of %s: got %v", what, file, err)
			}
			c, skipped, err := checkpoint.LatestIn(mem, "job")
			if err != nil || c.Path != latest || !strings.Contains(errors.Join(skipped...).Error(), file) {
				t.Fatalf("%s of %s: the latest is %+v, skipped %v, %v", what, file, c, skipped, err)
			}
		}
		for at := 0; at < len(good); at += max(1, len(good)/50) {
			for _, flip := range []byte{0x01, 0x10, 0x20, 0x80} {
				bad := bytes.Clone(good)
				bad[at] ^= flip
				mem.Put(file, bad)
				expect(fmt.Sprintf("a flip of %#x at %d", flip, at))
			}
			mem.Put(file, good[:at])
			expect(fmt.Sprintf("the first %d bytes", at))
		}
		mem.Put(file, good[:len(good)-1])
		expect("one byte less")
		mem.Put(file, append(bytes.Clone(good), 'x'))
		expect("one byte more")
		if file != "job/chk-3/manifest.json" { // which would make it no checkpoint
			mem.Remove(file)
			expect("the lack")
		}
		mem.Put(file, good)
	}
	if c, err := checkpoint.OpenIn(mem, "job/chk-3"); err != nil || len(entries(t, c, "b")[0]) != 1001 {
		t.Fatalf("repaired: %v", err)
	}
}

// A file that changes after the checkpoint was opened is noticed when it is read.
func TestDamageAfterOpen(t *testing.T) {
	mem := faultfs.NewMem()
	take(t, store(t, mem), 1000)
	c, err := checkpoint.OpenIn(mem, "job/chk-1")
	if err != nil {
		t.Fatal(err)
	}
	const file = "job/chk-1/op-0001-00.state"
	good, _ := mem.Get(file)
	for at := 0; at < len(good); at += len(good) / 50 {
		bad := bytes.Clone(good)
		bad[at] ^= 0x10
		mem.Put(file, bad)
		err := c.Share("b", 0, 2).Each("count", func(_, _ []byte) error { return nil })
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
	// An error of the one who reads comes back as it is.
	mem.Put(file, good)
	mine := errors.New("mine")
	if err := c.Share("b", 0, 2).Each("count", func(_, _ []byte) error { return mine }); err != mine {
		t.Errorf("got %v", err)
	}
}

// Remains of a crash are no checkpoints; when all are damaged that is said, and a job without any starts afresh.
func TestLatest(t *testing.T) {
	mem := faultfs.NewMem()
	if _, _, err := checkpoint.LatestIn(mem, "job"); !errors.Is(err, checkpoint.ErrNone) {
		t.Errorf("without a folder: %v", err)
	}
	s := store(t, mem)
	take(t, s, 1000)
	mem.Remove("job/chk-1/manifest.json")
	if _, _, err := checkpoint.LatestIn(mem, "job"); !errors.Is(err, checkpoint.ErrNone) {
		t.Errorf("with remains: %v", err)
	}
	if _, err := checkpoint.OpenIn(mem, "job/chk-1"); err == nil || !strings.Contains(err.Error(), "not complete") {
		t.Errorf("open remains: %v", err)
	}
	s = store(t, mem)
	if left := mem.Names(); len(left) > 0 {
		t.Errorf("remains are left: %v", left)
	}
	if uri := take(t, s, 1); uri != "mem:/job/chk-2" { // a sink may know the number
		t.Errorf("the next checkpoint is %s", uri)
	}
	mem.Put("job/chk-2/manifest.json", []byte("{"))
	if _, skipped, err := checkpoint.LatestIn(mem, "job"); err == nil || errors.Is(err, checkpoint.ErrNone) || len(skipped) != 1 {
		t.Errorf("with a damaged one: %v, %v", skipped, err)
	}
	for _, job := range []string{"", ".", "..", "a/b"} {
		if _, _, err := checkpoint.LatestIn(mem, job); err == nil {
			t.Errorf("job id %q was taken for a folder's name", job)
		}
		if _, err := checkpoint.NewStoreIn(mem, job, ""); err == nil {
			t.Errorf("job id %q was taken for a folder's name", job)
		}
	}
}

// A checkpoint of another version is refused with its number and what can be done. An older one isn't taken in its place,
// and nothing of it is removed.
func TestVersions(t *testing.T) {
	for version, want := range map[int]string{
		1: "format version 1, which this release can't read any more (it reads version 2): let the release that wrote it finish the job, or start without restoring",
		3: "format version 3, which is newer than this release (it reads version 2): restore with the release that wrote it, or a later one",
	} {
		mem := faultfs.NewMem()
		s := store(t, mem)
		take(t, s, 1)
		take(t, s, 1000)
		data, err := checkpoint.EncodeManifest(&checkpoint.Manifest{Version: version})
		if err != nil {
			t.Fatal(err)
		}
		mem.Put("job/chk-2/manifest.json", data)
		before := mem.Names()
		if _, err := checkpoint.OpenIn(mem, "job/chk-2"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v", err)
		}
		if c, _, err := checkpoint.LatestIn(mem, "job"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the latest is %v, %v", c, err)
		}
		if err := store(t, mem).Retire(2); err != nil || !slices.Equal(mem.Names(), before) {
			t.Errorf("there are %v, want %v; %v", mem.Names(), before, err)
		}
	}
}

// A manifest that would make a restore lose state is refused before it is published.
func TestContradictions(t *testing.T) {
	for want, change := range map[string]func(all []checkpoint.Subtask) []checkpoint.Subtask{
		"subtask 0 of operator operator a (a) is in it twice": func(all []checkpoint.Subtask) []checkpoint.Subtask { return append(all, all[0]) },
		"1 of the 2 subtasks of operator operator b (b) are missing": func(all []checkpoint.Subtask) []checkpoint.Subtask {
			return slices.Delete(all, 1, 2)
		},
		"has no subtask 5": func(all []checkpoint.Subtask) []checkpoint.Subtask {
			all[1].Subtask = 5
			return all
		},
		"builds on chk-9/x, which is not there any more": func(all []checkpoint.Subtask) []checkpoint.Subtask {
			all[1].Parts = append([]checkpoint.File{{File: "chk-9/x", Size: 1, Entries: 1}}, all[1].Parts...)
			return all
		},
	} {
		mem := faultfs.NewMem()
		s := store(t, mem)
		p, err := s.Begin(s.NextID(), epoch)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.Publish(false, change(subtasks(t, p, 1000))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		if left := mem.Names(); len(left) > 0 {
			t.Errorf("%s: left are %v", want, left)
		}
		if _, err := p.Part("a", "A", 0, 1).Close(); err != nil {
			t.Errorf("an empty part after the end: %v", err)
		}
	}
}
