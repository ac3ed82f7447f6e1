package monitor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Each process that runs jobs on a data directory listens on DIR/run/PID.sock. A process that is killed leaves its socket
// behind; nobody listens on it, by which it is told and removed.
const (
	runDir       = "run"
	socketSuffix = ".sock"
	// dialTimeout bounds the wait for a process that exists and doesn't answer, such as one that is stopped.
	dialTimeout = 2 * time.Second
)

func listenSocket(dataDir string) (l net.Listener, remove func(), err error) {
	dir := filepath.Join(dataDir, runDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make a socket for weir job: %w", err)
	}
	removeStale(dir)
	name := strconv.Itoa(os.Getpid()) + socketSuffix
	path := filepath.Join(dir, name)
	os.Remove(path) // of an earlier process with this number
	err = withShortPath(dir, func(short string) error {
		u, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(short, name), Net: "unix"})
		if err != nil {
			return err
		}
		u.SetUnlinkOnClose(false) // it would look for the short path
		l = u
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		if l != nil {
			l.Close()
		}
		return nil, nil, fmt.Errorf("make a socket for weir job: %w", err)
	}
	return l, func() { os.Remove(path) }, nil
}

// longestDir leaves room for a process's number in the 104 bytes that macOS has for a socket's path; Linux has 108.
const longestDir = 80

// withShortPath calls f with a path of dir that is short enough for a socket in it.
func withShortPath(dir string, f func(short string) error) error {
	if len(dir) <= longestDir {
		return f(dir)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp("", "weir-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	link := filepath.Join(tmp, "run")
	if err := os.Symlink(abs, link); err != nil {
		return err
	}
	return f(link)
}

func dialSocket(ctx context.Context, path string) (c net.Conn, err error) {
	d := net.Dialer{Timeout: dialTimeout}
	err = withShortPath(filepath.Dir(path), func(short string) error {
		c, err = d.DialContext(ctx, "unix", filepath.Join(short, filepath.Base(path)))
		return err
	})
	return c, err
}

// removeStale removes the sockets that nobody listens on and returns the others.
func removeStale(dir string) []string {
	paths, err := filepath.Glob(filepath.Join(globQuote(dir), "*"+socketSuffix))
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(paths, func(path string) bool {
		c, err := dialSocket(context.Background(), path)
		if err == nil {
			c.Close()
			return false
		}
		if errors.Is(err, syscall.ECONNREFUSED) {
			os.Remove(path)
		}
		return true
	})
}

// globQuote makes a path match itself only.
func globQuote(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// Process is a process of weir that runs jobs, reached by its socket.
type Process struct {
	PID    int
	client *http.Client
}

// Processes finds the processes that run jobs on a data directory, in the order of their numbers.
func Processes(dataDir string) []*Process {
	var all []*Process
	for _, path := range removeStale(filepath.Join(dataDir, runDir)) {
		pid, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(path), socketSuffix))
		if err != nil {
			continue
		}
		all = append(all, &Process{PID: pid, client: &http.Client{Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialSocket(ctx, path) },
		}}})
	}
	slices.SortFunc(all, func(a, b *Process) int { return a.PID - b.PID })
	return all
}

// Jobs returns the figures of the process's jobs.
func (p *Process) Jobs(ctx context.Context) ([]Figures, error) {
	var list JobList
	err := p.call(ctx, http.MethodGet, "/api/v1/jobs", nil, &list)
	return list.Jobs, err
}

// Job returns the figures of one job.
func (p *Process) Job(ctx context.Context, id string) (*Figures, error) {
	var f Figures
	err := p.call(ctx, http.MethodGet, "/api/v1/jobs/"+url.PathEscape(id), nil, &f)
	return &f, err
}

// Savepoint takes a savepoint of a job and returns its path.
func (p *Process) Savepoint(ctx context.Context, id string, q SavepointRequest) (string, error) {
	var a SavepointResponse
	err := p.call(ctx, http.MethodPost, "/api/v1/jobs/"+url.PathEscape(id)+"/savepoint", q, &a)
	return a.Path, err
}

// Stop stops a job gracefully and returns its state at the end.
func (p *Process) Stop(ctx context.Context, id string, q StopRequest) (state string, err error) {
	var a StateResponse
	err = p.call(ctx, http.MethodPost, "/api/v1/jobs/"+url.PathEscape(id)+"/stop", q, &a)
	return a.State, err
}

// Cancel ends a job at once.
func (p *Process) Cancel(ctx context.Context, id string) error {
	return p.call(ctx, http.MethodPost, "/api/v1/jobs/"+url.PathEscape(id)+"/cancel", struct{}{}, &StateResponse{})
}

// Gone reports whether an error of a call means that the process has ended meanwhile.
func Gone(err error) bool {
	var unreachable *url.Error
	return errors.As(err, &unreachable) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

func (p *Process) call(ctx context.Context, method, path string, in, out any) error {
	var text []byte
	if in != nil {
		var err error
		if text, err = json.Marshal(in); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := p.client.Do(r)
	if err != nil {
		return fmt.Errorf("ask process %d: %w", p.PID, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		var e ErrorResponse
		if err := json.NewDecoder(resp.Body).Decode(&e); err != nil || e.Error == "" {
			return fmt.Errorf("process %d: %s", p.PID, resp.Status)
		}
		return errors.New(e.Error)
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("read the answer of process %d: %w", p.PID, err)
	}
	return nil
}
