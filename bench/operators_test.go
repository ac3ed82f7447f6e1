package bench

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weirsql/weir/types"
)

// BenchmarkCalc filters on a number and computes numbers and a text.
func BenchmarkCalc(b *testing.B) {
	c := newChain(b, `CREATE TEMPORARY TABLE t (a BIGINT, b BIGINT, s STRING) WITH ('connector' = 'datagen');
SELECT a + b, (a + b) * 2 - 1, CASE WHEN b > 50 THEN 'high' ELSE UPPER(s) END FROM t WHERE a < 50`)
	rnd := rand.New(rand.NewPCG(1, 1))
	batch := fill(c.schema("t"), batchRows, func(column string, i int) any {
		if column == "s" {
			return "some text"
		}
		return rnd.Int64N(100)
	})
	b.Run("weir", func(b *testing.B) {
		r, n := newRate(b), 0
		for b.Loop() {
			c.send("t", batch)
			n += batchRows
		}
		sink += c.rows
		r.report(n)
	})
	b.Run("naive", func(b *testing.B) {
		var rows []map[string]any
		for i := range batch.N {
			row := map[string]any{}
			for k, f := range batch.Schema.Fields {
				row[f.Name] = batch.Cols[k].Value(i)
			}
			rows = append(rows, row)
		}
		var out []map[string]any
		r, n := newRate(b), 0
		for b.Loop() {
			out = out[:0]
			for _, row := range rows {
				if row["a"].(int64) >= 50 {
					continue
				}
				x := row["a"].(int64) + row["b"].(int64)
				text := "high"
				if row["b"].(int64) <= 50 {
					text = strings.ToUpper(row["s"].(string))
				}
				out = append(out, map[string]any{"x": x, "y": x*2 - 1, "z": text})
			}
			n += batchRows
		}
		sink += len(out)
		r.report(n)
	})
}

// BenchmarkGroup is COUNT and SUM by a BIGINT key of 10,000 without windows: a changelog with each row's effect, or, as
// weir/mini-batch, with that of each batch.
func BenchmarkGroup(b *testing.B) {
	const query = bids + `SELECT k, COUNT(*), SUM(v) FROM bids GROUP BY k`
	rnd := rand.New(rand.NewPCG(1, 1))
	batches := make([]*types.Batch, 64)
	c := newChain(b, query)
	for i := range batches {
		batches[i] = fill(c.schema("bids"), batchRows, func(column string, i int) any {
			return map[string]int64{"k": rnd.Int64N(10_000), "v": rnd.Int64N(1000) + 1}[column]
		})
	}
	for name, settings := range map[string]string{"weir": "", "weir/mini-batch": "SET 'table.exec.mini-batch.enabled' = 'true';\n"} {
		b.Run(name, func(b *testing.B) {
			c := newChain(b, settings+query)
			r, n := newRate(b), 0
			for b.Loop() {
				c.send("bids", batches[n/batchRows%len(batches)])
				n += batchRows
			}
			sink += c.rows
			r.report(n)
		})
	}
	b.Run("naive", func(b *testing.B) {
		type acc struct{ count, sum int64 }
		type change struct {
			kind types.RowKind
			row  map[string]any
		}
		groups := map[int64]*acc{}
		var out []change
		r, n := newRate(b), 0
		for b.Loop() {
			batch := batches[n/batchRows%len(batches)]
			keys, values := column(b, batch, "k").I64, column(b, batch, "v").I64
			out = out[:0]
			for i, k := range keys {
				a := groups[k]
				if a == nil {
					a = &acc{}
					groups[k] = a
				} else {
					out = append(out, change{types.UpdateBefore, map[string]any{"k": k, "count": a.count, "sum": a.sum}})
				}
				a.count++
				a.sum += values[i]
				out = append(out, change{types.UpdateAfter, map[string]any{"k": k, "count": a.count, "sum": a.sum}})
			}
			n += batchRows
		}
		sink += len(out)
		r.report(n)
	})
}

// BenchmarkJoin joins half a million orders, which are kept, with 100,000 products: inner, one match each, from empty state.
func BenchmarkJoin(b *testing.B) {
	const query = `CREATE TEMPORARY TABLE orders (product BIGINT, price BIGINT, note STRING) WITH ('connector' = 'datagen');
CREATE TEMPORARY TABLE products (id BIGINT, name STRING, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'datagen');
SELECT note, price, name FROM orders JOIN products ON product = id`
	const products, orders = 100_000, 120 * batchRows
	rnd := rand.New(rand.NewPCG(1, 1))
	value := func(column string, i int) any {
		switch column {
		case "id":
			return int64(i)
		case "product":
			return rnd.Int64N(products)
		case "price":
			return rnd.Int64N(1000)
		case "note":
			return "some text"
		}
		return "the name of a product"
	}
	c := newChain(b, query)
	kept := fill(c.schema("products"), products, value)
	batches := make([]*types.Batch, orders/batchRows)
	for i := range batches {
		batches[i] = fill(c.schema("orders"), batchRows, value)
	}
	b.Run("weir", func(b *testing.B) {
		r, n := newRate(b), 0
		for b.Loop() {
			c := newChain(b, query)
			c.send("products", kept)
			for _, batch := range batches {
				c.send("orders", batch)
			}
			if c.rows != orders {
				b.Fatalf("%d rows joined", c.rows)
			}
			n += products + orders
		}
		r.report(n)
	})
	b.Run("naive", func(b *testing.B) {
		type order struct {
			price int64
			note  string
		}
		r, n := newRate(b), 0
		for b.Loop() {
			left, right := map[int64][]order{}, map[int64][]string{}
			rows := 0
			for i := range kept.N {
				id := column(b, kept, "id").I64[i]
				right[id] = append(right[id], string(column(b, kept, "name").Bytes(i)))
			}
			for _, batch := range batches {
				ids, prices, notes := column(b, batch, "product").I64, column(b, batch, "price").I64, column(b, batch, "note")
				var out []map[string]any
				for i, id := range ids {
					o := order{prices[i], string(notes.Bytes(i))}
					left[id] = append(left[id], o)
					for _, name := range right[id] {
						out = append(out, map[string]any{"note": o.note, "price": o.price, "name": name})
					}
				}
				rows += len(out)
			}
			if rows != orders {
				b.Fatalf("%d rows joined", rows)
			}
			n += products + orders
		}
		r.report(n)
	})
}
