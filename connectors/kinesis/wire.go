package kinesis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	ktypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/weirsql/weir/connectors/internal/awsclient"
)

// The bodies of GetRecords and SubscribeToShard are decoded, and those of PutRecords encoded, by code of this package's that stands between the
// SDK and the wire: the SDK resolves, signs and sends, and tells errors apart; of a body that was taken care of it sees an
// empty object.

// getRecords is client.GetRecords into a page.
func getRecords(ctx context.Context, client *kinesis.Client, in *kinesis.GetRecordsInput, p *page) error {
	_, err := client.GetRecords(awsclient.WithBody(ctx, &p.body), in, func(o *kinesis.Options) {
		o.APIOptions = append(o.APIOptions, answered(func() (string, error) {
			return "{}", p.decode(p.body.Bytes())
		}))
	})
	return err
}

// putRecords is client.PutRecords of a request that has been encoded. The results of an answer without refused records are
// left out.
func putRecords(ctx context.Context, client *kinesis.Client, name, arn *string, r *request) (*kinesis.PutRecordsOutput, error) {
	in := &kinesis.PutRecordsInput{StreamName: name, StreamARN: arn, Records: []ktypes.PutRecordsRequestEntry{}}
	return client.PutRecords(awsclient.WithBody(ctx, &r.answer), in, func(o *kinesis.Options) {
		o.APIOptions = append(o.APIOptions, encoded(r.body), answered(func() (string, error) {
			if r.shards == nil && allTaken(r.answer.Bytes()) { // else it has to be seen where the records are
				return `{"FailedRecordCount":0,"Records":[]}`, nil
			}
			return "", nil
		}))
	})
}

// subscribeToShard is client.SubscribeToShard, whose answer is left on the wire: the caller decodes and closes it. The SDK
// sees a stream of its own that has begun and ended.
func subscribeToShard(ctx context.Context, client *kinesis.Client, in *kinesis.SubscribeToShardInput) (io.ReadCloser, error) {
	var body io.ReadCloser
	// A client of its own: one decodes the beginnings of all its subscriptions into the same buffer, whose shards are read side
	// by side. What is expensive, connections and credentials, is shared.
	client = kinesis.New(client.Options())
	out, err := client.SubscribeToShard(awsclient.WithStream(ctx), in, func(o *kinesis.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("weir.Streamed", func(
				ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
			) (middleware.DeserializeOutput, middleware.Metadata, error) {
				out, metadata, err := next.HandleDeserialize(ctx, in)
				if resp, ok := out.RawResponse.(*smithyhttp.Response); err == nil && ok && resp.StatusCode == http.StatusOK {
					body, resp.Body = resp.Body, io.NopCloser(bytes.NewReader(emptyStream))
				}
				return out, metadata, err
			}), middleware.After)
		})
	})
	if err == nil {
		out.GetStream().Close() // of emptyStream; what it says of its end is nothing new
		if body == nil {
			err = errors.New("the answer to SubscribeToShard is no event stream")
		}
	}
	if err != nil && body != nil {
		body.Close()
		body = nil
	}
	return body, err
}

// emptyStream is an event stream that says only that it has begun.
var emptyStream = func() []byte {
	m := eventstream.Message{Payload: []byte("{}")}
	m.Headers.Set(":message-type", eventstream.StringValue("event"))
	m.Headers.Set(":event-type", eventstream.StringValue("initial-response"))
	m.Headers.Set(":content-type", eventstream.StringValue("application/x-amz-json-1.1"))
	var b bytes.Buffer
	if err := eventstream.NewEncoder().Encode(&b, m); err != nil {
		return nil // never happens: nothing in it is too long
	}
	return b.Bytes()
}()

// encoded sends a body instead of the one that the SDK makes.
func encoded(body []byte) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Serialize.Insert(middleware.SerializeMiddlewareFunc("weir.Encoded", func(
			ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler,
		) (middleware.SerializeOutput, middleware.Metadata, error) {
			req, ok := in.Request.(*smithyhttp.Request)
			if !ok {
				return middleware.SerializeOutput{}, middleware.Metadata{}, fmt.Errorf("a request of type %T", in.Request)
			}
			var err error
			if in.Request, err = req.SetStream(bytes.NewReader(body)); err != nil {
				return middleware.SerializeOutput{}, middleware.Metadata{}, err
			}
			return next.HandleSerialize(ctx, in)
		}), "OperationSerializer", middleware.After)
	}
}

// answered lets f see to the body of a successful answer, and shows the SDK the one that f returns instead,
// if any.
func answered(f func() (string, error)) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("weir.Answered", func(
			ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
		) (middleware.DeserializeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleDeserialize(ctx, in)
			resp, ok := out.RawResponse.(*smithyhttp.Response)
			if err != nil || !ok || resp.StatusCode != http.StatusOK {
				return out, metadata, err
			}
			body, err := f()
			if err != nil {
				return out, metadata, &smithy.DeserializationError{Err: err}
			}
			if body != "" {
				resp.Body = io.NopCloser(strings.NewReader(body))
			}
			return out, metadata, nil
		}), middleware.After)
	}
}
