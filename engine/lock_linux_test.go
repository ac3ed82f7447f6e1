package engine

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// A lock that is given back is free at once, also when a process that is just being started has the file still.
func TestLockIsFree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lock(path, "job")
	if err != nil {
		t.Fatal(err)
	}
	copied := false
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		link := filepath.Join("/proc/self/fd", fd.Name())
		if to, err := os.Readlink(link); err != nil || to != path {
			continue
		}
		n, err := strconv.Atoi(fd.Name())
		if err != nil {
			t.Fatal(err)
		}
		twin, err := unix.Dup(n) // what a fork does
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(twin)
		copied = true
	}
	if !copied {
		t.Fatal("the lock's file is not found")
	}
	unlock()
	again, err := lock(path, "job")
	if err != nil {
		t.Fatal(err)
	}
	again()
}
