package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weirsql/weir/udf"
)

func explainCommand(functions []udf.Spec) *cobra.Command {
	env := environment{functions: functions}
	var inline []string
	var format string
	c := &cobra.Command{
		Use:   "explain FILE.sql…",
		Short: "Show how the queries of files would run",
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := readFiles(args, inline, cmd.InOrStdin())
			if err != nil {
				return err
			}
			switch {
			case len(files) == 0:
				return usageErrorf("nothing to explain; name a file or give a statement with -e")
			case format != "text" && format != "json" && format != "dot":
				return usageErrorf("unknown --format %q; use text, json or dot", format)
			}
			s, err := env.open(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), nil)
			if err != nil {
				return err
			}
			defer s.Close()
			plans, err := s.ExplainFiles(format, files...)
			if err != nil {
				return &exitError{exitUsage, err}
			}
			for i, p := range plans {
				if format == "text" {
					if i > 0 {
						fmt.Fprintln(cmd.OutOrStdout())
					}
					fmt.Fprintf(cmd.OutOrStdout(), "-- %s\n", p.Position)
				}
				fmt.Fprint(cmd.OutOrStdout(), p.Text)
			}
			return nil
		},
	}
	env.dataFlags(c.Flags())
	c.Flags().StringArrayVar(&env.settings, "set", nil, "a setting as by SET, `key=value`; may be repeated")
	c.Flags().StringArrayVarP(&inline, "execute", "e", nil, "explain this text too")
	c.Flags().StringVar(&format, "format", "text", "text, json or dot")
	return c
}
