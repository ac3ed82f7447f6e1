// Package cli is the weir command: Flink SQL over Kinesis in one process. See `weir help` and docs/cli.md.
//
// It is a package, so that a program of ten lines is a weir with functions of its own: see Main. One file per subcommand;
// each has a function that returns its *cobra.Command, listed in newRoot. This is the only place that wires the rooms
// together.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/builtin"
)

// The exit codes of the command-line contract.
const (
	exitDone        = 0
	exitFailed      = 1   // a statement or job failed
	exitUsage       = 2   // wrong usage, or a SQL error before anything ran
	exitInterrupted = 130 // Ctrl-C, after a clean stop
)

// exitError carries the exit code of an error; with a nil err nothing is printed.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usageErrorf is a mistake in how weir was called.
func usageErrorf(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// Main runs the weir command with the arguments of the process, and ends the process. SQL can call the functions beside the
// built-in ones:
//
//	func main() {
//		cli.Main(
//			udf.Scalar("MASK_PHONE", maskPhone),
//			udf.Partial("BROWSER", browser),
//		)
//	}
//
// Functions that can't be registered, because of their names for example, end the process at once with the reason.
func Main(functions ...udf.Spec) {
	os.Exit(weir(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, functions))
}

// weir runs one command line and returns its exit code.
func weir(args []string, stdin io.Reader, stdout, stderr io.Writer, functions []udf.Spec) int {
	ctx, stop := interruptible(context.Background())
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // `weir … | head` ends with an error, so that what was begun is cleaned up
	if err := register(functions); err != nil {
		return report(err, stderr)
	}
	root := newRoot(functions...)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return report(root.ExecuteContext(ctx), stderr)
}

// sameSignal is how long a second signal is taken for the first: timeout(1) and some shells send it both to a process and
// to its group.
const sameSignal = 200 * time.Millisecond

// interruptible returns a context that Ctrl-C or SIGTERM ends, for a clean stop; the next one ends the process.
func interruptible(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			cancel()
			time.AfterFunc(sameSignal, func() { signal.Stop(signals) })
		case <-ctx.Done():
			signal.Stop(signals)
		}
	}()
	return ctx, cancel
}

// report prints an error, part by part, and returns the exit code that goes with it.
func report(err error, stderr io.Writer) int {
	if err == nil {
		return exitDone
	}
	code := exitFailed
	var exit *exitError
	if errors.As(err, &exit) {
		code = exit.code
	}
	var told []string // a job's failure may come by several ways
	for _, part := range parts(err) {
		if errors.Is(part, syscall.EPIPE) {
			continue // nobody reads on; that is no news to who closed the pipe
		}
		text := "weir: " + explanation(part) + "\n"
		if file, ok := part.(*engine.FileError); ok { // rendered with its positions already
			text = file.Error()
		}
		if !slices.Contains(told, text) {
			told = append(told, text)
			io.WriteString(stderr, text)
		}
	}
	return code
}

// explanation is an error's text without what says nothing to a user.
func explanation(err error) string {
	text := err.Error()
	var explained *connectors.Explained
	if errors.As(err, &explained) {
		text = explained.Msg
	}
	return strings.ReplaceAll(text, "default_catalog.default_database.", "")
}

// parts takes joined errors apart.
func parts(err error) []error {
	switch e := err.(type) {
	case nil:
		return nil
	case *exitError:
		return parts(e.err)
	case *engine.FileError:
		return []error{e}
	case interface{ Unwrap() []error }:
		var all []error
		var texts []string
		for _, inner := range e.Unwrap() {
			all = append(all, parts(inner)...)
			texts = append(texts, inner.Error())
		}
		if err.Error() == strings.Join(texts, "\n") { // nothing is said beside what the parts say
			return all
		}
	}
	return []error{err}
}

// register finds out what is wrong with functions of the program's own, before any command is run.
func register(functions []udf.Spec) error {
	r := udf.NewRegistry()
	if err := builtin.Register(r); err != nil {
		return err
	}
	var errs []error
	for _, f := range functions {
		if err := r.Register(f); err != nil {
			errs = append(errs, usageErrorf("%w", err))
		}
	}
	return errors.Join(errs...)
}

func newRoot(functions ...udf.Spec) *cobra.Command {
	root := &cobra.Command{
		Use:           "weir",
		Short:         "Flink SQL over Kinesis, in one process",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				return usageErrorf("unknown command %q; did you mean %q?", args[0], near[0])
			}
			return usageErrorf("unknown command %q; weir --help lists them", args[0])
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		SuggestionsMinimumDistance: 2,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageErrorf("%w; see %s --help", err, cmd.CommandPath())
	})
	root.AddCommand(
		checkCommand(functions),
		explainCommand(functions),
		generateCommand(),
		jobCommand(),
		labCommand(),
		localCommand(),
		runCommand(functions),
		sqlCommand(functions),
		stackCommand(),
		streamCommand(),
		topicCommand(),
		udfCommand(),
		versionCommand(),
	)
	for _, c := range root.Commands() {
		wrapArgs(c)
	}
	return root
}

// wrapArgs makes wrong numbers of arguments usage errors.
func wrapArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageErrorf("%w; usage: %s", err, cmd.UseLine())
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
}
