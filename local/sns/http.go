package sns

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/weirsql/weir/local/internal/service"
)

const (
	namespace = "http://sns.amazonaws.com/doc/2010-03-31/"
	apiVer    = "2010-03-31"
	// maxBody admits a batch of 256 KiB with every byte percent-encoded, and its names.
	maxBody = 2 << 20
	// slowClient is how long a client may take to send a request, or to accept an answer.
	slowClient = time.Minute
	// maxHeld bounds what all requests under way may hold: those above it are told to come again. One below smallBody counts
	// for nothing.
	maxHeld   = 128 << 20
	smallBody = 64 << 10
)

// ServeHTTP implements http.Handler. Parameters come in the body of a POST or in the query string.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := s.env.IDs.Request()
	w.Header().Set("x-amzn-RequestId", id)
	if r.Method == http.MethodGet && r.URL.Path != "/" && s.serveFile(w, id, r.URL.Path) {
		return
	}
	buf := service.GetBuffer()
	defer buf.Free()
	raw := r.URL.RawQuery
	switch r.Method {
	case http.MethodPost:
		held, err := s.readBody(w, r, buf)
		defer s.held.Add(-held)
		if err != nil {
			writeError(w, id, err)
			return
		}
		raw = string(buf.B)
	case http.MethodGet:
	default:
		writeError(w, id, badRequest("InvalidAction", "requests are made with POST or GET, not %s", r.Method))
		return
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		writeError(w, id, badRequest("MalformedQueryString", "%v", err))
		return
	}
	name := values.Get("Action")
	act := actionsByName[name]
	req := &request{params: params{values: values}, signed: service.Signed(r)}
	if err := s.authenticate(r, req, act, buf.B); err != nil {
		writeError(w, id, err)
		return
	}
	switch {
	case name == "":
		writeError(w, id, badRequest("MissingAction", "The request must contain the parameter Action"))
		return
	case act == nil:
		writeError(w, id, unknownOperation(name))
		return
	}
	result, err := s.serve(r, act, req, []byte(raw))
	if err != nil {
		writeError(w, id, err)
		return
	}
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(slowClient))
	writeResult(w, id, name, result)
}

// readBody reads the body. held is what the caller takes off s.held when it is done with it, also after an error.
func (s *Service) readBody(w http.ResponseWriter, r *http.Request, buf *service.Buffer) (held int64, err error) {
	if held = r.ContentLength; held < 0 || held > maxBody {
		held = maxBody
	}
	if held <= smallBody {
		held = 0
	}
	if s.held.Add(held) > maxHeld && held > 0 {
		return held, &Error{http.StatusServiceUnavailable, "ServiceUnavailable", "Too many requests are under way. Please try again."}
	}
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Now().Add(slowClient))
	err = service.ReadBody(r, buf, maxBody)
	if err == nil {
		control.SetReadDeadline(time.Time{})
		return held, nil
	}
	w.Header().Set("Connection", "close") // the rest of the body is not worth reading
	if errors.Is(err, service.ErrBodyTooLarge) {
		return held, &Error{http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the request body exceeds " + strconv.Itoa(maxBody) + " bytes"}
	}
	return held, badRequest("MalformedInput", "could not read the request body: %v", err)
}

// authenticate checks the signature, if the host wants one. Who was sent a link to confirm or to unsubscribe needs none.
func (s *Service) authenticate(r *http.Request, req *request, act *action, body []byte) error {
	auth := s.env.Auth
	if auth == nil || !req.signed && act != nil && act.open {
		return nil
	}
	err := auth.Verify(r, body, s.env.Clock.Now())
	e, ok := errors.AsType[*service.AuthError](err)
	if !ok {
		return err
	}
	// The query protocol has names of its own: https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
	switch e.Code {
	case "MissingAuthenticationTokenException":
		return &Error{http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token"}
	case "UnrecognizedClientException":
		return &Error{http.StatusForbidden, "InvalidClientTokenId", e.Message}
	case "InvalidSignatureException":
		return &Error{http.StatusForbidden, "SignatureDoesNotMatch", e.Message}
	}
	return badRequest("IncompleteSignature", "%s", e.Message)
}

// DeliveriesPath is where a running service lists its Deliveries, as JSON.
const DeliveriesPath = "/_weir/deliveries"

// serveFile answers for the paths that aren't the API's, if there is something at this one.
func (s *Service) serveFile(w http.ResponseWriter, id, path string) bool {
	if path == DeliveriesPath {
		all, err := s.Deliveries()
		if err != nil {
			writeError(w, id, err)
			return true
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(all) // to a client that has gone, or not
		return true
	}
	cert, err := s.certificate(path)
	switch {
	case err != nil:
		writeError(w, id, err)
	case cert == nil:
		return false
	default:
		w.Header().Set("Content-Type", "application/x-pem-file")
		w.Write(cert)
	}
	return true
}

// serve runs the operation, with the fault that the host wants for it.
func (s *Service) serve(r *http.Request, act *action, req *request, body []byte) (any, error) {
	var f *service.Fault
	if s.env.Intercept != nil {
		f = s.env.Intercept(act.name, body)
	}
	if f == nil {
		return act.serve(s, req)
	}
	f.HoldUp(r.Context())
	if !f.Whole() {
		req.fault = f
		return act.serve(s, req)
	}
	if f.Apply || !f.Close && f.Code == "" {
		if result, err := act.serve(s, req); err != nil || !f.Close && f.Code == "" {
			return result, err
		}
	}
	if f.Close {
		service.Drop()
	}
	return nil, &Error{f.HTTPStatus(), f.Code, f.Text()}
}

type metadata struct{ RequestId string }

func writeResult(w http.ResponseWriter, id, action string, result any) {
	var b bytes.Buffer
	e := xml.NewEncoder(&b)
	root := xml.StartElement{Name: xml.Name{Local: action + "Response"}, Attr: []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: namespace}}}
	err := e.EncodeToken(root)
	if result != nil {
		err = errors.Join(err, e.EncodeElement(result, xml.StartElement{Name: xml.Name{Local: action + "Result"}}))
	}
	err = errors.Join(err, e.EncodeElement(metadata{id}, xml.StartElement{Name: xml.Name{Local: "ResponseMetadata"}}),
		e.EncodeToken(root.End()), e.Flush())
	if err != nil {
		writeError(w, id, err)
		return
	}
	writeXML(w, http.StatusOK, b.Bytes())
}

func writeError(w http.ResponseWriter, id string, err error) {
	e := asError(err)
	body := struct {
		XMLName xml.Name `xml:"http://sns.amazonaws.com/doc/2010-03-31/ ErrorResponse"`
		Error   struct{ Type, Code, Message string }
		metadata
	}{metadata: metadata{id}}
	body.Error.Type = "Receiver"
	if e.sender() {
		body.Error.Type = "Sender"
	}
	body.Error.Code, body.Error.Message = e.Code, e.Message
	b, err := xml.Marshal(body)
	if err != nil {
		b = nil // strings always encode; an empty body still carries the status
	}
	writeXML(w, e.Status, b)
}

func writeXML(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}
