package sns_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/local"
	localsns "github.com/weirsql/weir/local/sns"
	"github.com/weirsql/weir/runtime/clock"
)

// endpoint is an http subscriber. It answers as answer says, and passes on what it gets.
type endpoint struct {
	*httptest.Server
	got chan hit

	mu     sync.Mutex
	answer func(n int) int // status of the n-th request, from 0
	n      int
}

type hit struct {
	header http.Header
	body   string
}

func newEndpoint(t *testing.T, answer func(n int) int) *endpoint {
	e := &endpoint{got: make(chan hit, 1000), answer: answer}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		e.mu.Lock()
		status := e.answer(e.n)
		e.n++
		e.mu.Unlock()
		w.WriteHeader(status)
		e.got <- hit{r.Header, string(body)}
	}))
	t.Cleanup(e.Close)
	return e
}

func always(status int) func(int) int { return func(int) int { return status } }

// next is what the endpoint gets next.
func (e *endpoint) next(t *testing.T) hit {
	t.Helper()
	select {
	case h := <-e.got:
		return h
	case <-time.After(20 * time.Second):
		t.Fatal("nothing comes")
		panic("unreachable")
	}
}

// confirm subscribes the endpoint and confirms by the URL that it is sent.
func (e *endpoint) confirm(t *testing.T, c *sns.Client, topic *string, attributes map[string]string) (arn *string) {
	t.Helper()
	out, err := c.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("http"), Endpoint: &e.URL,
		Attributes: attributes, ReturnSubscriptionArn: true})
	if err != nil {
		t.Fatal(err)
	}
	var n map[string]any
	if err := json.Unmarshal([]byte(e.next(t).body), &n); err != nil {
		t.Fatal(err)
	}
	get(t, n["SubscribeURL"].(string))
	return out.SubscriptionArn
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("GET %s: %s %v\n%s", url, resp.Status, err, body)
	}
	return string(body)
}

