// Tables for path translation.
package node

import "testing"

var exampleMounts = newMounts(
	mount{"/data", "/host/data"},
	mount{"/data/cache/", "/host/cache"},
	mount{"/opt/dcaas", "/host/tools"},
	mount{"/etc/app.conf", "/host/conf/app.conf"},
)

func TestTranslate(t *testing.T) {
	for value, want := range map[string]string{
		"":                              "",
		"/data":                         "/host/data",
		"/data/":                        "/host/data/",
		"/data/a/b":                     "/host/data/a/b",
		"/database":                     "/database",
		"/other/data":                   "/other/data",
		"/data/cache":                   "/host/cache",
		"/data/cache/x":                 "/host/cache/x",
		"/data/cached":                  "/host/data/cached",
		"--to=/data/x":                  "--to=/host/data/x",
		"/opt/dcaas/bin:/usr/bin:/data": "/host/tools/bin:/usr/bin:/host/data",
		"a,/data,/data/cache":           "a,/host/data,/host/cache",
		"cp /bin/x /data && ls /data/":  "cp /bin/x /host/data && ls /host/data/",
		`{"home":"/data/u"}`:            `{"home":"/host/data/u"}`,
		"https://data/x":                "https://data/x",
		"https://host/data":             "https://host/data",
		"/etc/app.conf":                 "/host/conf/app.conf",
		"/etc/app.conf.d":               "/etc/app.conf.d",
		"relative/data":                 "relative/data",
	} {
		if got := exampleMounts.translate(value); got != want {
			t.Errorf("translate(%q) = %q, want %q", value, got, want)
		}
	}
}

func TestTranslateOnce(t *testing.T) {
	// A folder may itself begin like a mount: what was rewritten is not rewritten again.
	m := newMounts(mount{"/tmp", "/tmp/world/pod"}, mount{"/work", "/tmp/world/work"})
	if got := m.translate("/work:/tmp/a"); got != "/tmp/world/work:/tmp/world/pod/a" {
		t.Error(got)
	}
}

func TestLocate(t *testing.T) {
	for path, want := range map[string]string{
		"/data":             "/host/data",
		"/data/./x/":        "/host/data/x",
		"/data/../etc":      "",
		"/data/cache/../y":  "/host/data/y",
		"/opt/dcaas/agent":  "/host/tools/agent",
		"/opt/dcaas2/agent": "",
	} {
		if got, _ := exampleMounts.locate(path); got != want {
			t.Errorf("locate(%q) = %q, want %q", path, got, want)
		}
	}
}
