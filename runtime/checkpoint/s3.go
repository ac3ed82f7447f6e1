package checkpoint

import "errors"

func newS3(bucket, prefix string) (FS, error) { return nil, errors.New("later") }
