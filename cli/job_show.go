package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirsql/weir/monitor"
)

// watchEvery is how often `weir job show --watch` draws.
const watchEvery = time.Second

func jobShowCommand() *cobra.Command {
	watch := false
	c := withJobs(&cobra.Command{
		Use:   "show [ID|NAME]",
		Short: "Show what a job's operators do and what holds it up",
		Long: `Show a job as EXPLAIN does, records flowing upwards, with what each operator does: records a second, how its task spends
its time, watermark, state. ◀ marks the task that limits the job. docs/monitoring.md explains the figures.`,
		Args: cobra.MaximumNArgs(1),
	}, func(ctx context.Context, cmd *cobra.Command, o *jobFlags, args []string) error {
		j, err := o.find(ctx, args)
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		switch {
		case watch && (o.output == "json" || !isTerminal(out)):
			return usageErrorf("--watch is for a terminal, with --output table")
		case watch:
			return watchJob(ctx, j, out)
		case o.output == "json":
			return printJSON(out, j.Figures)
		}
		_, err = io.WriteString(out, strings.Join(drawJob(&j.Figures, time.Now()), "\n")+"\n")
		return err
	})
	c.Flags().BoolVarP(&watch, "watch", "w", false, "draw again every second, until Ctrl-C or the end of the job")
	return c
}

// watchJob redraws a job in place until it or its process has ended.
func watchJob(ctx context.Context, j *foundJob, out io.Writer) error {
	ticks := time.NewTicker(watchEvery)
	defer ticks.Stop()
	drawn, f := 0, &j.Figures
	for {
		columns, rows := terminalSize(out)
		lines := drawJob(f, time.Now())
		if len(lines) > rows-1 {
			lines = append(lines[:rows-2:rows-2], "…")
		}
		if _, err := io.WriteString(out, redraw(lines, drawn, columns)); err != nil {
			return err
		}
		drawn = len(lines)
		if monitor.Ended(&f.Job) {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
		next, err := j.process.Job(ctx, j.ID)
		switch {
		case ctx.Err() != nil:
			return nil
		case monitor.Gone(err):
			_, err := fmt.Fprintf(out, "process %d has ended\n", j.process.PID)
			return err
		case err != nil:
			return err
		}
		f = next
	}
}

// redraw is what makes a terminal show lines in place of the drawn ones above the cursor, in one piece so that it doesn't
// flicker.
func redraw(lines []string, drawn, columns int) string {
	var b strings.Builder
	if drawn > 0 {
		fmt.Fprintf(&b, "\r\x1b[%dA", drawn)
	}
	for _, line := range lines {
		b.WriteString(cutToWidth(line, columns) + "\x1b[K\n")
	}
	b.WriteString("\x1b[J")
	return b.String()
}
