package engine

import (
	"context"

	"github.com/weirsql/weir/connectors/format/changelogjson"
	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/types"
)

// Collect runs the statements of a text one after the other, waiting for the jobs that they start, and returns the rows of
// its queries as `weir run -o json` prints them: {"op":"+I","data":{"n":1}}. Nothing is run if there is a mistake anywhere.
// It is for tests and small questions: a query without an end is only left with ctx.
func (s *Session) Collect(ctx context.Context, text string) ([]string, error) {
	file := diag.NewFile("query", text)
	scripts, err := s.Check(file)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, stmt := range scripts[0].Stmts {
		r, err := s.Execute(ctx, file, stmt)
		if err != nil {
			return lines, err
		}
		job := r.Job
		if q := r.Query; q != nil {
			a := changelogjson.NewAppender(q.Schema)
			job, err = q.Start(ctx, func(b *types.Batch) error {
				for k := range b.Rows() {
					i := k
					if b.Sel != nil {
						i = int(b.Sel[k])
					}
					lines = append(lines, string(a.AppendRow(nil, b.Kind(i), b, i)))
				}
				return nil
			})
			if err != nil {
				return lines, err
			}
		}
		if job == nil {
			continue
		}
		if err := job.Wait(ctx); err != nil {
			job.Cancel()
			return lines, err
		}
	}
	return lines, nil
}
