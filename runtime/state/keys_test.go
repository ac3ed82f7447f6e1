package state_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

var layouts = map[string][]types.Type{
	"none":    {},
	"bigint":  {types.BigIntType},
	"int":     {types.IntType},
	"boolean": {types.BooleanType},
	"text":    {types.StringType},
	"double":  {types.DoubleType},
	"two":     {types.StringType, types.BigIntType},
	"nested":  {types.ArrayType(types.IntType)},
}

func randomValue(rnd *rand.Rand, t types.Type, distinct int) any {
	if rnd.IntN(10) == 0 {
		return nil
	}
	n := rnd.IntN(distinct)
	switch t.Kind {
	case types.BigInt:
		return int64(n) * 1000003
	case types.Int:
		return int32(n)
	case types.Boolean:
		return n%2 == 0
	case types.Double:
		return float64(n) / 3
	case types.Array:
		return []any{int32(n), nil}
	}
	return fmt.Sprint("key number ", n)
}

// Keys agrees with a map of printed keys through insertions, searches, removals and resets; slots are dense, keys come
// back as they went in, and hashes are the ones an exchange computes.
func TestKeysAgainstMap(t *testing.T) {
	for name, columns := range layouts {
		t.Run(name, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(1, 1))
			keys, model := state.NewKeys(columns), map[string]int32{}
			var hasher state.KeyHasher
			out := make([]int32, 1000)
			for round := range 30 {
				distinct := []int{3, 50, 5000}[round/10]
				cols := make([]*types.Vector, len(columns))
				for c, ct := range columns {
					cols[c] = types.NewVector(ct)
				}
				n := rnd.IntN(500)
				for range n {
					for c, ct := range columns {
						cols[c].AppendValue(randomValue(rnd, ct, distinct))
					}
				}
				var rows []int32
				if rnd.IntN(2) == 0 {
					rows = []int32{}
					for i := range n {
						if rnd.IntN(3) > 0 {
							rows = append(rows, int32(i))
						}
					}
					n = len(rows)
				}
				at := func(k int) int {
					if rows == nil {
						return k
					}
					return int(rows[k])
				}
				for k, slot := range keys.Find(cols, rows, n, out) {
					want, there := model[printed(cols, at(k))]
					if !there {
						want = -1
					}
					if slot != want {
						t.Fatalf("round %d: found %s at %d, want %d", round, printed(cols, at(k)), slot, want)
					}
				}
				hashes := hasher.HashColumns(cols, rows, n)
				for k, slot := range keys.Lookup(cols, rows, n, out) {
					key := printed(cols, at(k))
					if want, there := model[key]; there && want != slot {
						t.Fatalf("round %d: %s is at %d, want %d", round, key, slot, want)
					}
					model[key] = slot
					if h := keys.Hash(slot); h != hashes[k] {
						t.Fatalf("round %d: %s hashes to %x in the table, %x outside", round, key, h, hashes[k])
					}
				}
				check(t, keys, model, columns)
				for key, slot := range model {
					if rnd.IntN(3) == 0 {
						keys.Remove(slot)
						delete(model, key)
					}
				}
				check(t, keys, model, columns)
				if rnd.IntN(10) == 0 {
					keys.Reset()
					clear(model)
				}
			}
		})
	}
}

func printed(cols []*types.Vector, i int) string {
	s := ""
	for _, c := range cols {
		s += fmt.Sprintf("%v|", c.Value(i))
	}
	return s
}

func check(t *testing.T, keys *state.Keys, model map[string]int32, columns []types.Type) {
	t.Helper()
	if keys.Len() != len(model) {
		t.Fatalf("%d keys, want %d", keys.Len(), len(model))
	}
	out := make([]*types.Vector, len(columns))
	for c, ct := range columns {
		out[c] = types.NewVector(ct)
	}
	n := 0
	for slot := range int32(keys.Cap()) {
		if !keys.Has(slot) {
			continue
		}
		keys.Append([]int32{slot}, out)
		if want, there := model[printed(out, n)]; !there || want != slot {
			t.Fatalf("slot %d holds %s, which should be at %d", slot, printed(out, n), want)
		}
		if got, want := keys.Encode(nil, slot), types.EncodeRow(nil, out, n); !bytes.Equal(got, want) {
			t.Fatalf("key %s encoded as %x, want %x", printed(out, n), got, want)
		}
		n++
	}
	if n != len(model) {
		t.Fatalf("%d slots are taken, want %d", n, len(model))
	}
}

