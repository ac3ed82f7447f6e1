package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func sqlCommand(functions []udf.Spec) *cobra.Command {
	env := environment{functions: functions}
	var watching monitoring
	var initFile string
	c := &cobra.Command{
		Use:   "sql",
		Short: "Type SQL and see results",
		Long: `Type SQL and see results. A statement ends with a semicolon and may span lines. SELECT shows its rows as they
change until Ctrl-C; INSERT runs in the background: SHOW JOBS lists what runs, STOP JOB 'id' ends it. HELP tells more.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			ctx := context.WithoutCancel(cmd.Context()) // jobs are stopped, not cut off
			stdout, stderr := cmd.OutOrStdout(), cmd.ErrOrStderr()
			out, stop := newScreen(stdout, stderr)
			defer stop()
			s, err := env.open(ctx, out.writer(stdout), out.writer(stderr), watching.trace)
			if err != nil {
				return err
			}
			home, err := env.home()
			if err != nil {
				return err
			}
			out.location = s.Location
			r := &repl{session: s, out: out, interrupted: cmd.Context().Done(), watching: &watching, told: map[*engine.Job]bool{}}
			defer func() {
				r.stopJobs(ctx)
				err = errors.Join(err, s.Close(), watching.stopWatching(), env.close())
			}()
			if err := watching.watch(s, out); err != nil {
				return err
			}
			if initFile != "" {
				files, err := readFiles([]string{initFile}, nil, cmd.InOrStdin())
				if err != nil {
					return err
				}
				if _, err := s.Check(files...); err != nil {
					return &exitError{exitUsage, err}
				}
				if err := r.execute(ctx, files[0]); err != nil {
					return err
				}
			}
			if in, ok := cmd.InOrStdin().(*os.File); ok && isTerminal(in) && isTerminal(stdout) {
				r.typed = true
				// Ctrl-C ends a query, not the session.
				interrupts := make(chan os.Signal, 1)
				signal.Notify(interrupts, os.Interrupt)
				defer signal.Stop(interrupts)
				r.interrupts = interrupts
				lines := newTerminalLines(in, stdout, openHistory(filepath.Join(home, "history")), func() []string { return sessionWords(s) })
				fmt.Fprintln(stdout, "weir: Flink SQL. Statements end with ; HELP; tells more, QUIT; ends.")
				return r.loop(ctx, lines)
			}
			return r.loop(ctx, &plainLines{scanner: bufio.NewScanner(cmd.InOrStdin())})
		},
	}
	env.sessionFlags(c.Flags())
	watching.monitoringFlags(c.Flags())
	c.Flags().StringVarP(&initFile, "init", "i", "", "run this `FILE` first")
	return c
}

// lineReader gives the lines that a user types.
type lineReader interface {
	// ReadLine shows the prompt and returns a line without its end. io.EOF ends the session, errInterrupted drops what
	// was typed.
	ReadLine(prompt string) (string, error)
	// Remember adds a complete statement to the history.
	Remember(statement string)
}

var errInterrupted = errors.New("interrupted")

// plainLines reads lines that are not typed at a terminal.
type plainLines struct{ scanner *bufio.Scanner }

func (p *plainLines) ReadLine(string) (string, error) {
	if p.scanner.Scan() {
		return p.scanner.Text(), nil
	}
	if err := p.scanner.Err(); err != nil {
		return "", err
	}
	return "", io.EOF
}

func (p *plainLines) Remember(string) {}

// repl reads statements, runs them and shows what they give.
type repl struct {
	session  *engine.Session
	watching *monitoring
	out      *screen
	typed    bool // somebody is at a terminal

	interrupted <-chan struct{}  // closed by the Ctrl-C that ends a session of piped statements
	interrupts  <-chan os.Signal // every Ctrl-C of a typed one
	told        map[*engine.Job]bool
}

const replHelp = `CREATE TABLE …;  CREATE VIEW …;  DROP …;     define what queries refer to
SELECT …;                                   shows rows as they change; Ctrl-C ends it
INSERT INTO … SELECT …;                     runs in the background
SHOW TABLES | VIEWS | FUNCTIONS | JOBS;  DESCRIBE t;  SHOW CREATE TABLE t;
EXPLAIN SELECT …;                           how a query would run
STOP JOB 'id' [WITH DRAIN];                 ends a job after a final checkpoint
SET 'key' = 'value';  RESET;                the session's settings
QUIT;
`

// loop reads until QUIT or the end of the input.
func (r *repl) loop(ctx context.Context, lines lineReader) error {
	var text strings.Builder
	failed := false
	for {
		failed = r.tellFailed(r.session.Jobs()) || failed
		select {
		case <-r.interrupted:
			if !r.typed {
				return &exitError{code: exitInterrupted}
			}
		default:
		}
		prompt := "weir> "
		if text.Len() > 0 {
			prompt = "    > "
		}
		line, err := lines.ReadLine(prompt)
		switch {
		case errors.Is(err, errInterrupted):
			text.Reset()
			continue
		case errors.Is(err, io.EOF):
			if strings.TrimSpace(text.String()) != "" && !r.typed { // a last statement without its semicolon
				failed = !r.statement(ctx, text.String()) || failed
			}
			return r.end(failed)
		case err != nil:
			return err
		}
		if text.Len() > 0 {
			text.WriteByte('\n')
		}
		text.WriteString(line)
		word := strings.ToUpper(strings.Trim(text.String(), " \t\n;"))
		switch word {
		case "":
			text.Reset()
			continue
		case "QUIT", "EXIT":
			return r.end(failed)
		case "HELP":
			if err := r.out.print([]byte(replHelp)); err != nil {
				return err
			}
			text.Reset()
			continue
		}
		if !parser.Complete(text.String()) {
			continue
		}
		statement := text.String()
		text.Reset()
		lines.Remember(statement)
		failed = !r.statement(ctx, statement) || failed
	}
}

// end is how piped statements end: what can finish is waited for, and a failure shows in the exit code.
func (r *repl) end(failed bool) error {
	if r.typed {
		return nil
	}
	jobs := r.session.Jobs() // of now: it forgets those that ended first
	for _, j := range jobs {
		if !j.Bounded {
			continue
		}
		select {
		case <-j.Done():
		case <-r.interrupted:
			return &exitError{code: exitInterrupted}
		}
	}
	if r.tellFailed(jobs) || failed {
		return &exitError{code: exitFailed}
	}
	return nil
}

// tellFailed tells of background jobs that have failed since the last time.
func (r *repl) tellFailed(jobs []*engine.Job) bool {
	failed := false
	for _, j := range jobs {
		if err := j.Err(); err != nil && !r.told[j] {
			r.out.say("job %s (%s) failed: %s", j.ID, j.Name, explanation(err))
			r.told[j], failed = true, true
		}
	}
	return failed
}

// statement runs what was typed and reports whether it went well.
func (r *repl) statement(ctx context.Context, text string) bool {
	err := r.execute(ctx, diag.NewFile("sql", text))
	report(err, r.out.stderr)
	return err == nil
}

// execute runs the statements of a text one after the other, up to the first that fails.
func (r *repl) execute(ctx context.Context, file *diag.File) error {
	script, err := r.session.Parse(file)
	if err != nil {
		return err
	}
	for _, stmt := range script.Stmts {
		res, err := r.session.Execute(ctx, file, stmt)
		if err != nil {
			return err
		}
		if err := r.show(ctx, res); err != nil {
			return err
		}
	}
	return nil
}

func (r *repl) show(ctx context.Context, res *engine.Result) error {
	switch {
	case res.Table != nil:
		return showTable(r.out, "table", res.Table)
	case res.Job != nil:
		r.watching.jobStarted()
		if r.session.Setting("table.dml-sync") == "true" {
			return r.follow(ctx, res.Job)
		}
		return r.out.print([]byte("job " + res.Job.ID + " started\n"))
	case res.Query != nil:
		format := "table"
		if r.session.Setting("sql-client.execution.result-mode") == "changelog" {
			format = "changelog"
		}
		writer := r.out.newResultWriter(format, "", res.Query.Schema, res.Query.Mode)
		job, err := res.Query.Start(ctx, func(b *types.Batch) error { return writer.Write(b) })
		if err == nil {
			r.watching.jobStarted()
			err = r.follow(ctx, job)
		}
		return errors.Join(err, writer.Close(err != nil))
	}
	return r.out.print([]byte("ok\n"))
}

// follow waits for a job until Ctrl-C, which stops it.
func (r *repl) follow(ctx context.Context, job *engine.Job) error {
	r.told[job] = true // its failure is the statement's
	interrupted := r.interrupted
	if r.typed {
		interrupted = nil
		select {
		case <-r.interrupts: // one that came before the query
		default:
		}
	}
	select {
	case <-job.Done():
		return job.Err()
	case <-interrupted:
	case <-r.interrupts:
	}
	if err := job.Stop(ctx, false); err != nil {
		job.Cancel()
	}
	return job.Wait(ctx)
}

// stopJobs ends what still runs in the background.
func (r *repl) stopJobs(ctx context.Context) {
	for _, j := range r.session.Jobs() {
		select {
		case <-j.Done():
		default:
			if err := j.Stop(ctx, false); err != nil {
				r.out.say("weir: stop job %s: %v", j.Name, err)
			}
		}
	}
}
