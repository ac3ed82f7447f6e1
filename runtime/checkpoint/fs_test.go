package checkpoint_test

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/checkpoint/faultfs"
	"github.com/weirsql/weir/runtime/clock"
)

// places returns one of each kind.
func places(t *testing.T) map[string]checkpoint.FS {
	return map[string]checkpoint.FS{
		"directory": checkpoint.Dir(t.TempDir()),
		"s3":        newFakeS3(t).place(t),
		"memory":    faultfs.NewMem(),
		"faultless": faultfs.New(faultfs.NewMem(), clock.Real{}, 1, faultfs.Plan{}),
	}
}

// Every place keeps what FS promises.
func TestPlaces(t *testing.T) {
	for name, place := range places(t) {
		t.Run(name, func(t *testing.T) {
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			list := func(dir string, want ...checkpoint.Info) {
				t.Helper()
				got, err := place.List(dir)
				must(err)
				slices.SortFunc(got, func(a, b checkpoint.Info) int { return cmp.Compare(a.Name, b.Name) })
				if !slices.Equal(got, want) {
					t.Fatalf("in %s there are %v, want %v", dir, got, want)
				}
			}
			list("job")
			must(place.MakeDir("job"))
			list("job")
			out, err := place.Create("job/chk-1/a")
			must(err)
			_, err = io.WriteString(out, "some ")
			must(err)
			_, err = io.WriteString(out, "text")
			must(err)
			must(out.Close())
			out.Abort() // does nothing
			if _, err := out.Write([]byte("more")); err == nil {
				t.Error("written after the end")
			}
			list("job/chk-1", checkpoint.Info{Name: "a", Size: 9})
			list("job", checkpoint.Info{Name: "chk-1", Dir: true})
			r, err := place.Open("job/chk-1/a")
			must(err)
			if data, err := io.ReadAll(r); err != nil || string(data) != "some text" {
				t.Errorf("read %q, %v", data, err)
			}
			must(r.Close())
			if _, err := place.Open("job/chk-1/b"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("opened what isn't there: %v", err)
			}

			out, err = place.Create("job/chk-1/b")
			must(err)
			_, err = io.WriteString(out, "some")
			must(err)
			out.Abort()
			list("job/chk-1", checkpoint.Info{Name: "a", Size: 9})

			must(place.Publish("job/chk-1/m", []byte("all")))
			if err := place.Publish("job/chk-1/m", []byte("other")); !errors.Is(err, fs.ErrExist) {
				t.Errorf("published again: %v", err)
			}
			must(place.Publish("job/chk-10/m", []byte("all")))
			list("job/chk-1", checkpoint.Info{Name: "a", Size: 9}, checkpoint.Info{Name: "m", Size: 3})
			must(place.Remove("job/chk-1/a"))
			must(place.Remove("job/chk-1/a"))
			must(place.RemoveAll("job/chk-1"))
			must(place.RemoveAll("job/chk-1"))
			list("job", checkpoint.Info{Name: "chk-10", Dir: true})
		})
	}
}

// State is for its owner only, and what can't be written to is noticed before the job runs.
func TestDirectory(t *testing.T) {
	root := filepath.Join(t.TempDir(), "made", "on demand")
	s := store(t, checkpoint.Dir(root))
	take(t, s, 1000)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[d.IsDir()]; err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o; %v", path, info.Mode().Perm(), want, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// A disk that has been unmounted isn't replaced by the folder below.
	if err := os.Rename(filepath.Join(root, "job"), filepath.Join(root, "away")); err != nil {
		t.Fatal(err)
	}
	p, err := s.Begin(s.NextID(), epoch)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Publish(false, nil); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "chk-2") {
		t.Errorf("got %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := checkpoint.NewStoreIn(checkpoint.Dir(file), "job", ""); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("in a file: %v", err)
	}
}

func TestResolve(t *testing.T) {
	for uri, want := range map[string]string{
		"/a/b/": "/a/b", "file:///a/b": "/a/b", "a": "a",
		"file://host/a": "!names a host", "hdfs://a/b": "!the scheme must be", "": "!is empty",
	} {
		place, err := checkpoint.Resolve(uri)
		if message, fails := strings.CutPrefix(want, "!"); fails {
			if err == nil || !strings.Contains(err.Error(), message) {
				t.Errorf("%q: got %v, want %q", uri, err, message)
			}
		} else if err != nil || place.String() != want {
			t.Errorf("%q: got %v, %v, want %s", uri, place, err, want)
		}
	}
	newFakeS3(t)
	for _, scheme := range []string{"s3", "s3a", "s3p"} {
		if place, err := checkpoint.Resolve(scheme + "://bucket/a//b/"); err != nil || place.String() != "s3://bucket/a/b" {
			t.Errorf("%s: got %v, %v", scheme, place, err)
		}
	}
}

// Several savepoints may be taken into one folder at once.
func TestMakeDirAtOnce(t *testing.T) {
	fs := checkpoint.Dir(t.TempDir())
	errs := make(chan error)
	const at = 4
	for range at {
		go func() {
			for range 200 {
				if err := fs.MakeDir("savepoints"); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range at {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
