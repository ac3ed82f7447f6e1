package sns

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/weirsql/weir/local/internal/service"
)

const (
	namespace = "http://sns.amazonaws.com/doc/2010-03-31/"
	apiVer    = "2010-03-31"
	// maxBody admits a batch of 256 KiB with every byte percent-encoded, and its names.
	maxBody = 2 << 20
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
	if r.Method == http.MethodPost {
		if err := service.ReadBody(r, buf, maxBody); err != nil {
			if errors.Is(err, service.ErrBodyTooLarge) {
				w.Header().Set("Connection", "close") // the rest of the body is not worth reading
				writeError(w, id, &Error{http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "the request body exceeds " + strconv.Itoa(maxBody) + " bytes"})
				return
			}
			writeError(w, id, badRequest("MalformedInput", "could not read the request body: %v", err))
			return
		}
		raw = string(buf.B)
	} else if r.Method != http.MethodGet {
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
	switch {
	case name == "":
		writeError(w, id, badRequest("MissingAction", "The request must contain the parameter Action"))
		return
	case act == nil:
		writeError(w, id, badRequest("InvalidAction", "Could not find operation %s for version %s", name, apiVer))
		return
	}
	result, err := s.serve(r, act, &request{params: params{values: values}}, []byte(raw))
	if err != nil {
		writeError(w, id, err)
		return
	}
	writeResult(w, id, name, result)
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
