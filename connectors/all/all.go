// Package all is the one list of built-in connectors and formats.
package all

import (
	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/filesystem"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/format/changelogjson"
	"github.com/weirsql/weir/connectors/format/csv"
	"github.com/weirsql/weir/connectors/format/json"
	"github.com/weirsql/weir/connectors/format/raw"
)

// Registry returns a registry of everything that is built in.
func Registry() (*connectors.Registry, error) {
	formats, err := format.NewRegistry(
		csv.Spec,
		json.Spec,
		changelogjson.Spec,
		raw.Spec,
	)
	if err != nil {
		return nil, err
	}
	return connectors.NewRegistry(formats,
		filesystem.Spec,
	)
}
