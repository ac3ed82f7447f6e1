package sns

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// GetSubscriptionAttributes and SetSubscriptionAttributes:
//
//	https://docs.aws.amazon.com/sns/latest/api/API_GetSubscriptionAttributes.html
//	https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html
//
// FilterPolicy and FilterPolicyScope, RawMessageDelivery and DeliveryPolicy of http and https. RedrivePolicy, ReplayPolicy and
// SubscriptionRoleArn are refused: there are no queues, no archives and no delivery streams here.

var subscriptionAttributes = []string{"DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery"}

// missingAttributes are the ones that SNS has and this server doesn't, with the reason.
var missingAttributes = map[string]string{
	"RedrivePolicy":       "the embedded server has no SQS queues for messages that can't be delivered; weir local mail --failed lists them",
	"ReplayPolicy":        "the embedded server archives no messages",
	"SubscriptionRoleArn": "the embedded server delivers to no Firehose stream",
}

// setAttribute checks and sets one attribute. filters and policies are read by compile, when all are there.
func (sub *subscription) setAttribute(name, value string) error {
	if reason, ok := missingAttributes[name]; ok {
		return invalidParameter("%s Reason: %s", name, reason)
	}
	if !slices.Contains(subscriptionAttributes, name) {
		return invalidParameter("AttributeName")
	}
	web := sub.Protocol == "http" || sub.Protocol == "https"
	switch name {
	case "FilterPolicyScope":
		if value != scopeAttributes && value != scopeBody {
			return invalidParameter("FilterPolicyScope: Invalid value [%s]. Please use either MessageBody or MessageAttributes", value)
		}
	case "RawMessageDelivery":
		value = strings.ToLower(value)
		switch {
		case value != "true" && value != "false":
			return invalidParameter("RawMessageDelivery: Invalid value [%s]. Must be true or false.", value)
		case value == "true" && !web:
			return invalidParameter("RawMessageDelivery: Delivery protocol [%s] does not support raw message delivery.", sub.Protocol)
		}
	case "DeliveryPolicy":
		if _, err := readSubscriptionPolicy(value, deliveryPolicy{}); err != nil {
			return err
		}
		if value != "" && !web {
			return invalidParameter("DeliveryPolicy: Delivery protocol [%s] does not support delivery policies.", sub.Protocol)
		}
	}
	if sub.Attributes == nil {
		sub.Attributes = map[string]string{}
	}
	if sub.Attributes[name] = value; value == "" {
		delete(sub.Attributes, name)
	}
	return nil
}

// compile makes the filter of the attributes.
func (sub *subscription) compile() (err error) {
	sub.filter, err = compileFilter(sub.Attributes["FilterPolicy"], sub.scope())
	return err
}

func (sub *subscription) scope() string {
	if scope, ok := sub.Attributes["FilterPolicyScope"]; ok {
		return scope
	}
	return scopeAttributes
}

// neededSubscription is the subscription that SubscriptionArn names; s.mu is held.
func (s *Service) neededSubscription(r *request) (*subscription, error) {
	arn, err := r.need("SubscriptionArn")
	if err != nil {
		return nil, err
	}
	if _, err := arnResource("SubscriptionArn", arn); err != nil {
		return nil, err
	}
	sub := s.subs[arn]
	if sub == nil {
		return nil, notFound("Subscription does not exist")
	}
	return sub, nil
}

func (s *Service) setSubscriptionAttributes(r *request) (any, error) {
	name, err := r.need("AttributeName")
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.neededSubscription(r)
	if err != nil {
		return nil, err
	}
	sub := *old
	sub.Attributes = maps.Clone(old.Attributes)
	if err := sub.setAttribute(name, r.get("AttributeValue")); err != nil {
		return nil, err
	}
	if err := sub.compile(); err != nil {
		return nil, err
	}
	return nil, s.replaceSubscription(&sub)
}

// replaceSubscription stores a changed subscription in place of the one of that ARN; s.mu is held.
func (s *Service) replaceSubscription(sub *subscription) error {
	if err := s.commit(change{string(subKey(sub.ARN)): sub}); err != nil {
		return err
	}
	s.subs[sub.ARN] = sub
	return nil
}

func (s *Service) getSubscriptionAttributes(r *request) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub, err := s.neededSubscription(r)
	if err != nil {
		return nil, err
	}
	all := map[string]string{
		"ConfirmationWasAuthenticated": strconv.FormatBool(sub.Authenticated || sub.Protocol == "email" || sub.Protocol == "email-json"),
		"Endpoint":                     sub.Endpoint,
		"Owner":                        s.env.Account,
		"PendingConfirmation":          strconv.FormatBool(sub.Pending),
		"Protocol":                     sub.Protocol,
		"RawMessageDelivery":           "false",
		"SubscriptionArn":              sub.ARN,
		"SubscriptionPrincipal":        "arn:aws:iam::" + s.env.Account + ":root",
		"TopicArn":                     s.topicARN(sub.Topic),
	}
	maps.Copy(all, sub.Attributes)
	if delete(all, "FilterPolicyScope"); sub.filter != nil {
		all["FilterPolicyScope"] = sub.scope()
	}
	if sub.Protocol == "http" || sub.Protocol == "https" {
		policy, override, err := readTopicPolicy(s.topics[sub.Topic].Attributes["DeliveryPolicy"])
		if err == nil && override {
			policy, err = readSubscriptionPolicy(sub.Attributes["DeliveryPolicy"], policy)
		}
		if err != nil {
			return nil, err
		}
		all["EffectiveDeliveryPolicy"] = policy.effective()
	}
	return attributeEntries(all), nil
}
