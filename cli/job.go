package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirsql/weir/monitor"
)

func jobCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "job",
		Short: "See, stop and save the jobs that run on this machine",
		Long: `See, stop and save the jobs that weir run and weir sql have started on a data directory. A job is named by its ID, the
beginning of it, or its name; without a name the only job is meant.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(jobListCommand(), jobShowCommand(), jobSavepointCommand(), jobStopCommand(), jobCancelCommand())
	return c
}

// jobFlags are the flags of all job commands.
type jobFlags struct {
	environment
	output string
}

// withJobs gives a job subcommand its flags and a way to find processes.
func withJobs(c *cobra.Command, run func(ctx context.Context, cmd *cobra.Command, o *jobFlags, args []string) error) *cobra.Command {
	var o jobFlags
	o.dataFlags(c.Flags())
	c.Flags().StringVarP(&o.output, "output", "o", "table", "how to print: `table|json`")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if o.output != "table" && o.output != "json" {
			return usageErrorf("unknown --output %q; use table or json", o.output)
		}
		err := run(cmd.Context(), cmd, &o, args)
		if cmd.Context().Err() != nil {
			return &exitError{code: exitInterrupted}
		}
		return err
	}
	return c
}

// foundJob is a job with the process that runs it.
type foundJob struct {
	process *monitor.Process
	monitor.Figures
}

// all lists the jobs of all processes on the data directory, by their start.
func (o *jobFlags) all(ctx context.Context) ([]foundJob, error) {
	home, err := o.home()
	if err != nil {
		return nil, err
	}
	var all []foundJob
	for _, p := range monitor.Processes(home) {
		jobs, err := p.Jobs(ctx)
		if monitor.Gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, j := range jobs {
			all = append(all, foundJob{p, j})
		}
	}
	slices.SortStableFunc(all, func(a, b foundJob) int { return a.Started.Compare(b.Started) })
	return all, nil
}

// leastPrefix is how much of an ID names a job.
const leastPrefix = 4

// find returns the job that args name: by ID, the beginning of one, or name; one that runs rather than one that has ended.
// Without args it is the only one.
func (o *jobFlags) find(ctx context.Context, args []string) (*foundJob, error) {
	all, err := o.all(ctx)
	if err != nil {
		return nil, err
	}
	return choose(all, strings.Join(args, ""))
}

func choose(all []foundJob, name string) (*foundJob, error) {
	var found []foundJob
	for _, j := range all {
		switch {
		case j.ID == name:
			return &j, nil
		case name == "", j.Name == name, len(name) >= leastPrefix && strings.HasPrefix(j.ID, name):
			found = append(found, j)
		}
	}
	if running := slices.DeleteFunc(slices.Clone(found), func(j foundJob) bool { return monitor.Ended(&j.Job) }); len(running) > 0 {
		found = running
	}
	switch {
	case len(found) == 1:
		return &found[0], nil
	case len(found) > 1 && name == "":
		return nil, usageErrorf("%d jobs run: %s; name one", len(found), names(found))
	case len(found) > 1:
		return nil, usageErrorf("%q means %d jobs: %s; give more of the id", name, len(found), names(found))
	case len(all) == 0:
		return nil, fmt.Errorf("no job runs on this data directory; jobs are found while the weir run or weir sql that started them does")
	}
	return nil, fmt.Errorf("no job has the id or name %q; there are: %s", name, names(all))
}

func names(jobs []foundJob) string {
	var list []string
	for _, j := range jobs {
		list = append(list, shortID(j.ID)+" "+plain(j.Name))
	}
	return strings.Join(list, ", ")
}

// shortID is as much of an ID as tells jobs apart.
func shortID(id string) string { return id[:min(len(id), 12)] }

// plain is a name without what says nothing to a user.
func plain(name string) string {
	return strings.ReplaceAll(name, "default_catalog.default_database.", "")
}

// printJSON prints a value as the API gives it.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func jobListCommand() *cobra.Command {
	return withJobs(&cobra.Command{Use: "ls", Short: "List the jobs", Args: cobra.NoArgs},
		func(ctx context.Context, cmd *cobra.Command, o *jobFlags, _ []string) error {
			jobs, err := o.all(ctx)
			if err != nil {
				return err
			}
			if o.output == "json" {
				list := []monitor.Figures{}
				for _, j := range jobs {
					list = append(list, j.Figures)
				}
				return printJSON(cmd.OutOrStdout(), list)
			}
			return printJobs(cmd.OutOrStdout(), jobs, time.Now())
		})
}

func printJobs(out io.Writer, jobs []foundJob, now time.Time) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tNAME\tSTATE\tFOR\tIN/S\tOUT/S\tRESTARTS\tPROCESS")
	for _, j := range jobs {
		in, passed := j.traffic()
		process := ""
		if j.process != nil {
			process = fmt.Sprint(j.process.PID)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", shortID(j.ID), visible(plain(j.Name)), j.State,
			shortDuration(cmp.Or(j.Ended, now).Sub(j.Started)), perSecond(in), perSecond(passed), j.Restarts, process)
	}
	return w.Flush()
}

// traffic is the records that a job reads and writes in a second.
func (j *foundJob) traffic() (in, out float64) {
	for i := range j.Operators {
		switch o := &j.Operators[i]; o.Name {
		case "Scan":
			in += o.Rates.RecordsIn
		case "Sink":
			out += o.Rates.RecordsOut
		case "Collect":
			out += o.Rates.RecordsIn
		}
	}
	return in, out
}

func jobSavepointCommand() *cobra.Command {
	var q monitor.SavepointRequest
	c := withJobs(&cobra.Command{
		Use:   "savepoint [ID|NAME]",
		Short: "Save a job's state, to start from with weir run --restore PATH",
		Long: `Save a job's state where weir run --restore PATH can start from: with other parallelism, on another machine, after a
