package sns_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/connectors/sns"
	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/types"
)

// world is an embedded server with a topic ClickStreamEvent2 whose subscriber gets e-mails, and one that nobody has
// subscribed to.
type world struct {
	testing.TB
	server *local.Server

	mu        sync.Mutex
	intercept func(action string) *local.Fault
	published []string // the messages of all Publish requests
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t}
	var err error
	w.server, err = local.Start(context.Background(), local.Options{Seed: 1, NoSync: true, Intercept: func(action string, body []byte) *local.Fault {
		w.mu.Lock()
		defer w.mu.Unlock()
		if form, err := url.ParseQuery(string(body)); action == "Publish" && err == nil {
			w.published = append(w.published, form.Get("Message"))
		}
		if w.intercept == nil {
			return nil
		}
		return w.intercept(action)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.server.Close(); err != nil {
			t.Error(err)
		}
	})
	c := awssns.New(awssns.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(w.server.SNSEndpoint()),
		Credentials: credentials.NewStaticCredentialsProvider("any", "any", ""),
	})
	if _, err := c.CreateTopic(t.Context(), &awssns.CreateTopicInput{Name: aws.String("unheard")}); err != nil {
		t.Fatal(err)
	}
	topic, err := c.CreateTopic(t.Context(), &awssns.CreateTopicInput{Name: aws.String("ClickStreamEvent2")})
	if err != nil {
		t.Fatal(err)
	}
	in := &awssns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("email"), Endpoint: aws.String("ann@example.com")}
	if _, err := c.Subscribe(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	return w
}

// faults makes requests fail from now on; f is called under a lock.
func (w *world) faults(f func(action string) *local.Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.intercept = f
}

// mails returns `subject: body` of the mails that were delivered.
func (w *world) mails() (all []string) {
	w.Helper()
	mails, err := w.server.Mails()
	if err != nil {
		w.Fatal(err)
	}
	for _, m := range mails {
		body, _, _ := strings.Cut(strings.ReplaceAll(m.Body, "\r\n", "\n"), "\n\n--\n") // what AWS writes below every mail
		all = append(all, m.Subject+": "+strings.TrimRight(body, "\n"))
	}
	return all
}

func (w *world) env() *connectortest.Env {
	env := connectortest.NewEnv()
	env.SNSEndpoint = w.server.SNSEndpoint()
	return env
}

func col(name string, t types.Type) connectors.Column { return connectors.Column{Name: name, Type: t} }

func newSink(t testing.TB, env *connectortest.Env, options map[string]string, columns ...connectors.Column) (connectors.Sink, error) {
	t.Helper()
	return sns.Spec.NewSink(&env.Env, connectortest.Table(t, sns.Spec, nil, options, columns...))
}

// publish writes rows and waits until they are safe. To be called by a participant of the clock.
func publish(t testing.TB, env *connectortest.Env, options map[string]string, columns []connectors.Column, rows ...[]any) (retried int64, err error) {
	t.Helper()
	s, err := newSink(t, env, options, columns...)
	if err != nil {
		t.Fatal(err)
	}
	var again atomic.Int64
	waiter := env.Clock.NewWaiter()
	w, err := s.NewWriter(context.Background(), connectors.WriterContext{
		Parallelism: 1, Columns: columns, Wake: waiter.Wake, Retried: func() { again.Add(1) },
	})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	b := connectortest.NewBatch(columns)
	for _, row := range rows {
		for i, v := range row {
			b.Cols[i].AppendValue(v)
		}
		b.AppendKind(types.Insert)
	}
	if err := w.Write(b); err != nil {
		return 0, err
	}
	if err := w.Barrier(1); err != nil {
		return again.Load(), err
	}
	for {
		_, done, err := w.Prepared(1)
		if done || err != nil {
			return again.Load(), err
		}
		before := env.Clock.Now()
		waiter.Wait(context.Background(), before.Add(time.Hour))
		if env.Clock.Now().Sub(before) >= time.Hour {
			return again.Load(), errors.New("nothing has been published for an hour")
		}
	}
}

