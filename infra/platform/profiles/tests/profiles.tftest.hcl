variables {
  image = "example.azurecr.io/workspace:1"
  profiles = {
    plain = { size = "Standard_D4as_v5", cpu = "3", memory = "11Gi", price_per_hour = 0.17 }
    cheap = { size = "Standard_NC4as_T4_v3", machines = 2, cpu = "3", memory = "20Gi", gpus = 1, spot = true, price_per_hour = 0.07, image = "ubuntu:24.04", idle = { after = "30min" } }
  }
}

run "pools" {
  command = plan

  assert {
    condition     = output.pools.plain.taints == ["dcaas.dev/workspace=present:NoSchedule"] && length(output.pools.plain.labels) == 0
    error_message = "A pool without GPUs has our taint alone."
  }

  assert {
    condition     = output.pools.cheap.taints == ["nvidia.com/gpu=present:NoSchedule", "kubernetes.azure.com/scalesetpriority=spot:NoSchedule"]
    error_message = "A spot pool names the taint that AKS adds."
  }

  assert {
    condition     = output.pools.cheap.labels == tomap({ "dcaas.dev/gpu" = "nvidia", "kubernetes.azure.com/scalesetpriority" = "spot" })
    error_message = "The device plugin goes by our label, and AKS adds its own."
  }

  assert {
    condition     = output.pools.cheap.machines == 2 && output.pools.plain.machines == 4
    error_message = "A pool grows to four machines unless the profile says otherwise."
  }
}

run "setting" {
  command = plan

  assert {
    condition     = [for profile in jsondecode(output.setting) : profile.image] == ["ubuntu:24.04", "example.azurecr.io/workspace:1"]
    error_message = "A profile's own image counts more than the installation's."
  }

  assert {
    condition     = jsondecode(output.setting)[0].idle == { after = "30min" } && !can(jsondecode(output.setting)[1].idle)
    error_message = "Only a profile that has times of its own names them."
  }
}
