package cli

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/queries"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf/wasm"
)

func udfCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "udf",
		Short: "Write, compile and test functions of your own",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(udfBuildCommand(), udfNewCommand(), udfTestCommand())
	return c
}

// scaffold has a function in each language, called mask_phone.
//
//go:embed scaffold
var scaffold embed.FS

// languages are the values of --lang: the scaffold, the new file's extension, and what has to lie beside it.
var languages = map[string]struct{ template, ext, support string }{
	"go":   {"scaffold/function.go.txt", ".go", ""},
	"rust": {"scaffold/function.rs", ".rs", "examples/udf-wasm/weir.rs"},
	"c":    {"scaffold/function.c", ".c", "examples/udf-wasm/weir.h"},
}

var functionName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

func udfNewCommand() *cobra.Command {
	var lang string
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "Write a file with a function to begin with, and examples that test it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, ok := languages[lang]
			if !ok {
				return usageErrorf("unknown --lang %q; use go, rust or c", lang)
			}
			name := args[0]
			if !functionName.MatchString(name) {
				return usageErrorf("%q is not a name for a function; use small letters, digits and underscores, as in mask_phone", name)
			}
			text, err := scaffold.ReadFile(l.template)
			if err != nil {
				return err
			}
			text = bytes.ReplaceAll(text, []byte("mask_phone"), []byte(name))
			text = bytes.ReplaceAll(text, []byte("MaskPhone"), []byte(camelCase(name)))
			if err := writeNew(name+l.ext, text); err != nil {
				return err
			}
			written := name + l.ext
			if l.support != "" {
				support, err := queries.UDF.ReadFile(l.support)
				if err != nil {
					return err
				}
				file := filepath.Base(l.support)
				switch err := writeNew(file, support); {
				case err == nil:
					written += " and " + file
				case !errors.Is(err, os.ErrExist): // it is the same for all functions
					return err
				}
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "wrote %s; weir udf test %s runs its examples\n", written, name+l.ext)
			return nil
		},
	}
	c.Flags().StringVar(&lang, "lang", "go", "the `language`: go, rust or c")
	return c
}

// writeNew writes a file that must not be there yet.
func writeNew(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, os.ErrExist) {
		return usageErrorf("%s exists already: %w", name, os.ErrExist)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

func camelCase(name string) string {
	var b strings.Builder
	for _, part := range strings.Split(name, "_") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return b.String()
}

// buildFunctions compiles a file.
func buildFunctions(env *environment, file string) (*wasm.Built, error) {
	home, err := env.home()
	if err != nil {
		return nil, err
	}
	host := wasm.NewHost(filepath.Join(home, "functions"))
	built, err := host.Build(file)
	return built, errors.Join(wasm.Explain(err), host.Close())
}

func udfBuildCommand() *cobra.Command {
	var env environment
	var out string
	c := &cobra.Command{
		Use:   "build FILE",
		Short: "Compile a .go, .rs or .c file to a .wasm file for LANGUAGE WASM, and check it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			built, err := buildFunctions(&env, args[0])
			if err != nil {
				return err
			}
			if out == "" {
				out = strings.TrimSuffix(args[0], filepath.Ext(args[0])) + ".wasm"
			}
			stderr := cmd.ErrOrStderr()
			if out == args[0] {
				fmt.Fprintf(stderr, "%s is fine\n", out)
			} else {
				if err := os.WriteFile(out, built.Module, 0o666); err != nil {
					return err
				}
				fmt.Fprintf(stderr, "wrote %s, %d kB\n", out, (len(built.Module)+999)/1000)
			}
			for _, f := range built.Functions {
				fmt.Fprintln(stderr, f.Signature)
			}
			return nil
		},
	}
	env.dataFlags(c.Flags())
	c.Flags().StringVarP(&out, "out", "o", "", "the `file` to write (default: FILE with the extension .wasm)")
	return c
}

