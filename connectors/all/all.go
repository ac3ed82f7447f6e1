// Package all is the list of the connectors and formats that come with weir. To add one, write its package and a line here.
package all

import (
	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/blackhole"
	"github.com/weirsql/weir/connectors/datagen"
	"github.com/weirsql/weir/connectors/filesystem"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/format/changelogjson"
	"github.com/weirsql/weir/connectors/format/csv"
	"github.com/weirsql/weir/connectors/format/json"
	"github.com/weirsql/weir/connectors/format/raw"
	"github.com/weirsql/weir/connectors/kinesis"
	"github.com/weirsql/weir/connectors/print"
	"github.com/weirsql/weir/connectors/sns"
)

// Registry returns a registry of all connectors and formats.
func Registry() (*connectors.Registry, error) {
	formats, err := format.NewRegistry(
		json.Spec,
		changelogjson.Spec,
		csv.Spec,
		raw.Spec,
	)
	if err != nil {
		return nil, err
	}
	return connectors.NewRegistry(formats,
		filesystem.Spec,
		datagen.Spec,
		print.Spec,
		blackhole.Spec,
		kinesis.Spec,
		sns.Spec,
	)
}
