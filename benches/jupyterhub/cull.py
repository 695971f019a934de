"""JupyterHub's idle culler, measured: so many servers of KubeSpawner are started on a cluster, and the culler stops them.

It needs a world that is up (`cargo local -- --fast`), and of that the control address and the kubeconfig:

    python3 benches/jupyterhub/cull.py --count 200 --control URL --kubeconfig FILE

The hub, KubeSpawner, the culler and the hub's own proxy are the released ones, from PyPI and npm; they are installed
below target/jupyterhub. What is not theirs: pods run on machines that only say so, and one small server here stands for
the notebooks, because the hub asks each whether it answers. Whoever measures against another cluster gives --no-paper.
"""

import argparse
import http.server
import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
GROUND = HERE.parent.parent / "target" / "jupyterhub"
PACKAGES = ["jupyterhub==5.5.4", "jupyterhub-kubespawner==7.1.0", "jupyterhub-idle-culler==2.0.0"]
PROXY = "configurable-http-proxy@5"
NAMESPACE = "jupyterhub"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
# requests to the hub at once; as many as the culler has under way
AT_ONCE = 10
PATIENCE = 600

CONFIG = """
c = get_config()
c.JupyterHub.ip = c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.port, c.JupyterHub.hub_port = {port}, {hub_port}
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie"
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.concurrent_spawn_limit = 0
c.JupyterHub.spawner_class = "kubespawner.KubeSpawner"
c.ConfigurableHTTPProxy.command = ["{proxy}"]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
c.Authenticator.allow_all = True
c.KubeSpawner.namespace = "{namespace}"
c.KubeSpawner.image = "dcaas.example/workspace:dev"
c.KubeSpawner.port = {server_port}
c.KubeSpawner.storage_pvc_ensure = False
c.KubeSpawner.node_selector = {selector}
c.KubeSpawner.tolerations = [{{"operator": "Exists"}}]
c.KubeSpawner.start_timeout = c.KubeSpawner.http_timeout = 300
c.JupyterHub.services = [{{"name": "culler", "api_token": "{culler}"}}, {{"name": "script", "api_token": "{script}", "admin": True}}]
# what the culler's own documentation asks for
c.JupyterHub.load_roles = [{{
    "name": "culler", "services": ["culler"],
    "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
}}]
"""


def say(text):
    print(text, file=sys.stderr, flush=True)


def install():
    """Once."""
    python = GROUND / "venv" / "bin" / "python"
    proxy = GROUND / "node_modules" / ".bin" / "configurable-http-proxy"
    run = lambda *words: subprocess.run([str(word) for word in words], check=True, stdout=sys.stderr)
    if not python.exists():
        run(sys.executable, "-m", "venv", GROUND / "venv")
    run(python, "-m", "pip", "install", "--quiet", *PACKAGES)
    if not proxy.exists():
        run("npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", GROUND, PROXY)
    return python, proxy


