// The kubelet's endpoint, for the API server: logs and exec.
package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/virtual-kubelet/virtual-kubelet/node/api"
	corev1 "k8s.io/api/core/v1"
)

// serve opens the endpoint and gives its port.
func (m *machine) serve() (int, error) {
	certificate, err := tls.LoadX509KeyPair(m.tlsCert, m.tlsKey)
	if err != nil {
		return 0, err
	}
	settings := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	if m.clientCA != "" {
		authority, err := os.ReadFile(m.clientCA)
		if err != nil {
			return 0, err
		}
		settings.ClientAuth, settings.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		if !settings.ClientCAs.AppendCertsFromPEM(authority) {
			return 0, fmt.Errorf("%s holds no certificate", m.clientCA)
		}
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(m.ip, strconv.Itoa(m.port)))
	if err != nil {
		return 0, err
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /healthz", func(answer http.ResponseWriter, _ *http.Request) { fmt.Fprint(answer, "ok") })
	// virtual-kubelet's own handler for logs takes no tailLines=0 and no stream; this one takes what a kubelet takes.
	routes.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", m.containerLogs)
	routes.Handle("/", api.PodHandler(api.PodHandlerConfig{
		RunInContainer: m.runInContainer,
		// An exec may be silent for long, as a debugger is.
		StreamIdleTimeout: 4 * time.Hour, StreamCreationTimeout: 30 * time.Second,
		GetPods: m.allPods, GetPodsFromKubernetes: m.allPods,
	}, true))
	server := &http.Server{Handler: routes, TLSConfig: settings, ReadHeaderTimeout: 30 * time.Second}
	go func() {
		if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintln(os.Stderr, "kubelet endpoint:", err)
			os.Exit(1)
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func (m *machine) allPods(context.Context) ([]*corev1.Pod, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*corev1.Pod
	for _, worker := range m.pods {
		all = append(all, worker.latest())
	}
	return all, nil
}
