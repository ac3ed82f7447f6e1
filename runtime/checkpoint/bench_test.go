package checkpoint_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/state"
)

const benchEntries = 1_000_000

// benchBlocks are a million entries of about 110 bytes in 128 key groups.
func benchBlocks() (blocks [][]byte, counts []int, bytes int64) {
	var key [16]byte
	var value [86]byte
	var block []byte
	n := 0
	for i := range benchEntries {
		binary.LittleEndian.PutUint64(key[:], uint64(i))
		block = state.AppendEntry(block, state.Entry{
			Group: state.KeyGroup(state.HashBytes(key[:])), Name: "count", Key: key[:], Value: value[:],
		})
		if n++; len(block) >= 64<<10 || i == benchEntries-1 {
			blocks, counts = append(blocks, block), append(counts, n)
			bytes += int64(len(block))
			block, n = nil, 0
		}
	}
	return blocks, counts, bytes
}

func benchTake(b testing.TB, s *checkpoint.Store, blocks [][]byte, counts []int) int64 {
	id := s.NextID()
	p, err := s.Begin(id, epoch)
	if err != nil {
		b.Fatal(err)
	}
	t := p.Part("op", "Op", 0, 1)
	for i := range blocks {
		if err := t.Write(blocks[i], counts[i]); err != nil {
			b.Fatal(err)
		}
	}
	f, err := t.Close()
	if err != nil {
		b.Fatal(err)
	}
	if _, _, err := p.Publish(false, []checkpoint.Subtask{{ID: "op", Name: "Op", Parallelism: 1, Parts: []checkpoint.File{f}}}); err != nil {
		b.Fatal(err)
	}
	return id
}

// BenchmarkCheckpoint writes a million entries into a directory, opens the checkpoint, which checks all of it, and restores
// it at the same and at another parallelism (one of four subtasks).
func BenchmarkCheckpoint(b *testing.B) {
	blocks, counts, bytes := benchBlocks()
	place := checkpoint.Dir(b.TempDir())
	s := store(b, place)
	run := func(name string, f func()) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(bytes)
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
	run("write", func() {
		benchTake(b, s, blocks, counts)
		if err := s.Retire(1); err != nil {
			b.Fatal(err)
		}
	})
	folder := fmt.Sprint("job/chk-", benchTake(b, s, blocks, counts))
	run("open", func() {
		if _, err := checkpoint.OpenIn(place, folder); err != nil {
			b.Fatal(err)
		}
	})
	run("small", func() { // what a job of a few keys pays
		if take(b, s, 10); s.Retire(1) != nil {
			b.Fatal("retire")
		}
	})
	folder = fmt.Sprint("job/chk-", benchTake(b, s, blocks, counts))
	c, err := checkpoint.OpenIn(place, folder)
	if err != nil {
		b.Fatal(err)
	}
	for _, parallelism := range []int{1, 4} {
		run(fmt.Sprint("restore-", parallelism), func() {
			n := 0
			if err := c.Share("op", 0, parallelism).Each("count", func(_, _ []byte) error { n++; return nil }); err != nil {
				b.Fatal(err)
			}
			if n < benchEntries/parallelism/2 || parallelism == 1 && n != benchEntries {
				b.Fatalf("%d entries", n)
			}
		})
	}
	// A tenth of the keys has changed since.
	p, err := s.Begin(s.NextID(), epoch)
	if err != nil {
		b.Fatal(err)
	}
	t := p.Part("op", "Op", 0, 1)
	for i := 0; i < len(blocks); i += 10 {
		if err := t.Write(blocks[i], counts[i]); err != nil {
			b.Fatal(err)
		}
	}
	f, err := t.Close()
	if err != nil {
		b.Fatal(err)
	}
	parts := append(slices.Clone(c.Operator("op").Subtasks[0].Parts), f)
	if _, _, err := p.Publish(false, []checkpoint.Subtask{{ID: "op", Name: "Op", Parallelism: 1, Parts: parts}}); err != nil {
		b.Fatal(err)
	}
	if c, _, err = checkpoint.LatestIn(place, "job"); err != nil {
		b.Fatal(err)
	}
	run("restore-incremental", func() {
		n := 0
		if err := c.Share("op", 0, 1).Each("count", func(_, _ []byte) error { n++; return nil }); err != nil || n != benchEntries {
			b.Fatalf("%d entries, %v", n, err)
		}
	})
}
