package checkpoint_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/state"
)

var epoch = time.Unix(5, 0)

func keyed(name, key, value string) state.Entry {
	return state.Entry{Group: state.KeyGroup(state.HashBytes([]byte(key))), Name: name, Key: []byte(key), Value: []byte(value)}
}

func operatorEntry(name, key, value string) state.Entry {
	return state.Entry{Group: state.OperatorState, Name: name, Key: []byte(key), Value: []byte(value)}
}

// numbered returns n keyed entries of different sizes and one of the operator.
func numbered(n int) (all []state.Entry) {
	for i := range n {
		all = append(all, keyed("count", fmt.Sprint("key", i), fmt.Sprintf("%0*d", i%300, i)))
	}
	return append(all, operatorEntry("split", "", "position"))
}

// part writes entries as one part, a block for every few of them.
func part(p *checkpoint.Pending, id string, subtask, parallelism int, entries []state.Entry) (checkpoint.File, error) {
	t := p.Part(id, "operator "+id, subtask, parallelism)
	defer t.Abort()
	var block []byte
	n := 0
	for k, e := range entries {
		block = state.AppendEntry(block, e)
		if n++; len(block) > 4096 || k == len(entries)-1 {
			if err := t.Write(block, n); err != nil {
				return checkpoint.File{}, err
			}
			block, n = block[:0], 0
		}
	}
	return t.Close()
}

// store opens a job's store.
func store(t testing.TB, fsys checkpoint.FS) *checkpoint.Store {
	t.Helper()
	s, err := checkpoint.NewStoreIn(fsys, "job", "a name")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// subtasks writes the state of three operators: a small one, a large one whose second of two subtasks has finished, and
// one without state.
func subtasks(t testing.TB, p *checkpoint.Pending, n int) []checkpoint.Subtask {
	t.Helper()
	write := func(id string, subtask, parallelism int, finished bool, entries []state.Entry) checkpoint.Subtask {
		f, err := part(p, id, subtask, parallelism, entries)
		if err != nil {
			t.Fatal(err)
		}
		return checkpoint.Subtask{
			ID: id, Name: "operator " + id, Subtask: subtask, Parallelism: parallelism, Finished: finished, Parts: []checkpoint.File{f},
		}
	}
	return []checkpoint.Subtask{
		write("a", 0, 1, false, numbered(3)),
		write("b", 0, 2, false, numbered(n)),
		write("b", 1, 2, true, numbered(5)),
		write("c", 0, 1, false, nil),
	}
}

// take takes a checkpoint of subtasks(n) and returns its URI.
func take(t testing.TB, s *checkpoint.Store, n int) string {
	t.Helper()
	p, err := s.Begin(s.NextID(), epoch)
	if err != nil {
		t.Fatal(err)
	}
	uri, _, err := p.Publish(false, subtasks(t, p, n))
	if err != nil {
		t.Fatal(err)
	}
	return uri
}

// entries returns the entries of an operator by the subtask that wrote them.
func entries(t testing.TB, c *checkpoint.Checkpoint, id string) [][]state.Entry {
	t.Helper()
	all := make([][]state.Entry, c.Operator(id).Parallelism)
	err := c.Each(id, func(subtask int, e state.Entry) error {
		all[subtask] = append(all[subtask], state.Entry{
			Group: e.Group, Name: e.Name, Key: append([]byte{}, e.Key...), Value: append([]byte{}, e.Value...), Removed: e.Removed,
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
