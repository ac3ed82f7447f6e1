package kinesis

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"strconv"
	"strings"

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
}

// ServeHTTP implements http.Handler: the order of the checks (method, content type, body, operation) is AWS's.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("x-amzn-RequestId", s.env.IDs.Request())
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
	if err := service.ReadBody(r, in, act.maxBody); err != nil {
		if errors.Is(err, service.ErrBodyTooLarge) {
			h.Set("Connection", "close") // the rest of the body is not worth reading
			writeError(w, proto, &Error{http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException",
				"the request body exceeds " + strconv.FormatInt(act.maxBody, 10) + " bytes"})
			return
		}
		writeError(w, proto, serializationError("could not read the request body: %v", err))
		return
	}
	c := &call{ctx: r.Context(), proto: proto, body: in.B, reply: out}
	if err := s.serve(act, c); err != nil {
		writeError(w, proto, err)
		return
	}
	// One write of known length: a client that decodes as it reads never waits on a chunk boundary.
	h.Set("Content-Length", strconv.Itoa(len(out.B)))
	if len(out.B) > 0 {
		h.Set("Content-Type", proto.contentType())
	}
	w.WriteHeader(http.StatusOK)
	w.Write(out.B)
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
	Type     string `json:"__type"`
	Message  string `json:"message,omitempty"`
	Message2 string `json:"Message,omitempty"`
}

func writeError(w http.ResponseWriter, proto protocol, err error) {
	var e *Error
	if !errors.As(err, &e) {
		e = internalFailure(err)
	}
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
