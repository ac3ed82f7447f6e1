package task

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// The cases of Flink's SinkUpsertMaterializerTest: rows (a BIGINT, the primary key b INT, c STRING), each with what must
// come out behind an arrow. Each is replayed row by row, and through snapshot and restore.
func TestMaterializer(t *testing.T) {
	three := "+I 1 1 a1 > +I 1 1 a1; +I 2 1 a2 > +U 2 1 a2; +I 3 1 a3 > +U 3 1 a3; "
	for _, c := range []struct {
		name, script string
		keys         [][]int // of the query
	}{
		{"no key", three + "-D 2 1 a2; -D 3 1 a3 > +U 1 1 a1; -D 1 1 a1 > -D 1 1 a1; +I 4 1 a4 > +I 4 1 a4", [][]int{nil}},
		{"a key and a column that changes", "+I 1 1 a1 > +I 1 1 a1; +U 1 1 a11 > +U 1 1 a11; +I 3 1 a3 > +U 3 1 a3; -D 1 1 a111; " +
			"-D 3 1 a33 > -D 3 1 a33; +I 4 1 a4 > +I 4 1 a4", [][]int{{0}}},
		{"first", three + "-D 1 1 a1; -D 2 1 a2; -D 3 1 a3 > -D 3 1 a3", [][]int{nil, {0}}},
		{"middle", three + "-D 2 1 a2; -D 1 1 a1; -D 3 1 a3 > -D 3 1 a3", [][]int{nil, {0}}},
		{"last", three + "-D 3 1 a3 > +U 2 1 a2; -D 2 1 a2 > +U 1 1 a1; -D 1 1 a1 > -D 1 1 a1", [][]int{nil, {0}}},
		{"1, 3, 2", three + "-D 1 1 a1; -D 3 1 a3 > +U 2 1 a2; -D 2 1 a2 > -D 2 1 a2", [][]int{nil, {0}}},
		{"2, 3, 1", three + "-D 2 1 a2; -D 3 1 a3 > +U 1 1 a1; -D 1 1 a1 > -D 1 1 a1", [][]int{nil, {0}}},
		{"3, 1, 2", three + "-D 3 1 a3 > +U 2 1 a2; -D 1 1 a1; -D 2 1 a2 > -D 2 1 a2", [][]int{nil, {0}}},
		{"unknown", "-D 1 1 a1; +I 1 2 x > +I 1 2 x; -U 1 1 a1", [][]int{nil, {0}}},
		{"the same row twice", "+I 1 1 a > +I 1 1 a; +I 1 1 a > +U 1 1 a; -D 1 1 a; -D 1 1 a > -D 1 1 a", [][]int{nil}},
	} {
		for _, key := range c.keys {
			for _, restored := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s,key=%v,restored=%v", c.name, key, restored), func(t *testing.T) {
					schema := types.NewSchema(types.Field{Name: "a", Type: types.BigIntType}, types.Field{Name: "b", Type: types.IntType},
						types.Field{Name: "c", Type: types.StringType})
					node := &physical.Sink{Info: physical.Info{
						Schema: schema, Key: []int{1},
						Inputs: []physical.Edge{{From: &physical.Calc{Info: physical.Info{Schema: schema, Key: key}}}},
					}}
					m := newMaterializer(node)
					if err := m.open(nil, nil); err != nil {
						t.Fatal(err)
					}
					for _, step := range strings.Split(c.script, "; ") {
						in, want, _ := strings.Cut(step, " > ")
						var kind, s string
						var a int64
						var b int32
						if _, err := fmt.Sscan(in, &kind, &a, &b, &s); err != nil {
							t.Fatal(err)
						}
						k, _ := types.ParseRowKind(kind)
						batch := types.NewBatch(schema)
						for i, x := range []any{a, b, s} {
							batch.Cols[i].AppendValue(x)
						}
						batch.AppendKind(k)
						out, err := m.process(batch)
						if err != nil {
							t.Fatal(err)
						}
						var got []string
						for i := range out.N {
							got = append(got, fmt.Sprint(out.Kind(i), " ", out.Cols[0].Value(i), " ", out.Cols[1].Value(i), " ", out.Cols[2].Value(i)))
						}
						if want := slices.DeleteFunc([]string{want}, func(s string) bool { return s == "" }); !slices.Equal(got, want) {
							t.Fatalf("%s: %q came out, want %q", in, got, want)
						}
						if restored {
							w := &state.Writer{}
							err := m.snapshot(w)
							for done := false; !done && err == nil; {
								done, err = w.Sweep()
							}
							if err != nil {
								t.Fatal(err)
							}
							m = newMaterializer(node)
							if err := m.open(nil, state.NewReader(w.Entries())); err != nil {
								t.Fatal(err)
							}
						}
					}
				})
			}
		}
	}
}
