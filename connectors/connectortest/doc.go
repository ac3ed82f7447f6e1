// Package connectortest holds what every connector must do, as tests to run against it: Source and Sink take a connector
// in a fake environment and try it the ways that the engine may use it. Each connector's own tests call them, beside tests
// of what is particular to it.
//
// The environment runs on a virtual clock, so nothing here waits.
package connectortest
