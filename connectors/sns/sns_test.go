package sns_test

import (
	"context"
	"errors"
	"fmt"
	"math"
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
	published []string // the messages of all Publish and PublishBatch requests
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{TB: t}
	var err error
	w.server, err = local.Start(context.Background(), local.Options{Seed: 1, NoSync: true, Intercept: func(action string, body []byte) *local.Fault {
		w.mu.Lock()
		defer w.mu.Unlock()
		if form, err := url.ParseQuery(string(body)); err == nil {
			switch action {
			case "Publish":
				w.published = append(w.published, form.Get("Message"))
			case "PublishBatch":
				for i := 1; form.Has(fmt.Sprintf("PublishBatchRequestEntries.member.%d.Id", i)); i++ {
					w.published = append(w.published, form.Get(fmt.Sprintf("PublishBatchRequestEntries.member.%d.Message", i)))
				}
			}
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
	c := w.client()
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

func (w *world) client() *awssns.Client {
	return awssns.New(awssns.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(w.server.SNSEndpoint()),
		Credentials: credentials.NewStaticCredentialsProvider("any", "any", ""),
	})
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
		{map[string]string{"topic": "a", "message": "x", "sink.batch.max-size": "11"}, "sink.batch.max-size", "from 1 to 10", ""},
		{map[string]string{"topic": "a", "message": "x", "sink.alert.max-per-minute": "0"}, "sink.alert.max-per-minute", "more than 0", ""},
		{map[string]string{"topic": "a", "message": "x", "attributes.rate": "${ctrpercnt}"}, "attributes.rate", `unknown column "ctrpercnt"`, `did you mean "ctrpercent"?`},
		{map[string]string{"topic": "a", "message": "x", "attributes.a..b": "x"}, "attributes.a..b", "no name of a message attribute", ""},
		{map[string]string{"topic": "a", "message": "x", "message.group-id": "x"}, "message.group-id", "is for FIFO topics", ""},
		{map[string]string{"topic": "a.fifo", "message": "x"}, "topic", `needs the option "message.group-id"`, ""},
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
				retried, err := publish(t, env, map[string]string{"topic": "ClickStreamEvent2", "subject": "s", "message": "${n}", "sink.batch.max-size": "1"}, []connectors.Column{col("n", types.IntType)}, rows...)
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

// Messages that wait go together, ten at most, and one that is refused for the moment goes again alone.
func TestBatch(t *testing.T) {
	w := newWorld(t)
	before := len(w.mails())
	requests := map[string]int{}
	w.faults(func(action string) *local.Fault {
		if requests[action]++; action == "PublishBatch" && requests[action] == 1 {
			return &local.Fault{Code: "InternalError", Entries: []int{3, 7}}
		}
		return nil
	})
	env := w.env()
	var rows [][]any
	var want []string
	for i := range 25 {
		rows, want = append(rows, []any{int32(i)}), append(want, fmt.Sprintf("s: %d", i))
	}
	env.Run(t, func() {
		retried, err := publish(t, env, map[string]string{"topic": "ClickStreamEvent2", "subject": "s", "message": "${n}"}, []connectors.Column{col("n", types.IntType)}, rows...)
		if err != nil || retried != 1 {
			t.Errorf("%d requests were repeated, %v", retried, err)
		}
	})
	got := w.mails()[before:]
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if requests["PublishBatch"] != 4 || requests["Publish"] != 0 {
		t.Errorf("requests: %v", requests)
	}
	w.intercept = func(action string) *local.Fault {
		if action == "PublishBatch" {
			return &local.Fault{Code: "InvalidParameter", Message: "Invalid parameter: Subject", Entries: []int{1}}
		}
		return nil
	}
	env = w.env()
	w.mu.Unlock()
	env.Run(t, func() {
		_, err := publish(t, env, map[string]string{"topic": "ClickStreamEvent2", "message": "${n}"}, []connectors.Column{col("n", types.IntType)}, rows[:3]...)
		if err == nil || !strings.Contains(err.Error(), "Invalid parameter: Subject") {
			t.Errorf("an entry that is wrong: %v", err)
		}
	})
	w.mu.Lock()
}

// Attributes carry values, numbers as such, for filter policies to see; NULLs are left out.
func TestAttributes(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	topic, err := c.CreateTopic(t.Context(), &awssns.CreateTopicInput{Name: aws.String("filtered")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Subscribe(t.Context(), &awssns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("email"), Endpoint: aws.String("bob@example.com"),
		Attributes: map[string]string{"FilterPolicy": `{"score": [{"numeric": [">", 3]}], "site": [{"prefix": "site-"}], "note": [{"exists": false}]}`}})
	if err != nil {
		t.Fatal(err)
	}
	before := len(w.mails())
	env := w.env()
	env.Run(t, func() {
		columns := []connectors.Column{col("site", types.StringType), col("score", types.DoubleType), col("note", types.StringType)}
		_, err := publish(t, env, map[string]string{"topic": "filtered", "subject": "s", "message": "${site} ${score}",
			"attributes.score": "${score}", "attributes.site": "site-${site}", "attributes.note": "${note}"}, columns,
			[]any{"a", 2.5, nil}, []any{"b", 3.5, nil}, []any{"c", 4.5, "x"}, []any{"d", math.Inf(1), nil}, []any{"e", nil, nil}, []any{"f", 1e9, ""})
		if err != nil {
			t.Error(err)
		}
	})
	if diff := cmp.Diff([]string{"s: b 3.5", "s: f 1000000000"}, w.mails()[before:]); diff != "" {
		t.Error(diff)
	}
}

// With a limit, what is too much for a minute comes as one message when the minute is over, also to a checkpoint.
func TestDigest(t *testing.T) {
	w := newWorld(t)
	before := len(w.mails())
	env := w.env()
	started := env.Clock.Now()
	columns := []connectors.Column{col("n", types.IntType)}
	options := map[string]string{"topic": "ClickStreamEvent2", "subject": "Anomaly ${n}", "message": "at ${n}", "sink.alert.max-per-minute": "3"}
	var took time.Duration
	env.Run(t, func() {
		var rows [][]any
		for i := range 8 {
			rows = append(rows, []any{int32(i)})
		}
		if _, err := publish(t, env, options, columns, rows...); err != nil {
			t.Error(err)
		}
		took = env.Clock.Now().Sub(started)
	})
	got := w.mails()[before:]
	if len(got) != 4 || took < time.Minute || took > 2*time.Minute {
		t.Fatalf("after %v: %q", took, got)
	}
	if diff := cmp.Diff([]string{"Anomaly 0: at 0", "Anomaly 1: at 1", "Anomaly 2: at 2"}, got[:3]); diff != "" {
		t.Error(diff)
	}
	subject, text, _ := strings.Cut(got[3], ": ")
	if subject != "Anomaly 3 (5 held back)" || !strings.HasPrefix(text, "5 messages were held back from ") || !strings.HasSuffix(text,
		" UTC, since more than 3 came in a minute.\n\nat 3\n\nAnomaly 4: at 4\n\nAnomaly 5: at 5\n\nAnomaly 6: at 6\n\nAnomaly 7: at 7") {
		t.Errorf("digest: %q", got[3])
	}

	// A single one that was held back comes as it is; more than fit into a message are counted.
	before = len(w.mails())
	env = w.env()
	env.Run(t, func() {
		if _, err := publish(t, env, options, columns, []any{int32(1)}, []any{int32(2)}, []any{int32(3)}, []any{int32(4)}); err != nil {
			t.Error(err)
		}
	})
	if got := w.mails()[before:]; len(got) != 4 || got[3] != "Anomaly 4: at 4" {
		t.Errorf("one held back: %q", got)
	}
	w.mu.Lock()
	w.published = nil
	w.mu.Unlock()
	env = w.env()
	env.Run(t, func() {
		var rows [][]any
		for range 5 {
			rows = append(rows, []any{strings.Repeat("x", 100_000)})
		}
		if _, err := publish(t, env, map[string]string{"topic": "unheard", "message": "${v}", "sink.alert.max-per-minute": "1"}, []connectors.Column{col("v", types.StringType)}, rows...); err != nil {
			t.Error(err)
		}
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.published) != 2 || len(w.published[1]) > 256<<10 || !strings.HasPrefix(w.published[1], "4 messages") || !strings.HasSuffix(w.published[1], "\n… and 2 more\n") {
		t.Errorf("a long digest: %d messages, the last ends in %q", len(w.published), w.published[len(w.published)-1][max(0, len(w.published[len(w.published)-1])-50):])
	}
}

// The limit is divided among the subtasks; one that can't be is refused.
func TestLimitOfSubtasks(t *testing.T) {
	w := newWorld(t)
	env := w.env()
	columns := []connectors.Column{col("n", types.IntType)}
	env.Run(t, func() {
		s, err := newSink(t, env, map[string]string{"topic": "unheard", "message": "${n}", "sink.alert.max-per-minute": "2"}, columns...)
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.NewWriter(context.Background(), connectors.WriterContext{Parallelism: 3, Columns: columns, Wake: func() {}})
		if err == nil || !strings.Contains(err.Error(), "'sink.parallelism' = '1'") {
			t.Errorf("2 a minute by 3 subtasks: %v", err)
		}
	})
}

// Messages of a FIFO topic keep their order within a group, whatever fails, and have what the topic asks for.
func TestFIFO(t *testing.T) {
	w := newWorld(t)
	_, err := w.client().CreateTopic(t.Context(), &awssns.CreateTopicInput{Name: aws.String("orders.fifo"), Attributes: map[string]string{"FifoTopic": "true"}})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	requests := 0
	w.faults(func(action string) *local.Fault {
		mu.Lock()
		defer mu.Unlock()
		if requests++; action == "PublishBatch" && requests%2 == 0 {
			return &local.Fault{Code: "InternalError", Entries: []int{0}}
		}
		return nil
	})
	env := w.env()
	columns := []connectors.Column{col("g", types.StringType), col("n", types.IntType)}
	var rows [][]any
	for i := range 9 {
		rows = append(rows, []any{[]string{"a", "b", "c"}[i%3], int32(i)})
	}
	env.Run(t, func() {
		options := map[string]string{"topic": "orders.fifo", "message": "${n}", "message.group-id": "${g}", "message.deduplication-id": "d${n}"}
		if _, err := publish(t, env, options, columns, rows...); err != nil {
			t.Error(err)
		}
		options["message.group-id"] = "${g} x"
		if _, err := publish(t, env, options, columns, rows[0]); err == nil || !strings.Contains(err.Error(), `the value "a x" of the option "message.group-id"`) {
			t.Errorf("a group with a blank: %v", err)
		}
		delete(options, "message.deduplication-id")
		options["message.group-id"] = "${g}"
		if _, err := publish(t, env, options, columns, rows[0]); err == nil || !strings.Contains(err.Error(), "MessageDeduplicationId") {
			t.Errorf("no deduplication: %v", err)
		}
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	last := map[int]int{}
	for _, m := range w.published[:len(w.published)-1] {
		var n int
		fmt.Sscan(m, &n)
		if n < last[n%3] {
			t.Errorf("%d comes behind %d: %v", n, last[n%3], w.published)
		}
		last[n%3] = n
	}
	if len(last) != 3 || last[0] != 6 || last[1] != 7 || last[2] != 8 {
		t.Errorf("published: %v", w.published)
	}
}

// Messages flow over a barrier: it is prepared when those before it are out, and an error comes to light in Prepared.
func TestBarriers(t *testing.T) {
	w := newWorld(t)
	env := w.env()
	columns := []connectors.Column{col("n", types.IntType)}
	env.Run(t, func() {
		s, err := newSink(t, env, map[string]string{"topic": "ClickStreamEvent2", "message": "${n}", "sink.batch.max-size": "1"}, columns...)
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

// Rows that make no message go where the job says, with the others around them in their places.
func TestUnfitRows(t *testing.T) {
	w := newWorld(t)
	before := len(w.mails())
	env := w.env()
	columns := []connectors.Column{col("v", types.StringType)}
	env.Run(t, func() {
		s, err := newSink(t, env, map[string]string{"topic": "ClickStreamEvent2", "subject": "s", "message": "${v}"}, columns...)
		if err != nil {
			t.Fatal(err)
		}
		var bad []string
		x, err := s.NewWriter(context.Background(), connectors.WriterContext{Parallelism: 1, Columns: columns, Wake: func() {},
			BadRow: func(raw []byte, where string, err error) error {
				bad = append(bad, fmt.Sprintf("%d bytes, %s: %v", len(raw), where, err))
				return nil
			}})
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		b := connectortest.NewBatch(columns)
		for _, v := range []string{"a", "", strings.Repeat("x", 256<<10+1), "b"} {
			b.Cols[0].AppendValue(v)
			b.AppendKind(types.Insert)
		}
		if err := errors.Join(x.Write(b), x.Barrier(1)); err != nil {
			t.Fatal(err)
		}
		env.Clock.NewWaiter().Wait(t.Context(), env.Clock.Now().Add(time.Minute))
		if _, done, err := x.Prepared(1); !done || err != nil {
			t.Errorf("prepared: %t, %v", done, err)
		}
		if len(bad) != 2 || !strings.HasPrefix(bad[0], "0 bytes, topic ClickStreamEvent2: the row makes an empty message") ||
			!strings.HasPrefix(bad[1], "262145 bytes, topic ClickStreamEvent2: the row makes a message of 262145 bytes, attributes included, and SNS takes 262144 at most; it begins \"xxx") {
			t.Errorf("set aside: %.300q", bad)
		}
	})
	if diff := cmp.Diff([]string{"s: a", "s: b"}, w.mails()[before:]); diff != "" {
		t.Error(diff)
	}
}

// What a writer says of itself while messages are refused or held back, and when all is done.
func TestSending(t *testing.T) {
	w := newWorld(t)
	env := w.env()
	started := env.Clock.Now()
	columns := []connectors.Column{col("v", types.StringType)}
	env.Run(t, func() {
		s, err := newSink(t, env, map[string]string{"topic": "unheard", "message": "${v}", "sink.alert.max-per-minute": "2"}, columns...)
		if err != nil {
			t.Fatal(err)
		}
		x, err := s.NewWriter(context.Background(), connectors.WriterContext{Parallelism: 1, Columns: columns, Wake: func() {}})
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		wait := env.Clock.NewWaiter()
		pass := func(d time.Duration) { wait.Wait(t.Context(), env.Clock.Now().Add(d)) }
		write := func(values ...string) {
			b := connectortest.NewBatch(columns)
			for _, v := range values {
				b.Cols[0].AppendValue(v)
				b.AppendKind(types.Insert)
			}
			if err := x.Write(b); err != nil {
				t.Error(err)
			}
		}
		asked := 0
		w.faults(func(action string) *local.Fault {
			if asked++; asked == 1 {
				return &local.Fault{Code: "InternalError", Status: 500}
			}
			return &local.Fault{Code: "Throttled", Status: 429}
		})
		write("abc", "de")
		pass(5 * time.Second)
		sending := func() connectors.Sending { return x.(connectors.Sender).Sending() }
		if f := sending(); f.Rows != 2 || f.Buffer != 5 || !f.Oldest.Equal(started) || f.Refused != 1 || f.Throttled < 2 || f.Records != 0 {
			t.Errorf("throttled: %+v", f)
		}
		w.faults(nil)
		pass(5 * time.Second)
		write("fgh")
		since := env.Clock.Now()
		pass(5 * time.Second)
		if f := sending(); f.Rows != 1 || f.Buffer != 3 || !f.Oldest.Equal(since) || f.Records != 2 || f.Bytes != 5 {
			t.Errorf("one is held back: %+v", f)
		}
		pass(2 * time.Minute)
		if f := sending(); f.Rows != 0 || f.Buffer != 0 || !f.Oldest.IsZero() || f.InFlight != 0 || f.Records != 3 || f.Bytes != 8 || f.Requests < 4 {
			t.Errorf("at last: %+v", f)
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
