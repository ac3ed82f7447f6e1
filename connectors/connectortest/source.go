package connectortest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/types"
)

// SourceCase is a source to try.
type SourceCase struct {
	// New makes the source, each time over the same data.
	New func(t *testing.T, env *Env) connectors.Source
	// Columns are the columns of the table.
	Columns []connectors.Column
	// Rows is how many rows there are to read in all. Of a source without an end just these are read.
	Rows int
	// Bad is how many records there are that don't decode.
	Bad int
	// Unrepeatable lists columns that look at the clock.
	Unrepeatable []string
}

// reading is one pass over a source.
type reading struct {
	columns []connectors.Column
	size    int               // rows asked for in a Poll
	from    map[string][]byte // split → position, where it isn't the start
	onBad   func(error) error // nil: skip
	after   func(split string, pos []byte, rows int)
}

// read returns the rows of each split.
func (c *SourceCase) read(t *testing.T, env *Env, src connectors.Source, p reading) (map[string][][]any, error) {
	t.Helper()
	ctx := context.Background()
	splits, err := src.Splits(ctx)
	if err != nil {
		t.Fatalf("Splits: %v", err)
	}
	waiter := env.Clock.NewWaiter()
	rows := map[string][][]any{}
	total, empty := 0, 0
	for _, split := range splits {
		if pos, ok := p.from[split.ID]; ok {
			split.Position = pos
		}
		bad := 0
		r, err := src.Open(ctx, split, connectors.ReaderContext{
			Columns: p.columns,
			Wake:    waiter.Wake,
			BadRecord: func(raw []byte, where string, err error) error {
				bad++
				if where == "" || err == nil {
					t.Errorf("a bad record %q without a place or a reason: %q, %v", raw, where, err)
				}
				if p.onBad != nil {
					return p.onBad(err)
				}
				return nil
			},
		})
		if err != nil {
			t.Fatalf("Open %s at %s: %v", split.ID, split.Position, err)
		}
		out := NewBatch(p.columns)
		for status := connectors.Ready; status != connectors.Ended; {
			if total == c.Rows && !src.Bounded() {
				break
			}
			out.Reset()
			// Rows that are in the batch already stay.
			for _, v := range out.Cols {
				v.AppendZero()
			}
			out.AppendKind(types.Insert)
			before := bad
			if status, err = r.Poll(out, p.size); err != nil {
				if e := r.Close(); e != nil {
					t.Errorf("Close: %v", e)
				}
				return rows, err
			}
			if out.N < 1 || out.N > 1+p.size {
				t.Fatalf("Poll of %d rows left a batch of 1 with %d", p.size, out.N)
			}
			for i, v := range out.Cols {
				if v.N != out.N {
					t.Fatalf("column %d has %d rows in a batch of %d", i, v.N, out.N)
				}
			}
			for i := 1; i < out.N; i++ {
				rows[split.ID] = append(rows[split.ID], Row(out, i))
				total++
			}
			if out.N > 1 || status != connectors.Ready || bad > before {
				empty = 0
			} else if empty++; empty > 1000 {
				t.Fatal("Poll keeps saying Ready and gives nothing")
			}
			if p.after != nil {
				p.after(split.ID, r.Position(), len(rows[split.ID]))
			}
			if status == connectors.Idle && (total < c.Rows || src.Bounded()) {
				before := env.Clock.Now()
				waiter.Wait(ctx, before.Add(time.Hour))
				if env.Clock.Now().Sub(before) >= time.Hour {
					t.Fatal("Poll said Idle, and nobody called Wake within an hour")
				}
			}
		}
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	return rows, nil
}

var equal = cmp.Comparer(func(a, b decimal128.Num) bool { return a == b })

// Source tries a source: all batch sizes give the same rows; each position that a reader names leads to just the rows
// behind it; columns come alone and in company; bad records follow the policy.
func Source(t *testing.T, c SourceCase) {
	unrepeatable := map[string]bool{}
	for _, name := range c.Unrepeatable {
		unrepeatable[name] = true
	}
	var columns []connectors.Column // those to compare
	for _, col := range c.Columns {
		if !unrepeatable[col.Name] {
			columns = append(columns, col)
		}
	}
	// pass reads everything in a fresh environment.
	pass := func(t *testing.T, p reading) (rows map[string][][]any, err error) {
		t.Helper()
		env := NewEnv()
		env.Run(t, func() { rows, err = c.read(t, env, c.New(t, env), p) })
		return rows, err
	}
	count := func(rows map[string][][]any) (n int) {
		for _, r := range rows {
			n += len(r)
		}
		return n
	}
	type mark struct {
		split    string
		position string
		rows     int
	}
	var marks []mark
	all, err := pass(t, reading{columns: columns, size: 1, after: func(split string, pos []byte, rows int) {
		marks = append(marks, mark{split, string(pos), rows})
	}})
	if err != nil {
		t.Fatal(err)
	}
	if n := count(all); n != c.Rows {
		t.Fatalf("read %d rows, want %d", n, c.Rows)
	}
	t.Run("batch sizes", func(t *testing.T) {
		for _, size := range []int{2, 7, 100_000} {
			rows, err := pass(t, reading{columns: columns, size: size})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(all, rows, equal); diff != "" {
				t.Errorf("%d rows at a time: %s", size, diff)
			}
		}
	})
	t.Run("positions", func(t *testing.T) {
		step := max(1, len(marks)/20)
		for i := 0; i < len(marks); i += step {
			m := marks[i]
			want := map[string][][]any{}
			for split, rows := range all {
				if split == m.split {
					rows = rows[m.rows:]
				}
				if len(rows) > 0 {
					want[split] = rows
				}
			}
			part := c
			part.Rows -= m.rows
			env := NewEnv()
			env.Run(t, func() {
				p := reading{columns: columns, size: 3, from: map[string][]byte{m.split: []byte(m.position)}}
				rows, err := part.read(t, env, c.New(t, env), p)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, rows, equal); diff != "" {
					t.Errorf("from position %s of split %s, behind %d rows: %s", m.position, m.split, m.rows, diff)
				}
			})
		}
	})
	t.Run("columns", func(t *testing.T) {
		for k, col := range columns {
			if c.Bad > 0 {
				break // a record may be bad because of a column that isn't read now
			}
			rows, err := pass(t, reading{columns: []connectors.Column{col}, size: 10})
			if err != nil {
				t.Fatal(err)
			}
			for split := range all {
				for i := range all[split] {
					if len(rows[split]) <= i {
						t.Fatalf("column %s alone: %d rows", col.Name, len(rows[split]))
					}
					if diff := cmp.Diff([]any{all[split][i][0], all[split][i][1+k]}, rows[split][i], equal); diff != "" {
						t.Fatalf("column %s alone, row %d: %s", col.Name, i, diff)
					}
				}
			}
		}
		for _, some := range [][]connectors.Column{nil, c.Columns} {
			rows, err := pass(t, reading{columns: some, size: 10})
			if err != nil {
				t.Fatal(err)
			}
			if n := count(rows); n < c.Rows || n > c.Rows+c.Bad || n > c.Rows && len(some) > 0 {
				t.Errorf("%d columns: %d rows, want %d", len(some), n, c.Rows)
			}
		}
	})
	t.Run("bad records", func(t *testing.T) {
		n := 0
		if _, err := pass(t, reading{columns: c.Columns, size: 10, onBad: func(error) error { n++; return nil }}); err != nil {
			t.Fatal(err)
		}
		if n != c.Bad {
			t.Errorf("%d bad records reported, want %d", n, c.Bad)
		}
		if c.Bad == 0 {
			return
		}
		stop := errors.New("the policy says stop")
		_, err := pass(t, reading{columns: c.Columns, size: 10, onBad: func(error) error { return fmt.Errorf("policy: %w", stop) }})
		if !errors.Is(err, stop) {
			t.Errorf("Poll returned %v, not the error of BadRecord", err)
		}
	})
}
