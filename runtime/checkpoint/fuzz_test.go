package checkpoint_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/checkpoint/faultfs"
	"github.com/weirsql/weir/runtime/state"
)

// Whatever the bytes, reading a part ends, with entries or an error.
func FuzzPart(f *testing.F) {
	mem := faultfs.NewMem()
	take(f, store(f, mem), 3)
	c, err := checkpoint.OpenIn(mem, "job/chk-1")
	if err != nil {
		f.Fatal(err)
	}
	good := c.Operator("a").Subtasks[0].Parts[0]
	f.Add(good.Inline, good.Entries)
	f.Add(good.Inline[:len(good.Inline)/2], 1)
	f.Add([]byte("weirst2\n\x00\x00\x00\x00\x00\x00\x00\x00"), 0)
	f.Add([]byte("weirst2\n\xff\xff\xff\xff\x00\x00\x00\x00"), 0)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		got := 0
		err := checkpoint.DecodePart(data, n, func(state.Entry) error {
			got++
			return nil
		})
		if err == nil && got != n {
			t.Errorf("%d entries, want %d", got, n)
		}
		if len(data) == 0 {
			return
		}
		// The same as a block whose checksum holds.
		table := crc32.MakeTable(crc32.Castagnoli)
		whole := binary.LittleEndian.AppendUint32([]byte("weirst2\n"), uint32(len(data)))
		whole = append(binary.LittleEndian.AppendUint32(whole, crc32.Checksum(data, table)), data...)
		checkpoint.DecodePart(append(whole, make([]byte, 8)...), n, func(state.Entry) error { return nil })
	})
}

// Whatever the bytes, reading a manifest ends, and what is read is what was written.
func FuzzManifest(f *testing.F) {
	mem := faultfs.NewMem()
	take(f, store(f, mem), 3)
	good, _ := mem.Get("job/chk-1/manifest.json")
	f.Add(good)
	f.Add([]byte(`{"crc32c":0,"manifest":{"version":2}}`))
	f.Add([]byte(`{"crc32c":0,"manifest":{"version":1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := checkpoint.DecodeManifest(data)
		if err != nil {
			return
		}
		again, err := checkpoint.EncodeManifest(m)
		if err != nil || !bytes.Equal(again, data) {
			t.Errorf("written again it is %s, %v", again, err)
		}
	})
}