// The lab's notification, word for word.
func TestLab(t *testing.T) {
	w := newWorld(t)
	env := w.env()
	before := len(w.mails())
	env.Run(t, func() {
		_, err := publish(t, env, map[string]string{
			"topic": "ClickStreamEvent2", "aws.region": "us-east-1", "subject": "Anomaly Detected",
			"message": "Anomaly detected with a click through rate of ${ctrpercent}% and an anomaly score of ${anomaly_score}",
		}, []connectors.Column{col("rowtime", types.TimestampType(6)), col("ctrpercent", types.DoubleType), col("anomaly_score", types.DoubleType)},
			[]any{int64(0), 500.0, 6.482049264893886}, []any{int64(0), 166.7, 6.3853022609402466})
		if err != nil {
			t.Fatal(err)
		}
	})
	want := []string{
		"Anomaly Detected: Anomaly detected with a click through rate of 500% and an anomaly score of 6.482049264893886",
		"Anomaly Detected: Anomaly detected with a click through rate of 166.7% and an anomaly score of 6.3853022609402466",
	}
	if diff := cmp.Diff(want, w.mails()[before:]); diff != "" {
		t.Error(diff)
	}
}

// What every sink must do.
func TestSink(t *testing.T) {
	w := newWorld(t)
	columns := []connectors.Column{col("n", types.IntType)}
	connectortest.Sink(t, connectortest.SinkCase{
		New: func(t *testing.T, env *connectortest.Env) connectors.Sink {
			env.SNSEndpoint = w.server.SNSEndpoint()
			s, err := newSink(t, env, map[string]string{"topic": "unheard", "message": "row ${n}"}, columns...)
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		Columns: columns,
		Row:     func(n int) []any { return []any{int32(n)} },
		Contents: func(*testing.T, *connectortest.Env) []string {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.published
		},
		Want: func(n int) string { return fmt.Sprintf("row %d", n) },
		Reset: func(*testing.T) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.published = nil
		},
	})
}

