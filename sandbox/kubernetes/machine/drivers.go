// What the drivers of blob containers and disks take, and what they refuse.
package machine

import (
	"path/filepath"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// blobDriver mounts blob containers by blobfuse with the machine's identity; what would need a key it refuses, as
// the real one does where there is no Secret with one.
var blobDriver = driver{name: "blob.csi.azure.com", folderOf: func(v volume) (string, error) {
	// names of attributes count in any case
	attribute := func(name string) string {
		for key, value := range v.attributes {
			if strings.EqualFold(key, name) {
				return value
			}
		}
		return ""
	}
	account, container := attribute("storageAccount"), attribute("containerName")
	for name, value := range map[string]string{"storageAccount": account, "containerName": container} {
		if !isPlainName(value) {
			return "", status.Errorf(codes.Internal, "could not find %s from attributes(%v) or volumeID(%v)", name, v.attributes, v.id)
		}
	}
	switch protocol := attribute("protocol"); protocol {
	case "", "fuse", "fuse2":
	default:
		return "", status.Errorf(codes.InvalidArgument, "protocol %s is not supported, supported protocol list: [fuse fuse2 nfs aznfs]", protocol)
	}
	if !strings.EqualFold(attribute("AzureStorageAuthType"), "MSI") {
		return "", status.Errorf(codes.Internal, "no key for storage account(%s) under resource group(%s)", account, attribute("resourceGroup"))
	}
	if attribute("AzureStorageIdentityClientID") == "" {
		return "", status.Errorf(codes.Internal, "Azcopy or blobfuse failed to authenticate credentials: Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request")
	}
	return filepath.Join("blob", container), nil
}}

// diskDriver mounts disks, which the attacher of the cloud has brought to the machine; a handle is a path in Azure.
var diskDriver = driver{name: "disk.csi.azure.com", disk: true, folderOf: func(v volume) (string, error) {
	name := filepath.Base(v.id)
	if !strings.HasPrefix(v.id, "/subscriptions/") || !isPlainName(name) {
		return "", status.Errorf(codes.InvalidArgument, "failed to find disk on lun. volume(%s) is no disk", v.id)
	}
	return filepath.Join("disk", name), nil
}}

// isPlainName keeps names that come from a volume from leading out of the folder of all volumes.
func isPlainName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.ContainsAny(name, "/\x00")
}
