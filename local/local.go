// Package local embeds the AWS services that weir needs into a process: servers for Kinesis Data Streams and SNS that speak
// the real wire protocols, so that unmodified AWS SDKs use them by endpoint alone, and that keep their data in one directory
// (or in memory).
//
//	server, err := local.Start(ctx, local.Options{Dir: dir})
//	…
//	defer server.Close()
//	client := kinesis.NewFromConfig(cfg, func(o *kinesis.Options) { o.BaseEndpoint = aws.String(server.KinesisEndpoint()) })
//
// The package opens and locks the directory, listens, and wires the services together; what they do is theirs: see
// local/kinesis and local/sns. It knows nothing of the engine, and nothing here is a client.
//
// Layout of a directory: LOCK (held while a server runs), server.json (who runs, for Join), data/ (Pebble), outbox/ (mails).
package local

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/weirsql/weir/local/internal/service"
	"github.com/weirsql/weir/local/kinesis"
	"github.com/weirsql/weir/local/sns"
)

// Clock is where the servers take the time from: arrival timestamps, iterator ages, dates of mails. It may be virtual, and
// stand still: only what could not be delivered waits for it to move, which a clock that is a runtime/clock.Clock does by
// itself.
type Clock = service.Clock

// Fault is what Options.Intercept lets a request suffer.
type Fault = service.Fault

// Options configure a server. The zero value is an in-memory server on free ports of the loopback interface.
type Options struct {
	// Dir holds the data; it is made if need be. "" keeps everything in memory.
	Dir string
	// Addr and SNSAddr are the addresses to listen on, host:port; "" means 127.0.0.1:0, a free port.
	Addr, SNSAddr string
	// Clock defaults to the wall clock.
	Clock Clock
	// Seed makes message, subscription and request identifiers repeat from run to run; 0 makes them unpredictable.
	Seed int64
	// Region and Account appear in ARNs; they default to us-east-1 and 000000000000. Requests for any region are served.
	Region, Account string
	// Transition is how long streams stay CREATING and DELETING. 0: not at all, so that the SDKs' waiters, which look
	// again only after ten seconds, find them ACTIVE at the first look.
	Transition time.Duration
	// NoSync acknowledges writes before they are on disk. They survive the death of the process, not of the machine.
	NoSync bool
	// AccessKey and SecretKey, when given, are what requests must be signed with; else any signature will do, and none.
	AccessKey, SecretKey string
	// Limits holds clients to AWS's throughput per shard: 1 MiB and 1,000 records written, 2 MiB and 5 GetRecords read in a
	// second of the Clock.
	Limits bool
	// Intercept is called with every request's operation ("PutRecords", "Publish", …) and body before it is served, and
	// may return what is to go wrong with it. It must not keep the body. It is called from many goroutines.
	Intercept func(action string, body []byte) *Fault
	// OnMail is called with every mail after it has been delivered to the outbox, before Publish is answered.
	OnMail func(sns.Mail)
	// OnDelivery is called after each attempt to deliver a message to an http or https endpoint, or a mail to the SMTP server.
	// It is called from many goroutines, and must not close the server.
	OnDelivery func(sns.Delivery)
	// SMTP, if not nil, is the server that mails are sent to, beside the outbox.
	SMTP *sns.SMTP
}

// Server is a running pair of embedded servers.
type Server struct {
	info  Info
	dir   string
	lock  *pebble.Lock
	store *service.Store
	mail  *sns.Service
	data  *kinesis.Service

	stop      func() bool  // undoes the watch on Start's context
	closeOnce func() error // release, once
	listeners []*listener  // Kinesis, SNS
}

