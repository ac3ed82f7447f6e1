package catalog_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/planner/catalog"
)

// object parses a CREATE statement into a catalog object under its own name.
func object(t *testing.T, c *catalog.Catalog, text string) *catalog.Object {
	t.Helper()
	stmt, errs := parser.ParseStmt(text)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	switch s := stmt.(type) {
	case *parser.CreateTable:
		return &catalog.Object{Path: c.Resolve(s.Name.Strings()), Kind: catalog.Table, Temporary: s.Temporary, Table: s}
	case *parser.CreateView:
		return &catalog.Object{Path: c.Resolve(s.Name.Strings()), Kind: catalog.View, Temporary: s.Temporary, View: s}
	case *parser.CreateFunction:
		return &catalog.Object{Path: c.Resolve(s.Name.Strings()), Kind: catalog.Function, Temporary: s.Temporary, Function: s}
	}
	t.Fatalf("%q creates nothing", text)
	return nil
}

func create(t *testing.T, c *catalog.Catalog, text string) {
	t.Helper()
	if err := c.Create(object(t, c, text), false); err != nil {
		t.Fatal(err)
	}
}

func names(c *catalog.Catalog, kind catalog.Kind) string {
	cat, db := c.Current()
	var out []string
	for _, o := range c.Objects(cat, db, kind) {
		out = append(out, o.Path.Name)
	}
	return strings.Join(out, " ")
}

// What one session creates, the next one finds; temporary objects and dropped ones it doesn't.
func TestKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "catalog")
	c, err := catalog.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	create(t, c, "CREATE TABLE clicks (a INT) WITH ('connector' = 'x')")
	create(t, c, "CREATE TABLE `odd name/..` (a INT) WITH ('connector' = 'x')")
	create(t, c, "CREATE TABLE gone (a INT) WITH ('connector' = 'x')")
	create(t, c, "CREATE TEMPORARY TABLE tmp (a INT) WITH ('connector' = 'x')")
	create(t, c, "CREATE VIEW v AS SELECT a FROM clicks")
	create(t, c, "CREATE FUNCTION f AS 'a.b.C'")
	if err := c.CreateDatabase(catalog.DefaultCatalog, "other"); err != nil {
		t.Fatal(err)
	}
	if err := c.Drop(c.Resolve([]string{"gone"}), catalog.Table, false); err != nil {
		t.Fatal(err)
	}
	d, err := catalog.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(d, catalog.Table), "clicks odd name/.."; got != want {
		t.Errorf("tables %q, want %q", got, want)
	}
	if got := names(d, catalog.View) + "," + names(d, catalog.Function); got != "v,f" {
		t.Errorf("views and functions %q, want \"v,f\"", got)
	}
	if got := strings.Join(d.Databases(catalog.DefaultCatalog), " "); got != "default_database other" {
		t.Errorf("databases %q", got)
	}
	o, _ := d.Lookup(d.Resolve([]string{"clicks"}), catalog.Table)
	if got := o.Stmt().String(); !strings.Contains(got, "'connector' = 'x'") {
		t.Errorf("definition %q", got)
	}
}

// A damaged file is named, and nothing is loaded silently without it.
func TestDamaged(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "catalog")
	c, err := catalog.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	create(t, c, "CREATE TABLE clicks (a INT) WITH ('connector' = 'x')")
	file := filepath.Join(dir, catalog.DefaultCatalog, catalog.DefaultDatabase, "clicks.table.sql")
	if err := os.WriteFile(file, []byte("CREATE TABLE clicks (a INT"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := catalog.Open(dir); err == nil || !strings.Contains(err.Error(), "clicks.table.sql") {
		t.Errorf("open a damaged catalog: %v", err)
	}
}

// Names: temporary objects hide permanent ones, which then can't be dropped; functions ignore case; a clone is apart.
func TestNames(t *testing.T) {
	c := catalog.New()
	create(t, c, "CREATE TABLE t (a INT) WITH ('connector' = 'x')")
	if err := c.Create(object(t, c, "CREATE TABLE t (b INT) WITH ('connector' = 'x')"), false); !errors.Is(err, catalog.ErrExists) {
		t.Errorf("create t twice: %v", err)
	}
	create(t, c, "CREATE TEMPORARY TABLE t (b INT) WITH ('connector' = 'x')")
	path := c.Resolve([]string{"t"})
	if o, _ := c.Lookup(path, catalog.Table); !o.Temporary {
		t.Error("the permanent table is found in place of the temporary one")
	}
	if err := c.Drop(path, catalog.Table, false); err == nil || !strings.Contains(err.Error(), "DROP TEMPORARY TABLE") {
		t.Errorf("drop a hidden table: %v", err)
	}
	create(t, c, "CREATE FUNCTION Mask AS 'a.b.C'")
	if _, ok := c.Lookup(c.Resolve([]string{"MASK"}), catalog.Function); !ok {
		t.Error("function MASK is not found as Mask")
	}
	d := c.Clone()
	create(t, d, "CREATE TABLE only_there (a INT) WITH ('connector' = 'x')")
	if _, ok := c.Lookup(c.Resolve([]string{"only_there"}), catalog.Table); ok {
		t.Error("what a clone creates is seen by the original")
	}
	if err := c.Use(catalog.DefaultCatalog, "nosuch"); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("use an unknown database: %v", err)
	}
	if err := c.DropDatabase(catalog.DefaultCatalog, catalog.DefaultDatabase, true); err == nil {
		t.Error("the current database was dropped")
	}
}
