package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// runOptions are the flags of `weir run`.
type runOptions struct {
	environment
	monitoring
	inline      []string
	output      string
	parallelism int
	drain       bool
	restore     string
	timeout     time.Duration
}

func runCommand(functions []udf.Spec) *cobra.Command {
	o := runOptions{environment: environment{functions: functions}}
	c := &cobra.Command{
		Use:   "run FILE.sql…",
		Short: "Run the statements of files; INSERTs become jobs, SELECTs print",
		Long: `Run the statements of files in order. All files are checked before anything starts. INSERTs become jobs that run
beside each other; a SELECT over bounded tables prints its result before the next statement, any other one prints rows as
they come. weir ends when all jobs have, or on Ctrl-C, after a final checkpoint; a second Ctrl-C ends it at once.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := c.Flags()
	o.sessionFlags(f)
	o.monitoringFlags(f)
	f.StringArrayVarP(&o.inline, "execute", "e", nil, "run this `SQL`, after the files")
	f.StringVarP(&o.output, "output", "o", "table", "how SELECTs print: `table|json|csv|changelog`")
	f.IntVar(&o.parallelism, "parallelism", 0, "subtasks per operator, `N` (default: the number of cores)")
	f.BoolVar(&o.drain, "drain", false, "at Ctrl-C let all windows fire, as if the input had ended")
	f.StringVar(&o.restore, "restore", "", "start jobs from a checkpoint, their newest one or that at a path: `latest|PATH`")
	f.DurationVar(&o.timeout, "timeout", 0, "fail if the run takes longer")
	return c
}

func (o *runOptions) run(ctx context.Context, names []string, stdin io.Reader, stdout, stderr io.Writer) (err error) {
	files, err := readFiles(names, o.inline, stdin)
	switch {
	case err != nil:
		return err
	case len(files) == 0:
		return usageErrorf("nothing to run; name a file or give a statement with -e")
	case !slices.Contains(outputs, o.output):
		return usageErrorf("unknown --output %q; use %s", o.output, strings.Join(outputs, ", "))
	case o.parallelism < 0:
		return usageErrorf("--parallelism must be at least 1, found %d", o.parallelism)
	}
	out, stop := newScreen(stdout, stderr)
	defer stop()
	s, err := o.open(ctx, out.writer(stdout), out.writer(stderr), func(eo *engine.Options) {
		eo.Restore = o.restore
		if o.parallelism > 0 {
			eo.Settings["parallelism.default"] = fmt.Sprint(o.parallelism)
		}
		o.trace(eo)
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close(), o.stopWatching(), o.close()) }()
	if err := o.watch(s, out); err != nil {
		return err
	}
	// Everything is checked before anything runs.
	if _, err := s.Check(files...); err != nil {
		return &exitError{exitUsage, err}
	}
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.timeout, fmt.Errorf("timeout: the run took longer than %s", o.timeout))
		defer cancel()
	}
	out.location = s.Location
	out.showStatus(newProgress(s.Jobs).line)
	r := &runner{session: s, options: o, out: out}
	defer r.summary()
	return r.run(ctx, files)
}

// runner executes a checked script.
type runner struct {
	session *engine.Session
	options *runOptions
	out     *screen
	jobs    []*runningJob
	titles  bool // several results are shown beside each other
	stopped sync.Once
}

// runningJob is a job that the run waits for at its end, with the writer of its rows if it is a SELECT.
type runningJob struct {
	*engine.Job
	writer resultWriter // or nil
}

func (r *runner) run(ctx context.Context, files []*diag.File) error {
	var errs []error
	if err := r.statements(ctx, files); err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 && ctx.Err() == nil { // a statement failed: what runs already is stopped
		r.stop(ctx)
	}
	for _, j := range r.jobs {
		errs = append(errs, r.finish(ctx, j))
	}
	err := errors.Join(errs...)
	switch cause := context.Cause(ctx); {
	case cause == nil || ctx.Err() == nil:
		return err
	case errors.Is(cause, context.Canceled):
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		return &exitError{code: exitInterrupted}
	default:
		return errors.Join(cause, dropCanceled(err))
	}
}

func dropCanceled(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// statements executes the files' statements in order.
func (r *runner) statements(ctx context.Context, files []*diag.File) error {
	var scripts []*parser.File
	queries := 0
	for _, f := range files {
		script, err := r.session.Parse(f)
		if err != nil {
			return err
		}
		scripts = append(scripts, script)
		for _, stmt := range script.Stmts {
			if _, ok := stmt.(*parser.Query); ok {
				queries++
			}
		}
	}
	r.titles = queries > 1
	for i, f := range files {
		script := scripts[i]
		for _, stmt := range script.Stmts {
			res, err := r.session.Execute(ctx, f, stmt)
			if err != nil {
				return err
			}
			pos := f.Position(stmt.Pos().Start)
			if err := r.result(ctx, res, fmt.Sprintf("%s:%d", f.Name, pos.Line)); err != nil {
				return err
			}
		}
	}
	return nil
}

// result shows what a statement gave, or starts it. position is where the statement begins.
func (r *runner) result(ctx context.Context, res *engine.Result, position string) error {
	switch {
	case res.Table != nil:
		return showTable(r.out, r.options.output, res.Table)
	case res.Job != nil:
		r.options.jobStarted()
		r.jobs = append(r.jobs, &runningJob{Job: res.Job})
	case res.Query != nil:
		if res.Query.Bounded { // it may read what the jobs before it write
			for _, j := range r.jobs {
				if j.Bounded {
					if err := j.Wait(ctx); err != nil {
						return err
					}
				}
			}
		}
		title := ""
		if r.titles && !res.Query.Bounded {
			title = position
		}
		writer := r.out.newResultWriter(r.options.output, title, res.Query.Schema, res.Query.Mode)
		job, err := res.Query.Start(ctx, func(b *types.Batch) error { return writer.Write(b) })
		if err != nil {
			return errors.Join(err, writer.Close(true))
		}
		r.options.jobStarted()
		j := &runningJob{job, writer}
		if res.Query.Bounded {
			return r.finish(ctx, j)
		}
		r.jobs = append(r.jobs, j)
	}
	return nil
}

// finish waits for a job, stopping it when the run is interrupted, and prints what is left of its rows.
func (r *runner) finish(ctx context.Context, j *runningJob) error {
	err := j.Wait(ctx)
	if ctx.Err() != nil {
		r.stop(ctx)
		err = j.Wait(context.WithoutCancel(ctx))
	}
	if j.writer != nil {
		err = errors.Join(err, j.writer.Close(err != nil))
	}
	return err
}

// showTable prints the result of SHOW, DESCRIBE, EXPLAIN or SET.
func showTable(out *screen, format string, t *engine.Table) error {
	switch {
	case t.Plain:
		return out.print([]byte(strings.TrimRight(t.Rows[0][0], "\n") + "\n"))
	case format == "json":
		schema := &types.Schema{}
		for _, c := range t.Columns {
			schema.Fields = append(schema.Fields, types.Field{Name: c, Type: types.StringType})
		}
		b := types.NewBatch(schema)
		for _, row := range t.Rows {
			for i, cell := range row {
				b.Cols[i].AppendString(cell)
			}
			b.AppendKind(types.Insert)
		}
		return out.newResultWriter(format, "", schema, types.AppendOnly).Write(b)
	}
	return out.print([]byte(renderTable(t.Columns, t.Rows, make([]bool, len(t.Columns))) + rowCount(len(t.Rows)) + "\n"))
}
