package wasm_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/wasm"
)

// What is kept of a function only saves time: the function works whatever has become of the folder.
func TestKeptIsNotNeeded(t *testing.T) {
	truncate := func(b []byte) []byte { return b[:len(b)/2] }
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, kept string)
	}{
		{"as it was", func(*testing.T, string) {}},
		{"code without its end", each("compiled/*/*", truncate)},
		{"other code", each("compiled/*/*", func(b []byte) []byte { b[len(b)/2] ^= 1; return b })},
		{"no code", each("compiled/*/*", func(b []byte) []byte { return nil })},
		{"a file in the place of the folder", fileInstead},
	} {
		kept := filepath.Join(t.TempDir(), "functions")
		half(t, "before "+c.name, kept)
		c.spoil(t, kept)
		half(t, c.name, kept)
		half(t, "after "+c.name, kept)
	}
}

// The same of modules that Go files were compiled to.
func TestKeptModuleIsNotNeeded(t *testing.T) {
	load(t, host(t), "add_one", defaults)
	kept := filepath.Join(t.TempDir(), "functions")
	if err := os.CopyFS(kept, os.DirFS(cache)); err != nil {
		t.Fatal(err)
	}
	for _, spoil := range []func(*testing.T, string){each("go/*", func(b []byte) []byte { return b[:len(b)/2] }), fileInstead} {
		spoil(t, kept)
		h := wasm.NewHost(kept)
		x := column(types.BigIntType, int64(41))
		s, err := bind(load(t, h, "add_one", defaults), x)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := evaluate(s, x); err != nil || got[0] != int64(42) {
			t.Errorf("add_one(41) is %v, %v", got, err)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
}

func fileInstead(t *testing.T, kept string) {
	if err := os.RemoveAll(kept); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// each changes all files of a pattern, of which there must be some.
func each(pattern string, change func([]byte) []byte) func(*testing.T, string) {
	return func(t *testing.T, kept string) {
		files, err := filepath.Glob(filepath.Join(kept, filepath.FromSlash(pattern)))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(f, change(b), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// half calls a function of a module with a host that keeps compiled code.
func half(t *testing.T, when, kept string) {
	t.Helper()
	h := wasm.NewHost(kept)
	defer h.Close()
	path, err := filepath.Abs("../../queries/examples/udf-wasm/slug.wasm")
	if err != nil {
		t.Fatal(err)
	}
	l, err := h.Module()(udf.Source{Name: "half", Text: "file:" + path, Limits: defaults})
	if err != nil {
		t.Errorf("%s: %v", when, err)
		return
	}
	x := column(types.BigIntType, int64(42))
	s, err := bind(l, x)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := evaluate(s, x); err != nil || got[0] != int64(21) {
		t.Errorf("%s: half(42) is %v, %v", when, got, err)
	}
}

// What is wrong with a function is said whether another one of its file has been created before or not.
func TestUnfitBesideAnother(t *testing.T) {
	source := filepath.Join(t.TempDir(), "inc.go")
	if err := os.WriteFile(source, []byte("package functions\n\nfunc Inc(x int64) int64 { return x + 1 }\n\nfunc Wrong(x uint64) int64 { return 1 }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := host(t)
	for _, name := range []string{"wrong", "inc", "wrong"} {
		_, err := h.Go()(udf.Source{Name: name, Text: "file:" + source, Limits: defaults})
		if name == "inc" {
			if err != nil {
				t.Error(err)
			}
		} else if err == nil || !strings.Contains(err.Error(), "inc.go:5:12: Wrong takes uint64, which has no SQL type") {
			t.Errorf("%s is refused with %v", name, err)
		}
	}
}
