package sns

import (
	"encoding/json"
	"math"
	"slices"
	"time"
)

// Delivery policies: https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
//
// Retries come in four phases: at once, after the least delay, after delays that grow, after the longest delay. AWS publishes
// how delays grow as a picture only; here linear is a straight line, arithmetic a parabola, geometric a constant factor, and
// exponential doubles. Nothing is jittered: there are few endpoints, and a run should repeat.

// retryPolicy is a healthyRetryPolicy. Delays are in seconds.
type retryPolicy struct {
	NumRetries         int    `json:"numRetries"`
	NumNoDelayRetries  int    `json:"numNoDelayRetries"`
	MinDelayTarget     int    `json:"minDelayTarget"`
	NumMinDelayRetries int    `json:"numMinDelayRetries"`
	MaxDelayTarget     int    `json:"maxDelayTarget"`
	NumMaxDelayRetries int    `json:"numMaxDelayRetries"`
	BackoffFunction    string `json:"backoffFunction"`
}

var (
	// httpPolicy is AWS's default for http and https.
	httpPolicy = retryPolicy{NumRetries: 3, MinDelayTarget: 20, MaxDelayTarget: 20, BackoffFunction: "linear"}
	// smtpPolicy is AWS's for e-mail, which cannot be changed: 50 attempts within some seven hours.
	smtpPolicy = retryPolicy{NumRetries: 50, MinDelayTarget: 10, NumMinDelayRetries: 2, MaxDelayTarget: 600, NumMaxDelayRetries: 38, BackoffFunction: "exponential"}
)

const (
	maxDelayTarget = 3600
	maxRetries     = 100
)

var backoffFunctions = []string{"arithmetic", "exponential", "geometric", "linear"}

// delay is how long to wait before a retry, numbered from 1; ok is false when there are no more.
func (p *retryPolicy) delay(retry int) (d time.Duration, ok bool) {
	least, most := float64(p.MinDelayTarget), float64(p.MaxDelayTarget)
	growing := p.NumRetries - p.NumNoDelayRetries - p.NumMinDelayRetries - p.NumMaxDelayRetries
	i := retry - p.NumNoDelayRetries - p.NumMinDelayRetries // of the phase of growing delays, from 1
	var seconds float64
	switch {
	case retry > p.NumRetries:
		return 0, false
	case retry <= p.NumNoDelayRetries:
		return 0, true
	case i <= 0:
		seconds = least
	case i > growing:
		seconds = most
	default:
		x, k := float64(i), float64(growing)
		switch p.BackoffFunction {
		case "arithmetic":
			seconds = least + (most-least)*x*(x+1)/(k*(k+1))
		case "geometric":
			seconds = least * math.Pow(most/max(least, 1), x/k)
		case "exponential":
			seconds = min(least*math.Pow(2, x-1), most)
		default:
			seconds = least + (most-least)*x/k
		}
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond), true
}

// deliveryPolicy is what a subscription's DeliveryPolicy says, or the part http of a topic's.
type deliveryPolicy struct {
	retry       retryPolicy
	perSecond   int    // 0: as many as come
	contentType string // "" is the default
}

// policyJSON has the names of both forms of the attribute.
type policyJSON struct {
	HTTP *struct {
		DefaultHealthyRetryPolicy    json.RawMessage `json:"defaultHealthyRetryPolicy"`
		DisableSubscriptionOverrides bool            `json:"disableSubscriptionOverrides"`
		DefaultThrottlePolicy        *throttlePolicy `json:"defaultThrottlePolicy"`
		DefaultRequestPolicy         *requestPolicy  `json:"defaultRequestPolicy"`
	} `json:"http"`
	HealthyRetryPolicy json.RawMessage `json:"healthyRetryPolicy"`
	ThrottlePolicy     *throttlePolicy `json:"throttlePolicy"`
	RequestPolicy      *requestPolicy  `json:"requestPolicy"`
}

type throttlePolicy struct {
	MaxReceivesPerSecond int `json:"maxReceivesPerSecond"`
}

type requestPolicy struct {
	HeaderContentType string `json:"headerContentType"`
}

// contentTypes are the ones that AWS allows in a requestPolicy.
var contentTypes = []string{
	"application/json", "application/x-www-form-urlencoded", "application/xml", "text/css", "text/csv", "text/html",
	"text/javascript", "text/plain", "text/plain; charset=UTF-8", "text/xml",
}

// readTopicPolicy reads a topic's attribute DeliveryPolicy; "" is AWS's default. override tells whether a subscription's own
// policy counts.
func readTopicPolicy(text string) (p deliveryPolicy, override bool, err error) {
	p.retry = httpPolicy
	if text == "" {
		return p, true, nil
	}
	var j policyJSON
	if json.Unmarshal([]byte(text), &j) != nil {
		return p, true, policyError("failed to parse JSON.")
	}
	if j.HTTP == nil {
		return p, true, nil
	}
	err = p.read(j.HTTP.DefaultHealthyRetryPolicy, j.HTTP.DefaultThrottlePolicy, j.HTTP.DefaultRequestPolicy)
	return p, !j.HTTP.DisableSubscriptionOverrides, err
}

