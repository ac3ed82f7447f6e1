package sns

import "github.com/weirsql/weir/local/internal/service"

// request is what an operation gets.
type request struct {
	params
	fault *service.Fault // with entries of a batch to fail, or nil
}

// action is one operation of the API. serve returns the struct to write as the result element, or nil for none.
type action struct {
	name  string
	serve func(*Service, *request) (any, error)
}

// actions is the list of all operations served. To add one: a file action_x.go with a method of Service, a line here, a case
// in the conformance test, a line in the README's table.
var actions = []*action{
	{"ConfirmSubscription", (*Service).confirmSubscription},
	{"CreateTopic", (*Service).createTopic},
	{"DeleteTopic", (*Service).deleteTopic},
	{"GetSubscriptionAttributes", (*Service).getSubscriptionAttributes},
	{"GetTopicAttributes", (*Service).getTopicAttributes},
	{"ListSubscriptions", (*Service).listSubscriptions},
	{"ListSubscriptionsByTopic", (*Service).listSubscriptionsByTopic},
	{"ListTagsForResource", (*Service).listTagsForResource},
	{"ListTopics", (*Service).listTopics},
	{"Publish", (*Service).publish},
	{"PublishBatch", (*Service).publishBatch},
	{"SetSubscriptionAttributes", (*Service).setSubscriptionAttributes},
	{"SetTopicAttributes", (*Service).setTopicAttributes},
	{"Subscribe", (*Service).subscribe},
	{"TagResource", (*Service).tagResource},
	{"UntagResource", (*Service).untagResource},
	{"Unsubscribe", (*Service).unsubscribe},
}

var actionsByName = func() map[string]*action {
	m := make(map[string]*action, len(actions))
	for _, a := range actions {
		m[a.name] = a
	}
	return m
}()

// pageSize is how many topics or subscriptions AWS lists at a time.
const pageSize = 100
