package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/weirsql/weir/local/internal/service"
	"github.com/weirsql/weir/local/sns"
)

// outboxDir and dataDir are where mails and everything else are kept, in the directory of a server.
const (
	outboxDir = "outbox"
	dataDir   = "data"
)

// Mails lists the outbox in the directory, oldest first, whether a server runs there or not. There are none where no server
// has ever been.
func Mails(dir string) ([]sns.Mail, error) {
	outbox, err := openOutbox(dir)
	if outbox == nil || err != nil {
		return nil, err
	}
	return outbox.List()
}

// ReadMail returns a mail of the outbox, as it goes over the wire.
func ReadMail(dir, file string) ([]byte, error) {
	outbox, err := openOutbox(dir)
	if err != nil {
		return nil, err
	}
	if outbox == nil {
		return nil, fs.ErrNotExist
	}
	return outbox.Read(file)
}

// openOutbox is nil when there is none.
func openOutbox(dir string) (*sns.Outbox, error) {
	path := filepath.Join(dir, outboxDir)
	if _, err := os.Stat(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	return sns.OpenOutbox(vfs.Default, path)
}

// Deliveries lists what could not be delivered and what is to be tried, of the server in the directory: by asking it if it
// runs, else from its store.
func Deliveries(dir string) ([]sns.Delivery, error) {
	if info, ok := Join(dir); ok {
		return info.deliveries()
	}
	if _, err := os.Stat(filepath.Join(dir, dataDir)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	dir, err := prepareDir(dir)
	if err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	store, err := service.OpenStore(service.StoreOptions{FS: vfs.Default, Dir: filepath.Join(dir, dataDir), Lock: lock})
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	all, err := sns.ReadDeliveries(store)
	return all, errors.Join(err, store.Close(), lock.Close())
}

func (i *Info) deliveries() (all []sns.Delivery, err error) {
	client := http.Client{Timeout: joinTimeout}
	defer client.CloseIdleConnections()
	resp, err := client.Get(i.SNSEndpoint + sns.DeliveriesPath)
	if err != nil {
		return nil, fmt.Errorf("ask the server at %s for its deliveries: %w", i.SNSEndpoint, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("ask the server at %s for its deliveries: %s", i.SNSEndpoint, resp.Status)
	}
	return all, json.NewDecoder(resp.Body).Decode(&all)
}
