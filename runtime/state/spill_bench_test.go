package state_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// blobs is an operator's state: 100 bytes per key.
type blobs struct {
	rows   state.Rows
	bySlot []int32
}

func (x *blobs) Encode(dst []byte, slot int32) []byte {
	return append(dst, x.rows.Get(x.bySlot[slot])...)
}

func (x *blobs) Decode(slot int32, value []byte) error {
	x.grow(int(slot) + 1)
	x.bySlot[slot] = x.rows.Add(0, value)
	return nil
}

func (x *blobs) Drop(slot int32) {
	x.rows.Remove(x.bySlot[slot])
	x.bySlot[slot] = -1
}

func (x *blobs) grow(n int) {
	for len(x.bySlot) < n {
		x.bySlot = append(x.bySlot, -1)
	}
}

// BenchmarkSpill looks up random keys whose states are five times as large as the memory.
func BenchmarkSpill(b *testing.B) {
	const batch = 4096
	for _, c := range []struct {
		name       string
		keys, used int
		times      int // the state is so many times as large as the memory; 0: there is no limit
	}{
		{"uniform", 1_000_000, 1_000_000, 5}, {"fits", 1_000_000, 100_000, 5}, {"memory", 1_000_000, 1_000_000, 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			x := &blobs{}
			var store *state.Store
			var account *state.Account
			if c.times > 0 {
				memory := state.NewMemory(int64(c.keys*200/c.times), b.TempDir())
				defer memory.Close()
				account = memory.Account(func() int { return store.Used() + x.rows.Used() + store.InUse(4*cap(x.bySlot)) })
			}
			store = state.NewStore([]types.Type{types.BigIntType}, "blob", x, account)
			defer store.Close()
			rnd := rand.New(rand.NewPCG(1, 1))
			v := types.NewVector(types.BigIntType)
			out := make([]int32, batch)
			blob := bytes.Repeat([]byte{'x'}, 100)
			touch := func(next func() int64) {
				v.Reset()
				for range batch {
					v.AppendValue(next())
				}
				slots, err := store.Lookup([]*types.Vector{v}, nil, batch, out)
				if err != nil {
					b.Fatal(err)
				}
				x.grow(store.Cap())
				for _, slot := range slots {
					if x.bySlot[slot] < 0 {
						x.bySlot[slot] = x.rows.Add(0, blob)
					} else {
						x.rows.Replace(x.bySlot[slot], blob)
					}
				}
			}
			id := int64(-1)
			for range c.keys/batch + 1 {
				touch(func() int64 { id++; return id })
			}
			random := func() int64 { return rnd.Int64N(int64(c.used)) * 2654435761 % int64(c.keys) }
			for range 100 {
				touch(random)
			}
			for b.Loop() {
				touch(random)
			}
			b.ReportMetric(float64(batch)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
			b.ReportMetric(float64(store.Spilled()), "spilled")
		})
	}
}
