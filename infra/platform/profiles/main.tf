# One variable makes the pools and the app's setting PROFILES. Nothing here needs a provider, so that it can be tried
# anywhere.

locals {
  # Nothing else comes to these machines. The device plugin and other parts of NVIDIA's tolerate its taint as they are.
  taints = { for name, profile in var.profiles : name => concat(
    [profile.gpus > 0
      ? { key = "nvidia.com/gpu", value = "present", effect = "NoSchedule" }
    : { key = "dcaas.dev/workspace", value = "present", effect = "NoSchedule" }],
    # AKS puts it there by itself; a plan that does not name it would take it away.
    profile.spot ? [{ key = "kubernetes.azure.com/scalesetpriority", value = "spot", effect = "NoSchedule" }] : [],
  ) }
}

output "pools" {
  description = "What each profile's pool is made with."
  value = { for name, profile in var.profiles : name => {
    size     = profile.size
    machines = profile.machines
    spot     = profile.spot
    taints   = [for taint in local.taints[name] : "${taint.key}=${taint.value}:${taint.effect}"]
    labels = merge(
      profile.gpus > 0 ? { "dcaas.dev/gpu" = "nvidia" } : {},
      profile.spot ? { "kubernetes.azure.com/scalesetpriority" = "spot" } : {},
    )
  } }
}

output "setting" {
  description = "The app's setting PROFILES."
  value = jsonencode([for name, profile in var.profiles : merge(
    {
      name         = name
      cpu          = profile.cpu
      memory       = profile.memory
      gpus         = profile.gpus
      nodeSelector = { "kubernetes.azure.com/agentpool" = name }
      tolerations  = [for taint in local.taints[name] : merge({ operator = "Equal" }, taint)]
      image        = coalesce(profile.image, var.image)
      pricePerHour = profile.price_per_hour
    },
    length(profile.idle) > 0 ? { idle = profile.idle } : {},
  )])
}
