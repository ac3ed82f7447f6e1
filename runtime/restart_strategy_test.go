package runtime

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

type options map[string]string

func (o options) Duration(key string) time.Duration {
	d, _ := time.ParseDuration(o[key])
	return d
}

func (o options) Int(key string) int64 {
	n, _ := strconv.ParseInt(o[key], 10, 64)
	return n
}

func (o options) Float(key string) float64 {
	f, _ := strconv.ParseFloat(o[key], 64)
	return f
}

// A strategy answers failures at given times, in seconds, with delays; "-" is the end. As in Flink.
func TestRestartStrategies(t *testing.T) {
	fixed := options{"restart-strategy.fixed-delay.attempts": "2", "restart-strategy.fixed-delay.delay": "3s"}
	exponential := options{
		"restart-strategy.exponential-delay.initial-backoff": "1s", "restart-strategy.exponential-delay.max-backoff": "5s",
		"restart-strategy.exponential-delay.backoff-multiplier": "2", "restart-strategy.exponential-delay.jitter-factor": "0",
		"restart-strategy.exponential-delay.reset-backoff-threshold": "100s", "restart-strategy.exponential-delay.attempts-before-reset-backoff": "4",
	}
	rate := options{
		"restart-strategy.failure-rate.max-failures-per-interval": "2", "restart-strategy.failure-rate.failure-rate-interval": "60s",
		"restart-strategy.failure-rate.delay": "1s",
	}
	for _, c := range []struct {
		name  string
		given options
		at    []int
		want  string
	}{
		{"none", nil, []int{0}, "-"},
		{"off", nil, []int{0}, "-"},
		{"disable", nil, []int{0}, "-"},
		{"fixed-delay", fixed, []int{0, 1000, 2000}, "3s 3s -"},
		{"fixeddelay", fixed, []int{0}, "3s"},
		{"exponential-delay", exponential, []int{0, 10, 20, 30, 40}, "1s 2s 4s 5s -"},
		{"Exponential-Delay", exponential, []int{0, 10, 20, 200, 210}, "1s 2s 4s 1s 2s"}, // 176 s without a failure
		{"failure-rate", rate, []int{0, 30, 61, 95}, "1s 1s 1s 1s"},
		{"failurerate", rate, []int{0, 30, 59}, "1s 1s -"},
	} {
		s, err := ReadRestartStrategy(c.name, c.given)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		r := s.begin(rand.New(rand.NewPCG(1, 1)))
		var got []string
		for _, at := range c.at {
			d, again := r.failed(time.Unix(int64(at), 0))
			if !again {
				got = append(got, "-")
				continue
			}
			got = append(got, d.String())
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: %s, want %s", c.name, text, c.want)
		}
	}

	if _, err := ReadRestartStrategy("sometimes", nil); err == nil || !strings.Contains(err.Error(), `"sometimes"; there are none, off`) {
		t.Errorf("an unknown strategy: %v", err)
	}
	for key, value := range map[string]string{
		"initial-backoff": "0s", "max-backoff": "10ms", "backoff-multiplier": "1", "jitter-factor": "1.5", "reset-backoff-threshold": "0s",
		"attempts-before-reset-backoff": "0",
	} {
		key = "restart-strategy.exponential-delay." + key
		changed := options{}
		for k, v := range exponential {
			changed[k] = v
		}
		changed[key] = value
		if _, err := ReadRestartStrategy("exponential-delay", changed); err == nil || !strings.Contains(err.Error(), strconv.Quote(key)) {
			t.Errorf("%s = %s: %v", key, value, err)
		}
	}
}

// Jitter stays within its part of the delay, and below the largest one.
func TestJitter(t *testing.T) {
	e := ExponentialDelay{Initial: time.Second, Max: 10 * time.Second, Multiplier: 2, Jitter: 0.25, ResetAfter: time.Hour, Attempts: 1000}
	r := e.begin(rand.New(rand.NewPCG(1, 1)))
	differ := map[time.Duration]bool{}
	for i := range 100 {
		d, _ := r.failed(time.Unix(int64(i), 0))
		if i == 0 && (d < 750*time.Millisecond || d > 1250*time.Millisecond) || d > e.Max || i > 10 && d < 7500*time.Millisecond {
			t.Errorf("failure %d: %s", i, d)
		}
		differ[d] = true
	}
	if len(differ) < 40 {
		t.Errorf("only %d different delays", len(differ))
	}
}
