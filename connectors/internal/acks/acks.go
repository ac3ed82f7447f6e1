// Package acks tells a writer whose rows are acknowledged one after the other which checkpoints are safe by now.
package acks

// Counter counts the rows of a writer. It isn't safe for concurrent use; the zero value is ready.
type Counter struct {
	written, acknowledged int64
	barriers              []barrier // with rows before them that are not acknowledged, oldest first
	safe                  int64     // the newest checkpoint whose rows are all acknowledged
}

type barrier struct{ checkpoint, rows int64 }

// Write counts rows that have been written.
func (c *Counter) Write(rows int) { c.written += int64(rows) }

// Acknowledge counts the oldest rows as safe.
func (c *Counter) Acknowledge(rows int) {
	c.acknowledged += int64(rows)
	done := 0
	for done < len(c.barriers) && c.barriers[done].rows <= c.acknowledged {
		c.safe = c.barriers[done].checkpoint
		done++
	}
	c.barriers = append(c.barriers[:0], c.barriers[done:]...)
}

// Open is the number of rows that are not acknowledged.
func (c *Counter) Open() int { return int(c.written - c.acknowledged) }

// Barrier says that the rows written so far belong to a checkpoint, whose number is higher than those before.
func (c *Counter) Barrier(checkpoint int64) {
	if c.Open() == 0 {
		c.safe = checkpoint
		return
	}
	c.barriers = append(c.barriers, barrier{checkpoint, c.written})
}

// Prepared reports whether all rows before a barrier are acknowledged.
func (c *Counter) Prepared(checkpoint int64) bool { return checkpoint <= c.safe }
