// Package docs_test keeps the reference true: what can be derived from the registries is, the SQL in it is planned, and the
// examples of every function are run.
//
//	go test ./docs -rewrite    # after a change of a function, a connector, an option or a setting
package docs_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/all"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/generator"
	"github.com/weirsql/weir/monitor"
	"github.com/weirsql/weir/planner"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/builtin"
)

var rewrite = flag.Bool("rewrite", false, "write the derived parts of the reference")

// derived matches a part that is written by this test: <!-- derived: name --> … <!-- end -->.
var derived = regexp.MustCompile(`(?s)<!-- derived: ([a-z -]+) -->\n.*?<!-- end -->`)

// checkDerived compares the derived parts of a page with what they should be, and returns their names.
func checkDerived(t *testing.T, page string, parts map[string]string) (names []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	want := derived.ReplaceAllStringFunc(string(text), func(part string) string {
		name := derived.FindStringSubmatch(part)[1]
		names = append(names, name)
		body, ok := parts[name]
		if !ok {
			t.Errorf("%s: nothing is known of the part %q", page, name)
			return part
		}
		return "<!-- derived: " + name + " -->\n" + body + "<!-- end -->"
	})
	if want == string(text) {
		return names
	}
	if *rewrite {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return names
	}
	got, wanted := strings.Split(string(text), "\n"), strings.Split(want, "\n")
	for i := range min(len(got), len(wanted)) {
		if got[i] != wanted[i] {
			t.Fatalf("%s:%d is out of date; go test ./docs -rewrite\n have %s\n want %s", page, i+1, got[i], wanted[i])
		}
	}
	t.Fatalf("%s is out of date; go test ./docs -rewrite", page)
	return nil
}

