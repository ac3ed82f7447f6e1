package filesystem

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/types"
)

// A split is a file, or a range of splitSize bytes of a large one: it has the records that begin there. Ranges don't
// depend on the size of the file, so that a file that has grown when a job is restored keeps its splits. The ID is the
// path below the root and the number of the range, or * for a file that can't be read from the middle.

const splitSize = 128 << 20

const wholeFile = -1

func splitID(relative string, part int) string {
	if part == wholeFile {
		return filepath.ToSlash(relative) + "@*"
	}
	return filepath.ToSlash(relative) + "@" + strconv.Itoa(part)
}

func parseSplitID(id string) (relative string, part int, err error) {
	at := strings.LastIndexByte(id, '@')
	if at >= 0 && id[at+1:] == "*" {
		return filepath.FromSlash(id[:at]), wholeFile, nil
	}
	if at >= 0 {
		if part, err = strconv.Atoi(id[at+1:]); err == nil && part >= 0 {
			return filepath.FromSlash(id[:at]), part, nil
		}
	}
	return "", 0, fmt.Errorf("%q does not name a split of a filesystem table", id)
}

// Splits implements connectors.Source: the files in the order of their paths. Names that begin with . or _ are left out,
// folders too.
func (s *source) Splits(ctx context.Context) ([]connectors.Split, error) {
	var splits []connectors.Split
	add := func(path string, size int64) error {
		relative, err := filepath.Rel(s.base, path)
		if err != nil {
			return err
		}
		if _, err := s.values(relative); err != nil {
			return err
		}
		if !s.splittable(path) {
			splits = append(splits, connectors.Split{ID: splitID(relative, wholeFile)})
			return nil
		}
		for part := 0; part == 0 || int64(part)*s.splitSize < size; part++ {
			splits = append(splits, connectors.Split{ID: splitID(relative, part)})
		}
		return nil
	}
	info, err := os.Stat(s.root)
	switch {
	case errors.Is(err, fs.ErrNotExist) && s.interval > 0:
		return nil, nil // it may yet appear
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("path %s does not exist (looked for %s)", s.display, s.root)
	case err != nil:
		return nil, err
	case !info.IsDir():
		return splits, add(s.root, info.Size())
	}
	err = filepath.WalkDir(s.root, func(path string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) && path != s.root {
				return nil // gone while we were looking
			}
			return err
		}
		if path != s.root && (d.Name()[0] == '.' || d.Name()[0] == '_') {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if d.IsDir() || s.pattern != nil && !s.pattern.MatchString(path) {
			return nil
		}
		info, err := os.Stat(path) // follows links
		if err != nil || !info.Mode().IsRegular() {
			return nil
		}
		return add(path, info.Size())
	})
	if err != nil {
		return nil, err
	}
	return splits, nil
}

// splittable reports whether a file can be read from the middle: every newline ends a record, rows are independent of
// the ones before, and the bytes are not compressed.
func (s *source) splittable(path string) bool {
	return s.format.Lines && s.mode == types.AppendOnly && compression(path) == plainFile
}
