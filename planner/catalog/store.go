package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/weirsql/weir/parser"
)

// store keeps objects as files: DIR/catalog/database/name.table.sql, .view.sql or .function.sql. Names are escaped as
// in a URL path, so any name makes a file name.
type store struct{ dir string }

// Open returns a catalog whose permanent objects are kept below dir, which is created with the first of them. A file
// that doesn't parse is named in the error, and nothing is loaded.
func Open(dir string) (*Catalog, error) {
	c := New()
	c.store = &store{dir}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == dir {
			return fs.SkipAll
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		parts := strings.Split(rel, string(filepath.Separator))
		for i := range parts {
			if parts[i], err = url.PathUnescape(parts[i]); err != nil {
				return fmt.Errorf("catalog file %s: %w", path, err)
			}
		}
		switch {
		case entry.IsDir() && len(parts) == 2:
			c.databases[[2]string{parts[0], parts[1]}] = true
		case !entry.IsDir() && len(parts) == 3 && strings.HasSuffix(path, ".sql"):
			o, err := read(path)
			if err != nil {
				return fmt.Errorf("catalog file %s: %w", path, err)
			}
			name, _, _ := strings.Cut(filepath.Base(path), ".")
			if name, err = url.PathUnescape(name); err != nil {
				return fmt.Errorf("catalog file %s: %w", path, err)
			}
			o.Path = Path{parts[0], parts[1], name}
			c.objects[keyOf(o.Path, o.Kind)] = o
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

func read(path string) (*Object, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	stmt, errs := parser.ParseStmt(string(text))
	if len(errs) > 0 {
		return nil, errs.Err()
	}
	switch s := stmt.(type) {
	case *parser.CreateTable:
		return &Object{Kind: Table, Table: s}, nil
	case *parser.CreateView:
		return &Object{Kind: View, View: s}, nil
	case *parser.CreateFunction:
		return &Object{Kind: Function, Function: s, Found: readFound(string(text))}, nil
	}
	return nil, errors.New("expected one CREATE TABLE, CREATE VIEW or CREATE FUNCTION statement")
}

func (s *store) database(catalog, database string) string {
	return filepath.Join(s.dir, url.PathEscape(catalog), url.PathEscape(database))
}

func (s *store) file(o *Object) string {
	name := strings.ReplaceAll(url.PathEscape(keyOf(o.Path, o.Kind).path.Name), ".", "%2E")
	return filepath.Join(s.database(o.Path.Catalog, o.Path.Database), name+"."+o.Kind.String()+".sql")
}

func (s *store) write(o *Object) error {
	path := s.file(o)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".create-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails harmlessly after the rename
	_, err = tmp.WriteString(o.Found.comments() + o.Stmt().String() + ";\n")
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// What was found in a function's file stands in comments before the statement.
const (
	hashComment      = "-- hash: "
	signatureComment = "-- signature: "
)

func (f Found) comments() string {
	if f.Hash == "" {
		return ""
	}
	return hashComment + f.Hash + "\n" + signatureComment + f.Signature + "\n"
}

func readFound(text string) (f Found) {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if hash, ok := strings.CutPrefix(line, hashComment); ok {
			f.Hash = hash
		} else if signature, ok := strings.CutPrefix(line, signatureComment); ok {
			f.Signature = signature
		} else {
			break
		}
	}
	return f
}

func (s *store) remove(o *Object) error { return os.Remove(s.file(o)) }

func (s *store) createDatabase(catalog, database string) error {
	return os.MkdirAll(s.database(catalog, database), 0o700)
}

func (s *store) dropDatabase(catalog, database string) error {
	return os.RemoveAll(s.database(catalog, database))
}
