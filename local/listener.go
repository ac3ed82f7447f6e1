package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/weirsql/weir/local/internal/service"
)

// listener is one HTTP server on one address that can be closed promptly and without losing an answer.
//
// http.Server.Shutdown does not serve for that: it waits five seconds for every connection that a client has opened ahead
// and not used yet, and clients do that. So the listener keeps count itself, of connections with an answer under way and
// of handlers.
type listener struct {
	net    net.Listener
	http   *http.Server
	cancel context.CancelFunc // of all requests
	done   chan struct{}      // closed when the accept loop has ended

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced when a count below falls to 0
	active   map[net.Conn]struct{}
	handlers int
	closed   bool
}

// closeGrace is how long close waits for answers under way, which a client may be slow to take.
const closeGrace = 3 * time.Second

func listen(addr string) (*listener, error) {
	n, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &listener{net: n, changed: make(chan struct{}), active: map[net.Conn]struct{}{}}, nil
}

// url is how a client on this machine reaches the listener; of the wildcard address it makes the loopback's.
func (l *listener) url() string {
	if t, ok := l.net.Addr().(*net.TCPAddr); ok && t.IP.IsUnspecified() {
		return fmt.Sprintf("http://127.0.0.1:%d", t.Port)
	}
	return "http://" + l.net.Addr().String()
}

// serve starts answering with h, in a goroutine of its own.
func (l *listener) serve(h http.Handler) {
	ctx, cancel := context.WithCancel(context.Background())
	l.cancel = cancel
	l.http = &http.Server{
		BaseContext:       func(net.Listener) context.Context { return ctx },
		Handler:           l.counted(h),
		ConnState:         l.connState,
		ReadHeaderTimeout: 30 * time.Second,
		IdleTimeout:       5 * time.Minute,
	}
	// Clear-text HTTP/2 beside HTTP/1.1: the JavaScript SDK speaks it to Kinesis.
	l.http.Protocols = new(http.Protocols)
	l.http.Protocols.SetHTTP1(true)
	l.http.Protocols.SetUnencryptedHTTP2(true)
	l.done = make(chan struct{})
	go func() {
		defer close(l.done)
		l.http.Serve(l.net) // returns when the listener is closed
	}()
}

// connState follows net/http: a connection is active from the first byte of a request until its answer is flushed.
func (l *listener) connState(c net.Conn, state http.ConnState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if state == http.StateActive {
		l.active[c] = struct{}{}
		return
	}
	delete(l.active, c)
	l.signal()
}

func (l *listener) counted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		if l.closed {
			l.mu.Unlock()
			service.Drop()
		}
		l.handlers++
		l.mu.Unlock()
		defer func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.handlers--
			l.signal()
		}()
		h.ServeHTTP(w, r)
	})
}

// signal wakes close; l.mu is held.
func (l *listener) signal() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// close takes no more connections, lets answers under way reach their clients within the grace, and returns when no handler
// runs any more: the store can be closed then.
func (l *listener) close() error {
	err := l.net.Close()
	if l.http == nil {
		return err
	}
	l.cancel() // injected waits end; nothing else looks at it
	l.await(func() bool { return len(l.active) == 0 }, time.After(closeGrace))
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	err = l.http.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil // the listener, which is closed already
	}
	l.await(func() bool { return l.handlers == 0 }, nil)
	<-l.done
	return err
}

// await returns when the condition, evaluated under l.mu, holds, or at the time limit.
func (l *listener) await(holds func() bool, limit <-chan time.Time) {
	for {
		l.mu.Lock()
		ok, changed := holds(), l.changed
		l.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-limit:
			return
		}
	}
}
