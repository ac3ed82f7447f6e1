package kinesis

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/internal/awsclient"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/runtime/clock"
)

// consumer is the consumer of enhanced fan-out that a source's shards are pushed to. One that the job manages is registered
// when the job first looks for shards, unless it is there, left by a job that was killed or by the attempt before; it is
// removed when the job ends. Its methods are called from one goroutine at a time, arn's readers start after register.
type consumer struct {
	source *source
	name   string // "" when only the ARN is known
	arn    string // "" until register
	// managed says that the job registers and removes it.
	managed    bool
	registered bool // register has been successful
}

// readConsumer checks the options of enhanced fan-out. It returns nil when records are polled: what the table says of a
// consumer then stands there for another day, as in Flink.
func (s *source) readConsumer() (*consumer, error) {
	const publisher, name, registration, arns = "scan.stream.recordpublisher", "scan.stream.efo.consumername", "scan.stream.efo.registration", "scan.stream.efo.consumerarn."
	v := s.table.Options
	if v.Enum(publisher) != "EFO" {
		return nil, nil
	}
	c := &consumer{source: s, name: v.String(name), managed: true}
	switch v.Enum(registration) {
	case "NONE", "SELF_MANAGED":
		c.managed = false
	}
	for stream, arn := range v.WithPrefix(arns) {
		key := arns + stream
		owner, _, ok := strings.Cut(arn, "/consumer/")
		switch {
		case stream != s.name:
			return nil, &option.Error{Key: key, Msg: fmt.Sprintf("option %q is for another stream than the table's, %q", key, s.name), Hint: fmt.Sprintf("use %q", arns+s.name)}
		case c.managed:
			return nil, &option.Error{Key: key, Msg: fmt.Sprintf("option %q names a consumer that exists, but by %q = '%s' the job registers one", key, s.spelling(registration), v.Enum(registration)),
				Hint: fmt.Sprintf("use '%s' = 'NONE', or leave out the ARN", s.spelling(registration))}
		case !ok || !strings.HasPrefix(arn, "arn:") || !strings.HasSuffix(owner, ":stream/"+s.name):
			return nil, option.Errorf(key, "option %q: %q is not the ARN of a consumer of stream %q, such as arn:aws:kinesis:us-east-1:123456789012:stream/%s/consumer/mine:1692711990",
				key, arn, s.name, s.name)
		}
		c.arn = arn
	}
	switch {
	case c.name != "" && c.arn != "":
		key := s.spelling(name)
		return nil, &option.Error{Key: key, Msg: fmt.Sprintf("options %q and %q both name the consumer; give one", key, arns+s.name)}
	case c.name == "" && c.arn == "":
		key := s.spelling(publisher)
		hint := "a name that no other job uses"
		if !c.managed {
			hint = fmt.Sprintf("or %q, with its ARN", arns+s.name)
		}
		return nil, &option.Error{Key: key, OnValue: true, Msg: fmt.Sprintf("option %q: EFO needs the option %q", key, s.spelling(name)), Hint: hint}
	}
	return c, nil
}

func (c *consumer) String() string { return cmp.Or(c.name, c.arn) }

// register makes sure that the consumer is there and ACTIVE.
func (c *consumer) register(ctx context.Context, client *kinesis.Client) error {
	if c.registered || c.name == "" {
		return nil
	}
	s := c.source
	retrier := s.retrier("consumer", nil)
	describe := policy(s.table.Options, describeFamily)
	stream, err := c.streamARN(ctx, client, retrier)
	if err != nil {
		return err
	}
	status := ""
	for n := 1; n <= max(describe.Max, 1); n++ {
		var d *ktypes.ConsumerDescription
		err := retrier.Do(ctx, "DescribeStreamConsumer", describe, func(ctx context.Context) error {
			out, err := client.DescribeStreamConsumer(ctx, &kinesis.DescribeStreamConsumerInput{StreamARN: &stream, ConsumerName: &c.name})
			if err == nil {
				d = out.ConsumerDescription
			}
			return err
		})
		switch missing := awsclient.Code(err) == "ResourceNotFoundException"; {
		case missing && !c.managed:
			return &connectors.Explained{Final: true, Err: err, Msg: fmt.Sprintf("table %s: stream %q has no consumer %q; register one, or let the job do it by '%s' = 'LAZY'",
				s.table.Path, s.name, c.name, s.spelling("scan.stream.efo.registration"))}
		case missing:
			if err := c.create(ctx, client, retrier, stream); err != nil {
				return err
			}
			status = "missing"
			continue
		case err != nil:
			return s.explain(err, "look for consumer "+c.name+" of")
		case d.ConsumerStatus == ktypes.ConsumerStatusActive:
			c.arn, c.registered = aws.ToString(d.ConsumerARN), true
			return nil
		}
		status = string(d.ConsumerStatus) // CREATING, or DELETING and then to be registered again
		if err := clock.Sleep(ctx, s.env.Clock, describe.Pause(n, retrier.Random)); err != nil {
			return err
		}
	}
	return fmt.Errorf("consumer %q of stream %q is still %s after %d looks; '%s' allows for more",
		c.name, s.name, status, describe.Max, s.spelling(describeFamily+".maxretries"))
}

// streamARN finds out the stream's ARN, of which a table may give only the name.
func (c *consumer) streamARN(ctx context.Context, client *kinesis.Client, retrier *awsclient.Retrier) (string, error) {
	s := c.source
	if s.arn != "" {
		return s.arn, nil
	}
	var arn string
	err := retrier.Do(ctx, "DescribeStreamSummary", policy(s.table.Options, describeFamily), func(ctx context.Context) error {
		out, err := client.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &s.name})
		if err == nil {
			arn = aws.ToString(out.StreamDescriptionSummary.StreamARN)
		}
		return err
	})
	if err != nil {
		return "", s.explain(err, "describe")
	}
	return arn, nil
}

// create registers the consumer. That somebody else was quicker is as good.
func (c *consumer) create(ctx context.Context, client *kinesis.Client, retrier *awsclient.Retrier, stream string) error {
	err := retrier.Do(ctx, "RegisterStreamConsumer", policy(c.source.table.Options, registerFamily), func(ctx context.Context) error {
		_, err := client.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: &stream, ConsumerName: &c.name})
		if awsclient.Code(err) == "ResourceInUseException" {
			return nil
		}
		return err
	})
	return c.source.explain(err, "register consumer "+c.name+" of")
}

// deregister removes a consumer that the job manages, which AWS charges for by the hour.
func (c *consumer) deregister(ctx context.Context) {
	if !c.managed || !c.registered {
		return
	}
	s := c.source
	ctx, cancel := context.WithTimeout(ctx, s.table.Options.Duration(deregisterFamily+".timeout"))
	defer cancel()
	retrier := s.retrier("consumer", nil)
	client, err := s.connect(ctx)
	if err == nil {
		err = retrier.Do(ctx, "DeregisterStreamConsumer", policy(s.table.Options, deregisterFamily), func(ctx context.Context) error {
			_, err := client.DeregisterStreamConsumer(ctx, &kinesis.DeregisterStreamConsumerInput{ConsumerARN: &c.arn})
			return err
		})
	}
	if err != nil && awsclient.Code(err) != "ResourceNotFoundException" {
		retrier.Log.Warn("a consumer was not removed; the next job that uses it finds it, else remove it by hand", "consumer", c.arn, "error", err)
	}
}