// verify checks a notification's signature by AWS's rules, as sns-verify-signature-of-message.html has them.
func verify(t *testing.T, n map[string]any) {
	t.Helper()
	names := []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	if n["Type"] != "Notification" {
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	var text strings.Builder
	for _, name := range names {
		if v, ok := n[name].(string); ok {
			text.WriteString(name + "\n" + v + "\n")
		}
	}
	block, _ := pem.Decode([]byte(get(t, n["SigningCertURL"].(string))))
	if block == nil {
		t.Fatal("the certificate is not PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := base64.StdEncoding.DecodeString(n["Signature"].(string))
	if err != nil {
		t.Fatal(err)
	}
	algorithm := map[any]x509.SignatureAlgorithm{"1": x509.SHA1WithRSA, "2": x509.SHA256WithRSA}[n["SignatureVersion"]]
	if algorithm == x509.SHA1WithRSA { // the library refuses it
		if err := verifySHA1(cert, []byte(text.String()), signature); err != nil {
			t.Errorf("signature of version 1: %v", err)
		}
		return
	}
	if err := cert.CheckSignature(algorithm, []byte(text.String()), signature); err != nil {
		t.Errorf("signature of version %v: %v", n["SignatureVersion"], err)
	}
}

func publish(t *testing.T, c *sns.Client, topic *string, message string) *sns.PublishOutput {
	t.Helper()
	out, err := c.Publish(t.Context(), &sns.PublishInput{TopicArn: topic, Message: &message})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// An endpoint is asked to confirm, gets nothing before, and then signed notifications.
func TestHTTP(t *testing.T) {
	_, c := start(t, local.Options{})
	ctx := t.Context()
	e := newEndpoint(t, always(200))
	arn := topic(t, c, "alerts")
	out, err := c.Subscribe(ctx, &sns.SubscribeInput{TopicArn: arn, Protocol: aws.String("http"), Endpoint: &e.URL})
	if err != nil || *out.SubscriptionArn != "pending confirmation" {
		t.Fatalf("subscribe: %v %v", out, err)
	}
	publish(t, c, arn, "too early")
	listed := func() string {
		t.Helper()
		subs, err := c.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: arn})
		if err != nil || len(subs.Subscriptions) != 1 {
			t.Fatalf("list: %v %v", subs, err)
		}
		return *subs.Subscriptions[0].SubscriptionArn
	}
	if got := listed(); got != "PendingConfirmation" {
		t.Errorf("before it is confirmed: %s", got)
	}

	h := e.next(t)
	var n map[string]any
	if err := json.Unmarshal([]byte(h.body), &n); err != nil {
		t.Fatal(err)
	}
	if n["Type"] != "SubscriptionConfirmation" || h.header.Get("x-amz-sns-message-type") != "SubscriptionConfirmation" || n["TopicArn"] != *arn ||
		n["Message"] != "You have chosen to subscribe to the topic "+*arn+".\nTo confirm the subscription, visit the SubscribeURL included in this message." {
		t.Errorf("confirmation: %v\n%s", h.header, h.body)
	}
	verify(t, n)
	_, err = c.ConfirmSubscription(ctx, &sns.ConfirmSubscriptionInput{TopicArn: arn, Token: aws.String("0123")})
	var invalid *types.InvalidParameterException
	if !errors.As(err, &invalid) || invalid.ErrorMessage() != "Invalid parameter: Token" {
		t.Errorf("wrong token: %v", err)
	}
	token := n["Token"].(string)
	confirmed, err := c.ConfirmSubscription(ctx, &sns.ConfirmSubscriptionInput{TopicArn: arn, Token: &token})
	if err != nil {
		t.Fatal(err)
	}
	sub := confirmed.SubscriptionArn
	if got := listed(); got != *sub {
		t.Errorf("confirmed as %s, listed as %s", *sub, got)
	}
	if body := get(t, n["SubscribeURL"].(string)); !strings.Contains(body, *sub) {
		t.Errorf("confirmed again: %s", body)
	}

	for _, version := range []string{"1", "2"} {
		if _, err := c.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: arn, AttributeName: aws.String("SignatureVersion"), AttributeValue: &version}); err != nil {
			t.Fatal(err)
		}
		out, err := c.Publish(ctx, &sns.PublishInput{TopicArn: arn, Subject: aws.String("s <&> ü"), Message: aws.String("one\n\"two\""),
			MessageAttributes: map[string]types.MessageAttributeValue{"n": {DataType: aws.String("Number"), StringValue: aws.String("7")}}})
		if err != nil {
			t.Fatal(err)
		}
		h, n := e.next(t), map[string]any{}
		if err := json.Unmarshal([]byte(h.body), &n); err != nil {
			t.Fatal(err)
		}
		verify(t, n)
		for _, k := range []string{"Signature", "SigningCertURL", "UnsubscribeURL"} {
			if n[k] == "" {
				t.Errorf("no %s", k)
			}
			delete(n, k)
		}
		want := map[string]any{"Type": "Notification", "MessageId": *out.MessageId, "TopicArn": *arn, "Subject": "s <&> ü", "Message": "one\n\"two\"",
			"Timestamp": "2026-03-01T12:00:00.500Z", "SignatureVersion": version,
			"MessageAttributes": map[string]any{"n": map[string]any{"Type": "Number", "Value": "7"}}}
		if diff := cmp.Diff(want, n); diff != "" {
			t.Error(diff)
		}
		for k, v := range map[string]string{"x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": *out.MessageId, "x-amz-sns-topic-arn": *arn,
			"x-amz-sns-subscription-arn": *sub, "Content-Type": "text/plain; charset=UTF-8", "User-Agent": "Amazon Simple Notification Service Agent"} {
			if got := h.header.Get(k); got != v {
				t.Errorf("header %s: %q, want %q", k, got, v)
			}
		}
	}

	set := func(name, value string) {
		t.Helper()
		if _, err := c.SetSubscriptionAttributes(ctx, &sns.SetSubscriptionAttributesInput{SubscriptionArn: sub, AttributeName: &name, AttributeValue: &value}); err != nil {
			t.Fatal(err)
		}
	}
	set("RawMessageDelivery", "true")
	set("DeliveryPolicy", `{"requestPolicy":{"headerContentType":"application/json"}}`)
	publish(t, c, arn, `{"a":1}`)
	if h := e.next(t); h.body != `{"a":1}` || h.header.Get("x-amz-sns-rawdelivery") != "true" || h.header.Get("Content-Type") != "application/json" {
		t.Errorf("raw: %v %s", h.header, h.body)
	}
	set("RawMessageDelivery", "false")
	publish(t, c, arn, "m")
	if err := json.Unmarshal([]byte(e.next(t).body), &n); err != nil {
		t.Fatal(err)
	}
	get(t, n["UnsubscribeURL"].(string))
	var notFound *types.NotFoundException
	if _, err := c.GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: sub}); !errors.As(err, &notFound) || notFound.ErrorMessage() != "Subscription does not exist" {
		t.Errorf("unsubscribed by URL: %v", err)
	}
}

