package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/weirsql/weir/runtime/metrics"
)

const jobPath = "/api/v1/jobs/0123456789abcdef0123456789abcdef"

// call sends a request and returns the status and the body.
func call(t *testing.T, s *Server, method, path, body string, change func(*http.Request)) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, "http://"+s.Addr()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func listen(t *testing.T, m *Monitor, address string) *Server {
	t.Helper()
	s, err := m.Listen(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// What callers can ask and order, and how they are refused.
func TestAPI(t *testing.T) {
	var ordered []string
	job := &fakeJob{info: windowJob()}
	job.savepoint = func(dir string, stop, drain bool) (string, error) {
		if dir == "/full" {
			return "", errors.New("write /full/savepoint-1: no space left on device")
		}
		ordered = append(ordered, "savepoint "+dir+" "+strconv.FormatBool(stop)+" "+strconv.FormatBool(drain))
		return dir + "/savepoint-1", nil
	}
	job.stopped = func(drain bool) error {
		ordered = append(ordered, "stop "+strconv.FormatBool(drain))
		job.change(func(j *metrics.Job) { j.State = "FINISHED" })
		return nil
	}
	m, _ := watch(t, job)
	s := listen(t, m, ":0")
	if host, _, _ := net.SplitHostPort(s.Addr()); host != "127.0.0.1" {
		t.Errorf("without a host the server listens on %s", s.Addr())
	}
	for _, c := range []struct {
		method, path, body string
		change             func(*http.Request)
		status             int
		want               string // a part of the answer
	}{
		{"GET", "/healthz", "", nil, 200, "ok"},
		{"GET", "/metrics", "", nil, 200, "weir_build_info"},
		{"GET", "/api/v1/jobs", "", nil, 200, `"pid": ` + strconv.Itoa(os.Getpid())},
		{"GET", jobPath, "", nil, 200, `"records_in_per_second": 10000`},
		{"GET", jobPath, "", nil, 200, `"reason": "its busiest subtask of 2 is busy 95 %, and Scan waits for it 70 % of the time"`},
		{"GET", jobPath + "/checkpoints", "", nil, 200, `"pause_ns": 4000000`},
		{"GET", "/api/v1/jobs/nosuch", "", nil, 404, `"error": "no job has the id \"nosuch\"; GET /api/v1/jobs lists them"`},
		{"GET", "/api/v2", "", nil, 404, `"error": "GET /api/v2: not found`},
		{"DELETE", jobPath, "", nil, 405, `"error": "DELETE ` + jobPath + `: method not allowed`},
		{"POST", jobPath + "/savepoint", `{"dir":"/s","stop":true,"drain":true}`, nil, 200, `"path": "/s/savepoint-1"`},
		{"POST", jobPath + "/savepoint", ``, nil, 200, `"path": "/savepoint-1"`},
		{"POST", jobPath + "/savepoint", `{"drain":true}`, nil, 400, `"error": "drain is only possible with stop"`},
		{"POST", jobPath + "/savepoint", `{"dri":"/s"}`, nil, 400, `unknown field \"dri\"`},
		{"POST", jobPath + "/savepoint", `{"dir":"/full"}`, nil, 500, "no space left on device"},
		{"POST", jobPath + "/cancel", "", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415, "must be application/json"},
		{"POST", jobPath + "/cancel", "", func(r *http.Request) { r.Host = "attacker.example:80" }, 403, "is not this machine"},
		{"GET", "/healthz", "", func(r *http.Request) { r.Host = "localhost:80" }, 200, "ok"},
		{"POST", jobPath + "/cancel", "", nil, 200, `"state": "CANCELED"`},
		{"POST", jobPath + "/stop", `{"drain":true}`, nil, 200, `"state": "FINISHED"`},
		{"POST", jobPath + "/stop", "", nil, 409, "job insert-into_alerts is over: it is finished"},
		{"POST", jobPath + "/savepoint", "", nil, 409, "is over"},
	} {
		status, text := call(t, s, c.method, c.path, c.body, c.change)
		if status != c.status || !strings.Contains(text, c.want) {
			t.Errorf("%s %s %s: %d %s\n want %d %s", c.method, c.path, c.body, status, text, c.status, c.want)
		}
		if status >= 400 && !json.Valid([]byte(text)) {
			t.Errorf("%s %s: the error isn't JSON: %s", c.method, c.path, text)
		}
	}
	if got, want := strings.Join(ordered, ", "), "savepoint /s true true, savepoint  false false, stop true"; got != want {
		t.Errorf("ordered: %s\n   want: %s", got, want)
	}
	if !job.canceled {
		t.Error("the job was not canceled")
	}
}

// On an address that others reach, callers can only look.
func TestReadOnlyElsewhere(t *testing.T) {
	job := &fakeJob{info: windowJob()}
	m, _ := watch(t, job)
	s := listen(t, m, "0.0.0.0:0")
	if status, text := call(t, s, "POST", jobPath+"/cancel", "", nil); status != http.StatusForbidden || job.canceled {
		t.Errorf("cancel: %d %s", status, text)
	}
	if status, _ := call(t, s, "GET", jobPath, "", func(r *http.Request) { r.Host = "weir.example" }); status != http.StatusOK {
		t.Errorf("GET by a name: %d", status)
	}
}

func TestListenErrors(t *testing.T) {
	m, _ := watch(t)
	s := listen(t, m, ":0")
	for _, address := range []string{"9249", s.Addr(), "nosuch.invalid:1"} {
		if s, err := m.Listen(address); err == nil || !strings.Contains(err.Error(), `serve metrics on "`+address+`"`) {
			t.Errorf("listen on %s: %v %v", address, s, err)
		}
	}
}

// A process is found by its socket, also when the path of the data directory is longer than a socket's may be. What a
// killed process left is removed.
func TestSocket(t *testing.T) {
	for _, name := range []string{"short", strings.Repeat("a long directory/", 12)} {
		dir := filepath.Join(t.TempDir(), name)
		job := &fakeJob{info: windowJob()}
		job.savepoint = func(dir string, _, _ bool) (string, error) { return dir + "/savepoint-1", nil }
		job.stopped = func(bool) error {
			job.change(func(j *metrics.Job) { j.State = "FINISHED" })
			return nil
		}
		m, _ := watch(t, job)
		if got := Processes(dir); len(got) != 0 {
			t.Fatalf("before anything runs: %v", got)
		}
		s, err := m.ListenSocket(dir)
		if err != nil {
			t.Fatal(err)
		}
		socket := filepath.Join(dir, "run", strconv.Itoa(os.Getpid())+".sock")
		if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the socket: %v %v", info, err)
		}
		stale := filepath.Join(dir, "run", "1.sock")
		if err := withShortPath(filepath.Dir(stale), func(short string) error {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(short, "1.sock"), Net: "unix"})
			if err == nil {
				l.SetUnlinkOnClose(false)
				err = l.Close()
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		found := Processes(dir)
		if len(found) != 1 || found[0].PID != os.Getpid() {
			t.Fatalf("found %v", found)
		}
		if _, err := os.Lstat(stale); !os.IsNotExist(err) {
			t.Errorf("the socket of a dead process is still there: %v", err)
		}
		ctx := context.Background()
		jobs, err := found[0].Jobs(ctx)
		if err != nil || len(jobs) != 1 || jobs[0].Name != "insert-into_alerts" || len(jobs[0].Operators) != 3 || jobs[0].Bottleneck == nil {
			t.Fatalf("jobs: %+v, %v", jobs, err)
		}
		id := jobs[0].ID
		if f, err := found[0].Job(ctx, id); err != nil || f.Operators[1].Subtasks[0].Rates.Time.Busy != 95 || f.Checkpoints.Completed != 2 {
			t.Errorf("job: %+v, %v", f, err)
		}
		if path, err := found[0].Savepoint(ctx, id, SavepointRequest{Dir: "/s"}); err != nil || path != "/s/savepoint-1" {
			t.Errorf("savepoint: %q, %v", path, err)
		}
		if err := found[0].Cancel(ctx, id); err != nil || !job.canceled {
			t.Errorf("cancel: %v", err)
		}
		if state, err := found[0].Stop(ctx, id, StopRequest{}); err != nil || state != "FINISHED" {
			t.Errorf("stop: %q, %v", state, err)
		}
		if _, err := found[0].Job(ctx, "nosuch"); err == nil || Gone(err) || !strings.Contains(err.Error(), "no job has the id") {
			t.Errorf("an unknown job: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := found[0].Jobs(ctx); !Gone(err) {
			t.Errorf("after the end: %v", err)
		}
		if left, _ := os.ReadDir(filepath.Join(dir, "run")); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}
