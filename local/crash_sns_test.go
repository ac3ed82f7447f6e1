package local_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/weirsql/weir/local"
)

// later is a clock that is ahead, so that every delivery that was put off is due.
type later struct{}

func (later) Now() time.Time { return time.Now().Add(2 * time.Hour) }

// kill -9 loses no topic, no subscription, and no message that was acknowledged and not delivered.
func TestKillSNS(t *testing.T) {
	var down atomic.Bool
	var asked, arrived sync.Map // tokens, messages
	got := make(chan struct{}, 10_000)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var n struct{ Type, Token, Message string }
		if err != nil || json.Unmarshal(body, &n) != nil {
			return // the server was killed in the middle
		}
		switch {
		case n.Type == "SubscriptionConfirmation":
			asked.Store("token", n.Token)
		case down.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		default:
			arrived.Store(n.Message, true)
		}
		got <- struct{}{}
	}))
	defer endpoint.Close()
	dir := t.TempDir()
	const rounds, enough = 3, 25
	var topic, sub *string
	var acked []string
	for round := range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), crashDir+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		info, ok := local.Join(dir)
		if err != nil || !ok {
			cmd.Process.Kill()
			t.Fatalf("round %d: child says %q %v", round, line, err)
		}
		c := snsClient(info.SNSEndpoint)
		if round == 0 {
			made, err := c.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("t")})
			if err != nil {
				t.Fatal(err)
			}
			topic = made.TopicArn
			subscribed, err := c.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("http"), Endpoint: &endpoint.URL, ReturnSubscriptionArn: true,
				Attributes: map[string]string{"DeliveryPolicy": `{"healthyRetryPolicy":{"numRetries":100,"minDelayTarget":20,"maxDelayTarget":20}}`}})
			if err != nil {
				t.Fatal(err)
			}
			sub = subscribed.SubscriptionArn
			<-got
			token, _ := asked.Load("token")
			if _, err := c.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{TopicArn: topic, Token: aws.String(token.(string))}); err != nil {
				t.Fatal(err)
			}
			down.Store(true)
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		total := 0
		for w := range 3 {
			wg.Go(func() {
				for n := 0; ; n++ {
					message := fmt.Sprintf("%d.%d.%d", round, w, n)
					if _, err := c.Publish(context.Background(), &sns.PublishInput{TopicArn: topic, Message: &message}); err != nil {
						return // killed
					}
					mu.Lock()
					acked = append(acked, message)
					if total++; total == enough {
						cmd.Process.Kill()
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		cmd.Process.Kill() // if the writers failed before
		cmd.Wait()
		if total < enough {
			t.Fatalf("round %d: only %d messages were acknowledged", round, total)
		}
	}

	down.Store(false)
	s, err := local.Start(context.Background(), local.Options{Dir: dir, Clock: later{}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	limit := time.After(30 * time.Second)
	for _, message := range acked {
		for {
			if _, ok := arrived.Load(message); ok {
				break
			}
			select {
			case <-got:
			case <-limit:
				t.Fatalf("%s was acknowledged and doesn't arrive", message)
			}
		}
	}
	subs, err := snsClient(s.SNSEndpoint()).ListSubscriptionsByTopic(t.Context(), &sns.ListSubscriptionsByTopicInput{TopicArn: topic})
	if err != nil || len(subs.Subscriptions) != 1 || *subs.Subscriptions[0].SubscriptionArn != *sub {
		t.Errorf("subscriptions: %v %v", subs, err)
	}
}

func snsClient(endpoint string) *sns.Client {
	return sns.New(sns.Options{Region: "us-east-1", BaseEndpoint: &endpoint, RetryMaxAttempts: 1, Credentials: credentials.NewStaticCredentialsProvider("any", "any", "")})
}
