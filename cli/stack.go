package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"

	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/stack"
)

func stackCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "stack",
		Short: "Make, show and delete the streams, consumers, topics and subscriptions of a file",
		Long: `Make, show and delete the streams, consumers, topics and subscriptions of a file: weir's own YAML, or a CloudFormation
template in YAML or JSON, of which other resources are left alone. What has been made is remembered in the data directory, and
nothing else is ever changed or deleted.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(stackUpCommand(), stackDownCommand(), stackShowCommand())
	return c
}

// stackFlags open a stack where the flags say.
type stackFlags struct {
	awsFlags
	name   string
	params []string
}

// localAccount is the embedded server's.
const localAccount = "000000000000"

// opened is a stack and the place where it is to be made.
type opened struct {
	services *stack.Services
	stack    *stack.Stack // nil if only the state is wanted
	state    *stack.State
	name     string // of the stack
}

// withStack runs a subcommand; its file is read if parse says so.
func withStack(c *cobra.Command, parse bool, run func(cmd *cobra.Command, o *opened) error) *cobra.Command {
	var f stackFlags
	f.flags(c.Flags())
	c.Args = cobra.ExactArgs(1)
	if parse {
		c.Flags().StringVar(&f.name, "name", "", "name of the stack, for resources of a template that have none (default: that of the last time, else the file's name)")
		c.Flags().StringArrayVar(&f.params, "param", nil, "a parameter of a template, `key=value`; may be repeated (default: that of the last time, else the template's)")
	}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		o, err := f.open(cmd.Context(), args[0], parse)
		if err == nil {
			err = f.explain(run(cmd, o))
		}
		if errors.Is(err, context.Canceled) {
			err = &exitError{code: exitInterrupted}
		}
		return errors.Join(err, f.close())
	}
	return c
}

func (f *stackFlags) open(ctx context.Context, file string, parse bool) (*opened, error) {
	var text []byte
	var err error
	if parse {
		if text, err = os.ReadFile(file); err != nil {
			return nil, usageErrorf("%w", err)
		}
	}
	o := &opened{services: &stack.Services{Clock: clock.Real{}}}
	env := stack.Environment{Name: f.name, Region: localRegion, Params: map[string]string{}}
	env.Account = func() (string, error) { return localAccount, nil }
	for _, p := range f.params {
		key, value, ok := strings.Cut(p, "=")
		if !ok {
			return nil, usageErrorf("--param takes key=value, found %q", p)
		}
		env.Params[key] = value
	}
	kinesisEndpoint, snsEndpoint, err := f.endpoints(ctx)
	if err != nil {
		return nil, err
	}
	var place string
	if kinesisEndpoint != "" {
		dir, err := f.localDir()
		if err != nil {
			return nil, err
		}
		place = "the embedded server in " + dir
		o.services.Kinesis, o.services.SNS = localKinesis(kinesisEndpoint), localSNS(snsEndpoint)
	} else {
		cfg, err := f.config(ctx)
		if err != nil {
			return nil, err
		}
		env.Region = cfg.Region
		if o.services.Kinesis, err = f.kinesis(ctx); err != nil {
			return nil, err
		}
		if o.services.SNS, err = f.sns(ctx); err != nil {
			return nil, err
		}
		streams, topics := aws.ToString(o.services.Kinesis.Options().BaseEndpoint), aws.ToString(o.services.SNS.Options().BaseEndpoint)
		place = strings.TrimSpace(strings.Join(slices.Compact([]string{"AWS in " + cfg.Region, streams, topics}), " "))
		if streams == "" || topics == "" { // else it isn't AWS, and its STS, if there is one, is elsewhere
			env.Account = sync.OnceValues(func() (string, error) {
				out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
				if err != nil {
					return "", err
				}
				return aws.ToString(out.Account), nil
			})
		}
	}
	home, err := f.home()
	if err != nil {
		return nil, err
	}
	if o.state, err = stack.OpenState(filepath.Join(home, "stacks"), file, place); err != nil {
		return nil, err
	}
	base := filepath.Base(file)
	env.Name = cmp.Or(f.name, o.state.Name, strings.TrimSuffix(base, filepath.Ext(base)))
	env.Remembered, o.name = o.state.Params, env.Name
	if parse {
		if o.stack, err = stack.Parse(file, text, env); err != nil {
			return nil, &exitError{exitUsage, err} // as it is, to be told mistake by mistake
		}
	}
	return o, nil
}

func stackUpCommand() *cobra.Command {
	var dry bool
	c := withStack(&cobra.Command{
		Use:   "up FILE",
		Short: "Make what a file asks for and isn't there, and wait until it is ACTIVE",
		Long: `Show the plan, make what the file asks for and isn't there, change what this stack has made and the file now wants
