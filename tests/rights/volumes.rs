//! Volumes: a member's storage container for a claim of that member, and nothing else that a volume can name.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Function, Try};

const ALL: &str = "/api/v1/persistentvolumes";

/// A volume that is a folder of the node: the way out of every container.
pub fn host_path(name: &str, namespace: &str) -> Value {
    volume(name, namespace, "hostPath", json!({ "path": "/" }))
}

fn device(name: &str, namespace: &str) -> Value {
    let mut device = volume(name, namespace, "local", json!({ "path": "/dev/sda" }));
    device["spec"]["nodeAffinity"] = json!({ "required": { "nodeSelectorTerms": [{
        "matchExpressions": [{ "key": "kubernetes.io/hostname", "operator": "Exists" }],
    }] } });
    device
}

fn volume(name: &str, namespace: &str, kind: &str, source: Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": { "name": name },
        "spec": {
            "capacity": { "storage": "1Gi" },
            "accessModes": ["ReadWriteMany"],
            "claimRef": { "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace, "name": "data" },
            kind: source,
        },
    })
}

/// A volume as `provision` makes it.
fn good(function: &Function, name: &str, namespace: &str) -> Value {
    let account = &function.dcaas.facts["members_account"];
    let csi = json!({
        "driver": "blob.csi.azure.com",
        "volumeHandle": format!("{}_{namespace}", account.as_str().unwrap()),
        "volumeAttributes": {
            "resourceGroup": "dcaas",
            "storageAccount": account,
            "containerName": namespace,
            "protocol": "fuse2",
            "AzureStorageAuthType": "MSI",
            "AzureStorageIdentityClientID": Uuid::new_v4(),
        },
    });
    volume(name, namespace, "csi", csi)
}

#[tokio::test]
async fn it_makes_volumes_of_its_members_containers_and_no_other() {
    let function = Function::new().await;
    let ada = function.dcaas.member().await;
    let ben = function.dcaas.member().await;
    let foreigner = Function::foreigner().await;
    let (ns, name) = (ada.namespace(), format!("test-{}", Uuid::new_v4()));
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut volume = good(&function, &name, &ns);
        change(&mut volume["spec"]);
        volume
    };
    let attribute =
        |key: &str, value: &str| changed(&|spec| spec["csi"]["volumeAttributes"][key] = value.into());
    function.may("make a member's volume", Try::post(ALL, good(&function, &name, &ns))).await;

    let of_another = ben.namespace();
    let others_handle = format!("x_{of_another}");
    let wrong = [
        ("a path of the node", host_path(&name, &ns)),
        ("a device of the node", device(&name, &ns)),
        ("a server", volume(&name, &ns, "nfs", json!({ "server": "10.0.0.4", "path": "/" }))),
        ("a file share", volume(&name, &ns, "azureFile", json!({ "secretName": "s", "shareName": "x" }))),
        ("another driver", changed(&|spec| spec["csi"]["driver"] = "disk.csi.azure.com".into())),
        ("a driver of Secrets", changed(&|spec| spec["csi"]["driver"] = "secrets-store.csi.k8s.io".into())),
        ("another account", attribute("storageAccount", "other")),
        ("another account, by another case", attribute("storageaccount", "other")),
        ("another server", attribute("server", "evil.example")),
        ("a key from a Secret", attribute("secretName", "s")),
        ("a Secret of another namespace", attribute("secretNamespace", "kube-system")),
        ("another protocol", attribute("protocol", "nfs")),
        ("another member's container", attribute("containerName", &of_another)),
        (
            "no container",
            changed(&|spec| _ = spec["csi"].as_object_mut().unwrap().remove("volumeAttributes")),
        ),
        (
            "another member's handle",
            changed(&|spec| spec["csi"]["volumeHandle"] = others_handle.as_str().into()),
        ),
        (
            "a handle with parts",
            changed(&|spec| spec["csi"]["volumeHandle"] = format!("rg#other#{ns}").into()),
        ),
        (
            "a Secret at staging",
            changed(&|spec| {
                spec["csi"]["nodeStageSecretRef"] = json!({ "name": "s", "namespace": "kube-system" });
            }),
        ),
        (
            "a Secret at publishing",
            changed(&|spec| {
                spec["csi"]["nodePublishSecretRef"] = json!({ "name": "s", "namespace": "kube-system" });
            }),
        ),
        ("a path in the options", changed(&|spec| spec["mountOptions"] = json!(["--config-file=/etc/x"]))),
        ("for no claim", changed(&|spec| _ = spec.as_object_mut().unwrap().remove("claimRef"))),
        ("for a claim elsewhere", good(&function, &name, "kube-system")),
        // what it could slip under another installation's members, or wait for those to come
        ("for another installation's member", good(&function, &name, &foreigner.namespace())),
        ("for nobody yet", good(&function, &name, &format!("dc-{}", Uuid::new_v4()))),
    ];
    for (what, volume) in wrong {
        function.is_denied("volumes", what, Try::post(ALL, volume.clone())).await;
        let path = format!("{ALL}/{name}?");
        function.is_denied("volumes", &format!("{what}, applied"), Try::apply(path, volume)).await;
    }
    function.dcaas.remove().await;
}

#[tokio::test]
async fn a_volume_of_others_it_neither_changes_nor_removes() {
    let function = Function::new().await;
    let ada = function.dcaas.member().await;
    let foreigner = Function::foreigner().await;
    let name = format!("test-{}", Uuid::new_v4());
    assert_eq!(Try::post(ALL, host_path(&name, &ada.namespace())).wet().as_admin().await.0, 201);
    let annotation = json!({ "metadata": { "annotations": { "x": "y" } } });
    for (what, volume) in [("an admin's", name.clone()), ("another installation's", foreigner.namespace())] {
        let path = format!("{ALL}/{volume}");
        let denied = async |verb: &str, request: Try| {
            function.is_denied("volumes", &format!("{verb} {what}"), request).await;
        };
        denied("change", Try::patch(&path, annotation.clone())).await;
        denied("remove", Try::delete(&path)).await;
        let claim = json!({ "spec": { "claimRef": { "namespace": ada.namespace(), "uid": null } } });
        denied("take", Try::patch(&path, claim)).await;
    }
    function.may_not("remove all volumes", Try::delete(ALL)).await;

    let own = format!("{ALL}/{}", ada.namespace());
    function.may("change a member's volume", Try::patch(&own, annotation)).await;
    function.may("remove a member's volume", Try::delete(&own)).await;
    let claim = json!({ "spec": { "claimRef": { "namespace": foreigner.namespace(), "uid": null } } });
    function.is_denied("volumes", "give one away", Try::patch(&own, claim)).await;

    assert_eq!(Try::delete(format!("{ALL}/{name}")).wet().as_admin().await.0, 200);
    function.dcaas.remove().await;
}

/// When a member's things are removed, the namespace with our rights may be gone before the volume.
#[tokio::test]
async fn a_members_volume_goes_also_after_the_namespace() {
    let function = Function::new().await;
    let ada = function.dcaas.member().await;
    let binding =
        format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings/dcaas", ada.namespace());
    assert_eq!(Try::delete(binding).wet().as_admin().await.0, 200);
    let own = format!("{ALL}/{}", ada.namespace());
    crate::world::eventually("the binding is gone", || async {
        let request = Try::get(ada.path("secrets/tunnel"));
        (function.ask(&request).await.0 == 403).then_some(())
    })
    .await;
    function.may("remove a member's volume", Try::delete(&own)).await;
    function.dcaas.remove().await;
}
