package checkpoint_test

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/weirsql/weir/runtime/checkpoint"
)

// On a full disk a checkpoint fails, naming the file, and frees what it took, so that a smaller one succeeds.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skip("mount a small tmpfs (as root):", err)
	}
	defer func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}()
	s := store(t, checkpoint.Dir(dir))
	for range 3 {
		p, err := s.Begin(s.NextID(), epoch)
		if err != nil {
			t.Fatal(err)
		}
		_, err = part(p, "op", 0, 1, numbered(3000))
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), filepath.Join(filepath.Base(filepath.Dir(p.String())), filepath.Base(p.String()))) {
			t.Fatalf("got %v", err)
		}
		p.Abort()
		take(t, s, 300)
		if err := s.Retire(1); err != nil {
			t.Fatal(err)
		}
	}
	if c, skipped, err := checkpoint.LatestIn(checkpoint.Dir(dir), "job"); err != nil || len(skipped) > 0 || c.Manifest.ID != 6 {
		t.Errorf("the latest is %+v, skipped %v, %v", c, skipped, err)
	}
}
