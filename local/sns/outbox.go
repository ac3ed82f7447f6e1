package sns

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Outbox is a directory of mails, one file each, named by a number that rises and the recipient:
// 000001-ops@example.com.eml. A file appears complete or not at all. It may be read and emptied while the server runs.
type Outbox struct {
	fs  vfs.FS
	dir string

	mu   sync.Mutex
	last int // number of the newest mail
}

const mailSuffix = ".eml"

// OpenOutbox makes the directory if need be and continues the numbering of the mails in it.
func OpenOutbox(fs vfs.FS, dir string) (*Outbox, error) {
	if err := fs.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the outbox: %w", err)
	}
	o := &Outbox{fs: fs, dir: dir}
	names, err := o.names()
	if err != nil {
		return nil, err
	}
	if n := len(names); n > 0 {
		o.last = mailNumber(names[n-1])
	}
	return o, nil
}

// put writes the mail and sets its File; it is on disk when put returns.
func (o *Outbox) put(m *Mail) (err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	name := fmt.Sprintf("%06d-%s%s", o.last+1, fileName(m.To), mailSuffix)
	path := o.fs.PathJoin(o.dir, name)
	tmp := path + ".tmp"
	defer func() {
		if err != nil {
			err = fmt.Errorf("deliver a mail to the outbox: %w", err)
		}
	}()
	f, err := o.fs.Create(tmp, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(m.encode())
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		o.fs.Remove(tmp)
		return err
	}
	if err := o.fs.Rename(tmp, path); err != nil {
		return err
	}
	d, err := o.fs.OpenDir(o.dir)
	if err != nil {
		return err
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return err
	}
	o.last++
	m.File = name
	return nil
}

// List reads all mails, oldest first.
func (o *Outbox) List() ([]Mail, error) {
	names, err := o.names()
	if err != nil {
		return nil, err
	}
	mails := make([]Mail, 0, len(names))
	for _, name := range names {
		raw, err := o.Read(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // taken out meanwhile
		}
		if err != nil {
			return nil, err
		}
		m, err := decodeMail(name, raw)
		if err != nil {
			return nil, err
		}
		mails = append(mails, m)
	}
	return mails, nil
}

// Read returns the bytes of one mail as they would go over the wire.
func (o *Outbox) Read(file string) ([]byte, error) {
	f, err := o.fs.Open(o.fs.PathJoin(o.dir, file))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// names lists the files of mails by number; anything else in the directory is not the outbox's.
func (o *Outbox) names() ([]string, error) {
	all, err := o.fs.List(o.dir)
	if err != nil {
		return nil, fmt.Errorf("list the outbox: %w", err)
	}
	var names []string
	for _, name := range all {
		if mailNumber(name) > 0 {
			names = append(names, name)
		}
	}
	sort.Slice(names, func(i, j int) bool { return mailNumber(names[i]) < mailNumber(names[j]) })
	return names, nil
}

// mailNumber is the number in a mail's file name, 0 for the names of other files.
func mailNumber(name string) int {
	digits, _, ok := strings.Cut(name, "-")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 1 || !strings.HasSuffix(name, mailSuffix) {
		return 0
	}
	return n
}

// fileName makes an address fit to be part of a file's name on every system.
func fileName(address string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("@.-_+", r):
			return r
		}
		return '_'
	}, address)
	return name[:min(len(name), 100)]
}
