// Tables for the file of images.
package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPull(t *testing.T) {
	root := tree(t, map[string]string{"bin/a": "12345", "b.txt": "678"})
	file := filepath.Join(t.TempDir(), "images.json")
	content := `{"x/good:1":{"root":"` + root + `"},"x/relative:1":{"root":"here"},"x/slow:1":{"root":"` + root + `","delay":"soon"},"x/none:1":{"root":"/none"}}`
	if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	store := newImageStore(file, "")
	for name, want := range map[string]string{
		"x/good:1": "", "x/unknown:1": "x/unknown:1: not found", "x/relative:1": "no absolute path", "x/slow:1": "invalid duration", "x/none:1": "no such file",
	} {
		got, err := store.pull(name, nil)
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", name, err)
		}
		if store.isPresent(name) != (err == nil) || (err == nil && got.size != 8) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
