// Package service holds what the host (package local) gives to every embedded service: the store, the clock, the account,
// identifiers and the fault hook. It knows no protocol and no operation: Kinesis and SNS are its neighbours and users.
// Start reading at Env.
package service

import "time"

// Env is the world a service lives in. It is filled once, by the host, before the service sees a request, and is
// read-only afterwards; everything in it is safe for concurrent use.
type Env struct {
	Store *Store
	Clock Clock
	IDs   *IDs
	// Region and Account appear in ARNs and error messages.
	Region  string
	Account string
	// Intercept, when not nil, is asked before every request; see Fault.
	Intercept func(action string, body []byte) *Fault
	// Auth, when not nil, is what requests must be signed with; else any signature will do, and none.
	Auth *Credentials
	// Limits makes the service hold its clients to AWS's throughput.
	Limits bool
}

// ARN names a resource of this account: arn:aws:service:region:account:resource.
func (e *Env) ARN(service, resource string) string {
	return "arn:aws:" + service + ":" + e.Region + ":" + e.Account + ":" + resource
}

// Now is the clock's time in milliseconds since the epoch, the precision that AWS reports.
func (e *Env) Now() int64 { return e.Clock.Now().UnixMilli() }

// Clock is the only source of time in the embedded servers: arrival timestamps, iterator ages and dates of mails. Only
// deliveries that failed wait for it, so a virtual clock may stand still for as long as it likes.
type Clock interface{ Now() time.Time }

// SystemClock is the wall clock.
type SystemClock struct{}

// Now implements Clock.
func (SystemClock) Now() time.Time { return time.Now() }
