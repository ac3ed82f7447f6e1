package task

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/state"
)

// split is a split in the hands of a scan, from its assignment to its end.
type split struct {
	id        string
	order     int               // of its assignment
	position  []byte            // where to start
	reader    connectors.Reader // nil while it isn't open
	woken     atomic.Bool       // the reader has called Wake
	idle      bool              // the last Poll said Idle
	watermark int64
	quiet     time.Time // since when there have been no rows; zero: there are, or nobody has looked
	excluded  bool      // quiet for longer than the idle timeout: out of the minimum
	batches   int       // read since it was opened
	sounding  bool      // was opened to learn where it stands in event time
	events    int64     // with on-event: rows since the last watermark,
	high      int64     // and the highest one that they give
	figures   splitFigures
}

// take gives the split a reader, or none.
func (sp *split) take(r connectors.Reader) {
	sp.reader, sp.idle = r, false
	sp.figures.take(r)
}

// progress is what a checkpoint knows of a split.
type progress struct {
	connectors.Split
	subtask   int
	watermark int64
	ended     bool
}

// The entries of a scan: "split", key: id, value: watermark (8 bytes), 1 and the position, or 0 for the source's
// configured start; "ended", key: id; "watermark": the last watermark that the subtask has sent (8 bytes).

func putSplit(w *state.Writer, s *split) {
	position := s.position
	if s.reader != nil {
		position = s.reader.Position()
	}
	value := binary.LittleEndian.AppendUint64(nil, uint64(s.watermark))
	if position != nil {
		value = append(append(value, 1), position...)
	} else {
		value = append(value, 0)
	}
	w.PutOperator("split", []byte(s.id), value)
}

func putEnded(w *state.Writer, id string) { w.PutOperator("ended", []byte(id), nil) }

func putWatermark(w *state.Writer, watermark int64) {
	w.PutOperator("watermark", nil, binary.LittleEndian.AppendUint64(nil, uint64(watermark)))
}

// restored is what a scan finds in a checkpoint.
type restored struct {
	parallelism int
	splits      []progress
	watermarks  []int64 // by subtask
}

// readRestored takes the state of all subtasks of a scan apart; nil when the checkpoint has none.
func readRestored(c *checkpoint.Checkpoint, id string) (*restored, error) {
	if c == nil || c.Operator(id) == nil {
		return nil, nil
	}
	r := &restored{parallelism: c.Operator(id).Parallelism}
	for range r.parallelism {
		r.watermarks = append(r.watermarks, math.MinInt64)
	}
	err := c.Each(id, func(i int, e state.Entry) error {
		switch e.Name {
		case "ended":
			r.splits = append(r.splits, progress{Split: connectors.Split{ID: string(e.Key)}, subtask: i, ended: true})
		case "split":
			if len(e.Value) < 9 {
				return fmt.Errorf("checkpoint %s has a malformed position of split %q", c.Path, e.Key)
			}
			p := progress{Split: connectors.Split{ID: string(e.Key)}, subtask: i, watermark: int64(binary.LittleEndian.Uint64(e.Value))}
			if e.Value[8] == 1 {
				p.Position = append([]byte{}, e.Value[9:]...)
			}
			r.splits = append(r.splits, p)
		case "watermark":
			if len(e.Value) != 8 {
				return fmt.Errorf("checkpoint %s has a malformed watermark", c.Path)
			}
			r.watermarks[i] = int64(binary.LittleEndian.Uint64(e.Value))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Splits counts the splits that a checkpoint knows of a scan; false when it doesn't know the scan.
func Splits(c *checkpoint.Checkpoint, id string) (n int, ok bool) {
	if c == nil || c.Operator(id) == nil {
		return 0, false
	}
	err := c.Each(id, func(_ int, e state.Entry) error {
		if e.Name == "split" || e.Name == "ended" {
			n++
		}
		return nil
	})
	return n, err == nil // an error comes again when the splits are restored
}

// known returns the splits that are to be read on and the IDs of those that had ended.
func (r *restored) known() (splits []connectors.Split, ended []string) {
	for _, p := range r.splits {
		if p.ended {
			ended = append(ended, p.ID)
		} else {
			splits = append(splits, p.Split)
		}
	}
	return splits, ended
}

// watermark is the one that a subtask may start with: its own, or the lowest when the splits are dealt out anew.
func (r *restored) watermark(subtask, parallelism int) int64 {
	if r.parallelism == parallelism {
		return r.watermarks[subtask]
	}
	low := int64(math.MaxInt64)
	for _, w := range r.watermarks {
		low = min(low, w)
	}
	return low
}
