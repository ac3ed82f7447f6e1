package checkpoint_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/checkpoint/faultfs"
	"github.com/weirsql/weir/runtime/state"
)

var rewrite = flag.Bool("rewrite", false, "write the kept savepoint of the present version anew")

// savepoint takes a savepoint of subtasks(n) in a directory.
func savepoint(t *testing.T, dir string, n int) string {
	t.Helper()
	p, err := store(t, faultfs.NewMem()).Savepoint(checkpoint.Dir(dir), 7, epoch)
	if err != nil {
		t.Fatal(err)
	}
	uri, _, err := p.Publish(true, subtasks(t, p, n))
	if err != nil {
		t.Fatal(err)
	}
	return uri
}

// A savepoint is one folder that can be copied elsewhere and needs nothing else; retention doesn't touch it, and a second
// one of the same moment is another folder.
func TestSavepoint(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "savepoints")
	uri := savepoint(t, dir, 1000)
	if again := savepoint(t, dir, 1); again == uri || !strings.HasPrefix(filepath.Base(again), "savepoint-job-") {
		t.Errorf("the second one is %s", again)
	}
	elsewhere := filepath.Join(t.TempDir(), "copy of it")
	if err := os.CopyFS(elsewhere, os.DirFS(uri)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	c, err := checkpoint.OpenURI(elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	if got := entries(t, c, "b"); !reflect.DeepEqual(got, [][]state.Entry{numbered(1000), numbered(5)}) {
		t.Error("the entries came back changed")
	}
	if m := c.Manifest; !m.Savepoint || !m.Drained || m.ID != 7 || m.Job != "job" {
		t.Errorf("the manifest came back changed: %+v", m)
	}
}

// A savepoint that builds on a checkpoint couldn't be moved.
func TestSavepointAlone(t *testing.T) {
	mem := faultfs.NewMem()
	s := store(t, mem)
	take(t, s, 1000)
	c, err := checkpoint.OpenIn(mem, "job/chk-1")
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Savepoint(mem, s.NextID(), epoch)
	if err != nil {
		t.Fatal(err)
	}
	all := subtasks(t, p, 1)
	all[1].Parts = c.Operator("b").Subtasks[0].Parts
	if _, _, err := p.Publish(false, all); err == nil || !strings.Contains(err.Error(), "builds on chk-1/op-0001-00.state") {
		t.Errorf("got %v", err)
	}
}

// Of a savepoint that was copied in part every missing and every short file is named.
func TestHalfCopied(t *testing.T) {
	mem := faultfs.NewMem()
	p, err := checkpoint.Savepoint(mem, &checkpoint.Manifest{Job: "job", ID: 1, Time: epoch}, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []checkpoint.Subtask
	for i := range 4 {
		f, err := part(p, "op", i, 4, numbered(1000))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, checkpoint.Subtask{ID: "op", Name: "Op", Subtask: i, Parallelism: 4, Parts: []checkpoint.File{f}})
	}
	uri, _, err := p.Publish(false, all)
	if err != nil {
		t.Fatal(err)
	}
	folder := strings.TrimPrefix(uri, "mem:/")
	mem.Remove(folder + "/op-0000-01.state")
	data, _ := mem.Get(folder + "/op-0000-03.state")
	mem.Put(folder+"/op-0000-03.state", data[:100])
	_, err = checkpoint.OpenIn(mem, folder)
	for _, want := range []string{
		uri + "/op-0000-01.state: it is missing", fmt.Sprintf("%s/op-0000-03.state: it has 100 bytes instead of %d", uri, len(data)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if strings.Contains(fmt.Sprint(err), "op-0000-00") {
		t.Errorf("a whole file is named: %v", err)
	}
}

// The savepoint that was kept when this version of the format was made is read for ever.
func TestKeptSavepoint(t *testing.T) {
	kept := filepath.Join("testdata", fmt.Sprintf("savepoint-v%d", checkpoint.Version))
	if *rewrite {
		if err := os.RemoveAll(kept); err != nil {
			t.Fatal(err)
		}
		uri := savepoint(t, t.TempDir(), 210)
		if err := os.CopyFS(kept, os.DirFS(uri)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := checkpoint.OpenURI(kept)
	if err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(kept); err != nil || len(files) != 2 {
		t.Errorf("it should have a state file: %v, %v", files, err)
	}
	for id, want := range map[string][][]state.Entry{
		"a": {numbered(3)}, "b": {numbered(210), numbered(5)}, "c": {nil},
	} {
		got := entries(t, c, id)
		if len(got) != len(want) {
			t.Fatalf("operator %s has %d subtasks", id, len(got))
		}
		for i := range want {
			if len(got[i]) != len(want[i]) {
				t.Errorf("subtask %d of %s has %d entries, want %d", i, id, len(got[i]), len(want[i]))
				continue
			}
			for k := range want[i] {
				if !reflect.DeepEqual(got[i][k], want[i][k]) {
					t.Errorf("entry %d of subtask %d of %s is %v, want %v", k, i, id, got[i][k], want[i][k])
				}
			}
		}
	}
	if m := c.Manifest; !m.Savepoint || !m.Drained || m.ID != 7 || m.Name != "a name" || !m.Time.Equal(epoch) || !c.Finished("b", 1, 2) {
		t.Errorf("the manifest is %+v", m)
	}
}
