package runtime_test

import (
	"testing"

	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/types"
)

// A row that an update moves out of a query's filter is deleted from a table that takes upserts; an update within the
// filter just replaces the row.
func TestUpsertSinkForgetsFilteredRow(t *testing.T) {
	for _, rows := range []int{1, 2, 100} {
		w := newWorld(t)
		plan := w.plan(`CREATE TABLE u (k STRING, n BIGINT, PRIMARY KEY (k) NOT ENFORCED)
			  WITH ('connector' = 'world', 'is' = 'u', 'mode' = 'I,UA,D');
			CREATE TABLE o (k STRING, n BIGINT, PRIMARY KEY (k) NOT ENFORCED)
			  WITH ('connector' = 'world', 'is' = 'o', 'mode' = 'I,UA,D');
			INSERT INTO o SELECT k, n FROM u WHERE n > 10`)
		w.source("u").add("a", []any{"ann", int64(20)}, []any{types.UpdateAfter, "ann", int64(5)},
			[]any{"bob", int64(20)}, []any{types.UpdateAfter, "bob", int64(30)})
		if err := w.start(plan, runtime.Config{MaxRows: rows, Parallelism: 1}).Wait(); err != nil {
			t.Fatal(err)
		}
		want := []string{"+I ann 20", "-D ann 20", "+I bob 20", "+U bob 30"}
		equal(t, "changes", w.sink("o").lines(), want)
	}
}