// What an endpoint doesn't take is tried again by AWS's delivery policy, 20 seconds apart unless another is set, and then
// listed as failed. An answer of 4xx is final.
func TestDeliveryPolicy(t *testing.T) {
	for _, x := range []struct {
		name, policy string
		answer       func(n int) int
		at           string // attempts, in seconds
		failed       string
	}{
		{"default", "", always(500), "0 20 40 60", "the endpoint answered 500 Internal Server Error"},
		{"recovers", "", func(n int) int { return map[bool]int{true: 503, false: 204}[n < 2] }, "0 20 40", ""},
		{"refused", "", always(403), "0", "the endpoint answered 403 Forbidden"},
		{"redirected", "", always(302), "0", "the endpoint answered 302 Found"},
		{"throttled", "", func(n int) int { return map[bool]int{true: 429, false: 200}[n < 1] }, "0 20", ""},
		{"no retries", `{"numRetries":0,"minDelayTarget":1,"maxDelayTarget":1}`, always(500), "0", "the endpoint answered 500 Internal Server Error"},
		{"phases", `{"numRetries":7,"numNoDelayRetries":1,"numMinDelayRetries":1,"minDelayTarget":2,"maxDelayTarget":16,"numMaxDelayRetries":1,"backoffFunction":"exponential"}`,
			always(500), "0 0 2 4 8 16 32 48", "the endpoint answered 500 Internal Server Error"},
		{"linear", `{"numRetries":2,"minDelayTarget":10,"maxDelayTarget":20,"backoffFunction":"linear"}`, always(500), "0 15 35", "the endpoint answered 500 Internal Server Error"},
	} {
		t.Run(x.name, func(t *testing.T) {
			begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
			virtual := clock.NewVirtual(begin)
			told := make(chan localsns.Delivery, 100)
			s, err := local.Start(context.Background(), local.Options{Clock: virtual, OnDelivery: func(d localsns.Delivery) { told <- d }})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			c := client(s)
			confirmed := false
			var at []string
			e := newEndpoint(t, func(n int) int {
				if !confirmed {
					confirmed = true
					return 200
				}
				at = append(at, fmt.Sprint(int(virtual.Now().Sub(begin).Seconds())))
				return x.answer(n - 1)
			})
			arn := topic(t, c, "alerts")
			var attributes map[string]string
			if x.policy != "" {
				attributes = map[string]string{"DeliveryPolicy": `{"healthyRetryPolicy":` + x.policy + `}`}
			}
			sub := e.confirm(t, c, arn, attributes)
			publish(t, c, arn, "m")
			if d := <-told; d.Error != "" || d.Attempts != 0 {
				t.Errorf("confirmation: %+v", d)
			}
			attempts := strings.Fields(x.at)
			for i := range attempts {
				last := i == len(attempts)-1
				if d := <-told; (d.Error == "") != (last && x.failed == "") || d.Failed != (last && x.failed != "") || d.Endpoint != e.URL {
					t.Errorf("told of attempt %d: %+v", i, d)
				}
			}
			left, err := s.Deliveries()
			if err != nil {
				t.Fatal(err)
			}
			e.mu.Lock()
			defer e.mu.Unlock()
			if got := strings.Join(at, " "); got != x.at {
				t.Errorf("attempts at %s, want %s", got, x.at)
			}
			switch {
			case x.failed == "" && len(left) > 0:
				t.Errorf("left: %+v", left)
			case x.failed != "" && (len(left) != 1 || left[0].Error != x.failed || left[0].Subscription != *sub || left[0].Attempts != len(at)):
				t.Errorf("left: %+v, want one with %q", left, x.failed)
			}
		})
	}
}