change of the query. Prints the savepoint's path.`,
		Args: cobra.MaximumNArgs(1),
	}, func(ctx context.Context, cmd *cobra.Command, o *jobFlags, args []string) error {
		if q.Drain && !q.Stop {
			return usageErrorf("--drain is for --stop: it lets windows fire before the job ends")
		}
		j, err := o.find(ctx, args)
		if err != nil {
			return err
		}
		if q.Dir != "" && !strings.Contains(q.Dir, "://") { // the process may have been started elsewhere
			if q.Dir, err = filepath.Abs(q.Dir); err != nil {
				return err
			}
		}
		path, err := j.process.Savepoint(ctx, j.ID, q)
		if err != nil {
			return fmt.Errorf("savepoint of job %s: %w", plain(j.Name), err)
		}
		if o.output == "json" {
			return printJSON(cmd.OutOrStdout(), monitor.SavepointResponse{Path: path})
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), path)
		return err
	})
	c.Flags().StringVar(&q.Dir, "dir", "", "put it into a folder of its own below `DIR`, a directory or s3://bucket/prefix (default: the setting execution.checkpointing.savepoint-dir)")
	c.Flags().BoolVar(&q.Stop, "stop", false, "stop the job with it")
	c.Flags().BoolVar(&q.Drain, "drain", false, "with --stop: let all windows fire before, as if the input had ended")
	return c
}

func jobStopCommand() *cobra.Command {
	var q monitor.StopRequest
	c := withJobs(&cobra.Command{Use: "stop [ID|NAME]", Short: "Stop a job after a final checkpoint", Args: cobra.MaximumNArgs(1)},
		func(ctx context.Context, cmd *cobra.Command, o *jobFlags, args []string) error {
			j, err := o.find(ctx, args)
			if err != nil {
				return err
			}
			state, err := j.process.Stop(ctx, j.ID, q)
			if err != nil {
				return fmt.Errorf("stop job %s: %w", plain(j.Name), err)
			}
			return o.ended(cmd, j, state)
		})
	c.Flags().BoolVar(&q.Drain, "drain", false, "let all windows fire before, as if the input had ended")
	return c
}

func jobCancelCommand() *cobra.Command {
	return withJobs(&cobra.Command{Use: "cancel [ID|NAME]", Short: "End a job at once, without a checkpoint", Args: cobra.MaximumNArgs(1)},
		func(ctx context.Context, cmd *cobra.Command, o *jobFlags, args []string) error {
			j, err := o.find(ctx, args)
			if err != nil {
				return err
			}
			if err := j.process.Cancel(ctx, j.ID); err != nil {
				return fmt.Errorf("cancel job %s: %w", plain(j.Name), err)
			}
			return o.ended(cmd, j, "CANCELED")
		})
}

// ended says how a job has been ended.
func (o *jobFlags) ended(cmd *cobra.Command, j *foundJob, state string) error {
	if o.output == "json" {
		return printJSON(cmd.OutOrStdout(), map[string]string{"id": j.ID, "state": state})
	}
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "job %s is %s\n", plain(j.Name), strings.ToLower(state))
	return err
}
