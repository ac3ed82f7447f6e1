package planner

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/planner/catalog"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/builtin"
)

// fake is a table that can be read and written; nothing is.
type fake struct{ t *connectors.Table }

func (f fake) Mode() types.ChangelogMode {
	if m, ok := types.ParseChangelogMode(f.t.Options.String("changelog-mode")); ok {
		return m
	}
	return types.AppendOnly
}
func (f fake) Bounded() bool                                      { return f.t.Options.Bool("bounded") }
func (f fake) Splits(context.Context) ([]connectors.Split, error) { return nil, nil }
func (f fake) DiscoveryInterval() time.Duration                   { return 0 }
func (f fake) Describe() string                                   { return "fake" }
func (f fake) Open(context.Context, connectors.Split, connectors.ReaderContext) (connectors.Reader, error) {
	return nil, nil
}

type fakeSink struct{ t *connectors.Table }

func (f fakeSink) Accepts() types.ChangelogMode {
	if m, ok := types.ParseChangelogMode(f.t.Options.String("changelog-mode")); ok {
		return m
	}
	if len(f.t.PrimaryKey) > 0 {
		return types.Upsert
	}
	return types.AppendOnly
}
func (f fakeSink) Describe() string { return "fake" }
func (f fakeSink) NewWriter(context.Context, connectors.WriterContext) (connectors.Writer, error) {
	return nil, nil
}

// newTestPlanner returns a planner with the built-in functions and a connector "fake" that has every sort of option.
func newTestPlanner(t *testing.T) *Planner {
	t.Helper()
	formats, err := format.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	registry, err := connectors.NewRegistry(formats, &connectors.Spec{
		Name: "fake",
		Options: []option.Option{
			{Key: "changelog-mode", Kind: option.String},
			{Key: "bounded", Kind: option.Bool, Default: "false"},
			{Key: "rate", Kind: option.Int},
			{Key: "start", Kind: option.Enum, Values: []string{"LATEST", "TRIM_HORIZON"}},
		},
		Metadata:  []connectors.Metadata{{Key: "timestamp", Type: types.TimestampLTZType(3).WithNotNull(true)}},
		NewSource: func(_ *connectors.Env, t *connectors.Table) (connectors.Source, error) { return fake{t}, nil },
		NewSink:   func(_ *connectors.Env, t *connectors.Table) (connectors.Sink, error) { return fakeSink{t}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	functions := udf.NewRegistry()
	if err := builtin.Register(functions); err != nil {
		t.Fatal(err)
	}
	for _, s := range []udf.Spec{wordsTable, randomTable} {
		if err := functions.Register(s); err != nil {
			t.Fatal(err)
		}
	}
	settings := NewSettings()
	if err := settings.Set("table.local-time-zone", "UTC"); err != nil {
		t.Fatal(err)
	}
	return &Planner{Catalog: catalog.New(), Functions: functions, Loaders: udf.Loaders{"JAVA": udf.Classes(functions)}, Connectors: registry, Env: &connectors.Env{}, Settings: settings, Seed: 4711}
}

// Every script in testdata: `ddl` defines, `plan` prints the physical plan of a query or INSERT, `logical` the tree after
// the rules, and either prints the rendered errors instead when there are some.
func TestPlans(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		p := newTestPlanner(t)
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			file, errs := parser.ParseFile("q.sql", d.Input)
			var out strings.Builder
			for _, s := range file.Stmts {
				if len(errs) > 0 {
					break
				}
				if ok, more := p.Define(s); ok {
					errs = append(errs, more...)
					continue
				}
				var plan *physical.Plan
				switch s := s.(type) {
				case *parser.Query:
					if d.Cmd == "logical" {
						n, more := (&queryBinder{p: p}).query(s)
						if errs = append(errs, more...); len(more) == 0 {
							out.WriteString(printTree(p.rewrite(n)))
						}
						continue
					}
					plan, errs = p.PlanQuery(s)
				case *parser.Insert:
					plan, errs = p.PlanInserts([]*parser.Insert{s})
				case *parser.StatementSet:
					plan, errs = p.PlanInserts(s.Inserts)
				default:
					d.Fatalf(t, "no command for %T", s)
				}
				if plan != nil {
					out.WriteString(explainText(plan))
				}
			}
			if len(errs) > 0 {
				diag.Render(&out, diag.NewFile("q.sql", d.Input), errs)
			}
			if out.Len() == 0 {
				return "ok\n"
			}
			return out.String()
		})
	})
}
