package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Info tells who serves a directory, and where.
type Info struct {
	PID             int    `json:"pid"`
	ID              string `json:"id"` // of this run, to tell it from a later server on the same port
	Dir             string `json:"dir"`
	KinesisEndpoint string `json:"kinesis"`
	SNSEndpoint     string `json:"sns"`
}

const (
	infoFile = "server.json"
	// infoPath is answered by both servers with their Info; no AWS request is a GET.
	infoPath = "/_weir/info"
	// joinTimeout bounds Join. A live server on this machine answers within a millisecond or so.
	joinTimeout = 2 * time.Second
)

// Join finds the server that is running on the directory, in this process or another. ok is false if there is none: the
// file that a server leaves behind when it is killed counts for nothing, the server itself must answer.
func Join(dir string) (info *Info, ok bool) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, false
	}
	in, ok := readInfo(dir)
	if !ok {
		return nil, false
	}
	client := http.Client{Timeout: joinTimeout}
	defer client.CloseIdleConnections()
	resp, err := client.Get(in.KinesisEndpoint + infoPath)
	if err != nil {
		return nil, false
	}
	defer resp.Body.Close()
	var live Info
	if json.NewDecoder(resp.Body).Decode(&live) != nil || live.ID != in.ID {
		return nil, false
	}
	return &live, true
}

func readInfo(dir string) (info Info, ok bool) {
	b, err := os.ReadFile(filepath.Join(dir, infoFile))
	if err != nil || json.Unmarshal(b, &info) != nil {
		return Info{}, false
	}
	return info, true
}

// write publishes the info: by rename, so that a reader sees all of it or none.
func (i *Info) write(dir string) error {
	b, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(dir, infoFile)
	tmp := fmt.Sprintf("%s.%d", path, i.PID)
	if err := os.WriteFile(tmp, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("publish the endpoints: %w", err)
	}
	return os.Rename(tmp, path)
}

// removeInfo takes the info away; that there is none is fine.
func removeInfo(dir string) error {
	err := os.Remove(filepath.Join(dir, infoFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// withInfo answers infoPath and passes everything else on.
func withInfo(info Info, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == infoPath {
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(info)
			return
		}
		h.ServeHTTP(w, r)
	})
}
