package wasm_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/wasm"
)

// cache is where compiled functions are kept during the tests, so that each file is compiled once.
var cache string

func TestMain(m *testing.M) {
	var err error
	if cache, err = os.MkdirTemp("", "weir-wasm-test-*"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(cache)
	os.Exit(code)
}

func host(t testing.TB) *wasm.Host {
	t.Helper()
	h := wasm.NewHost(cache)
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

var defaults = udf.Limits{Memory: 64 << 20, Time: 10 * time.Second}

// load makes a function of testdata/functions.go.
func load(t testing.TB, h *wasm.Host, name string, limits udf.Limits) *udf.Loaded {
	t.Helper()
	path, err := filepath.Abs("testdata/functions.go")
	if err != nil {
		t.Fatal(err)
	}
	l, err := h.Go()(udf.Source{Name: name, Text: "file:" + path, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// column makes a vector of values, nil being NULL.
func column(t types.Type, values ...any) *types.Vector {
	v := types.NewVector(t)
	for _, x := range values {
		v.AppendValue(x)
	}
	return v
}

// bind binds a scalar function to columns.
func bind(l *udf.Loaded, args ...*types.Vector) (*udf.BoundScalar, error) {
	call := &udf.Call{Name: l.Spec.Name}
	for _, a := range args {
		call.Args = append(call.Args, udf.Arg{Type: a.Type})
	}
	return l.Spec.Scalar(call)
}

// evaluate does what an expression does: NULLs first, then the function.
func evaluate(s *udf.BoundScalar, args ...*types.Vector) ([]any, error) {
	n := 0
	if len(args) > 0 {
		n = args[0].N
	}
	out := types.NewVector(s.Result)
	out.Resize(n)
	if s.Nulls == udf.NullIfAny {
		for i := range n {
			for _, a := range args {
				if a.IsNull(i) {
					out.SetNull(i)
				}
			}
		}
	}
	if err := s.Eval(&udf.Context{}, args, out, n); err != nil {
		return nil, err
	}
	var all []any
	for i := range n {
		all = append(all, out.Value(i))
	}
	return all, nil
}
