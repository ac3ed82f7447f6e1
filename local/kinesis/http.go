package kinesis

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/weirsql/weir/local/internal/service"
)

const targetPrefix = "Kinesis_20131202."

// call is one request on its way through an operation. body belongs to the call and is recycled after it: an operation
// copies what it keeps.
type call struct {
	ctx   context.Context
	proto protocol
	body  []byte
	fault *service.Fault // with entries to fail, or nil
	reply *service.Buffer
	// w is for operations that answer with an event stream, which set streamed when they begin to: an error is theirs to
	// send then.
	w          http.ResponseWriter
	streamed   bool
	protoMajor int // of HTTP
}

// ServeHTTP implements http.Handler: the order of the checks (method, content type, body, operation, signature) is AWS's.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("x-amzn-RequestId", s.env.IDs.Request())
	if allowOrigin(h, r) {
		w.WriteHeader(http.StatusOK)
		return
	}
	target := r.Header.Get("X-Amz-Target")
	if r.Method != http.MethodPost || target == "" {
		writeXML(w, http.StatusForbidden, "AccessDeniedException", "Unable to determine service/operation name to be authorized")
		return
	}
	var proto protocol
	switch content, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(content) {
	case contentJSON:
	case contentCBOR:
		proto = protocolCBOR
	default:
		writeXML(w, http.StatusNotFound, "UnknownOperationException", "")
		return
	}
	name, ok := strings.CutPrefix(target, targetPrefix)
	act := actionsByName[name]
	if !ok || act == nil {
		// AWS sends no text; but what AWS serves and this server doesn't should not look like a typing error.
		writeError(w, proto, clientError("UnknownOperationException", "the embedded server does not serve %s", target))
		return
	}
	in, out := service.GetBuffer(), service.GetBuffer()
	defer in.Free()
	defer out.Free()
	held, err := s.readBody(w, r, in, act.maxBody)
	defer s.held.Add(-held)
	if err != nil {
		writeError(w, proto, err)
		return
	}
	c := &call{ctx: r.Context(), proto: proto, body: in.B, reply: out, w: w, protoMajor: r.ProtoMajor}
	switch err := s.serve(act, c); {
	case c.streamed:
		return
	case err != nil:
		writeError(w, proto, err)
		return
	}
	s.held.Add(int64(len(out.B)))
	defer s.held.Add(-int64(len(out.B)))
	// One write of known length: a client that decodes as it reads never waits on a chunk boundary.
	h.Set("Content-Length", strconv.Itoa(len(out.B)))
	if len(out.B) > 0 {
		h.Set("Content-Type", proto.contentType())
	}
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(slowClient))
	w.WriteHeader(http.StatusOK)
	w.Write(out.B)
}

const (
	// slowClient is how long a client may take to send a request, or to accept an answer.
	slowClient = time.Minute
	// maxHeld bounds what all requests and answers under way may hold: those above it are told to come again, as those are
	// that AWS can't take. A pending request below smallBody counts for nothing.
	maxHeld   = 512 << 20
	smallBody = 64 << 10
)

var errBusy = &Error{http.StatusServiceUnavailable, "ServiceUnavailable", "Too many requests are under way. Please try again."}

// readBody reads, checks the signature of, and unpacks the body. held is what the caller takes off s.held when it is done
// with it, also after an error.
func (s *Service) readBody(w http.ResponseWriter, r *http.Request, in *service.Buffer, limit int64) (held int64, err error) {
	if held = r.ContentLength; held < 0 || r.Header.Get("Content-Encoding") != "" {
		held = limit
	}
	if held <= smallBody {
		held = 0
	}
	if s.held.Add(held) > maxHeld && held > 0 {
		return held, errBusy
	}
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Now().Add(slowClient))
	switch err = service.ReadBody(r, in, limit); {
	case err == nil:
		control.SetReadDeadline(time.Time{})
	case errors.Is(err, service.ErrBodyTooLarge):
		w.Header().Set("Connection", "close") // the rest of the body is not worth reading
		return held, tooLarge(limit)
	default:
		w.Header().Set("Connection", "close")
		return held, serializationError("could not read the request body: %v", err)
	}
	if auth := s.env.Auth; auth != nil {
		if err := auth.Verify(r, in.B, s.env.Clock.Now()); err != nil {
			e, ok := errors.AsType[*service.AuthError](err)
			if !ok {
				return held, err
			}
			return held, clientError(e.Code, "%s", e.Message)
		}
	}
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
		return held, nil
	case "gzip":
		plain := service.GetBuffer()
		defer plain.Free()
		err := service.Gunzip(in.B, plain, limit)
		in.B, plain.B = plain.B, in.B
		if errors.Is(err, service.ErrBodyTooLarge) {
			return held, tooLarge(limit)
		}
		if err != nil {
			return held, serializationError("could not unpack the request body: %v", err)
		}
		return held, nil
	default:
		return held, serializationError("the request body is encoded as %s; use gzip, or none", encoding)
	}
}

func tooLarge(limit int64) error {
	return &Error{http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "the request body exceeds " + strconv.FormatInt(limit, 10) + " bytes"}
}

// allowOrigin lets pages of any origin in, as AWS does; done tells that the request was a browser's question whether they are.
func allowOrigin(h http.Header, r *http.Request) (done bool) {
	if r.Header.Get("Origin") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Origin", "*")
	if r.Method != http.MethodOptions {
		h.Set("Access-Control-Expose-Headers", "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date")
		return false
	}
	for question, answer := range map[string]string{
		"Access-Control-Request-Headers": "Access-Control-Allow-Headers",
		"Access-Control-Request-Method":  "Access-Control-Allow-Methods",
	} {
		if v := r.Header.Get(question); v != "" {
			h.Set(answer, v)
		}
	}
	h.Set("Access-Control-Max-Age", "172800")
	return true
}

// serve runs the operation, with the fault that the host wants for it.
func (s *Service) serve(act *action, c *call) error {
	var f *service.Fault
	if s.env.Intercept != nil {
		f = s.env.Intercept(act.name, c.body)
	}
	if f == nil {
		return act.serve(s, c)
	}
	f.HoldUp(c.ctx)
	if !f.Whole() {
		c.fault = f
		return act.serve(s, c)
	}
	if f.Apply || !f.Close && f.Code == "" {
		if err := act.serve(s, c); err != nil || !f.Close && f.Code == "" {
			return err
		}
	}
	if f.Close {
		service.Drop()
	}
	return &Error{f.HTTPStatus(), f.Code, f.Text()}
}

// errorBody is an error on the wire. AWS writes the text of a SerializationException under another name than all others.
type errorBody struct {
	Type     string `json:"__type,omitempty"`
	Message  string `json:"message,omitempty"`
	Message2 string `json:"Message,omitempty"`
}

func writeError(w http.ResponseWriter, proto protocol, err error) {
	e := asError(err)
	body := errorBody{Type: e.Type, Message: e.Message}
	if e.Type == "SerializationException" {
		body.Message, body.Message2 = "", e.Message
	}
	b, err := proto.encode(body)
	if err != nil {
		b = nil // strings always encode; an empty body still carries the status
	}
	w.Header().Set("Content-Type", proto.contentType())
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(e.Status)
	w.Write(b)
}

// writeXML answers requests that never got as far as a protocol.
func writeXML(w http.ResponseWriter, status int, kind, message string) {
	body := "<" + kind + "/>\n"
	if message != "" {
		var text strings.Builder
		xml.EscapeText(&text, []byte(message))
		body = "<" + kind + ">\n  <Message>" + text.String() + "</Message>\n</" + kind + ">\n"
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write([]byte(body))
}
