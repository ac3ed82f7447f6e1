package checkpoint

// NewStore is NewStoreIn at a URI.
func NewStore(uri, job, name string) (*Store, error) {
	fsys, err := Resolve(uri)
	if err != nil {
		return nil, err
	}
	return NewStoreIn(fsys, job, name)
}

// Latest is LatestIn at a URI.
func Latest(uri, job string) (*Checkpoint, []error, error) {
	fsys, err := Resolve(uri)
	if err != nil {
		return nil, nil, err
	}
	return LatestIn(fsys, job)
}

// Open is OpenURI.
func Open(uri string) (*Checkpoint, error) { return OpenURI(uri) }
