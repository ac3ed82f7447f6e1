// Package catalog holds the names that SQL can refer to: tables, views and functions, in databases, in catalogs.
//
// Definitions are kept as the statements that created them. Temporary objects live in memory; the others are files of
// SQL below a directory (one statement each, written by an atomic rename), so a session finds what earlier ones
// created, and a user can read it. The package resolves names; what a definition means is the planner's business.
package catalog

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weirsql/weir/parser"
)

// The names that exist from the start, as in Flink.
const (
	DefaultCatalog  = "default_catalog"
	DefaultDatabase = "default_database"
)

// Path is the full name of an object.
type Path struct{ Catalog, Database, Name string }

// String returns the path with dots between its parts, unquoted.
func (p Path) String() string {
	if p.Catalog == "" { // a system function
		return p.Name
	}
	return p.Catalog + "." + p.Database + "." + p.Name
}

// Kind is the kind of an object.
type Kind uint8

const (
	Table Kind = iota
	View
	Function
)

// String returns the kind as a word for messages.
func (k Kind) String() string { return [...]string{"table", "view", "function"}[k] }

// Object is a table, a view or a function. Exactly one of the definitions is set, by Kind.
type Object struct {
	Path      Path
	Kind      Kind
	Temporary bool
	Table     *parser.CreateTable
	View      *parser.CreateView
	Function  *parser.CreateFunction
	Found     Found // of functions that come from files
}

// Found is what was found in the file that a function comes from when it was created.
type Found struct {
	Hash      string // of the content, as sha256:hex; "" for functions without a file
	Signature string // of the function, on one line
}

// Stmt returns the statement that creates the object.
func (o *Object) Stmt() parser.Stmt {
	switch o.Kind {
	case Table:
		return o.Table
	case View:
		return o.View
	}
	return o.Function
}

// Errors that callers tell apart with errors.Is.
var (
	ErrExists   = errors.New("already exists")
	ErrNotFound = errors.New("does not exist")
)

// Catalog is the set of names of one session. It is not safe for concurrent use.
type Catalog struct {
	databases map[[2]string]bool // catalog, database
	objects   map[key]*Object    // persistent ones
	temporary map[key]*Object    // hide persistent ones of the same path

	currentCatalog, currentDatabase string

	store *store // nil: nothing is kept
}

// key tells functions apart from tables and views, which share a name space.
type key struct {
	path     Path
	function bool
}

func keyOf(path Path, kind Kind) key {
	if kind == Function {
		path.Name = strings.ToLower(path.Name) // function names are case-insensitive in Flink
	}
	return key{path, kind == Function}
}

// New returns a catalog that keeps nothing on disk.
func New() *Catalog {
	return &Catalog{
		databases:       map[[2]string]bool{{DefaultCatalog, DefaultDatabase}: true},
		objects:         map[key]*Object{},
		temporary:       map[key]*Object{},
		currentCatalog:  DefaultCatalog,
		currentDatabase: DefaultDatabase,
	}
}

// Clone returns a copy that is not connected to the disk: what a file of statements would do can be tried on it.
func (c *Catalog) Clone() *Catalog {
	d := *c
	d.databases, d.objects, d.temporary = maps.Clone(c.databases), maps.Clone(c.objects), maps.Clone(c.temporary)
	d.store = nil
	return &d
}

// Resolve completes a name of one to three parts with the current catalog and database.
func (c *Catalog) Resolve(parts []string) Path {
	switch len(parts) {
	case 1:
		return Path{c.currentCatalog, c.currentDatabase, parts[0]}
	case 2:
		return Path{c.currentCatalog, parts[0], parts[1]}
	}
	return Path{parts[len(parts)-3], parts[len(parts)-2], parts[len(parts)-1]}
}

// Lookup finds a table or view, or with kind Function a function; temporary objects come first.
func (c *Catalog) Lookup(path Path, kind Kind) (*Object, bool) {
	k := keyOf(path, kind)
	if o, ok := c.temporary[k]; ok {
		return o, true
	}
	o, ok := c.objects[k]
	return o, ok
}

// Create adds an object under its path, in place of an existing one if replace is set. It fails with ErrExists when
// the name is taken and with ErrNotFound when the database isn't there.
func (c *Catalog) Create(o *Object, replace bool) error {
	if system := o.Path.Catalog == ""; !system && !c.databases[[2]string{o.Path.Catalog, o.Path.Database}] {
		return fmt.Errorf("database %s.%s %w", o.Path.Catalog, o.Path.Database, ErrNotFound)
	}
	k, objects := keyOf(o.Path, o.Kind), c.objects
	if o.Temporary {
		objects = c.temporary
	}
	if old, taken := objects[k]; taken && !replace {
		return fmt.Errorf("%s %s %w", old.Kind, o.Path, ErrExists)
	}
	if !o.Temporary && c.store != nil {
		if err := c.store.write(o); err != nil {
			return err
		}
	}
	objects[k] = o
	return nil
}

