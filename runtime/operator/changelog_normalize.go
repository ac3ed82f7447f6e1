package operator

import (
	"bytes"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// changelogNormalize turns an upsert changelog, whose updates come without the row they replace and whose deletions may
// carry the key only, into a complete one. It keeps the last row of every key. An update that changes nothing is
// dropped, and so is the deletion of a key that isn't there.
//
// State: the last row per key, which goes with the key's deletion.
//
// Source: Flink's ChangelogNormalize (DeduplicateFunctionHelper, processLastRowOnChangelog).
type changelogNormalize struct {
	Stateless
	node    *physical.ChangelogNormalize
	ctx     *Context
	update  bool // -U rows are wanted
	keys    *state.Store
	account *state.Account
	rows    state.Rows
	last    []int32 // by slot: the number of the key's row, or -1
	out     *types.Batch

	key   []*types.Vector
	slots []int32
	row   []byte
	near  []int32 // rows to touch

	touched int // keeps the compiler from leaving out what is only touched
}

var (
	_ Operator      = (*changelogNormalize)(nil)
	_ state.Dropper = (*changelogNormalize)(nil)
)

func newChangelogNormalize(n *physical.ChangelogNormalize) *changelogNormalize {
	return &changelogNormalize{node: n, update: n.Mode.Has(types.UpdateBefore), out: types.NewBatch(n.Schema)}
}

func (c *changelogNormalize) Open(ctx *Context) error {
	c.ctx = ctx
	var keyTypes []types.Type
	for _, k := range c.node.Key {
		keyTypes = append(keyTypes, c.node.Schema.Fields[k].Type)
	}
	c.account = ctx.Memory.Account(c.used)
	c.keys = state.NewStore(keyTypes, "row", c, c.account)
	cols := newColumns(keyTypes)
	err := ctx.Restore.Each("row", func(key, value []byte) error { return c.keys.Restore(cols, key, value) })
	c.count()
	return err
}

func (c *changelogNormalize) Process(_ int, b *types.Batch, out Output) (err error) {
	c.out.Reset()
	c.key = c.key[:0]
	for _, k := range c.node.Key {
		c.key = append(c.key, b.Cols[k])
	}
	n := b.Rows()
	if c.slots, err = c.keys.Lookup(c.key, b.Sel, n, resize(c.slots, n)); err != nil {
		return err
	}
	c.grow()
	c.near = c.near[:0]
	for _, slot := range c.slots {
		if last := c.last[slot]; last >= 0 {
			c.near = append(c.near, last)
		}
	}
	c.touched += c.rows.Touch(c.near)
	for k, slot := range c.slots {
		i := int(rowAt(b.Sel, k))
		last := c.last[slot]
		if b.Kind(i).Retracts() {
			if last >= 0 {
				if err := c.emit(types.Delete, last); err != nil {
					return err
				}
				c.rows.Remove(last)
				c.last[slot] = -1
			}
			continue
		}
		c.row = types.EncodeRow(c.row[:0], b.Cols, i)
		switch {
		case last < 0:
			c.last[slot] = c.rows.Add(0, c.row)
			if err := c.emit(types.Insert, c.last[slot]); err != nil {
				return err
			}
		case !bytes.Equal(c.rows.Get(last), c.row):
			if c.update {
				if err := c.emit(types.UpdateBefore, last); err != nil {
					return err
				}
			}
			c.rows.Replace(last, c.row)
			if err := c.emit(types.UpdateAfter, last); err != nil {
				return err
			}
		}
	}
	for _, slot := range c.slots {
		if c.last[slot] < 0 && c.keys.Has(slot) {
			c.keys.Remove(slot)
		}
	}
	c.count()
	if c.out.N == 0 {
		return nil
	}
	return out.Emit(c.out)
}

func (c *changelogNormalize) grow() {
	for len(c.last) < c.keys.Cap() {
		c.last = append(c.last, -1)
	}
}

// emit appends a stored row.
func (c *changelogNormalize) emit(kind types.RowKind, row int32) error {
	if _, err := types.DecodeRow(c.rows.Get(row), c.out.Cols); err != nil {
		return err
	}
	c.out.AppendKind(kind)
	return nil
}

// Encode appends a key's row.
func (c *changelogNormalize) Encode(dst []byte, slot int32) []byte {
	return append(dst, c.rows.Get(c.last[slot])...)
}

// Decode implements state.Codec.
func (c *changelogNormalize) Decode(slot int32, value []byte) error {
	c.grow()
	c.last[slot] = c.rows.Add(0, value)
	return nil
}

// Drop implements state.Dropper.
func (c *changelogNormalize) Drop(slot int32) {
	c.rows.Remove(c.last[slot])
	c.last[slot] = -1
}

// Snapshot writes an entry "row" per key.
func (c *changelogNormalize) Snapshot(w *state.Writer) error { return c.keys.Snapshot(w) }

func (c *changelogNormalize) used() int {
	return c.keys.Used() + c.rows.Used() + c.keys.InUse(4*cap(c.last))
}

func (c *changelogNormalize) count() {
	c.ctx.Metrics.StateKeys.Store(int64(c.keys.Len() + c.keys.Spilled()))
	c.ctx.Metrics.StateBytes.Store(int64(c.used()))
	c.ctx.Metrics.Spilled.Store(c.account.Spilled())
}

func (c *changelogNormalize) Close() error {
	err := c.keys.Close()
	c.account.Close()
	return err
}

// CanIncrement implements Incremental.
func (c *changelogNormalize) CanIncrement() bool { return c.keys.CanIncrement() }

// Complete implements Incremental.
func (c *changelogNormalize) Complete() { c.keys.Complete() }