otherwise, and wait until all is ACTIVE. What somebody else has made is used as it is. Doing it again does nothing.`,
	}, true, func(cmd *cobra.Command, o *opened) error {
		plan, err := stack.Look(cmd.Context(), o.services, o.stack, o.state)
		if err != nil {
			return err
		}
		showPlan(cmd.OutOrStdout(), o.stack, plan)
		if dry || plan.Empty() {
			return nil
		}
		if err := o.state.Remember(o.name, o.stack.Params); err != nil {
			return err
		}
		return stack.Up(cmd.Context(), o.services, plan, o.state, teller(cmd.ErrOrStderr()))
	})
	c.Flags().BoolVar(&dry, "dry-run", false, "show the plan and do nothing")
	return c
}

func stackDownCommand() *cobra.Command {
	var yes bool
	c := withStack(&cobra.Command{
		Use:   "down FILE",
		Short: "Delete what stack up has made from a file, with all its records, after asking",
		Long: `Delete what "weir stack up" has made from this file in this place, with all records of the streams, after asking. What was
there before stays, whatever the file says.`,
	}, false, func(cmd *cobra.Command, o *opened) error {
		if len(o.state.Made) == 0 {
			fmt.Fprintln(cmd.ErrOrStderr(), "nothing to delete: this machine has made nothing from this file there")
			return nil
		}
		for _, m := range o.state.Made {
			fmt.Fprintf(cmd.OutOrStdout(), "- %s\n", m.ID)
		}
		if !yes {
			fmt.Fprintf(cmd.ErrOrStderr(), "delete these %d, with all records, from %s? [y/N] ", len(o.state.Made), o.state.Place)
			answer, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
			if err != nil && err != io.EOF {
				return err
			}
			if a := strings.ToLower(strings.TrimSpace(answer)); a != "y" && a != "yes" {
				fmt.Fprintln(cmd.ErrOrStderr())
				return errors.New("nothing was deleted; answer y, or give --yes")
			}
		}
		return stack.Down(cmd.Context(), o.services, o.state, teller(cmd.ErrOrStderr()))
	})
	c.Flags().BoolVar(&yes, "yes", false, "don't ask")
	return c
}

func stackShowCommand() *cobra.Command {
	return withStack(&cobra.Command{
		Use:   "show FILE",
		Short: "Show what a file asks for beside what there is",
	}, true, func(cmd *cobra.Command, o *opened) error {
		plan, err := stack.Look(cmd.Context(), o.services, o.stack, o.state)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "KIND\tNAME\tOF\tSTATUS\tMADE\tDIFFERENCE")
		for _, i := range plan.Items {
			status, made := i.Status, "elsewhere"
			if status == "" {
				status, made = "missing", ""
			} else if i.Made {
				made = "here"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", i.Resource.Kind, i.Resource.Name, topicName(i.Resource.Parent), status, made, strings.Join(i.Changes, "; "))
		}
		for _, m := range plan.Gone {
			fmt.Fprintf(w, "%s\t%s\t\t\there\tno longer in the file\n", m.Kind, m.Name)
		}
		return w.Flush()
	})
}

func teller(w io.Writer) func(string, ...any) {
	return func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
}

// showPlan prints a line per resource: + to be made, ~ to be changed, = as it is.
func showPlan(w io.Writer, s *stack.Stack, plan *stack.Plan) {
	count := map[string]int{}
	for _, i := range plan.Items {
		action := i.Action()
		count[action]++
		changes := strings.Join(i.Changes, "; ")
		switch {
		case action == "create":
			fmt.Fprintf(w, "+ %s%s\n", i.Resource.ID(), details(i.Resource))
		case action == "change":
			fmt.Fprintf(w, "~ %s: %s\n", i.Resource.ID(), changes)
		case changes != "":
			fmt.Fprintf(w, "= %s, not made by this stack and left as it is: %s\n", i.Resource.ID(), changes)
		case i.Status != "ACTIVE" && i.Status != "confirmed":
			fmt.Fprintf(w, "= %s (%s)\n", i.Resource.ID(), i.Status)
		default:
			fmt.Fprintf(w, "= %s\n", i.Resource.ID())
		}
	}
	for _, m := range plan.Gone {
		fmt.Fprintf(w, "  %s is no longer in the file and stays; weir stack down deletes it\n", m.ID)
	}
	for _, n := range s.Notes {
		fmt.Fprintf(w, "  line %d: %s\n", n.Line, n.Text)
	}
	fmt.Fprintf(w, "%d to create, %d to change, %d as they are\n", count["create"], count["change"], count[""])
}

func details(r *stack.Resource) string {
	var parts []string
	if r.Kind == stack.Stream {
		switch {
		case r.OnDemand:
			parts = append(parts, "on-demand")
		case r.Shards == 1:
			parts = append(parts, "1 shard")
		default:
			parts = append(parts, fmt.Sprintf("%d shards", r.Shards))
		}
		if r.RetentionHours > 0 {
			parts = append(parts, fmt.Sprintf("retention %d h", r.RetentionHours))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}
