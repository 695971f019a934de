// Tables for what a container may run.
package node

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tree makes files from their contents; a content that begins with -> is a link, and names that end in
// .txt are no executables.
func tree(t *testing.T, contents map[string]string) string {
	t.Helper()
	folder, _ := filepath.EvalSymlinks(t.TempDir())
	for name, content := range contents {
		place := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(place), 0o777); err != nil {
			t.Fatal(err)
		}
		if target, link := strings.CutPrefix(content, "->"); link {
			if err := os.Symlink(target, place); err != nil {
				t.Fatal(err)
			}
			continue
		}
		mode := os.FileMode(0o777)
		if strings.HasSuffix(name, ".txt") {
			mode = 0o666
		}
		if err := os.WriteFile(place, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestCommand(t *testing.T) {
	root := tree(t, map[string]string{
		"bin/sh": "elf", "bin/busybox": "elf", "bin/ls": "->busybox", "bin/host": "->/bin/true",
		"usr/bin/env": "elf", "opt/tool/bin/tool": "elf", "etc/plain.txt": "text",
		"sbin/run": "#!/bin/sh -e\n", "sbin/lost": "#!/bin/python\n",
	})
	tools := tree(t, map[string]string{"agent": "elf", "out": "->/bin/true", "script": "#!/usr/bin/env sh\n"})
	seen := files{root: root, mounts: newMounts(mount{"/tools", tools})}
	for command, want := range map[string]string{
		"sh -c x":            root + "/bin/sh: sh -c x",
		"/bin/ls /tools":     root + "/bin/busybox: /bin/ls " + tools,
		"tool":               root + "/opt/tool/bin/tool: tool",
		"/tools/agent --a=b": tools + "/agent: " + tools + "/agent --a=b",
		"./agent":            tools + "/agent: ./agent",
		"/sbin/run a":        root + "/bin/sh: /bin/sh -e " + root + "/sbin/run a",
		"/tools/script":      root + "/usr/bin/env: /usr/bin/env sh " + tools + "/script",
		"/sbin/lost":         "exec /sbin/lost: interpreter /bin/python: no such file or directory",
		"/bin/none":          `exec: "/bin/none": stat /bin/none: no such file or directory`,
		"/bin/true":          `exec: "/bin/true": stat /bin/true: no such file or directory`,
		"true":               `exec: "true": executable file not found in $PATH`,
		"host":               `exec: "host": executable file not found in $PATH`,
		"/bin/host":          `exec: "/bin/host": stat /bin/host: no such file or directory`,
		"/tools/out":         `exec: "/tools/out": stat /tools/out: no such file or directory`,
		"/tools/../bin/sh":   root + "/bin/sh: /bin/sh",
		"/../../../bin/true": `exec: "/../../../bin/true": stat /../../../bin/true: no such file or directory`,
		"/etc/plain.txt":     `exec: "/etc/plain.txt": permission denied`,
		"/bin":               `exec: "/bin": permission denied`,
	} {
		executable, args, err := seen.command(strings.Fields(command), "/tools", "")
		got := executable + ": " + strings.Join(args, " ")
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", command, got, want)
		}
	}
}

func TestSearchPath(t *testing.T) {
	root := tree(t, map[string]string{"opt/a/bin/a": "elf"})
	seen := files{root: root, mounts: newMounts(mount{"/tools", "/host/tools"})}
	if got := seen.searchPath("/tools/bin:/usr/bin:here"); !slices.Equal(got, []string{"/host/tools/bin", root + "/usr/bin"}) {
		t.Error(got)
	}
	if got := seen.searchPath(""); got[len(got)-1] != root+"/opt/a/bin" {
		t.Error(got)
	}
}