class Client:
    """JSON over HTTP, without the environment's proxies."""

    def __init__(self, base, token=None):
        self.base, self.headers = base.rstrip("/"), {"Content-Type": "application/json"}
        if token:
            self.headers["Authorization"] = f"token {token}"
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def __call__(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, self.headers, method=method)
        with self.opener.open(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None


def until(what, ask, pause=0.1):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = ask()
        if found is not None and found is not False:
            return found
        time.sleep(pause)
    sys.exit(f"not within {PATIENCE} s: {what}")


def port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Notebook(http.server.BaseHTTPRequestHandler):
    """What the hub asks a server before it calls it ready."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.send_header("X-JupyterHub-Version", "5.5.4")
        self.end_headers()

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--control", required=True)
    parser.add_argument("--kubeconfig", required=True)
    parser.add_argument("--no-paper", action="store_true", help="the cluster's own nodes run the pods")
    wish = parser.parse_args()
    python, proxy = install()
    control = Client(wish.control)
    folder = GROUND / f"run-{os.getpid()}"
    folder.mkdir(parents=True)
    notebooks = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Notebook)
    threading.Thread(target=notebooks.serve_forever, daemon=True).start()
    tokens = {"culler": secrets.token_hex(16), "script": secrets.token_hex(16)}
    hub_port, selector = port(), {} if wish.no_paper else {"kubernetes.azure.com/agentpool": "steady"}
    config = folder / "config.py"
    config.write_text(CONFIG.format(
        port=port(), hub_port=hub_port, proxy_port=port(), server_port=notebooks.server_address[1],
        folder=folder, proxy=proxy, namespace=NAMESPACE, selector=selector, **tokens))
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    try:
        control("POST", "/kubernetes/api/v1/namespaces", namespace)
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise
    log = open(folder / "log", "w")
    path = f"{python.parent}:{os.environ['PATH']}"
    environment = {**os.environ, "KUBECONFIG": wish.kubeconfig, "PATH": path,
                   "CONFIGPROXY_AUTH_TOKEN": secrets.token_hex(16)}
    hub_process = subprocess.Popen([python, "-m", "jupyterhub", "-f", config], env=environment, cwd=folder,
                                   stdout=log, stderr=log)
    try:
        measure(wish, control, hub_process, hub_port, tokens, python, environment, folder, log)
    finally:
        end(hub_process, folder)
        control("DELETE", f"/kubernetes/api/v1/namespaces/{NAMESPACE}")


def end(hub_process, folder):
    """The hub takes its servers and its proxy along, if it has the time."""
    hub_process.terminate()
    try:
        hub_process.wait(180)
    except subprocess.TimeoutExpired:
        hub_process.kill()
        proxy = folder / "proxy.pid"
        if proxy.exists():
            os.kill(int(proxy.read_text()), signal.SIGTERM)


def measure(wish, control, hub_process, hub_port, tokens, python, environment, folder, log):
    api = f"http://127.0.0.1:{hub_port}/hub/api"
    hub = Client(api, tokens["script"])

    def up():
        if hub_process.poll() is not None:
            sys.exit(f"the hub has ended: see {folder}/log")
        try:
            return hub("GET", "/info")
        except (urllib.error.URLError, OSError):
            return None

    say(f"JupyterHub {until('the hub is up', up)['version']} is up")
    names = [f"user{n:04}" for n in range(wish.count)]
    hub("POST", "/users", {"usernames": names})
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda name: hub("POST", f"/users/{name}/server"), names))

    def ready():
        users = hub("GET", f"/users?state=ready&limit={wish.count}")
        return len(users) == wish.count
    # a question about everybody keeps the hub from its work
    until("all servers are ready", ready, pause=3)
    say(f"{wish.count} servers are ready")
    time.sleep(3)  # so that all of them have been idle for longer than the culler's limit

    pods = lambda: control("GET", f"/kubernetes{PODS}?labelSelector=component=singleuser-server")["items"]
    assert len(pods()) == wish.count, "a pod for each"
    begun = time.monotonic()
    words = ["-m", "jupyterhub_idle_culler", "--timeout=1", "--cull-every=600", f"--url={api}"]
    culler = subprocess.Popen([python, *words], env={**environment, "JUPYTERHUB_API_TOKEN": tokens["culler"]},
                              cwd=folder, stdout=log, stderr=log)
    try:
        until("the first is told to end", lambda: len(pods()) < wish.count)
        first = time.monotonic()
        until("all pods are gone", lambda: not pods())
        gone = time.monotonic()
        until("the hub knows it", lambda: not hub("GET", "/users?state=active"), pause=1)
    finally:
        culler.terminate()
        culler.wait(60)
    print(f"result: from its start to the last pod gone={gone - begun:.2f} s")
    print(f"result: from the first pod gone to the last={gone - first:.2f} s")


if __name__ == "__main__":
    main()
