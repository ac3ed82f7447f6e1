package generator

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/brianvoe/gofakeit/v7/data"
)

var (
	mimeType      = pickFrom(withoutSpaces(data.Files["mime_type"]))
	fileExt       = pickFrom(data.Files["extension"])
	fileType      = pickFrom([]string{"application", "audio", "font", "image", "message", "model", "text", "video"})
	commonType    = pickFrom([]string{"video", "audio", "image", "text", "application"})
	commonFileExt = pickFrom([]string{"pdf", "mp3", "wav", "png", "jpg", "jpeg", "gif", "mp4", "mpeg", "html"})
	fileBaseName  = mapped(repeated(1, 3, "_", randomWord), fileNameByte)
	fileName      = inOrder(fileBaseName, literal("."), fileExt)
	semver        = inOrder(letters(1, 1, digits), literal("."), letters(1, 1, digits), literal("."), letters(1, 1, digits))
)

// withoutSpaces leaves out what has a remark behind it.
func withoutSpaces(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(word string) bool { return strings.Contains(word, " ") })
}

// extensionsByType are those of the types that people generate.
var extensionsByType = map[string][]string{
	"application/json": {"json"},
	"application/pdf":  {"pdf"},
	"application/xml":  {"xml"},
	"application/zip":  {"zip"},
	"audio/mpeg":       {"mp3", "mpga", "m2a"},
	"audio/wav":        {"wav"},
	"image/gif":        {"gif"},
	"image/jpeg":       {"jpeg", "jpg", "jpe"},
	"image/png":        {"png"},
	"image/svg+xml":    {"svg"},
	"text/css":         {"css"},
	"text/csv":         {"csv"},
	"text/html":        {"html", "htm"},
	"text/plain":       {"txt", "text", "log"},
	"video/mp4":        {"mp4", "m4v"},
	"video/mpeg":       {"mpeg", "mpg"},
}

func compileFileExt(a argument) (value, error) {
	if !a.given() {
		return value{render: fileExt}, nil
	}
	extensions := extensionsByType[a.str()]
	if extensions == nil {
		return value{}, fmt.Errorf("has the media type %q; it takes one of %s", a.str(),
			strings.Join(slices.Sorted(maps.Keys(extensionsByType)), ", "))
	}
	return value{render: pickFrom(extensions), specimens: extensions}, nil
}

func compileCommonFileName(a argument) (value, error) {
	ext := commonFileExt
	if a.given() {
		ext = literal(a.str())
	}
	return value{render: inOrder(fileBaseName, literal("."), ext)}, nil
}

// fileNameByte makes small letters of capital ones, and underscores of what separates words.
func fileNameByte(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	case strings.IndexByte(" ,-/\\'&()", c) >= 0:
		return '_'
	}
	return c
}
