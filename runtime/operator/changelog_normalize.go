package operator

import (
	"bytes"
	"encoding/binary"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// changelogNormalize turns an upsert changelog, whose updates come without the row they replace and whose deletions may
// carry the key only, into a complete one. It keeps the last row of every key. An update that changes nothing is
// dropped, and so is the deletion of a key that isn't there.
//
// State: the last row per key, encoded behind its key.
//
// Source: Flink's ChangelogNormalize (DeduplicateFunctionHelper, processLastRowOnChangelog).
type changelogNormalize struct {
	Stateless
	node   *physical.ChangelogNormalize
	update bool // -U rows are wanted
	hasher state.KeyHasher
	rows   *state.Rows
	out    *types.Batch

	key []*types.Vector
	row []byte
}

var _ Operator = (*changelogNormalize)(nil)

func newChangelogNormalize(n *physical.ChangelogNormalize) *changelogNormalize {
	return &changelogNormalize{node: n, update: n.Mode.Has(types.UpdateBefore), rows: state.NewIndexedRows(), out: types.NewBatch(n.Schema)}
}

func (c *changelogNormalize) Open(ctx *Context) error {
	return ctx.Restore.Each("row", func(hash, row []byte) error {
		if len(hash) != 8 {
			return types.ErrCorruptRow
		}
		c.rows.Add(binary.LittleEndian.Uint64(hash), row)
		return nil
	})
}

func (c *changelogNormalize) Process(_ int, b *types.Batch, out Output) error {
	c.out.Reset()
	hashes := c.hasher.Hash(b, c.node.Key)
	c.key = c.key[:0]
	for _, k := range c.node.Key {
		c.key = append(c.key, b.Cols[k])
	}
	for k := range b.Rows() {
		i := int(rowAt(b.Sel, k))
		c.row = types.EncodeRow(c.row[:0], c.key, i)
		prefix := len(c.row)
		slot := c.rows.Find(hashes[k], c.row)
		if b.Kind(i).Retracts() {
			if slot >= 0 {
				if err := c.emit(types.Delete, slot, prefix); err != nil {
					return err
				}
				c.rows.Remove(slot)
			}
			continue
		}
		c.row = types.EncodeRow(c.row, b.Cols, i)
		switch {
		case slot < 0:
			slot = c.rows.Add(hashes[k], c.row)
			if err := c.emit(types.Insert, slot, prefix); err != nil {
				return err
			}
		case !bytes.Equal(c.rows.Get(slot), c.row):
			if c.update {
				if err := c.emit(types.UpdateBefore, slot, prefix); err != nil {
					return err
				}
			}
			c.rows.Replace(slot, c.row)
			if err := c.emit(types.UpdateAfter, slot, prefix); err != nil {
				return err
			}
		}
	}
	if c.out.N == 0 {
		return nil
	}
	return out.Emit(c.out)
}

// emit appends the stored row of a key; prefix is the length of the encoded key in front of it.
func (c *changelogNormalize) emit(kind types.RowKind, slot int32, prefix int) error {
	if _, err := types.DecodeRow(c.rows.Get(slot)[prefix:], c.out.Cols); err != nil {
		return err
	}
	c.out.AppendKind(kind)
	return nil
}

func (c *changelogNormalize) Snapshot(w *state.Writer) error {
	var hash [8]byte
	for slot := range int32(c.rows.Cap()) {
		if c.rows.Has(slot) {
			binary.LittleEndian.PutUint64(hash[:], c.rows.Hash(slot))
			w.Put(c.rows.Hash(slot), "row", hash[:], c.rows.Get(slot))
		}
	}
	return nil
}
