// Package awsclient is what the connectors to AWS services share: the `aws.*` options and what they mean to the SDK
// (options.go, settings.go, credentials.go), the HTTP client (http.go), and what to do when a call fails (classify.go,
// retry.go, errors.go).
//
// It knows no service: each connector makes its own client from Settings.Load. Every wait goes through runtime/clock, so
// the SDK's own retries, which sleep by the wall clock and say nothing, are switched off. Start reading at Settings.
package awsclient
