package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/udf"
)

// environment is the flags that many commands share, and what they open.
type environment struct {
	dataDir  string
	local    string
	settings []string
	log      logFlags

	functions []udf.Spec // of the program's own, beside the built-in ones

	server *local.Server // that this process started
}

// ownServer stands for --local without a directory.
const ownServer = "<data-dir>/local"

func (e *environment) dataFlags(f *pflag.FlagSet) {
	f.StringVar(&e.dataDir, "data-dir", "", "where catalog, checkpoints and embedded streams are kept (default $WEIR_HOME, else ~/.local/share/weir)")
}

func (e *environment) localFlag(f *pflag.FlagSet) {
	f.StringVar(&e.local, "local", "", "use the embedded Kinesis and SNS instead of AWS, those of a running weir local if there is one; =`DIR` keeps their data there")
	f.Lookup("local").NoOptDefVal = ownServer
}

func (e *environment) sessionFlags(f *pflag.FlagSet) {
	e.dataFlags(f)
	e.localFlag(f)
	f.StringArrayVar(&e.settings, "set", nil, "a setting as by SET, `key=value`; may be repeated")
	e.log.flags(f)
}

// home returns the data directory.
func (e *environment) home() (string, error) {
	if e.dataDir != "" {
		return e.dataDir, nil
	}
	return engine.Home()
}

// options returns the session's options by the flags.
func (e *environment) options(stdout, stderr io.Writer) (engine.Options, error) {
	home, err := e.home()
	if err != nil {
		return engine.Options{}, err
	}
	o := engine.Options{DataDir: home, Stdout: stdout, Settings: map[string]string{}, Functions: e.functions}
	if o.Log, err = e.log.open(stderr); err != nil {
		return o, err
	}
	for _, s := range e.settings {
		key, value, ok := strings.Cut(s, "=")
		if !ok {
			return o, usageErrorf("--set takes key=value, found %q", s)
		}
		o.Settings[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	return o, nil
}

// endpoints starts or joins the embedded server when --local was given.
func (e *environment) endpoints(ctx context.Context) (kinesis, sns string, err error) {
	if e.local == "" {
		return "", "", nil
	}
	dir, err := e.localDir()
	if err != nil {
		return "", "", err
	}
	if info, ok := local.Join(dir); ok {
		return info.KinesisEndpoint, info.SNSEndpoint, nil
	}
	// The server outlives the command's context: jobs still flush into it after Ctrl-C.
	e.server, err = local.Start(context.WithoutCancel(ctx), local.Options{Dir: dir})
	var inUse *local.InUseError
	if errors.As(err, &inUse) { // another process was quicker
		if info, ok := local.Join(dir); ok {
			return info.KinesisEndpoint, info.SNSEndpoint, nil
		}
	}
	if err != nil {
		return "", "", err
	}
	return e.server.KinesisEndpoint(), e.server.SNSEndpoint(), nil
}

func (e *environment) localDir() (string, error) {
	if e.local != "" && e.local != ownServer {
		return filepath.Abs(e.local)
	}
	home, err := e.home()
	return filepath.Join(home, "local"), err
}

// open makes a session by the flags.
func (e *environment) open(ctx context.Context, stdout, stderr io.Writer, change func(*engine.Options)) (*engine.Session, error) {
	o, err := e.options(stdout, stderr)
	if err != nil {
		return nil, err
	}
	if o.KinesisEndpoint, o.SNSEndpoint, err = e.endpoints(ctx); err != nil {
		return nil, err
	}
	if change != nil {
		change(&o)
	}
	s, err := engine.New(o)
	if err != nil {
		return nil, errors.Join(usageErrorf("%w", err), e.close())
	}
	return s, nil
}

// close stops the server if this process started it.
func (e *environment) close() error {
	if e.server == nil {
		return nil
	}
	return e.server.Close()
}

// readFiles reads the SQL files named on the command line ("-" is standard input) and the statements given with -e.
func readFiles(names, inline []string, stdin io.Reader) ([]*diag.File, error) {
	var files []*diag.File
	for _, name := range names {
		var text []byte
		var err error
		if name == "-" {
			name = "<stdin>"
			text, err = io.ReadAll(stdin)
		} else {
			text, err = os.ReadFile(name)
		}
		if err != nil {
			return nil, usageErrorf("%w", err)
		}
		files = append(files, diag.NewFile(name, string(text)))
	}
	for i, text := range inline {
		name := "-e"
		if len(inline) > 1 {
			name = fmt.Sprintf("-e (%d)", i+1)
		}
		files = append(files, diag.NewFile(name, text))
	}
	return files, nil
}