// clockAt tells a fixed time.
type clockAt time.Time

func (c clockAt) Now() time.Time { return time.Time(c) }

// What was acknowledged and not delivered is delivered by the next process, and so is the confirmation.
func TestDeliveryRestart(t *testing.T) {
	dir := t.TempDir()
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	e := newEndpoint(t, func(n int) int { return map[bool]int{true: 503, false: 200}[n == 0 || n == 2] })
	told := make(chan localsns.Delivery, 100)
	run := func(after time.Duration, f func(s *local.Server, c *sns.Client)) {
		t.Helper()
		s, err := local.Start(context.Background(), local.Options{Dir: dir, Clock: clockAt(begin.Add(after)), OnDelivery: func(d localsns.Delivery) { told <- d }})
		if err != nil {
			t.Fatal(err)
		}
		f(s, client(s))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var arn, token *string
	run(0, func(_ *local.Server, c *sns.Client) {
		arn = topic(t, c, "alerts")
		subscribe(t, c, arn, "http", e.URL)
		e.next(t) // 503
		<-told
	})
	run(time.Hour, func(_ *local.Server, c *sns.Client) {
		var n map[string]any
		if err := json.Unmarshal([]byte(e.next(t).body), &n); err != nil {
			t.Fatal(err)
		}
		<-told
		token = aws.String(n["Token"].(string))
		if _, err := c.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{TopicArn: arn, Token: token}); err != nil {
			t.Fatal(err)
		}
		publish(t, c, arn, "not lost")
		e.next(t) // 503
		<-told
	})
	left, err := local.Deliveries(dir) // while nobody runs
	if err != nil || len(left) != 1 || left[0].Failed || left[0].Endpoint != e.URL {
		t.Errorf("left: %+v %v", left, err)
	}
	run(2*time.Hour, func(s *local.Server, _ *sns.Client) {
		var n map[string]any
		if err := json.Unmarshal([]byte(e.next(t).body), &n); err != nil || n["Message"] != "not lost" || n["Timestamp"] != "2026-03-01T13:00:00.000Z" {
			t.Errorf("delivered: %v %v", n, err)
		}
		verify(t, n)
		if d := <-told; d.Error != "" || d.Attempts != 1 {
			t.Errorf("told of %+v", d)
		}
	})
	run(3*time.Hour, func(s *local.Server, _ *sns.Client) {
		if left, err := local.Deliveries(dir); err != nil || len(left) != 0 { // of the one that runs
			t.Errorf("left: %+v %v", left, err)
		}
	})
}

// Nobody who hasn't confirmed within two days is kept.
func TestUnconfirmed(t *testing.T) {
	dir := t.TempDir()
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	e := newEndpoint(t, always(200))
	var arn *string
	for i, want := range []string{"1", "0"} {
		s, err := local.Start(context.Background(), local.Options{Dir: dir, Clock: clockAt(begin.Add(time.Duration(i) * 49 * time.Hour))})
		if err != nil {
			t.Fatal(err)
		}
		c := client(s)
		if i == 0 {
			arn = topic(t, c, "alerts")
			subscribe(t, c, arn, "http", e.URL)
			e.next(t)
		}
		got, err := c.GetTopicAttributes(t.Context(), &sns.GetTopicAttributesInput{TopicArn: arn})
		if err != nil || got.Attributes["SubscriptionsPending"] != want {
			t.Errorf("run %d: %v pending, want %s; %v", i, got.Attributes["SubscriptionsPending"], want, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