// Values in templates.
func TestTemplate(t *testing.T) {
	w := newWorld(t)
	num := func(text string, scale int32) decimal128.Num {
		d, err := decimal128.FromString(text, 38, scale)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, c := range []struct {
		message string
		typ     types.Type
		value   any
		want    string
	}{
		{"${v}", types.DoubleType, 500.0, "500"},
		{"${v}", types.DoubleType, -0.5, "-0.5"},
		{"${v}", types.DoubleType, 1e21, "1e+21"},
		{"${v}", types.DoubleType, 123456789012345680000.0, "123456789012345680000"},
		{"${v}", types.DoubleType, 1e-6, "0.000001"},
		{"${v}", types.DoubleType, 1.5e-7, "1.5e-7"},
		{"${v}", types.DoubleType, 5e-324, "5e-324"},
		{"${v}", types.FloatType, float32(0.1), "0.1"},
		{"${v}", types.DecimalType(10, 2), num("12.30", 2), "12.3"},
		{"${v}", types.DecimalType(10, 2), num("12.00", 2), "12"},
		{"${v}", types.BigIntType, int64(9007199254740993), "9007199254740993"},
		{"${v}", types.BooleanType, true, "true"},
		{"${v}", types.TimestampType(3), int64(1692711990120), "2023-08-22 13:46:30.12"},
		{"${v}", types.StringType, nil, "null"},
		{"${v} and ${v}", types.StringType, "ä", "ä and ä"},
		{"$${v} costs $5 or $ {v}", types.StringType, "x", "${v} costs $5 or $ {v}"},
		{"a$$${v}b", types.StringType, "x", "a$${v}b"},
	} {
		before := len(w.mails())
		env := w.env()
		env.Run(t, func() {
			columns := []connectors.Column{col("v", c.typ)}
			if _, err := publish(t, env, map[string]string{"topic": "ClickStreamEvent2", "subject": "s", "message": c.message}, columns, []any{c.value}); err != nil {
				t.Errorf("%s: %v", c.message, err)
			}
		})
		if got := w.mails()[before:]; len(got) != 1 || got[0] != "s: "+c.want {
			t.Errorf("%s with %s %v: %q, want %q", c.message, c.typ, c.value, got, c.want)
		}
	}
}

// A subject becomes what SNS takes, whatever the values.
func TestSubject(t *testing.T) {
	w := newWorld(t)
	before := len(w.mails())
	env := w.env()
	env.Run(t, func() {
		columns := []connectors.Column{col("v", types.StringType)}
		options := map[string]string{"topic": "ClickStreamEvent2", "subject": "${v}", "message": "x"}
		if _, err := publish(t, env, options, columns, []any{"two\nlines"}, []any{strings.Repeat("ä", 200)}, []any{""}); err != nil {
			t.Fatal(err)
		}
	})
	got := w.mails()[before:]
	if len(got) != 3 || got[0] != "two lines: x" || got[1] != strings.Repeat("ä", 99)+": x" {
		t.Errorf("mails %q", got)
	}
}

// Templates and topics that are wrong are refused at their option before anything runs.
func TestRefusedOptions(t *testing.T) {
	columns := []connectors.Column{col("ctrpercent", types.DoubleType), col("tags", types.ArrayType(types.StringType)),
		{Name: "virtual", Type: types.IntType, MetadataKey: "x", Virtual: true}}
	for _, c := range []struct {
		options        map[string]string
		key, msg, hint string
	}{
		{map[string]string{"message": "x"}, "topic", `"topic" or "topic.arn" is required`, ""},
		{map[string]string{"topic": "a", "topic.arn": "b", "message": "x"}, "topic.arn", "both name the topic", ""},
		{map[string]string{"topic.arn": "arn:aws:kinesis:r:1:stream/x", "message": "x"}, "topic.arn", "is not the ARN of a topic", ""},
		{map[string]string{"topic": "arn:aws:sns:r:1:x", "message": "x"}, "topic", `give it as "topic.arn"`, ""},
		{map[string]string{"topic": "a", "message": "${ctrpercnt}"}, "message", `unknown column "ctrpercnt"`, `did you mean "ctrpercent"?`},
		{map[string]string{"topic": "a", "message": "x", "subject": "${zzzzzz}"}, "subject", `unknown column "zzzzzz"`, "columns: ctrpercent, tags"},
		{map[string]string{"topic": "a", "message": "${virtual}"}, "message", `unknown column "virtual"`, ""},
		{map[string]string{"topic": "a", "message": "${ctrpercent"}, "message", "without }", ""},
		{map[string]string{"topic": "a", "message": "${tags}"}, "message", "which has no text", ""},
		{map[string]string{"topic": "a", "message": ""}, "message", "is empty", ""},
		{map[string]string{"topic": "a", "message": "x", "sink.requests.max-buffered": "0"}, "sink.requests.max-buffered", "more than 0", ""},
	} {
		env := connectortest.NewEnv()
		env.SNSEndpoint = "http://127.0.0.1:1"
		_, err := newSink(t, env, c.options, columns...)
		var e *option.Error
		if !errors.As(err, &e) || e.Key != c.key || !strings.Contains(e.Msg, c.msg) || c.hint != "" && e.Hint != c.hint {
			t.Errorf("%v: %v, want %q at %s", c.options, err, c.msg, c.key)
		}
	}
}

// A topic that doesn't exist, and one that nearly does.
func TestUnknownTopic(t *testing.T) {
	w := newWorld(t)
	for topic, near := range map[string]string{"ClickStreamEvent": `did you mean "ClickStreamEvent2"? `, "other": ""} {
		env := w.env()
		env.Run(t, func() {
			_, err := publish(t, env, map[string]string{"topic": topic, "message": "x"}, nil)
			for _, part := range []string{"`c`.`d`.`t`", fmt.Sprintf("topic %q does not exist in region us-east-1", topic), w.server.SNSEndpoint(),
				"; " + near + "create it with: weir topic create " + topic + " --local"} {
				if err == nil || !strings.Contains(err.Error(), part) {
					t.Errorf("%s: %v lacks %q", topic, err, part)
				}
			}
		})
	}
}

// Messages go out in order and just once through throttling and server errors, twice at worst through lost answers.
func TestFaults(t *testing.T) {
	for name, fault := range map[string]local.Fault{
		"throttled":    {Code: "Throttled", Status: 429},
		"server error": {Code: "InternalError", Status: 500},
		"broken":       {Close: true},
		"lost answer":  {Close: true, Apply: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			before := len(w.mails())
			asked := 0
			w.faults(func(string) *local.Fault {
				if asked++; asked%3 == 0 {
					return nil
				}
				return &fault
			})
			env := w.env()
			var rows [][]any
			var want []string
			for i := range 10 {
				rows, want = append(rows, []any{int32(i)}), append(want, fmt.Sprintf("s: %d", i))
			}
			env.Run(t, func() {
				retried, err := publish(t, env, map[string]string{"topic": "ClickStreamEvent2", "subject": "s", "message": "${n}"}, []connectors.Column{col("n", types.IntType)}, rows...)
				if err != nil {
					t.Error(err)
				}
				if retried == 0 {
					t.Error("no repeated request was counted")
				}
			})
			got := w.mails()[before:]
			if fault.Apply {
				got = slices.Compact(got)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Messages flow over a barrier: it is prepared when those before it are out, and an error comes to light in Prepared.
func TestBarriers(t *testing.T) {
	w := newWorld(t)
	env := w.env()
	columns := []connectors.Column{col("n", types.IntType)}
	env.Run(t, func() {
		s, err := newSink(t, env, map[string]string{"topic": "ClickStreamEvent2", "message": "${n}"}, columns...)
		if err != nil {
			t.Fatal(err)
		}
		x, err := s.NewWriter(context.Background(), connectors.WriterContext{Parallelism: 1, Columns: columns, Wake: func() {}})
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		write := func(rows ...int32) {
			b := connectortest.NewBatch(columns)
			for _, n := range rows {
				b.Cols[0].AppendValue(n)
				b.AppendKind(types.Insert)
			}
			if err := x.Write(b); err != nil {
				t.Error(err)
			}
		}
		barrier := func(id int64) {
			if err := x.Barrier(id); err != nil {
				t.Error(err)
			}
		}
		prepared := func(id int64, want bool) {
			t.Helper()
			if _, done, err := x.Prepared(id); done != want || err != nil {
				t.Errorf("checkpoint %d is prepared: %t, %v", id, done, err)
			}
		}
		wait := env.Clock.NewWaiter()
		pass := func() { wait.Wait(t.Context(), env.Clock.Now().Add(5*time.Second)) }
		good := 2
		w.faults(func(string) *local.Fault {
			if good--; good >= 0 {
				return nil
			}
			return &local.Fault{Code: "Throttled", Status: 429}
		})
		write(1, 2)
		barrier(1)
		write(3)
		barrier(2)
		write(4)
		pass()
		prepared(1, true)
		prepared(2, false)
		w.faults(nil)
		pass()
		prepared(2, true)
		w.faults(func(string) *local.Fault {
			return &local.Fault{Code: "AuthorizationError", Status: 403, Message: "not yours"}
		})
		write(5)
		barrier(3)
		pass()
		if _, done, err := x.Prepared(3); done || err == nil || !strings.Contains(err.Error(), "not yours") {
			t.Errorf("denied: %t, %v", done, err)
		}
	})
}

// What won't pass fails the job, in the user's terms.
func TestFatal(t *testing.T) {
	w := newWorld(t)
	w.faults(func(action string) *local.Fault {
		if action != "Publish" {
			return nil
		}
		return &local.Fault{Code: "AuthorizationError", Status: 403, Message: "not yours"}
	})
	env := w.env()
	env.Run(t, func() {
		columns := []connectors.Column{col("v", types.StringType)}
		_, err := publish(t, env, map[string]string{"topic": "ClickStreamEvent2", "message": "${v}"}, columns, []any{"x"})
		if err == nil || !strings.Contains(err.Error(), "publish to topic ClickStreamEvent2 in region us-east-1") || !strings.Contains(err.Error(), "access denied: not yours") {
			t.Errorf("denied: %v", err)
		}
		for value, want := range map[string]string{"": "empty message", strings.Repeat("x", 256<<10+1): "262144 at most"} {
			if _, err := publish(t, env, map[string]string{"topic": "ClickStreamEvent2", "message": "${v}"}, columns, []any{value}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("a message of %d bytes: %v", len(value), err)
			}
		}
	})
}
