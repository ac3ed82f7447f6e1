// Package stack makes the streams, consumers, topics and subscriptions that a file names, and deletes what it has made.
//
// The file is weir's own YAML (parse.go) or a CloudFormation template in YAML or JSON (template.go), of which the resources of
// those four kinds are read and the others named. A Plan compares the file with what is there (plan.go); Up and Down carry it
// out (apply.go). What was made is remembered in a file of the machine's (state.go), so that nothing else is ever deleted.
//
// It is not CloudFormation: there is no rollback, no drift, no change of what somebody else has made. It knows the services by
// the SDK's clients, and nothing of weir. Start reading at Stack.
package stack

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/weirsql/weir/diag/yamlfile"
)

// Kind is what a resource is. The order of the constants is that of making; deleting goes the other way.
type Kind int

// The kinds of resources.
const (
	Stream Kind = iota
	Consumer
	Topic
	Subscription
)

var kindNames = [...]string{"stream", "consumer", "topic", "subscription"}

func (k Kind) String() string { return kindNames[k] }

// Stack is what a file asks for.
type Stack struct {
	File      string
	Resources []*Resource // by kind, then as in the file
	Notes     []Note      // what the file has and a stack doesn't make
	// Params are the parameters of a template that were given, now or before, but for secrets (NoEcho).
	Params map[string]string
}

// Note is something of the file that is left alone.
type Note struct {
	Line int
	Text string
}

// Resource is a stream, consumer, topic or subscription that the file asks for.
type Resource struct {
	Kind Kind
	Name string // of a subscription, its endpoint
	Line int    // in the file
	// Parent is the stream's name or ARN of a consumer, and the topic's of a subscription.
	Parent string

	Shards         int32  // of a stream; 0 with OnDemand
	OnDemand       bool   // of a stream
	RetentionHours int32  // of a stream; 0: as it is
	Protocol       string // of a subscription
	// Attributes are a topic's or a subscription's, by the names of the API.
	Attributes map[string]string
	Tags       map[string]string // of all but subscriptions
}

// ID tells resources apart.
func (r *Resource) ID() string {
	switch r.Kind {
	case Consumer:
		return r.Kind.String() + " " + lastOf(r.Parent) + "/" + r.Name
	case Subscription:
		return r.Kind.String() + " " + lastOf(r.Parent) + " " + r.Protocol + " " + r.Name
	}
	return r.Kind.String() + " " + r.Name
}

// Error is a mistake in a stack's file. Its text leads with file, line and column.
type Error = yamlfile.Error

// finish sorts the resources, unless there are mistakes.
func (p *parser) finish() (*Stack, error) {
	at := map[string]*Resource{}
	for _, r := range p.stack.Resources {
		if old := at[r.ID()]; old != nil {
			p.Add(&Error{Line: r.Line, Msg: fmt.Sprintf("%s is in line %d already", r.ID(), old.Line), Hint: "leave one of them out"})
		}
		at[r.ID()] = r
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	slices.SortStableFunc(p.stack.Resources, func(a, b *Resource) int { return cmp.Compare(a.Kind, b.Kind) })
	return p.stack, nil
}