func registry(t *testing.T) *connectors.Registry {
	t.Helper()
	r, err := all.Registry()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestConnectors derives the options in connectors.md, and finds connectors and formats that the page doesn't have.
func TestConnectors(t *testing.T) {
	r := registry(t)
	parts := map[string]string{"table options": options(planner.TableOptions())}
	for _, name := range r.Names() {
		spec, _ := r.Lookup(name)
		parts["connector "+name] = connector(spec)
	}
	for _, name := range r.Formats.Names() {
		spec, _ := r.Formats.Lookup(name)
		parts["format "+name] = formatText(spec)
	}
	names := checkDerived(t, "connectors.md", parts)
	for name := range parts {
		if !slices.Contains(names, name) {
			t.Errorf("connectors.md has no part <!-- derived: %s -->", name)
		}
	}
}

// TestSettings derives the settings in sql.md.
func TestSettings(t *testing.T) {
	var b strings.Builder
	b.WriteString("| key | default | |\n| --- | --- | --- |\n")
	for _, s := range planner.KnownSettings {
		what := s.Summary
		if len(s.Values) > 1 {
			what += " (" + strings.Join(s.Values, ", ") + ")"
		}
		key := code(s.Key)
		for _, alias := range s.Aliases {
			key += "<br>" + code(alias)
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", key, code(s.Default), cell(what))
	}
	checkDerived(t, "sql.md", map[string]string{"settings": b.String()})
}

// TestMetrics derives the metrics in monitoring.md.
func TestMetrics(t *testing.T) {
	var b strings.Builder
	b.WriteString("| metric | kind | labels | |\n| --- | --- | --- | --- |\n")
	for _, m := range monitor.Metrics() {
		kind := "gauge"
		if m.Counter {
			kind = "counter"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.Name, kind, strings.Join(m.Labels, ", "), cell(m.Help))
	}
	checkDerived(t, "monitoring.md", map[string]string{"metrics": b.String()})
}

func connector(s *connectors.Spec) string {
	var b strings.Builder
	side := "Source and sink."
	switch {
	case s.NewSink == nil:
		side = "Source only."
	case s.NewSource == nil:
		side = "Sink only."
	}
	fmt.Fprintf(&b, "%s %s\n\n", sentence(s.Summary), side)
	if len(s.Metadata) > 0 {
		b.WriteString("| metadata key | type | |\n| --- | --- | --- |\n")
		for _, m := range s.Metadata {
			what := sentence(m.Summary)
			if !m.Writable && s.NewSink != nil {
				what += " Read only: declare the column VIRTUAL."
			}
			fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", m.Key, m.Type, cell(what))
		}
		b.WriteString("\n")
	}
	b.WriteString(options(s.Options))
	return b.String()
}

func formatText(s *format.Spec) string {
	text := sentence(s.Summary)
	if s.Mode != types.AppendOnly {
		text += " Carries all kinds of changes."
	}
	return text + "\n\n" + options(s.Options)
}

func options(list []option.Option) string {
	if len(list) == 0 {
		return "No options.\n"
	}
	var b strings.Builder
	b.WriteString("| option | value | default | |\n| --- | --- | --- | --- |\n")
	for _, o := range list {
		key, fallback := "`"+o.Key+"`", code(o.Default)
		if o.Prefix {
			key = "`" + o.Key + "…`"
		}
		for i, alias := range o.Aliases {
			if i == 2 {
				key += "<br>…" // combinations of older prefixes
				break
			}
			key += "<br>`" + alias + "`"
		}
		if o.Required {
			fallback = "required"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", key, kind(o), fallback, cell(sentence(o.Summary)))
	}
	return b.String()
}

func kind(o option.Option) string {
	switch o.Kind {
	case option.Bool:
		return "`true`, `false`"
	case option.Int:
		return "whole number"
	case option.Float:
		return "number"
	case option.Duration:
		return "duration"
	case option.Millis:
		return "milliseconds"
	case option.Size:
		return "size"
	case option.Enum:
		return "`" + strings.Join(o.Values, "`, `") + "`"
	}
	return "text"
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// cell is text for a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// sentence begins with a capital and ends with a stop, unless it begins with code.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:] + strings.Repeat(".", 1-len(regexp.MustCompile(`[.:]$`).FindString(s)))
}

// families are the parts of functions.md, in its order.
var families = []string{"operator", "conditional", "arithmetic", "string", "temporal", "aggregate", "over", "collection", "json", "hash", "anomaly"}

func functions(t *testing.T) *udf.Registry {
	t.Helper()
	r := udf.NewRegistry()
	if err := builtin.Register(r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestFunctions derives functions.md from the registry.
func TestFunctions(t *testing.T) {
	parts := map[string]string{}
	for _, s := range functions(t).Specs() {
		if !slices.Contains(families, s.Family) {
			t.Errorf("function %s: functions.md has no family %q", s.Name, s.Family)
		}
		if len(s.Usage) == 0 && s.Class == "" {
			continue
		}
		if parts[s.Family] == "" {
			parts[s.Family] = "| function | | examples |\n| --- | --- | --- |\n"
		}
		parts[s.Family] += function(s)
	}
	checkDerived(t, "functions.md", parts)
}

func function(s *udf.Spec) string {
	var usage, examples []string
	for _, u := range s.Usage {
		usage = append(usage, "`"+u+"`")
	}
	if len(usage) == 0 {
		usage = append(usage, "class `"+s.Class+"`")
	}
	for _, e := range s.Examples {
		examples = append(examples, "`"+e.SQL+"` → "+strings.ReplaceAll("`"+e.Result+"`", "``", "(empty)"))
	}
	what := sentence(s.Summary)
	if len(s.Aliases) > 0 {
		what += " Also " + strings.Join(s.Aliases, ", ") + "."
	}
	return fmt.Sprintf("| %s | %s | %s |\n", cell(strings.Join(usage, "<br>")), cell(what), cell(strings.Join(examples, "<br>")))
}

// run runs a query and returns the rows that remain, each as its cells joined by tabs; "NULL" stands for NULL.
func run(s *engine.Session, sql string) ([]string, error) {
	file := diag.NewFile("example", sql)
	script, err := s.Parse(file)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	r, err := s.Execute(ctx, file, script.Stmts[0])
	if err != nil {
		return nil, err
	}
	var rows []string
	job, err := r.Query.Start(ctx, func(b *types.Batch) error {
		for i := range b.N {
			var cells []string
			for _, c := range b.Cols {
				if c.IsNull(i) {
					cells = append(cells, "NULL")
				} else {
					cells = append(cells, string(c.Bytes(i)))
				}
			}
			row := strings.Join(cells, "\t")
			if b.Kind(i).Retracts() {
				if at := slices.Index(rows, row); at >= 0 {
					rows = slices.Delete(rows, at, at+1)
				}
				continue
			}
			rows = append(rows, row)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return rows, job.Wait(ctx)
}

// TestExamples runs the examples of all functions through the whole engine.
func TestExamples(t *testing.T) {
	s, err := engine.New(engine.Options{Settings: map[string]string{"table.local-time-zone": "UTC", "parallelism.default": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	n := 0
	for _, f := range functions(t).Specs() {
		for _, e := range f.Examples {
			n++
			rows, err := run(s, "SELECT CAST("+e.SQL+" AS STRING) FROM (VALUES (0)) AS t(zero)")
			if err != nil {
				t.Errorf("%s: %s: %v", f.Name, e.SQL, err)
				continue
			}
			if len(rows) != 1 || rows[0] != e.Result {
				t.Errorf("%s: %s gives %q, its example says %q", f.Name, e.SQL, rows, e.Result)
			}
		}
	}
	t.Logf("%d examples", n)
}

// refused is the first line of a piece of SQL that shows what is refused, with a part of the message.
var refused = regexp.MustCompile(`^-- refused: (.*)\n`)

// TestSQL plans every piece of SQL in the pages, those of a page one after the other on one catalog.
func TestSQL(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sql\n(.*?)```")
	n := 0
	for _, page := range append(pages, "../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		s, err := engine.New(engine.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var good []*diag.File
		for _, at := range blocks.FindAllSubmatchIndex(text, -1) {
			n++
			sql := string(text[at[2]:at[3]])
			file := diag.NewFile(fmt.Sprintf("%s:%d", page, 1+strings.Count(string(text[:at[2]]), "\n")), sql)
			if m := refused.FindStringSubmatch(sql); m != nil {
				if _, err := s.Check(append(slices.Clone(good), file)...); err == nil || !strings.Contains(err.Error(), m[1]) {
					t.Errorf("%s should be refused with %q: %v", file.Name, m[1], err)
				}
				continue
			}
			good = append(good, file)
		}
		if _, err := s.Check(good...); err != nil {
			t.Error(err)
		}
		s.Close()
	}
	if n == 0 {
		t.Error("no SQL found")
	}
}

// TestLinks finds links to files that aren't there.
func TestLinks(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	links := regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)|src="([^":]+)"`)
	for _, page := range append(pages, "../README.md", "../ARCHITECTURE.md", "../CONTRIBUTING.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range links.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1]+m[3])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

// TestPlaceholders derives the placeholders in generate.md, and refuses an example there that doesn't parse.
func TestPlaceholders(t *testing.T) {
	var b strings.Builder
	b.WriteString("| placeholder | |\n| --- | --- |\n")
	for _, f := range generator.Functions() {
		var usage []string
		for _, u := range strings.Split(f.Usage, " | ") {
			usage = append(usage, "`{{"+u+"}}`")
		}
		fmt.Fprintf(&b, "| %s | %s |\n", strings.Join(usage, "<br>"), cell(f.Doc))
	}
	checkDerived(t, "generate.md", map[string]string{"placeholders": b.String()})

	page, err := os.ReadFile("generate.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	for _, example := range examples {
		if _, err := generator.ParseScenario("generate.md", example[1], time.Now()); err != nil {
			t.Error(err)
		}
	}
	if len(examples) == 0 {
		t.Error("generate.md has no example of a scenario")
	}
}
