// Path translation: there are no mount namespaces here, so what a pod calls /data is a folder of the
// machine, and every path that a pod's commands and variables name is rewritten to that folder.
package node

import (
	"path/filepath"
	"sort"
	"strings"
)

// mount says which folder of the machine a path of the container stands for.
type mount struct {
	path   string
	folder string
}

// mounts are a container's mounts, the longest path first, so that a nested mount wins.
type mounts []mount

func newMounts(all ...mount) mounts {
	sorted := make(mounts, 0, len(all))
	for _, one := range all {
		sorted = append(sorted, mount{path: filepath.Clean(one.path), folder: one.folder})
	}
	sort.SliceStable(sorted, func(i, j int) bool { return len(sorted[i].path) > len(sorted[j].path) })
	return sorted
}

// Where a path can begin or end inside a longer value: NAME=/data, /a:/b, /a,/b, and in a line for a shell
// or in JSON.
const separators = "=:, \t\n\"'`;|&<>(){}[]"

// locate gives the folder or file that one whole path of the container stands for.
func (m mounts) locate(path string) (string, bool) {
	path = filepath.Clean(path)
	for _, mount := range m {
		if path == mount.path {
			return mount.folder, true
		}
		if rest, inside := strings.CutPrefix(path, strings.TrimSuffix(mount.path, "/")+"/"); inside {
			return filepath.Join(mount.folder, rest), true
		}
	}
	return "", false
}

// translate rewrites every path of the container that occurs in a value. It reads the value once, so a
// folder that happens to begin like a mount is never rewritten again.
func (m mounts) translate(value string) string {
	var out strings.Builder
	for at := 0; at < len(value); {
		if value[at] == '/' && (at == 0 || strings.IndexByte(separators, value[at-1]) >= 0) {
			if mount, found := m.beginning(value[at:]); found {
				out.WriteString(mount.folder)
				at += len(mount.path)
				continue
			}
		}
		out.WriteByte(value[at])
		at++
	}
	return out.String()
}

// beginning finds the mount that a text begins with, as a whole path and not as a part of a longer name.
func (m mounts) beginning(text string) (mount, bool) {
	for _, mount := range m {
		rest, begins := strings.CutPrefix(text, mount.path)
		if begins && (rest == "" || rest[0] == '/' || strings.IndexByte(separators, rest[0]) >= 0) {
			return mount, true
		}
	}
	return mount{}, false
}

func (m mounts) translateAll(values []string) []string {
	translated := make([]string, len(values))
	for i, value := range values {
		translated[i] = m.translate(value)
	}
	return translated
}
