package datagen

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
)

func col(name string, t types.Type) connectors.Column {
	return connectors.Column{Name: name, Type: t}
}

func newTestSource(t testing.TB, env *connectortest.Env, options map[string]string, columns ...connectors.Column) connectors.Source {
	t.Helper()
	s, err := newSource(&env.Env, connectortest.Table(t, Spec, nil, options, columns...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// everything has a column of each type that Flink's documentation lists.
var everything = []connectors.Column{
	col("bool", types.BooleanType), col("char", types.CharType(5)), col("varchar", types.VarcharType(7)),
	col("binary", types.BinaryType(3)), col("bytes", types.BytesType), col("string", types.StringType),
	col("decimal", types.DecimalType(32, 2)), col("tiny", types.TinyIntType), col("small", types.SmallIntType),
	col("int", types.IntType), col("big", types.BigIntType), col("float", types.FloatType), col("double", types.DoubleType),
	col("date", types.DateType), col("time", types.TimeType(0)), col("ts", types.TimestampType(3)),
	col("ltz", types.TimestampLTZType(6)), col("months", types.IntervalMonthType), col("millis", types.IntervalMilliType),
	col("row", types.RowType(types.Field{Name: "a", Type: types.IntType}, types.Field{Name: "b", Type: types.StringType})),
	col("array", types.ArrayType(types.IntType)), col("map", types.MapType(types.StringType, types.IntType)),
	col("multiset", types.MultisetType(types.TinyIntType)),
}

func TestSource(t *testing.T) {
	connectortest.Source(t, connectortest.SourceCase{
		Columns:      everything,
		Rows:         50,
		Unrepeatable: []string{"date", "time", "ts", "ltz"},
		New: func(t *testing.T, env *connectortest.Env) connectors.Source {
			return newTestSource(t, env, map[string]string{"number-of-rows": "50", "rows-per-second": "10",
				"fields.string.length": "4", "fields.string.var-len": "true", "fields.int.null-rate": "0.5"}, everything...)
		},
	})
}

// read returns all rows of a bounded source, and when they came.
func read(t *testing.T, options map[string]string, columns ...connectors.Column) (rows [][]any, at []time.Duration) {
	t.Helper()
	env := connectortest.NewEnv()
	env.Run(t, func() {
		waiter := env.Clock.NewWaiter()
		s := newTestSource(t, env, options, columns...)
		splits, err := s.Splits(context.Background())
		if err != nil || len(splits) != 1 {
			t.Fatal(splits, err)
		}
		r, err := s.Open(context.Background(), splits[0], connectors.ReaderContext{Columns: columns, Wake: waiter.Wake})
		if err != nil {
			t.Fatal(err)
		}
		out := connectortest.NewBatch(columns)
		for status := connectors.Ready; status != connectors.Ended; {
			out.Reset()
			if status, err = r.Poll(out, 100); err != nil {
				t.Fatal(err)
			}
			for i := range out.N {
				rows = append(rows, connectortest.Row(out, i)[1:])
				at = append(at, env.Clock.Now().Sub(connectortest.Start))
			}
			if status == connectors.Idle {
				waiter.Wait(context.Background(), time.Time{})
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	})
	return rows, at
}

// A sequence counts from start to end and ends the table; rows come at the rate asked for.
func TestSequence(t *testing.T) {
	rows, at := read(t, map[string]string{"rows-per-second": "2", "fields.id.kind": "sequence", "fields.id.start": "3",
		"fields.id.end": "7", "fields.name.kind": "sequence", "fields.name.start": "0", "fields.name.end": "100"},
		col("id", types.IntType), col("name", types.StringType))
	want := [][]any{{int32(3), "0"}, {int32(4), "1"}, {int32(5), "2"}, {int32(6), "3"}, {int32(7), "4"}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	for i, d := range at {
		if late := d - time.Duration(i)*500*time.Millisecond; late < 0 || late > time.Millisecond {
			t.Errorf("row %d came after %v", i, d)
		}
	}
}

// Rows that one subtask can't make fast enough are divided: the splits together make every row once, at the rate asked for, and
// stay as they are when the job goes on with another parallelism.
func TestDivided(t *testing.T) {
	const rows = 100_001
	options := map[string]string{"fields.id.kind": "sequence", "fields.id.start": "0", "fields.id.end": fmt.Sprint(rows - 1)}
	columns := []connectors.Column{col("id", types.BigIntType)}
	ctx := context.Background()
	for _, c := range []struct {
		rate   string
		n      int
		splits []string
	}{
		{"999999", 3, []string{"rows"}},
		{"1000000", 1, []string{"rows"}},
		{"1000000", 3, []string{"rows-0-of-3", "rows-1-of-3", "rows-2-of-3"}},
	} {
		env := connectortest.NewEnv()
		env.Run(t, func() {
			options["rows-per-second"] = c.rate
			s := newTestSource(t, env, options, columns...)
			s.(connectors.Divided).Divide(c.n)
			splits, err := s.Splits(ctx)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			seen := make([]int, rows)
			for _, split := range splits {
				ids = append(ids, split.ID)
				readInTwo(t, env, s, split, func(id int64) { seen[id]++ }, options, columns)
			}
			if diff := cmp.Diff(c.splits, ids); diff != "" {
				t.Fatal(diff)
			}
			for id, n := range seen {
				if n != 1 {
					t.Fatalf("row %d came %d times from %q", id, n, ids)
				}
			}
		})
	}
	for _, id := range []string{"", "rows-", "rows-3-of-3", "rows--1-of-3", "rows-1-of-3x", "rows-0-of-1", "rows-0-of-0", "rows-01-of-3"} {
		if s, err := shareOf(id); err == nil {
			t.Errorf("%q is a split: %v", id, s)
		}
	}
}

// readInTwo reads a split to its end, from its middle on by a source that goes on from a checkpoint.
func readInTwo(t *testing.T, env *connectortest.Env, s connectors.Source, split connectors.Split, see func(id int64), options map[string]string, columns []connectors.Column) {
	t.Helper()
	waiter := env.Clock.NewWaiter()
	out := connectortest.NewBatch(columns)
	restored := false
	for {
		r, err := s.Open(context.Background(), split, connectors.ReaderContext{Columns: columns, Wake: waiter.Wake})
		if err != nil {
			t.Fatal(err)
		}
		read := 0
		for {
			out.Reset()
			status, err := r.Poll(out, 1000)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range out.Cols[0].I64 {
				see(id)
			}
			read += out.N
			if status == connectors.Ended {
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
				return
			}
			if read > 10_000 && !restored {
				break
			}
			if status == connectors.Idle {
				waiter.Wait(context.Background(), time.Time{})
			}
		}
		restored, split.Position = true, r.Position()
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		s = newTestSource(t, env, options, columns...)
		s.(connectors.Restorer).Restored([]connectors.Split{split}, nil)
		if known, err := s.Splits(context.Background()); err != nil || len(known) != 1 || known[0].ID != split.ID {
			t.Fatalf("restored with %q, the source has %q, %v", split.ID, known, err)
		}
	}
}

// High rates come in handfuls, and on average as asked.
func TestRate(t *testing.T) {
	rows, at := read(t, map[string]string{"rows-per-second": "10000", "number-of-rows": "20001"}, col("id", types.TinyIntType))
	if len(rows) != 20001 || at[20000] < 2*time.Second || at[20000] > 2*time.Second+20*time.Millisecond {
		t.Errorf("%d rows in %v", len(rows), at[len(at)-1])
	}
}

// Values stay within what the options and types allow, and use it.
func TestRanges(t *testing.T) {
	rows, _ := read(t, map[string]string{"number-of-rows": "2000", "rows-per-second": "100000", "fields.n.min": "-3",
		"fields.n.max": "3", "fields.d.min": "0.5", "fields.d.max": "0.75", "fields.s.length": "5", "fields.v.length": "5",
		"fields.v.var-len": "true", "fields.n0.null-rate": "0.25", "fields.at.max-past": "10 s", "fields.a.length": "2",
		"fields.a.element.min": "1", "fields.a.element.max": "2"},
		col("n", types.BigIntType), col("d", types.DoubleType), col("s", types.StringType), col("v", types.StringType),
		col("n0", types.IntType), col("at", types.TimestampType(3)), col("a", types.ArrayType(types.IntType)))
	seen := map[string]int{}
	for _, row := range rows {
		n, d := row[0].(int64), row[1].(float64)
		if n < -3 || n > 3 || d < 0.5 || d > 0.75 || len(row[2].(string)) != 5 || len(row[3].(string)) < 1 || len(row[3].(string)) > 5 {
			t.Fatalf("out of range: %v", row)
		}
		seen[fmt.Sprint("n", n)]++
		seen[fmt.Sprint("v", len(row[3].(string)))]++
		if row[4] == nil {
			seen["null"]++
		}
		age := connectortest.Start.UnixMilli() + 1000 - row[5].(int64)
		if age < 0 || age > 11_000 {
			t.Fatalf("a timestamp %d ms old", age)
		}
		a := row[6].([]any)
		if len(a) != 2 || a[0].(int32) < 1 || a[0].(int32) > 2 {
			t.Fatalf("array %v", a)
		}
	}
	if len(seen) != 7+5+1 || seen["null"] < 400 || seen["null"] > 600 {
		t.Errorf("values seen: %v", seen)
	}
}

func TestRefusals(t *testing.T) {
	for key, value := range map[string]string{
		"rows-per-second": "0", "fields.id.kind": "serial", "fields.id.length": "5", "fields.nope.kind": "random",
		"fields.id.min": "x", "fields.id.max": "-2147483648000", "fields.s.length": "-1", "fields.b.kind": "sequence",
		"fields.id.null-rate": "2", "fields.must.null-rate": "0.5",
	} {
		env := connectortest.NewEnv()
		table := connectortest.Table(t, Spec, nil, map[string]string{key: value}, col("id", types.IntType),
			col("s", types.VarcharType(10)), col("b", types.BooleanType), col("must", types.IntType.WithNotNull(true)))
		var refusal *option.Error
		if _, err := newSource(&env.Env, table); !errors.As(err, &refusal) || refusal.Key != key {
			t.Errorf("%s = %s: %v", key, value, err)
		}
	}
}

// Close waits for the reader's goroutine as every participant of a simulation must.
func TestCloseInSimulation(t *testing.T) {
	for seed := range uint64(20) {
		sim := clock.NewSimulated(clock.SimulatedOptions{Seed: seed, Start: connectortest.Start, Blocked: 20 * time.Second})
		env := connectortest.NewEnv()
		env.Env.Clock = sim
		err := sim.Run(func() {
			n := col("n", types.BigIntType)
			src := newTestSource(t, env, map[string]string{"rows-per-second": "10"}, n)
			splits, err := src.Splits(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			waiter := sim.NewWaiter()
			r, err := src.Open(t.Context(), splits[0], connectors.ReaderContext{Columns: []connectors.Column{n}, Wake: waiter.Wake})
			if err != nil {
				t.Error(err)
				return
			}
			out := connectortest.NewBatch([]connectors.Column{n})
			for range 5 {
				for status := connectors.Ready; status == connectors.Ready; {
					if status, err = r.Poll(out, 100); err != nil {
						t.Error(err)
						return
					}
				}
				waiter.Wait(t.Context(), time.Time{})
			}
			if _, err := r.Poll(out, 100); err != nil {
				t.Error(err)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
