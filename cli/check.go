package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weirsql/weir/udf"
)

func checkCommand(functions []udf.Spec) *cobra.Command {
	env := environment{functions: functions}
	var inline []string
	c := &cobra.Command{
		Use:   "check FILE.sql…",
		Short: "Parse and plan files without running anything, and show every mistake",
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := readFiles(args, inline, cmd.InOrStdin())
			if err != nil {
				return err
			}
			if len(files) == 0 {
				return usageErrorf("nothing to check; name a file or give a statement with -e")
			}
			s, err := env.open(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), nil)
			if err != nil {
				return err
			}
			defer s.Close()
			scripts, err := s.Check(files...)
			if err != nil {
				return &exitError{exitUsage, err}
			}
			n := 0
			for _, f := range scripts {
				n += len(f.Stmts)
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%d statements are fine\n", n)
			return nil
		},
	}
	env.dataFlags(c.Flags())
	c.Flags().StringArrayVar(&env.settings, "set", nil, "a setting as by SET, `key=value`; may be repeated")
	c.Flags().StringArrayVarP(&inline, "execute", "e", nil, "check this text too")
	return c
}