func udfTestCommand() *cobra.Command {
	var env environment
	c := &cobra.Command{
		Use:   "test FILE",
		Short: "Run the examples in the comments of a .go, .rs or .c file",
		Long: `Run the examples in the comments of a .go, .rs or .c file: lines such as

    mask_phone('+49 170 1234567') = '***4567'
    SELECT p95(x) FROM (VALUES (1e0), (2e0)) AS t (x) = 2.0

The left side is evaluated by SQL as in any query, and compared with the right side.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := args[0]
			source, err := os.ReadFile(file)
			if err != nil {
				return usageErrorf("%w", err)
			}
			built, err := buildFunctions(&env, file)
			if err != nil {
				return err
			}
			examples := wasm.Examples(string(source), built.Functions)
			if len(examples) == 0 {
				return fmt.Errorf("%s has no examples; write some into its comments, such as: %s(1) = 2", file, built.Functions[0].Name)
			}
			s, err := env.open(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), nil)
			if err != nil {
				return err
			}
			defer s.Close()
			module, remove, err := temporaryModule(built.Module)
			if err != nil {
				return err
			}
			defer remove()
			t := &exampleTest{session: s, module: module, created: map[string]bool{}}
			failed := 0
			for _, e := range examples {
				found, err := t.run(cmd.Context(), e, built.Functions)
				switch {
				case err != nil:
					failed++
					fmt.Fprintf(cmd.OutOrStdout(), "%s:%d: FAIL %s\n  %v\n", file, e.Line, e.SQL, err)
				case found != "":
					failed++
					fmt.Fprintf(cmd.OutOrStdout(), "%s:%d: FAIL %s\n  found %s, want %s\n", file, e.Line, e.SQL, found, e.Want)
				default:
					fmt.Fprintf(cmd.OutOrStdout(), "%s:%d: ok   %s = %s\n", file, e.Line, e.SQL, e.Want)
				}
			}
			if failed > 0 {
				return fmt.Errorf("%d of %d examples failed", failed, len(examples))
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%d examples passed\n", len(examples))
			return nil
		},
	}
	env.dataFlags(c.Flags())
	return c
}

// temporaryModule writes a module to a file that lives as long as a test.
func temporaryModule(module []byte) (path string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "weir-udf-*")
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "function.wasm")
	return path, func() { os.RemoveAll(dir) }, os.WriteFile(path, module, 0o600)
}

// exampleTest runs the examples of a module through SQL.
type exampleTest struct {
	session *engine.Session
	module  string
	created map[string]bool
}

// run evaluates an example; what it found is "" when that is what it should be.
func (t *exampleTest) run(ctx context.Context, e wasm.Example, functions []wasm.Function) (found string, err error) {
	for name, own := range e.Called(functions) {
		if t.created[name] {
			continue
		}
		t.created[name] = true
		if _, err := t.query(ctx, fmt.Sprintf("CREATE TEMPORARY FUNCTION `%s` AS 'file:%s#%s' LANGUAGE WASM", name, t.module, own)); err != nil {
			return "", err
		}
	}
	sql := e.SQL
	if !strings.EqualFold(sql[:min(len(sql), 7)], "SELECT ") {
		sql = "SELECT " + sql
	}
	got, err := t.query(ctx, sql)
	if err != nil {
		return "", err
	}
	typed := e.Want
	if got.Type.Kind != types.Null {
		typed = "CAST((" + e.Want + ") AS " + got.Type.Nullable().SQL() + ")"
	}
	want, err := t.query(ctx, "SELECT "+typed)
	if err != nil {
		return "", err
	}
	if got.N != 1 {
		return fmt.Sprintf("%d rows", got.N), nil
	}
	if types.CompareAt(got, 0, want, 0) != 0 {
		return (&textRenderer{}).cell(got, 0), nil
	}
	return "", nil
}

// query runs a statement and returns the rows of the first column that are left in the end.
func (t *exampleTest) query(ctx context.Context, sql string) (*types.Vector, error) {
	file := diag.NewFile("example", sql)
	script, err := t.session.Parse(file)
	if err != nil {
		return nil, err
	}
	if len(script.Stmts) != 1 {
		return nil, fmt.Errorf("%q is not one statement", sql)
	}
	r, err := t.session.Execute(ctx, file, script.Stmts[0])
	if err != nil || r.Query == nil {
		return nil, err
	}
	if !r.Query.Bounded || len(r.Query.Schema.Fields) != 1 {
		return nil, fmt.Errorf("an example is a query of one value, over VALUES or another input that ends")
	}
	var rows []any
	job, err := r.Query.Start(ctx, func(b *types.Batch) error {
		eachRow(b, func(i int) {
			if b.Kind(i).Retracts() {
				rows = rows[:max(len(rows)-1, 0)] // there is one row at a time
			} else {
				rows = append(rows, b.Cols[0].Value(i))
			}
		})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := job.Wait(ctx); err != nil {
		return nil, err
	}
	v := types.NewVector(r.Query.Schema.Fields[0].Type)
	for _, x := range rows {
		v.AppendValue(x)
	}
	return v, nil
}
