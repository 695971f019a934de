//! Rows: images that can not be had, containers that can not begin or that ended.

use serde_json::json;

use super::{case::{Case, stamp}, make::{ended, installed, placed}};

/// containerd: internal/cri/server/images/image_pull.go around core/remotes/docker/resolver.go.
fn pull(name: &'static str, why: &str) -> Case {
    let image = "ours.azurecr.io/team/cuda:12";
    let words = format!("failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": {why}");
    installed(name).waits("workspace", "ErrImagePull", &words)
}

pub fn images() -> Vec<Case> {
    vec![
        pull("no such tag", "ours.azurecr.io/team/cuda:12: not found").fails("There is no image 'ours.azurecr.io/team/cuda:12'", "name and tag"),
        // kubernetes pkg/kubelet/images/image_manager.go: a back-off repeats why
        installed("no such tag, in back-off").waits("workspace", "ImagePullBackOff", "Back-off pulling image \"ours.azurecr.io/team/cuda:12\": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image \"ours.azurecr.io/team/cuda:12\": failed to resolve reference \"ours.azurecr.io/team/cuda:12\": ours.azurecr.io/team/cuda:12: not found")
            .fails("There is no image", "name and tag"),
        installed("no such tag, in an old kubelet's back-off").waits("workspace", "ImagePullBackOff", "Back-off pulling image \"ours.azurecr.io/team/cuda:12\"")
            .event_at(40, 30, "Failed", "Failed to pull image \"ours.azurecr.io/team/cuda:12\": rpc error: code = NotFound desc = ours.azurecr.io/team/cuda:12: not found")
            .event("Failed", "Error: ImagePullBackOff").fails("There is no image", "name and tag"),
        // Azure/AKS #4459 and #4593
        pull("no right to the registry", "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ours.azurecr.io/oauth2/token?scope=repository%3Ateam%2Fcuda%3Apull&service=ours.azurecr.io: 401 Unauthorized")
            .fails("may not pull", "Ask an admin"),
        pull("registry behind a firewall rule", "unexpected status from HEAD request to https://ours.azurecr.io/v2/team/cuda/manifests/12: 403 Forbidden")
            .fails("may not pull", "Ask an admin"),
        pull("denied by name", "denied: requested access to the resource is denied").fails("may not pull", "Ask an admin"),
        pull("hidden or missing", "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed")
            .fails("or the machine may not pull it", "name and tag"),
        pull("old registry", "manifest unknown").fails("There is no image", "name and tag"),
        pull("old registry's repository", "repository name does not exist").fails("There is no image", "name and tag"),
        // containerd core/images/image.go
        pull("for arm64", "no match for platform in manifest sha256:1: not found").fails("for this kind of machine", "start with another"),
        pull("no such registry", "failed to do request: Head \"https://ours.azurecr.io/v2/team/cuda/manifests/12\": dial tcp: lookup ours.azurecr.io on 168.63.129.16:53: no such host")
            .fails("There is no registry", "start with another"),
        pull("registry is away", "failed to do request: Head \"https://ours.azurecr.io/v2/team/cuda/manifests/12\": dial tcp 10.0.0.4:443: i/o timeout")
            .fails("does not answer", "tried again"),
        pull("registry is down", "failed to do request: Head \"https://ours.azurecr.io/v2/team/cuda/manifests/12\": dial tcp 10.0.0.4:443: connect: connection refused")
            .fails("does not answer", "tried again"),
        pull("too many pulls", "unexpected status from GET request to https://ours.azurecr.io/v2/team/cuda/manifests/sha256:1: 429 Too Many Requests")
            .fails("no more pulls", "tried again"),
        pull("too many pulls, in their words", "toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit")
            .fails("no more pulls", "tried again"),
        pull("disk full", "failed to extract layer sha256:1: write /var/lib/containerd/tmp: no space left on device: unknown").fails("too large", "smaller image"),
        pull("something else", "unexpected EOF").fails("can not be pulled", "tried again"),
        installed("registry unavailable").waits("workspace", "RegistryUnavailable", "image pull failed for ours.azurecr.io/team/cuda:12 because the registry is unavailable: dial tcp 10.0.0.4:443: i/o timeout")
            .fails("does not answer", "tried again"),
        installed("unsigned").waits("workspace", "SignatureValidationFailed", "image pull failed for ours.azurecr.io/team/cuda:12 because the signature validation failed: no signature")
            .fails("signature", "Ask an admin"),
        installed("no name").waits("workspace", "InvalidImageName", "Failed to apply default image tag \"Ours/Cuda\": couldn't parse image name \"Ours/Cuda\": invalid reference format: repository name must be lowercase")
            .fails("no name of an image", "start with another"),
        placed("the platform's own").waits("install", "ErrImagePull", "failed to resolve reference \"ours.azurecr.io/dcaas/platform:1\": ours.azurecr.io/dcaas/platform:1: not found")
            .fails("There is no image 'ours.azurecr.io/dcaas/platform:1'", "the platform's own"),
    ]
}

pub fn rows() -> Vec<Case> {
    let said = |words: &str| {
        let mut end = ended("Error", 1, 8);
        end["terminated"]["message"] = json!(words);
        end
    };
    let backing_off = json!({ "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container=workspace pod=workspace-0_dc-1(0b1f8c52)" } });
    let start_error = json!({ "terminated": { "exitCode": 128, "reason": "StartError", "startedAt": stamp(9), "finishedAt": stamp(9),
        // NVIDIA/nvidia-container-toolkit, as in SyneRBI/PETRIC2 #27
        "message": "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error running prestart hook #0: exit status 1, stdout: , stderr: Auto-detected mode as 'legacy'\nnvidia-container-cli: requirement error: unsatisfied condition: cuda>=12.8, please update your driver to a newer version, or use an earlier cuda container: unknown" } });
    vec![
        installed("old driver").container("workspace", backing_off.clone(), start_error).fails("newer GPU driver", "older CUDA"),
        installed("no driver").waits("workspace", "RunContainerError", "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error running prestart hook #0: exit status 1, stdout: , stderr: nvidia-container-cli: initialization error: nvml error: driver not loaded: unknown")
            .fails("GPU can not be used", "tell an admin"),
        installed("another kind of machine").waits("workspace", "RunContainerError", "failed to create containerd task: failed to start: exec /opt/dcaas/bin/dcaas: exec format error")
            .fails("another kind of machine", "amd64"),
        // runc 1.1: libcontainer/init_linux.go
        placed("the program is missing").container("install", json!({ "terminated": { "exitCode": 128, "reason": "StartError", "startedAt": stamp(9), "finishedAt": stamp(9),
            "message": "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"/opt/dcaas/bin/dcaas\": stat /opt/dcaas/bin/dcaas: no such file or directory: unknown" } }), json!({}))
            .fails("is not in its image", "Tell an admin"),
        installed("the program is missing in the tree").waits("workspace", "RunContainerError", "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: \"/opt/dcaas/bin/dcaas\": stat /opt/dcaas/bin/dcaas: no such file or directory: unknown")
            .fails("is not in its image", "Tell an admin"),
        installed("no agent").waits("workspace", "CreateContainerError", "failed to generate container \"a\" spec: failed to generate spec: no command specified")
            .fails("can not begin", "tell an admin"),
        installed("wrong user").waits("workspace", "CreateContainerConfigError", "container has runAsNonRoot and image will run as root (pod: \"workspace-0_dc-1(0b1f8c52)\", container: workspace)")
            .fails("can not begin", "tell an admin"),
        // kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go, doBackOff
        installed("killed for memory, in back-off").container("workspace", backing_off.clone(), ended("OOMKilled", 137, 8))
            .fails("more memory than profile 'steady' has", "larger profile"),
        installed("killed for memory, this moment").container("workspace", ended("OOMKilled", 137, 0), json!({}))
            .fails("more memory", "starts again by itself"),
        installed("crashes").container("workspace", backing_off.clone(), ended("Error", 3, 8)).fails("ended with code 3", "read the logs"),
        installed("killed by somebody").container("workspace", backing_off.clone(), ended("Error", 137, 8)).fails("killed from outside", "read the logs"),
        installed("ends well, which it never should").container("workspace", backing_off.clone(), ended("Completed", 0, 8)).fails("came to its end", "read the logs"),
        placed("install fails").container("install", backing_off.clone(), ended("Error", 1, 8)).fails("could not be installed (code 1)", "tell an admin"),
        // kubernetes pkg/kubelet/kuberuntime/kuberuntime_container.go, getTerminationMessage: the end of its log
        placed("install says why").container("install", backing_off.clone(), said("dcaas: error: /mnt/platform: there is no space left.\n\n")).fails("(code 1): dcaas: error: /mnt/platform: there is no space left.", "tell an admin"),
        placed("install is of another machine").container("install", backing_off.clone(), said("exec /opt/dcaas/bin/dcaas: exec format error\n")).fails("made for another kind of machine", "tell an admin"),
        placed("install fails, this moment").container("install", ended("OOMKilled", 137, 0), json!({})).fails("could not be installed", "tell an admin"),
    ]
}