// readSubscriptionPolicy reads a subscription's attribute DeliveryPolicy over its topic's policy.
func readSubscriptionPolicy(text string, p deliveryPolicy) (deliveryPolicy, error) {
	if text == "" {
		return p, nil
	}
	var j policyJSON
	if json.Unmarshal([]byte(text), &j) != nil {
		return p, policyError("failed to parse JSON.")
	}
	err := p.read(j.HealthyRetryPolicy, j.ThrottlePolicy, j.RequestPolicy)
	return p, err
}

func (p *deliveryPolicy) read(retry json.RawMessage, throttle *throttlePolicy, request *requestPolicy) error {
	if throttle != nil {
		if throttle.MaxReceivesPerSecond < 1 {
			return policyError("throttlePolicy.maxReceivesPerSecond must be at least 1")
		}
		p.perSecond = throttle.MaxReceivesPerSecond
	}
	if request != nil && request.HeaderContentType != "" {
		if !slices.Contains(contentTypes, request.HeaderContentType) {
			return policyError("requestPolicy.headerContentType is not a supported content type")
		}
		p.contentType = request.HeaderContentType
	}
	if len(retry) == 0 || string(retry) == "null" {
		return nil
	}
	r := httpPolicy
	if json.Unmarshal(retry, &r) != nil {
		return policyError("healthyRetryPolicy: failed to parse JSON.")
	}
	switch {
	case r.MinDelayTarget < 1 || r.MinDelayTarget > r.MaxDelayTarget:
		return policyError("healthyRetryPolicy.minDelayTarget must be between 1 and maxDelayTarget")
	case r.MaxDelayTarget > maxDelayTarget:
		return policyError("healthyRetryPolicy.maxDelayTarget must be at most 3600")
	case r.NumRetries < 0 || r.NumRetries > maxRetries:
		return policyError("healthyRetryPolicy.numRetries must be between 0 and 100")
	case r.NumNoDelayRetries < 0 || r.NumMinDelayRetries < 0 || r.NumMaxDelayRetries < 0 ||
		r.NumNoDelayRetries > maxRetries || r.NumMinDelayRetries > maxRetries || r.NumMaxDelayRetries > maxRetries ||
		r.NumNoDelayRetries+r.NumMinDelayRetries+r.NumMaxDelayRetries > r.NumRetries:
		return policyError("healthyRetryPolicy.numRetries must be at least the sum of numNoDelayRetries, numMinDelayRetries and numMaxDelayRetries")
	case !slices.Contains(backoffFunctions, r.BackoffFunction):
		return policyError("healthyRetryPolicy.backoffFunction must be one of arithmetic, exponential, geometric, linear")
	}
	p.retry = r
	return nil
}

func policyError(text string) *Error { return invalidParameter("DeliveryPolicy: %s", text) }

// effective is the policy as EffectiveDeliveryPolicy shows it.
func (p *deliveryPolicy) effective() string {
	var out struct {
		HealthyRetryPolicy retryPolicy     `json:"healthyRetryPolicy"`
		ThrottlePolicy     *throttlePolicy `json:"throttlePolicy"`
		RequestPolicy      requestPolicy   `json:"requestPolicy"`
	}
	out.HealthyRetryPolicy = p.retry
	if p.perSecond > 0 {
		out.ThrottlePolicy = &throttlePolicy{p.perSecond}
	}
	if out.RequestPolicy.HeaderContentType = p.contentType; p.contentType == "" {
		out.RequestPolicy.HeaderContentType = "text/plain; charset=UTF-8"
	}
	return jsonText(out)
}

// effectiveTopic is the policy as a topic's EffectiveDeliveryPolicy shows it.
func (p *deliveryPolicy) effectiveTopic(override bool) string {
	var out struct {
		HTTP struct {
			DefaultHealthyRetryPolicy    retryPolicy     `json:"defaultHealthyRetryPolicy"`
			DisableSubscriptionOverrides bool            `json:"disableSubscriptionOverrides"`
			DefaultThrottlePolicy        *throttlePolicy `json:"defaultThrottlePolicy,omitempty"`
			DefaultRequestPolicy         requestPolicy   `json:"defaultRequestPolicy"`
		} `json:"http"`
	}
	out.HTTP.DefaultHealthyRetryPolicy = p.retry
	out.HTTP.DisableSubscriptionOverrides = !override
	if p.perSecond > 0 {
		out.HTTP.DefaultThrottlePolicy = &throttlePolicy{p.perSecond}
	}
	if out.HTTP.DefaultRequestPolicy.HeaderContentType = p.contentType; p.contentType == "" {
		out.HTTP.DefaultRequestPolicy.HeaderContentType = "text/plain; charset=UTF-8"
	}
	return jsonText(out)
}