// Drop removes an object. DROP TABLE without TEMPORARY refuses a name that a temporary object hides, as Flink does.
func (c *Catalog) Drop(path Path, kind Kind, temporary bool) error {
	k, objects := keyOf(path, kind), c.objects
	if temporary {
		objects = c.temporary
	} else if o, hidden := c.temporary[k]; hidden {
		return fmt.Errorf("a temporary %s %s hides the permanent one; drop it first with DROP TEMPORARY %s", o.Kind, path,
			strings.ToUpper(o.Kind.String()))
	}
	o, ok := objects[k]
	if !ok || o.Kind != kind {
		return fmt.Errorf("%s %s %w", kind, path, ErrNotFound)
	}
	if !temporary && c.store != nil {
		if err := c.store.remove(o); err != nil {
			return err
		}
	}
	delete(objects, k)
	return nil
}

// Objects lists the visible objects of one kind in a database, by name.
func (c *Catalog) Objects(catalog, database string, kind Kind) []*Object {
	seen := map[key]*Object{}
	for _, objects := range []map[key]*Object{c.objects, c.temporary} {
		for k, o := range objects {
			if o.Path.Catalog == catalog && o.Path.Database == database && o.Kind == kind {
				seen[k] = o
			}
		}
	}
	return slices.SortedFunc(maps.Values(seen), func(a, b *Object) int { return cmp.Compare(a.Path.Name, b.Path.Name) })
}

// Functions lists the functions that calls without a path in a database can mean: its own and the system ones, which have
// a Path of a Name alone, by name.
func (c *Catalog) Functions(catalog, database string) []*Object {
	all := append(c.Objects(catalog, database, Function), c.Objects("", "", Function)...)
	slices.SortStableFunc(all, func(a, b *Object) int { return cmp.Compare(a.Path.Name, b.Path.Name) })
	return all
}

// Current returns the current catalog and database.
func (c *Catalog) Current() (catalog, database string) { return c.currentCatalog, c.currentDatabase }

// Use makes a database current.
func (c *Catalog) Use(catalog, database string) error {
	if !c.databases[[2]string{catalog, database}] {
		return fmt.Errorf("database %s.%s %w", catalog, database, ErrNotFound)
	}
	c.currentCatalog, c.currentDatabase = catalog, database
	return nil
}

// UseCatalog makes a catalog current, and its default database, or its first one, with it.
func (c *Catalog) UseCatalog(catalog string) error {
	databases := c.Databases(catalog)
	if len(databases) == 0 {
		return fmt.Errorf("catalog %s %w", catalog, ErrNotFound)
	}
	c.currentCatalog, c.currentDatabase = catalog, databases[0]
	if slices.Contains(databases, DefaultDatabase) {
		c.currentDatabase = DefaultDatabase
	}
	return nil
}

// Catalogs lists the catalogs.
func (c *Catalog) Catalogs() []string {
	names := map[string]bool{}
	for d := range c.databases {
		names[d[0]] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// Databases lists the databases of a catalog.
func (c *Catalog) Databases(catalog string) []string {
	var names []string
	for d := range c.databases {
		if d[0] == catalog {
			names = append(names, d[1])
		}
	}
	slices.Sort(names)
	return names
}

// CreateDatabase adds a database; a catalog comes into being with its first one.
func (c *Catalog) CreateDatabase(catalog, database string) error {
	d := [2]string{catalog, database}
	if c.databases[d] {
		return fmt.Errorf("database %s.%s %w", catalog, database, ErrExists)
	}
	if c.store != nil {
		if err := c.store.createDatabase(catalog, database); err != nil {
			return err
		}
	}
	c.databases[d] = true
	return nil
}

// DropDatabase removes a database; one that isn't empty only with cascade.
func (c *Catalog) DropDatabase(catalog, database string, cascade bool) error {
	d := [2]string{catalog, database}
	if !c.databases[d] {
		return fmt.Errorf("database %s.%s %w", catalog, database, ErrNotFound)
	}
	if catalog == c.currentCatalog && database == c.currentDatabase {
		return fmt.Errorf("database %s.%s is the current one; USE another first", catalog, database)
	}
	var inside []*Object
	for _, o := range c.objects {
		if o.Path.Catalog == catalog && o.Path.Database == database {
			inside = append(inside, o)
		}
	}
	if len(inside) > 0 && !cascade {
		return fmt.Errorf("database %s.%s is not empty; DROP DATABASE … CASCADE drops what is in it", catalog, database)
	}
	for _, o := range inside {
		if err := c.Drop(o.Path, o.Kind, false); err != nil {
			return err
		}
	}
	if c.store != nil {
		if err := c.store.dropDatabase(catalog, database); err != nil {
			return err
		}
	}
	delete(c.databases, d)
	return nil
}
