package machine

import (
	"maps"
	"strings"
	"testing"
)

func TestBlobDriverTakesWhatTheRealOneTakes(t *testing.T) {
	good := map[string]string{
		"resourceGroup": "dcaas", "storageAccount": "members", "containerName": "dc-1", "protocol": "fuse2",
		"AzureStorageAuthType": "MSI", "AzureStorageIdentityClientID": "00000000-0000-0000-0000-000000000001",
	}
	for name, row := range map[string]struct {
		change  map[string]string
		refused string
	}{
		"as dcaas asks for it":       {},
		"names in any case":          {change: map[string]string{"containerName": "", "containername": "dc-1"}},
		"no container":               {map[string]string{"containerName": ""}, "could not find containerName"},
		"a container that leads out": {map[string]string{"containerName": "../disk"}, "could not find containerName"},
		"no account":                 {map[string]string{"storageAccount": ""}, "could not find storageAccount"},
		"another protocol":           {map[string]string{"protocol": "smb"}, "protocol smb is not supported"},
		"a key, which nobody has":    {map[string]string{"AzureStorageAuthType": "key"}, "no key for storage account(members)"},
		"no identity":                {map[string]string{"AzureStorageIdentityClientID": ""}, "failed to authenticate credentials"},
	} {
		asked := maps.Clone(good)
		maps.Copy(asked, row.change)
		maps.DeleteFunc(asked, func(_, value string) bool { return value == "" })
		folder, err := blobDriver.folderOf(volume{id: "members_dc-1", attributes: asked})
		if row.refused == "" && (err != nil || folder != "blob/dc-1") {
			t.Errorf("%s: %q, %v", name, folder, err)
		}
		if row.refused != "" && (err == nil || !strings.Contains(err.Error(), row.refused)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDiskDriverTakesDisksOnly(t *testing.T) {
	folder, err := diskDriver.folderOf(volume{id: "/subscriptions/0/resourceGroups/a/providers/Microsoft.Compute/disks/pvc-1"})
	if err != nil || folder != "disk/pvc-1" {
		t.Errorf("%q, %v", folder, err)
	}
	for _, id := range []string{"pvc-1", "", "/subscriptions/.."} {
		if folder, err := diskDriver.folderOf(volume{id: id}); err == nil {
			t.Errorf("%q is no disk, and is mounted at %q", id, folder)
		}
	}
}