// Start opens the directory and serves until Close, or until ctx ends, which closes the server too. When another process
// (or another server of this one) has the directory, the error is an *InUseError that says who.
func Start(ctx context.Context, o Options) (_ *Server, err error) {
	s := &Server{dir: o.Dir}
	s.closeOnce = sync.OnceValue(s.release)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.closeOnce())
		}
	}()
	so := service.StoreOptions{Dir: dataDir, NoSync: o.NoSync}
	if o.Dir == "" {
		so.FS, so.NoLog = vfs.NewMem(), true
	} else {
		if s.dir, err = prepareDir(o.Dir); err != nil {
			return nil, err
		}
		if s.lock, err = lockDir(s.dir); err != nil {
			return nil, err
		}
		so.FS, so.Dir, so.Lock = vfs.Default, filepath.Join(s.dir, dataDir), s.lock
	}
	if s.store, err = service.OpenStore(so); err != nil {
		return nil, err
	}
	env := &service.Env{
		Store:     s.store,
		Clock:     o.Clock,
		IDs:       service.NewIDs(o.Seed),
		Region:    orDefault(o.Region, "us-east-1"),
		Account:   orDefault(o.Account, "000000000000"),
		Intercept: o.Intercept,
		Limits:    o.Limits,
	}
	if o.AccessKey != "" {
		env.Auth = &service.Credentials{AccessKey: o.AccessKey, SecretKey: o.SecretKey}
	}
	if env.Clock == nil {
		env.Clock = service.SystemClock{}
	}
	streams, err := kinesis.New(env, o.Transition)
	if err != nil {
		return nil, err
	}
	s.data = streams
	outbox, err := sns.OpenOutbox(so.FS, so.FS.PathJoin(s.dir, outboxDir))
	if err != nil {
		return nil, err
	}
	if s.mail, err = sns.New(env, outbox, sns.Options{OnMail: o.OnMail, OnDelivery: o.OnDelivery, SMTP: o.SMTP}); err != nil {
		return nil, err
	}
	if err := s.listen(o, service.NewIDs(0).New(), streams); err != nil { // not of the seed: it tells servers apart
		return nil, err
	}
	if s.dir != "" {
		if err := s.info.write(s.dir); err != nil {
			return nil, err
		}
	}
	s.stop = context.AfterFunc(ctx, func() { s.closeOnce() })
	return s, nil
}

// listen opens both addresses before it serves either: the info that the one hands out names the other.
func (s *Server) listen(o Options, id string, streams http.Handler) error {
	for i, addr := range []string{o.Addr, o.SNSAddr} {
		l, err := listen(orDefault(addr, "127.0.0.1:0"))
		if err != nil {
			return fmt.Errorf("listen for %s: %w; is another server running? choose another address", [...]string{"Kinesis", "SNS"}[i], err)
		}
		s.listeners = append(s.listeners, l)
	}
	s.info = Info{
		PID:             os.Getpid(),
		ID:              id,
		Dir:             s.dir,
		KinesisEndpoint: s.listeners[0].url(),
		SNSEndpoint:     s.listeners[1].url(),
	}
	s.mail.Start(s.info.SNSEndpoint)
	s.listeners[0].serve(withInfo(s.info, streams))
	s.listeners[1].serve(withInfo(s.info, s.mail))
	return nil
}

// KinesisEndpoint is the URL to give an AWS SDK as the endpoint of Kinesis.
func (s *Server) KinesisEndpoint() string { return s.info.KinesisEndpoint }

// SNSEndpoint is the URL to give an AWS SDK as the endpoint of SNS.
func (s *Server) SNSEndpoint() string { return s.info.SNSEndpoint }

// Info describes the running server.
func (s *Server) Info() Info { return s.info }

// Mails lists the outbox, oldest first.
func (s *Server) Mails() ([]sns.Mail, error) { return s.mail.Outbox().List() }

// Deliveries lists the messages that could not be delivered, and those that are to be tried.
func (s *Server) Deliveries() ([]sns.Delivery, error) { return s.mail.Deliveries() }

// Close stops serving, lets the answers under way out, and releases the directory; it returns when all that is done, also
// when the end of Start's context began it. Further calls return the same.
func (s *Server) Close() error {
	s.stop()
	return s.closeOnce()
}

// release undoes whatever Start has done so far.
func (s *Server) release() error {
	var errs []error
	for _, l := range s.listeners {
		errs = append(errs, l.close())
	}
	if s.data != nil {
		s.data.Close()
	}
	if s.mail != nil {
		s.mail.Close()
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.lock != nil {
		errs = append(errs, removeInfo(s.dir), s.lock.Close())
	}
	return errors.Join(errs...)
}

func orDefault(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
