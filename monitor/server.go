package monitor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// lastAnswers is how long requests that are being answered may take when a server closes: the answer to a stop comes when
// the job has ended, and with it perhaps the process.
const lastAnswers = time.Second

// Server serves a monitor on one address.
type Server struct {
	listener net.Listener
	server   *http.Server
	served   chan struct{}
	cleanup  func()
}

// Listen serves m on a TCP address. Without a host the address is a loopback one: there is no authentication. On a
// loopback address callers may stop jobs, on others they can only look. An address in use, or none of this machine, is an
// error.
func (m *Monitor) Listen(address string) (*Server, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("serve metrics on %q: %w; give HOST:PORT or :PORT", address, err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("serve metrics on %q: %w", address, err)
	}
	access := Read
	if l.Addr().(*net.TCPAddr).IP.IsLoopback() {
		access = Control
	}
	return m.serve(l, access, func() {}), nil
}

// ListenSocket serves m on a Unix socket below a data directory, where Processes finds it. Only the user who owns the
// directory can open it.
func (m *Monitor) ListenSocket(dataDir string) (*Server, error) {
	l, remove, err := listenSocket(dataDir)
	if err != nil {
		return nil, err
	}
	return m.serve(l, Control, remove), nil
}

func (m *Monitor) serve(l net.Listener, access Access, cleanup func()) *Server {
	s := &Server{
		listener: l, served: make(chan struct{}), cleanup: cleanup,
		server: &http.Server{Handler: m.Handler(access), ReadHeaderTimeout: 10 * time.Second},
	}
	go func() { // not started by the clock: it belongs to the network, as in the embedded servers
		defer close(s.served)
		s.server.Serve(l)
	}()
	return s
}

// Addr is where the server listens: host:port, or the socket's path.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close ends the server after what it is about to answer.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), lastAnswers)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.server.Close()
	}
	<-s.served
	s.cleanup()
	return err
}