// The hash of a key doesn't depend on whether its column may be NULL, and is what is documented.
func TestKeyHasher(t *testing.T) {
	var h state.KeyHasher
	number := types.NewVector(types.IntType.WithNotNull(true))
	number.AppendValue(int32(7))
	nullable := types.NewVector(types.IntType)
	nullable.AppendValue(int32(7))
	nullable.AppendNull()
	text := types.NewVector(types.StringType)
	text.AppendString("seven")
	text.AppendNull()
	row := []*types.Vector{nullable, text}
	b := &types.Batch{Cols: row, N: 2, Sel: []int32{1}}
	hash := func(cols []*types.Vector, i int) uint64 { return h.HashColumns(cols, nil, cols[0].N)[i] }
	selected := h.Hash(b, []int{1})[0]
	none := h.HashColumns(nil, nil, 1)[0]
	for _, test := range []struct {
		name      string
		got, want uint64
	}{
		{"INT NOT NULL", hash([]*types.Vector{number}, 0), state.HashInt64(7)},
		{"INT", hash([]*types.Vector{nullable}, 0), state.HashInt64(7)},
		{"INT NULL", hash([]*types.Vector{nullable}, 1), state.HashBytes([]byte{0})},
		{"STRING", hash([]*types.Vector{text}, 0), state.HashBytes([]byte("seven"))},
		{"STRING NULL", selected, state.HashBytes([]byte{0})},
		{"two columns", hash(row, 0), state.HashBytes(types.EncodeRow(nil, row, 0))},
		{"no column", none, state.HashBytes(nil)},
	} {
		if test.got != test.want {
			t.Errorf("%s: hash %x, want %x", test.name, test.got, test.want)
		}
	}
	// These values are in checkpoints.
	if x := state.HashInt64(7); x != 0x41e79825ec4e18fe {
		t.Errorf("the hash of 7 has changed to %#x", x)
	}
	if x := state.HashBytes([]byte("seventeen")); x != 0x3f5f779d362a6f69 {
		t.Errorf("the hash of a text has changed to %#x", x)
	}
}

var sink int

// BenchmarkKeys numbers batches of keys, beside a Go map.
func BenchmarkKeys(b *testing.B) {
	const batch = 4096
	for _, distinct := range []int{10_000, 100_000, 1_000_000} {
		rnd := rand.New(rand.NewPCG(1, 1))
		ints, texts := make([]*types.Vector, 64), make([]*types.Vector, 64)
		for i := range ints {
			ints[i], texts[i] = types.NewVector(types.BigIntType), types.NewVector(types.StringType)
			for range batch {
				n := rnd.Int64N(int64(distinct))
				ints[i].AppendValue(n)
				texts[i].AppendString(fmt.Sprintf("key-%016d", n))
			}
		}
		run := func(name string, cols []*types.Vector, f func(v *types.Vector)) {
			b.Run(fmt.Sprintf("%s/%d", name, distinct), func(b *testing.B) {
				for _, v := range cols {
					f(v)
				}
				i := 0
				for b.Loop() {
					f(cols[i%len(cols)])
					i++
				}
				b.ReportMetric(float64(batch)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
			})
		}
		out := make([]int32, batch)
		intKeys, textKeys := state.NewKeys([]types.Type{types.BigIntType}), state.NewKeys([]types.Type{types.StringType})
		run("bigint", ints, func(v *types.Vector) { intKeys.Lookup([]*types.Vector{v}, nil, batch, out) })
		run("text", texts, func(v *types.Vector) { textKeys.Lookup([]*types.Vector{v}, nil, batch, out) })
		rowKeys := state.NewKeys([]types.Type{types.BigIntType, types.StringType})
		i := 0
		run("bigint-text", texts, func(v *types.Vector) {
			rowKeys.Lookup([]*types.Vector{ints[i%len(ints)], v}, nil, batch, out)
			i++
		})
		intMap, textMap := map[int64]int32{}, map[string]int32{}
		run("naive-bigint", ints, func(v *types.Vector) {
			for j, x := range v.I64 {
				slot, there := intMap[x]
				if !there {
					slot = int32(len(intMap))
					intMap[x] = slot
				}
				out[j] = slot
			}
		})
		run("naive-text", texts, func(v *types.Vector) {
			for j := range v.N {
				slot, there := textMap[v.Str(j)]
				if !there {
					slot = int32(len(textMap))
					textMap[string(v.Bytes(j))] = slot
				}
				out[j] = slot
			}
		})
		sink += int(out[0])
	}
}
