package monitor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"

	"github.com/weirsql/weir/runtime/metrics"
)

// Access says what a handler lets its callers do. There is no authentication: who reaches the handler may do it.
type Access uint8

const (
	// Read lets callers look.
	Read Access = iota
	// Control lets them take savepoints, stop and cancel too.
	Control
)

// JobList is the answer to GET /api/v1/jobs.
type JobList struct {
	PID  int       `json:"pid"`
	Jobs []Figures `json:"jobs"`
}

// SavepointRequest is the body of POST /api/v1/jobs/{id}/savepoint. An empty body is one with all defaults.
type SavepointRequest struct {
	Dir   string `json:"dir,omitempty"` // "": where the settings say
	Stop  bool   `json:"stop,omitempty"`
	Drain bool   `json:"drain,omitempty"` // only with Stop
}

// SavepointResponse is its answer, when the savepoint is complete and, with Stop, the job is over.
type SavepointResponse struct {
	Path string `json:"path"`
}

// StopRequest is the body of POST /api/v1/jobs/{id}/stop; it is answered when the job is over.
type StopRequest struct {
	Drain bool `json:"drain,omitempty"`
}

// StateResponse is the answer to stop and cancel.
type StateResponse struct {
	State string `json:"state"`
}

// ErrorResponse is the body of every answer with a status of 400 and above.
type ErrorResponse struct {
	Error string `json:"error"`
}

// apiError is an error with the status that it is answered with.
type apiError struct {
	status int
	err    error
}

func (e *apiError) Error() string { return e.err.Error() }

func (e *apiError) Unwrap() error { return e.err }

// maxBody bounds what a request may bring.
const maxBody = 64 << 10

// Handler serves /metrics, /healthz and the API below /api/v1. A handler for Control on TCP answers only who calls it by
// localhost or a loopback address.
func (m *Monitor) Handler(access Access) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.prometheusHandler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	get := func(path string, f func(*http.Request) (any, error)) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			v, err := f(r)
			answer(w, v, err)
		})
	}
	post := func(path string, f func(r *http.Request, w watched) (any, error)) {
		mux.HandleFunc("POST "+path, func(rw http.ResponseWriter, r *http.Request) {
			if access != Control {
				answer(rw, nil, &apiError{http.StatusForbidden, errors.New("this address is for reading only; use `weir job` on the machine, or serve on a loopback address")})
				return
			}
			// A page in a browser can't send this type to another site without asking first, which is never granted.
			if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
				answer(rw, nil, &apiError{http.StatusUnsupportedMediaType, errors.New("the Content-Type must be application/json")})
				return
			}
			w, err := m.lookup(r)
			var v any
			if err == nil {
				v, err = f(r, w)
			}
			answer(rw, v, err)
		})
	}
	get("/api/v1/jobs", func(*http.Request) (any, error) { return JobList{os.Getpid(), m.Figures()}, nil })
	get("/api/v1/jobs/{id}", func(r *http.Request) (any, error) {
		w, err := m.lookup(r)
		if err != nil {
			return nil, err
		}
		return m.rates.figures(m.opts.Clock.Now(), w.info), nil
	})
	get("/api/v1/jobs/{id}/checkpoints", func(r *http.Request) (any, error) {
		w, err := m.lookup(r)
		if err != nil {
			return nil, err
		}
		return m.rates.figures(m.opts.Clock.Now(), w.info).Checkpoints, nil
	})
	post("/api/v1/jobs/{id}/savepoint", func(r *http.Request, w watched) (any, error) {
		var q SavepointRequest
		if err := body(r, &q); err != nil {
			return nil, err
		}
		if q.Drain && !q.Stop {
			return nil, &apiError{http.StatusBadRequest, errors.New("drain is only possible with stop")}
		}
		if err := running(&w.info); err != nil {
			return nil, err
		}
		path, err := w.job.Savepoint(r.Context(), q.Dir, q.Stop, q.Drain)
		return SavepointResponse{path}, err
	})
	post("/api/v1/jobs/{id}/stop", func(r *http.Request, w watched) (any, error) {
		var q StopRequest
		if err := body(r, &q); err != nil {
			return nil, err
		}
		if err := running(&w.info); err != nil {
			return nil, err
		}
		err := w.job.Stop(r.Context(), q.Drain)
		return StateResponse{w.job.Info().State}, err
	})
	post("/api/v1/jobs/{id}/cancel", func(r *http.Request, w watched) (any, error) {
		if err := body(r, &struct{}{}); err != nil {
			return nil, err
		}
		if err := running(&w.info); err != nil {
			return nil, err
		}
		w.job.Cancel()
		return StateResponse{"CANCELED"}, nil
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if access == Control && !localHost(r) {
			answer(w, nil, &apiError{http.StatusForbidden, fmt.Errorf("host %q is not this machine; serve on an address other than loopback if it shall be reached by that name", r.Host)})
			return
		}
		handler, pattern := mux.Handler(r)
		if pattern == "" { // nothing has the path, or not with this method
			refusal := &statusOnly{header: w.Header()}
			handler.ServeHTTP(refusal, r)
			answer(w, nil, &apiError{refusal.status, fmt.Errorf("%s %s: %s; there are /metrics, /healthz, /api/v1/jobs and what docs/monitoring.md says",
				r.Method, r.URL.Path, strings.ToLower(http.StatusText(refusal.status)))})
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// localHost refuses requests that came to a loopback address under another name: a page in a browser can make its own
// name mean this machine.
func localHost(r *http.Request) bool {
	to, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || !to.IP.IsLoopback() {
		return true
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback()
}

func (m *Monitor) lookup(r *http.Request) (watched, error) {
	id := r.PathValue("id")
	w, ok := m.find(id)
	if !ok {
		return w, &apiError{http.StatusNotFound, fmt.Errorf("no job has the id %q; GET /api/v1/jobs lists them", id)}
	}
	return w, nil
}

// running refuses what can't be done to a job that is over.
func running(j *metrics.Job) error {
	if Ended(j) {
		return &apiError{http.StatusConflict, fmt.Errorf("job %s is over: it is %s", j.Name, strings.ToLower(j.State))}
	}
	return nil
}

// body reads a request's JSON into v, which is left as it is when there is none.
func body(r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil && !errors.Is(err, io.EOF) {
		return &apiError{http.StatusBadRequest, fmt.Errorf("read the request's body: %w", err)}
	}
	return nil
}

// answer writes what a call gave.
func answer(w http.ResponseWriter, v any, err error) {
	status := http.StatusOK
	if err != nil {
		status = http.StatusInternalServerError
		var known *apiError
		if errors.As(err, &known) {
			status = known.status
		}
		v = ErrorResponse{err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	e.Encode(v) // the caller may have gone
}

// statusOnly takes an answer's status and headers and drops its text.
type statusOnly struct {
	header http.Header
	status int
}

// Header implements http.ResponseWriter.
func (s *statusOnly) Header() http.Header { return s.header }

// WriteHeader implements http.ResponseWriter.
func (s *statusOnly) WriteHeader(status int) { s.status = status }

// Write implements http.ResponseWriter.
func (s *statusOnly) Write(p []byte) (int, error) { return len(p), nil }
